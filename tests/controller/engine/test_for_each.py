"""One door per record: what a table of terminals makes, refuses, holds and gives up."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.engine.plans.planning import Planned, Wanted
from controller.model.change import Action, Condition, Verdict
from controller.model.entity import Facts
from controller.model.outcome import Rollup, Status
from controller.model.record import Record, Unreadable, Value
from controller.model.scope import Scope
from controller.sdk.errors import Unreachable
from controller.sdk.provider import Problem
from tests.estate import BOOTSTRAP, Estate, terminal
from tests.memory import record

pytestmark = pytest.mark.anyio

SPECS = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: site}
spec: {timezone: Europe/Stockholm}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec: {provider: register, config: {name: members}}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: terminals}
spec: {provider: register, config: {name: terminals}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: terminal, labels: {site: {each: site}, floor: ground}}
spec:
  provider: door
  forEach:
    source: terminals
    key: "{id}"
    allowNetworks: [10.0.0.0/24, "*.doors.example.org"]
  config: {url: {each: url}, password: {each: password}}
  people: [{from: members}]
  policy: {pace: 0, onRemoval: delete}
"""
T1, T2, T3 = "Device/terminal@1", "Device/terminal@2", "Device/terminal@3"


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    made = Estate(tmp_path)
    made.write(SPECS)
    made.registers["members"].rows = [record("1001"), record("1002")]
    made.registers["terminals"].rows = [terminal("1"), terminal("2")]
    return made


def conditions(planned: Planned) -> dict[str, Condition]:
    return {r.address: r.condition for r in planned.plan.resources}


def said(planned: Planned) -> list[tuple[str, str, str]]:
    return [(n.resource, n.verdict.value, n.code) for n in planned.plan.notices]


async def test_each_record_makes_a_door_with_its_own_address_password_and_labels(estate: Estate) -> None:
    planned = await estate.plan()
    assert conditions(planned) == {T1: Condition.COMPLETE, T2: Condition.COMPLETE}
    assert [r.labels for r in planned.plan.resources] == [{"site": "gym", "floor": "ground"}] * 2
    assert planned.plan.sources == {"members": 2, "terminals": 2}
    assert (await estate.apply()).counts == {"done": 4}
    assert [set(estate.door(f"10.0.0.{n}").persons) for n in (1, 2)] == [{"1001", "1002"}] * 2
    assert estate.passwords == {"10.0.0.1": "pass-word-1", "10.0.0.2": "pass-word-2"}
    assert (await estate.plan()).plan.changes == ()


async def test_what_a_resource_has_of_its_record_is_in_the_plan(estate: Estate) -> None:
    (given,) = (await estate.plan()).plan.resources[0].given
    assert given.by == "forEach terminals"
    assert given.gives == ("labels.site", "config.url", "config.password")
    assert given.place.endswith("site.yaml:21, terminals: row 1")


async def test_a_password_of_a_record_is_nowhere(estate: Estate) -> None:
    planned = await estate.plan()
    result = await estate.apply()
    files = b"".join(path.read_bytes() for path in (estate.folder / ".trueup").iterdir())
    assert "pass-word" not in f"{planned!r}{result!r}" and b"pass-word" not in files
    assert estate.scrubber.scrub("the password pass-word-1 was refused") == "the password *** was refused"
    assert all("pass-word" not in repr(r.config) for r in (planned.specs.resources if planned.specs else ()))


async def test_a_selection_by_a_label_of_the_record_or_by_address(estate: Estate) -> None:
    estate.registers["terminals"].rows = [terminal("1"), terminal("2", site="pool")]
    pool = await estate.plan(Wanted(Scope(labels=("site=pool",)), BOOTSTRAP))
    assert list(conditions(pool)) == [T2]
    one = await estate.plan(Wanted(Scope(targets=(T1,)), BOOTSTRAP))
    assert list(conditions(one)) == [T1]


async def test_a_selection_that_no_record_can_be_in_leaves_the_table_unread(estate: Estate) -> None:
    estate.registers["terminals"].fail_after = 0
    for scope in (Scope(labels=("floor=first",)), Scope(targets=("Device/other",)), Scope(labels=("colour=red",))):
        planned = await estate.plan(Wanted(scope, BOOTSTRAP))
        assert (planned.plan.resources, planned.plan.sources) == ((), {})


