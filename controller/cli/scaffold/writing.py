"""Writes the texts of a new provider into a folder. Never over anything that is there."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from controller.model.errors import UsageError

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
KIND_OF_ROLE: Mapping[str, str] = {"source": "Source", "target": "Device"}
_SHARED = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "simulators.yaml": "simulators.yaml",
    "__init__.py": "{package}/__init__.py",
}
_OWN = {
    "provider.py": "{package}/provider.py",
    "simulator.py": "{package}/simulator.py",
    "test_contract.py": "tests/test_contract.py",
}


@dataclass(frozen=True)
class Scaffold:
    """What a new provider is called: ``lockers`` comes as ``trueup-lockers`` with the package ``trueup_lockers``."""

    name: str
    role: Literal["source", "target"]

    @property
    def distribution(self) -> str:
        return f"trueup-{self.name}"

    @property
    def package(self) -> str:
        return self.distribution.replace("-", "_")

    @property
    def words(self) -> Mapping[str, str]:
        """What stands in the texts between two @."""
        return {
            "name": self.name,
            "NAME": self.name.replace("-", "_").upper(),
            "Class": "".join(part.capitalize() for part in self.name.split("-")),
            "title": self.name.replace("-", " ").capitalize(),
            "role": self.role,
            "kind": KIND_OF_ROLE[self.role],
            "distribution": self.distribution,
            "package": self.package,
        }

    def texts(self) -> Iterator[tuple[str, str]]:
        """Path within the new folder, and content."""
        for folder, names in (("both", _SHARED), (self.role, _OWN)):
            for text, path in names.items():
                raw = files("controller.cli.scaffold").joinpath("texts", folder, f"{text}.txt").read_text(encoding="utf-8")
                yield path.format(package=self.package), re.sub(r"@(\w+)@", lambda found: self.words[found[1]], raw)


def check_name(name: str, taken: Mapping[str, str]) -> None:
    """Raises UsageError where no provider can have this name; ``taken`` names the origin of each that there is."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r} cannot name a provider", hint="small letters and digits, with - between words, for example: lockers"
        )
    if name in taken:
        raise UsageError(f"there is a provider {name!r} already; it comes with {taken[name]}", hint="choose another name")


def write_scaffold(scaffold: Scaffold, folder: Path) -> list[Path]:
    """The files written. Raises UsageError when the folder holds something already: then nothing is written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and not empty; nothing was written", hint="name another folder with --dir")
    written = []
    for name, content in scaffold.texts():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        written.append(path)
    return written
