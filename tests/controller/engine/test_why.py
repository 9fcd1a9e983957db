"""Why somebody is at a door or is not, told from the same functions that make the plan. The texts are kept and read critically."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from controller.cli.show.why_text import found_text, trial_text, why_text
from controller.engine.plans.planning import Wanted
from controller.engine.why import Answer, Question, find, why
from controller.engine.why.trial import read_expression, trial
from controller.model.address import Address
from controller.model.errors import UsageError
from controller.model.period import Period
from controller.model.record import Unreadable
from tests.memory import Door, Site, record

pytestmark = pytest.mark.anyio

FRONT = "Device/front"
CARD = "4711081500"
ALL = frozenset({"bootstrap", "revoke:Device/front=99", "grant:Device/front=99"})
SHORT = Period("2026-01-01T00:00:00", "2026-02-01T00:00:00")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("controller.engine.world.uuid.uuid4", lambda: type("U", (), {"hex": "abcd" * 8})())
    site = Site(tmp_path)
    site.where = {"active": True}
    site.members.rows = [
        record("1", active=True, card=CARD),
        record("2", active=False),
        record("3", active=True, until=""),
        record("4"),
        *(record(str(n), active=True) for n in range(10, 20)),
    ]
    return site


async def asked(site: Site, entity: str = "", record: tuple[str, str] | None = None, *, offline: bool = False) -> list[Answer]:
    async with site.world() as world:
        resources = tuple(world.specs.by_address[f"Device/{name}"] for name in site.doors)
        return await why(world, Question(resources, Address.parse(f"{FRONT}:{entity}") if entity else None, record, offline))


async def one(site: Site, entity: str, **how: Any) -> Answer:
    (answer,) = await asked(site, entity, **how)
    return answer


@pytest.mark.parametrize(
    "question",
    ["person/1", "person/2", "person/3", "person/4", "person/99"],
    ids=["there", "filtered", "refused", "unknown", "nobody"],
)
async def test_the_answers_to_the_usual_questions(site: Site, question: str, snapshot: SnapshotAssertion) -> None:
    await site.apply()
    assert why_text([await one(site, question)]) == snapshot


async def test_a_first_sync_that_waits_for_a_yes(site: Site, snapshot: SnapshotAssertion) -> None:
    answer = await one(site, "person/1")
    assert answer.verdict == "limited"
    assert why_text([answer]) == snapshot


async def test_who_leaves_the_filter_and_will_be_barred(site: Site, snapshot: SnapshotAssertion) -> None:
    await site.apply()
    site.members.rows[0] = record("1", active=False)
    answer = await one(site, "person/1")
    assert answer.verdict == "planned"
    assert why_text([answer]) == snapshot
    await site.clock.sleep(60)
    await site.apply()
    assert (await one(site, "person/1")).verdict == "barred"


async def test_whose_record_is_gone(site: Site, snapshot: SnapshotAssertion) -> None:
    await site.apply()
    site.policies["front"] = {"prune": "none"}
    del site.members.rows[0]
    answer = await one(site, "person/1")
    assert answer.verdict == "kept"
    assert why_text([answer]) == snapshot


async def test_what_is_protected_and_differs(site: Site, snapshot: SnapshotAssertion) -> None:
    await site.apply()
    site.policies["front"] = {"protect": ["person/10"]}
    site.front.persons["10"] = ("Somebody else", SHORT, (1,))
    answer = await one(site, "person/10")
    assert answer.verdict == "left-alone"
    assert why_text([answer]) == snapshot


async def test_only_what_protects_somebody_is_told_of_them(site: Site) -> None:
    site.policies["front"] = {"protect": ["person/9*"], "neverRemove": ["person/1*"]}
    await site.apply()
    told = [fact.text for fact in (await one(site, "person/10")).facts if fact.title == "rule"]
    assert told == ["neverRemove: person/1*"]


async def test_a_stranger_under_no_number_of_ours(site: Site, snapshot: SnapshotAssertion) -> None:
    await site.apply()
    site.front.persons["77"] = ("Stranger", SHORT, (1,))
    answer = await one(site, "person/77")
    assert answer.verdict == "not-ours"
    assert why_text([answer]) == snapshot


async def test_a_door_that_is_left_alone_answers_for_everybody_on_it(site: Site, snapshot: SnapshotAssertion) -> None:
    await site.apply()
    site.front.offset = 1000.0
    answer = await one(site, "person/10")
    assert answer.verdict == "parked"
    assert why_text([answer]) == snapshot


async def test_a_whole_door(site: Site, snapshot: SnapshotAssertion) -> None:
    site.members.rows.append(Unreadable(None, "bad-row", "cannot be read", "row 90"))
    await site.apply()
    assert why_text(await asked(site)) == snapshot
    site.members.rows[0] = record("1", active=False)
    facts = (await asked(site))[0].facts  # an unreadable row without a key holds everybody
    assert "nothing is removed here" in " ".join(fact.text for fact in facts)
    assert (await one(site, "person/1")).verdict == "left-alone"


async def test_a_whole_door_says_what_is_planned_and_what_stands_against_it(site: Site) -> None:
    assert (await asked(site))[0].verdict == "limited"
    await site.apply()
    site.members.rows.append(record("30", active=True))
    answer = (await asked(site))[0]
    assert (answer.verdict, answer.hint) == ("planned", "to see them: trueup plan --target Device/front")
    site.front.offset = 1000.0
    assert (await asked(site))[0].verdict == "parked"


async def test_a_record_is_followed_to_all_that_it_makes(site: Site) -> None:
    site.manage = ("person", "card")
    await site.apply()
    answers = await asked(site, record=("members", "1"))
    assert [answer.verdict for answer in answers] == ["as-declared", "as-declared"]
    assert [answer.address.partition(":")[2].partition("/")[0] for answer in answers] == ["card", "person"]
    assert CARD not in why_text(answers)
    card = Address.parse(answers[0].address)
    assert (await one(site, f"{card.entity}/{card.key}")).label == "Member 1"


async def test_a_record_that_nobody_has(site: Site) -> None:
    await site.apply()
    (answer,) = await asked(site, record=("members", "404"))
    assert (answer.verdict, "no record 404 (14 records read)" in answer.message) == ("no-record", True)


async def test_a_record_that_makes_nothing_with_a_name_is_told_by_itself(site: Site) -> None:
    site.members.rows.append(Unreadable("50", "bad-row", "its end is no date", "row 50"))
    await site.apply()
    (answer,) = await asked(site, record=("members", "50"))
    assert (answer.verdict, "its end is no date" in answer.message) == ("held", True)


async def test_what_a_record_made_once_is_told_although_the_record_is_gone(site: Site) -> None:
    await site.apply()
    del site.members.rows[0]
    (answer,) = await asked(site, record=("members", "1"))
    assert (answer.address, answer.verdict) == (f"{FRONT}:person/1", "planned")
    assert "is in members no more" in answer.message


async def test_whom_an_unclear_record_made_is_held(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1")
    answer = await one(site, "person/1")
    assert (answer.verdict, "active is missing" in answer.message) == ("held", True)


async def test_a_shrunk_source_holds_whom_it_lost(site: Site) -> None:
    await site.apply()
    site.members.rows = site.members.rows[:1] + site.members.rows[-3:]
    answer = await one(site, "person/10")
    assert (answer.verdict, "too great a fall" in answer.message) == ("left-alone", True)


async def test_two_records_with_one_key_stand_in_each_others_way(site: Site) -> None:
    await site.apply()
    site.members.rows.append(record("x", active=True, id="1"))
    answer = await one(site, "person/1")
    assert (answer.verdict, "two records claim person 1" in answer.message) == ("left-alone", True)
    site.members.network = False
    assert (await one(site, "person/1", offline=True)).verdict == "left-alone"


async def test_without_the_network_the_answer_comes_from_memory(site: Site) -> None:
    await site.apply()
    site.members.network = False
    calls = len(site.front.calls)
    answer = await one(site, "person/10", offline=True)
    assert (answer.verdict, len(site.front.calls)) == ("as-declared", calls)
    assert [fact.title for fact in answer.facts] == ["spec", "record", "filter", "makes", "ours"]
    site.members.rows = [row for row in site.members.rows if row.key != "10"]
    assert (await one(site, "person/98", offline=True)).message.startswith("it was never written")


async def test_who_is_there_and_not_ours_names_the_way_to_take_him_over(site: Site) -> None:
    site.front.persons["10"] = ("Member 10", SHORT, (1,))
    answer = await one(site, "person/10")
    assert (answer.verdict, "adopt: matching" in answer.hint) == ("left-alone", True)
    assert "adopt: refuse" in [fact.text for fact in answer.facts]


async def test_a_source_that_is_down_parks_the_question(site: Site) -> None:
    await site.apply()
    site.members.fail_after = 0
    answer = await one(site, "person/10")
    assert (answer.verdict, "could not be read" in answer.message) == ("parked", True)
    (keyless,) = await asked(site, record=("members", "404"))
    assert keyless.verdict == "parked"


async def test_asking_writes_nothing_and_reads_each_door_once(site: Site) -> None:
    site.doors["back"] = Door(serial="S2")
    await site.apply()
    site.front.calls.clear()
    answers = await asked(site, record=("members", "10"))
    assert [answer.address for answer in answers] == ["Device/front:person/10", "Device/back:person/10"]
    assert (site.front.writes, site.front.calls.count("facts")) == ([], 1)


# -- find and try ------------------------------------------------------------------------------------------------------------


async def test_somebody_is_found_by_a_part_of_the_name_and_without_case(site: Site) -> None:
    await site.apply()
    async with site.world() as world:
        targets = world.specs.targets
        found = await find(world, "MEMBER 12", targets, offline=False)
        assert [(hit.source, hit.record) for hit in found.found] == [("members", "12")]
        several = await find(world, "member 1", targets, offline=False)
        assert "trueup why --record members:10" in found_text("member 1", several)
        nobody = await find(world, "nobody", targets, offline=False)
        assert "is in none of 14 records" in found_text("nobody", nobody)


async def test_who_left_the_register_is_found_by_what_is_still_at_the_door(site: Site) -> None:
    await site.apply()
    site.members.rows = [row for row in site.members.rows if row.key != "19"]
    async with site.world() as world:
        found = await find(world, "member 19", world.specs.targets, offline=False)
    assert [hit.address for hit in found.found] == ["Device/front:person/19"]
    assert "why Device/front:person/19" in found_text("member 19", found)


async def test_a_list_of_names_ends(site: Site) -> None:
    site.members.rows = [record(str(n), active=True) for n in range(100)]
    async with site.world() as world:
        found = await find(world, "member", world.specs.targets, offline=False)
    assert (len(found.found), found.more) == (20, True)
    assert "There are more" in found_text("member", found)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("active: true", "where"), ("{active: true}", "where"), ("{name}", "template"), ("{name} {id}", "template"),
     ('["{name}", "{id}"]', "template"), ("Member: {id}", "template")],
)  # fmt: skip
def test_a_filter_is_told_from_a_template(text: str, kind: str) -> None:
    expression = read_expression(text)
    assert ("where" if expression.where is not None else "template") == kind


@pytest.mark.parametrize("text", ["{name", "", "{a.b}"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="neither a template nor a filter"):
        read_expression(text)


async def tried(site: Site, text: str, limit: int = 2) -> str:
    async with site.world() as world:
        return trial_text(await trial(world, world.specs.sources["members"], read_expression(text), limit))


async def test_what_a_filter_and_a_template_yield(site: Site, snapshot: SnapshotAssertion) -> None:
    site.members.rows += [Unreadable("50", "bad-row", "its end is no date", "row 50"), record("51", name="Member 10")]
    texts = [await tried(site, "until: {exists: true}"), await tried(site, "{name}, {until}"), await tried(site, "{name}")]
    assert "\n\n".join(texts) == snapshot


async def test_a_field_that_records_do_not_have_is_named_with_the_one_that_was_meant(site: Site) -> None:
    with pytest.raises(UsageError, match="no field 'nam'") as caught:
        await tried(site, "{nam}")
    assert caught.value.hint == "did you mean name?"
    with pytest.raises(UsageError, match="no field") as caught:
        await tried(site, "colour: red")
    assert "the records of members have: id, name, until" in caught.value.hint


async def test_trying_on_a_source_that_is_down_says_what_to_do(site: Site) -> None:
    site.members.fail_after = 0
    with pytest.raises(UsageError, match="could not be read"):
        await tried(site, "{name}")


async def test_a_limit_is_told_with_its_flag_and_the_plan_agrees(site: Site) -> None:
    await site.apply()
    site.members.rows = [site.members.rows[0], *(record(str(n), active=False) for n in range(10, 20))]
    site.controller = site.controller.model_copy(update={"source_shrink": 1.0})
    answer = await one(site, "person/10")
    plan = (await site.plan(Wanted())).plan
    assert answer.verdict == "limited"
    assert plan.limits[0].flag in answer.hint
