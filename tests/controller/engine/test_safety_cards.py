"""Cards: their numbers stay inside, and an administrator's are as careful a matter as the administrator."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from controller.engine.plans.planning import Wanted
from controller.model.address import Address
from controller.model.change import Plan
from controller.model.errors import UsageError
from controller.model.outcome import Status
from controller.model.scope import EVERYTHING, Scope
from controller.runtime.past import rollback
from controller.runtime.workspace import Workspace
from tests import memory
from tests.memory import CARD, Site, record

pytestmark = pytest.mark.anyio

RULES = ("revoke", "grant", "budget-revoke", "budget-grant")
ALLOWED = frozenset({"bootstrap", *(f"{rule}:Device/front=99" for rule in RULES)})
ALL = Wanted(allow=ALLOWED)
NUMBER = "5551234"


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    """Six members who are in, and 2 and 3 have cards to come."""
    site = Site(tmp_path)
    site.manage = ("person", "card")
    site.members.rows = [record(str(number)) for number in range(1, 7)]
    await site.apply()
    site.members.rows[1:3] = [record("2", card=NUMBER), record("3", card="772")]
    return site


async def selected(site: Site, **scope: tuple[str, ...]) -> Plan:
    return (await site.plan(Wanted(Scope(**scope), ALLOWED))).plan


async def test_a_card_is_selected_by_its_number_and_the_plan_does_not_repeat_it(site: Site) -> None:
    plan = await selected(site, targets=(f"Device/front:card/{NUMBER}",))
    assert [c.subject for c in plan.changes] == ["2"] and NUMBER not in repr(plan)
    assert plan.scope == (f"--target Device/front:card/{plan.changes[0].key}",)


async def test_a_card_is_excluded_by_its_number(site: Site) -> None:
    plan = await selected(site, excludes=(f"*:card/{NUMBER}",))
    assert [c.subject for c in plan.changes] == ["3"] and NUMBER not in repr(plan)


async def test_a_card_is_selected_by_what_the_plan_shows_in_place_of_its_number(site: Site) -> None:
    [shown] = [c.key for c in (await site.plan(ALL)).plan.changes if c.subject == "2"]
    for token in (shown, await all_digits(site)):
        plan = await selected(site, targets=(f"Device/front:card/{token}",))
        assert len(plan.changes) == 1 and plan.changes[0].key == token


async def all_digits(site: Site) -> str:
    """Makes a card whose token looks like a number, and tells that."""
    async with site.world() as world:
        number, token = next(
            (str(n), token) for n in range(100_000) if (token := world.marks.token(CARD, str(n))).isdigit()
        )  # fmt: skip
    site.members.rows[3] = record("4", card=number)
    return token


async def test_all_cards_and_whole_kinds_are_selected_as_ever(site: Site) -> None:
    for pattern in ("Device/front:card/*", "Device/front:*", "Device/*:*/*", "Device/front"):
        plan = await selected(site, targets=(pattern,))
        assert len(plan.changes) == 2 and plan.scope == (f"--target {pattern}",)


async def test_a_number_that_may_be_of_any_kind_finds_the_card(site: Site) -> None:
    plan = await selected(site, targets=(f"Device/front:*/{NUMBER}",))
    assert [c.subject for c in plan.changes] == ["2"] and NUMBER not in repr(plan)
    assert (await selected(site, targets=("Device/front:*/555*",))).changes == ()


async def test_a_part_of_a_number_is_refused_without_repeating_it(site: Site) -> None:
    with pytest.raises(UsageError, match="whole number") as refused:
        await selected(site, excludes=("Device/front:card/555*",))
    assert "555" not in str(refused.value) + refused.value.hint


# -- administrators --------------------------------------------------------------------------------------------------------------

CHIEF = {"manageAdministrators": ["person/2"]}


async def with_chief(site: Site) -> None:
    """2 is an administrator at the door, is listed, and has a card; 3 has one, too."""
    await site.apply(await site.plan(ALL))
    site.front.administrators = {"2"}
    site.policies["front"] = CHIEF


def written(site: Site) -> list[str]:
    """The writes about cards, in order."""
    return [call.removeprefix("write ") for call in site.front.writes if " card/" in call]


async def test_an_administrator_gets_the_new_card_before_the_old_one_is_taken(site: Site) -> None:
    await with_chief(site)
    site.members.rows[1] = record("2", card="999")
    site.front.calls.clear()
    await site.apply(await site.plan(ALL))
    assert written(site) == ["create card/999", f"delete card/{NUMBER}"]


async def test_cards_that_administrators_and_others_exchange_do_not_wait_in_a_circle(site: Site) -> None:
    await with_chief(site)
    site.members.rows[1:3] = [record("2", card="772"), record("3", card=NUMBER)]
    await site.apply(await site.plan(ALL))
    assert site.front.cards == {"772": "2", NUMBER: "3"}


async def test_cards_that_two_administrators_exchange_do_not_wait_in_a_circle(site: Site) -> None:
    await with_chief(site)
    site.front.administrators, site.policies["front"] = {"2", "3"}, {"manageAdministrators": ["person/*"]}
    site.members.rows[1:3] = [record("2", card="772"), record("3", card=NUMBER)]
    await site.apply(await site.plan(ALL))
    assert site.front.cards == {"772": "2", NUMBER: "3"}


async def test_administrators_who_must_be_made_anew_with_other_cards_do_not_wait_in_a_circle(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_chief(site)
    site.front.administrators, site.policies["front"] = {"2", "3"}, {"manageAdministrators": ["person/*"]}
    name, *others = memory.PERSON.fields
    fixed = msgspec.structs.replace(memory.PERSON, fields=(msgspec.structs.replace(name, immutable=True), *others))
    monkeypatch.setattr(memory, "PERSON", fixed)
    site.members.rows[1:3] = [record(key, card=card, name=f"New {key}") for key, card in (("2", "881"), ("3", "882"))]
    await site.apply(await site.plan(ALL))
    assert site.front.cards == {"881": "2", "882": "3"} and site.front.persons["2"][0] == "New 2"


@pytest.mark.parametrize("cards", [{"card": "999"}, {}])
async def test_who_became_an_administrator_since_the_plan_keeps_the_cards_that_are_there(site: Site, cards: dict[str, str]) -> None:
    await site.apply(await site.plan(ALL))
    site.members.rows[1:3] = [record("2", **cards), record("3", card="773")]
    planned = await site.plan(ALL)
    site.front.administrators = {"2"}
    result = await site.apply(planned)
    assert site.front.cards == {NUMBER: "2", "773": "3"}
    stale = [o for o in result.outcomes if o.status is Status.STALE]
    assert {o.subject for o in stale} == {"2"} and all("its person is an administrator" in o.message for o in stale)


async def test_whom_a_batch_of_cards_hangs_on_is_read_once(site: Site) -> None:
    site.front.calls.clear()
    await site.apply(await site.plan(ALL))
    assert site.front.calls.count("read person") == 1 and len(written(site)) == 2


@pytest.mark.parametrize("rule", ["protect", "neverRemove"])
@pytest.mark.parametrize("destroy", [False, True])
async def test_a_person_whose_card_is_protected_is_not_deleted_because_the_card_would_go_too(
    site: Site, rule: str, destroy: bool
) -> None:
    await site.apply(await site.plan(ALL))
    site.policies["front"] = {"onRemoval": "delete", rule: [f"card/{NUMBER}"]}
    site.members.rows = [row for row in site.members.rows if destroy or row.key != "2"]
    planned = await site.plan(Wanted(allow=ALLOWED, destroy=destroy))
    await site.apply(planned)
    assert "2" in site.front.persons and site.front.cards[NUMBER] == "2"
    assert ("3" in site.front.persons) is not destroy
    said = {n.kind: n.message for n in planned.plan.notices}
    assert "a card that would go with it is" in said["person"]


async def test_a_person_whose_card_is_protected_is_not_made_anew(site: Site) -> None:
    await site.apply(await site.plan(ALL))
    site.policies["front"] = {"protect": [f"card/{NUMBER}"]}
    planned = await site.plan(Wanted(allow=ALLOWED, replace=frozenset({Address("Device", "front", "person", "2")})))
    assert (planned.plan.changes, [n.code for n in planned.plan.notices]) == ((), ["not-replaced"])


async def test_a_person_whose_card_is_protected_is_not_taken_away_by_a_rollback(site: Site) -> None:
    site.members.rows.append(record("7", card="777"))
    await site.apply(await site.plan(ALL))
    site.policies["front"] = {"onRemoval": "delete", "protect": ["card/777"]}
    async with site.world() as world:
        workspace = Workspace(world, cast(Any, None), world)
        plan = (await rollback(workspace, "last", EVERYTHING, ALLOWED)).plan
    assert "7" not in {change.key for change in plan.changes} and {change.key for change in plan.changes}
