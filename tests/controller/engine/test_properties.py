"""Whatever is declared, found and remembered, and whatever fails on the way: the rules of trust hold, and the end is as declared.

Every example builds an inventory by a first apply, then changes records, rules and the door behind its back, applies with
failures injected at random calls, and finally without. A watcher stands at the door and judges every single write against an
account of its own; it knows nothing of how the engine decides.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from controller.engine.plans.planning import Planned, Wanted
from controller.model.change import Condition
from controller.model.outcome import RunResult
from controller.model.period import Period, period_effect
from controller.model.record import Record, Unreadable
from controller.sdk.errors import Busy, ConnectionLost, Done, ProviderError, Rejected, TimedOut, Unreachable
from controller.sdk.provider import Write
from tests.memory import BARRED, Door, Manage, Site, record

RULES = ("revoke", "grant", "budget-revoke", "budget-grant")
ALLOWED = frozenset({"bootstrap", "source-empty:members", "source-shrink:members", *(f"{rule}:Device/front=999" for rule in RULES)})
KEYS = [str(n) for n in range(1, 7)]
STRANGERS = ["901", "902"]
CARDS = ["51", "52", "53"]
BEGIN = "2026-01-01T00:00:00"
ENDS = ["2026-06-30T23:59:59", "2026-12-31T23:59:59", "2027-06-30T23:59:59"]
NOW = "2026-05-01T10:00:00"
Failure = Literal["busy", "refused", "off", "lost-before", "lost-after", "killed-before", "killed-after"]
FAILURES: tuple[Failure, ...] = ("busy", "refused", "off", "lost-before", "lost-after", "killed-before", "killed-after")


class Killed(BaseException):
    """The process ends here, as far as an exception can say so."""


# -- what an example is made of ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One row of the register: good, without an end of validity, or one that cannot be read at all."""

    key: str
    until: str | None
    card: str | None
    readable: bool = True

    def record(self) -> Record | Unreadable:
        if not self.readable:
            return Unreadable(self.key, "end-before-begin", "ends before it begins", f"row {self.key}")
        return record(self.key, until=self.until or "", card=self.card)


@dataclass(frozen=True)
class Rules:
    """A policy, and who is an administrator at the door."""

    policy: dict[str, Any]
    administrators: frozenset[str]

    def untouchable(self, key: str, *, there: bool) -> bool:
        """Protected, or somebody who is there and an administrator that is not listed."""
        if f"person/{key}" in self.policy["protect"]:
            return True
        return there and key in self.administrators and f"person/{key}" not in self.policy["manageAdministrators"]


@dataclass(frozen=True)
class Edit:
    """What somebody does at the door: persons and cards are put there as given, or removed (None)."""

    persons: dict[str, tuple[Any, ...] | None]
    cards: dict[str, str | None]


def rows() -> st.SearchStrategy[list[Row]]:
    ends = st.one_of(st.sampled_from(ENDS), st.sampled_from(ENDS), st.none())
    cards = st.one_of(st.none(), st.sampled_from(CARDS))
    readable = st.sampled_from([True] * 9 + [False])
    row = st.builds(Row, st.sampled_from(KEYS), ends, cards, readable)
    return st.lists(row, max_size=7)


def there() -> st.SearchStrategy[tuple[Any, ...]]:
    begins, ends = st.sampled_from(["", BEGIN, "2025-01-01T00:00:00"]), st.sampled_from(["", *ENDS, "2037-12-31T23:59:59"])
    names = st.sampled_from([*(f"Member {key}" for key in KEYS[:3]), "Åsa"])
    return st.tuples(names, st.builds(Period, begins, ends), st.sampled_from([(1,), (1, 2), ()]))


def edits() -> st.SearchStrategy[Edit]:
    keys = st.sampled_from(KEYS + STRANGERS)
    persons = st.dictionaries(keys, st.one_of(there(), there(), st.none()), max_size=4)
    cards = st.dictionaries(st.sampled_from([*CARDS, "99"]), st.one_of(keys, st.none()), max_size=2)
    return st.builds(Edit, persons, cards)


