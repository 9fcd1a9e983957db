"""The simulated register behaves as the documented one does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from controller.sdk import Endpoint, SystemClock, Unauthorized
from controller.sdk.http import Http, Response
from controller.sdk.simulation import serve
from providers.cardskipper.client import CRITERIA, search_document
from providers.cardskipper.simulator import Account, Person, PersonRole, Register, generate_members, simulate

pytestmark = pytest.mark.anyio
TODAY = date(2026, 6, 1)


@pytest.fixture
def register() -> Register:
    register = Register(today=TODAY)
    anna = register.add_member(1, "Anna", "Åberg", (10, "2026-01-01", "2026-12-31"), email="anna@x.se")
    anna.tags, anna.cellphone, anna.user_id, anna.has_device = {4711: ["gym-north"]}, "+4670", 77, True
    anna.changed, anna.roles[0].unit = datetime(2026, 5, 1, 8), "North"
    register.add_member(2, "Bo", "Ek", (12, "2020-01-01", "2020-12-31"))
    register.add_member(3, "Ci", "Ek", (12, "2026-01-01", ""), inactive=True)
    register.members.append(Person(4, "Di", "Ek", roles=[PersonRole(4712, 90, TODAY, None)]))
    return register


@asynccontextmanager
async def _client(register: Register, password: str = "secret") -> AsyncIterator[Http]:
    async with serve(register.app) as served:
        async with Http(Endpoint(served.url, scheme="basic"), username="admin", password=password, clock=SystemClock()) as http:
            yield http


async def _found(http: Http, **criteria: Any) -> list[str]:
    answer = await http.request("POST", "/Member/Export/", content=search_document({"OrganisationId": 4711, **criteria}))
    assert answer.status == 200, answer.text()
    return [member.attrib["OrganisationMemberId"] for member in _xml(answer).iterfind("Members/Member")]


def _xml(answer: Response) -> Element:
    root: Element = fromstring(answer.body)
    return root


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ({}, ["1", "2", "3"]),
        ({"OnlyActive": True}, ["1"]),
        ({"OnlyActive": False}, ["1", "2", "3"]),
        ({"OrganisationId": 4712}, ["4"]),
        ({"MemberId": 2}, ["2"]),
        ({"OrganisationMemberId": 3}, ["3"]),
        ({"RoleId": 12}, ["2", "3"]),
        ({"UserId": 77}, ["1"]),
        ({"Birthdate": "1990-01-02"}, ["1", "2", "3"]),
        ({"Birthdate": "1991-01-02T00:00:00"}, []),
        ({"Firstname": "Bo"}, ["2"]),
        ({"Lastname": "Ek"}, ["2", "3"]),
        ({"Cellphone": "+4670"}, ["1"]),
        ({"TagContains": "gym"}, ["1"]),
        ({"OrganisationUnit": "North"}, ["1"]),
        ({"HasUserDevice": True}, ["1"]),
        ({"ChangedAt": "2026-04-01T00:00:00"}, ["1"]),
        ({"ChangedAt": "2026-05-01T08:00:00"}, []),
        ({"RoleId": 12, "Lastname": "Ek", "OnlyActive": True}, []),
    ],
    ids=str,
)
async def test_every_criterion_filters(register: Register, criteria: Mapping[str, Any], found: list[str]) -> None:
    register.quirks.strict_order = True
    async with _client(register) as http:
        assert await _found(http, **criteria) == found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<SearchCriteriaMember><OrganisationId>4711</OrganisationId></SearchCriteriaMember>",
        b"<Cardskipper><SearchCriteriaMember><OrganisationId>4711</OrganisationId></SearchCriteriaMember></Cardskipper>",
        b'<Cardskipper><SearchCriteriaMember><OnlyActive value="true"/></SearchCriteriaMember></Cardskipper>',
        b'<Cardskipper><SearchCriteriaMember><OrganisationId value=""/></SearchCriteriaMember></Cardskipper>',
        b'<Cardskipper><SearchCriteriaMember><OrganisationId value="x"/></SearchCriteriaMember></Cardskipper>',
        search_document({"OrganisationId": 4711, "OnlyActive": True}).replace(b"true", b"True"),
        b'<Cardskipper><SearchCriteriaMember><OrganisationId value="4711"/><Shoe value="44"/></SearchCriteriaMember></Cardskipper>',
    ],
)
async def test_a_search_in_another_form_is_refused(register: Register, body: bytes) -> None:
    async with _client(register) as http:
        assert (await http.request("POST", "/Member/Export/", content=body)).status == 400


async def test_the_switches_for_requests_do_what_they_say(register: Register) -> None:
    script = b"<SearchCriteriaMember><OrganisationId>4711</OrganisationId></SearchCriteriaMember>"
    criteria = b'<OnlyActive value="true"/><OrganisationId value="4711"/>'
    backwards = b"<Cardskipper><SearchCriteriaMember>" + criteria + b"</SearchCriteriaMember></Cardskipper>"
    async with _client(register) as http:
        register.quirks.lax_request = True
        assert (await http.request("POST", "/Member/Export/", content=script)).status == 200
        assert (await http.request("POST", "/Member/Export/", content=backwards)).status == 200
        register.quirks.strict_order = True
        assert (await http.request("POST", "/Member/Export/", content=backwards)).status == 400


async def test_half_the_list_is_half_the_list(register: Register) -> None:
    register.quirks.half_list = True
    async with _client(register) as http:
        assert await _found(http) == ["1"]


async def test_accounts_see_only_their_organisations_and_calls(register: Register) -> None:
    register.accounts = [Account(organisations=frozenset({4712}), calls=frozenset({"Organisation/Info"}))]
    async with _client(register) as http:
        info = _xml(await http.request("GET", "/Organisation/Info"))
        assert [one.attrib["Id"] for one in info.iterfind("Organisations/Organisation")] == ["4712"]
        for status in (403, 404, 500):
            register.quirks.not_granted = status
            assert (await http.request("POST", "/Member/Export/", content=b"x")).status == status
    async with _client(register, password="wrong") as http:
        with pytest.raises(Unauthorized):
            await http.request("GET", "/Organisation/Info/")


async def test_paths_answer_with_and_without_the_slash_and_others_do_not(register: Register) -> None:
    async with _client(register) as http:
        assert (await http.request("GET", "/Organisation/Info")).ok
        assert (await http.request("GET", "/Organisation/Info/")).ok
        assert (await http.request("GET", "/Organisation/Infos/")).status == 404
        assert (await http.request("POST", "/Organisation/Info/")).status == 405


def _import(id: int = 9, born: str = "1991-02-03", role: str = 'Id="10" StartDate="2026-01-01" EndDate="2026-12-31"') -> bytes:
    return (
        f'<Cardskipper><Members><Member OrganisationMemberId="{id}" Firstname="Test" Lastname="Two" Birthdate="{born}" '
        f'Inactive="false"><ContactInfo EMail="two@example.org"/><Organisations><Organisation Id="4711" ClearTags="false">'
        f'<Roles><Role {role}/></Roles><Tags><Tag Label="gym"/></Tags></Organisation>'
        "</Organisations></Member></Members></Cardskipper>"
    ).encode()


async def test_an_import_is_seen_by_the_next_export(register: Register) -> None:
    async with _client(register) as http:
        assert (await http.request("POST", "/Import/Member/", content=_import())).ok
        assert await _found(http, OrganisationMemberId=9) == ["9"]
        assert (await http.request("POST", "/Import/Member", content=_import())).ok
        assert await _found(http, ChangedAt="2026-05-31T00:00:00") == ["9"]
        assert (await http.request("POST", "/Import/Member/", content=_import(born="1991-02-04"))).ok
        assert await _found(http, OrganisationMemberId=9) == ["9", "9"]
    assert register.faults.writes == 3


@pytest.mark.parametrize(
    ("needed", "instead"),
    [
        (b'Firstname="Test"', b""),
        (b'Birthdate="1991-02-03"', b'Birthdate="soon"'),
        (b'Inactive="false"', b'Inactive="no"'),
        (b'EMail="two@example.org"', b""),
        (b'ClearTags="false"', b""),
        (b'EndDate="2026-12-31"', b""),
        (b'OrganisationMemberId="9"', b'OrganisationMemberId="nine"'),
        (b"<Cardskipper>", b"<Cardskipper"),
        (b"Members>", b"People>"),
    ],
)
async def test_an_import_without_its_required_fields_is_refused(register: Register, needed: bytes, instead: bytes) -> None:
    async with _client(register) as http:
        assert (await http.request("POST", "/Import/Member/", content=_import().replace(needed, instead))).status == 400
    assert len(register.members) == 4


async def test_a_photo_needs_a_file_name(register: Register) -> None:
    async with _client(register) as http:
        assert (await http.request("POST", "/MemberBlob/Blob/4711/1", content=b"jpeg")).status == 400
        named = {"content-disposition": "inline; filename=face.jpg"}
        assert (await http.request("POST", "/MemberBlob/Blob/4711/1", content=b"jpeg", headers=named)).ok
        assert (await http.request("POST", "/MemberBlob/Blob/4711", content=b"jpeg", headers=named)).status == 400
    assert register.photos == {(4711, 1): b"jpeg"}


async def test_base_data_speak_the_language_that_was_asked_for(register: Register) -> None:
    async with _client(register) as http:
        assert "Sweden" in (await http.request("GET", "/Basedata/Country/")).text()
        assert "Sverige" in (await http.request("GET", "/Basedata/Country/", headers={"accept-language": "sv-SE"})).text()
        assert (await http.request("GET", "/Basedata/Gender")).ok


async def test_schemas_and_samples_are_xml(register: Register) -> None:
    names = (
        "SearchCriteriaMember.xsd",
        "MemberImport.xsd",
        "OrganisationInfo.xsd",
        "SearchCriteriaMember.xml",
        "OrganisationInfo.xml",
    )
    async with _client(register) as http:
        for name in names:
            assert len(_xml(await http.request("GET", f"/Doc/{name}"))) > 0
        listed = [element.get("name") for element in _xml(await http.request("GET", "/Doc/SearchCriteriaMember.xsd"))]
    assert listed == list(CRITERIA)


def test_generated_members_are_of_all_kinds_and_the_same_for_the_same_seed() -> None:
    people = generate_members(1000, 7, today=TODAY)
    assert people == generate_members(1000, 7, today=TODAY) != generate_members(1000, 8, today=TODAY)
    assert len({person.id for person in people}) == 1000
    names = "".join(person.first_name + person.last_name for person in people)
    assert set("åäöčšžđłÅÖŽ'’-") <= set(names)
    emails = [person.email.lower() for person in people if person.email]
    assert len(set(emails)) < len(emails) < 1000
    ends = [role.end for person in people for role in person.roles]
    assert None in ends and any(end < TODAY for end in ends if end)
    assert any(role.start and role.start > TODAY for person in people for role in person.roles)
    assert any(len(person.roles) > 1 for person in people) and any(person.inactive for person in people)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_even_two_generated_members_share_an_e_mail(count: int) -> None:
    people = generate_members(count, 3)
    assert len(people) == count
    assert count < 2 or len({person.email.lower() for person in people}) == 1


async def test_the_simulator_starts_from_options() -> None:
    app = simulate(
        {"members": "20", "seed": 2, "organization": 5, "username": "u", "today": "2026-06-01", "element_response": True}
    )
    async with serve(app) as served:
        async with Http(Endpoint(served.url, scheme="basic"), username="u", password="secret", clock=SystemClock()) as http:
            answer = await http.request("POST", "/Member/Export/", content=search_document({"OrganisationId": 5}))
    assert len(_xml(answer).findall("Members/Member/OrganisationMemberId")) == 20


def test_an_option_that_nobody_knows_is_refused() -> None:
    with pytest.raises(TypeError):
        simulate({"colour": "red"})
