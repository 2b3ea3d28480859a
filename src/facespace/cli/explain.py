"""`facespace explain`: why did two faces match? And the training and judging of such explanations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ..errors import InputError
from .application import add_group
from .files import crop_faces, load_linear_map, load_pairs, training_files
from .options import CROPPING, PRINTING, Cropping, Format, OutputFolder, Pairs, Printing, Seed, names
from .printing import dim, emit, finish, page, progress_bar

if TYPE_CHECKING:
    from ..explain import HidingGameResult, PairExplanation, TrainProgress

explain = add_group("explain", default="pair")
Model = Annotated[str, typer.Option("--model", help="Network with a shipped checkpoint, or a checkpoint of `train`.")]
_MODEL = "mobilefacenet-casia"


@explain.command("pair")
def pair(
    first: Annotated[Path, typer.Argument(metavar="A", help="One image.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The other.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Picture to write: .png or .svg.")],
    model: Model = _MODEL,
    method: Annotated[str, typer.Option(help="reconstruction (the paper's), gradcam, gradient, …")] = "reconstruction",
    threshold: Annotated[float | None, typer.Option(help="To decide by; by default the network's.")] = None,
    normalization: Annotated[str, typer.Option(help="Of residuals: l1, l2 or max.")] = "l1",
    cumulative: Annotated[bool, typer.Option("--cumulative", help="Algorithm 1 read literally: masks stay.")] = False,
    channel_threshold: Annotated[float | None, typer.Option(help="Algorithm 1's T.")] = None,
    mapping: Annotated[Path | None, typer.Option("--map", help="Map to the network that B is compared in.")] = None,
    other_model: Annotated[
        str | None, typer.Option(help="That network or its checkpoint, by default the map's; explained too if it can be.")
    ] = None,
    cropping: Cropping = CROPPING,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Explain the comparison of two images in one picture: what speaks for one person, and what against."""
    from ..explain import check_ends, explain_pair, explainable, load_explainable, write_picture

    if other_model is not None and mapping is None:
        raise InputError(
            "two networks are compared through a map", "Give the map from --model's to --other-model's (--map)."
        )
    linear = None if mapping is None else load_linear_map(mapping)
    if linear is not None:
        other_model = check_ends(linear, model, other_model)
    network = load_explainable(model, cropping.weights)
    opened = load_explainable(other_model, cropping.weights) if other_model and explainable(other_model) else None
    closed = linear is not None and opened is None
    a = _face(first, network.name, cropping)
    b_model = (opened or network).name if not closed else str(other_model)
    b = _face(second, b_model, cropping)
    result = explain_pair(
        a,
        _vector(second, b_model, cropping) if closed else b,
        network,
        method=method,
        threshold=threshold,
        normalization=normalization,
        cumulative=cumulative,
        channel_threshold=channel_threshold,
        mapping=linear,
        other_network=opened,
        other_crop=b if closed else None,
        seed=seed,
    )
    one, two = (Path(m).stem if m.endswith(".safetensors") else m for m in (model, other_model or model))
    title = f"{first.name}{'' if linear is None else f' by {one}'} and {second.name} by {two}, {method}"
    write_picture(result, output, title=title)
    document = {**result.to_dict(), "files": [str(output)]}
    emit(document, lambda: _pair_text(result, output), printing)


