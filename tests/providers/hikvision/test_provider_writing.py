"""What is written to a terminal, and what is told about it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import pytest

from controller.sdk import (
    PERMANENT,
    Action,
    Busy,
    Conflict,
    ConnectionLost,
    Done,
    Full,
    NotOffered,
    Period,
    ProviderError,
    Ref,
    Rejected,
    Unauthorized,
    Unreachable,
    Write,
    Written,
)
from providers.hikvision.provider import PROVIDER
from providers.hikvision.simulator import PROFILES, Profile, Quirks, Terminal

pytestmark = pytest.mark.anyio
OpenLane = Callable[..., AbstractAsyncContextManager[Any]]
YEAR = Period("2026-01-01T00:00:00", "2026-12-31T23:59:59")
ANNA = ("Anna Åberg", YEAR, ((1, 1),), "normal", None)


def _create(key: str = "1001", values: tuple[Any, ...] = ANNA, **rest: Any) -> Write:
    return Write(key, Action.CREATE, "person", key, values, **rest)


def _delete(key: str) -> Write:
    return Write(key, Action.DELETE, "person", key, ANNA)


def _card(action: Action, number: str, owner: str, card_type: str = "normalCard", **rest: Any) -> Write:
    return Write(number, action, "card", number, (owner, card_type), subject=owner, **rest)


def _bodies(terminal: Terminal) -> list[str]:
    return [call.path.rpartition("AccessControl/")[2] for call in terminal.log if call.method != "GET" and call.status != 401]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("valid", [YEAR, PERMANENT])
async def test_a_created_person_reads_back_as_declared(open_lane: OpenLane, profile: str, valid: Period) -> None:
    values = ("Anna Åberg", valid, ((1, 1),), "normal", None)
    async with open_lane(Terminal(profile)) as lane:
        assert await lane.write(_create(values=values)) == [Written("1001", Done.DONE)]
        [actual] = await lane.reader.read("person", [Ref("1001")])
        assert actual.values == values


async def test_a_person_is_never_written_over_by_an_add(open_lane: OpenLane) -> None:
    terminal = Terminal()
    terminal.add_person("1001", "Somebody else")
    async with open_lane(terminal) as lane:
        [written] = await lane.write(_create())
        assert isinstance(written.error, Conflict)
        assert (written.error.code, written.effect) == ("exists", Done.NONE)
        assert terminal.persons["1001"]["name"] == "Somebody else"


@pytest.mark.parametrize("modify", ["merge", "replace"])
@pytest.mark.parametrize("shape", ["types-as-strings", "xml-for-json"])
async def test_a_change_keeps_what_is_not_ours(open_lane: OpenLane, modify: Any, shape: str) -> None:
    terminal = Terminal(quirks=Quirks(modify=modify, pin_readable=True).switched([shape]))
    terminal.add_person("1001", "Anna", maxOpenDoorTime=7, belongGroup="1,3", PersonInfoExtends=[{"value": "x"}])
    terminal.device.persons.pins["1001"] = "271828"
    async with open_lane(terminal) as lane:
        assert (await lane.change("1001", (None, YEAR, None, None, None), managed=("valid",))).error is None
        person = terminal.persons["1001"]
        assert (person["name"], person["maxOpenDoorTime"], person["belongGroup"]) == ("Anna", 7, "1,3")
        assert (person["doorRight"], person["RightPlan"]) == ("1", [{"doorNo": 1, "planTemplateNo": "1"}])
        assert person["Valid"]["endTime"] == "2026-12-31T23:59:59"
        assert terminal.device.persons.pins["1001"] == "271828"


async def test_a_change_is_one_write_and_no_further_read(open_lane: OpenLane) -> None:
    terminal = Terminal()
    terminal.add_person("1001", "Anna")
    async with open_lane(terminal) as lane:
        await lane.change("1001", ANNA)
        assert _bodies(terminal) == ["UserInfo/Search", "UserInfo/Modify"]


async def test_a_change_without_a_fresh_look_looks_first(open_lane: OpenLane) -> None:
    terminal = Terminal(quirks=Quirks(modify="replace"))
    terminal.add_person("1001", "Anna", belongGroup="2")
    async with open_lane(terminal) as lane:
        [written] = await lane.write(Write("w", Action.UPDATE, "person", "1001", ANNA))
        assert written.error is None
        assert terminal.persons["1001"]["belongGroup"] == "2"


async def test_the_hidden_plan_of_a_right_is_not_wiped_by_a_change_of_validity(open_lane: OpenLane) -> None:
    terminal = Terminal("DS-KV6124-E1")
    terminal.add_person("1001", "Anna", RightPlan=[{"doorNo": 1, "planTemplateNo": "3"}])
    async with open_lane(terminal) as lane:
        await lane.change("1001", (None, YEAR, None, None, None), managed=("valid",))
        assert terminal.persons["1001"]["RightPlan"] == [{"doorNo": 1, "planTemplateNo": "3"}]


async def test_a_person_who_vanished_is_not_made_again_by_a_change(open_lane: OpenLane) -> None:
    terminal = Terminal()
    terminal.add_person("1001", "Anna")
    async with open_lane(terminal) as lane:
        [current] = await lane.reader.read("person", [Ref("1001")])
        terminal.remove_at_the_door("1001")
        for seen in (current, None):
            [written] = await lane.write(Write("w", Action.UPDATE, "person", "1001", ANNA, current=seen))
            assert isinstance(written.error, Rejected)
            assert (written.error.code, written.effect) == ("missing", Done.NONE)
        assert not terminal.persons


async def test_a_delete_removes_exactly_one(open_lane: OpenLane) -> None:
    terminal = Terminal(quirks=Quirks(delete_empty_list_wipes=True))
    for key in ("1", "2", "3"):
        terminal.add_person(key)
    async with open_lane(terminal) as lane:
        assert [w.effect for w in await lane.write(_delete("2"), _delete("2"))] == [Done.DONE, Done.DONE]
        assert set(terminal.persons) == {"1", "3"}


async def test_a_delete_without_a_key_is_never_sent(open_lane: OpenLane) -> None:
    terminal = Terminal(quirks=Quirks(delete_empty_list_wipes=True))
    terminal.add_person("1")
    terminal.add_card("1", "11")
    async with open_lane(terminal) as lane:
        for written in await lane.write(_delete(""), _card(Action.DELETE, "", "1")):
            assert isinstance(written.error, Rejected)
        assert set(terminal.persons) == {"1"} and set(terminal.cards) == {"11"}


@pytest.mark.parametrize("slow", [0, 3])
async def test_a_terminal_without_plain_delete_deletes_in_detail(open_lane: OpenLane, slow: int) -> None:
    terminal = Terminal(quirks=Quirks(detail_delete_slow=slow))
    terminal.add_person("1")
    terminal.add_person("2")
    async with open_lane(terminal) as lane:
        terminal.faults.status(405, None, path="/ISAPI/AccessControl/UserInfo/Delete")
        assert [w.error for w in await lane.write(_delete("1"), _delete("2"))] == [None, None]
        assert not terminal.persons
        assert _bodies(terminal).count("UserInfo/Delete") == 1


@pytest.mark.parametrize(
    ("quirks", "code", "effect"),
    [
        (Quirks(no_delete=True, detail_delete_fails=True), "delete-failed", Done.NONE),
        (Quirks(no_delete=True, detail_delete_slow=10_000), "delete-unfinished", Done.UNKNOWN),
    ],
)
async def test_a_detailed_delete_is_believed_only_when_it_is_over(
    open_lane: OpenLane, quirks: Quirks, code: str, effect: Done
) -> None:
    terminal = Terminal(quirks=quirks)
    terminal.add_person("1")
    async with open_lane(terminal) as lane:
        [written] = await lane.write(_delete("1"))
        assert written.error is not None and (written.error.code, written.effect) == (code, effect)
        assert "UserInfo/Delete" not in _bodies(terminal)


async def test_a_detailed_delete_that_reports_failure_may_have_worked_all_the_same(open_lane: OpenLane) -> None:
    terminal = Terminal(quirks=Quirks(no_delete=True, detail_delete_fails=True))
    async with open_lane(terminal) as lane:
        [written] = await lane.write(_delete("1"))
        assert written.error is None and written.effect is Done.DONE


async def test_no_way_to_delete_is_said(open_lane: OpenLane) -> None:
    terminal = Terminal(Profile("X", detail_delete=False))
    terminal.add_person("1")
    async with open_lane(terminal) as lane:
        terminal.faults.status(405, None, path="/ISAPI/AccessControl/UserInfo/Delete")
        [written] = await lane.write(_delete("1"))
        assert isinstance(written.error, NotOffered) and written.effect is Done.NONE


async def test_a_full_terminal_takes_no_more_adds_but_other_writes(open_lane: OpenLane) -> None:
    terminal = Terminal(Profile("X", persons=1))
    terminal.add_person("1")
    async with open_lane(terminal) as lane:
        results = await lane.write(_create("2"), _create("3"), _delete("1"))
        assert [type(w.error) for w in results] == [Full, Full, type(None)]
        assert _bodies(terminal) == ["UserInfo/Record", "UserInfo/Delete"]


async def test_busy_stops_before_anything_is_done(open_lane: OpenLane) -> None:
    terminal = Terminal()
    async with open_lane(terminal) as lane:
        await lane.write(_create("1"))
        terminal.faults.busy(1)
        results = []
        with pytest.raises(Busy):
            async for written in lane.writer.apply([_create("2"), _create("3")]):
                results.append(written)
        assert results == [] and set(terminal.persons) == {"1"}


async def test_a_lost_answer_leaves_the_effect_unknown_and_ends_the_batch(open_lane: OpenLane) -> None:
    terminal = Terminal()
    async with open_lane(terminal, socket=True) as lane:
        await lane.write(_create("1"))
        terminal.faults.lose_answer(1)
        results: list[Written] = []
        with pytest.raises(ConnectionLost):
            async for written in lane.writer.apply([_create("2"), _create("3")]):
                results.append(written)
        assert [(w.id, w.effect) for w in results] == [("2", Done.UNKNOWN)]
        assert set(terminal.persons) == {"1", "2"}


@pytest.mark.parametrize("quirk", ["null_body", "empty_200"])
async def test_a_success_that_is_not_said_is_unknown(open_lane: OpenLane, quirk: str) -> None:
    terminal = Terminal(quirks=Quirks().switched([quirk.replace("_", "-")]))
    async with open_lane(terminal) as lane:
        results = await lane.write(_create("2"), _create("3"))
        assert [w.effect for w in results] == [Done.UNKNOWN] * 2  # both were sent: reading shows what became of them
        assert all(w.error is not None and "does not say whether" in w.error.message for w in results)
        assert set(terminal.persons) == {"2", "3"}


async def test_wrong_credentials_raise_before_any_result(open_lane: OpenLane) -> None:
    async with open_lane(Terminal(), password="wrong") as lane:
        with pytest.raises(Unauthorized):
            await lane.write(_create())


async def test_a_terminal_that_is_off_raises_before_any_result(open_lane: OpenLane) -> None:
    async with open_lane(Terminal(), socket=True) as lane:
        lane.terminal.faults.close(None)
        with pytest.raises((ConnectionLost, Unreachable)):
            await lane.write(_create())


async def test_a_restart_that_is_asked_for_is_told(open_lane: OpenLane) -> None:
    async with open_lane(Terminal(quirks=Quirks(reboot_required=True))) as lane:
        [written] = await lane.write(_create())
        assert (written.effect, written.error) == (Done.DONE, None)
        assert "restart" in written.message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (("x" * 129, YEAR, ((1, 1),), "normal", None), "name too long"),
        (("a/b", YEAR, ((1, 1),), "normal", None), "character of the name"),
        (("Anna", Period("2050-01-01T00:00:00", ""), ((1, 1),), "normal", None), "calendar"),
    ],
)
async def test_a_value_that_is_not_accepted_is_told_in_plain_words(
    open_lane: OpenLane, values: tuple[Any, ...], words: str
) -> None:
    async with open_lane(Terminal()) as lane:
        [written] = await lane.write(_create(values=values))
        assert isinstance(written.error, Rejected) and words in written.error.message


async def test_cards_are_added_retyped_and_deleted(open_lane: OpenLane) -> None:
    terminal = Terminal()
    terminal.add_person("1")
    async with open_lane(terminal) as lane:
        await lane.write(_card(Action.CREATE, "0077", "1"))
        assert terminal.cards["0077"]["employeeNo"] == "1"
        [current] = await lane.reader.read("card", [Ref("0077")])
        await lane.write(_card(Action.UPDATE, "0077", "1", "patrolCard", current=current))
        assert terminal.cards["0077"]["cardType"] == "patrolCard"
        results = await lane.write(_card(Action.DELETE, "0077", "1", current=current), _card(Action.DELETE, "0077", "1"))
        assert [w.effect for w in results] == [Done.DONE, Done.DONE]
        assert not terminal.cards


async def test_a_card_moves_by_leaving_its_old_owner_first(open_lane: OpenLane) -> None:
    terminal = Terminal()
    terminal.add_person("1")
    terminal.add_person("2")
    terminal.add_card("1", "77")
    async with open_lane(terminal) as lane:
        [current] = await lane.reader.read("card", [Ref("77")])
        [written] = await lane.write(_card(Action.UPDATE, "77", "2", current=current))
        assert written.error is None and terminal.cards["77"]["employeeNo"] == "2"
        [lost] = await lane.write(_card(Action.UPDATE, "77", "3", current=current))
        assert lost.effect is Done.UNKNOWN and "77" not in terminal.cards


async def test_a_card_is_never_taken_from_somebody(open_lane: OpenLane) -> None:
    terminal = Terminal()
    terminal.add_person("1")
    terminal.add_person("2")
    terminal.add_card("1", "77")
    async with open_lane(terminal) as lane:
        [written] = await lane.write(_card(Action.CREATE, "77", "2"))
        assert isinstance(written.error, Conflict) and written.error.code == "taken"
        assert terminal.cards["77"]["employeeNo"] == "1"


async def test_a_card_of_nobody_is_refused_and_its_number_stays_out_of_the_message(open_lane: OpenLane) -> None:
    async with open_lane(Terminal()) as lane:
        written = await lane.write(_card(Action.CREATE, "424242", "9"), _card(Action.UPDATE, "434343", "9"))
        assert [w.error.code for w in written] == ["missing", "missing"]
        assert not any("424242" in str(w.error) or "434343" in str(w.error) for w in written)


async def test_a_sixth_card_is_refused_for_this_person_alone(open_lane: OpenLane) -> None:
    terminal = Terminal()
    terminal.add_person("1")
    terminal.add_person("2")
    async with open_lane(terminal) as lane:
        results = await lane.write(*(_card(Action.CREATE, f"8{n}", "1") for n in range(6)), _card(Action.CREATE, "90", "2"))
        assert [w.error is None for w in results] == [True] * 5 + [False, True]
        assert isinstance(results[5].error, Rejected)


async def test_what_a_terminal_does_not_keep_is_not_written(open_lane: OpenLane) -> None:
    async with open_lane(Terminal()) as lane:
        [written] = await lane.write(Write("f", Action.CREATE, "fingerprint", "1", ()))
        assert isinstance(written.error, NotOffered)


async def test_no_writes_cost_no_calls(open_lane: OpenLane) -> None:
    async with open_lane(Terminal()) as lane:
        assert await lane.write() == []
        assert lane.http.calls == 0


async def test_a_terminal_with_upsert_alone_is_looked_at_before_an_add(open_lane: OpenLane) -> None:
    terminal = Terminal()
    capabilities = b'{"UserInfo":{"supportFunction":"setUp","employeeNo":{"@max":32},"name":{"@max":64},"Valid":{},"doorRight":{}}}'
    async with open_lane(terminal) as lane:
        terminal.faults.status(200, body=capabilities, path="/ISAPI/AccessControl/UserInfo/capabilities")
        first, second = await lane.write(_create(), _create())
        assert first.error is None and isinstance(second.error, Conflict)
        [current] = await lane.reader.read("person", [Ref("1001")])
        [changed] = await lane.write(
            Write("w", Action.UPDATE, "person", "1001", ("Anna B", YEAR, ((1, 1),), "normal", None), current=current)
        )
        assert changed.error is None and terminal.persons["1001"]["name"] == "Anna B"
        assert "UserInfo/Record" not in _bodies(terminal) and "UserInfo/Modify" not in _bodies(terminal)
        assert terminal.persons["1001"]["RightPlan"] == []  # not listed, so never sent


async def test_a_terminal_that_tells_nothing_of_itself_still_gets_the_plain_fields(open_lane: OpenLane) -> None:
    terminal = Terminal()
    async with open_lane(terminal) as lane:
        for path in ("capabilities", "UserInfo/capabilities", "CardInfo/capabilities"):
            terminal.faults.status(404, None, path=f"/ISAPI/AccessControl/{path}")
        terminal.add_person("2")
        results = await lane.write(_create(), _card(Action.CREATE, "5", "2"))
        assert [w.error for w in results] == [None, None]


async def test_a_door_station_without_cards_refuses_cards_only(open_lane: OpenLane) -> None:
    terminal = Terminal()
    terminal.add_person("1")
    abilities = (
        b"<AccessControl><isSupportUserInfo>true</isSupportUserInfo><isSupportCardInfo>false</isSupportCardInfo></AccessControl>"
    )
    async with open_lane(terminal) as lane:
        terminal.faults.status(200, None, body=abilities, path="/ISAPI/AccessControl/capabilities")
        facts = await lane.reader.facts()
        assert facts.notes == ("it keeps no cards",) and "card" not in facts.capacity
        assert set(await lane.everything("person")) == {"1"}
        with pytest.raises(NotOffered):
            await lane.everything("card")
        [written] = await lane.write(_card(Action.CREATE, "5", "1"))
        assert isinstance(written.error, Rejected)


async def test_a_camera_is_no_door_terminal(open_lane: OpenLane) -> None:
    terminal = Terminal()
    abilities = b"<AccessControl><isSupportUserInfo>false</isSupportUserInfo></AccessControl>"
    async with open_lane(terminal) as lane:
        terminal.faults.status(200, None, body=abilities, path="/ISAPI/AccessControl/capabilities")
        with pytest.raises(NotOffered, match="no door terminal"):
            await lane.reader.facts()


async def test_a_barred_person_keeps_name_and_doors_and_expires(open_lane: OpenLane) -> None:
    terminal = Terminal("DS-KV6124-E1")
    terminal.add_person("1", "Anna", Valid={"enable": False})
    async with open_lane(terminal) as lane:
        [current] = await lane.reader.read("person", [Ref("1")])
        barred = PROVIDER.bar("person", current, datetime(2026, 6, 1))
        assert barred is not None
        [written] = await lane.write(Write("w", Action.UPDATE, "person", "1", barred, current=current))
        [again] = await lane.reader.read("person", [Ref("1")])
        assert written.error is None and again.values == barred
        assert PROVIDER.bar("person", again, datetime(2026, 6, 1)) is None
        assert terminal.persons["1"]["Valid"]["enable"] is True


async def test_an_error_page_after_a_write_leaves_its_effect_unknown(open_lane: OpenLane) -> None:
    for status in (500, 200):
        terminal = Terminal()
        async with open_lane(terminal) as lane:
            await lane.write(_create("1"))
            terminal.faults.status(status, body=b"<html><body>Oops</body></html>")
            results: list[Written] = []
            with pytest.raises(ProviderError):
                async for written in lane.writer.apply([_create("2"), _create("3")]):
                    results.append(written)
            assert [(w.id, w.effect) for w in results] == [("2", Done.UNKNOWN)]
