"""A plan for pipelines: comments that fit, pages and reports that are valid, and nothing in a name that is markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from controller.cli.show.formats.fitting import Block, fitted, size
from controller.cli.show.formats.github import plan_github
from controller.cli.show.formats.junit import plan_junit
from controller.cli.show.formats.paper import Paper
from controller.cli.show.formats.plan_html import plan_html
from controller.cli.show.formats.plan_markdown import ROOM, plan_markdown
from controller.cli.show.formats.writing import RENDERERS, wanted, write_file
from controller.cli.show.layout import View
from controller.model.change import Action, Change, Condition, FieldChange, Limit, Notice, Plan, Verdict
from controller.model.diagnostic import Place
from controller.model.entity import Effect
from controller.model.errors import TrueupError, UsageError

MakePlan = Callable[..., Plan]
DOOR = "Device/front-door"
VIEW = View(zone=ZoneInfo("Europe/Stockholm"))
PLACES = {DOOR: Place("specs/doors.yaml", 12, 18), "Device/back-door": Place("specs/doors.yaml", 40, 18)}
RULES = (
    Limit(DOOR, "revoke", 412, 300, 1000, "412 of 1000 entries would lose access; at most 300 may", f"--allow revoke:{DOOR}=412"),
    Limit(DOOR, "policy:weekend", 1, 0, 1002, "nobody is removed at weekends (1 change)", "", place="specs/site.yaml:7:13"),
)
WARNED = Notice(DOOR, Verdict.WARNED, "policy:large", "a large change: have somebody look (3 changes)")
HOSTILE = "</details></pre>\n```\n<script>alert(1)</script> | @everyone #1 [x](http://evil) &amp; \x1b[31m\x00\u202e]]> '\""


def paper(plan: Plan, saved: str = "") -> Paper:
    return Paper(plan, VIEW, PLACES, saved)


@pytest.fixture
def forbidden(make_plan: MakePlan, three: tuple[Change, ...]) -> Plan:
    plan = make_plan(three, limits=RULES)
    return msgspec.structs.replace(plan, notices=(*plan.notices, WARNED), rules=("weekend", "large"))


@pytest.fixture
def hostile(make_plan: MakePlan) -> Plan:
    fields = (FieldChange("name", was=HOSTILE, becomes=HOSTILE * 3, title=HOSTILE),)
    change = Change("1", DOOR, "person", HOSTILE, Action.UPDATE, Effect.GRANTS, HOSTILE, fields, label=HOSTILE)
    plan = make_plan((change,), limits=(Limit(DOOR, "policy:x", 1, 0, 1, HOSTILE, ""),))
    parked = msgspec.structs.replace(plan.resources[2], message=HOSTILE, hint=HOSTILE, model=HOSTILE, target=HOSTILE)
    notice = Notice("", Verdict.REFUSED, HOSTILE, HOSTILE, hint=HOSTILE, place=HOSTILE)
    return msgspec.structs.replace(
        plan,
        resources=(*plan.resources[:2], parked),
        notices=(notice, WARNED),
        sources={HOSTILE: 3},
        scope=(f"--target {HOSTILE}",),
    )


@pytest.mark.parametrize("name", ["markdown", "html", "junit", "github"])
def test_a_plan_that_rules_forbid_in_every_format(name: str, forbidden: Plan, snapshot: SnapshotAssertion) -> None:
    assert RENDERERS[name](paper(forbidden)) == snapshot


def test_a_plan_that_may_be_applied_as_a_comment(
    make_plan: MakePlan, three: tuple[Change, ...], snapshot: SnapshotAssertion
) -> None:
    assert plan_markdown(paper(make_plan(three, quiet=True), saved="plan.json")) == snapshot


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_every_format_names_the_digest_unless_there_is_nothing_to_do(
    name: str, make_plan: MakePlan, three: tuple[Change, ...]
) -> None:
    made = paper(make_plan(three))
    assert made.digest in RENDERERS[name](made)
    assert "nothing to do" in RENDERERS[name](paper(make_plan(quiet=True))) or name in ("json", "junit")


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_a_plan_made_offline_is_never_offered_to_apply(name: str, make_plan: MakePlan, three: tuple[Change, ...]) -> None:
    plan = make_plan(three, offline=True)
    resources = tuple(msgspec.structs.replace(r, condition=Condition.OFFLINE) for r in plan.resources)
    assert "--reviewed" not in RENDERERS[name](paper(msgspec.structs.replace(plan, resources=resources)))


# -- markdown ----------------------------------------------------------------------------------------------------------------


def markdown_is_whole(text: str) -> None:
    """Fences, folds and tables are closed; every row has the cells of its head."""
    fence, folds, cells = False, 0, 0
    for line in text.splitlines():
        if line.startswith("```"):
            fence = not fence
            continue
        if fence:
            assert "```" not in line
            continue
        folds += line.count("<details>") - line.count("</details>")
        cells = (cells or line.count("|")) if line.startswith("|") else 0
        if cells:
            assert line.count("|") == cells and line.endswith("|")
    assert (fence, folds) == (False, 0)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from([HOSTILE, "`" * 9, "😀" * 400, "|" * 300])


def changes_of(texts: list[str], count: int) -> tuple[Change, ...]:
    return tuple(
        Change(
            str(n), DOOR if n % 3 else "Device/side-door", "person", str(n), list(Action)[n % 6], list(Effect)[n % 3], "because",
            (FieldChange("valid", was=texts[n % len(texts)], becomes=texts[(n + 1) % len(texts)]),), label=texts[n % len(texts)],
        )
        for n in range(count)
    )  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=8), count=st.sampled_from([0, 1, 40, 700, 3000]),
    rules=st.integers(0, 400), doors=st.sampled_from([1, 3, 900]),
)  # fmt: skip
def test_a_comment_never_passes_its_room_and_is_never_cut_inside(
    make_plan: MakePlan, texts: list[str], count: int, rules: int, doors: int
) -> None:
    limits = tuple(Limit(DOOR, "r", n, 0, 1, texts[n % len(texts)], "--allow x") for n in range(rules))
    plan = make_plan(changes_of(texts, count), limits=limits)
    more = tuple(msgspec.structs.replace(plan.resources[0], address=f"Device/d{n}", message=texts[0]) for n in range(doors))
    plan = msgspec.structs.replace(
        plan, resources=(*plan.resources, *more), scope=tuple(texts) * 300, allowances=tuple(texts) * 300
    )
    made = paper(plan)
    said = plan_markdown(made)
    assert len(said) <= ROOM and len(said.encode("utf-16-le")) // 2 <= ROOM
    assert made.digest in said
    markdown_is_whole(said)


def test_a_comment_that_is_cut_says_how_much_is_missing(make_plan: MakePlan) -> None:
    plan = make_plan(changes_of(["a name that is long enough to matter"], 3000), quiet=True)
    said = plan_markdown(paper(plan))
    shown, missing = said.count("a name that is"), re.search(r"\*\*Cut here: ([\d,]+) lines more", said)
    assert missing is not None and 100 < shown < 6000
    assert int(missing[1].replace(",", "")) > 3000
    assert ROOM - 1000 < len(said) <= ROOM


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.text("ab😀", max_size=9), max_size=6)), max_size=6), st.integers(120, 260))
def test_fitting_keeps_the_first_lines_and_counts_the_rest(shape: list[tuple[int, list[str]]], room: int) -> None:
    blocks = [Block([f"{n}.{i}{text}" for i, text in enumerate(texts)], ["<"] * edge, [">"] * edge)
              for n, (edge, texts) in enumerate(shape)]  # fmt: skip
    said = fitted(["head"], blocks, lambda left: [f"left {left}"], room)
    lines = said.splitlines()
    every = [line for block in blocks for line in block.lines]
    shown = [line for line in lines if re.match(r"\d\.", line)]
    assert size(lines) <= room
    assert shown == every[: len(shown)]
    assert lines.count("<") == lines.count(">")
    assert (lines[-1] == f"left {len(every) - len(shown)}") is (len(shown) < len(every))


def test_nothing_in_a_name_is_markup_in_a_comment(hostile: Plan) -> None:
    said = plan_markdown(paper(hostile))
    markdown_is_whole(said)
    outside = re.sub(r"```.*?```", "", said, flags=re.DOTALL)
    assert not re.search(r"<script|@everyone|(?<!&)#1|\]\(|://|\x1b|\u202e", outside)
    assert "&#64;&#8203;everyone &#35;&#8203;1" in outside
    assert not re.search(r"\x1b|\x00|\u202e", said)


# -- html --------------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects tags, and checks that each is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


PAGE_TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "h1",
    "h2",
    "p",
    "code",
    "br",
    "details",
    "summary",
    "span",
    "ul",
    "li",
}


@pytest.mark.parametrize("which", ["forbidden", "hostile"])
def test_a_page_is_valid_and_needs_nothing_else(which: str, request: pytest.FixtureRequest) -> None:
    said = plan_html(paper(request.getfixturevalue(which)))
    page = Page()
    page.feed(said)
    assert page.open == []
    assert page.tags == PAGE_TAGS
    assert page.attributes == {"lang", "charset", "http-equiv", "content", "name", "class"}
    assert "default-src 'none'" in said and "width=device-width" in said
    assert not re.search(
        r"https?://|url\(|@import", said.replace(HOSTILE, "").replace("http://192.168.1.10", "").replace("http://evil", "")
    )
    fromstring(said.replace("<!DOCTYPE html>", ""))


@given(st.text())
def test_whatever_a_name_holds_a_page_and_a_report_stay_well_formed(name: str) -> None:
    change = Change("1", DOOR, "person", name, Action.UPDATE, Effect.GRANTS, name, (FieldChange(name, was=name, becomes=name),))
    plan = Plan(1, "p", "2026-11-22T05:00:00Z", "2026-11-23T05:00:00Z", "w", "s", "1", changes=(change,))
    plan = msgspec.structs.replace(plan, limits=(Limit(DOOR, "r", 1, 0, 1, name, name),))
    if any(0xD800 <= ord(letter) < 0xE000 for letter in name):
        return  # no plan can hold half a letter: JSON cannot
    page = fromstring(plan_html(Paper(plan)).replace("<!DOCTYPE html>", ""))
    assert {element.tag for element in page.iter()} <= PAGE_TAGS
    fromstring(plan_junit(Paper(plan)))


# -- junit and github --------------------------------------------------------------------------------------------------------


def cases(text: str) -> dict[str, ElementTree.Element]:
    return {case.get("name", ""): case for case in fromstring(text).iter("testcase")}


def test_limits_rules_and_unreadable_doors_are_failures_of_their_resources(forbidden: Plan) -> None:
    text = plan_junit(paper(forbidden))
    found = cases(text)
    types = {name: [failure.get("type") for failure in case.iter("failure")] for name, case in found.items()}
    assert types == {DOOR: ["revoke", "policy:weekend"], "Device/side-door": [], "Device/back-door": ["parked"]}
    suite = next(fromstring(text).iter("testsuite"))
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["3", "2", "0", "0"]
    assert "a large change" in (found[DOOR].findtext("system-out") or "")


def test_what_was_not_asked_is_skipped_and_not_passed(make_plan: MakePlan) -> None:
    plan = make_plan(offline=True, quiet=True)
    plan = msgspec.structs.replace(
        plan, resources=tuple(msgspec.structs.replace(r, condition=Condition.OFFLINE) for r in plan.resources)
    )
    assert all(case.find("skipped") is not None for case in cases(plan_junit(paper(plan))).values())


def test_annotations_stand_at_the_lines_of_the_specs_and_hold_no_second_command(hostile: Plan) -> None:
    lines = plan_github(paper(hostile)).splitlines()
    assert all(re.fullmatch(r"::(error|warning|notice) [^\n]*", line) for line in lines)
    assert lines[0].startswith("::error file=specs/doors.yaml,line=12,col=18,title=policy%3Ax::Device/front-door: ")
    assert "::error file=specs/doors.yaml,line=40,col=18,title=parked::" in lines[1]
    assert all(line.count("::") == 2 for line in lines)


# -- files -------------------------------------------------------------------------------------------------------------------


def test_several_formats_go_to_several_files(tmp_path: Path, make_plan: MakePlan, three: tuple[Change, ...]) -> None:
    made = paper(make_plan(three))
    words = [f"{name}={tmp_path / name}" for name in RENDERERS]
    for file in wanted(words, tuple(RENDERERS)):
        write_file(file.path, RENDERERS[file.format](made))
    assert {path.name for path in tmp_path.iterdir()} == set(RENDERERS)
    assert (tmp_path / "html").read_text(encoding="utf-8") == plan_html(made)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["markdown"], "says no file"), (["=x"], "there is no format"), (["html="], "says no file"),
        (["markdwon=x"], "did you mean markdown"), (["html=a", "json=a"], "written twice"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_understood_is_a_mistake(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        wanted(words, tuple(RENDERERS))


def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TrueupError, match="could not be written"):
        write_file(tmp_path / "missing" / "x.html", "x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(TrueupError, match="could not be written"):
        write_file(tmp_path / "folder", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_thirty_thousand_changes_are_shown_in_every_format(make_plan: MakePlan) -> None:
    plan = make_plan(changes_of(["Åsa Öberg"], 30_000), quiet=True)
    for name in ("markdown", "html", "junit", "github"):
        assert RENDERERS[name](paper(plan)), name