@explain.command("train")
def train(
    images: Annotated[Path, typer.Option(help="Folder of faces; person/image.jpg for joint.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="CKPT", help="Checkpoint to write (.safetensors).")],
    mode: Annotated[str, typer.Option(help="decoder-only, distil or joint.")] = "decoder-only",
    backbone: Annotated[str, typer.Option(help="Network to explain.")] = _MODEL,
    start: Annotated[Path | None, typer.Option(help="Checkpoint to begin with, such as distil's.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Lines `id person` for joint; by default the folder is the person.")
    ] = None,
    exclude: Annotated[Path | None, typer.Option(help="Pairs list to be tested on: its people are left out.")] = None,
    passes: Annotated[int, typer.Option(min=1, help="Over all faces.")] = 10,
    batch: Annotated[int, typer.Option(min=2, help="Faces a step.")] = 64,
    rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    weight: Annotated[float, typer.Option("--lambda", help="Weight of the reconstruction in joint.")] = 10.0,
    train_backbone: Annotated[
        bool, typer.Option("--train-backbone", help="Train the network itself along, in distil and joint.")
    ] = False,
    picture: Annotated[Path | None, typer.Option(help="PNG of originals beside reconstructions.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an interrupted training stopped.")] = False,
    cropping: Cropping = CROPPING,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Make a network explainable: train a decoder, a max-pool head, or both.

    An interrupted training goes on with --resume.
    """
    from ..explain import TrainSettings, load_checkpoint, write_reconstructions
    from ..explain import train as run
    from ..explain.training import labels_of
    from ..io import check_folder
    from ..models import load_card

    settings = TrainSettings(mode, passes, batch, rate, weight, train_backbone=train_backbone, seed=seed)
    if output.suffix != ".safetensors":
        raise InputError(f"{output}: a checkpoint is a .safetensors file", "End its name so.")
    check_folder(output.parent)
    files, left_out = training_files(images, exclude)
    crops, ids, skipped = crop_faces(files, load_card(backbone), cropping, printing.silent)
    people = labels_of(ids, labels) if mode == "joint" else None
    lines: list[str] = []
    with progress_bar("maps", printing.silent) as maps, progress_bar("steps", printing.silent) as steps:

        def told(progress: TrainProgress) -> None:
            lines.append(progress.line())
            steps(progress.step, progress.steps)

        made = run(
            crops,
            backbone,
            settings,
            out=output,
            labels=people,
            start=None if start is None else load_checkpoint(start),
            weights=cropping.weights,
            resume=resume,
            report=told,
            maps_progress=maps,
        )
    written = [str(output)]
    if picture is not None:
        written.append(str(write_reconstructions(made.network(cropping.weights), crops, picture)))
    document = {
        "checkpoint": str(output),
        "mode": mode,
        "backbone": made.backbone,
        "faces": len(crops),
        "skipped": len(skipped),
        "left_out": left_out,
        "log": made.facts[mode]["log"],
        "files": written,
    }
    shown = Text(
        f"{len(crops):,} faces ({left_out:,} left out, {len(skipped):,} skipped). Last: {lines[-1] if lines else '–'}"
    )
    emit(document, lambda: Group(shown, Text(f"Checkpoint: {output}", style="bold")), printing)


@explain.command("evaluate")
def evaluate(
    pairs: Pairs,
    images: Annotated[Path, typer.Option(help="Folder of the images; ids are the paths under it.")],
    format: Format = None,
    model: Model = _MODEL,
    methods: Annotated[str | None, typer.Option(help="Comma-separated; by default the five and the controls.")] = None,
    games: Annotated[str, typer.Option(help="hiding, deletion or both, comma-separated.")] = "hiding",
    limit: Annotated[int | None, typer.Option(min=20, help="Play on about so many pairs, of all folds.")] = None,
    threshold: Annotated[float | None, typer.Option(help="τ; by default the network's.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep the scores of finished pairs and go on from them.")] = False,
    cropping: Cropping = CROPPING,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Play the hiding game: which maps point at what recognition lives on?"""
    from ..datasets import stratified
    from ..explain import COMPARED, CONTROLS, hiding_game, load_explainable
    from ..explain.game import game_report
    from ..images import find_images
    from ..models import load_card

    if resume and output is None:
        raise InputError("resuming needs an output folder", "Name it with -o: the scores are kept in it.")
    network = load_explainable(model, cropping.weights)
    protocol = load_pairs(pairs, format)
    protocol = protocol if limit is None else stratified(protocol, limit)
    wanted = set(protocol.ids.tolist())
    files = [file for file in find_images(images) if file.id in wanted]
    crops, ids, _ = crop_faces(files, load_card(network.name), cropping, printing.silent)
    with progress_bar("pairs", printing.silent) as step:
        result = hiding_game(
            network,
            crops,
            ids,
            protocol,
            methods=names(methods) if methods else [*COMPARED, *CONTROLS],
            games=names(games),
            threshold=threshold,
            seed=seed,
            folder=output / "scores" if resume and output is not None else None,
            progress=step,
        )
    finish(result, game_report, _game_text, output, printing)


def _face(path: Path, name: str, cropping: Cropping) -> Any:
    from ..images import ImageFile
    from ..models import aligned_faces, load_card

    file = ImageFile(_id(path, cropping.landmarks), path)
    return aligned_faces([file], load_card(name), **vars(cropping))[0][0]


def _vector(path: Path, name: str, cropping: Cropping) -> Any:
    from ..models import embed

    faces: Any = embed({_id(path, cropping.landmarks): path}, name, **vars(cropping)).embeddings
    return faces.vectors[0]


def _id(path: Path, landmarks: Path | None) -> str:
    # Landmarks name images by folder and name, as in LFW; else any name will do.
    return path.stem if landmarks is None else f"{path.absolute().parent.name}/{path.stem}"


def _pair_text(result: PairExplanation, output: Path) -> RenderableType:
    sign, decision = ("≥", "same person") if result.accepted else ("<", "different people")
    first = Text(f"Score {result.score:.3f} {sign} threshold {result.threshold:.3f}: {decision}", style="bold")
    lines: list[RenderableType] = [first]
    if result.completeness_error is not None:
        c = result.counts
        lines.append(
            dim(
                f"{c['channels']} channels, {c['negative_maxima']} with a negative maximum, {c['dead_residuals']} without "
                f"effect; the map's sum misses the margin by {result.completeness_error:.1e}."
            )
        )
    return Group(*lines, Text.assemble("Picture: ", (str(output), "bold")))


def _game_text(result: HidingGameResult, files: list[str]) -> RenderableType:
    from ..explain.game import finding, game_table
    from ..report import terminal_table

    return page(finding(result), terminal_table(game_table(result)), signature=result.signature, files=files)
