"""``trueup state`` and ``secrets rotate`` as an operator types them, over a simulated door."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from controller.sdk.context import SystemClock
from controller.state.lease import acquire
from controller.state.rows import PENDING, Begun, OwnedRow
from controller.state.statements import statements
from controller.state.store import State
from tests.doors import furnish, judged

Run = Callable[..., Any]
CARD = "55667788"
SPECS = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: site}
spec: {timezone: Europe/Stockholm}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: csv
  config: {path: members.csv, record: person, map: {id: id, full_name: name, valid_until: until, card_no: card}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front}
spec:
  provider: hikvision
  config: {url: URL, username: admin, password: {secret: DOOR}}
  people:
    - from: members
      key: "{id}"
      name: "{full_name}"
      valid: {until: "{valid_until}"}
      doors: [{door: 1, plan: 1}]
      cards: "{card_no}"
  policy: {pace: 0, protect: [person/7777]}
"""
MEMBERS = f"id,name,until,card\n1001,Åsa Öberg,2030-12-31,{CARD}\n1002,Živa Čuk,2030-12-31,\n"


@pytest.fixture
def site(trueup: Run, door: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The door holds what the specs say, and the state knows it."""
    furnish(trueup, monkeypatch, SPECS.replace("URL", door.url), MEMBERS)
    assert trueup("apply", "--bootstrap", "--auto-approve").code == 0
    return trueup


def in_state(work: Callable[[State], Any]) -> Any:
    async def run() -> Any:
        async with State.open(Path(".trueup"), keys=None, clock=SystemClock()) as state:
            return await work(state)

    return asyncio.run(run())


def hold(*, node: str = "elsewhere", pid: int = 1, seconds: float = 60) -> None:
    """Somebody else has the lease."""
    values = {
        "name": "apply", "holder": "x", "host": "gym-pc", "node": node, "pid": pid, "acquired_at": "2026-11-22T02:00:00Z",
        "expires_at": SystemClock().now().timestamp() + seconds, "account": "anna", "doing": "apply",
    }  # fmt: skip
    in_state(lambda state: state.store.write(lambda conn: conn.execute(statements("leases").take, values).rowcount))


# -- list ----------------------------------------------------------------------------------------------------------------------


def test_list_says_what_is_ours_where_and_from_which_record(site: Run) -> None:
    everything = site("state", "list").out
    assert "Device/front  serial A1" in everything
    assert "owned: 1 card, 2 persons" in everything
    one = site("state", "list", "Device/front:person/1001").out
    assert "Device/front:person/1001  owned  Åsa Öberg" in one
    assert "made from members/1001" in one
    assert max(map(len, (everything + one).splitlines())) <= 80


def test_list_narrows_and_tells_programs(site: Run) -> None:
    found = judged("state-list", site("state", "list", "--only", "card", "-o", "json").out)
    assert [entity["subject"] for entity in found["entities"]] == ["1001"]
    assert CARD not in json.dumps(found)
    assert found["resources"][0]["owned"] == {"card": 1, "person": 2}
    assert site("state", "list", "--status", "pending").out == "Nothing of ours matches.\n"
    in_state(
        lambda state: state.inventory.upsert(
            [OwnedRow("Device/front", "person", "7", PENDING), OwnedRow("Device/front", "person", "8", tombstone=True)]
        )
    )
    assert "Device/front:person/7  pending" in site("state", "list", "--status", "pending").out
    assert "(1 begun and not seen yet, 1 barred)" in site("state", "list").out


def test_list_of_what_is_not_known_says_what_is(site: Run) -> None:
    said = site("state", "list", "Device/frnt")
    assert (said.code, "there are: Device/front" in said.err) == (1, True)


def test_list_of_nothing_yet(trueup: Run) -> None:
    assert "there is no state in .trueup yet" in trueup("state", "list").err
    in_state(lambda state: state.runs.latest())
    assert "nothing is remembered yet; to begin: trueup plan" in trueup("state", "list").err


# -- backup, check, restore ------------------------------------------------------------------------------------------------------


def test_a_backup_goes_and_comes_back(site: Run) -> None:
    said = site("state", "backup", "copy.db")
    assert "copy.db: " in said.out and "3 entries of ours on 1 resource; every page is whole" in said.out
    assert "The key is not in it: keep .trueup/key in another place" in said.err
    assert judged("state-backup", site("state", "backup", "copy.db", "--force", "-o", "json").out)["backup"]["entities"] == 3
    assert site("state", "forget", "Device/front", "--auto-approve").code == 0
    back = site("state", "restore", "copy.db", "--auto-approve")
    assert (back.code, "the state before is kept as .trueup/state.db.replaced-" in back.err) == (0, True)
    assert site("plan", "--detailed-exitcode").code == 0
    again = judged("state-restore", site("state", "restore", "copy.db", "--auto-approve", "-o", "json").out)
    assert again["restored"]["state"]["entities"] == 3


def test_restore_asks_first(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    site("state", "backup", "copy.db")
    assert "nobody is there to ask" in site("state", "restore", "copy.db").err
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(click, "confirm", lambda question, **how: False)
    assert site("state", "restore", "copy.db").code == 130
    assert not [name for name in os.listdir(".trueup") if "replaced" in name]


def test_a_backup_with_the_key_in_the_environment_names_it(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_KEY", Path(".trueup/key").read_text("ascii"))
    assert "keep what TRUEUP_KEY is set to in another place" in site("state", "backup").err


def test_check_tells_what_to_do_next_and_fails_only_for_what_fails(site: Run) -> None:
    assert site("state", "check").code == 0
    found = judged("state-check", site("state", "check", "-o", "json").out)
    assert (found["worst"], {f["level"] for f in found["findings"]}) == ("ok", {"ok"})
    Path("specs/all.yaml").write_text("kind: [", encoding="utf-8")
    said = site("state", "check")
    assert (said.code, "-> trueup validate" in said.out, "1 to look at." in said.out) == (0, True, True)
    Path(".trueup/key").rename("key-elsewhere")
    said = site("state", "check")
    assert (said.code, "FAIL  there is no key" in said.out) == (1, True)


def test_check_knows_what_is_declared(site: Run) -> None:
    in_state(lambda state: state.inventory.upsert([OwnedRow("Device/gone", "person", "1")]))
    assert "trueup state forget Device/gone" in " ".join(site("state", "check").out.split())


# -- forget --------------------------------------------------------------------------------------------------------------------


def test_forgetting_a_person_leaves_the_door_alone_and_makes_a_stranger(site: Run, door: Any) -> None:
    before = dict(door.persons), dict(door.cards)
    said = site("state", "forget", "Device/front:person/1001", "--auto-approve")
    assert said.code == 0
    assert "1 entry on what is forgotten, still ours: Device/front:card/" in " ".join(said.err.split())
    assert (dict(door.persons), dict(door.cards)) == before
    plan = site("plan")
    assert "person 1001 (Åsa Öberg) is there already and not ours" in plan.out
    (event,) = in_state(lambda state: state.events.latest(type="state.forgotten"))
    assert (event.subject, event.severity) == ("Device/front:person/1001", "warning")


def test_a_card_may_be_named_by_its_number_and_the_number_goes_nowhere(site: Run) -> None:
    said = site("state", "forget", f"Device/front:card/{CARD}", "--auto-approve", "-o", "json")
    found = judged("state-forget", said.out)
    assert [entity["subject"] for entity in found["forgotten"]] == ["1001"]
    assert CARD not in said.out + said.err
    assert CARD.encode() not in Path(".trueup/state.db").read_bytes()


def test_forgetting_a_resource_keeps_its_protections_unless_asked(site: Run) -> None:
    said = site("state", "forget", "Device/*", "--auto-approve", "-o", "json")
    found = judged("state-forget", said.out)
    assert (found["resources"], found["protections_kept"], len(found["forgotten"])) == (["Device/front"], 1, 3)
    assert "1 protection stay (--with-protections releases them)" in " ".join(said.err.split())
    assert "person/7777" in site("protections", "list").out
    assert site("plan").code == 0
    site("state", "forget", "Device/front", "--auto-approve", "--with-protections")
    assert "nothing is protected" in site("protections", "list").err


def test_forgetting_ends_what_nobody_will_look_for(site: Run) -> None:
    in_state(lambda state: state.journal.begin("r", [Begun("1", "Device/front", "person", "1001", "update")]))
    said = site("state", "forget", "Device/front:person/1001", "--auto-approve")
    assert "the end of 1 change is not known" in said.err
    assert in_state(lambda state: state.journal.unfinished()) == []


def test_forget_asks_and_may_be_told_no(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(click, "confirm", lambda question, **how: False)
    assert site("state", "forget", "Device/front").code == 130
    assert len(in_state(lambda state: state.inventory.everything("Device/front"))) == 2


def test_what_changed_while_somebody_thought_is_not_forgotten(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(question: str, **how: Any) -> bool:
        async def add() -> None:
            async with State.open(Path(".trueup"), keys=None, clock=SystemClock()) as state:
                await state.inventory.upsert([OwnedRow("Device/front", "person", "9")])

        import threading

        thread = threading.Thread(target=lambda: asyncio.run(add()))
        thread.start()
        thread.join()
        return True

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(click, "confirm", meanwhile)
    said = site("state", "forget", "Device/front")
    assert (said.code, "the state has changed since it was shown" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("front", "is not an address"),
        ("Device/front:person", "names no entity"),
        ("Device/front:person/9", "is not in the inventory"),
        ("Device/back", "nothing is remembered about Device/back"),
    ],
)
def test_what_cannot_be_forgotten_is_said(site: Run, address: str, words: str) -> None:
    said = site("state", "forget", address, "--auto-approve")
    assert (said.code, words in said.err) == (1, True)


def test_many_are_folded(site: Run) -> None:
    in_state(lambda state: state.inventory.upsert([OwnedRow("Device/front", "person", str(n)) for n in range(2000, 2030)]))
    said = site("state", "forget", "Device/front:person/20*", "--auto-approve")
    assert "... and 20 more (--verbose shows all)" in said.err


# -- unlock --------------------------------------------------------------------------------------------------------------------


def test_everybody_is_told_who_holds_the_state_and_what_to_type(site: Run) -> None:
    hold()
    for arguments in (["apply", "--auto-approve"], ["state", "forget", "Device/front", "--auto-approve"], ["secrets", "rotate"]):
        if arguments[0] == "apply":
            Path("specs/members.csv").write_text(MEMBERS + "1003,Bo Ek,2030-12-31,\n", encoding="utf-8")
        said = site(*arguments)
        assert said.code == 1, arguments
        assert "process 1 of anna on gym-pc (apply), since 2026-11-22 02:00 UTC, lease until " in " ".join(said.err.split())
        assert "--lock-timeout 5m" in said.err and "trueup state unlock" in said.err


def test_a_holder_that_cannot_be_seen_keeps_the_state_unless_forced(site: Run) -> None:
    hold()
    shown = judged("state-unlock", site("state", "unlock", "--show", "-o", "json").out)
    assert (shown["held"], shown["user"], shown["alive"], shown["freed"]) == (True, "anna", None, False)
    refused = site("state", "unlock")
    assert (refused.code, "Whether it lives cannot be seen" in refused.err, "--force" in refused.err) == (5, True, True)
    assert "nobody is there to ask" in site("state", "unlock", "--force").err
    forced = site("state", "unlock", "--force", "--auto-approve", "-o", "json")
    assert "it stops before its next send" in forced.err
    assert judged("state-unlock", forced.out)["freed"] is True
    assert "Nobody works with this state." in site("state", "unlock").out


def test_an_expired_lease_is_free_for_the_asking(site: Run) -> None:
    hold(seconds=-5)
    said = site("state", "unlock")
    assert (said.code, "was held and not given back" in said.out, "Freed." in said.out) == (0, True, True)


def test_a_lease_that_changed_hands_meanwhile_is_not_taken(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    hold()

    async def late(*given: Any) -> bool:
        return False

    monkeypatch.setattr("controller.state.lease.take_away", late)
    assert "nothing was taken away" in site("state", "unlock", "--force", "--auto-approve").out


async def _lost_after_unlock(state: State) -> str:
    from controller.model.errors import LeaseLost
    from controller.state.lease import holder_of, take_away

    async with await acquire(state, "apply") as lease:
        holder = await holder_of(state, "apply")
        assert holder is not None
        assert await take_away(state, "apply", holder)
        async with asyncio.timeout(5):
            while True:
                try:
                    lease.check()
                except LeaseLost as lost:
                    return lost.message
                await asyncio.sleep(0.05)


def test_who_lost_the_state_by_force_notices_within_a_moment(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.state.lease._LOOK", 0.05)
    assert "taken over by another trueup" in in_state(_lost_after_unlock)


def test_nobody_ever_held_it(trueup: Run) -> None:
    in_state(lambda state: state.runs.latest())
    assert trueup("state", "unlock", "--show").out == "Nobody works with this state.\n"


# -- rotate --------------------------------------------------------------------------------------------------------------------


def test_a_rotation_rewrites_no_device_and_leaves_the_next_plan_empty(site: Run, door: Any) -> None:
    assert site("plan", "--out", "plan.json").code == 0
    before = json.dumps([door.persons, door.cards], default=str)
    calls = len(door.log)
    said = site("secrets", "rotate")
    assert (said.code, "1 secret and " in said.err, "no device was asked or written" in said.err) == (0, True, True)
    assert json.dumps([door.persons, door.cards], default=str) == before
    assert len(door.log) == calls
    assert site("plan", "--detailed-exitcode").code == 0
    assert site("drift").code == 0
    refused = site("apply", "plan.json", "--auto-approve")
    assert (refused.code, "was signed before the key was rotated at" in refused.err) == (6, True)
    assert "trueup plan --out FILE" in refused.err
    assert site("apply", "--resume", "latest", "--auto-approve").code == 6


def test_a_rotation_tells_programs_where_the_keys_lie_and_never_what_they_are(site: Run) -> None:
    old = Path(".trueup/key").read_text("ascii").strip()
    said = site("secrets", "rotate", "--keep-old", "-o", "json")
    found = judged("secrets-rotate", said.out)["rotated"]
    assert (found["key"], found["kept"]) == (".trueup/key", ".trueup/key.old")
    assert "keep it with the backups from before" in said.err
    for key in (old, Path(".trueup/key").read_text("ascii").strip()):
        assert key not in said.out + said.err
    assert "an older key lies in .trueup/key.old" in site("state", "check").out


def test_a_rotation_of_a_key_from_the_environment_says_what_to_set(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_KEY", Path(".trueup/key").read_text("ascii"))
    Path(".trueup/key").unlink()
    in_state(
        lambda state: state.store.write(
            lambda conn: conn.execute("UPDATE journal SET before_image = x'01ff' WHERE seq = 1").rowcount
        )
    )
    said = site("secrets", "rotate")
    assert "now set TRUEUP_KEY to the content of .trueup/key.new" in said.err
    assert "1 before-image opened with no key" in said.err
    stale = site("plan")
    assert (stale.code, "use the new key: it lies in .trueup/key.new" in stale.err) == (1, True)
    monkeypatch.setenv("TRUEUP_KEY", Path(".trueup/key.new").read_text("ascii"))
    assert site("plan", "--detailed-exitcode").code == 0


def test_a_rotation_without_a_state_is_refused(trueup: Run) -> None:
    said = trueup("secrets", "rotate")
    assert (said.code, "there is no state" in said.err) == (1, True)
    assert not Path(".trueup/key").exists()


def test_a_plan_edited_after_a_rotation_is_still_called_edited(site: Run) -> None:
    site("secrets", "rotate")
    site("plan", "--out", "plan.json")
    plan = json.loads(Path("plan.json").read_text("utf-8"))
    Path("plan.json").write_text(json.dumps({**plan, "made": "2099-01-01T00:00:00Z"}), "utf-8")
    assert "was edited, or was made in another workspace" in site("apply", "plan.json", "--auto-approve").err


def test_a_wrong_key_of_the_environment_is_told_as_before(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_KEY", base64.b64encode(bytes(32)).decode())
    assert "this is not the key that the state" in site("plan").err
