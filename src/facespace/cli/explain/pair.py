"""`facespace explain A B`: a pair, by a network with an open map or, through forward passes, by any."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...errors import InputError, unknown_name
from ..files import load_linear_map, load_map, page_folder
from ..options import CROPPING, PRINTING, WRITTEN, Cropping, Printing, Seed
from ..printing import dim, emit, progress_bar
from .group import default_model, explain
from .page import ONE, Many, located, write_adopted, write_pages

if TYPE_CHECKING:
    from ...explain import PairExplanation
    from ...models import ModelCard


@dataclass(frozen=True)
class Comparing:
    """The two images, and the networks that compare them."""

    first: Annotated[Path | None, typer.Argument(metavar="A", help="One image.")] = None
    second: Annotated[Path | None, typer.Argument(metavar="B", help="The other.")] = None
    named: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="Any network of `models list`, or a checkpoint of `train`. By default mobilefacenet-casia where its "
            "weights are, else w600k-mbf, which pip fetches.",
        ),
    ] = None
    mapping: Annotated[Path | None, typer.Option("--map", help="Map to the network that B is compared in.")] = None
    other_model: Annotated[
        str | None, typer.Option(help="That network or its checkpoint, by default the map's; explained too if it can be.")
    ] = None
    threshold: Annotated[float | None, typer.Option(help="To decide by, such as verify reports.")] = None

    @property
    def files(self) -> tuple[Path, Path]:
        """Both images. Raises InputError where one is missing."""
        if self.first is None or self.second is None:
            raise InputError("two images are compared", "Give A and B; or A and --against FOLDER; or --pairs TABLE.")
        return self.first, self.second

    @property
    def model(self) -> str:
        """The network of A, which is known once `pair` has begun."""
        return str(self.named)


@dataclass(frozen=True)
class Algorithm:
    """Algorithm 1's ambiguities."""

    normalization: Annotated[str, typer.Option(help="Of residuals: l1, l2 or max.")] = "l1"
    cumulative: Annotated[bool, typer.Option("--cumulative", help="Algorithm 1 read literally: masks stay.")] = False
    channel_threshold: Annotated[float | None, typer.Option(help="Algorithm 1's T.")] = None


@dataclass(frozen=True)
class Passes:
    """How many forward passes, or for how long."""

    passes: Annotated[
        int | None,
        typer.Option(min=1, help="Forward passes a face: 49 of occlusion, 99 of minplus, 255 of shap, 256 of rise."),
    ] = None
    budget: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Of rise, for both faces: draw masks as long as this.")
    ] = None
    error: Annotated[
        float | None, typer.Option(help="Of rise: draw masks until the maps' standard error is at most this, such as 0.05.")
    ] = None


_LITERAL = Algorithm()
_USUAL = Passes()


