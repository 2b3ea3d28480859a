"""Artefacts: maps, statistics, hubs, checkpoints, students; the one reader and writer of safetensors. It believes no file.

A file holds arrays by name (some perhaps in 8 bits a number), and in its header a kind ("map"), the layout of that kind (a
whole number), the version and code that wrote it, facts as one JSON object, and a digest of all these. The reader gives
arrays and facts; a type builds itself from them by asking for each by name:

    file = read_artefact(path, "map", layout=1)
    weight = file.array("weight", ("p", "q"))       # the first use of a letter binds it, later ones must agree
    bias = file.array("bias", ("q",))
    method = file.fact("method", str)

Whatever is missing, of another type or shape, NaN or infinite becomes a FileFormatError that says so. A file of a newer
layout warns (NewerFileWarning) and is read as far as it goes; arrays and facts that nobody asks for are left alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import EncryptionError, FileFormatError, NewerFileWarning, TamperedFileError
from ..results import code_version
from .eight_bits import blocks, of_blocks
from .files import atomic_write, existing_file
from .json import jsonable
from .keys import AnyKey, Identity, KeyRing, Seal, is_sealed, keys_of, opened, seal_of, sealed, sealed_identity

SUFFIX = ".safetensors"
_SCALES = ".scales"  # beside an array in 8 bits
_OLD_FORMATS = {"facespace-explain-1": "checkpoint", "facespace-image-student-1": "student"}  # their headers before layouts

_KINDS = {"f": "f", "i": "iu", "u": "iu", "b": "b", "U": "U"}  # of numbers (and text) wanted: those that may be found

T = TypeVar("T")
_REQUIRED: Any = object()


@dataclass(frozen=True, eq=False)
class Artefact:
    """What a file holds: `arrays`, `facts`, its `kind` and `layout`, and the facespace that wrote it."""

    path: Path
    kind: str
    layout: int
    written_by: str
    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]
    known_layout: int = 1
    _sizes: dict[str, tuple[int, str]] = field(default_factory=dict)

    def array(self, name: str, shape: tuple[int | str, ...] | None = None, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """The array `name` as `dtype`; every number finite. `shape` has lengths, or letters that stand for one length each.

        None leaves the shape open. Raises FileFormatError.
        """
        if name not in self.arrays:
            raise self.error(f"lacks the array {name!r}")
        found, wanted = self.arrays[name], np.dtype(dtype)
        if wanted.kind == "f" and found.dtype.kind != "f":
            raise self.error(f"{name} holds {found.dtype}, not floating-point numbers")
        if found.dtype.kind not in _KINDS[wanted.kind]:
            raise self.error(f"{name} holds {found.dtype}, not {wanted}")
        self._check_shape(name, found.shape, shape)
        with np.errstate(all="ignore"):  # too large for float32: infinite, and refused as such; so is NaN
            cast = found.astype(wanted, copy=False)
        if wanted.kind == "f" and not np.isfinite(cast).all():
            raise self.error(f"{int((~np.isfinite(cast)).sum()):,} numbers of {name} are NaN or infinite")
        if wanted.kind in "iu" and (cast != found).any():
            raise self.error(f"{int((cast != found).sum()):,} numbers of {name} don't fit into {wanted}")
        return cast

    def like(self, wanted: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
        """The arrays `prefix` + name, of the shapes and types of `wanted`, by name; no others may begin with `prefix`."""
        names = {name.removeprefix(prefix) for name in self.arrays if name.startswith(prefix)}
        if others := sorted(names - set(wanted)):
            raise self.error(f"has the array {prefix}{others[0]}, which has no place in it")
        found = {name: self.array(prefix + name, None, one.dtype) for name, one in wanted.items()}
        for name, one in wanted.items():
            if one.ndim == 0 and found[name].shape == (1,):  # as files held them before layouts
                found[name] = found[name].reshape(())
            self._check_shape(prefix + name, found[name].shape, one.shape)
        return found

    def fact(self, name: str, kind: type[T] | tuple[type[Any], ...], default: T = _REQUIRED) -> T:
        """The fact `name`, of type `kind`; `default` where the file has none. Raises FileFormatError.

        A bool is no number, a whole number is a float, and NaN is no fact.
        """
        if name not in self.facts:
            if default is _REQUIRED:
                raise self.error(f"lacks the fact {name!r}")
            return default
        value = self.facts[name]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if type(value) is int and float in kinds and int not in kinds and abs(value) < 1 << 63:
            value = float(value)
        fits = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
        if isinstance(value, int) and abs(value) >= 1 << 63:
            raise self.error(f"says {name}: a number of {value.bit_length()} bits")
        if not fits or (isinstance(value, float) and not math.isfinite(value)):
            names = " or ".join("nothing" if k is type(None) else k.__name__ for k in kinds)
            raise self.error(f"says {name}: {json.dumps(value)[:60]}, where {names} is needed")
        return value  # type: ignore[no-any-return]

    def inner(self, name: str) -> Artefact:
        """The facts that the fact `name` (a JSON object) holds, to be asked for as those of the file; no arrays."""
        return replace(self, arrays={}, facts=self.fact(name, dict), _sizes={})

    def error(self, what: str) -> FileFormatError:
        """FileFormatError that this file `what`, and who wrote it."""
        newer = f" It is of a newer layout ({self.layout}; known here: {self.known_layout}): update facespace."
        hint = f"It was written by facespace {self.written_by or '(unknown)'}."
        return FileFormatError(f"{self.path} {what}", hint + (newer if self.layout > self.known_layout else ""))

    def _check_shape(self, name: str, found: tuple[int, ...], wanted: tuple[int | str, ...] | None) -> None:
        if wanted is None:
            return
        if len(found) != len(wanted):
            raise self.error(f"{name} has {len(found)} axes, {found}, where {len(wanted)} are needed")
        for size, letter in zip(found, wanted, strict=True):
            length, where = (letter, "") if isinstance(letter, int) else self._sizes.setdefault(letter, (size, name))
            if size != length:
                why = f", but {where} says {letter} = {length}" if where else f", where {length} is needed"
                raise self.error(f"{name} has shape {found}{why}")


def write_artefact(
    path: str | Path,
    kind: str,
    arrays: Mapping[str, NDArray[Any]],
    facts: Mapping[str, Any],
    *,
    layout: int = 1,
    key: AnyKey | None = None,
    eight_bits: Collection[str] = (),
) -> Path:
    """Write `arrays` and `facts` (plain JSON types, or what `jsonable` takes) to `path`, whole or not at all.

    Arrays named in `eight_bits` are kept in 8 bits a number and a scale for every 64, and come back as float32.
    It is encrypted by a `key`, or where `use_keys` says so of maps (extra crypto).

    Raises FileFormatError for another suffix than .safetensors, OutputError when it can't be written.
    """
    from safetensors.numpy import save

    path = Path(path)
    if path.suffix != SUFFIX:
        raise FileFormatError(f"{path}: {kind} files end in {SUFFIX}", f"Use {path.with_suffix(SUFFIX).name}.")
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name in eight_bits:
        whole[name], whole[name + _SCALES] = blocks(whole[name])
    text = json.dumps(jsonable(facts), ensure_ascii=False)
    header = {"format": "facespace", "kind": kind, "layout": str(layout), "version": code_version(), "facts": text}
    # Not save_file: it writes by way of a file of its own, which a killed run would leave behind.
    data = save(whole, metadata={**header, "digest": _digest(header, whole)})
    ring = keys_of(key)
    seal = None if key is None and not (ring and ring.maps) else seal_of(key)
    whole_file: Any = _in_order(memoryview(data))
    if seal is not None:
        whole_file = [sealed(b"".join(whole_file), path, seal)]
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.writelines(whole_file)
    return path


def sealed_identity_of(path: Path) -> Identity | None:
    """What an encrypted artefact says of itself; None for one that is not encrypted. Raises TamperedFileError."""
    with path.open("rb") as file:
        data = file.read(1 << 17)
    return sealed_identity(data, path)[0] if is_sealed(data) else None


def reseal_artefact(path: Path, keys: KeyRing, seal: Seal) -> None:
    """Write an artefact anew under `seal`, whole or not at all; it may have been plain. Raises EncryptionError."""
    data = path.read_bytes()
    if is_sealed(data):
        data = opened(data, path, keys, called=sealed_identity(data, path)[0].name)
    else:
        read_artefact(path)  # whatever is no artefact stays as it is
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(sealed(data, path, seal))
        file.flush()
        os.fsync(file.fileno())


def _in_order(data: memoryview) -> Iterator[bytes | memoryview]:
    """The file with its header, which safetensors writes in any order, in one: the same content gives the same bytes."""
    end = 8 + int.from_bytes(data[:8], "little")
    text = json.dumps(json.loads(bytes(data[8:end])), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    head = text.encode()
    head = head.ljust(-(-len(head) // 8) * 8)  # so that numbers begin at multiples of eight
    yield from (len(head).to_bytes(8, "little"), head, data[end:])


def read_artefact(
    path: str | Path, kind: str | tuple[str, ...] = (), *, layout: int = 1, hint: str = "", key: AnyKey | None = None
) -> Artefact:
    """The artefact in `path`, which must be of `kind` (or one of several; any where none is named).

    `layout` is the newest that the caller knows. Raises FileFormatError when the file is missing, damaged, no artefact of
    facespace's, or of another kind, with `hint` then. An encrypted one is opened by `key`, with which a plain one is
    refused, or by the keys in use. Raises EncryptionError.
    """
    path = existing_file(path, f"a file of kind {kind}" if isinstance(kind, str) else "an artefact")
    arrays, header = read_tensors(path, key)
    if (old := _old_header(header)) is not None:
        header = old
    found = header.get("kind", "")
    if header.get("format") != "facespace" or not found:
        raise FileFormatError(f"{path} is a safetensors file, but none of facespace's", "Its header names no kind.")
    wanted = (kind,) if isinstance(kind, str) else kind
    if wanted and found not in wanted:
        raise FileFormatError(f"{path} holds {found!r}, but {' or '.join(map(repr, wanted))} is needed here", hint)
    told = header.pop("digest", None)
    # Files of before layouts have neither.
    if (told is not None or "layout" in header) and told != _digest(header, arrays):
        raise FileFormatError(f"{path} is damaged: its content is not what was written", "Copy or make it again.")
    try:
        number = int(header.get("layout", "1"))
        facts = json.loads(header.get("facts", "{}"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: its header can't be read: {error}", "Is it damaged?") from None
    if not isinstance(facts, dict):
        raise FileFormatError(f"{path}: its facts are no JSON object", "Is it damaged?")
    if number > layout and wanted:
        told = f"{path} was written by a newer facespace ({header.get('version', 'unknown')})"
        warnings.warn(f"{told}: what this one doesn't know is left out", NewerFileWarning, stacklevel=2)
    return Artefact(path, found, number, header.get("version", ""), _decoded(path, arrays), facts, layout)


def _decoded(path: Path, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    for name in [name for name in arrays if name + _SCALES in arrays]:
        try:
            arrays[name] = of_blocks(arrays[name], arrays.pop(name + _SCALES))
        except ValueError as error:
            raise FileFormatError(f"{path}: {name} has {error}", "Is it damaged?") from None
    return arrays


def artefact_kind(header: Mapping[str, str]) -> str:
    """The kind of artefact that a file with this header is; "" if it is none of facespace's."""
    found = _old_header(header) or header
    return found.get("kind", "") if found.get("format") == "facespace" else ""


