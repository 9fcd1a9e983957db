"""Dumping: page by page as it comes, all of it or an error, and nothing sensitive unless it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.engine.intake.dumping import Row, dumping
from controller.model.entity import EntityKind, Field
from controller.model.period import Period
from controller.model.record import Unreadable
from controller.sdk.errors import Incomplete, ProviderError, WrongTarget
from tests.memory import Site, record

pytestmark = pytest.mark.anyio


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.front.page = 10
    site.front.persons = {str(n): (f"Member {n}", Period("2026-01-01T00:00:00", ""), (1,)) for n in range(95)}
    site.front.cards = {"C1": "1"}
    return site


async def all_of(site: Site, *names: str, address: str = "Device/front", reveal: bool = False) -> list[Row]:
    async with site.world() as world:
        resource = next(r for r in world.specs.resources if str(r.address) == address)
        async with dumping(world, resource, names, reveal=reveal) as dump:
            return [row async for rows in dump.pages for row in rows]


async def test_a_page_is_handed_on_before_the_next_is_asked_for(site: Site) -> None:
    async with site.world() as world, dumping(world, world.specs.targets[0], (), reveal=False) as dump:
        sizes = []
        async for rows in dump.pages:
            sizes.append(len(rows))
            assert site.front.calls.count("observe person") == len(sizes)
    assert sizes == [10] * 9 + [5] and site.front.writes == []


async def test_what_the_spec_manages_comes_when_no_kind_is_named(site: Site) -> None:
    assert {row.kind for row in await all_of(site)} == {"person"}
    site.manage = ("person", "card")
    assert {row.kind for row in await all_of(site)} == {"person", "card"}


async def test_a_card_has_a_token_until_it_is_revealed(site: Site) -> None:
    [hidden], [shown] = await all_of(site, "card"), await all_of(site, "card", reveal=True)
    assert (hidden.subject, shown.key) == ("1", "C1") and len(hidden.key) == 16 and "C1" not in repr(hidden)


async def test_a_list_that_ends_early_raises_after_what_was_there(site: Site) -> None:
    def fail(call: str) -> None:
        if call.startswith("observe") and site.front.calls.count(call) == 3:
            raise Incomplete("the list ended early")

    site.front.fail = fail
    seen = 0
    with pytest.raises(Incomplete):
        async with site.world() as world, dumping(world, world.specs.targets[0], (), reveal=False) as dump:
            async for rows in dump.pages:
                seen += len(rows)
    assert seen == 20


async def test_another_device_is_not_dumped_and_a_wrong_clock_is_told(site: Site) -> None:
    site.front.offset = 4000.0
    async with site.world() as world, dumping(world, world.specs.targets[0], (), reveal=False) as dump:
        assert "1h7m ahead" in dump.doubt and dump.identity == "S1"
    site.declared_serial = "S9"
    with pytest.raises(WrongTarget):
        await all_of(site)


async def test_a_source_gives_what_cannot_be_read_too(site: Site) -> None:
    site.members.rows = [record("1"), Unreadable(None, "bad", "its line is broken", "row 2")]
    good, bad = await all_of(site, address="Source/members")
    assert (good.key, good.values[1], bad.problem, bad.place) == ("1", "Member 1", "its line is broken", "row 2")
    site.members.fail_after = 1
    with pytest.raises(ProviderError):
        await all_of(site, address="Source/members")


async def test_what_is_sensitive_is_masked_and_what_is_write_only_never_shown(site: Site) -> None:
    from controller.engine.intake.dumping import _record, _values
    from controller.model.record import Record

    kind = EntityKind("x", (Field("pin", sensitive=True), Field("face", write_only=True), Field("tags", sensitive=True)))
    async with site.world() as world:
        assert _values(world, kind, ("1234", b"jpeg", ()), False) == ("***", None, ())
        assert _values(world, kind, ("1234", b"jpeg", ("a",)), True) == ("1234", None, ("a",))
        keyed = Record("1234", {"pin": "1234"})
        assert (_record(world, kind, keyed, False).key, _record(world, kind, keyed, True).key) == ("***", "1234")
