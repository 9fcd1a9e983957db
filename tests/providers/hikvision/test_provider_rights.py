"""What an account may do, found out by looking alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.sdk import ProviderError
from controller.sdk.provider import Checkable
from providers.hikvision.simulator import Terminal

pytestmark = pytest.mark.anyio
_REFUSED = json.dumps({"statusCode": 4, "statusString": "Invalid Operation", "subStatusCode": "lowPrivilege"}).encode()


async def test_an_administrator_may_read_everything_and_nothing_is_written(open_lane: Any) -> None:
    terminal = Terminal()
    async with open_lane(terminal) as lane:
        assert isinstance(lane.reader, Checkable)
        rights = await lane.reader.rights()
    everything = ("list the persons", "list the cards", "list the faces")
    assert [(right.what, right.allowed) for right in rights] == [(what, True) for what in everything]
    assert [entry for entry in map(str, terminal.faults.log) if "Record" in entry or "Modify" in entry or "Delete" in entry] == []


async def test_a_call_that_is_refused_is_named_and_the_others_are_tried(open_lane: Any) -> None:
    terminal = Terminal()
    async with open_lane(terminal) as lane:
        await lane.reader.facts()
        terminal.faults.status(403, body=_REFUSED)
        first, *others = await lane.reader.rights()
    assert (first.what, first.allowed, "lacks the right" in first.message) == ("list the persons", False, True)
    assert [right.allowed for right in others] == [True, True]


async def test_a_trouble_that_says_nothing_of_rights_stays_an_error(open_lane: Any) -> None:
    terminal = Terminal()
    async with open_lane(terminal) as lane:
        await lane.reader.facts()
        terminal.faults.status(200, body=b"{}")
        with pytest.raises(ProviderError):
            await lane.reader.rights()
