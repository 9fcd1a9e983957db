"""Killed at any step and run again: the same end, and nothing written twice that could be looked up.

The process ends by an exception that nobody catches, before and after every commit of the state and every call to the door. The
state is then closed as the operating system would: what was not committed is gone. ``test_kill.py`` does the same to a real
process with SIGKILL, at fewer places.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller.engine.plans.planning import Wanted
from controller.model.errors import StateUnusable
from controller.model.outcome import RunResult
from controller.model.period import Period
from controller.sdk.provider import Write
from controller.state.store import State
from controller.state.tables.journal import Journal
from controller.state.writer import Store
from tests.memory import BARRED, Site, record

pytestmark = pytest.mark.anyio

RULES = ("revoke", "grant", "budget-revoke", "budget-grant")
ALL = frozenset({"bootstrap", "source-shrink:members", *(f"{rule}:Device/front=999" for rule in RULES)})
LATER = "2027-06-30T23:59:59"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory where there is such a folder: some hundred states, each synced to a disk, would take a minute."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        yield Path(folder)


class Killed(BaseException):
    """The process ends here."""


class Steps:
    """Counts everything that can be seen from outside, and ends the process at one of them."""

    def __init__(self, site: Site, kill_at: int = -1) -> None:
        self.site, self.kill_at = site, kill_at
        self.seen: list[str] = []
        self.effects: Counter[str] = Counter()

    def step(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) - 1 == self.kill_at:
            raise Killed(name)

    def effect(self, write: Write) -> None:
        self.effects[f"{write.action.value} {write.kind}/{write.key}"] += 1
        self.step(f"after write {write.key}")

    @contextmanager
    def watching(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        plain = Store.write

        async def write(store: Store, work: Callable[[Any], Any]) -> Any:
            self.step("before a commit")
            result = await plain(store, work)
            self.step("after a commit")
            return result

        self.site.front.fail, self.site.front.after = self.step, self.effect
        with monkeypatch.context() as patch:
            patch.setattr(Store, "write", write)
            try:
                yield
            finally:
                self.site.front.fail, self.site.front.after = lambda call: None, lambda write: None


def prepared(folder: Path, policy: dict[str, Any]) -> Site:
    """A door that needs one of everything: a create, an update, a removal, a card that moves, drift, an adoption."""
    site = Site(folder)
    site.manage, site.policies["front"] = ("person", "card"), {"adopt": "matching", **policy}
    site.members.rows = [record("1"), record("2"), record("3", card="33"), record("4"), record("5", card="55"), record("6")]
    return site


def changed(site: Site) -> None:
    site.members.rows = [
        record("1", until=LATER), record("3"), record("4", card="33"), record("5", card="55"), record("6"),
        record("7", card="77"), record("8"), record("9"),
    ]  # fmt: skip
    site.front.persons["6"] = ("Member 6", Period(), (1, 2))  # somebody let him in everywhere and for ever
    site.front.persons["8"] = ("Member 8", Period("2026-01-01T00:00:00", "2026-05-31T23:59:59"), (1,))
    site.front.persons["900"] = ("Eve", Period(), (1,))


async def apply(site: Site) -> RunResult:
    return await site.apply(await site.plan(Wanted(allow=ALL)))


async def start(folder: Path, policy: dict[str, Any]) -> Site:
    site = prepared(folder, policy)
    await apply(site)
    changed(site)
    site.front.calls.clear()
    return site


def restarted(template: Path, folder: Path, site: Site) -> Site:
    """The same workspace and door as another process would find them."""
    shutil.copytree(template / ".trueup", folder / ".trueup")
    fresh = prepared(folder, {k: v for k, v in site.policies["front"].items() if k != "adopt"})
    fresh.members.rows = list(site.members.rows)
    fresh.front.persons, fresh.front.cards = dict(site.front.persons), dict(site.front.cards)
    return fresh


def expected(site: Site) -> tuple[dict[str, Any], dict[str, str]]:
    year = Period("2026-01-01T00:00:00", "2026-12-31T23:59:59")
    persons = {str(n): (f"Member {n}", year, (1,)) for n in (3, 4, 5, 6, 7, 8, 9)}
    persons["1"] = ("Member 1", Period("2026-01-01T00:00:00", LATER), (1,))
    persons["900"] = ("Eve", Period(), (1,))
    if site.policies["front"]["onRemoval"] == "expire":
        persons["2"] = ("Member 2", BARRED, (1,))
    return persons, {"33": "4", "55": "5", "77": "7"}


@pytest.mark.parametrize("removal", ["expire", "delete"])
async def test_killed_at_any_step_and_run_again_it_ends_the_same_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removal: str
) -> None:
    template = await start(tmp_path / "template", {"onRemoval": removal})
    clean = restarted(tmp_path / "template", tmp_path / "clean", template)
    count = Steps(clean)
    with count.watching(monkeypatch):
        await apply(clean)
    assert (clean.front.persons, clean.front.cards) == expected(clean)
    assert len(count.seen) > 40 and set(count.effects.values()) == {1}
    for step in range(len(count.seen)):
        site = restarted(tmp_path / "template", tmp_path / str(step), template)
        await killed_and_run_again(site, step, monkeypatch, count)
        shutil.rmtree(tmp_path / str(step))


async def killed_and_run_again(site: Site, step: int, monkeypatch: pytest.MonkeyPatch, clean: Steps) -> None:
    steps = Steps(site, step)
    with steps.watching(monkeypatch), pytest.raises(Killed):
        await apply(site)
    where = f"step {step}: {steps.seen[-1]}"
    steps.kill_at = -1
    with steps.watching(monkeypatch):
        await apply(site)
    assert (site.front.persons, site.front.cards) == expected(site), where
    assert steps.effects == clean.effects, where
    plan = (await site.plan(Wanted(allow=ALL))).plan
    assert [(c.action.value, c.kind, c.key, c.reason) for c in plan.changes] == [], where
    async with site.world() as world:
        assert await world.state.journal.unfinished() == [], where
        statuses = {
            row.status for rows in (await world.state.inventory.everything("Device/front")).values() for row in rows.values()
        }
        assert statuses == {"owned"}, where


@pytest.mark.parametrize("again", range(0, 60, 7))
async def test_killed_twice_it_still_ends_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: int) -> None:
    """Recovery is itself a step at which a process may end."""
    template = await start(tmp_path / "template", {"onRemoval": "expire"})
    site = restarted(tmp_path / "template", tmp_path / "site", template)
    steps = Steps(site, 30)
    with steps.watching(monkeypatch), pytest.raises(Killed):
        await apply(site)
    steps.seen, steps.kill_at = [], again
    with steps.watching(monkeypatch):
        try:
            await apply(site)
        except Killed:
            steps.kill_at = -1
            await apply(site)
    assert (site.front.persons, site.front.cards) == expected(site)
    assert set(steps.effects.values()) == {1}


# -- a state that cannot be written ------------------------------------------------------------------------------------------


def full(*_: Any) -> None:
    raise StateUnusable("the disk is full")


async def test_what_cannot_be_written_down_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = await start(tmp_path, {"onRemoval": "expire"})
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "begin", full)
        with pytest.raises(StateUnusable):
            await apply(site)
    assert site.front.writes == []
    await apply(site)
    assert (site.front.persons, site.front.cards) == expected(site)


async def test_what_was_sent_and_could_not_be_written_down_is_found_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await start(tmp_path, {"onRemoval": "expire"})
    steps = Steps(site)
    with steps.watching(monkeypatch), monkeypatch.context() as patch:
        patch.setattr(Journal, "finish", full)
        with pytest.raises(StateUnusable):
            await apply(site)
        patch.undo()
    assert steps.effects
    with steps.watching(monkeypatch):
        await apply(site)
    assert (site.front.persons, site.front.cards) == expected(site) and set(steps.effects.values()) == {1}


async def test_a_disk_that_is_really_full_sends_nothing_and_loses_nothing(tmp_path: Path) -> None:
    """SQLite itself says so: the file may not grow by a single page."""
    site = await start(tmp_path, {"onRemoval": "expire"})
    site.members.rows += [record(str(n), card=str(9000 + n)) for n in range(100, 160)]
    before = dict(site.front.persons)
    planned = await site.plan(Wanted(allow=ALL))
    plain = State.open

    def no_room(*given: Any, **named: Any) -> State:
        state = plain(*given, **named)
        pages = state.store._conn.execute("PRAGMA page_count").fetchone()[0]
        state.store._conn.execute(f"PRAGMA max_page_count = {pages}")
        return state

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(State, "open", no_room)
        with pytest.raises(StateUnusable, match="full"):
            await site.apply(planned)
    assert site.front.writes == [] and site.front.persons == before
    await apply(site)
    assert site.front.persons.keys() >= {"1", "9", "100", "159"}


async def test_a_state_that_may_only_be_read_sends_nothing(tmp_path: Path) -> None:
    site = await start(tmp_path, {"onRemoval": "expire"})
    planned = await site.plan(Wanted(allow=ALL))
    plain = State.open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(State, "open", lambda *given, **named: plain(*given, **named, read_only=True))
        with pytest.raises(StateUnusable, match="for reading only"):
            await site.apply(planned)
    assert site.front.writes == []
