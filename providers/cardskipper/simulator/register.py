"""The register as an ASGI app: accounts with grants, the calls of the API, memory behind them, faults in front of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from controller.sdk.simulation import Answer, AsgiApp, AsgiScope, Faults, Receive, Send, check_basic, send_answer
from providers.cardskipper.client import CRITERIA, search_document
from providers.cardskipper.simulator.documents import (
    Malformed,
    Quirks,
    info_document,
    members_document,
    read_import,
    read_search,
)
from providers.cardskipper.simulator.people import ROLE_NAMES, Person, PersonRole

__all__ = ["Account", "Quirks", "Register"]

_XML = ((b"content-type", b"application/xml; charset=utf-8"),)
_HTML = Answer(200, b"<!DOCTYPE html><html><body><h1>Log in</h1></body></html>", ((b"content-type", b"text/html"),))
_COUNTRIES = {"sv": "Sverige", "en": "Sweden"}
_CALLS = ("Organisation/Info", "Member/Export", "Import/Member", "MemberBlob/Blob", "Basedata/Country", "Basedata/Gender")


@dataclass
class Account:
    """Who may log in; ``organisations`` None: all; ``calls`` without slashes at the ends: ``Member/Export``."""

    username: str = "admin"
    password: str = "secret"
    organisations: frozenset[int] | None = None
    calls: frozenset[str] = frozenset(_CALLS)

    def sees(self, organisation: int) -> bool:
        return self.organisations is None or organisation in self.organisations


@dataclass
class Request:
    """What a call brought, read whole."""

    method: str
    path: str  # without slashes at the ends
    headers: dict[str, str]
    body: bytes
    account: Account = field(default_factory=Account)


class Register:
    """One service with organisation ``organisation`` and its child ``organisation + 1``. ``today`` judges OnlyActive."""

    def __init__(
        self,
        organisation: int = 4711,
        account: Account | None = None,
        *,
        members: Iterable[Person] = (),
        today: date | None = None,
        quirks: Quirks | None = None,
    ) -> None:
        self.organisation = organisation
        self.accounts = [account or Account()]
        self.members = list(members)
        self.today = today or datetime.now(UTC).date()
        self.quirks = quirks or Quirks()
        self.faults = Faults(is_write=lambda method, path: path.strip("/").startswith(("Import", "MemberBlob")))
        if self.quirks.slow:
            self.faults.slow(self.quirks.slow)
        if self.quirks.drop:
            self.faults.truncate(self.quirks.drop)
        self.photos: dict[tuple[int, int], bytes] = {}
        self.searches: list[bytes] = []  # bodies of member searches, as they came
        self.organisations = {
            organisation: ("Example Club", dict(ROLE_NAMES), {organisation + 1: "Example Club Youth"}),
            organisation + 1: ("Example Club Youth", {90: "Youth"}, {}),
        }
        self.app: AsgiApp = self.faults.wrap(self._app)

    def add_member(
        self, id: int, first_name: str, last_name: str, *roles: tuple[int, str, str], email: str = "", inactive: bool = False
    ) -> Person:
        """A member with roles (role, start, end) in the register's organisation; dates as ISO texts, empty for open."""
        held = [PersonRole(self.organisation, role, _day(start), _day(end)) for role, start, end in roles]
        person = Person(id, first_name, last_name, email=email, roles=held, inactive=inactive)
        self.members.append(person)
        return person

    async def _app(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        await send_answer(send, self._answer(scope, body))

    def _answer(self, scope: AsgiScope, body: bytes) -> Answer:
        account = next((a for a in self.accounts if check_basic(scope["headers"], a.username, a.password)), None)
        if account is None:
            return Answer(401, b"", ((b"www-authenticate", b'Basic realm="Cardskipper"'),))
        path: str = scope["path"]
        slash = not self.quirks.redirect_to_bare
        if self.quirks.redirect_slash and path.endswith("/") != slash:
            other = path + "/" if slash else path.rstrip("/")
            return Answer(self.quirks.redirect_slash, b"", ((b"location", other.encode()),))
        if self.quirks.html_200:
            return _HTML
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self._serve(Request(scope["method"], path.strip("/"), headers, body, account))
        if self.quirks.truncated and answer.status == 200:
            return answer._replace(body=answer.body[: len(answer.body) // 2])
        return answer

    def _serve(self, request: Request) -> Answer:
        document = _DOCUMENTS.get(request.path)
        if document is not None:
            return Answer(200, document.encode(), _XML)
        for call, (method, serve) in _SERVES.items():
            if request.path == call or (call == "MemberBlob/Blob" and request.path.startswith(f"{call}/")):
                if call not in request.account.calls:
                    return Answer(self.quirks.not_granted, b"Not granted")
                if request.method != method:
                    return Answer(405)
                try:
                    return serve(self, request)
                except Malformed as error:
                    return Answer(400, str(error).encode())
        return Answer(404)

    def _export(self, request: Request) -> Answer:
        self.searches.append(request.body)
        criteria = read_search(request.body, self.quirks)
        organisation = criteria.get("OrganisationId")
        if not isinstance(organisation, int) or not request.account.sees(organisation):
            raise Malformed("OrganisationId is required")
        found = [p for p in self.members if self._meets(p, criteria, organisation)]
        if self.quirks.sudden_empty:
            found = []
        if self.quirks.half_list:
            found = found[: len(found) // 2]
        if self.quirks.one_member:
            found = [replace(person, roles=person.roles[:1]) for person in found[:1]]
        return Answer(200, members_document(found, self.quirks), _XML)

    def _meets(self, person: Person, criteria: dict[str, int | str | bool | datetime], organisation: int) -> bool:
        return all(_TESTS[name](self, person, value, organisation) for name, value in criteria.items())

    def _info(self, request: Request) -> Answer:
        seen = {number: one for number, one in self.organisations.items() if request.account.sees(number)}
        return Answer(200, info_document(seen, self.quirks), _XML)

    def _import(self, request: Request) -> Answer:
        """A changed number or birth date makes a second member instead of an update."""
        for person in read_import(request.body):
            same = [p for p in self.members if (p.id, p.birthdate) == (person.id, person.birthdate)]
            person.changed = datetime.combine(self.today, datetime.min.time())
            if same:
                self.members[self.members.index(same[0])] = person
            else:
                self.members.append(person)
        return Answer(200, b"<Cardskipper/>", _XML)

    def _photo(self, request: Request) -> Answer:
        place = re.fullmatch(r"MemberBlob/Blob/(\d+)/(\d+)", request.path)
        if place is None or not re.search(r"filename\s*=\s*\S", request.headers.get("content-disposition", "")):
            raise Malformed("a file name is required")
        self.photos[int(place[1]), int(place[2])] = request.body
        return Answer(200, b"<Cardskipper/>", _XML)

    def _country(self, request: Request) -> Answer:
        language = request.headers.get("accept-language", "en")[:2].lower()
        name = _COUNTRIES.get(language, _COUNTRIES["en"])
        return Answer(200, f'<Cardskipper><Countries><Country Code="SE" Name="{name}"/></Countries></Cardskipper>'.encode(), _XML)

    def _gender(self, request: Request) -> Answer:
        return Answer(200, b'<Cardskipper><Genders><Gender Code="F"/><Gender Code="M"/></Genders></Cardskipper>', _XML)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _has_role(register: Register, person: Person, value: object, organisation: int) -> bool:
    return any(role.id == value for role in person.roles_in(organisation))


def _has_unit(register: Register, person: Person, value: object, organisation: int) -> bool:
    return any(role.unit == value for role in person.roles_in(organisation))


def _tagged(register: Register, person: Person, value: object, organisation: int) -> bool:
    return any(str(value) in tag for tag in person.tags.get(organisation, []))


def _active(register: Register, person: Person, value: object, organisation: int) -> bool:
    return not value or person.active_on(register.today, organisation)


def _changed(register: Register, person: Person, value: object, organisation: int) -> bool:
    return isinstance(value, datetime) and person.changed > value.replace(tzinfo=None)


def _born(register: Register, person: Person, value: object, organisation: int) -> bool:
    return isinstance(value, datetime) and person.birthdate == value.date()


_TESTS: dict[str, Callable[[Register, Person, object, int], bool]] = {
    "MemberId": lambda register, person, value, organisation: person.id == value,
    "OrganisationId": lambda register, person, value, organisation: (
        value in {role.organisation for role in person.roles} | set(person.tags) or not person.roles
    ),
    "RoleId": _has_role,
    "UserId": lambda register, person, value, organisation: person.user_id == value,
    "OrganisationMemberId": lambda register, person, value, organisation: person.id == value,
    "Birthdate": _born,
    "Firstname": lambda register, person, value, organisation: person.first_name == value,
    "Lastname": lambda register, person, value, organisation: person.last_name == value,
    "Cellphone": lambda register, person, value, organisation: value in (person.cellphone, person.cellphone2),
    "TagContains": _tagged,
    "OrganisationUnit": _has_unit,
    "HasUserDevice": lambda register, person, value, organisation: person.has_device == value,
    "OnlyActive": _active,
    "ChangedAt": _changed,
}

_SERVES: dict[str, tuple[str, Callable[[Register, Request], Answer]]] = {
    "Member/Export": ("POST", Register._export),
    "Organisation/Info": ("GET", Register._info),
    "Import/Member": ("POST", Register._import),
    "MemberBlob/Blob": ("POST", Register._photo),
    "Basedata/Country": ("GET", Register._country),
    "Basedata/Gender": ("GET", Register._gender),
}


def _schema(*lines: str) -> str:
    return '<?xml version="1.0"?><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">' + "".join(lines) + "</xs:schema>"


_DOCUMENTS = {
    "Doc/SearchCriteriaMember.xsd": _schema(*(f'<xs:element name="{name}"/>' for name in CRITERIA)),
    "Doc/MemberImport.xsd": _schema('<xs:element name="Cardskipper"/>', '<xs:element name="Members"/>'),
    "Doc/OrganisationInfo.xsd": _schema('<xs:element name="Cardskipper"/>', '<xs:element name="Organisations"/>'),
    "Doc/SearchCriteriaMember.xml": search_document({"OrganisationId": 1}).decode(),
    "Doc/OrganisationInfo.xml": '<Cardskipper><Organisations><Organisation Id="1" Name="Example"/></Organisations></Cardskipper>',
}