def rules() -> st.SearchStrategy[Rules]:
    patterns = st.sampled_from([(), (), (), ("person/1",), ("person/2", "person/901")])
    policy = st.fixed_dictionaries(
        {
            "adopt": st.sampled_from(["refuse", "matching", "all"]),
            "prune": st.sampled_from(["owned", "owned", "none", "all"]),
            "onRemoval": st.sampled_from(["delete", "expire", "keep"]),
            "protect": patterns,
            "neverRemove": patterns,
            "manageAdministrators": patterns,
        }
    )
    return st.builds(Rules, policy, st.frozensets(st.sampled_from([*KEYS[:3], "901"]), max_size=1))


def failures() -> st.SearchStrategy[dict[int, Failure]]:
    return st.dictionaries(st.integers(0, 40), st.sampled_from(FAILURES), max_size=4)


MANAGES: list[tuple[Manage, ...]] = [("person",), ("person", "card"), ("person", "card"), ("valid",)]
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # hundreds of states, each synced to a disk, would take a minute
some, many = (settings(max_examples=count, suppress_health_check=list(HealthCheck)) for count in (50, 90))


# -- an account of its own ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Declared:
    """Who may enter until when, and which card is whose, told from the rows alone. ``unclear`` keys stay as they are."""

    until: dict[str, str] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    unclear: frozenset[str] = frozenset()
    unclear_cards: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()

    @classmethod
    def by(cls, given: list[Row]) -> Declared:
        by_key: dict[str, list[Row]] = defaultdict(list)
        for row in given:
            by_key[row.key].append(row)
        until: dict[str, str] = {}
        unclear = set()
        for key, mine in by_key.items():
            ends = {row.until for row in mine if row.readable}
            if len(ends) == 1 and (end := next(iter(ends))):
                until[key] = end
            if len(ends) != 1 or None in ends or not all(row.readable for row in mine):
                unclear.add(key)
        owners: dict[str, set[str]] = defaultdict(set)
        for row in given:
            if row.readable and row.card and row.until:
                owners[row.card].add(row.key)
        cards = {card: next(iter(keys)) for card, keys in owners.items() if len(keys) == 1}
        unclear_cards = {card for card, keys in owners.items() if len(keys) > 1 or keys & unclear - until.keys()}
        return cls(until, cards, frozenset(unclear), frozenset(unclear_cards), frozenset(by_key))

    def period(self, key: str) -> Period | None:
        return Period(BEGIN, self.until[key]) if key in self.until else None


def over(period: Period) -> bool:
    return period == BARRED or period.over_at(NOW)


def within(inner: Period, outer: Period) -> bool:
    """Whether whoever has the inner period could enter at all those times with the outer one."""
    return over(inner) or (inner.begin >= outer.begin and (outer.end == "" or (inner.end != "" and inner.end <= outer.end)))


