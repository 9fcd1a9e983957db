"""The pages of docs/ as a test sees them: fenced blocks with the words behind their language.

A block's first word is its language, the others say what is done with it:

    yaml                       documents of a spec; they are validated, with the sources of the stage beside them
    yaml vars|trust|pipeline   no spec; of a pipeline the trueup commands in it are parsed
    file=PATH                  the block is written there first (any language)
    sh                         commands, run one after the other; `# exit code N` behind one that leaves with another than 0
    console                    commands behind `$ `, and what they print; `…` stands for anything
    sh parse                   commands that cannot run here: they and their options must exist
    sh background              the simulators of the page, started before what follows
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
WORDS = {"parse", "background", "vars", "trust", "pipeline"}
_FENCE = re.compile(r"^```(?P<info>[^\n]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    body: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str:
        return next((word.removeprefix("file=") for word in self.words if word.startswith("file=")), "")

    @property
    def commands(self) -> list[Command]:
        return list(_commands(self))


@dataclass(frozen=True)
class Command:
    """One line to type; ``shown`` is None where the page does not say what it prints."""

    text: str
    code: int
    shown: list[str] | None
    place: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 2, *_info(found["info"]), found["body"]) for found in _FENCE.finditer(text)
    ]


def _info(info: str) -> tuple[str, tuple[str, ...]]:
    language, *words = info.split()
    return language, tuple(words)


def _commands(block: Block) -> Iterator[Command]:
    prompt = "$ " if block.language == "console" else ""
    text, line, began = "", block.line, block.line
    shown: list[str] = []
    for number, one in enumerate([*block.body.splitlines(), None], block.line):
        if one is not None and text.endswith("\\"):
            text = f"{text[:-1].rstrip()} {one.strip()}"
            continue
        if one is None or one.startswith(prompt):
            if text.strip() and not text.lstrip().startswith("#"):
                yield _command(text, shown if prompt else None, f"{block.page.relative_to(ROOT)}:{began}")
            text, shown, began = (one or "").removeprefix(prompt), [], number
        else:
            shown.append(one)
    assert line


def _command(text: str, shown: list[str] | None, place: str) -> Command:
    code = re.search(r"#.*\bexit code (\d+)", text)
    return Command(text, int(code[1]) if code else 0, shown or None, place)


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make, as GitHub spells them."""
    found: set[str] = set()
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for heading in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        while slug in found:
            slug += "-1"
        found.add(slug)
    return found
