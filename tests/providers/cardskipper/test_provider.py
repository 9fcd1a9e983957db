"""The source over a loopback register: every form of the answer, every fault, and nothing said that is not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from controller.sdk import (
    Busy,
    ConnectionLost,
    Nonsense,
    NotOffered,
    ProviderError,
    Record,
    TimedOut,
    Unauthorized,
    Unreadable,
    WrongTarget,
)
from controller.sdk.simulation import Answer, AsgiScope, Receive, Send, send_answer
from providers.cardskipper.client import search_document
from providers.cardskipper.provider import PROVIDER
from providers.cardskipper.simulator import Account, PersonRole, Register, generate_members

from .conftest import OpenSource

pytestmark = pytest.mark.anyio


def _answering(register: Register, body: bytes, status: int = 200) -> None:
    async def app(scope: AsgiScope, receive: Receive, send: Send) -> None:
        await send_answer(send, Answer(status, body))

    register.app = register.faults.wrap(app)


def _two(register: Register) -> None:
    both = register.add_member(900001, "Åsa", "Öberg", (10, "2026-01-01", "2026-06-30"), (12, "2026-09-01", "2026-12-31"))
    both.email, both.tags, both.extras = " Asa@Example.ORG ", {4711: ["gym", "sauna"]}, ("locker 7", "", "")
    both.roles[0].unit, both.cellphone = "North", "070-123 45 67"
    register.add_member(900002, "Erik", "O'Brien", (10, "2026-01-01", "2026-12-31"))


async def test_members_arrive_as_persons(register: Register, opened: OpenSource) -> None:
    _two(register)
    async with opened() as reading:
        first, second = await reading.all()
    assert isinstance(first, Record) and isinstance(second, Record)
    assert first.key == "900001" and first.place == "member 900001"
    assert first.fields == {
        "id": "900001",
        "email": "asa@example.org",
        "phone": "+46701234567",
        "first_name": "Åsa",
        "last_name": "Öberg",
        "full_name": "Åsa Öberg",
        "valid_from": datetime(2026, 1, 1),
        "valid_until": datetime(2026, 12, 31, 23, 59, 59),
        "active": True,
        "roles": ("10", "12"),
        "tags": ("gym", "sauna"),
        "units": ("North",),
        "extra1": "locker 7",
        "extra2": None,
        "extra3": None,
    }
    assert register.searches == [
        b"<?xml version='1.0' encoding='utf-8'?>\n<Cardskipper><SearchCriteriaMember>"
        b'<OrganisationId value="4711" /><OnlyActive value="true" /></SearchCriteriaMember></Cardskipper>'
    ]


async def test_birth_dates_and_addresses_are_never_taken_in(register: Register, opened: OpenSource) -> None:
    _two(register)
    async with opened() as reading:
        shown = repr(await reading.all())
    assert "1990" not in shown and "Storgatan" not in shown and "1234'" not in shown


@pytest.mark.parametrize(
    "quirks",
    [
        {"element_response": True},
        {"extra_as_elements": True},
        {"tag_as_element": True},
        {"tag_as_element": True, "element_response": True},
        {"namespace": True},
        {"namespace": True, "xsi_attributes": True},
        {"declaration": False},
        {"strict_order": True},
        {"dates": "datetime"},
        {"dates": "fraction"},
        {"redirect_slash": 308, "redirect_to_bare": True},
        {"redirect_slash": 301},
    ],
    ids=str,
)
async def test_every_form_of_the_answer_gives_the_same_persons(
    register: Register, opened: OpenSource, quirks: dict[str, Any]
) -> None:
    _two(register)
    async with opened() as reading:
        plain = await reading.all()
        register.quirks = replace(register.quirks, **quirks)
        assert await reading.all() == plain


async def test_zoned_times_mean_the_same_moments(register: Register, opened: OpenSource) -> None:
    register.add_member(1, "A", "B", (10, "2026-06-01", "2026-08-31"))
    register.quirks.dates = "zone"
    async with opened() as reading:
        (record,) = await reading.all()
    assert isinstance(record, Record)
    assert str(record.fields["valid_until"]) == "2026-08-31 21:59:59+00:00"


@pytest.mark.parametrize("quirks", [{"members": "empty"}, {"members": "missing"}, {"sudden_empty": True}], ids=str)
async def test_an_empty_list_is_an_answer_with_nobody_in_it(register: Register, opened: OpenSource, quirks: dict[str, Any]) -> None:
    _two(register)
    register.quirks = replace(register.quirks, **quirks)
    async with opened() as reading:
        assert await reading.all() == []


async def test_one_member_with_one_role_is_still_a_list(register: Register, opened: OpenSource) -> None:
    _two(register)
    register.quirks.one_member = True
    async with opened() as reading:
        (record,) = await reading.all()
    assert isinstance(record, Record) and record.fields["roles"] == ("10",)


async def test_the_expired_are_absent_unless_the_whole_register_is_asked_for(register: Register, opened: OpenSource) -> None:
    register.add_member(1, "Old", "Member", (10, "2020-01-01", "2020-12-31"))
    register.add_member(2, "Barred", "Member", (10, "2020-01-01", ""), inactive=True)
    async with opened() as reading:
        assert await reading.all() == []
    async with opened(onlyActive=False) as reading:
        old, barred = await reading.all()
    assert isinstance(old, Record) and old.fields["valid_until"] == datetime(2020, 12, 31, 23, 59, 59)
    assert isinstance(barred, Record) and barred.fields["active"] is False


async def test_two_members_with_one_number_are_refused_and_the_others_go_on(register: Register, opened: OpenSource) -> None:
    _two(register)
    register.add_member(900001, "Other", "Person", (10, "2026-01-01", "2026-12-31"))
    async with opened() as reading:
        bad, fine = await reading.all()
    assert isinstance(bad, Unreadable) and bad.key == "900001"
    assert isinstance(fine, Record) and fine.key == "900002"


async def test_children_are_read_and_counted_only_when_declared(register: Register, opened: OpenSource) -> None:
    _two(register)
    register.members[0].roles.append(PersonRole(4712, 90, date(2026, 1, 1), date(2027, 6, 30)))
    youth = register.add_member(900003, "Maja", "Žižek")
    youth.roles = [PersonRole(4712, 90, date(2026, 1, 1), date(2026, 8, 31))]
    async with opened() as reading:
        assert [record.key for record in await reading.all()] == ["900001", "900002"]
    async with opened(children=[4712]) as reading:
        records = await reading.all()
    assert [record.key for record in records] == ["900001", "900002", "900003"]
    assert isinstance(records[0], Record) and records[0].fields["valid_until"] == datetime(2027, 6, 30, 23, 59, 59)


async def test_declared_roles_narrow_who_is_entitled(register: Register, opened: OpenSource) -> None:
    _two(register)
    async with opened(roles=[12]) as reading:
        trainer, member = await reading.all()
    assert isinstance(trainer, Record) and trainer.fields["valid_from"] == datetime(2026, 9, 1)
    assert isinstance(member, Record) and member.fields["active"] is False


@pytest.mark.parametrize(
    ("words", "named"),
    [({"organizationId": 9}, "organisation 9"), ({"roles": [10, 77]}, "role 77"), ({"children": [4799]}, "organisation 4799")],
)
async def test_numbers_that_do_not_exist_are_named_with_those_that_do(
    register: Register, opened: OpenSource, words: dict[str, Any], named: str
) -> None:
    async with opened(**words) as reading:
        with pytest.raises(WrongTarget, match=f"there is no {named} among those") as caught:
            await reading.facts()
    assert ("10 Member" if "role" in named else "4711 Example Club") in str(caught.value)


async def test_a_misspelt_role_stops_the_read_instead_of_barring_everybody(register: Register, opened: OpenSource) -> None:
    _two(register)
    async with opened(roles=[77]) as reading:
        with pytest.raises(WrongTarget):
            await reading.all()


async def test_facts_tell_who_answers(opened: OpenSource) -> None:
    async with opened(roles=[10], children=[4712]) as reading:
        facts = await reading.facts()
    assert (facts.identity, facts.notes) == ("", ("organisation 4711: Example Club", "roles: 4"))


async def test_without_the_info_call_members_are_read_all_the_same(register: Register, opened: OpenSource) -> None:
    _two(register)
    register.accounts = [Account(calls=frozenset({"Member/Export"}))]
    async with opened(roles=[10]) as reading:
        assert len(await reading.all()) == 2
        assert "not checked" in (await reading.facts()).notes[0]


@pytest.mark.parametrize(("status", "kind"), [(403, NotOffered), (404, NotOffered), (401, Unauthorized), (500, Nonsense)])
async def test_a_call_that_is_not_granted_is_explained(
    register: Register, opened: OpenSource, status: int, kind: type[ProviderError]
) -> None:
    register.accounts = [Account(calls=frozenset())]
    register.quirks.not_granted = status
    async with opened() as reading:
        with pytest.raises(kind) as caught:
            await reading.all()
    if status != 500:
        assert "grants each call" in caught.value.hint and "/Member/Export/" in caught.value.hint


async def test_a_wrong_password_is_tried_once(register: Register, opened: OpenSource) -> None:
    async with opened(password="wrong") as reading:
        for _ in range(2):
            with pytest.raises(Unauthorized):
                await reading.all()
    assert register.faults.unauthorized == 1


async def test_a_refused_request_is_not_repeated(register: Register, opened: OpenSource) -> None:
    register.accounts = [Account(organisations=frozenset({1}))]
    async with opened() as reading:
        with pytest.raises(NotOffered, match="malformed") as caught:
            await reading.all()
    assert (caught.value.detail, register.faults.calls) == ("OrganisationId is required", 1)


async def test_a_server_error_is_given_time_and_then_reported_in_its_own_words(register: Register, opened: OpenSource) -> None:
    _two(register)
    register.faults.status(500, times=2, body=b"<p>Oops</p>")
    async with opened() as reading:
        assert len(await reading.all()) == 2
        assert reading.clock.slept == [1.0, 2.0]
        register.faults.status(502, times=None, body=b"<p>Bad gateway</p>")
        with pytest.raises(Nonsense, match="status 502") as caught:
            await reading.all()
    assert (caught.value.code, caught.value.detail) == ("server-error", "<p>Bad gateway</p>")


async def test_a_status_that_the_call_does_not_have_is_no_list(register: Register, opened: OpenSource) -> None:
    register.faults.status(204)
    async with opened() as reading:
        with pytest.raises(Nonsense, match="status 204"):
            await reading.all()


def _html(register: Register) -> None:
    register.quirks.html_200 = True


def _truncated(register: Register) -> None:
    register.quirks.truncated = True


@pytest.mark.parametrize(("spoil", "words"), [(_html, "web page"), (_truncated, "breaks off")])
async def test_a_spoilt_answer_yields_nobody_at_all(
    register: Register, opened: OpenSource, spoil: Callable[[Register], None], words: str
) -> None:
    register.members.extend(generate_members(50, 1))
    spoil(register)
    got = []
    async with opened() as reading:
        with pytest.raises(Nonsense, match=words):
            async for record in reading.source.records():
                got.append(record)
    assert got == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not-xml"),
        (b"  \n", "not-xml"),
        (b"{}", "not-xml"),
        (b"<html><body>Log in</body></html>", "not-xml"),
        (b"<Error>no</Error>", "other-xml"),
        (b"<Cardskipper><Error/></Cardskipper>", "other-xml"),
        (b"<Cardskipper><Members><Error/></Members></Cardskipper>", "other-xml"),
        (b"<Cardskipper><Members/></Cardskipper>trailing", "broken-xml"),
        (b"<Cardskipper><Members></Cardskipper>", "broken-xml"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Cardskipper><Members/></Cardskipper>', "not-xml"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><Cardskipper/>', "not-xml"),
    ],
)
async def test_what_is_no_member_list_is_never_an_empty_one(register: Register, opened: OpenSource, body: bytes, code: str) -> None:
    _answering(register, body)
    async with opened() as reading:
        with pytest.raises(Nonsense) as caught:
            await reading.all()
    assert caught.value.code == code


async def test_elements_and_attributes_that_nobody_announced_are_passed_over(register: Register, opened: OpenSource) -> None:
    _answering(
        register,
        b'\n<?xml-stylesheet href="x"?><Cardskipper xmlns:q="u" Version="2"><Members Count="1"><!-- one -->'
        b'<Member q:OrganisationMemberId="7" New="1"><Future/><Organisations><Organisation Id="4711"><Roles>'
        b'<Role Id="10" StartDate="2026-01-01" EndDate="2026-12-31"><Note/></Role></Roles></Organisation></Organisations>'
        b"</Member></Members></Cardskipper>",
    )
    async with opened() as reading:
        (record,) = await reading.all()
    assert isinstance(record, Record) and (record.key, record.fields["active"]) == ("7", True)


@pytest.mark.parametrize(
    ("fault", "kind"), [("close", ConnectionLost), ("truncate", ConnectionLost), ("lose_answer", ConnectionLost)]
)
async def test_a_broken_connection_is_tried_again_once(
    register: Register, opened: OpenSource, fault: str, kind: type[ProviderError]
) -> None:
    _two(register)
    async with opened() as reading:
        getattr(register.faults, fault)(times=1)
        assert len(await reading.all()) == 2
        getattr(register.faults, fault)(times=None)
        with pytest.raises(kind):
            await reading.all()


async def test_a_register_that_does_not_answer_is_given_up(register: Register, opened: OpenSource) -> None:
    register.faults.slow(5.0)
    async with opened(readTimeout="50ms") as reading:
        with pytest.raises(TimedOut):
            await reading.all()


async def test_a_busy_register_is_left_alone_for_as_long_as_it_asks(register: Register, opened: OpenSource) -> None:
    register.faults.throttle(120)
    async with opened() as reading:
        with pytest.raises(Busy) as caught:
            await reading.all()
    assert caught.value.retry_after == 120.0


def test_criteria_are_sent_in_schema_order_and_empty_ones_not_at_all() -> None:
    document = search_document({"OnlyActive": False, "Firstname": "", "OrganisationId": 1, "RoleId": 0})
    assert document.partition(b"\n")[2] == (
        b'<Cardskipper><SearchCriteriaMember><OrganisationId value="1" /><RoleId value="0" /><OnlyActive value="false" />'
        b"</SearchCriteriaMember></Cardskipper>"
    )


def _config(**words: Any) -> Any:
    given = {"organizationId": 1, "username": "u", "password": {"env": "P"}, **words}
    return PROVIDER.config.model_validate(given)


def test_the_config_needs_little_and_says_what_it_means() -> None:
    config = _config(connectTimeout="2s", readTimeout="1m")
    endpoint = PROVIDER.endpoint(config)
    assert endpoint is not None
    assert (endpoint.url, endpoint.scheme, endpoint.connect, endpoint.read) == ("https://api.cardskipper.se", "basic", 2.0, 60.0)
    assert list(PROVIDER.check(config)) == []
    assert (PROVIDER.record_type(config), PROVIDER.zone(config), PROVIDER.needs_zone(config)) == ("person", None, False)
    assert PROVIDER.needs_zone(_config(validity="current"))
    assert set(PROVIDER.fields(config)) >= {"email", "valid_from", "valid_until", "active"}


@pytest.mark.parametrize(
    "words", [{"readTimeout": "0"}, {"readTimeout": "fast"}, {"organizationId": 0}, {"password": "literal"}, {"color": 1}], ids=str
)
def test_a_config_that_cannot_be_meant_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _config(**words)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ({"url": "api.cardskipper.se"}, ("url",)),
        ({"url": "https://a:b@api.cardskipper.se"}, ("url",)),
        ({"url": "https://h:99999"}, ("url",)),
        ({"url": "http://api.cardskipper.se"}, ("url",)),
        ({"url": "http://10.0.0.1"}, ("url",)),
        ({"timezone": "Mars/Olympus"}, ("timezone",)),
        ({"timezone": "../etc"}, ("timezone",)),
        ({"tls": {"mode": "pin"}}, ("tls", "pin")),
    ],
    ids=str,
)
def test_problems_of_the_config_are_named_with_their_place(words: dict[str, Any], path: tuple[str, ...]) -> None:
    (problem,) = PROVIDER.check(_config(**words))
    assert problem.path == path and problem.hint
    assert "a:b" not in problem.message


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"])
def test_plain_http_is_fine_on_this_machine(url: str) -> None:
    assert list(PROVIDER.check(_config(url=url, timezone="Europe/Stockholm"))) == []
