"""Several things at once: one error instead of a group of them, since people want the first cause; and a fault in one provider's
program stops the target that it happened at and no other, without showing what the exception holds: that may be anything."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from controller.model.errors import TrueupError
from controller.sdk.errors import Done, ProviderError

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


class ProviderFault(ProviderError):
    """A provider broke; whatever it was doing may have happened."""

    code = "provider-fault"
    retry = False


@contextmanager
def asking(provider: str) -> Iterator[None]:
    """Turns whatever is no error of ours into a ProviderFault, so that other targets go on."""
    try:
        yield
    except TrueupError:
        raise
    except Exception as error:
        raise ProviderFault(
            f"the provider {provider} broke: {type(error).__name__} at {_place(error)}",
            hint="this is a fault in the program and not at the target; please report it with this line",
            effect=Done.UNKNOWN,
        ) from error


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    return f"{'/'.join(Path(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}"
