"""`facespace explain A B`: a pair, by a network with an open map or, through forward passes, by any."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...errors import InputError, OutputError, unknown_name
from ..files import load_linear_map, load_map
from ..options import CROPPING, PRINTING, Cropping, Printing, Seed
from ..printing import dim, emit, progress_bar
from .group import MODEL, explain

if TYPE_CHECKING:
    from ...explain import PairExplanation


@dataclass(frozen=True)
class Comparing:
    """The two images, and the networks that compare them."""

    first: Annotated[Path, typer.Argument(metavar="A", help="One image.")]
    second: Annotated[Path, typer.Argument(metavar="B", help="The other.")]
    model: Annotated[str, typer.Option("--model", help="Any network of `models list`, or a checkpoint of `train`.")] = MODEL
    mapping: Annotated[Path | None, typer.Option("--map", help="Map to the network that B is compared in.")] = None
    other_model: Annotated[
        str | None, typer.Option(help="That network or its checkpoint, by default the map's; explained too if it can be.")
    ] = None
    threshold: Annotated[float | None, typer.Option(help="To decide by, such as verify reports.")] = None


@dataclass(frozen=True)
class Algorithm:
    """Algorithm 1's ambiguities."""

    normalization: Annotated[str, typer.Option(help="Of residuals: l1, l2 or max.")] = "l1"
    cumulative: Annotated[bool, typer.Option("--cumulative", help="Algorithm 1 read literally: masks stay.")] = False
    channel_threshold: Annotated[float | None, typer.Option(help="Algorithm 1's T.")] = None


_LITERAL = Algorithm()


