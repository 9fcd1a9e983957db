"""A spec is the same spec after formatting: the digest that plans are bound to does not move."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.registry import Registry
from controller.spec.formatting.files import form_files, replace_file
from controller.spec.load import load_specs

UNTIDY: dict[str, Callable[[str], str]] = {
    "wider": lambda text: text.replace("\n  ", "\n      "),
    "envelope": lambda text: "---\n".join(
        "\n".join(sorted(part.splitlines(), key=lambda line: line.startswith(("apiVersion", "kind")))) + "\n"
        for part in text.split("---\n")
    ),
    "commented": lambda text: text.replace("\n", " # note\n").replace("--- # note", "---"),
    "windows": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    "spread": lambda text: text.replace("[{", "[\n       {").replace(", ", ",   "),
}


@pytest.mark.parametrize("how", UNTIDY)
def test_the_digest_of_the_specs_does_not_move(how: str, good: str, tmp_path: Path, registry: Registry) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(UNTIDY[how](good).encode())
    before = load_specs([file], registry).digest
    (forming,) = form_files([file]).files
    assert forming.changed
    replace_file(forming)
    assert load_specs([file], registry).digest == before
    assert not form_files([file]).files[0].changed
