"""Files put in place whole: written beside their name, made durable, renamed; never over something that changed meanwhile."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from controller.model.errors import TrueupError, UsageError

PRIVATE = 0o600


@contextmanager
def whole_file(path: Path, *, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A file to write to, which gets its name when the block ends well; otherwise nothing of it stays. Raises TrueupError for
    what the file system refuses."""
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"{path} cannot be written", hint="name a file, in a folder that is there")
    draft: Path | None = None
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
        draft = Path(name)
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)
        draft.replace(path)
    except OSError as error:
        raise TrueupError(
            f"{path} could not be written: {error.strerror}", hint="free some space or choose another place"
        ) from error
    finally:
        if draft is not None:
            with suppress(OSError):
                draft.unlink()


def replace_file(path: Path, content: bytes, expected: bytes) -> None:
    """Put new content in the place of what was read. Raises TrueupError when the file is not that any more; its rights stay."""
    place = path.resolve()  # a link stays a link
    must_still_be(place, expected)
    with whole_file(place, mode=place.stat().st_mode & 0o777) as file:
        file.write(content)
        must_still_be(place, expected)


def must_still_be(path: Path, expected: bytes) -> None:
    try:
        now = path.read_bytes()
    except OSError as error:
        raise TrueupError(f"{path} cannot be read: {error.strerror}", hint="nothing was written to it") from error
    if now != expected:
        raise TrueupError(f"{path} was changed meanwhile; it is left as it is", hint="run the command again")