@dataclass
class Watcher:
    """Stands at the door during one apply: judges every write as it takes effect, and makes calls fail as it was told."""

    door: Door
    declared: Declared
    rules: Rules
    manage: tuple[Manage, ...]
    ours: dict[str, set[str]]  # kind -> keys that the inventory names, pending ones included
    failing: dict[int, Failure] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.persons, self.cards = dict(self.door.persons), dict(self.door.cards)
        self._call, self._next = 0, ""
        self.door.fail, self.door.after = self._before_call, self._after_write

    # failing

    def _before_call(self, call: str) -> None:
        failure = self.failing.get(self._call, "")
        self._call += 1
        self._next = ""
        match failure:
            case "killed-before":
                raise Killed
            case "busy":
                raise Busy("busy, ask later")
            case "off":
                raise Unreachable("no answer")
            case "refused" if call.startswith("write"):
                raise Rejected("this value is not accepted")
            case "lost-before":
                raise TimedOut("no answer in time", effect=Done.UNKNOWN)
            case "lost-after" | "killed-after" if call.startswith("write"):
                self._next = failure

    def _after_write(self, write: Write) -> None:
        self.look()
        if self._next == "killed-after":
            raise Killed
        if self._next == "lost-after":
            raise ConnectionLost("closed in the middle", effect=Done.UNKNOWN)

    def never_made(self, key: str) -> bool:
        return "valid" in self.manage or key in STRANGERS

    # judging

    def look(self) -> None:
        for key in self.persons.keys() | self.door.persons.keys():
            self._person(key, self.persons.get(key), self.door.persons.get(key))
        for number in self.cards.keys() | self.door.cards.keys():
            self._card(number, self.cards.get(number), self.door.cards.get(number))

    def _person(self, key: str, before: tuple[Any, ...] | None, now: tuple[Any, ...] | None) -> None:
        if now == before:
            return
        if self.rules.untouchable(key, there=before is not None):
            self.wrong.append(f"untouchable person {key} was touched: {before} -> {now}")
        if key in self.declared.unclear and key not in self.declared.until:
            self.wrong.append(f"unclear person {key} was touched: {before} -> {now}")
        if now is None or over(now[1]):
            self._removed(key, before, now)
        else:
            self._granted(key, before, now)

    def _removed(self, key: str, before: tuple[Any, ...] | None, now: tuple[Any, ...] | None) -> None:
        policy = self.rules.policy
        if key in self.declared.until and not (now is not None and before is None):
            self.wrong.append(f"declared person {key} lost access: {before} -> {now}")
        if key not in self.ours["person"] and policy["prune"] != "all":
            self.wrong.append(f"stranger {key} was removed")
        if key in self.declared.listed:
            self.wrong.append(f"{key} was removed although a row is there")
        if now is None and (policy["onRemoval"] != "delete" or (self.never_made(key) and policy["prune"] != "all")):
            self.wrong.append(f"{key} was deleted: onRemoval {policy['onRemoval']}, manage {self.manage}")
        if policy["prune"] == "none" or policy["onRemoval"] == "keep" or f"person/{key}" in policy["neverRemove"]:
            self.wrong.append(f"{key} was removed against the policy {policy}")

    def _granted(self, key: str, before: tuple[Any, ...] | None, now: tuple[Any, ...]) -> None:
        declared = self.declared.period(key)
        if declared is None:
            self.wrong.append(f"{key} is not declared and got {now}, had {before}")
            return
        if not within(now[1], declared):
            self.wrong.append(f"{key} got {now[1]}, declared is {declared}")
        if "valid" in self.manage:
            if before is None or (now[0], now[2]) != (before[0], before[2]):
                self.wrong.append(f"{key}: only validity is ours: {before} -> {now}")
            return
        if now[2] != (1,):
            self.wrong.append(f"{key} got doors {now[2]}")
        if before is not None and key not in self.ours["person"]:
            adopt = self.rules.policy["adopt"]
            if adopt == "refuse" or (adopt == "matching" and before[0] != f"Member {key}"):
                self.wrong.append(f"stranger {key} under our key was changed with adopt: {adopt}")

    def _card(self, number: str, before: str | None, now: str | None) -> None:
        if now == before:
            return
        mine = number in self.ours["card"]
        if now is None and before is not None:
            follows = before not in self.door.persons  # a card goes with its person
            replaced = number in self.declared.cards and (mine or self.rules.policy["adopt"] == "all")
            if not (mine or self.rules.policy["prune"] == "all" or follows or replaced):
                self.wrong.append(f"a stranger's card {number} of {before} was removed")
            return
        if now is None:
            return
        if self.declared.cards.get(number) != now or number in self.declared.unclear_cards:
            self.wrong.append(f"card {number} went to {now}, which is not declared")
        period, person = self.declared.period(now), self.door.persons.get(now)
        if person is not None and (period is None or not within(person[1], period) or not set(person[2]) <= {1}):
            self.wrong.append(f"card {number} opens for {now} what is not declared: {person}")


# -- running an example ------------------------------------------------------------------------------------------------------


