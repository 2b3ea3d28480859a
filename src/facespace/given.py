"""What users hand over for a set, a list of pairs or a map, made into ours: the one way, for all public functions.

    SetLike, a set: EmbeddingSet, StoredSet, a path, a matrix (n, d) of any array library, a data frame
    ProtocolLike, pairs: PairProtocol, a path      a map: what has `probe` and `reference`, or a MapFile, its path
    CohortLike, strangers: a set, or one by the network of each side      RatesLike: a list of numbers, or one

Anything else is an InputError that says what is accepted. Rows of a matrix have no names: their ids are the row numbers, and
nobody is known in them; where two sets are paired by id, two matrices are so paired row by row, with a GuessWarning.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast, overload

import numpy as np

from .datasets import BlufrProtocol, PairProtocol, TemplateProtocol, read_pairs
from .embeddings import EmbeddingSet, StoredSet
from .errors import GuessWarning, InputError
from .io import is_frame, one_or_more

__all__ = ["Array", "CohortLike", "MapFile", "ProtocolLike", "RatesLike", "SetLike"]


class Array(Protocol):
    """A matrix of any array library, or a data frame of one: what numpy makes an array of."""

    def __array__(self) -> Any:
        """Itself as a numpy array."""
        ...


SetLike = EmbeddingSet | StoredSet[EmbeddingSet] | str | Path | Array | Sequence[Sequence[float]]  #: what is taken for a set
ProtocolLike = PairProtocol | str | Path  #: what is taken for a list of pairs: itself, or its file
MapFile = str | Path  #: a map's file, which is taken where a map is
CohortLike = SetLike | tuple[SetLike, SetLike]  #: strangers: one set by the network of both sides, or one by each
RatesLike = float | Sequence[float]  #: rates: a list of them, or one

M = TypeVar("M")
F = TypeVar("F", bound=Callable[..., Any])
Kind = Callable[[Any, str, str], Any]  # the value, the argument's name, and what the ids of a matrix's rows begin with

_IN_MEMORY = 200_000  # rows up to which a file is read at once


def takes(*, paired: tuple[str, ...] = (), apart: bool = False, **kinds: Kind) -> Callable[[F], F]:
    """Let a function take its arguments `kinds`, by name, in every form that users have them.

    Args:
        paired: arguments that are paired by id, so that matrices are paired row by row.
        apart: the rows of two matrices are not of the same images, and get different ids.
        kinds: for each argument one of FACES, ANY, SEVERAL, NAMED, PAIRS, TEMPLATES, BLUFR, MAP, COHORT, RATES, TEXTS. None
            stays None where the argument is optional.
    """

    def decorate(function: F) -> F:
        parameters = inspect.signature(function).parameters
        names = list(parameters)
        needed = {name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty}

        @functools.wraps(function)
        def call(*given: Any, **options: Any) -> Any:
            values = dict(zip(names, given, strict=False))
            if len(given) > len(names) or values.keys() & options.keys():
                return function(*given, **options)  # raises the TypeError that says so
            values |= options
            arrays = [name for name in paired if is_matrix(values.get(name))]
            for name, kind in kinds.items():
                if name in values and (values[name] is not None or name in needed):
                    values[name] = kind(values[name], name, f"{name} " if apart else "")
            if arrays:
                _pair(values, paired, arrays)
            return function(**values)

        return call  # type: ignore[return-value]

    return decorate


# In the body of a decorated function an argument is what its kind made of it. These tell the checker of types so, and do
# nothing else: `faces = as_set(faces)`.


@overload
def as_set(value: None) -> None: ...
@overload
def as_set(value: SetLike) -> EmbeddingSet: ...
def as_set(value: Any) -> Any:
    """What FACES made of it."""
    return value


@overload
def as_any(value: None) -> None: ...
@overload
def as_any(value: SetLike) -> EmbeddingSet | StoredSet[EmbeddingSet]: ...
def as_any(value: Any) -> Any:
    """What ANY made of it."""
    return value


@overload
def as_pairs(value: None) -> None: ...
@overload
def as_pairs(value: ProtocolLike) -> PairProtocol: ...
def as_pairs(value: Any) -> Any:
    """What PAIRS made of it."""
    return value


@overload
def as_cohort(value: None) -> None: ...
@overload
def as_cohort(value: CohortLike) -> tuple[EmbeddingSet, EmbeddingSet]: ...
def as_cohort(value: Any) -> Any:
    """What COHORT made of it."""
    return value


def as_map(value: M | MapFile) -> M:
    """What MAP made of it."""
    return cast(M, value)


def as_sets(value: Sequence[SetLike]) -> list[EmbeddingSet]:
    """What SEVERAL made of it."""
    return cast("list[EmbeddingSet]", value)


def as_named(value: Mapping[str, SetLike]) -> dict[str, EmbeddingSet | StoredSet[EmbeddingSet]]:
    """What NAMED made of it."""
    return cast("dict[str, EmbeddingSet | StoredSet[EmbeddingSet]]", value)


def as_rates(value: RatesLike) -> list[float]:
    """What RATES made of it."""
    return cast("list[float]", value)


def is_matrix(value: Any) -> bool:
    """Is it of rows of numbers, without ids?"""
    if isinstance(value, EmbeddingSet | StoredSet | str | Path | Mapping) or is_frame(value):
        return False
    return hasattr(value, "__array__") or (isinstance(value, list | tuple) and bool(value) and not isinstance(value[0], str))


def ANY(value: Any, name: str, prefix: str = "") -> EmbeddingSet | StoredSet[EmbeddingSet]:
    """A set, which stays in its files where it is large."""
    if isinstance(value, EmbeddingSet | StoredSet):
        return value
    if isinstance(value, str | Path):
        path = Path(value)
        if path.suffix != ".parquet" and not path.is_dir():
            return EmbeddingSet.load(path)
        stored = EmbeddingSet.open(path)
        return stored.load() if len(stored) <= _IN_MEMORY else stored
    if is_frame(value):
        return EmbeddingSet.from_frame(value)
    if is_matrix(value):
        try:
            matrix = np.asarray(value)
        except (TypeError, ValueError):
            raise _no_set(value, name) from None
        if matrix.ndim == 2 and matrix.dtype.kind in "biuf":
            return EmbeddingSet(matrix, [f"{prefix}{row}" for row in range(len(matrix))])
        if matrix.dtype.kind in "biuf":
            raise InputError(
                f"{name} is an array of shape {matrix.shape}, where a set is needed: one vector a row (n, d)",
                "A single vector is a row of its own: vector[None, :].",
            )
    raise _no_set(value, name)


def FACES(value: Any, name: str, prefix: str = "") -> EmbeddingSet:
    """A set in memory; one in files is read."""
    found = ANY(value, name, prefix)
    return found if isinstance(found, EmbeddingSet) else found.load()


def SEVERAL(value: Any, name: str, prefix: str = "") -> list[EmbeddingSet]:
    """A list of sets in memory."""
    if isinstance(value, Mapping) or not isinstance(value, Sequence) or isinstance(value, str):
        raise InputError(f"{name} must be a list of sets; got a {type(value).__name__}", f"{name}=[first, second, …]")
    return [FACES(one, f"{name}[{at}]", prefix) for at, one in enumerate(value)]


def NAMED(value: Any, name: str, prefix: str = "") -> dict[str, EmbeddingSet | StoredSet[EmbeddingSet]]:
    """Sets by the names of their networks."""
    if not isinstance(value, Mapping):
        raise InputError(
            f"{name} must be sets by the names of their networks; got a {type(value).__name__}", '{"network": set, …}'
        )
    return {key: ANY(one, f"{name}[{key!r}]", prefix) for key, one in value.items()}


def COHORT(value: Any, name: str, prefix: str = "") -> tuple[EmbeddingSet, EmbeddingSet]:
    """Two sets of other people, by the network of either side; one set serves both."""
    both = value if isinstance(value, tuple) else (value, value)
    if len(both) != 2:
        raise InputError(f"{name} must be two sets, one by the network of each side; got {len(both)}")
    return FACES(both[0], f"{name}[0]", "cohort "), FACES(both[1], f"{name}[1]", "cohort ")


def PAIRS(value: Any, name: str, prefix: str = "") -> PairProtocol:
    """A list of pairs."""
    if isinstance(value, PairProtocol):
        return value
    if isinstance(value, str | Path):
        return read_pairs(value)
    raise InputError(
        f"{name} must be a list of pairs or its file; got a {type(value).__name__}",
        "PairProtocol(name, left, right, same), or the path of a csv with id1,id2,same, LFW's pairs.txt and others.",
    )


def TEMPLATES(value: Any, name: str, prefix: str = "") -> TemplateProtocol:
    """Templates and their pairs."""
    if isinstance(value, TemplateProtocol):
        return value
    raise InputError(
        f"{name} must be a TemplateProtocol; got a {type(value).__name__}", "read_ijb(FOLDER, 'ijbc') reads IJB's lists."
    )


def BLUFR(value: Any, name: str, prefix: str = "") -> BlufrProtocol:
    """BLUFR's splits."""
    if isinstance(value, BlufrProtocol):
        return value
    raise InputError(
        f"{name} must be a BlufrProtocol; got a {type(value).__name__}",
        "facespace.datasets.read_blufr reads it from its .mat.",
    )


