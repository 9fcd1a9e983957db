"""Names of hosts, users and folders exchanged for ``host-1``, ``user-1``, ``~``: the same name is the same word on the whole page.

For pages that people paste where others read them. Secrets are not its business: none may come near.
"""

from __future__ import annotations

import getpass
import re
import socket
from contextlib import suppress
from pathlib import Path

_LEAST = 2  # letters; a name of one would be exchanged for an article


class Redactor:
    """``show`` leaves everything as it is. What is to be hidden must be named before texts that may hold it are cleaned."""

    def __init__(self, *, show: bool = False) -> None:
        self._show = show
        self._home = ""
        self._words: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        if show:
            return
        with suppress(OSError, KeyError, ImportError):
            self.user(getpass.getuser())
        self.host(socket.gethostname())
        with suppress(RuntimeError):
            self._home = str(Path.home())

    def host(self, name: str) -> str:
        return self._word("host", name)

    def user(self, name: str) -> str:
        return self._word("user", name)

    def _word(self, kind: str, name: str) -> str:
        name = name.lower()
        if self._show or not name:
            return name
        if name not in self._words:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._words[name] = f"{kind}-{self._counts[kind]}"
        return self._words[name]

    def text(self, text: str) -> str:
        """The text without the names that are known, wherever they stand as words of their own."""
        if self._show:
            return text
        if self._home not in ("", "/"):
            text = re.sub(rf"{re.escape(self._home)}(?![\w-])", "~", text)
        names = "|".join(re.escape(name) for name in sorted(self._words, key=len, reverse=True) if len(name) >= _LEAST)
        if not names:
            return text
        return re.sub(rf"(?<![\w.-])(?:{names})(?![\w-])", lambda found: self._words[found[0].lower()], text, flags=re.IGNORECASE)
