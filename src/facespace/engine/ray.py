"""A Ray cluster (extra `ray`): tasks that may run on other machines, and are run again where one is lost."""

from __future__ import annotations

import functools
import logging
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ..errors import EngineError, InputError, missing_extra
from .protocol import Sum

Task = TypeVar("Task")
R = TypeVar("R")

_RETRIES = 3  # of a task whose worker or machine died; an exception of its own is raised at once
_PATIENCE = 5  # seconds in which a cluster has to answer


class RayEngine:
    """Runs tasks on the Ray cluster at `address` (HOST:PORT, or "auto": the one of this machine), or on one of its own.

    `workers` tasks run at a time, by default one a processor of the cluster, also while that grows or shrinks. Tasks name
    files, so every machine must see these under the same paths. The function is sent to each machine once; sums stay in
    the cluster and are added there. Where Ray was connected before, that cluster is used.

    Raises EngineError where there is no cluster, and where tasks are lost again and again.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        try:
            import ray
        except ImportError:
            raise missing_extra("ray", "ray", "the engine ray") from None
        self._ray: Any = ray
        self._limit = workers
        if not ray.is_initialized():
            _connect(ray, address, workers)

    @property
    def workers(self) -> int:
        """How many tasks run at a time."""
        return self._limit or max(int(self._ray.cluster_resources().get("CPU", 1)), 1)

    @property
    def _ahead(self) -> int:
        """How many are handed to the cluster, which keeps what it has no processor for waiting at one."""
        return self._limit or 2 * self.workers

    def map(
        self, function: Callable[[Task], R], tasks: Iterable[Task], done: Callable[[Task], None] | None = None
    ) -> Iterator[R]:
        """See Engine."""
        call, queue = self._remote(_call, function), iter(tasks)
        running: deque[tuple[Any, Task]] = deque()
        with self._watched(lambda: [reference for reference, _ in running]):
            while True:
                while len(running) < self._ahead and (task := next(queue, self)) is not self:
                    running.append((call(task), task))  # type: ignore[arg-type]
                if not running:
                    return
                reference, task = running[0]
                result = self._ray.get(reference)
                running.popleft()
                if done is not None:
                    done(task)
                yield result

    def total(
        self, function: Callable[[Task], Sum], tasks: Iterable[Task], done: Callable[[Task], None] | None = None
    ) -> Sum:
        """See Engine. Sums of neighbours are added two by two, as a tree: the same bits whatever comes first."""
        # Each call gives its sum and, beside it, None: that it has ended is known here while the sum stays where it is.
        call, add = self._remote(_call_only, function, returns=2), self._remote(_add, returns=2)
        queue = enumerate(tasks)
        running: dict[Any, tuple[int, int, Any, Any]] = {}  # level, place, sum, and of level 0 the task
        sums: dict[tuple[int, int], Any] = {}  # by level and place of the tree: those without a neighbour yet
        with self._watched(lambda: list(running)):
            while True:
                while len(running) < self._ahead and (item := next(queue, None)) is not None:
                    end, part = call(item[1])
                    running[end] = 0, item[0], part, item[1]
                if not running:
                    break
                (end,), _ = self._ray.wait(list(running), fetch_local=False)
                self._ray.get(end)
                level, place, part, task = running.pop(end)
                if level == 0 and done is not None:
                    done(task)
                neighbour = sums.pop((level, place ^ 1), None)
                if neighbour is None:
                    sums[level, place] = part
                else:
                    end, whole = add(neighbour, part) if place % 2 else add(part, neighbour)
                    running[end] = level + 1, place // 2, whole, None
            # What stays alone is the end of its level: the higher, the earlier.
            alone = [sums[key] for key in sorted(sums)]
            result: Sum = self._ray.get(functools.reduce(lambda later, earlier: add(earlier, later)[1], alone))
            return result

    def _remote(self, function: Callable[..., Any], *first: Any, returns: int = 1) -> Callable[..., Any]:
        """`function` as tasks; `first`, its first arguments, are put where every machine fetches them once."""
        remote = self._ray.remote(num_cpus=1, max_retries=_RETRIES, num_returns=returns)(function)
        return functools.partial(remote.remote, *map(self._ray.put, first))

    @contextmanager
    def _watched(self, running: Callable[[], list[Any]]) -> Iterator[None]:
        """Errors as what they were in the task. However it ends, those that run are waited for, and no others begun."""
        ray = self._ray
        try:
            yield
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, Exception) and not isinstance(cause, ray.exceptions.RayError):
                raise cause from error
            raise EngineError(
                f"Ray could not finish a task in {_RETRIES + 1} attempts: {_first_line(cause or error)}",
                "Do the workers have enough memory? Are all machines up? Their logs tell more: ray logs.",
            ) from error
        finally:
            # Not cancelled: where a task ends in the same moment, Ray (2.60) ends this process (its issue 54846).
            if left := running():
                ray.wait(left, num_returns=len(left), fetch_local=False)


def _connect(ray: Any, address: str | None, workers: int | None) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address is None:
        options |= {"address": "local", "num_cpus": workers, "include_dashboard": False}
    else:
        if address != "auto":
            _check_reachable(address)
        # The machines run this very code, whichever facespace is installed there.
        options |= {"address": address, "runtime_env": {"py_modules": [str(Path(__file__).parents[1])]}}
    try:
        ray.init(**options)
    except Exception as error:  # of many kinds
        where = "Ray can't be started here" if address is None else f"the Ray cluster at {address!r} can't be used"
        raise EngineError(f"{where}: {_first_line(error)}", "Start one with: ray start --head") from error
    # Ray prints that a worker died, and will be replaced, on standard output, where --json must stand alone.
    ray._private.worker._worker_logs_enabled = False


def _check_reachable(address: str) -> None:
    """Ray itself would try for minutes, and then end the process."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise InputError(f"{address!r} is not the address of a Ray cluster", 'Give HOST:PORT, or "auto" on a machine of it.')
    try:
        socket.create_connection((host, int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise EngineError(
            f"no Ray cluster can be reached at {address}: {getattr(error, 'strerror', None) or error}",
            "`ray status` on its head machine tells the address; the port is 6379 unless another was given.",
        ) from None


def _call(function: Callable[[Any], Any], task: Any) -> Any:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # to Ray a task is one processor
        return function(task)


def _call_only(function: Callable[[Any], Any], task: Any) -> tuple[None, Any]:
    return None, _call(function, task)


def _add(one: Any, other: Any) -> tuple[None, Any]:
    return None, one + other


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
