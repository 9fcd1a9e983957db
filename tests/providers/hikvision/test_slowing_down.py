"""A terminal says that it is busy under statuses of its own; its lane slows down by itself. And what holds by default."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from controller.sdk import Action, Busy, Period, Write
from controller.spec.policy import ControllerSpec, Policy
from providers.hikvision.provider import PROVIDER
from providers.hikvision.simulator import Quirks, Terminal
from tests.memory import Clock

pytestmark = pytest.mark.anyio
OpenLane = Callable[..., AbstractAsyncContextManager[Any]]


def test_a_second_between_calls_and_sixteen_devices_side_by_side_unless_declared_otherwise() -> None:
    assert (Policy().pace, ControllerSpec().parallel_devices) == (1.0, 16)


@pytest.mark.parametrize("status", [200, 400, 503])
async def test_a_busy_answer_to_a_question_slows_the_lane(open_lane: OpenLane, status: Any) -> None:
    terminal = Terminal(quirks=Quirks(busy_status=status))
    async with open_lane(terminal, clock=Clock()) as lane:
        terminal.faults.busy(1)
        await lane.reader.facts()
        assert lane.http.gap == 0.25


@pytest.mark.parametrize("status", [200, 400, 503])
async def test_a_busy_answer_to_a_write_slows_the_lane(open_lane: OpenLane, year: Period, status: Any) -> None:
    terminal = Terminal(quirks=Quirks(busy_status=status))
    values = [None] * len(PROVIDER.kind_of("person").fields)
    values[:4] = ["Test Unu", year, ((1, 1),), "normal"]  # type: ignore[list-item]
    async with open_lane(terminal, clock=Clock()) as lane:
        await lane.reader.facts()
        terminal.faults.busy(1, path="/ISAPI/AccessControl/UserInfo/Record")
        with pytest.raises(Busy):
            await lane.write(Write("w", Action.CREATE, "person", "1", tuple(values)))
        assert lane.http.gap == 0.25
