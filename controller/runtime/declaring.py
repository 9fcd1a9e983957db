"""A device that no spec declares yet, as a document of its own: written, judged with all others, taken back if wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.model.errors import SpecInvalid, UsageError
from controller.registry import REGISTRY
from controller.runtime.workspace import Options
from controller.sdk.provider import TargetProvider
from controller.spec.envelope import API_VERSION, NAME_PATTERN
from controller.spec.load import check_specs
from controller.spec.rewriting.files import whole_file
from controller.spec.rewriting.words import document

_READABLE = 0o644  # no secret stands in it


@dataclass(frozen=True)
class Newcomer:
    """What is known of it. ``password_env`` names the environment variable that holds the password."""

    provider: str
    name: str
    url: str
    username: str = ""
    password_env: str = ""

    def config(self) -> Mapping[str, Any]:
        login = {"username": self.username} if self.username else {}
        return {"url": self.url, **login, **({"password": {"env": self.password_env}} if self.password_env else {})}


@dataclass(frozen=True)
class Declared:
    """The document as it is (to be) written, and its resource's address."""

    path: Path
    text: str
    address: str


def declared(options: Options, newcomer: Newcomer) -> Declared:
    """The document. Raises UsageError when there is no such provider of targets, or no place for the file."""
    provider = REGISTRY.load(newcomer.provider)
    if not isinstance(provider, TargetProvider):
        raise UsageError(f"{newcomer.provider} is a source; nothing is there to be taken over", hint="declare it by hand")
    if not re.fullmatch(NAME_PATTERN, newcomer.name):
        raise UsageError(f"{newcomer.name!r} is no name", hint="small letters, digits, and - . _ between them: front-door")
    folder = next((path for path in options.specs if path.is_dir()), None)
    if folder is None:
        raise UsageError("there is no folder of specs to put it into", hint="name one with -f; `trueup init` makes a first one")
    path = folder / f"{newcomer.name}.yaml"
    if path.exists():
        again = f"trueup import {provider.kind}/{newcomer.name}, or choose another --name"
        raise UsageError(f"{path} is there already", hint=again)
    spec = {"provider": provider.name, "config": newcomer.config(), **dict.fromkeys(provider.sections, ())}
    content = {"apiVersion": API_VERSION, "kind": provider.kind, "metadata": {"name": newcomer.name}, "spec": spec}
    return Declared(path, document(content), f"{provider.kind}/{newcomer.name}")


def write(options: Options, found: Declared) -> None:
    """Raises SpecInvalid, and leaves no file, when the specs would not be valid with it."""
    with whole_file(found.path, mode=_READABLE) as file:
        file.write(found.text.encode())
    specs, diagnostics = check_specs(options.specs, vars_files=options.vars_files)
    if specs is None:
        with suppress(OSError):
            found.path.unlink()
        raise SpecInvalid(
            tuple(diagnostics),
            "the specs would not be valid with it; nothing was written",
            hint="put that right, then the same again",
        )