def MAP(value: Any, name: str, prefix: str = "") -> Any:
    """A map: read by the front door, `facespace.load_map`, since `mapping` takes its own arguments by this file."""
    if hasattr(value, "probe") and hasattr(value, "reference"):
        return value
    if isinstance(value, str | Path):
        return importlib.import_module(__package__).load_map(value)
    raise InputError(
        f"{name} must be a map or its file; got a {type(value).__name__}", "fit_map gives one, load_map reads one."
    )


def TEXTS(value: Any, name: str, prefix: str = "") -> list[str]:
    """Ids or names: a list of them, or one, which is not taken letter by letter."""
    if isinstance(value, str | Iterable) and not isinstance(value, bytes | Mapping):
        return one_or_more(value)
    raise InputError(f"{name} must be a list of texts; got a {type(value).__name__}", f'{name}=["first", "second", …]')


def RATES(value: Any, name: str, prefix: str = "") -> list[float]:
    """Rates: a list of numbers, or one."""
    try:
        return [float(rate) for rate in ([value] if isinstance(value, int | float | np.number) else value)]
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a rate or a list of rates; got {value!r}", "For example [1e-2, 1e-3].") from None


def _pair(values: dict[str, Any], paired: tuple[str, ...], arrays: list[str]) -> None:
    """Give the rows of matrices the ids of what they are paired with."""
    others = [name for name in paired if name not in arrays and values.get(name) is not None]
    lengths = {name: len(values[name]) for name in [*others, *arrays]}
    if len(set(lengths.values())) > 1:
        told = " and ".join(f"{name} {count:,}" for name, count in lengths.items())
        raise InputError(
            f"rows without ids are paired by position, but {told} rows are not as many",
            "Give sets: EmbeddingSet(vectors, ids) with the ids of the images.",
        )
    for name in arrays if others else []:
        faces, known = values[name], values[others[0]]
        ids = known.ids if isinstance(known, EmbeddingSet) else known.load().ids
        values[name] = EmbeddingSet(faces.vectors, ids)
    nobody = "" if others else "; nobody is known in them, so each row counts as its own person"
    warnings.warn(
        f"the rows of {' and '.join(arrays)} have no ids: {' and '.join([*others, *arrays])} are paired by position{nobody}",
        GuessWarning,
        stacklevel=3,
    )


def _no_set(value: Any, name: str) -> InputError:
    return InputError(
        f"{name} must be a set of embeddings; got a {type(value).__name__}",
        "An EmbeddingSet, a path (Parquet, csv, npz, …), a matrix (n, d) or a data frame; ids and people come with a set.",
    )
