"""Terminals that a database lists, as employees' applications keep them: host, port, user and password in a row each.

PostgREST and the terminals are simulators on loopback sockets; nothing else is replaced.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from controller.engine.plans.planning import Planned
from controller.model.change import Condition
from controller.model.outcome import RunResult, Served
from controller.model.scope import EVERYTHING, Scope
from controller.runtime.workspace import Options, open_workspace
from controller.sdk.simulation import serve
from providers.hikvision.simulator import Terminal
from providers.postgrest.simulator import Relation, Server
from tests.memory import Clock

pytestmark = pytest.mark.anyio
ALLOW = frozenset({"bootstrap"})

SPECS = """
apiVersion: trueup/v1
kind: Source
metadata: {name: employees}
spec:
  provider: postgrest
  config:
    url: REST
    table: angajati
    record: person
    select: [id, nume, prenume, nume_complet, status, "biometrie:angajati_biometrie(employee_no)"]
    filters: {status: eq.activ}
    map: {first_name: prenume, last_name: nume, full_name: nume_complet, employee_no: biometrie.employee_no}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: terminals}
spec:
  provider: postgrest
  config:
    url: REST
    table: dispozitive_pontaj
    record: device
    map: {ip_address: ip_address, port: port, username: username, password: password_encrypted, status: status}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: terminal}
spec:
  provider: hikvision
  forEach: {source: terminals, key: "{id}", where: {status: activ}, allowNetworks: [127.0.0.0/8]}
  config:
    host: {each: ip_address}
    port: {each: port}
    username: {each: username}
    password: {each: password}
    timezone: Europe/Bucharest
  people:
    - from: employees
      key: "{employee_no}"
      name: ["{last_name} {first_name}", "{full_name}"]
      valid: {until: "2037-12-31"}
      doors: [{door: 1, plan: 1}]
  policy: {pace: 0, onRemoval: delete}
