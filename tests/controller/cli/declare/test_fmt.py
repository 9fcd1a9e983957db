"""`trueup fmt` from the outside."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.cli.schemas import all_schemas

Run = Callable[..., Any]
UNTIDY = "kind:   Device\napiVersion: trueup/v1\nspec:\n    config:\n        password:   {plain: canary-pass-3}\n"
TIDY = "apiVersion: trueup/v1\nkind: Device\nspec:\n  config:\n    password: {plain: canary-pass-3}\n"


@pytest.fixture
def specs(trueup: Run) -> Path:
    assert trueup("init").code == 0
    file = Path("specs/untidy.yaml")
    file.write_text(UNTIDY, encoding="utf-8")
    return file


def from_stdin(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))


def test_only_what_is_not_in_form_is_rewritten_and_listed(trueup: Run, specs: Path) -> None:
    said = trueup("fmt")
    assert (said.code, said.out, said.err) == (0, "specs/untidy.yaml\n", "1 file formatted, 3 in form already\n")
    assert specs.read_text(encoding="utf-8") == TIDY
    again = trueup("fmt", "--quiet")
    assert (again.code, again.out, again.err) == (0, "", "")


def test_check_lists_and_leaves_with_two(trueup: Run, specs: Path) -> None:
    said = trueup("fmt", "--check")
    assert (said.code, said.out) == (2, "specs/untidy.yaml\n")
    assert specs.read_text(encoding="utf-8") == UNTIDY
    assert trueup("fmt", "--check", "specs/doors.yaml").code == 0


def test_a_diff_shows_the_change_and_no_secret(trueup: Run, specs: Path) -> None:
    said = trueup("fmt", "--diff")
    assert said.code == 0
    assert said.out.startswith("--- specs/untidy.yaml\n+++ specs/untidy.yaml (formatted)\n@@ -1,6 +1,6 @@\n")
    assert {"-kind:   Device", "+kind: Device", " apiVersion: trueup/v1", "-        password: ***", "+    password: ***"} <= set(
        said.out.splitlines()
    )
    assert "canary-pass-3" not in said.out
    assert specs.read_text(encoding="utf-8") == UNTIDY
    assert trueup("fmt", "--check", "--diff").code == 2


def test_standard_input_goes_to_standard_output(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from_stdin(monkeypatch, UNTIDY.encode())
    said = trueup("fmt", "-")
    assert (said.code, said.out, said.err) == (0, TIDY, "")
    from_stdin(monkeypatch, UNTIDY.encode())
    assert (checked := trueup("fmt", "-", "--check")).code == 2
    assert checked.out == "<stdin>\n"
    from_stdin(monkeypatch, b"a: [1\n")
    assert (broken := trueup("fmt", "-")).code == 3
    assert (broken.out, broken.err.startswith("<stdin>:1:4: error:")) == ("", True)
    from_stdin(monkeypatch, b"")
    assert trueup("fmt", "-").out == ""


@pytest.mark.parametrize("arguments", [("-", "specs"), ("-", "-o", "json")], ids=" ".join)
def test_standard_input_stands_alone(trueup: Run, arguments: tuple[str, ...]) -> None:
    said = trueup("fmt", *arguments)
    assert (said.code, "trueup fmt - < doors.yaml" in said.err) == (1, True)


def test_nobody_waits_for_a_keyboard(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert trueup("fmt", "-").code == 1


def test_broken_and_left_files_do_not_keep_the_others_from_being_formatted(trueup: Run, specs: Path) -> None:
    Path("specs/open.yaml").write_text("a: |\n  x", encoding="utf-8")
    left = trueup("fmt")
    assert (left.code, left.out) == (4, "specs/untidy.yaml\n")
    assert "would change what this document means" in left.err
    Path("specs/bad.yaml").write_text("a: [1\n", encoding="utf-8")
    assert trueup("fmt").code == 3
    assert trueup("fmt", "nowhere").code == 3


def test_json_says_of_each_file_how_it_stands(trueup: Run, specs: Path) -> None:
    schema = json.loads(all_schemas()["fmt.json"])
    Path("specs/bad.yaml").write_text("a: [1\n", encoding="utf-8")
    for arguments, state in ((("--check",), "would-change"), ((), "formatted")):
        document = json.loads(trueup("fmt", "-o", "json", *arguments).out)
        jsonschema.validate(document, schema)
        assert {"file": "specs/untidy.yaml", "state": state} in document["files"]
        assert [problem["code"] for problem in document["problems"]] == ["yaml-syntax"]
