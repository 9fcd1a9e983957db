from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.wishes.select import JoinTable, NotSelected, Selection, Selector, build_join, fold, join_field, join_name
from controller.model.record import Record, RecordRef, Unreadable, Value
from controller.sdk.mapping import Match, SubjectMapping
from controller.sdk.provider import Selected

IDS = {"source": "ids", "on": "{email}", "take": "employee_no"}


def mapping(**words: Any) -> SubjectMapping:
    return SubjectMapping.model_validate({"from": "members", **words})


def member(key: str, **fields: Value) -> Record:
    return Record(key, {"id": key, **fields}, f"member {key}", ("a note",))


def row(key: str, **fields: Value) -> Record:
    return Record(key, fields, f"ids.csv:{key}")


def joins_of(words: SubjectMapping, *rows: Record | Unreadable) -> dict[str, JoinTable]:
    return {join_name(match): build_join(match, rows) for match in words.match}


def select(record: Record | Unreadable, rows: tuple[Record | Unreadable, ...] = (), **words: Any) -> Selection:
    made = mapping(**words)
    return Selector(made, joins_of(made, *rows), "members").select(record)


def not_selected(selection: Selection) -> NotSelected:
    assert isinstance(selection, NotSelected)
    return selection


def test_without_conditions_every_record_is_selected_as_it_is() -> None:
    record = member("1", email="a@b.se")
    found = select(record)
    assert found == Selected(record.fields, (RecordRef("members", "1", "member 1"),), ("a note",))
    assert isinstance(found, Selected)
    assert found.fields is record.fields


def test_a_record_that_the_filter_excludes_is_plainly_absent() -> None:
    found = not_selected(select(member("1", active=False), where={"active": True}))
    assert (found.code, found.held, found.holds_everything) == ("filtered", False, False)
    assert "active is true" in found.message


def test_a_record_that_the_filter_cannot_judge_is_held() -> None:
    found = not_selected(select(member("1"), where={"active": True}))
    assert (found.code, found.held, found.refs) == ("filter-unknown", True, (RecordRef("members", "1", "member 1"),))
    assert found.message == "members: member 1: it is not clear whether it is meant: active is missing"


def test_an_unreadable_row_is_held_under_its_key() -> None:
    found = not_selected(select(Unreadable("7", "end-before-begin", "it ends before it begins", "members.csv:7")))
    assert (found.code, found.held, found.holds_everything) == ("end-before-begin", True, False)
    assert found.refs[0].key == "7"
    assert found.message == "members: members.csv:7: it ends before it begins"


def test_an_unreadable_row_of_nobody_holds_everything() -> None:
    found = not_selected(select(Unreadable(None, "key-missing", "id is empty")))
    assert found.holds_everything
    assert found.message == "members: a row: id is empty"


def test_a_join_lends_fields_and_remembers_both_records() -> None:
    found = select(member("1", email=" A\u030asa@B.SE "), (row("17", email="åsa@b.se", employee_no="1001"),), match=IDS)
    assert isinstance(found, Selected)
    assert found.fields["employee_no"] == "1001"
    assert found.refs == (RecordRef("members", "1", "member 1"), RecordRef("ids", "17", "ids.csv:17"))
    assert found.notes == ("a note",)


def test_a_record_without_the_join_value_is_held_with_a_reason() -> None:
    found = not_selected(select(Record("900001", {}, "member 900001"), match=IDS))
    assert (found.code, found.held) == ("join-value-missing", True)
    assert found.message == "members: member 900001 has no email, so no employee_no can be looked up in ids"


def test_a_record_that_finds_nobody_or_several_is_held() -> None:
    rows = (row("1", email="x@b.se"), row("2", email="X@b.se"), row("3", email="x@B.se"), Unreadable("4", "x", "y"))
    nobody = not_selected(select(member("1", email="a@b.se"), rows, match=IDS))
    several = not_selected(select(member("1", email="x@b.se"), rows, match=IDS))
    assert (nobody.code, nobody.held) == ("join-no-partner", True)
    assert (several.code, several.held) == ("join-ambiguous", True)
    assert "3 records of ids" in several.message


def test_what_the_partner_lacks_is_not_taken_from_the_record_itself() -> None:
    found = select(member("1", email="a@b.se", employee_no="666"), (row("17", email="a@b.se"),), match=IDS)
    assert isinstance(found, Selected)
    assert found.fields["employee_no"] is None


def test_a_list_field_of_the_other_source_is_found_by_each_item() -> None:
    rows = (row("17", emails=("a@b.se", "A@b.se", "c@d.se", " ")),)
    found = select(
        member("1", email="c@d.se"), rows, match={"source": "ids", "on": "{email}", "by": "emails", "take": "employee_no"}
    )
    assert isinstance(found, Selected)


def test_joins_follow_each_other() -> None:
    matches = [IDS, {"source": "ids", "on": "{employee_no}", "take": ["card_no"]}]
    rows = (row("17", email="a@b.se", employee_no="1001", card_no="77"),)
    found = select(member("1", email="a@b.se"), rows, match=matches)
    assert isinstance(found, Selected)
    assert (found.fields["card_no"], len(found.refs)) == ("77", 3)