@pytest.mark.parametrize("trouble", ["fails", "empty"])
async def test_a_table_that_fails_or_is_empty_forgets_no_door(estate: Estate, trouble: str) -> None:
    await estate.apply()
    table = estate.registers["terminals"]
    if trouble == "fails":
        table.fail_after, table.error = 1, Unreachable("no route to the register")
    else:
        table.rows = []
    planned = await estate.plan()
    assert conditions(planned) == {"Device/terminal": Condition.PARKED}
    assert planned.plan.changes == ()
    assert "which there are is not known" in planned.plan.resources[0].message


async def test_a_table_that_shrank_plans_what_it_has_and_forgets_nothing(estate: Estate) -> None:
    estate.registers["terminals"].rows = [terminal(str(n)) for n in range(1, 5)]
    await estate.apply()
    estate.registers["terminals"].rows = [terminal("1")]
    planned = await estate.plan()
    assert (list(conditions(planned)), planned.plan.changes) == ([T1], ())
    assert ("Source/terminals", "held", "source-shrunk") in said(planned)
    allowed = await estate.plan(Wanted(allow=frozenset({"source-shrink:terminals"})))
    assert {c.resource for c in allowed.plan.changes} == {T2, T3, "Device/terminal@4"}


async def test_a_record_that_leaves_is_a_resource_that_leaves_the_spec(estate: Estate) -> None:
    estate.registers["terminals"].rows = [terminal(str(n)) for n in range(1, 6)]
    await estate.apply()
    del estate.registers["terminals"].rows[1]
    planned = await estate.plan()
    assert conditions(planned)[T2] is Condition.ORPHANED
    assert {c.action for c in planned.plan.changes} == {Action.FORGET}
    assert (await estate.apply(planned)).rollup is Rollup.SUCCESS
    assert set(estate.door("10.0.0.2").persons) == {"1001", "1002"}
    assert list(conditions(await estate.plan())) == [T1, T3, "Device/terminal@4", "Device/terminal@5"]


async def test_a_record_that_leaves_empties_its_door_where_the_policy_says_so(estate: Estate) -> None:
    text = SPECS.replace(", password: {each: password}", "").replace("pace: 0", "pace: 0, whenRemovedFromSpec: empty")
    estate.write(text)
    estate.registers["terminals"].rows = [terminal(str(n)) for n in range(1, 6)]
    await estate.apply()
    del estate.registers["terminals"].rows[1]
    planned = await estate.plan()
    assert {(c.resource, c.action) for c in planned.plan.changes} == {(T2, Action.DELETE)}


async def test_the_password_of_a_record_that_left_is_not_kept_so_its_door_is_forgotten(estate: Estate) -> None:
    estate.write(SPECS.replace("pace: 0", "pace: 0, whenRemovedFromSpec: empty"))
    estate.registers["terminals"].rows = [terminal(str(n)) for n in range(1, 6)]
    await estate.apply()
    del estate.registers["terminals"].rows[1]
    assert {c.action for c in (await estate.plan()).plan.changes} == {Action.FORGET}


async def test_two_records_with_one_key_are_refused_and_hold_what_was_made(estate: Estate) -> None:
    await estate.apply()
    estate.registers["terminals"].rows.append(terminal("2", url="http://10.0.0.9"))
    planned = await estate.plan()
    assert (list(conditions(planned)), planned.plan.changes) == ([T1], ())
    assert said(planned) == [(T2, "refused", "key-twice")] * 2
    assert planned.plan.notices[0].place == "terminals: row 2"


@pytest.mark.parametrize("key", ["", "a\x00b", "x" * 200])
async def test_a_record_without_a_usable_key_holds_everything(estate: Estate, key: str) -> None:
    await estate.apply()
    estate.registers["terminals"].rows[1] = terminal("2", id=key)
    planned = await estate.plan()
    assert (list(conditions(planned)), planned.plan.changes) == ([T1], ())
    assert said(planned) == [("Device/terminal", "refused", "key-missing")]


