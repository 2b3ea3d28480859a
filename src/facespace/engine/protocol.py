"""What an engine can do: a function on every part, and the sum of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

Task = TypeVar("Task")
R = TypeVar("R")
Sum = TypeVar("Sum", bound="Addable")


class Addable(Protocol):
    """A monoid: what can be added in any grouping."""

    def __add__(self, other: Any, /) -> Any: ...


class Engine(Protocol):
    """A function of one argument runs on every task; functions and tasks can be pickled, tasks are small (paths, rows).

    `done` is called with each task that is finished, in whatever order. An error in one task ends the others and is raised.
    """

    @property
    def workers(self) -> int:
        """How many tasks run at a time."""
        ...

    def map(
        self, function: Callable[[Task], R], tasks: Iterable[Task], done: Callable[[Task], None] | None = None
    ) -> Iterator[R]:
        """The results in the order of the tasks, while later ones are still running."""
        ...

    def total(
        self, function: Callable[[Task], Sum], tasks: Iterable[Task], done: Callable[[Task], None] | None = None
    ) -> Sum:
        """The sum of the results, of which few are in memory at a time; there must be a task."""
        ...