@explain.command("pair")
def pair(
    comparing: Comparing,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="Folder for the examiner's page; or picture, .png or .svg."),
        WRITTEN,
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="occlusion, rise, minplus or shap, of any network; reconstruction (the paper's), gradcam, … of one with an "
            "open map. By default occlusion; of a checkpoint reconstruction."
        ),
    ] = None,
    enough: Passes = _USUAL,
    algorithm: Algorithm = _LITERAL,
    many: Many = ONE,
    cropping: Cropping = CROPPING,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Explain the comparison of two images: what speaks for one person, what against, and what the score is worth.

    With -o FOLDER on a page, with -o OUT.png in a picture. --pairs TABLE, and A --against FOLDER, make a page a pair.
    """
    from ...explain import BLACK_BOX, write_picture

    several = many.pairs is not None or many.against is not None
    if not several:
        comparing.files  # noqa: B018  # raises where one is missing
    if comparing.other_model is not None and comparing.mapping is None:
        raise InputError(
            "two networks are compared through a map", "Give the map from --model's to --other-model's (--map)."
        )
    page = page_folder(output)
    notes: list[str] = []
    if comparing.named is None:
        chosen, notes = default_model(cropping.weights)
        comparing = replace(comparing, named=chosen)
    fitted = None if comparing.mapping is None else load_map(comparing.mapping)
    if several and (page is None or method not in (None, "occlusion")):
        raise InputError("many pairs are explained by occlusion, on pages", "Name a folder for them: -o FOLDER.")
    method = method or ("occlusion" if several else _default_method(comparing.model, fitted, comparing.other_model))
    if method in BLACK_BOX and algorithm != _LITERAL:
        raise InputError(
            f"--normalization, --cumulative and --channel-threshold are of the paper's method, not of {method}",
            "Leave them out, or add --method reconstruction.",
        )
    passes, timed = enough.passes, enough.budget is not None or enough.error is not None
    if timed and (method != "rise" or passes is not None):
        raise InputError(
            f"--budget and --error are of rise's random masks, not of {method}{' with --passes' if passes else ''}",
            "Add --method rise, without --passes; the other methods have the passes that they need.",
        )
    if page is not None and method == "occlusion":
        networks = _networks(comparing, method, fitted, cropping)
        first, second = (_file(path, cropping) for path in (comparing.first, comparing.second))
        write_pages(first, second, networks, many, comparing.threshold, fitted, passes, cropping, page, printing, notes)
        return
    if method in BLACK_BOX:
        runs = many.repeats or 1 if page is not None else 1
        results = []
        for number in range(runs):
            result, other, cards = _black_box(comparing, method, fitted, enough, cropping, printing, seed + 1000 * number)
            results.append(result)
    elif passes is not None:
        raise InputError(f"--passes is of {', '.join(BLACK_BOX)}, not of {method}", "Leave it out.")
    else:
        result, other, cards = _opened(comparing, method, algorithm, cropping, seed)
        results = [result]
    if page is not None:
        write_adopted(results, [_file(p, cropping) for p in comparing.files], cards, cropping, page, printing, notes)
        return
    files = []
    if output is not None:
        first_name, second_name = (path.name for path in comparing.files)
        one, two = (Path(m).stem if m.endswith((".safetensors", ".toml")) else m for m in (comparing.model, other))
        title = f"{first_name}{'' if fitted is None else f' by {one}'} and {second_name} by {two}, {method}"
        files.append(str(write_picture(results[0], output, title=title)))
    emit({**results[0].to_dict(), "files": files}, lambda: Group(*map(dim, notes), _pair_text(results[0], files)), printing)


def _default_method(model: str, fitted: Any, other: str | None = None) -> str:
    """Occlusion, which wins the fair tests (docs/explain.md); the paper's where a checkpoint is given: it can't run that."""
    from ...mapping import LinearMap

    trained = any(name.endswith(".safetensors") for name in (model, other or ""))
    return "reconstruction" if trained and (fitted is None or isinstance(fitted, LinearMap)) else "occlusion"


def _opened(
    comparing: Comparing, method: str, algorithm: Algorithm, cropping: Cropping, seed: int
) -> tuple[PairExplanation, str, list[ModelCard]]:
    """By a network with an open map; the model of the second image; both cards."""
    from ...explain import BLACK_BOX, METHODS, check_ends, explain_pair, explainable, load_explainable
    from ...models import load_card

    if method not in METHODS:
        raise unknown_name("method", method, (*BLACK_BOX, *METHODS))
    model, other_model = comparing.model, comparing.other_model
    linear = None if comparing.mapping is None else load_linear_map(comparing.mapping)
    if linear is not None:
        other_model = check_ends(linear, model, other_model)
    network = load_explainable(model, cropping.weights)
    opened = load_explainable(other_model, cropping.weights) if other_model and explainable(other_model) else None
    closed = linear is not None and opened is None
    first, second = comparing.files
    a = _face(first, network.name, cropping)
    b_model = (opened or network).name if not closed else str(other_model)
    b = _face(second, b_model, cropping)
    result = explain_pair(
        a,
        _vector(second, b_model, cropping) if closed else b,
        network,
        method=method,
        threshold=comparing.threshold,
        **asdict(algorithm),
        mapping=linear,
        other_network=opened,
        other_crop=b if closed else None,
        seed=seed,
    )
    return result, other_model or model, [load_card(network.name), load_card(b_model)]


def _black_box(
    comparing: Comparing, method: str, fitted: Any, enough: Passes, cropping: Cropping, printing: Printing, seed: int
) -> tuple[PairExplanation, str, list[ModelCard]]:
    """By the deployed networks, through forward passes; the model of the second image; both cards."""
    from ...explain import Budget, explain_black_box

    timed = enough.budget is not None or enough.error is not None
    networks = _networks(comparing, method, fitted, cropping)
    cards = [networks[0].card, networks[-1].card]
    a, b = (face.crop for face in located([_file(p, cropping) for p in comparing.files], cards, cropping))
    with progress_bar("passes", printing.silent) as step:
        result = explain_black_box(
            a,
            b,
            networks[0],
            method=method,
            threshold=comparing.threshold,
            mapping=fitted,
            other_network=networks[1] if fitted is not None else None,
            passes=enough.passes,
            budget=Budget(enough.budget, enough.error) if timed else None,
            seed=seed,
            progress=step,
        )
    return result, comparing.model if fitted is None else networks[1].card.name, cards


def _networks(comparing: Comparing, method: str, fitted: Any, cropping: Cropping) -> list[Any]:
    """That of A, and across a map that of B."""
    from ...explain import check_ends
    from ...models import load_card, load_network

    model = comparing.model
    names = [model] if fitted is None else [model, check_ends(fitted, model, comparing.other_model)]
    for name in names:
        if name.endswith(".safetensors"):
            raise InputError(
                f"{name} is a checkpoint, which {method} can't run", "Name the network itself, as in models list."
            )
    return [load_network(load_card(name), cropping.weights, threads=os.cpu_count() or 1) for name in names]


def _face(path: Path, name: str, cropping: Cropping) -> Any:
    from ...models import load_card

    return located([_file(path, cropping)], [load_card(name)], cropping)[0].crop


def _file(path: Path | None, cropping: Cropping) -> Any:
    from ...images import ImageFile

    return None if path is None else ImageFile(_id(path, cropping.landmarks), path)


def _vector(path: Path, name: str, cropping: Cropping) -> Any:
    from ...models import embed

    faces: Any = embed({_id(path, cropping.landmarks): path}, name, **vars(cropping)).embeddings
    return faces.vectors[0]


def _id(path: Path, landmarks: Path | None) -> str:
    # Landmarks name images by folder and name, as in LFW; else any name will do.
    return path.stem if landmarks is None else f"{path.absolute().parent.name}/{path.stem}"


def _pair_text(result: PairExplanation, files: list[str]) -> RenderableType:
    from ...explain import sure

    lines: list[RenderableType] = [Text(result.verdict(), style="bold")]
    if result.completeness_error is not None:
        c = result.counts
        lines.append(
            dim(
                f"The network has {c['channels']} features of both faces; {c['negative_maxima']} respond to no place of "
                f"theirs, and {c['dead_residuals']} leave the rebuilt face as it is. The map adds up to score − threshold, "
                f"to {result.completeness_error:.1e}."
            )
        )
    if result.passes:
        passes, agree = " + ".join(map(str, result.passes)), " and ".join(f"{c:.2f}" for c in result.convergence)
        told = f"{result.method}, {passes} passes; correlation of the maps of two halves of them: {agree}"
        if result.standard_error:
            again = f"--passes {result.passes[0]}"
            told += f"; standard error of the maps: {sure(result.standard_error)}. {again} gives the same maps again"
        lines.append(dim(f"{told}."))
    lines.append(Text.assemble("Picture: ", (files[0], "bold")) if files else dim("No picture: name one with -o OUT.png."))
    return Group(*lines)