async def test_an_unreadable_row_holds_everything_and_an_unclear_one_its_own_door(estate: Estate) -> None:
    estate.write(SPECS.replace('key: "{id}"', 'key: "{id}"\n    where: {port: "80"}'))
    estate.registers["terminals"].rows = [terminal("1", port="80"), terminal("2", port="80"), terminal("3", port="81")]
    await estate.apply()
    estate.registers["terminals"].rows = [terminal("1", port="80"), terminal("2"), Unreadable(None, "odd", "is odd", "row 9")]
    planned = await estate.plan()
    assert planned.plan.changes == ()
    assert said(planned) == [(T2, "refused", "filter-unknown"), ("Device/terminal", "refused", "odd")]
    estate.registers["terminals"].rows = [terminal("1", port="80"), terminal("2")]
    assert (await estate.plan()).plan.changes == ()


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"url": "http://10.0.1.2"}, "outside-networks", "10.0.1.2 lies outside of allowNetworks"),
        ({"url": "http://evil.example.org"}, "outside-networks", "host name evil.example.org is not in allowNetworks"),
        ({"url": "http://10.0.0.2@evil.example.org"}, "outside-networks", "user name"),
        ({"url": "http://10.0.0.2\\@evil.example.org"}, "outside-networks", "backslashes"),
        ({"url": ""}, "each-missing", "it has no `url`"),
        ({"password": ""}, "each-missing", "it has no `password`"),
        ({"url": "http://10.0.0.1:80"}, "shared-endpoint", "is at the same address"),
    ],
)
async def test_a_record_that_cannot_be_followed_is_refused_with_its_place(
    estate: Estate, more: dict[str, str], code: str, words: str
) -> None:
    await estate.apply()
    estate.registers["terminals"].rows[1] = terminal("2", **more)
    planned = await estate.plan()
    notice = next(n for n in planned.plan.notices if n.resource == T2)
    assert (notice.verdict, notice.code, notice.place) == (Verdict.REFUSED, code, "terminals: row 2")
    assert words in notice.message
    assert planned.plan.changes == ()


async def test_a_host_name_that_is_meant_is_called(estate: Estate) -> None:
    estate.registers["terminals"].rows = [terminal("1", url="http://north.doors.example.org")]
    await estate.apply()
    assert set(estate.door("north.doors.example.org").persons) == {"1001", "1002"}


async def test_a_door_that_a_document_declares_goes_before_one_of_a_record(estate: Estate) -> None:
    head = "---\napiVersion: trueup/v1\nkind: Device\nmetadata: {name: front}\n"
    estate.write(f"{SPECS}{head}spec: {{provider: door, config: {{url: http://10.0.0.1}}, people: []}}\n")
    planned = await estate.plan()
    assert list(conditions(planned)) == ["Device/front", T2]
    assert said(planned) == [(T1, "refused", "shared-endpoint")]


async def test_a_number_where_a_text_is_wanted_is_written_as_one_and_a_wrong_one_is_refused(estate: Estate) -> None:
    estate.write(SPECS.replace("url: {each: url}", "url: {each: url}, username: {each: name}, port: {each: port}"))
    fields: dict[str, Value] = {"id": "1", "url": "http://10.0.0.1", "password": "pass-1", "site": "gym", "name": 7, "port": "8080"}
    bad = terminal("2", name="admin", port="many")
    estate.registers["terminals"].rows = [Record("r1", fields, "row 1"), bad]
    planned = await estate.plan()
    assert planned.specs is not None
    config = planned.specs.by_address[T1].config
    assert (config.username, config.port) == ("7", 8080)
    assert said(planned) == [(T2, "refused", "wrong-type")]
    assert "spec.config.port: `port` must be a whole number" in planned.plan.notices[0].message


async def test_what_the_provider_objects_to_is_refused(estate: Estate) -> None:
    estate.objects = [Problem(("config", "url"), "this door keeps nobody")]
    planned = await estate.plan()
    assert said(planned) == [(T1, "refused", "provider"), (T2, "refused", "provider")]
    assert (
        planned.plan.notices[0].message
        == "terminals: row 1: spec.config.url: this door keeps nobody; Device/terminal@1 stays as it is"
    )


async def test_who_enters_may_hang_on_the_record(estate: Estate) -> None:
    estate.write(SPECS.replace("{from: members}", "{from: members, where: {site: {each: site}}}"))
    estate.registers["members"].rows = [record("1001", site="gym"), record("1002", site="pool")]
    estate.registers["terminals"].rows = [terminal("1"), terminal("2", site="pool")]
    await estate.apply()
    assert [set(estate.door(f"10.0.0.{n}").persons) for n in (1, 2)] == [{"1001"}, {"1002"}]


async def test_a_condition_that_a_record_makes_nonsense_of_is_refused(estate: Estate) -> None:
    estate.write(SPECS.replace("{from: members}", "{from: members, where: {site: {in: {each: port}}}}"))
    estate.registers["terminals"].rows[0] = terminal("1", port="80")
    planned = await estate.plan()
    assert said(planned) == [(T1, "refused", "where"), (T2, "refused", "each-missing")]


