"""A Ray cluster (extra `ray`): tasks that may run on other machines, and be run again where one is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from ..errors import missing_extra
from .protocol import Sum

Task = TypeVar("Task")
R = TypeVar("R")

_RETRIES = 3  # of a task whose worker died; an exception of its own is raised at once


class RayEngine:
    """Runs tasks on the Ray cluster at `address` ("auto": the one of this machine), or on one that it starts itself.

    Tasks name files, so every node must see these under the same paths. The function is put once; of sums only partial
    ones travel, and they are added where the cluster has room.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        try:
            import ray
        except ImportError:
            raise missing_extra("ray", "ray", "the engine ray") from None
        if not ray.is_initialized():
            ray.init(address=address, num_cpus=None if address else workers, log_to_driver=False, include_dashboard=False)
        self.workers = workers or max(int(_resources(ray).get("CPU", 1)), 1)

    def map(
        self, function: Callable[[Task], R], tasks: Iterable[Task], done: Callable[[Task], None] | None = None
    ) -> Iterator[R]:
        """See Engine."""
        import ray

        call, handle, queue = _remote(ray), ray.put(function), iter(tasks)
        running: deque[tuple[Task, Any]] = deque()
        while True:
            while len(running) <= self.workers and (task := next(queue, self)) is not self:
                running.append((task, call.remote(handle, task)))  # type: ignore[arg-type]
            if not running:
                return
            task, reference = running.popleft()
            result = _got(ray, reference)
            if done is not None:
                done(task)
            yield result

    def total(
        self, function: Callable[[Task], Sum], tasks: Iterable[Task], done: Callable[[Task], None] | None = None
    ) -> Sum:
        """See Engine. Partial sums are added two by two as they come, so the last bits hang on the order."""
        import ray

        call, handle, queue = _remote(ray), ray.put(function), iter(tasks)
        add = ray.remote(max_retries=_RETRIES, num_cpus=0)(_add)
        running: dict[Any, Any] = {}
        sums: list[Any] = []
        while True:
            while len(running) < 2 * self.workers and (task := next(queue, self)) is not self:
                running[call.remote(handle, task)] = task
            if not running:
                break
            ready, _ = ray.wait(list(running), num_returns=1)
            for reference in ready:
                task = running.pop(reference)
                if task is not None and done is not None:
                    done(task)
                sums.append(reference)
                if len(sums) > 1:
                    running[add.remote(sums.pop(), sums.pop())] = None
        result: Sum = _got(ray, sums[0])
        return result


def _resources(ray: Any) -> dict[str, float]:
    return dict(ray.cluster_resources())


def _remote(ray: Any) -> Any:
    return ray.remote(max_retries=_RETRIES)(_call)


def _call(function: Callable[[Any], Any], task: Any) -> Any:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # Ray counts a task as one processor
        return function(task)


def _add(one: Any, other: Any) -> Any:
    return one + other


def _got(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None  # what a task raised here would be no other
