"""Collects diagnostics and cuts their excerpts. Whatever might be a secret is masked before a line of a spec is shown.

Masking goes by lines and key names, not by the parsed document, because files that cannot be parsed are shown as well. It would
rather hide too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

from controller.model.diagnostic import Diagnostic, Place, Severity

MASK = "***"
CONTEXT = 2
WIDTH = 120
_SECRET_WORDS = ("password", "passwd", "passphrase", "secret", "token", "apikey", "credential")
_SECRET_PARTS = (
    "passw",
    "pwd",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "passphrase",
    "credential",
    "authorization",
    "cookie",
)
_KEY = re.compile(r"""(?:^|[\s,{\[])(?:-\s+)?["']?([A-Za-z_][\w.-]*)["']?\s*:(?=\s|$|["'{\[])""")
_REFERENCE = re.compile(r"""\s*\{\s*["']?(env|file|secret|each)["']?\s*:[^,{}]*\}?\s*,?""")
_REFERENCE_LINE = re.compile(r"""\s*(?:-\s+)?["']?(env|file|secret|each)["']?\s*:""")
_USERINFO = re.compile(r"(?<=://)[^/@\s\"']+@")


class Findings:
    """Every problem found so far. Texts of the files stay here until the excerpts are cut."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._found: list[Diagnostic] = []
        self._known: set[tuple[Place, str]] = set()
        self._secret_keys: set[str] = set()
        self._secret_texts: set[str] = set()

    def text(self, file: str, text: str) -> None:
        self._texts[file] = text

    def mentions(self, file: str, word: str) -> bool:
        """Whether a word stands anywhere in a file: a quick no for what few files use."""
        return word in self._texts.get(file, "")

    def absorb(self, other: Findings) -> None:
        """Take over what was found in further files."""
        self._texts |= other._texts
        self._found += other._found
        self._known |= other._known

    def hide(self, keys: Iterable[str] = (), texts: Iterable[str] = ()) -> None:
        """Keys whose values are secrets, and values that are: neither excerpt nor message will show them."""
        self._secret_keys.update(keys)
        self._secret_texts.update(text for text in texts if text.strip())

    def add(
        self, place: Place, code: str, summary: str, *, detail: str = "", suggestion: str = "", path: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:  # fmt: skip
        self._known.add((place, path))
        self._found.append(Diagnostic(severity, code, summary, place, detail=detail, suggestion=suggestion, path=path))

    def file(self, name: str, code: str, summary: str, *, detail: str = "", severity: Severity = Severity.ERROR) -> None:
        """A problem of a file as a whole."""
        self.add(Place(name), code, summary, detail=detail, severity=severity)

    def known(self, place: Place, path: str) -> bool:
        """Whether something is found there already."""
        return (place, path) in self._known

    def __len__(self) -> int:
        return len(self._found)

    @property
    def errors(self) -> bool:
        return any(found.severity is Severity.ERROR for found in self._found)

    def diagnostics(self) -> list[Diagnostic]:
        """In order of place, each once, with excerpts."""
        masked: dict[str, list[str]] = {}
        out: dict[Diagnostic, None] = {}
        for found in sorted(self._found, key=lambda d: (d.place, d.code)):
            file = found.place.file
            if found.place.line and file not in masked:
                masked[file] = self._mask(self._texts.get(file, ""))
            out[self._finished(found, masked.get(file, []))] = None
        return list(out)

    def _finished(self, found: Diagnostic, lines: list[str]) -> Diagnostic:
        return Diagnostic(
            found.severity,
            found.code,
            self._scrub(found.summary),
            found.place,
            detail=self._scrub(found.detail),
            suggestion=self._scrub(found.suggestion),
            excerpt=self._scrub(cut(lines, found.place)) if found.place.line else "",
            path=found.path,
        )

    def _mask(self, text: str) -> list[str]:
        return mask_lines(text.split("\n"), frozenset(self._secret_keys))

    def _scrub(self, text: str) -> str:
        found = [secret for secret in self._secret_texts if secret in text]
        for secret in sorted(found, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return _USERINFO.sub(f"{MASK}@", text)


def mask_lines(lines: list[str], secret_keys: frozenset[str] = frozenset()) -> list[str]:
    """The lines without the values of keys that look like secrets, those further below such a key included."""
    out: list[str] = []
    inside: int | None = None  # the column of a secret key whose value may go on
    for line in lines:
        words = line.strip()
        indent = len(line) - len(line.lstrip())
        if inside is not None and words and (indent > inside or (words.startswith("- ") and indent == inside)):
            out.append(line if _REFERENCE_LINE.match(line) else " " * indent + MASK)
            continue
        inside = None if words else inside
        masked, column = _mask_line(line, secret_keys)
        out.append(masked)
        inside = column if column is not None else inside
    return out


def _mask_line(line: str, secret_keys: frozenset[str]) -> tuple[str, int | None]:
    """The masked line, and the column of a secret key in it whose value may go on below."""
    for match in _KEY.finditer(line):
        if match[1] not in secret_keys and not looks_secret(match[1]):
            continue
        reference = _REFERENCE.match(line, match.end())
        if reference is not None:
            continue
        if match[1] == "secret" and _REFERENCE.match(line, max(line.rfind("{", 0, match.start(1)), 0)):
            continue
        rest = line[match.end() :].strip()
        return (f"{line[: match.end()]} {MASK}" if rest else line), match.start(1)
    return line, None


@lru_cache(maxsize=1024)
def looks_secret(key: str) -> bool:
    """Whether a key sounds as if its value were a secret, misspellings included."""
    plain = re.sub(r"[^a-z]", "", key.lower())
    if plain == "plain" or any(part in plain for part in _SECRET_PARTS):
        return True
    return any(SequenceMatcher(None, plain, word).ratio() >= 0.75 for word in _SECRET_WORDS)


def cut(lines: list[str], place: Place) -> str:
    """The line at a place with two above it and a caret below."""
    if not 0 < place.line <= len(lines):
        return ""
    width = len(str(place.line))
    first = max(1, place.line - CONTEXT)
    shown = [f"{number:>{width}} | {_printable(lines[number - 1])[:WIDTH]}" for number in range(first, place.line + 1)]
    column = min(place.column, len(lines[place.line - 1]) + 1, WIDTH)
    return "\n".join([*(line.rstrip() for line in shown), f"{'':>{width}} | {'':>{max(column - 1, 0)}}^"])


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else " " if char == "\t" else "?" for char in line.rstrip("\r"))
