"""Threads of this process. The work is numpy's and Arrow's, which leave Python free while they compute."""

from __future__ import annotations

import functools
import operator
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from .protocol import Sum

Task = TypeVar("Task")
R = TypeVar("R")


class LocalEngine:
    """Runs tasks on `workers` threads, by default one per processor that this process may use.

    >>> LocalEngine(2).total(lambda n: n * n, range(5))
    30
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or len(
            os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        )

    def map(
        self, function: Callable[[Task], R], tasks: Iterable[Task], done: Callable[[Task], None] | None = None
    ) -> Iterator[R]:
        """See Engine. No more tasks are begun than there are workers, and one that waits."""
        queue = iter(tasks)
        # One thread for each product: several, each with a thread a core, would wait for one another.
        limits: Any = threadpool_limits(1) if self.workers > 1 else nullcontext()
        with limits, ThreadPoolExecutor(self.workers) as pool:
            running: deque[tuple[Task, Future[R]]] = deque()
            try:
                while True:
                    while len(running) <= self.workers and (task := next(queue, self)) is not self:
                        running.append((task, pool.submit(function, task)))  # type: ignore[arg-type]
                    if not running:
                        return
                    task, future = running.popleft()
                    result = future.result()
                    if done is not None:
                        done(task)
                    yield result
            finally:
                for _, future in running:
                    future.cancel()

    def total(
        self, function: Callable[[Task], Sum], tasks: Iterable[Task], done: Callable[[Task], None] | None = None
    ) -> Sum:
        """See Engine. Added in the order of the tasks, so that a sum of floats is the same each time."""
        return functools.reduce(operator.add, self.map(function, tasks, done))