def test_a_plain_no_on_own_fields_wins_over_a_failed_join() -> None:
    found = not_selected(select(member("1", active=False), match=IDS, where={"active": True, "employee_no": {"exists": True}}))
    assert (found.code, found.held) == ("filtered", False)


@pytest.mark.parametrize("condition", [{"employee_no": {"exists": True}}, {"not": {"employee_no": {"exists": False}}},
                                       {"any": [{"active": False}, {"employee_no": {"exists": True}}]}])  # fmt: skip
def test_a_failed_join_is_never_taken_for_a_field_that_does_not_exist(condition: dict[str, Any]) -> None:
    found = not_selected(select(member("1", active=True), match=IDS, where=condition))
    assert (found.code, found.held) == ("join-value-missing", True)


def test_conditions_on_joined_fields_are_asked_after_the_join() -> None:
    rows = (row("17", email="a@b.se", employee_no="1001"), row("18", email="c@d.se"))
    where = {"employee_no": {"in": ["1001"]}}
    assert isinstance(select(member("1", email="a@b.se"), rows, match=IDS, where=where), Selected)
    assert not_selected(select(member("1", email="c@d.se"), rows, match=IDS, where=where)).code == "filter-unknown"
    other = not_selected(select(member("1", email="a@b.se"), rows, match=IDS, where={"employee_no": "2"}))
    assert (other.code, other.held, len(other.refs)) == ("filtered", False, 2)


def test_an_unknown_own_condition_is_settled_by_a_no_on_a_joined_field() -> None:
    rows = (row("17", email="a@b.se", employee_no="1001"),)
    assert (
        not_selected(select(member("1", email="a@b.se"), rows, match=IDS, where={"active": True, "employee_no": "2"})).held is False
    )
    assert not_selected(select(member("1", email="a@b.se"), rows, match=IDS, where={"active": True, "employee_no": "1001"})).held


def select_all(records: list[Record | Unreadable], rows: tuple[Record, ...] = (), **words: Any) -> list[Selection]:
    made = mapping(**words)
    return list(Selector(made, joins_of(made, *rows), "members").select_all(records))


def test_two_records_that_find_the_same_partner_are_both_held() -> None:
    rows = (row("17", email="a@b.se", employee_no="1001"), row("18", email="c@d.se", employee_no="1002"))
    found = select_all([member("1", email="a@b.se"), member("2", email="c@d.se"), member("3", email="A@B.se")], rows, match=IDS)
    one, two, three = found
    assert isinstance(two, Selected)
    assert [not_selected(s).code for s in (one, three)] == ["join-shared", "join-shared"]
    assert not_selected(one).message == (
        "members: member 1 and 1 more find the same record of ids (ids.csv:17); it cannot be told whose it is"
    )


def test_a_record_that_is_plainly_excluded_shares_nothing() -> None:
    rows = (row("17", email="a@b.se", employee_no="1001"),)
    records: list[Record | Unreadable] = [member("1", email="a@b.se", active=True), member("2", email="a@b.se", active=False)]
    one, two = select_all(records, rows, match=IDS, where={"active": True})
    assert isinstance(one, Selected)
    assert not_selected(two).code == "filtered"


def test_a_record_that_may_be_meant_shares_its_partner() -> None:
    rows = (row("17", email="a@b.se", employee_no="1001"),)
    records: list[Record | Unreadable] = [member("1", email="a@b.se", active=True), member("2", email="a@b.se")]
    found = select_all(records, rows, match=IDS, where={"active": True})
    assert [not_selected(s).code for s in found] == ["join-shared", "join-shared"]


def test_without_joins_records_stream() -> None:
    made = mapping()
    stream = Selector(made, {}, "members").select_all(member(str(n)) for n in iter(int, 1))
    assert isinstance(next(stream), Selected)


def test_without_joins_every_record_has_its_selection_in_order() -> None:
    found = select_all([member("1"), Unreadable("2", "x", "y"), member("3")])
    assert [selection.refs[0].key for selection in found] == ["1", "2", "3"]


def test_the_field_to_look_in_is_the_one_that_is_looked_for() -> None:
    assert join_field(Match(source="ids", on=("{email}",), take=("x",))) == "email"
    assert join_name(Match(source="ids", on=("{a} {b}",), by="name", take=("x",))) == "ids.name"
    with pytest.raises(ValueError, match="names 2 fields"):
        join_field(Match(source="ids", on=("{a} {b}",), take=("x",)))


def test_a_constant_that_is_looked_up_names_what_it_lacks() -> None:
    found = not_selected(select(member("1"), match={"source": "ids", "on": " ", "by": "email", "take": "x"}))
    assert found.message == "members: member 1 has no email, so no x can be looked up in ids"


@given(st.text())
def test_folding_twice_changes_nothing_for_joins(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(f" {text}\t") == fold(text)
