"""The simulated terminal itself: formats, verbs, clock, events, faults, options."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from defusedxml import ElementTree

from controller.sdk.simulation import HungUp, serve
from providers.hikvision.simulator import PROFILES, SIMULATOR, Quirks, Terminal

pytestmark = pytest.mark.anyio

USERS = "/ISAPI/AccessControl/UserInfo/"
SEARCH = {"UserInfoSearchCond": {"searchID": "s", "searchResultPosition": 0, "maxResults": 30}}
XML = {"content-type": "application/xml"}


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 5, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the simulator does not sleep by its clock")


@asynccontextmanager
async def client(terminal: Terminal) -> AsyncIterator[httpx.AsyncClient]:
    auth = httpx.DigestAuth(terminal.username, terminal.password)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(terminal), base_url="http://terminal", auth=auth) as opened:
        yield opened


async def ask(terminal: Terminal, method: str, path: str, **request: Any) -> httpx.Response:
    async with client(terminal) as http:
        return await http.request(method, path, **request)


def text_of(answer: httpx.Response, name: str) -> str:
    found = [element.text for element in ElementTree.fromstring(answer.content) if element.tag.rpartition("}")[2] == name]
    return found[0] or ""


async def test_the_terminal_says_who_it_is_in_xml_whatever_is_asked() -> None:
    answer = await ask(Terminal(serial="SN-1"), "GET", "/ISAPI/System/deviceInfo?format=json")
    assert answer.headers["content-type"].startswith("application/xml")
    assert (text_of(answer, "serialNumber"), text_of(answer, "model")) == ("SN-1", "DS-K1T341AM")


async def test_the_clock_has_its_zone_and_may_be_wrong_until_it_is_set() -> None:
    terminal = Terminal(clock=Noon(), clock_offset=600)
    answer = await ask(terminal, "GET", "/ISAPI/System/time")
    assert text_of(answer, "localTime") == "2026-05-01T14:10:00+02:00" and text_of(answer, "timeZone") == "CST-2:00:00"
    manual = "<Time><timeMode>manual</timeMode><localTime>2026-05-01T14:05:00</localTime></Time>"
    assert (await ask(terminal, "PUT", "/ISAPI/System/time", content=manual, headers=XML)).status_code == 200
    assert terminal.device.clock_offset == 300
    await ask(terminal, "PUT", "/ISAPI/System/time", content="<Time><timeMode>NTP</timeMode></Time>", headers=XML)
    assert terminal.device.clock_offset == 0
    west = await ask(Terminal(clock=Noon(), timezone="America/St_Johns"), "GET", "/ISAPI/System/time")
    assert text_of(west, "timeZone") == "CST+2:30:00"


@pytest.mark.parametrize(
    ("content", "headers", "word"),
    [
        ("<Time>", XML, "badXmlFormat"),
        ("<Time><timeMode>moon</timeMode></Time>", XML, "badXmlContent"),
        ("<Time><timeMode>manual</timeMode><localTime>now</localTime></Time>", XML, "badXmlContent"),
        ("<Time><timeMode>NTP</timeMode></Time>", {}, "badXmlContent"),
    ],
)
async def test_bad_xml_is_refused_in_xml(content: str, headers: dict[str, str], word: str) -> None:
    answer = await ask(Terminal(), "PUT", "/ISAPI/System/time", content=content, headers=headers)
    assert answer.status_code == 400 and text_of(answer, "subStatusCode") == word


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", USERS + "Search?format=json", 404, "badURLFormat"),
        ("DELETE", USERS + "Delete?format=json", 405, "methodNotAllowed"),
        ("POST", USERS + "Delete?format=json", 405, "methodNotAllowed"),
        ("PUT", USERS + "Record?format=json", 405, "methodNotAllowed"),
        ("POST", USERS + "Modify?format=json", 405, "methodNotAllowed"),
        ("POST", "/ISAPI/AccessControl/UserInfo/search?format=json", 404, "badURLFormat"),
        ("GET", "/ISAPI/Nothing", 404, "badURLFormat"),
        ("GET", USERS + "Count", 403, "notSupport"),
    ],
)
async def test_wrong_verbs_and_paths_are_refused(method: str, path: str, status: int, word: str) -> None:
    answer = await ask(Terminal(), method, path)
    assert answer.status_code == status and word in answer.text


async def test_json_must_announce_itself_and_be_json() -> None:
    path = USERS + "Search?format=json"
    typed = {"content-type": "application/json"}
    cases = [({}, b"{}", "badJsonContent"), (typed, b"{", "badJsonFormat"), (typed, b"[]", "badJsonFormat")]
    for headers, content, word in [*cases, (typed, b'{"UserInfoSearchCond":[]}', "badJsonFormat")]:
        answer = await ask(Terminal(), "POST", path, content=content, headers=headers)
        assert (answer.status_code, answer.json()["subStatusCode"]) == (400, word)
    missing = (await ask(Terminal(), "POST", path, json={})).json()
    assert (missing["errorCode"], missing["errorMsg"]) == (1610612761, "UserInfoSearchCond")
    as_xml = await ask(Terminal(), "POST", USERS + "Search", json=SEARCH)
    assert text_of(as_xml, "subStatusCode") == "badXmlFormat"


async def test_abilities_status_and_lock_are_announced() -> None:
    terminal = Terminal()
    for path, word in (
        ("AccessControl/capabilities", "<isSupportUserInfoDetailDelete>true<"),
        ("System/status", "<deviceUpTime>"),
        ("Security/illegalLoginLock", "<maxIllegalLoginTimes>5<"),
        ("Security/capabilities", "MD5,SHA256"),
        ("AccessControl/UserRightPlanTemplate/1?format=json", '"enable":true'),
        ("AccessControl/UserAndRight/PwMgrParams?format=json", "platform"),
    ):
        answer = await ask(terminal, "GET", "/ISAPI/" + path)
        assert answer.status_code == 200 and word in answer.text
    assert (await ask(Terminal("DS-K1A340FWX"), "GET", "/ISAPI/System/status")).status_code == 404
    assert "badParameters" in (await ask(terminal, "GET", "/ISAPI/AccessControl/UserRightPlanTemplate/x?format=json")).text


@pytest.mark.parametrize("model", sorted(PROFILES))
async def test_every_model_announces_its_own_limits(model: str) -> None:
    terminal = Terminal(model)
    terminal.quirks.opt_as_list = True
    async with client(terminal) as http:
        limits = (await http.get(USERS + "capabilities?format=json")).json()["UserInfo"]
    profile = PROFILES[model]
    assert int(limits["maxRecordNum"]) == profile.persons and int(limits["name"]["@max"]) == profile.name_bytes
    assert limits["userType"]["@opt"] == list(profile.user_types)
    assert ("timeRangeEnd" in limits["Valid"]) is profile.announces_range


async def test_a_door_is_opened_by_number_or_all_at_once() -> None:
    terminal = Terminal("DS-KV6124-E1")

    async def command(door: str, word: str) -> int:
        content = f"<RemoteControlDoor><cmd>{word}</cmd></RemoteControlDoor>"
        path = f"/ISAPI/AccessControl/RemoteControl/door/{door}"
        return (await ask(terminal, "PUT", path, content=content, headers=XML)).status_code

    assert [await command("1", "open"), await command("3", "open"), await command("1", "dance")] == [200, 400, 400]
    assert terminal.device.doors == {1: "open"}
    await command("65535", "close")
    assert terminal.device.doors == {1: "close", 2: "close"}


async def test_events_are_searched_by_kind_person_and_time() -> None:
    terminal = Terminal(clock=Noon())
    terminal.add_event(75, employeeNoString="1001")
    terminal.add_event(1, cardNo="77")

    async def found(**more: Any) -> Any:
        condition = {"searchID": "e", "searchResultPosition": 0, "maxResults": 30, "major": 5, "minor": 0, **more}
        body = (await ask(terminal, "POST", "/ISAPI/AccessControl/AcsEvent?format=json", json={"AcsEventCond": condition})).json()
        return [event["serialNo"] for event in body["AcsEvent"].get("InfoList", [])]

    assert await found() == [1, 2]
    assert await found(timeReverseOrder=True) == [2, 1]
    assert await found(minor=75) == await found(employeeNoString="1001") == [1]
    assert await found(startTime="2026-05-02T00:00:00") == []
    lacking = {"AcsEventCond": {"searchID": "e", "searchResultPosition": 0, "maxResults": 30, "major": 5}}
    answer = await ask(terminal, "POST", "/ISAPI/AccessControl/AcsEvent?format=json", json=lacking)
    assert answer.json()["errorMsg"] == "minor"


@pytest.mark.parametrize(
    ("switch", "start", "end"),
    [
        ("blank-before-xml", b"\n<?xml", b">\n"),
        ("nul-after", b"<?xml", b"\0"),
        ("xml-namespace=http://www.hikvision.com/ver10/XMLSchema", b"<?xml", b">\n"),
        ("xml-namespace=", b"<?xml", b">\n"),
    ],
)
async def test_xml_comes_in_the_shapes_that_were_seen(switch: str, start: bytes, end: bytes) -> None:
    answer = await ask(Terminal(quirks=Quirks().switched([switch])), "GET", "/ISAPI/System/deviceInfo")
    assert answer.content.startswith(start) and answer.content.endswith(end)
    namespace = switch.partition("=")[2] if "namespace" in switch else "http://www.isapi.org/ver20/XMLSchema"
    assert (f'xmlns="{namespace}"' in answer.text) is bool(namespace)


@pytest.mark.parametrize(
    ("switch", "body"),
    [("empty-200", ""), ("null-body", "null"), ("wrapped-status", '{"ResponseStatus":'), ("reboot-required", '{"statusCode":7')],
)
async def test_a_write_that_was_taken_is_answered_in_odd_ways(switch: str, body: str) -> None:
    terminal = Terminal(quirks=Quirks().switched([switch]))
    terminal.add_person("1")
    condition = {"UserInfoDelCond": {"EmployeeNoList": [{"employeeNo": "1"}]}}
    answer = await ask(terminal, "PUT", USERS + "Delete?format=json", json=condition)
    assert answer.status_code == 200 and answer.text.startswith(body) and bool(answer.text) is bool(body)
    assert not terminal.persons


async def test_an_error_may_come_with_status_200_and_a_typed_get_may_be_refused() -> None:
    answer = await ask(Terminal(quirks=Quirks(error_with_200=True)), "POST", USERS + "Search?format=json", json={})
    assert answer.status_code == 200 and answer.json()["statusCode"] == 6
    strict = Terminal(quirks=Quirks(typed_get_refused=True))
    typed = {"content-type": "application/json"}
    assert (await ask(strict, "GET", USERS + "Count?format=json", headers=typed)).status_code == 400


@pytest.mark.parametrize(("status", "code"), [(200, 2), (400, 2), (503, 2), (401, None)])
async def test_busy_comes_in_four_forms_and_passes(status: int, code: int | None) -> None:
    terminal = Terminal(quirks=Quirks(busy=1).switched([f"busy-status={status}"]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(terminal), base_url="http://terminal") as http:
        answer = await http.get(USERS + "Count?format=json")
        assert answer.status_code == status
        assert answer.json()["statusCode"] == code if code else not answer.content and "www-authenticate" not in answer.headers
        assert "www-authenticate" in (await http.get(USERS + "Count?format=json")).headers


async def test_a_lost_answer_was_applied_and_a_cut_one_is_a_closed_connection_over_a_socket() -> None:
    terminal = Terminal(quirks=Quirks(slow=0.001))
    terminal.add_person("1")
    auth = httpx.DigestAuth(terminal.username, terminal.password)
    terminal.faults.lose_answer(path=USERS + "Delete", after=1)
    terminal.faults.truncate(path=USERS + "Search")
    async with serve(terminal) as served, httpx.AsyncClient(base_url=served.url, auth=auth) as http:
        condition = {"UserInfoDelCond": {"EmployeeNoList": [{"employeeNo": "1"}]}}
        with pytest.raises(httpx.RemoteProtocolError):
            await http.put(USERS + "Delete?format=json", json=condition)
        assert not terminal.persons
        with pytest.raises(httpx.RemoteProtocolError):
            await http.post(USERS + "Search?format=json", json=SEARCH)
        assert (await http.post(USERS + "Search?format=json", json=SEARCH)).json()["UserInfoSearch"]["numOfMatches"] == 0
    assert terminal.faults.writes == 1


async def test_a_terminal_that_drops_every_connection_still_answers_every_call() -> None:
    terminal = Terminal(quirks=Quirks(drop_keepalive=True))
    auth = httpx.DigestAuth(terminal.username, terminal.password)
    async with serve(terminal) as served, httpx.AsyncClient(base_url=served.url, auth=auth) as http:
        assert [(await http.get("/ISAPI/System/deviceInfo")).status_code for _ in range(3)] == [200] * 3


async def test_wire_switches_are_on_from_the_start() -> None:
    terminal = Terminal(quirks=Quirks(close_mid_body=1, lose_answer=1))
    async with client(terminal) as http:
        for _ in range(2):
            with pytest.raises(HungUp):
                await http.get("/ISAPI/System/deviceInfo")
        assert (await http.get("/ISAPI/System/deviceInfo")).status_code == 200
    assert [call.status for call in terminal.log] == [0, 0, 401, 200]


async def test_a_terminal_is_made_from_options() -> None:
    terminal = SIMULATOR(
        {
            "profile": "DS-K1T342MFWX-E1", "serial": "SN-9", "username": "u", "password": "p", "quirks": ["more-forever"],
            "persons": [{"employeeNo": "1", "name": "A", "localUIRight": True}], "cards": [{"employeeNo": "1", "cardNo": "07"}],
        }
    )  # fmt: skip
    assert terminal.persons["1"]["localUIRight"] is True and terminal.persons["1"]["numOfCard"] == 1
    assert terminal.quirks.more_forever and terminal.quirks.nonce_ttl == 30.0
    assert not PROFILES["DS-K1T342MFWX-E1"].quirks.more_forever
    assert (await ask(terminal, "GET", "/ISAPI/System/deviceInfo")).status_code == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"profile": "X"}, "no profile of a terminal X"),
        ({"colour": 1}, "no option colour"),
        ({"quirks": ["tired"]}, "no such quirk: tired"),
        ({"quirks": ["nonce-uses=many"]}, "many"),
    ],
)
def test_a_mistyped_option_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SIMULATOR(options)


def test_switches_are_parsed_by_their_type() -> None:
    quirks = Quirks().switched(["nonce-ttl=1.5", "busy=3", "modify=replace", "flat-count", "no-setup=false"])
    assert (quirks.nonce_ttl, quirks.busy, quirks.modify, quirks.flat_count, quirks.no_setup) == (1.5, 3, "replace", True, False)