@explain.command("pair")
def pair(
    comparing: Comparing,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT", help="Picture to write: .png or .svg.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="occlusion, rise, minplus or shap, of any network; reconstruction (the paper's), gradcam, … of one with an "
            "open map. By default occlusion; of a checkpoint reconstruction."
        ),
    ] = None,
    passes: Annotated[
        int | None,
        typer.Option(min=1, help="Forward passes a face: 49 of occlusion, 99 of minplus, 255 of shap, 256 of rise."),
    ] = None,
    algorithm: Algorithm = _LITERAL,
    cropping: Cropping = CROPPING,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Explain the comparison of two images: what speaks for one person, and what against; with -o in a picture."""
    from ...explain import BLACK_BOX, write_picture

    if comparing.other_model is not None and comparing.mapping is None:
        raise InputError(
            "two networks are compared through a map", "Give the map from --model's to --other-model's (--map)."
        )
    if output is not None and output.suffix.lower() not in (".png", ".svg"):
        raise OutputError(f"{output}: can't write this kind of file", "End the name in .png or .svg.")
    fitted = None if comparing.mapping is None else load_map(comparing.mapping)
    method = method or _default_method(comparing.model, fitted, comparing.other_model)
    if method in BLACK_BOX:
        if algorithm != _LITERAL:
            raise InputError(
                f"--normalization, --cumulative and --channel-threshold are of the paper's method, not of {method}",
                "Leave them out, or add --method reconstruction.",
            )
        result, other = _black_box(comparing, method, fitted, passes, cropping, printing, seed)
    elif passes is not None:
        raise InputError(f"--passes is of {', '.join(BLACK_BOX)}, not of {method}", "Leave it out.")
    else:
        result, other = _opened(comparing, method, algorithm, cropping, seed)
    files = []
    if output is not None:
        first, second = comparing.first.name, comparing.second.name
        one, two = (Path(m).stem if m.endswith((".safetensors", ".toml")) else m for m in (comparing.model, other))
        title = f"{first}{'' if fitted is None else f' by {one}'} and {second} by {two}, {method}"
        files.append(str(write_picture(result, output, title=title)))
    emit({**result.to_dict(), "files": files}, lambda: _pair_text(result, files), printing)


def _default_method(model: str, fitted: Any, other: str | None = None) -> str:
    """Occlusion, which wins the fair tests (docs/explain.md); the paper's where a checkpoint is given: it can't run that."""
    from ...mapping import LinearMap

    trained = any(name.endswith(".safetensors") for name in (model, other or ""))
    return "reconstruction" if trained and (fitted is None or isinstance(fitted, LinearMap)) else "occlusion"


def _opened(
    comparing: Comparing, method: str, algorithm: Algorithm, cropping: Cropping, seed: int
) -> tuple[PairExplanation, str]:
    """By a network with an open map; and the model of the second image."""
    from ...explain import BLACK_BOX, METHODS, check_ends, explain_pair, explainable, load_explainable

    if method not in METHODS:
        raise unknown_name("method", method, (*BLACK_BOX, *METHODS))
    model, other_model = comparing.model, comparing.other_model
    linear = None if comparing.mapping is None else load_linear_map(comparing.mapping)
    if linear is not None:
        other_model = check_ends(linear, model, other_model)
    network = load_explainable(model, cropping.weights)
    opened = load_explainable(other_model, cropping.weights) if other_model and explainable(other_model) else None
    closed = linear is not None and opened is None
    a = _face(comparing.first, network.name, cropping)
    b_model = (opened or network).name if not closed else str(other_model)
    b = _face(comparing.second, b_model, cropping)
    result = explain_pair(
        a,
        _vector(comparing.second, b_model, cropping) if closed else b,
        network,
        method=method,
        threshold=comparing.threshold,
        **asdict(algorithm),
        mapping=linear,
        other_network=opened,
        other_crop=b if closed else None,
        seed=seed,
    )
    return result, other_model or model


def _black_box(
    comparing: Comparing, method: str, fitted: Any, passes: int | None, cropping: Cropping, printing: Printing, seed: int
) -> tuple[PairExplanation, str]:
    """By the deployed networks, through forward passes; and the model of the second image."""
    from ...explain import check_ends, explain_black_box
    from ...models import load_card, load_network

    model = comparing.model
    names = [model] if fitted is None else [model, check_ends(fitted, model, comparing.other_model)]
    for name in names:
        if name.endswith(".safetensors"):
            raise InputError(
                f"{name} is a checkpoint, which {method} can't run", "Name the network itself, as in models list."
            )
    networks = [load_network(load_card(name), cropping.weights, threads=os.cpu_count() or 1) for name in names]
    a, b = _face(comparing.first, names[0], cropping), _face(comparing.second, names[-1], cropping)
    with progress_bar("passes", printing.silent) as step:
        result = explain_black_box(
            a,
            b,
            networks[0],
            method=method,
            threshold=comparing.threshold,
            mapping=fitted,
            other_network=networks[1] if fitted is not None else None,
            passes=passes,
            seed=seed,
            progress=step,
        )
    return result, names[-1]


def _face(path: Path, name: str, cropping: Cropping) -> Any:
    from ...images import ImageFile
    from ...models import aligned_faces, load_card

    file = ImageFile(_id(path, cropping.landmarks), path)
    return aligned_faces([file], load_card(name), **vars(cropping))[0][0]


def _vector(path: Path, name: str, cropping: Cropping) -> Any:
    from ...models import embed

    faces: Any = embed({_id(path, cropping.landmarks): path}, name, **vars(cropping)).embeddings
    return faces.vectors[0]


def _id(path: Path, landmarks: Path | None) -> str:
    # Landmarks name images by folder and name, as in LFW; else any name will do.
    return path.stem if landmarks is None else f"{path.absolute().parent.name}/{path.stem}"


def _pair_text(result: PairExplanation, files: list[str]) -> RenderableType:
    lines: list[RenderableType] = [Text(result.verdict(), style="bold")]
    if result.completeness_error is not None:
        c = result.counts
        lines.append(
            dim(
                f"{c['channels']} channels, {c['negative_maxima']} with a negative maximum, {c['dead_residuals']} without "
                f"effect; the map's sum misses the margin by {result.completeness_error:.1e}."
            )
        )
    if result.passes:
        passes, agree = " + ".join(map(str, result.passes)), " and ".join(f"{c:.2f}" for c in result.convergence)
        lines.append(dim(f"{result.method}, {passes} passes; correlation of the maps of two halves of them: {agree}."))
    lines.append(Text.assemble("Picture: ", (files[0], "bold")) if files else dim("No picture: name one with -o OUT.png."))
    return Group(*lines)