"""


class Office:
    """The database, three terminals, and the workspace over them, opened anew for each verb."""

    def __init__(self, folder: Path, server: Server, terminals: list[Terminal], ports: list[int]) -> None:
        self.folder, self.server, self.terminals, self.ports = folder, server, terminals, ports
        self.devices: list[dict[str, Any]] = server.tables["dispozitive_pontaj"]
        self.clock = Clock(datetime.now(UTC))

    def respell(self, old: str, new: str) -> None:
        path = self.folder / "specs" / "site.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def options(self) -> Options:
        environ = {"DOOR": "Door-12345"}
        return Options((self.folder / "specs",), self.folder / ".trueup", None, environ, self.clock)

    async def plan(self, scope: Scope = EVERYTHING) -> Planned:
        async with open_workspace(self.options, write=False) as workspace:
            return await workspace.plan(scope, allow=ALLOW)

    async def apply(self, *allowed: str, scope: Scope = EVERYTHING) -> RunResult:
        async with open_workspace(self.options, write=True) as workspace:
            planned = await workspace.plan(scope, allow=ALLOW | set(allowed))
            return await workspace.apply(planned)


def employee(number: int, employee_no: int | None) -> dict[str, Any]:
    return {"id": f"e{number}", "nume": "Test", "prenume": f"Nr {number}", "nume_complet": None, "status": "activ"} | {
        "_no": employee_no
    }


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    people = [employee(1, 1001), employee(2, 1002), employee(3, None)]
    biometrics = [{"id": f"b{n}", "angajat_id": p["id"], "employee_no": p.pop("_no")} for n, p in enumerate(people)]
    relation = Relation("angajati_biometrie", "angajat_id", "angajati", unique=True)
    server = Server({"angajati": people, "angajati_biometrie": biometrics, "dispozitive_pontaj": []}, [relation])
    terminals = [Terminal(serial=f"DS-K1T341AMF2024{n}", timezone="Europe/Bucharest") for n in range(3)]
    async with AsyncExitStack() as stack:
        rest = await stack.enter_async_context(serve(server.app))
        served = [await stack.enter_async_context(serve(terminal)) for terminal in terminals]
        ports = [urlsplit(one.url).port or 0 for one in served]
        login = {"username": "admin", "password_encrypted": "Door-12345", "ip_address": "127.0.0.1"}
        states = ("activ", "activ", "inactiv")
        server.tables["dispozitive_pontaj"] += [
            {"id": f"d{n}", "port": port, "status": state, **login}
            for n, (port, state) in enumerate(zip(ports, states, strict=True))
        ]
        idle = [{"id": f"old{n}", "port": None, "status": "eroare", **login, "ip_address": None} for n in range(2)]
        server.tables["dispozitive_pontaj"] += idle  # who is not active is not looked at, whatever its row lacks
        (tmp_path / "specs").mkdir()
        (tmp_path / "specs" / "site.yaml").write_text(SPECS.replace("REST", f"{rest.url}/rest/v1"), encoding="utf-8")
        yield Office(tmp_path, server, terminals, ports)


def conditions(planned: Planned) -> dict[str, Condition]:
    return {summary.address: summary.condition for summary in planned.plan.resources}


async def test_every_employee_is_on_every_active_terminal_and_who_has_no_number_is_skipped_and_said(office: Office) -> None:
    result = await office.apply()
    assert [set(terminal.persons) for terminal in office.terminals] == [{"1001", "1002"}, {"1001", "1002"}, set()]
    assert office.terminals[2].calls == 0
    skipped = [subject for subject in result.subjects if subject.status is Served.SKIPPED]
    assert {subject.resource for subject in skipped} == {"Device/terminal@d0", "Device/terminal@d1"}
    assert all("there is no employee number" in s.message and "employees: " in s.label for s in skipped)
    assert (result.subject_counts.success, result.subject_counts.skipped, result.subject_counts.total) == (4, 2, 6)
    assert (await office.plan()).plan.changes == ()


async def test_one_employee_to_all_terminals_by_the_number_that_the_database_gives(office: Office) -> None:
    await office.apply(scope=Scope(where=("employees.employee_no=1002",)))
    assert [set(terminal.persons) for terminal in office.terminals] == [{"1002"}, {"1002"}, set()]


async def test_a_wrong_port_and_a_missing_address_are_refused_and_said_and_nothing_of_it_is_forgotten(office: Office) -> None:
    await office.apply()
    office.devices[0]["ip_address"], office.devices[1]["port"] = None, 70000
    planned = await office.plan()
    said = {notice.resource: notice.message for notice in planned.plan.notices}
    assert "it has no `ip_address`" in said["Device/terminal@d0"] and "stays as it is" in said["Device/terminal@d0"]
    assert "port" in said["Device/terminal@d1"] and "stays as it is" in said["Device/terminal@d1"]
    assert planned.plan.changes == () and "Device/terminal@d0" not in conditions(planned)


async def test_one_address_twice_is_refused_for_both(office: Office) -> None:
    office.devices[1]["port"] = office.ports[0]
    planned = await office.plan()
    assert conditions(planned) == {}
    assert {(n.resource, n.code) for n in planned.plan.notices} >= {
        ("Device/terminal@d0", "shared-endpoint"), ("Device/terminal@d1", "shared-endpoint"),
    }  # fmt: skip
    assert all(terminal.calls == 0 for terminal in office.terminals)


async def test_an_address_outside_of_the_networks_is_never_called(office: Office) -> None:
    office.devices[0]["ip_address"] = "192.0.2.7"
    notice = next(n for n in (await office.plan()).plan.notices if n.resource == "Device/terminal@d0")
    assert notice.code == "outside-networks"


async def test_a_row_without_a_port_has_the_web_port(office: Office) -> None:
    office.devices[0]["port"] = None
    planned = await office.plan(Scope(targets=("Device/terminal@d0",)))
    assert [(r.target, r.condition) for r in planned.plan.resources] == [("http://127.0.0.1", Condition.PARKED)]


async def test_the_port_of_the_vendors_own_protocol_is_remarked_where_it_fails(office: Office) -> None:
    office.devices[0]["port"] = 8000
    planned = await office.plan(Scope(targets=("Device/terminal@d0",)))
    assert planned.plan.resources[0].hint.startswith("port 8000 is that of the vendor's own protocol")
    async with open_workspace(office.options, write=False) as workspace:
        result = next(r for r in await workspace.test() if r.address == "Device/terminal@d0")
    assert not result.ok and "port 8000" in result.hint


@pytest.mark.parametrize("leaves", ["inactiv", None])
async def test_a_terminal_that_leaves_the_list_is_forgotten_and_left_as_it_is(office: Office, leaves: str | None) -> None:
    await office.apply()
    if leaves is None:
        del office.devices[1]
    else:
        office.devices[1]["status"] = leaves
    calls = office.terminals[1].calls
    planned = await office.plan()
    assert conditions(planned)["Device/terminal@d1"] is Condition.ORPHANED
    await office.apply()
    assert set(office.terminals[1].persons) == {"1001", "1002"} and office.terminals[1].calls == calls
    assert "Device/terminal@d1" not in conditions(await office.plan())


async def test_a_terminal_that_leaves_the_list_is_emptied_where_the_policy_says_so(office: Office) -> None:
    office.respell("password: {each: password}\n", "password: {env: DOOR}\n")
    office.respell("onRemoval: delete}", "onRemoval: delete, whenRemovedFromSpec: empty}")
    await office.apply()
    office.devices[1]["status"] = "inactiv"
    limits = (await office.plan()).plan.limits
    assert {limit.resource for limit in limits} == {"Device/terminal@d1"}
    await office.apply(*(limit.flag.removeprefix("--allow ") for limit in limits))
    assert [set(terminal.persons) for terminal in office.terminals] == [{"1001", "1002"}, set(), set()]


async def test_no_terminal_at_all_is_unknown_and_forgets_nothing(office: Office) -> None:
    await office.apply()
    office.devices.clear()
    planned = await office.plan()
    assert planned.plan.changes == () and set(conditions(planned).values()) == {Condition.PARKED}


async def test_a_password_of_a_row_stands_nowhere(office: Office) -> None:
    result = await office.apply()
    assert "Door-12345" not in f"{result!r} {await office.plan()!r}"
    assert not any(b"Door-12345" in path.read_bytes() for path in (office.folder / ".trueup").rglob("*") if path.is_file())


def test_options_hold_no_secret_in_words(tmp_path: Path) -> None:
    options = Options((tmp_path,), tmp_path, None, {"DOOR": "Door-12345"}, Clock())
    assert "Door-12345" not in repr(replace(options, version="1"))
