"""What is read from a terminal, whatever its firmware does to the answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.sdk import (
    PERMANENT,
    Busy,
    Incomplete,
    Nonsense,
    NotOffered,
    Period,
    ProviderError,
    Ref,
    TimedOut,
    Unauthorized,
)
from providers.hikvision.reader import clock_offset
from providers.hikvision.simulator import PROFILES, Quirks, Terminal

pytestmark = pytest.mark.anyio
OpenLane = Callable[..., AbstractAsyncContextManager[Any]]


def _filled(count: int, profile: str = "DS-K1T341AM", /, **quirks: Any) -> Terminal:
    terminal = Terminal(profile, Quirks(**quirks)) if quirks else Terminal(profile)
    for number in range(1, count + 1):
        terminal.add_person(str(1000 + number), f"Person {number}")
    return terminal


async def test_facts_tell_who_answers_in_eight_calls(open_lane: OpenLane) -> None:
    terminal = _filled(3)
    async with open_lane(terminal) as lane:
        facts = await lane.reader.facts()
        assert (facts.identity, facts.model, facts.firmware) == (terminal.serial, "DS-K1T341AM", "V3.18.0 build 240206")
        assert facts.capacity == {"person": (3, 3000), "card": (None, 3000), "face": (0, 1500)}
        assert abs(facts.clock_offset or 0.0) < 5
        assert lane.http.calls == 8 + 1  # one 401
        assert hash(facts.limits) == hash(facts.limits)


async def test_a_no_op_costs_pages_and_eight_calls(open_lane: OpenLane) -> None:
    async with open_lane(_filled(65)) as lane:
        await lane.reader.facts()
        assert len(await lane.everything("person")) == 65
        assert lane.http.calls == 3 + 8 + 1


async def test_a_terminal_set_to_another_zone_has_a_wrong_clock(open_lane: OpenLane) -> None:
    async with open_lane(Terminal(timezone="Asia/Shanghai")) as lane:
        facts = await lane.reader.facts()
        assert facts.clock_offset is not None and facts.clock_offset > 5 * 3600
        assert "time zone" in facts.notes[0]


@pytest.mark.parametrize("profile", PROFILES)
async def test_every_model_is_read_whole(open_lane: OpenLane, profile: str) -> None:
    async with open_lane(_filled(61, profile)) as lane:
        await lane.reader.facts()
        seen = await lane.everything("person")
        assert list(seen) == [str(1000 + n) for n in range(1, 62)]
        assert seen["1001"].values == (
            "Person 1", Period("2020-01-01T00:00:00", "2037-12-31T23:59:59"), ((1, 1),), "normal", None
        )  # fmt: skip


@pytest.mark.parametrize(
    "quirk",
    ["types_as_strings", "object_for_one", "odd_words", "nul_after", "opt_as_list", "more_forever", "rightplan_empty",
     "blank_before_xml", "wrapped_status", "ignore_filter", "flat_count", "strict_nonce_count", "nonce_binds_url"],
)  # fmt: skip
@pytest.mark.parametrize("count", [0, 1, 31])
async def test_quirks_of_the_answer_change_nothing(open_lane: OpenLane, quirk: str, count: int) -> None:
    async with open_lane(_filled(count, **{quirk: True})) as lane:
        await lane.reader.facts()
        seen = await lane.everything("person")
        assert len(seen) == count
        assert all(one.values[2] == ((1, 1),) for one in seen.values())


@pytest.mark.parametrize("quirks", [{"nonce_uses": 2}, {"nonce_uses": 2, "no_challenge": True}, {"nonce_uses": 1}])
async def test_dying_nonces_do_not_cut_a_list_short(open_lane: OpenLane, quirks: dict[str, Any]) -> None:
    async with open_lane(_filled(95, **quirks)) as lane:
        assert len(await lane.everything("person")) == 95


async def test_an_empty_terminal_is_one_empty_page(open_lane: OpenLane) -> None:
    async with open_lane(_filled(0)) as lane:
        pages = [page async for page in lane.reader.observe(("person",))]
        assert [(page.kind, page.entities, page.total) for page in pages] == [("person", [], 0)]


async def test_a_list_whose_number_changes_is_incomplete(open_lane: OpenLane) -> None:
    async with open_lane(_filled(65, total_changes=True)) as lane:
        with pytest.raises(Incomplete):
            await lane.everything("person")


@pytest.mark.parametrize("body", [b"", b"null", b" ", b"{}", b"[]", b'{"UserInfoSearch":{}}', b'{"statusCode":1}'])
async def test_an_empty_answer_is_never_an_empty_list(open_lane: OpenLane, body: bytes) -> None:
    terminal = _filled(3)
    async with open_lane(terminal) as lane:
        await lane.reader.facts()
        terminal.faults.status(200, body=body)
        with pytest.raises(Nonsense):
            await lane.everything("person")


async def test_a_terminal_without_search_says_so(open_lane: OpenLane) -> None:
    async with open_lane(_filled(3, search_absent=True)) as lane:
        with pytest.raises(NotOffered):
            await lane.everything("person")


async def test_an_error_under_http_200_is_an_error(open_lane: OpenLane) -> None:
    async with open_lane(_filled(3, search_absent=True, error_with_200=True)) as lane:
        with pytest.raises(ProviderError):
            await lane.everything("person")


@pytest.mark.parametrize("status", [200, 400, 503])
async def test_a_busy_terminal_is_busy_whatever_the_http_status(open_lane: OpenLane, status: Any) -> None:
    terminal = _filled(3, busy_status=status)
    async with open_lane(terminal) as lane:
        terminal.faults.busy(None)
        with pytest.raises(Busy):
            await lane.reader.facts()


async def test_html_instead_of_json_is_nonsense(open_lane: OpenLane) -> None:
    terminal = _filled(3)
    async with open_lane(terminal) as lane:
        await lane.reader.facts()
        terminal.faults.status(200, body=b"<!DOCTYPE html><html><body>Login</body></html>")
        with pytest.raises(Nonsense):
            await lane.everything("person")


async def test_a_wrong_password_is_tried_once(open_lane: OpenLane) -> None:
    terminal = _filled(3)
    async with open_lane(terminal, password="wrong") as lane:
        for _ in range(3):
            with pytest.raises(Unauthorized):
                await lane.reader.facts()
        assert terminal.calls == 2


async def test_a_truncated_page_over_a_socket_is_never_a_short_list(open_lane: OpenLane) -> None:
    terminal = _filled(40)
    async with open_lane(terminal, socket=True) as lane:
        await lane.reader.facts()
        terminal.faults.truncate(None)
        with pytest.raises(ProviderError):
            await lane.everything("person")


async def test_a_closed_connection_is_tried_again_once(open_lane: OpenLane) -> None:
    terminal = _filled(40)
    async with open_lane(terminal, socket=True) as lane:
        await lane.reader.facts()
        terminal.faults.close(1)
        assert len(await lane.everything("person")) == 40


async def test_a_slow_terminal_times_out(open_lane: OpenLane) -> None:
    terminal = _filled(1)
    async with open_lane(terminal, socket=True, timeouts={"read": "100ms"}) as lane:
        terminal.faults.slow(1.0)
        with pytest.raises(TimedOut):
            await lane.reader.facts()


async def test_disabled_validity_is_permanent(open_lane: OpenLane) -> None:
    terminal = _filled(1)
    terminal.edit_at_the_door("1001", Valid={"enable": False})
    async with open_lane(terminal) as lane:
        assert (await lane.everything("person"))["1001"].values[1] == PERMANENT


async def test_administrators_are_guarded(open_lane: OpenLane) -> None:
    terminal = _filled(2)
    terminal.edit_at_the_door("1002", localUIRight=True)
    async with open_lane(terminal) as lane:
        seen = await lane.everything("person")
        assert (seen["1001"].guard, seen["1002"].guard) == ("", "is an administrator at the terminal")


async def test_cards_are_read_with_their_owners(open_lane: OpenLane) -> None:
    terminal = _filled(2)
    terminal.add_card("1001", "0012345678")
    terminal.add_card("1002", "99", "patrolCard")
    async with open_lane(terminal) as lane:
        seen = await lane.everything("person", "card")
        assert (seen["0012345678"].values, seen["0012345678"].subject) == (("1001", "normalCard"), "1001")
        assert seen["99"].values == ("1002", "patrolCard")
        assert not seen["99"].remote_id


@pytest.mark.parametrize("ignore", [False, True])
async def test_reading_some_again_leaves_out_the_rest(open_lane: OpenLane, ignore: bool) -> None:
    terminal = _filled(100, ignore_filter=ignore)
    terminal.add_card("1001", "77")
    terminal.add_card("1002", "78")
    async with open_lane(terminal) as lane:
        refs = [Ref(str(key)) for key in (1005, 9999, *range(1040, 1080))]
        seen = await lane.reader.read("person", refs)
        assert {one.key for one in seen} == {"1005", *map(str, range(1040, 1080))}
        assert [one.key for one in await lane.reader.read("card", [Ref("78"), Ref("404")])] == ["78"]


async def test_reading_nothing_again_asks_for_nothing(open_lane: OpenLane) -> None:
    terminal = _filled(3)
    async with open_lane(terminal) as lane:
        assert await lane.reader.read("person", []) == []
        assert not any(call.path.endswith("Search") for call in terminal.log)


async def test_what_was_read_again_hides_a_readable_pin(open_lane: OpenLane) -> None:
    terminal = _filled(1, pin_readable=True)
    terminal.device.persons.pins["1001"] = "31415926"
    async with open_lane(terminal) as lane:
        seen = await lane.reader.read("person", [Ref("1001")])
        assert "31415926" not in repr(seen)


async def test_something_else_at_the_address_is_called_that(open_lane: OpenLane) -> None:
    terminal = Terminal()
    async with open_lane(terminal) as lane:
        terminal.faults.status(404, path="/ISAPI/System/deviceInfo")
        with pytest.raises(NotOffered, match="not as a Hikvision terminal") as caught:
            await lane.reader.facts()
    assert "the port" in caught.value.hint


async def test_another_device_at_the_address_is_not_taken_for_a_terminal(open_lane: OpenLane) -> None:
    terminal = _filled(1)
    async with open_lane(terminal) as lane:
        await lane.reader.limits()
        terminal.faults.status(200, body=b"<html><body>Printer</body></html>")
        with pytest.raises(Nonsense, match="not one of a terminal"):
            await lane.reader.facts()
        terminal.faults.status(404, body=b"<html><body>Not found</body></html>")
        with pytest.raises(NotOffered):
            await lane.reader.facts()


@pytest.mark.parametrize(
    ("local_time", "zone", "offset"),
    [
        ("2026-07-01T12:00:00+02:00", ZoneInfo("Europe/Stockholm"), 0),
        ("2026-07-01T18:00:00+08:00", ZoneInfo("Europe/Stockholm"), 6 * 3600),
        ("2026-07-01T12:01:00", ZoneInfo("Europe/Stockholm"), 60),
        ("2026-07-01T18:00:00+08:00", None, 0),
        ("2026-07-01T12:00:00", None, None),
        ("noon", None, None),
    ],
)
def test_the_offset_is_that_of_the_wall_clock(local_time: str, zone: ZoneInfo | None, offset: float | None) -> None:
    assert clock_offset(local_time, datetime(2026, 7, 1, 10, tzinfo=UTC), zone) == offset
