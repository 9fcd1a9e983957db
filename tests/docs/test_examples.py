"""Every example of README and docs/ is tried: specs are validated, commands are run, and what they print is what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import yaml

from controller.spec.load import check_specs
from controller.spec.trust import load_trust
from tests.docs.pages import PAGES, ROOT, WORDS, Block, Command, blocks
from tests.docs.stage import Stage, stage
from tests.docs.typed import parsed

_STAGE = re.compile(r"<!-- stage: (empty|club) -->")
_SURROUNDINGS = """\
apiVersion: trueup/v1
kind: Source
metadata: {name: NAME}
spec:
  provider: csv
  config:
    path: NAME.csv
    key: id
    map: {id: id, employee_no: employee_no, url: url, site: site, password: {column: password, sensitive: true}}
"""
_INLINE = re.compile(r"(?<!`)`(trueup [^`\n]+)`(?!`)")
_NAMED = re.compile(r"(?:from|source): \"?([a-z-]+)")


def _ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_what_a_page_says_to_type_does_what_the_page_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [block for block in blocks(page) if block.file or (block.language in ("sh", "console") and "parse" not in block.words)]
    kind = _STAGE.search(page.read_text(encoding="utf-8"))
    if not any(block.commands for block in found if block.language in ("sh", "console")):
        return
    with stage(kind[1] if kind else "club", tmp_path, monkeypatch) as made:
        for block in found:
            _play(made, block)


def _play(made: Stage, block: Block) -> None:
    if block.file:
        made.write(block)
    elif "background" in block.words:
        for command in block.commands:
            made.start(Path(command.text.split()[2]))
    else:
        for command in block.commands:
            printed = made.run(command)
            if command.shown is not None:
                _must_show(command, printed)


def _must_show(command: Command, printed: str) -> None:
    pattern = "".join(_line(line) for line in command.shown or ())
    text = "\n".join(line.rstrip() for line in printed.strip("\n").splitlines()) + "\n"
    assert re.fullmatch(pattern, text), f"{command.place}: `{command.text}` prints\n{printed}"


def _line(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*"
    return ".*".join(map(re.escape, line.rstrip().split("…"))) + r"\n"


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_commands_that_cannot_run_in_a_test_exist_with_their_options(page: Path) -> None:
    for block in blocks(page):
        if block.language in ("sh", "console"):
            lines = [command.text for command in block.commands]
        elif "pipeline" in block.words:
            lines = [line for line in block.body.splitlines() if "trueup " in line]
            yaml.safe_load(block.body)
        else:
            continue
        for line in lines:
            try:
                parsed(_of_pipeline(line) if "pipeline" in block.words else line)
            except Exception as problem:
                pytest.fail(f"{block.place}: `{line.strip()}`: {problem}")


def _of_pipeline(line: str) -> str:
    """The command of a line of a workflow, with something in place of what the build server puts there."""
    return re.sub(r"\$\{\{.*?\}\}", "x", line.strip().removeprefix("- ").removeprefix("run: "))


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_commands_that_stand_in_a_sentence_exist_with_their_options(page: Path) -> None:
    for found in _INLINE.finditer(page.read_text(encoding="utf-8")):
        if re.search(r"COMMAND|\.\.\.|\[OPTIONS\]", found[0]):
            continue  # any command is meant, or how one is called
        try:
            parsed(found[1].replace("\\|", "|"))
        except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError, click.MissingParameter):
            continue  # help; or the sentence leaves to the reader what the command is about
        except click.BadOptionUsage as problem:
            assert "requires an argument" in problem.message, f"{page.name}: {found[1]}: {problem.message}"
        except click.ClickException as problem:
            pytest.fail(f"{page.relative_to(ROOT)}: `{found[1]}`: {problem.message}")


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_every_spec_on_a_page_is_valid(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(page)):
        if block.language == "yaml" and not WORDS & set(block.words) and "simulators:" not in block.body:
            _must_be_valid(block, tmp_path / str(number))


def _must_be_valid(block: Block, folder: Path) -> None:
    folder.mkdir()
    names = set(_NAMED.findall(block.body)) - set(re.findall(r"kind: Source\nmetadata: \{name: ([a-z-]+)", block.body))
    documents = [_SURROUNDINGS.replace("NAME", name) for name in sorted(names)]
    if "kind: Controller" not in block.body:
        documents.append("apiVersion: trueup/v1\nkind: Controller\nmetadata: {name: main}\nspec:\n  timezone: Europe/Stockholm\n"
                         "  profiles: {careful: {policy: {onRemoval: keep}}}\n")  # fmt: skip
    if block.body.count("kind: Device") == 0 and "kind: Controller" in block.body:
        documents.append(_SURROUNDINGS.replace("NAME", "members") if "members" not in names else "")
    (folder / "spec.yaml").write_text("---\n".join([block.body, *filter(None, documents)]), encoding="utf-8")
    values = folder.parent / "values.yaml"
    values.write_text("door_user: admin\ndoor_url: http://192.168.1.100\n", encoding="utf-8")
    specs, problems = check_specs([folder], vars_files=(values,))
    wrong = [f"{p.place}: {p.summary} {p.detail}" for p in problems if p.severity.value == "error" and p.code != "unknown-resource"]
    assert not wrong, f"{block.place}: {wrong}"
    assert specs is not None or wrong == []


def test_trust_files_on_pages_are_trust_files(tmp_path: Path) -> None:
    found = [block for page in PAGES for block in blocks(page) if "trust" in block.words]
    assert found
    for number, block in enumerate(found):
        path = tmp_path / f"trust{number}.yaml"
        path.write_text(block.body, encoding="utf-8")
        load_trust(path)


def test_blocks_are_marked_with_words_that_mean_something() -> None:
    for page in PAGES:
        for block in blocks(page):
            strange = {word for word in block.words if not word.startswith("file=")} - WORDS
            assert not strange, f"{block.place}: {strange}"
            assert block.language in {"yaml", "sh", "console", "text", "csv", "mermaid", "json"}, block.place