async def owned(site: Site) -> dict[str, set[str]]:
    """What the inventory names, by kind; card numbers are found again among all there are."""
    from tests.memory import CARD

    async with site.world() as world:
        rows_ = await world.state.inventory.everything("Device/front")
        tokens = {world.marks.token(CARD, number): number for number in (*CARDS, "99")}
    return {"person": set(rows_.get("person", {})), "card": {tokens[token] for token in rows_.get("card", {})}}


@dataclass(frozen=True)
class Means:
    site: Site
    given: list[Row]
    rules: Rules
    failing: dict[int, Failure] = field(default_factory=dict)


async def watched_apply(means: Means, allow: frozenset[str]) -> tuple[Planned | None, RunResult | None]:
    """One plan and apply under the watcher's eyes; None for what a failure cut off."""
    site = means.site
    watcher = Watcher(site.front, Declared.by(means.given), means.rules, site.manage, await owned(site), means.failing)
    planned = result = None
    try:
        planned = await site.plan(Wanted(allow=allow))
        watcher.ours = {kind: keys | watcher.ours[kind] for kind, keys in (await owned(site)).items()}
        result = await site.apply(planned)
    except Killed:
        event("killed")
    finally:
        site.front.fail, site.front.after = lambda call: None, lambda write: None
    watcher.look()
    note(f"plan: {[(c.action.value, c.kind, c.key, c.reason) for c in planned.plan.changes] if planned else None}")
    note(f"notices: {[(n.code, n.message) for n in planned.plan.notices] if planned else None}")
    note(f"outcomes: {[(o.key, o.action, o.status.value, o.message) for o in result.outcomes] if result else None}")
    assert watcher.wrong == []
    return planned, result


def arrange(site: Site, given: list[Row], rules: Rules, edit: Edit) -> None:
    site.members.rows = [row.record() for row in given]
    site.policies["front"] = rules.policy
    site.front.administrators = set(rules.administrators)
    for key, person in edit.persons.items():
        if person is None:
            site.front.persons.pop(key, None)
        else:
            site.front.persons[key] = person
    for number, owner in edit.cards.items():
        if owner is None or owner not in site.front.persons:
            site.front.cards.pop(number, None)
        else:
            site.front.cards[number] = owner
    site.front.cards = {number: owner for number, owner in site.front.cards.items() if owner in site.front.persons}


def remembered(first: Rules, second: Rules) -> Rules:
    """Protections outlive the spec that declared them."""
    lasting = {name: tuple({*first.policy[name], *second.policy[name]}) for name in ("protect", "neverRemove")}
    return Rules({**second.policy, **lasting}, second.administrators)


async def settles(site: Site, means: Means) -> None:
    """Without failures one apply is enough, two where the first has to look after a crash; then nothing is left to do."""
    for _ in range(3):
        planned, _ = await watched_apply(means, ALLOWED)
        assert planned is not None
        if not planned.plan.changes:
            break
    last = (await site.plan(Wanted(allow=ALLOWED))).plan
    assert [(c.action.value, c.kind, c.key, c.reason) for c in last.changes] == []
    assert last.resources[0].condition is Condition.COMPLETE and last.limits == ()
    all_as_declared(site, means, {(notice.kind, notice.key) for notice in last.notices})


def all_as_declared(site: Site, means: Means, noticed: set[tuple[str, str]]) -> None:
    """Who is declared and not noticed has what is declared: an empty plan must not be empty for want of looking."""
    if "valid" in site.manage:
        return
    declared = Declared.by(means.given)
    for key in declared.until.keys() - declared.unclear:
        if ("person", key) not in noticed:
            period = declared.period(key)
            assert site.front.persons.get(key) == (f"Member {key}", period, (1,)) or means.rules.untouchable(key, there=True)


