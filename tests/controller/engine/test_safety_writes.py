"""What was sent is never forgotten: answers that were not checked, programs that break, leases that go, kinds without names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from controller.engine.plans import planfile
from controller.engine.plans.planning import Planned, Wanted
from controller.model.outcome import Outcome, Status
from controller.sdk.errors import Busy, Conflict, Done, ProviderError, TimedOut, Unauthorized, Unreachable
from controller.sdk.provider import Ref, Write
from controller.state.rows import Begun, Finished, OwnedRow
from tests.memory import Door, DoorReader, Site, record

pytestmark = pytest.mark.anyio

ALL = Wanted(allow=frozenset({"bootstrap", "revoke:Device/front=99", "grant:Device/front=99"}))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 4)]
    return site


class Killed(BaseException):
    """The process ends here."""


async def owned(site: Site, kind: str = "person", door: str = "front") -> dict[str, str]:
    async with site.world() as world:
        return await world.state.inventory.index(f"Device/{door}", kind)


def failing_reads(site: Site, error: ProviderError, times: int) -> Callable[[str], None]:
    """Reads fail so many times once the last member was written."""
    left = [times]

    def fail(call: str) -> None:
        if call.startswith("read") and "3" in site.front.persons and left[0]:
            left[0] -= 1
            raise error

    return fail


async def test_who_was_made_and_could_not_be_looked_at_at_once_is_ours(site: Site) -> None:
    site.front.fail = failing_reads(site, Unreachable("gone for a moment"), times=1)
    result = await site.apply()
    assert result.counts == {"done": 3} and len(site.front.writes) == 3
    assert set(await owned(site)) == {"1", "2", "3"}


async def test_who_was_made_by_a_device_that_then_fell_silent_is_found_by_the_next_run(site: Site) -> None:
    site.front.fail = failing_reads(site, Unreachable("gone"), times=99)
    result = await site.apply()
    assert {(o.status, o.effect) for o in result.outcomes} == {(Status.FAILED, "unknown")}
    site.front.fail = lambda call: None
    await site.apply()
    assert await owned(site) == dict.fromkeys("123", "owned") and len(site.front.writes) == 3


async def test_a_lost_answer_and_then_a_refusal_leave_it_open_whether_it_was_made(site: Site) -> None:
    answers: list[ProviderError] = [TimedOut("no answer", effect=Done.UNKNOWN), Conflict("is there already", code="exists")]
    hidden = {"2"}

    def answer(call: str) -> None:
        if call == "write create person/2" and answers:
            raise answers.pop(0)

    site.front.fail = answer
    result = await site.apply()
    [two] = [o for o in result.outcomes if o.key in hidden]
    assert (two.status, two.effect) == (Status.STALE, "unknown")
    assert (await owned(site))["2"] == "pending"  # should it appear, it is known to be what was begun


async def test_a_broken_provider_stops_its_own_target_and_no_other(site: Site) -> None:
    site.doors["back"] = Door(serial="S2")

    def bug(write: Write) -> None:
        if write.key == "2":
            raise KeyError("secret-value")

    site.front.after = bug
    result = await site.apply()
    assert len(site.doors["back"].persons) == 3
    fatal = {r.resource: r.fatal for r in result.resources}
    assert "KeyError at engine/test_safety_writes.py" in fatal["Device/front"] and fatal["Device/back"] == ""
    assert "secret-value" not in str(result)


async def test_what_a_broken_provider_may_have_made_is_looked_up(site: Site) -> None:
    def bug(write: Write) -> None:
        if write.key == "2":
            raise KeyError("2")

    site.front.after = bug
    result = await site.apply()
    assert {(o.key, o.effect) for o in result.outcomes} == {("1", "done"), ("2", "done"), ("3", "none")}  # 2 was looked at
    site.front.after = lambda write: None
    await site.apply()
    assert await owned(site) == dict.fromkeys("123", "owned") and site.front.writes.count("write create person/2") == 1


async def test_a_reader_that_breaks_parks_its_target_in_the_plan(site: Site) -> None:
    site.doors["back"] = Door(serial="S2")

    def bug(call: str) -> None:
        if call == "facts":
            raise ZeroDivisionError

    site.front.fail = bug
    plan = (await site.plan()).plan
    assert {r.address: r.condition for r in plan.resources} == {"Device/front": "parked", "Device/back": "complete"}


async def test_a_source_that_breaks_is_a_source_that_could_not_be_read(site: Site) -> None:
    site.members.fail_after, error = 1, KeyError("row")
    site.members.error = error  # type: ignore[assignment]
    plan = (await site.plan()).plan
    assert plan.changes == () and "broke: KeyError" in plan.resources[0].message


async def test_who_lost_the_lease_does_not_take_from_the_inventory_what_another_run_made(site: Site) -> None:
    ours = OwnedRow("Device/front", "person", "1", "pending", run="ours")
    theirs = OwnedRow("Device/front", "person", "1", "owned", run="theirs")
    never_sent = Outcome("c1", "Device/front", "person", "1", "create", Status.PARKED)
    async with site.world() as world:
        state = world.state
        await state.journal.begin("ours", [Begun("c1", "Device/front", "person", "1", "create", owned=ours)])
        await state.inventory.upsert([theirs])
        await state.journal.finish("ours", [Finished(never_sent, undo=True)])
    assert await owned(site) == {"1": "owned"}


async def test_what_was_never_sent_leaves_nothing_in_the_inventory(site: Site) -> None:
    site.before_send = lose_lease
    await site.apply()
    assert await owned(site) == {}


def lose_lease() -> None:
    raise Unauthorized("somebody else holds the state", code="lease-lost")


async def test_a_device_that_asks_for_an_hour_is_left_for_the_next_run(site: Site) -> None:
    def busy(call: str) -> None:
        if call.startswith("write"):
            raise Busy("come back later", retry_after=3600.0)

    site.front.fail = busy
    before = site.clock.time
    result = await site.apply()
    assert {o.status for o in result.outcomes} == {Status.PARKED} and (site.clock.time - before).total_seconds() < 60


def by_key_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terminals answer a question without a key with nothing."""
    real = DoorReader.read

    async def read(self: DoorReader, kind: str, refs: Sequence[Ref]) -> object:
        return await real(self, kind, [Ref(ref.key) for ref in refs if ref.key])

    monkeypatch.setattr(DoorReader, "read", read)