def read_tensors(path: Path, key: AnyKey | None = None) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays in a safetensors file, whoever wrote it, and its header; of an encrypted one by the keys in use."""
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load

    try:
        with path.open("rb") as start:
            locked = is_sealed(start.read(64))
        if locked:
            data = opened(path.read_bytes(), path, keys_of(key))
            about = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            return load(data), about.get("__metadata__", {})
        if key is not None:
            raise TamperedFileError(f"{path} is not encrypted, though a key is given for it", "Was it replaced?")
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except EncryptionError:
        raise
    except (SafetensorError, OSError, TypeError, ValueError, KeyError, AttributeError, MemoryError) as error:
        # The last ones are numpy's, for types of numbers that it doesn't have.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise FileFormatError(
            f"{path} can't be read as safetensors: {reason}", "Is it truncated, or another kind of file?"
        ) from None


def _old_header(header: Mapping[str, str]) -> dict[str, str] | None:
    """Checkpoints and students of before layouts kept everything under one key."""
    try:
        about = json.loads(header["facespace"]) if "facespace" in header else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(about, dict) or about.get("format") not in _OLD_FORMATS:
        return None
    return {"format": "facespace", "kind": _OLD_FORMATS[about["format"]], "facts": json.dumps(about)}


def _digest(header: Mapping[str, str], arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.blake2b(json.dumps(sorted(header.items())).encode(), digest_size=16)
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).data if array.size else b"")
    return digest.hexdigest()
