"""The simulated terminal itself: the ASGI app, and the hands that tests and demos lay on it from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controller.sdk import Clock, SystemClock
from controller.sdk.simulation import Answer, AsgiApp, AsgiScope, Call, Faults, Receive, Send, send_answer
from providers.hikvision.simulator import persons
from providers.hikvision.simulator.auth import Gate
from providers.hikvision.simulator.envelope import IsapiError, refused
from providers.hikvision.simulator.profiles import DEFAULT_PROFILE, Profile, Quirks, profile_named
from providers.hikvision.simulator.request import Request, read_request
from providers.hikvision.simulator.routes import Route, route_of
from providers.hikvision.simulator.state import Device

_OF_PROFILE = Quirks()  # a mark: take the quirks of the profile


@dataclass
class Terminal:
    """One terminal; itself the ASGI app, faults included. The quirks may be switched while it runs: ``terminal.quirks.slow``
    and the other wire switches are read only at the start, use ``terminal.faults`` later.

    ``clock_offset``: seconds its clock is ahead. ``latency``: seconds before every answer. Without ``quirks`` it has its model's.
    """

    profile: Profile | str = DEFAULT_PROFILE
    quirks: Quirks = field(default_factory=lambda: _OF_PROFILE)
    serial: str = ""
    username: str = "admin"
    password: str = field(default="Door-12345", repr=False)
    timezone: str = "Europe/Stockholm"
    clock: Clock = field(default_factory=SystemClock)
    clock_offset: float = 0.0
    latency: float = 0.0

    def __post_init__(self) -> None:
        self.profile = profile_named(self.profile) if isinstance(self.profile, str) else self.profile
        self.quirks = replace(self.profile.quirks if self.quirks is _OF_PROFILE else self.quirks)
        self.serial = self.serial or f"{self.profile.model}20240206V031800EN000000001"
        self.device = Device(
            self.profile, self.quirks, self.serial, ZoneInfo(self.timezone), self.clock, self.clock_offset,
            modeling_left=self.quirks.modeling_delay,
        )  # fmt: skip
        self.gate = Gate(self.device, self.username, self.password)
        self.faults = Faults(latency=self.latency, busy=self._busy, is_write=_is_write)
        self.app: AsgiApp = self.faults.wrap(self._answer)
        _switch_on(self.faults, self.quirks)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    @property
    def persons(self) -> Mapping[str, dict[str, Any]]:
        """By employeeNo, as Search would show them. Every access gives a fresh dict: change with ``edit_at_the_door``."""
        return self.device.persons

    @property
    def cards(self) -> Mapping[str, dict[str, Any]]:
        """By cardNo."""
        return self.device.cards

    @property
    def faces(self) -> Mapping[str, bytes]:
        """Pictures by employeeNo."""
        return {employee_no: face.picture for employee_no, face in self.device.faces.items()}

    @property
    def calls(self) -> int:
        """HTTP exchanges so far; the calls themselves stand in ``faults.log``."""
        return self.faults.calls

    @property
    def log(self) -> list[Call]:
        return list(self.faults.log)

    def add_person(self, employee_no: str, name: str = "", **fields: Any) -> dict[str, Any]:
        """Put a person in from outside, unchecked, by default valid 2020 to 2037 at door 1; returns the wire dict."""
        self.device.persons.put(_person(self.device, employee_no, name, fields))
        self.device.count_credentials(employee_no)
        return self.persons[employee_no]

    def encoded_person(self, employee_no: str, name: str = "", **fields: Any) -> bytes:
        """The stored form of a person, to be given to ``load`` of this and other terminals of the same profile."""
        return msgspec.json.encode(_person(self.device, employee_no, name, fields))

    def load(self, encoded: Iterable[tuple[str, bytes]]) -> None:
        """Take many persons in their stored form, sharing the bytes."""
        for employee_no, person in encoded:
            self.device.persons.put_encoded(employee_no, person)

    def edit_at_the_door(self, employee_no: str, **fields: Any) -> dict[str, Any]:
        """Somebody changes a person at the terminal's own screen; dicts like ``Valid`` are merged. KeyError when absent."""
        person = self.device.persons[employee_no]
        for name, value in fields.items():
            person[name] = {**person[name], **value} if isinstance(value, dict) and name in person else value
        self.device.persons.put(person)
        return person

    def remove_at_the_door(self, employee_no: str) -> None:
        """Somebody deletes a person at the terminal's own screen."""
        self.device.remove_person(employee_no)

    def add_card(self, employee_no: str, card_no: str, card_type: str = "normalCard") -> None:
        self.device.put_card({"employeeNo": employee_no, "cardNo": card_no, "cardType": card_type})

    def add_face(self, employee_no: str, picture: bytes = b"\xff\xd8\xff\xd9") -> None:
        self.device.put_face(employee_no, picture)

    def remove_face(self, employee_no: str) -> None:
        """Somebody deletes a face at the terminal's own screen. KeyError when there is none."""
        self.device.remove_face(employee_no)

    def add_event(self, minor: int, major: int = 5, **fields: Any) -> None:
        """Something happened at the door now: minor 1 card ok, 75 face ok, ..."""
        time = self.device.local_now().isoformat(timespec="seconds")
        serial_no = len(self.device.events) + 1
        self.device.events.append({"major": major, "minor": minor, "time": time, "doorNo": 1, "serialNo": serial_no, **fields})

    async def _answer(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request = await read_request(scope, receive)
        answer = self.gate.refuse(request) or self._respond(request)
        await send_answer(send, answer._replace(headers=(_SERVER[self.quirks.auth_style == "old"], *answer.headers)))

    def _respond(self, request: Request) -> Answer:
        as_json = request.wants_json
        try:
            route = route_of(request.path)
            as_json = route.speaks_json and request.wants_json
            return self._routed(route, request)
        except IsapiError as error:
            return refused(self.quirks, error, as_json=as_json)

    def _routed(self, route: Route, request: Request) -> Answer:
        handler = route.methods.get(request.method)
        if handler is None:
            raise IsapiError("badURLFormat" if request.path.endswith("Info/Search") else "methodNotAllowed")
        if route.speaks_json and not request.wants_json:
            raise IsapiError("badXmlFormat" if request.body else "notSupport")
        if self.quirks.typed_get_refused and request.method == "GET" and request.content_type and not request.body:
            raise IsapiError("badJsonFormat")
        return handler(self.device, request)

    def _busy(self, scope: AsgiScope) -> Answer:
        if self.quirks.busy_status == 401:
            return Answer(401)
        as_json = b"format=json" in scope["query_string"]
        return refused(self.quirks, IsapiError("deviceBusy"), as_json=as_json)._replace(status=self.quirks.busy_status)


def simulate(options: Mapping[str, Any]) -> Terminal:
    """A terminal as the entry-point group ``trueup.simulators`` makes it.

    Options: profile, serial, username, password, timezone, clock_offset, latency, quirks (names like ``more-forever`` or
    ``nonce-uses=2``, on top of the profile's), persons (wire dicts with employeeNo) and cards (wire dicts). Raises ValueError
    for an option that does not exist.
    """
    known = {"profile", "serial", "username", "password", "timezone", "clock_offset", "latency"}
    unknown = options.keys() - known - {"quirks", "persons", "cards"}
    if unknown:
        raise ValueError(f"a simulated terminal has no option {', '.join(sorted(unknown))}")
    given = {name: value for name, value in options.items() if name in known}
    profile = profile_named(options.get("profile", DEFAULT_PROFILE))
    terminal = Terminal(**{**given, "profile": profile, "quirks": profile.quirks.switched(options.get("quirks", ()))})
    for person in options.get("persons", ()):
        fields = {name: value for name, value in person.items() if name not in ("employeeNo", "name")}
        terminal.add_person(person["employeeNo"], person.get("name", ""), **fields)
    for card in options.get("cards", ()):
        terminal.device.put_card({"cardType": "normalCard", **card})
    return terminal


_SERVER = {False: (b"server", b"DNVRS-Webs"), True: (b"server", b"App-webs/")}


def _person(device: Device, employee_no: str, name: str, fields: dict[str, Any]) -> dict[str, Any]:
    valid = {"enable": True, "beginTime": "2020-01-01T00:00:00", "endTime": "2037-12-31T23:59:59", "timeType": "local"}
    plain = {"name": name, "Valid": valid, "doorRight": "1", "RightPlan": [{"doorNo": 1, "planTemplateNo": "1"}]}
    return {**persons.blank_person(device, employee_no), **plain, **fields}


def _switch_on(faults: Faults, quirks: Quirks) -> None:
    if quirks.slow:
        faults.slow(quirks.slow)
    if quirks.busy:
        faults.busy(quirks.busy)
    if quirks.close_mid_body:
        faults.truncate(quirks.close_mid_body)
    if quirks.lose_answer:
        faults.lose_answer(quirks.lose_answer)
    if quirks.drop_keepalive:
        faults.drop_keep_alive()


def _is_write(method: str, path: str) -> bool:
    return method in ("PUT", "POST", "DELETE") and not path.endswith(("Search", "AcsEvent"))
