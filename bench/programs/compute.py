"""Plan compute alone, pages in memory: ours and both floors in turn, in one process. Arguments: persons, terminals, rounds.

Ours is the provider's page decoder and normaliser, the engine's fold, and its decisions. The desired side is built once
beforehand, for the floors too.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bench import stage
from bench.measure import cpu_seconds
from controller.engine.judging.compare import Fold, projection
from controller.engine.judging.decide import decide
from controller.engine.judging.target import Protections, Target
from controller.engine.marks import Marks
from controller.engine.wishes.desired import DesiredSet
from controller.model.address import Address
from controller.model.record import RecordRef
from controller.sdk.provider import Selected
from controller.spec.policy import Policy
from controller.state.keys import Keys
from controller.state.rows import OwnedRow
from providers.hikvision.config import PeopleMapping
from providers.hikvision.isapi.wire import decode_people
from providers.hikvision.kinds import PERSON
from providers.hikvision.normalise import Normaliser
from providers.hikvision.provider import PROVIDER

ADDRESS = Address("Device", "door")
Wish = tuple[str, str, bool, str, str, str, int, str]


class Valid(msgspec.Struct, gc=False):
    enable: bool
    beginTime: str
    endTime: str


class Right(msgspec.Struct, gc=False):
    doorNo: int
    planTemplateNo: str


class Person(msgspec.Struct):
    employeeNo: str
    name: str
    userType: str
    Valid: Valid
    doorRight: str
    RightPlan: list[Right]


class People(msgspec.Struct):
    UserInfo: list[Person]


class Answer(msgspec.Struct):
    UserInfoSearch: People


def floor_msgspec(pages: list[bytes], desired: dict[str, Wish]) -> int:
    decode, differences = msgspec.json.Decoder(Answer).decode, []
    for page in pages:
        for p in decode(page).UserInfoSearch.UserInfo:
            wish, v, r = desired.get(p.employeeNo), p.Valid, p.RightPlan[0]
            if wish != (p.name, p.userType, v.enable, v.beginTime, v.endTime, p.doorRight, r.doorNo, r.planTemplateNo):
                differences.append((wish, p))
    return len(differences)


def floor_json(pages: list[bytes], desired: dict[str, Wish]) -> int:
    differences = []
    for page in pages:
        for p in json.loads(page)["UserInfoSearch"]["UserInfo"]:
            wish, v, r = desired.get(p["employeeNo"]), p["Valid"], p["RightPlan"][0]
            here = (p["name"], p["userType"], v["enable"], v["beginTime"], v["endTime"], p["doorRight"], r["doorNo"])
            if wish != (*here, r["planTemplateNo"]):
                differences.append((wish, p))
    return len(differences)


def wishes_of(count: int) -> dict[str, Wish]:
    return {f"{n:07d}": (stage.name_of(n), "normal", True, stage.BEGIN, stage.END, "1", 1, "1") for n in range(count)}


class Ours:
    def __init__(self, count: int) -> None:
        mapping = PeopleMapping.model_validate(
            {
                "from": "members",
                "key": "{employee_no}",
                "name": "{first_name} {last_name}",
                "valid": {"from": "{valid_from}", "until": "{valid_until}"},
                "doors": [{"door": 1, "plan": 1}],
            }
        )
        self.desired = DesiredSet()
        zone = ZoneInfo("Europe/Stockholm")
        for wish in PROVIDER.desired(mapping, (_selected(n) for n in range(count)), zone, "specs/doors.yaml:20"):
            self.desired.add(wish)
        self.owned = dict.fromkeys(self.desired.entities["person"], "owned")
        changed = range(stage.CHANGED - 1, count, stage.CHANGED)
        self.rows = {f"{n:07d}": OwnedRow(str(ADDRESS), "person", f"{n:07d}") for n in changed}
        self.marks = Marks(Keys(stage.KEY).fingerprint)

    def device(self, pages: list[bytes]) -> int:
        target = Target(
            ADDRESS, PROVIDER, Policy(), self.desired, Protections(ADDRESS, (), (), ()), self.marks, datetime(2026, 5, 1),
            owned={"person": self.owned},
        )  # fmt: skip
        wishes = self.desired.entities["person"]
        fold = Fold(wishes, self.owned, projection(PERSON, target.managed(PERSON, next(iter(wishes.values())).managed)), None)
        normal = Normaliser(ZoneInfo("Europe/Stockholm"))
        for page in pages:
            fold.page(normal.people(decode_people(page).records))
        decide(target, PERSON, fold.finish(), self.rows)
        return len(target.changes)


def _selected(number: int) -> Selected:
    one = stage.member(number)
    return Selected(one, (RecordRef("members", one["id"], f"members.json[{number}]"),))


def main(count: int, devices: int, rounds: int) -> dict[str, Any]:
    pages, wishes, ours = list(stage.pages(count)), wishes_of(count), Ours(count)
    gc.freeze()
    runs: dict[str, Callable[[], int]] = {
        "msgspec": lambda: floor_msgspec(pages, wishes),
        "ours": lambda: ours.device(pages),
        "json": lambda: floor_json(pages, wishes),
    }
    took: dict[str, list[float]] = {name: [] for name in runs}
    found = {name: run() for name, run in runs.items()}
    if len(set(found.values())) != 1:
        raise RuntimeError(f"they do not agree: {found}")
    for _ in range(rounds):
        for name, run in runs.items():
            took[name].append(cpu_seconds(lambda run=run: [run() for _ in range(devices)]))  # type: ignore[misc]
    return {**took, "changes": found["ours"] * devices}


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:4]))))