async def with_cards(site: Site) -> None:
    site.manage, site.policies["front"] = ("person", "card"), {"onRemoval": "delete"}
    site.members.rows = [record(key, card=f"77{key}") for key in "123"]
    await site.apply()


async def test_a_card_that_was_made_before_a_crash_is_ours_afterwards(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    by_key_only(monkeypatch)

    def crash(write: Write) -> None:
        if write.kind == "card":
            raise Killed

    site.front.after = crash
    with pytest.raises(Killed):
        await with_cards(site)
    site.front.after = lambda write: None
    site.members.rows = [record(key) for key in "123"]
    await site.apply(await site.plan(ALL))
    await site.apply(await site.plan(ALL))
    assert site.front.cards == {}


async def test_a_card_whose_removal_was_interrupted_is_not_taken_for_gone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    by_key_only(monkeypatch)
    await with_cards(site)
    site.members.rows = [record("1"), *site.members.rows[1:]]

    def crash(call: str) -> None:
        if call.startswith("write delete card"):
            raise Killed

    site.front.fail = crash
    with pytest.raises(Killed):
        await site.apply(await site.plan(ALL))
    site.front.fail = lambda call: None
    await site.apply(await site.plan(ALL))
    await site.apply(await site.plan(ALL))
    assert set(site.front.cards) == {"772", "773"}


async def test_a_saved_plan_really_removes_the_card_that_it_cannot_name(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    by_key_only(monkeypatch)
    await with_cards(site)
    site.members.rows = [record("1"), *site.members.rows[1:]]
    saved = planfile.encode(planfile.signed((await site.plan(ALL)).plan, site.keys))
    assert re.search(rb"(?<![0-9a-f])771(?![0-9a-f])", saved) is None  # not as a part of a fingerprint, which chance may make
    async with site.world() as world:
        plan = planfile.admit(planfile.decode(saved, site.keys, "plan"), world)
    result = await site.apply(Planned(plan))
    assert result.counts == {"done": 1} and set(site.front.cards) == {"772", "773"}


async def test_a_saved_plan_leaves_a_card_alone_that_somebody_else_has_now(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    by_key_only(monkeypatch)
    await with_cards(site)
    site.members.rows = [record("1"), *site.members.rows[1:]]
    plan = (await site.plan(ALL)).plan
    site.front.cards["771"] = "3"
    result = await site.apply(Planned(plan))
    assert result.counts == {"stale": 1} and site.front.cards["771"] == "3"
    assert len(await owned(site, "card")) == 3
