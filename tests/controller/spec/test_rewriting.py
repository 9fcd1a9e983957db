"""Putting items into what an operator wrote: every other byte stays, and what cannot be done safely is not done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.model.errors import TrueupError, UsageError
from controller.spec.rewriting.files import replace_file, whole_file
from controller.spec.rewriting.insertion import Addition, NotRewritable, SpecText, with_document, with_items
from controller.spec.yaml import parse

ITEM = {
    "from": "door-people", "where": {"access": "door 1, for ever"}, "key": "{employee_no}",
    "valid": {"from": "{valid_from}", "until": "forever"}, "doors": [{"door": 1, "plan": 1}],
}  # fmt: skip
ADD = Addition("Device", "door", ("spec", "people"), (ITEM,))
HEAD = """\
# the gym   (call Åsa before you change it)
apiVersion: trueup/v1
kind: Controller
metadata: {name: main}
spec: {timezone: Europe/Stockholm}   # home
---
apiVersion: trueup/v1
kind:   Device
metadata: {name: door, labels: {site: gym}}
spec:
  provider: 'hikvision'
  people:%s
  # of the policy
  policy: {pace: 0,  adopt: "refuse"}
# the end
"""
FORMS = [
    " []",
    " []   # nobody yet",
    " [ ]",
    "\n    - from: members   # tail\n      key: '{id}'\n    # after the last",
    "\n  - from: members\n    where: {a: 1}",
    "\n  - from: members\n    name:\n      - a\n      - |\n        b\n\n",
    " [{from: members}]",
    " [{from: members},  ]   # one line",
    "\n  - {from: members, key: '{id}'}\n  # and so on",
]


def data(text: str) -> list[Any]:
    content = parse(text)
    assert content.faults == []
    return [document.data for document in content.documents]


def people(text: str) -> list[Any]:
    return next(list(d["spec"]["people"]) for d in data(text) if d["kind"] == "Device")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_item_is_added_and_no_other_byte_changes(form: str, ends: str) -> None:
    before = (HEAD % form).replace("\n", ends)
    after = with_items(before, ADD)
    assert people(after) == [*people(before), ITEM]
    empty = not people(before)
    kept = [line for line in before.splitlines(keepends=True) if "people: [" not in line]
    left = iter(after.splitlines(keepends=True))
    assert all(line in left for line in kept)  # each in its order
    assert (ends == "\r\n") == ("\r\n" in after) and after.count("\n") == after.count(ends)
    assert "# nobody yet" in after or "nobody" not in form
    assert not empty or "people: []" not in after


@pytest.mark.parametrize("form", FORMS)
def test_a_second_time_goes_after_the_first(form: str) -> None:
    assert people(with_items(with_items(HEAD % form, ADD), ADD)) == [*people(HEAD % form), ITEM, ITEM]


@example("?0")
@example("- a")
@example("no")
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff"), max_size=20))
def test_whatever_a_group_is_called_it_is_read_back_as_it_is(name: str) -> None:
    item = {**ITEM, "where": {"access": name}}
    for form in (" []", " [{from: members}]"):
        assert people(with_items(HEAD % form, Addition("Device", "door", ("spec", "people"), (item,))))[-1] == item


def test_lines_that_end_in_two_ways_keep_their_ends() -> None:
    before = (HEAD % " []").replace("# home\n", "# home\r\n")
    assert "# home\r\n" in with_items(before, ADD) and with_items(before, ADD).count("\r\n") == 1


def test_a_byte_order_mark_stays() -> None:
    assert with_items("\ufeff" + HEAD % " []", ADD).startswith("\ufeff# the gym")


def test_a_document_in_braces_stays_in_braces() -> None:
    text = "{apiVersion: trueup/v1, kind: Device, metadata: {name: door}, spec: {people: [], a: 1}}\n"
    assert people(with_items(text, ADD)) == [ITEM] and "a: 1}}" in with_items(text, ADD)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HEAD % " &shared []", "shared by an anchor"),
        (HEAD.replace("metadata: {name: main}", "metadata: {name: main}\nx: &p []") % " *p", "cannot be taken apart|shared"),
        ((HEAD % " []").replace("name: door", "name: gate"), "holds no list spec.people"),
        (HEAD % " {a: 1}", "holds no list spec.people"),
        (HEAD % " [", "cannot be taken apart"),
    ],
)
def test_what_cannot_be_done_safely_is_to_be_done_by_hand(text: str, what: str) -> None:
    with pytest.raises(NotRewritable, match=what) as refused:
        with_items(text, ADD)
    assert "- from: door-people" in refused.value.hint


@pytest.mark.parametrize("text", [HEAD % " []", (HEAD % " []").rstrip("\n"), (HEAD % " []").replace("\n", "\r\n")])
def test_a_document_goes_to_the_end(text: str) -> None:
    source = {"apiVersion": "trueup/v1", "kind": "Source", "metadata": {"name": "x"}, "spec": {"config": {"path": "a b.csv"}}}
    after = with_document(text, source, "Who was there.")
    assert after.startswith(text) and data(after) == [*data(text), source] and "# Who was there." in after


def test_a_document_after_one_that_is_cut_off_is_refused() -> None:
    with pytest.raises(NotRewritable):
        with_document("a: [1,\n", {"kind": "Source"})


# -- files -------------------------------------------------------------------------------------------------------------------


def test_a_file_gets_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), whole_file(tmp_path / "a.csv") as file:
        file.write(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with whole_file(tmp_path / "a.csv") as file:
        file.write(b"all")
    assert (tmp_path / "a.csv").read_bytes() == b"all" and (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["", "nowhere/a.csv"])
def test_a_place_that_takes_no_file_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be written"), whole_file(tmp_path / name):
        pass


def test_a_disk_that_refuses_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("controller.spec.rewriting.files.os.fsync", full)
    with pytest.raises(TrueupError, match="No space left"), whole_file(tmp_path / "a.csv") as file:
        file.write(b"x")
    assert list(tmp_path.iterdir()) == []


def test_what_changed_meanwhile_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("new")
    with pytest.raises(TrueupError, match="was changed meanwhile"):
        replace_file(path, b"mine", b"old")
    path.unlink()
    with pytest.raises(TrueupError, match="cannot be read"):
        replace_file(path, b"mine", b"old")


def test_rights_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "a.yaml", tmp_path / "b.yaml"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    replace_file(link, b"mine", b"old")
    assert (path.read_bytes(), path.stat().st_mode & 0o777, link.is_symlink()) == (b"mine", 0o640, True)


def test_many_devices_of_one_file_are_written_in_one_go() -> None:
    head, device = (HEAD % " []").split("---\n")
    text = head + "".join(f"---\n{device.replace('name: door', f'name: door-{n}')}" for n in range(50))
    page = SpecText(text)
    for number in range(0, 50, 2):
        page.add(Addition("Device", f"door-{number}", ("spec", "people"), (ITEM,)))
        page.append({"kind": "Source", "metadata": {"name": f"source-{number}"}})
    with pytest.raises(NotRewritable):
        page.add(Addition("Device", "door-99", ("spec", "people"), (ITEM,)))
    after = data(page.text())
    assert [len(d["spec"]["people"]) for d in after if d["kind"] == "Device"] == [1, 0] * 25
    assert sum(d["kind"] == "Source" for d in after) == 25
