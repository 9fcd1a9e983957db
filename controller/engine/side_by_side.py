"""Several things at once, with one error instead of a group of them: callers and people want the first cause."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from controller.model.errors import TrueupError

T = TypeVar("T")


async def side_by_side(jobs: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in the order of the jobs. When one raises, the others are cancelled and its error is raised; an error that
    trueup can say in a sentence goes before any other."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except BaseExceptionGroup as several:
        causes = list(_leaves(several))
        raise next((cause for cause in causes if isinstance(cause, TrueupError)), causes[0]) from several
    return [task.result() for task in tasks]


def _leaves(error: BaseException) -> Iterable[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
