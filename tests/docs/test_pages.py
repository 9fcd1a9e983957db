"""docs/ is whole: generated parts are up to date, links lead somewhere, and whatever exists has its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.cli.docs import __main__ as docs
from controller.cli.docs.manual import manual
from controller.cli.docs.marks import BrokenMarks, filled, parts
from controller.cli.docs.parts import UnknownPart, own_registry, part
from controller.cli.docs.tree import sections
from controller.cli.meanings import MEANINGS
from controller.cli.schemas import output_schemas
from controller.registry import kind_of
from tests.docs.pages import DOCS, PAGES, ROOT, anchors, blocks

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_FENCES = re.compile(r"^```.*$", re.MULTILINE)


def test_what_is_generated_is_up_to_date() -> None:
    assert docs.outdated(DOCS) == [], "run: make docs"


def test_a_page_that_was_left_behind_is_named_and_then_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("mine\n<!-- generated: exit-codes -->\nold\n<!-- end -->\nmine too\n", encoding="utf-8")
    assert docs.main(["--check", str(tmp_path)]) == 1
    assert "page.md, trueup.1" in capsys.readouterr().err
    assert docs.main([str(tmp_path)]) == 0
    assert docs.main(["--check", str(tmp_path)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("mine\n") and text.endswith("mine too\n") and "`130`" in text and "old" not in text


def test_a_mark_that_is_not_closed_is_an_error() -> None:
    with pytest.raises(BrokenMarks):
        filled("<!-- generated: exit-codes -->\n", part)


@pytest.mark.parametrize("name", ["weather", "fields Device.hikvision spec.nowhere", "needs nothing", "output plan nowhere"])
def test_a_part_that_nothing_makes_is_an_error(name: str) -> None:
    with pytest.raises(UnknownPart):
        part(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for found in _LINK.finditer(page.read_text(encoding="utf-8")):
        target, _, anchor = found["target"].partition("#")
        if target.startswith(("http://", "https://")):
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{page.relative_to(ROOT)}: {found[0]}"
        assert not anchor or anchor in anchors(path), f"{page.relative_to(ROOT)}: {found[0]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_fenced_block_says_what_it_is(page: Path) -> None:
    assert len(_FENCES.findall(page.read_text(encoding="utf-8"))) == 2 * len(blocks(page))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        links = (found["target"].partition("#")[0] for found in _LINK.finditer(page.read_text(encoding="utf-8")))
        waiting += [(page.parent / link).resolve() for link in links if link and "://" not in link]
    assert not {str(page) for page in set(PAGES) - reached}


def test_every_provider_and_every_kind_that_exists_has_its_page_and_no_other() -> None:
    registry = own_registry()
    names = set(registry.names())
    kinds = {kind_of(registry.load(name)).lower() for name in names} | {"controller"}
    assert {page.stem for page in (DOCS / "providers").glob("*.md")} == names
    assert {page.stem for page in (DOCS / "kinds").glob("*.md")} == kinds


def test_the_page_of_a_provider_holds_all_that_its_models_say() -> None:
    registry = own_registry()
    for name in registry.names():
        provider = registry.load(name)
        found = set(parts((DOCS / "providers" / f"{name}.md").read_text(encoding="utf-8")))
        wanted = {f"fields {kind_of(provider)}.{name} spec.config"}
        sections = getattr(provider, "sections", None)
        wanted |= {f"fields {kind_of(provider)}.{name} spec.{key}" for key in sections or ()}
        wanted |= {f"keeps {name}", *([f"needs {name}"] if provider.needs else [])}
        assert wanted <= found, f"{name}: {wanted - found}"


def test_every_command_stands_in_the_page_and_in_the_manual() -> None:
    page, roff = (DOCS / "commands.md").read_text(encoding="utf-8"), manual()
    for _, commands in sections():
        for command in commands:
            for one in (command, *command.inner):
                assert f" {one.path}\n" in page
                assert f".SS {one.path}".replace("-", "\\-") in roff
                assert all(f"`{spelling}`".replace("|", "\\|") in page for spelling, _ in one.options)


def test_the_manual_holds_nothing_that_roff_would_take_for_its_own() -> None:
    for line in manual().splitlines():
        assert not re.match(r"['.](?!(TH|SH|SS|B|PP|TP|nf|fi)\b)", line), line
        assert not re.search(r"\\(?![-e&f])", line), line


def test_every_field_of_a_plan_has_words() -> None:
    schema = output_schemas()["plan.json"]
    for name, node in schema["$defs"].items():
        for key in node.get("properties", {}):
            assert MEANINGS.get(name, {}).get(key), f"{name}.{key} has no meaning in controller/cli/meanings.py"


def test_no_words_are_left_over_for_fields_that_are_gone() -> None:
    fields = {(name, key) for schema in output_schemas().values() for name, node in schema.get("$defs", {}).items()
              for key in node.get("properties", {})}  # fmt: skip
    assert {(name, key) for name, words in MEANINGS.items() for key in words} <= fields