@many
@given(
    rows(), rules(), edits(), rows(), rules(), edits(), failures(), failures(), st.sampled_from(MANAGES), st.sampled_from(MANAGES)
)
def test_whatever_fails_on_the_way_nothing_is_wider_than_declared_and_the_end_is_as_declared(
    first: list[Row], first_rules: Rules, first_edit: Edit, second: list[Row], second_rules: Rules, second_edit: Edit,
    failing: dict[int, Failure], failing_again: dict[int, Failure], manage: tuple[Manage, ...], manage_later: tuple[Manage, ...],
) -> None:  # fmt: skip
    async def example() -> None:
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            site = Site(Path(folder))
            site.front.page, site.manage = 3, manage
            arrange(site, first, first_rules, first_edit)
            await watched_apply(Means(site, first, first_rules, failing), ALLOWED)
            note("-- second")
            if ("valid" in manage) == ("valid" in manage_later):
                site.manage = manage_later
            arrange(site, second, second_rules, second_edit)
            rules = remembered(first_rules, second_rules)
            await watched_apply(Means(site, second, rules, failing_again), ALLOWED)
            note("-- settling")
            await settles(site, Means(site, second, rules))

    asyncio.run(example())


@some
@given(rows(), rules(), edits(), st.sampled_from(MANAGES))
def test_without_failures_one_apply_is_enough(
    given_rows: list[Row], given_rules: Rules, edit: Edit, manage: tuple[Manage, ...]
) -> None:
    async def example() -> None:
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            site = Site(Path(folder))
            site.manage = manage
            arrange(site, given_rows, given_rules, edit)
            there = replace(given_rules, administrators=given_rules.administrators & site.front.persons.keys())
            site.front.administrators = set(there.administrators)  # whoever becomes one by being added ends stale
            planned, result = await watched_apply(Means(site, given_rows, there), ALLOWED)
            assert planned is not None and result is not None
            assert {o.status.value for o in result.outcomes} <= {"done", "unchanged"}
            assert (await site.plan(Wanted(allow=ALLOWED))).plan.changes == ()

    asyncio.run(example())


@some
@given(rows(), rows(), rules(), edits(), st.sampled_from(MANAGES))
def test_without_an_allowance_no_run_goes_beyond_the_limits(
    first: list[Row], second: list[Row], given_rules: Rules, edit: Edit, manage: tuple[Manage, ...]
) -> None:
    async def example() -> None:
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            site = Site(Path(folder))
            site.manage = manage
            arrange(site, first, given_rules, Edit({}, {}))
            await watched_apply(Means(site, first, given_rules), ALLOWED)
            arrange(site, second, given_rules, edit)
            persons, cards = dict(site.front.persons), dict(site.front.cards)
            await watched_apply(Means(site, second, given_rules), frozenset())
            existing = len(persons) + (len(cards) if "card" in manage else 0)
            most = min(3, existing - 1) if existing < 10 else int(0.3 * existing)
            revoked, granted = moved(persons, cards, site.front)
            assert len(revoked) <= max(0, most), revoked
            assert len(granted) <= (3 if existing < 10 else int(0.3 * existing)), granted

    asyncio.run(example())


def moved(persons: dict[str, tuple[Any, ...]], cards: dict[str, str], door: Door) -> tuple[set[str], set[str]]:
    """Who lost something and nothing else, and who got or changed something, between then and now."""
    revoked: set[str] = set()
    granted: set[str] = set()
    for key in persons.keys() | door.persons.keys():
        before, now = persons.get(key), door.persons.get(key)
        if now is None or (before is not None and only_narrower(before, now)):
            revoked.add(key)
        elif now != before:
            granted.add(key)
    gone = {number for number, owner in cards.items() if number not in door.cards and owner in door.persons}
    return revoked | gone, granted | {number for number, owner in door.cards.items() if cards.get(number) != owner}


def only_narrower(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    if before == now or not within(now[1], before[1]) or not set(now[2]) <= set(before[2]):
        return False
    return bool((now[1], now[2]) != (before[1], before[2]))


def test_a_failure_is_a_provider_error_or_an_end_of_the_process() -> None:
    """The account of failures above names each way there is for a call to go wrong."""
    assert issubclass(TimedOut, ProviderError) and not issubclass(Killed, Exception)
    assert period_effect(None, Period()) == "grants"
