"""What is told about a refused login: a lock with its rest, or the attempts that are left; and never a second attempt."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from controller.sdk import Unauthorized
from providers.hikvision.isapi.login import explained
from providers.hikvision.simulator import Quirks, Terminal

pytestmark = pytest.mark.anyio
OpenLane = Callable[..., AbstractAsyncContextManager[Any]]


async def test_a_wrong_password_tells_how_many_attempts_are_left(open_lane: OpenLane) -> None:
    async with open_lane(Terminal(), password="wrong") as lane:
        with pytest.raises(Unauthorized, match="refused the name or the password") as refused:
            await lane.reader.facts()
        assert "attempts left before it locks: 4" in refused.value.hint
        assert refused.value.retry_after == 1800


async def test_a_locked_terminal_says_so_although_the_password_is_right(open_lane: OpenLane) -> None:
    terminal = Terminal()
    for _ in range(5):
        async with open_lane(terminal, password="wrong") as lane:
            with pytest.raises(Unauthorized):
                await lane.reader.facts()
    async with open_lane(terminal) as lane:
        calls = terminal.calls
        with pytest.raises(Unauthorized, match="has locked this account") as refused:
            await lane.reader.facts()
        assert (refused.value.code, "about 30 minutes" in refused.value.hint) == ("locked", True)
        assert 1700 < (refused.value.retry_after or 0) <= 1800
        with pytest.raises(Unauthorized, match="has locked"):
            await lane.everything()
        assert terminal.calls == calls + 2  # the question and one answer to its challenge, then nothing


async def test_old_firmware_tells_nothing_and_is_not_made_to(open_lane: OpenLane) -> None:
    async with open_lane(Terminal(quirks=Quirks(auth_style="old")), password="wrong") as lane:
        with pytest.raises(Unauthorized) as refused:
            await lane.reader.facts()
        assert "attempts left" not in refused.value.hint


@pytest.mark.parametrize(
    ("detail", "code", "seconds"),
    [
        ('{"statusCode":4,"subStatusCode":"badAuthorization","lockStatus":"lock","resLockTime":600}', "locked", 600),
        ("<userCheck><lockStatus>lock</lockStatus></userCheck>", "locked", 1800),
        ("<userCheck><lockStatus>locked</lockStatus><unlockTime>0</unlockTime></userCheck>", "locked", 1800),
        ("<userCheck><lockStatus>unlock</lockStatus><unlockTime>0</unlockTime></userCheck>", "credentials-refused", 1800),
        ('{"lockStatus": "unlock", "retryTimes": 3}', "credentials-refused", 1800),
        ("<html>Access Error: 401</html>", "credentials-refused", 1800),
    ],
)
async def test_every_form_of_the_lock_is_read(detail: str, code: str, seconds: float) -> None:
    error = explained(Unauthorized("door refused it", hint="look", detail=detail), "door")
    assert (error.code, error.retry_after) == (code, seconds)
    assert ("attempts left before it locks: 3" in error.hint) == ("retryTimes" in detail)