async def test_a_zone_is_needed_and_must_exist(estate: Estate) -> None:
    estate.write(SPECS.replace("config: {url: {each: url}", "config: {zone: {each: site}, url: {each: url}"))
    assert said(await estate.plan()) == [(T1, "refused", "unknown-timezone"), (T2, "refused", "unknown-timezone")]


# -- saved plans and crashes -------------------------------------------------------------------------------------------------


async def test_a_saved_plan_finds_its_doors_again(estate: Estate) -> None:
    planned = await estate.plan()
    assert (await estate.saved(planned.plan)).counts == {"done": 4}


async def test_a_saved_plan_leaves_a_door_whose_record_changed(estate: Estate) -> None:
    planned = await estate.plan()
    estate.registers["terminals"].rows[1] = terminal("2", url="http://10.0.0.7")
    result = await estate.saved(planned.plan)
    assert result.counts == {"done": 2, "stale": 2}
    assert (estate.door("10.0.0.7").persons, estate.door("10.0.0.2").persons) == ({}, {})
    assert "its record in terminals says something else" in result.outcomes[-1].message


async def test_a_saved_plan_leaves_doors_that_nobody_can_be_sure_of(estate: Estate) -> None:
    planned = await estate.plan()
    del estate.registers["terminals"].rows[1]
    gone = await estate.saved(planned.plan)
    assert [o.status for o in gone.outcomes if o.resource == T2] == [Status.STALE] * 2
    estate.registers["terminals"].fail_after = 0
    assert {o.status for o in (await estate.saved(planned.plan)).outcomes} == {Status.STALE}


async def test_a_saved_plan_that_empties_a_door_leaves_one_that_came_back(estate: Estate) -> None:
    emptied = SPECS.replace("onRemoval: delete", "onRemoval: delete, whenRemovedFromSpec: empty")
    estate.write(emptied.replace(", password: {each: password}", ""))  # which nobody would know once its record is gone
    estate.registers["terminals"].rows = [terminal(str(n)) for n in range(1, 6)]
    await estate.apply()
    back = estate.registers["terminals"].rows.pop(1)
    planned = await estate.plan(Wanted(allow=BOOTSTRAP | {f"revoke:{T2}=2"}))
    assert [(c.resource, c.action) for c in planned.plan.changes] == [(T2, Action.DELETE)] * 2
    estate.registers["terminals"].rows.append(back)
    assert (await estate.saved(planned.plan)).counts == {"stale": 2}
    assert set(estate.door("10.0.0.2").persons) == {"1001", "1002"}
    estate.registers["terminals"].rows.remove(back)
    assert (await estate.saved(planned.plan)).counts == {"done": 2}


async def test_a_saved_plan_that_forgets_a_door_leaves_one_that_came_back(estate: Estate) -> None:
    estate.registers["terminals"].rows = [terminal(str(n)) for n in range(1, 6)]
    await estate.apply()
    back = estate.registers["terminals"].rows.pop(1)
    planned = await estate.plan()
    estate.registers["terminals"].rows.append(back)
    result = await estate.saved(planned.plan)
    assert {o.status for o in result.outcomes} == {Status.STALE}
    assert (await estate.plan()).plan.changes == ()


async def test_an_offline_plan_knows_no_door_of_a_table_behind_the_network(estate: Estate) -> None:
    planned = await estate.plan(Wanted(offline=True))
    assert conditions(planned) == {"Device/terminal": Condition.PARKED}
    for register in estate.registers.values():
        register.network = False
    assert conditions(await estate.plan(Wanted(offline=True))) == {T1: Condition.OFFLINE, T2: Condition.OFFLINE}


async def test_interrupted_changes_stay_open_while_the_table_cannot_be_read(estate: Estate) -> None:
    from controller.engine.applying.recovery import recover
    from controller.state.rows import Begun

    async with estate.world() as world:
        await world.state.journal.begin("r1", [Begun("c1", T1, "person", "1001", "create")])
        lines = await recover(world)
    assert lines == [f"{T1}: 1 interrupted changes stay open: the records of terminals have not been read"]


async def test_facts_are_asked_of_every_door(estate: Estate) -> None:
    assert Facts() != await _facts(estate)


async def _facts(estate: Estate) -> Facts:
    from controller.engine.check import check
    from controller.engine.today.asking import today

    async with estate.world() as world:
        now = await today(world)
        return (await check(now.world, now.world.specs.by_address[T1])).facts
