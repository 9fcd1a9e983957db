"""A saved plan is exactly what may be applied: unedited, ours, in time, from today's specs. It holds nothing to be hidden."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from controller.engine.plans import planfile
from controller.engine.plans.planning import Planned, Wanted
from controller.model.change import Action, Plan
from controller.model.errors import PlanRejected, TrueupError
from controller.model.outcome import RunResult, Status
from controller.model.period import Period
from controller.model.scope import Scope
from controller.state.keys import Keys
from tests.memory import Door, Site, record

pytestmark = pytest.mark.anyio

ALL = frozenset({"bootstrap", "revoke:Device/front=99", "grant:Device/front=99", "source-shrink:members"})
CARD = "4711081500"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.manage = ("person", "card")
    site.members.rows = [record("1", card=CARD), *(record(str(n)) for n in range(2, 6))]
    return site


async def saved(site: Site, path: Path | None = None, wanted: Wanted | None = None) -> Path:
    """A plan as the workspace signs and writes it."""
    path = path or site.folder / "plan.json"
    planned = await site.plan(wanted or Wanted(allow=ALL))
    planfile.write(planfile.signed(planned.plan, site.keys), path)
    return path


async def admitted(site: Site, path: Path) -> Plan:
    async with site.world() as world:
        return planfile.admit(planfile.read(path, site.keys), world)


async def apply(site: Site, path: Path) -> RunResult:
    return await site.apply(Planned(await admitted(site, path)))


def edit(path: Path, **fields: Any) -> None:
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **fields}))


async def rejection(site: Site, path: Path) -> PlanRejected:
    with pytest.raises(PlanRejected) as caught:
        await admitted(site, path)
    assert caught.value.exit_code == 6 and caught.value.hint
    assert site.front.writes == []
    return caught.value


# -- what may be applied -----------------------------------------------------------------------------------------------------


async def test_a_saved_plan_comes_back_as_it_was(site: Site) -> None:
    planned = await site.plan(Wanted(allow=ALL))
    plan = planfile.signed(planned.plan, site.keys)
    path = site.folder / "plan.json"
    planfile.write(plan, path)
    again = await admitted(site, path)
    assert again == plan and isinstance(again.changes[0].fields[1].after, Period)
    assert list(path.parent.glob("*.new")) == []


async def test_a_saved_plan_does_what_a_fresh_one_would(site: Site) -> None:
    path = await saved(site)
    assert (await apply(site, path)).counts == {"done": 6}
    assert site.front.cards == {CARD: "1"} and len(site.front.persons) == 5
    assert (await site.plan(Wanted(allow=ALL))).plan.changes == ()


async def test_a_reformatted_plan_is_still_the_same_plan(site: Site) -> None:
    path = await saved(site)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=8, sort_keys=False))
    assert (await apply(site, path)).counts == {"done": 6}


@pytest.mark.parametrize(
    "field",
    [{"expires": "2099-01-01T00:00:00Z"}, {"changes": []}, {"allowances": ["revoke:Device/front=9"]}, {"limits": []}, {"extra": 1},
     {"signature": ""}, {"signature": 7}, {"signature": "å" * 32}, {"scope": ["--target", "Device/front"]}],
    ids=str,
)  # fmt: skip
async def test_an_edited_plan_is_refused(site: Site, field: dict[str, Any]) -> None:
    path = await saved(site, wanted=Wanted())  # without allowances, so that limits stand in it
    edit(path, **field)
    assert "was edited" in (await rejection(site, path)).message


async def test_a_period_edited_deep_inside_is_refused(site: Site) -> None:
    path = await saved(site)
    path.write_text(path.read_text().replace("2026-12-31T23:59:59", "2036-12-31T23:59:59"))
    assert "was edited" in (await rejection(site, path)).message


async def test_a_plan_made_with_another_key_is_refused(site: Site) -> None:
    path = await saved(site)
    plan = planfile.read(path, site.keys)
    planfile.write(planfile.signed(plan, Keys(b"x" * 32)), path)
    assert "another workspace or with another key" in (await rejection(site, path)).message


async def test_a_plan_of_another_workspace_with_the_same_key_is_refused(site: Site, tmp_path: Path) -> None:
    other = Site(tmp_path / "other")
    other.manage, other.members.rows = site.manage, site.members.rows
    path = await saved(other)
    async with site.world():
        assert "made in another workspace" in (await rejection(site, path)).message


async def test_an_expired_plan_is_refused_from_the_very_second(site: Site) -> None:
    path = await saved(site)
    site.clock.time += timedelta(hours=24) - timedelta(seconds=1)
    await admitted(site, path)
    site.clock.time += timedelta(seconds=1)
    assert "expired at 2026-05-02T08:00:00Z" in (await rejection(site, path)).message


async def test_a_plan_from_other_specs_is_refused(site: Site) -> None:
    path = await saved(site)
    site.policies["front"] = {"onRemoval": "delete"}
    assert "specs have changed" in (await rejection(site, path)).message


async def test_an_offline_plan_cannot_be_applied(site: Site) -> None:
    site.members.network = False
    path = await saved(site, wanted=Wanted(offline=True, allow=ALL))
    assert "made offline" in (await rejection(site, path)).message


@pytest.mark.parametrize("format", [0, 2, 99, "1", None])
async def test_a_plan_of_another_format_is_said_to_be_that_and_not_edited(site: Site, format: Any) -> None:
    path = await saved(site)
    edit(path, format=format)
    message = (await rejection(site, path)).message
    assert f"has plan format {format!r}" in message and "edited" not in message


@pytest.mark.parametrize(
    "content", [b"", b"not JSON", b"[]", b'"plan"', b"null", b"{", b"\xff\xfe", b"<html>", b"[" * 100_000, b"{}", b'{"format": 1}'],
    ids=lambda content: repr(content[:8]),
)  # fmt: skip
async def test_what_is_no_plan_is_refused_in_plain_words(site: Site, content: bytes) -> None:
    path = site.folder / "plan.json"
    path.write_bytes(content)
    assert str(path) in (await rejection(site, path)).message


async def test_half_a_plan_is_refused(site: Site) -> None:
    path = await saved(site)
    path.write_bytes(path.read_bytes()[:-200])
    assert "is not a plan" in (await rejection(site, path)).message


async def test_a_signed_document_that_is_no_plan_is_refused(site: Site) -> None:
    """Something else that this workspace signed with the same key."""
    from controller.model.encoding import canonical

    body = {"format": 1, "id": 7}
    path = site.folder / "plan.json"
    path.write_text(json.dumps({**body, "signature": site.keys.sign(canonical(body))}))
    assert "is not a plan that this trueup understands" in (await rejection(site, path)).message


async def test_a_plan_that_is_not_there_or_a_folder_is_an_error_in_words(site: Site) -> None:
    for path in (site.folder / "nowhere.json", site.folder):
        with pytest.raises(TrueupError, match="cannot be read"):
            await admitted(site, path)


async def test_a_plan_that_cannot_be_written_leaves_nothing_behind(site: Site) -> None:
    path = site.folder / "plan.json"
    await saved(site, path)
    before = path.read_bytes()
    planned = await site.plan()
    path.with_name("plan.json.new").mkdir()
    with pytest.raises((TrueupError, OSError)):
        planfile.write(planned.plan, path)
    assert path.read_bytes() == before
    with pytest.raises(TrueupError, match="could not be written"):
        planfile.write(planned.plan, site.folder / "no-such-folder" / "plan.json")


# -- what it holds -----------------------------------------------------------------------------------------------------------


async def test_no_card_number_stands_in_a_plan_file_for_any_action(site: Site) -> None:
    texts = [(await saved(site)).read_text()]
    await site.apply(await site.plan(Wanted(allow=ALL)))
    site.members.rows[0], site.members.rows[1] = record("1"), record("2", card=CARD)  # the card moves: delete and create
    path = await saved(site)
    assert {c.action for c in (await admitted(site, path)).changes} == {Action.DELETE, Action.CREATE}
    texts.append(path.read_text())
    site.members.rows[1] = record("2")
    texts.append((await saved(site)).read_text())
    assert [line for text in texts for line in text.splitlines() if CARD in line] == []


async def test_no_card_number_stands_in_the_state(site: Site) -> None:
    await site.apply(await site.plan(Wanted(allow=ALL)))
    site.members.rows[0], site.members.rows[1] = record("1"), record("2", card=CARD)
    await site.apply(await site.plan(Wanted(allow=ALL)))
    assert site.front.cards == {CARD: "2"}
    for file in (site.folder / ".trueup").iterdir():
        assert CARD.encode() not in file.read_bytes(), file


# -- what may have happened meanwhile ----------------------------------------------------------------------------------------


async def test_a_saved_plan_takes_card_numbers_from_the_register_as_it_is_now(site: Site) -> None:
    path = await saved(site)
    site.members.rows[0] = record("1", card="999")
    result = await apply(site, path)
    stale = [o for o in result.outcomes if o.status is Status.STALE]
    assert [(o.kind, o.subject) for o in stale] == [("card", "1")] and "plan again" in stale[0].message
    assert site.front.cards == {} and len(site.front.persons) == 5


async def test_a_saved_plan_whose_register_cannot_be_read_writes_no_card(site: Site) -> None:
    path = await saved(site)
    site.members.fail_after = 2
    result = await apply(site, path)
    assert {o.status for o in result.outcomes if o.kind == "card"} <= {Status.STALE, Status.PARKED, Status.FAILED}
    assert site.front.cards == {}


async def test_a_saved_plan_deletes_a_card_whose_number_only_the_door_knows(site: Site) -> None:
    await site.apply(await site.plan(Wanted(allow=ALL)))
    site.members.rows[0] = record("1")
    assert (await apply(site, await saved(site))).counts == {"done": 1}
    assert site.front.cards == {}


async def test_a_saved_plan_with_persons_alone_needs_no_register(site: Site) -> None:
    path = await saved(site, wanted=Wanted(Scope(only=("person",)), ALL))
    site.members.fail_after = 0
    assert (await apply(site, path)).counts == {"done": 5}


async def test_what_was_done_by_hand_meanwhile_is_stale_and_left(site: Site) -> None:
    path = await saved(site)
    theirs = ("Somebody Else", Period(), (1, 2))
    site.front.persons["3"] = theirs
    result = await apply(site, path)
    assert result.counts == {"done": 5, "stale": 1} and site.front.persons["3"] == theirs


async def test_a_plan_applied_twice_does_nothing_the_second_time(site: Site) -> None:
    path = await saved(site)
    await apply(site, path)
    site.front.calls.clear()
    before = dict(site.front.persons)
    result = await apply(site, path)
    assert site.front.writes == [] and site.front.persons == before
    assert {o.status for o in result.outcomes} <= {Status.STALE, Status.UNCHANGED, Status.SKIPPED}


async def test_a_plan_for_one_door_is_not_done_at_another(site: Site) -> None:
    path = await saved(site)
    site.doors["front"] = Door(serial="OTHER")
    result = await apply(site, path)
    assert site.front.persons == {} and "serial number S1" in result.first_fatal


async def test_a_plan_with_limits_stays_refused_when_saved(site: Site) -> None:
    path = await saved(site, wanted=Wanted())
    assert (await apply(site, path)).counts == {"refused": 6} and site.front.writes == []


async def test_a_signature_covers_the_whole_plan(site: Site) -> None:
    """Every field of the form, also those that are added one day."""
    plan = planfile.signed((await site.plan(Wanted(allow=ALL))).plan, site.keys)
    for name in Plan.__struct_fields__:
        if name != "signature":
            value = getattr(plan, name)
            other = msgspec.structs.replace(plan, **{name: {**value, "x": 1} if isinstance(value, dict) else None})
            assert planfile.signed(other, site.keys).signature != plan.signature, name
