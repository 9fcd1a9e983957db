"""A fault in a program, where a provider is asked: it stops the one target that it happened at, and says where to look.

Nothing that trueup can say itself is touched, and no value of the exception is shown: it may hold anything.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.model.errors import TrueupError
from controller.sdk.errors import Done, ProviderError


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
