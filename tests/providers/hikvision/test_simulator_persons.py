"""The person services of the simulated terminal: recorded errors, paging, the switches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from providers.hikvision.simulator import PROFILES, Quirks, Terminal

pytestmark = pytest.mark.anyio

ROOT = "/ISAPI/AccessControl"
VALID = {"enable": True, "beginTime": "2026-01-01T00:00:00", "endTime": "2026-12-31T23:59:59", "timeType": "local"}
ANN = {"employeeNo": "1001", "name": "Ann Åkesson", "userType": "normal", "Valid": VALID, "doorRight": "1"}


@asynccontextmanager
async def client(terminal: Terminal) -> AsyncIterator[httpx.AsyncClient]:
    auth = httpx.DigestAuth(terminal.username, terminal.password)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(terminal), base_url="http://terminal", auth=auth) as opened:
        yield opened


async def call(terminal: Terminal, method: str, path: str, body: Any = None) -> httpx.Response:
    async with client(terminal) as http:
        return await http.request(method, f"{ROOT}/{path}?format=json", json=body)


async def search(terminal: Terminal, position: int = 0, rows: int = 30, **more: Any) -> dict[str, Any]:
    condition = {"searchID": "s1", "searchResultPosition": position, "maxResults": rows, **more}
    answer = await call(terminal, "POST", "UserInfo/Search", {"UserInfoSearchCond": condition})
    body = answer.json()
    found: dict[str, Any] = body.get("UserInfoSearch", body)
    return found


async def record(terminal: Terminal, **fields: Any) -> httpx.Response:
    return await call(terminal, "POST", "UserInfo/Record", {"UserInfo": {**ANN, **fields}})


def told(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["subStatusCode"], body["errorMsg"]


def filled(count: int, **options: Any) -> Terminal:
    terminal = Terminal(**options)
    for number in range(count):
        terminal.add_person(str(1000 + number), f"Person {number}")
    return terminal


async def test_a_person_that_was_recorded_is_read_back_with_everything_the_terminal_adds() -> None:
    terminal = Terminal()
    answer = await record(terminal)
    assert answer.json() == {"statusCode": 1, "statusString": "OK", "subStatusCode": "ok", "errorCode": 1, "errorMsg": "ok"}
    (person,) = (await search(terminal))["UserInfo"]
    assert person == terminal.persons["1001"]
    assert person["Valid"] == VALID and person["name"] == "Ann Åkesson" and person["numOfCard"] == 0


async def test_pages_say_more_then_ok_then_no_match() -> None:
    terminal = filled(65)
    pages = [await search(terminal, position) for position in (0, 30, 60, 65)]
    assert [page["responseStatusStrg"] for page in pages] == ["MORE", "MORE", "OK", "NO MATCH"]
    assert [page["numOfMatches"] for page in pages] == [30, 30, 5, 0]
    assert [page["totalMatches"] for page in pages] == [65, 65, 65, 0]
    assert "UserInfo" not in pages[3]
    read = [person["employeeNo"] for page in pages[:3] for person in page["UserInfo"]]
    assert read == list(terminal.persons)


@pytest.mark.parametrize("missing", ["searchID", "searchResultPosition", "maxResults"])
async def test_a_search_without_a_required_field_is_refused_by_name(missing: str) -> None:
    condition: dict[str, Any] = {"searchID": "s1", "searchResultPosition": 0, "maxResults": 30}
    del condition[missing]
    answer = await call(Terminal(), "POST", "UserInfo/Search", {"UserInfoSearchCond": condition})
    assert told(answer) == (400, "MessageParametersLack", missing)


@pytest.mark.parametrize(
    ("more", "error_msg"),
    [({"rows": 0}, "maxResults"), ({"position": -1}, "searchResultPosition"), ({"searchID": ""}, "searchID")],
)
async def test_nonsense_in_a_search_is_refused(more: dict[str, Any], error_msg: str) -> None:
    assert (await search(Terminal(), **more))["errorMsg"] == error_msg


async def test_searches_filter_by_number_text_and_credentials() -> None:
    terminal = filled(4)
    terminal.add_card("1002", "0007")

    async def found(**more: Any) -> list[str]:
        return [person["employeeNo"] for person in (await search(terminal, **more)).get("UserInfo", [])]

    assert await found(EmployeeNoList=[{"employeeNo": "1003"}, {"employeeNo": "9"}]) == ["1003"]
    assert await found(fuzzySearch="son 1") == ["1001"]
    assert await found(hasCard=True) == ["1002"]
    assert await found(hasFace=True) == []
    too_many = [{"employeeNo": str(number)} for number in range(31)]
    assert (await search(terminal, EmployeeNoList=too_many))["subStatusCode"] == "beyondARGSRangeLimit"
    assert (await search(terminal, EmployeeNoList=["1003"]))["subStatusCode"] == "badJsonFormat"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"employeeNo": None}, (400, "MessageParametersLack", "employeeNo")),
        ({"employeeNo": 1001}, (400, "badParameters", "employeeNo")),
        ({"employeeNo": "x" * 33}, (400, "badParameters", "employeeNo")),
        ({"employeeNo": "a b"}, (400, "illegalEmployeeNo", "employeeNo")),
        ({"name": "å" * 65}, (400, "nameIsOverlong", "name")),
        ({"name": "O'Brien"}, (400, "nameContainsInvalidCharcters", "name")),
        ({"name": 7}, (400, "badParameters", "name")),
        ({"userType": "boss"}, (400, "badParameters", "userType")),
        ({"shoeSize": 44}, (400, "badParameters", "shoeSize")),
        ({"doorRight": "2"}, (400, "badParameters", "doorRight")),
        ({"RightPlan": [{"doorNo": 1, "planTemplateNo": "256"}]}, (400, "badParameters", "RightPlan")),
        ({"RightPlan": [{"doorNo": 2, "planTemplateNo": "1"}]}, (400, "badParameters", "RightPlan")),
        ({"RightPlan": [{"doorNo": 1, "planTemplateNo": "1"}] * 2}, (400, "badParameters", "RightPlan")),
        ({"belongGroup": "1,2,3,4,5"}, (400, "badParameters", "belongGroup")),
        ({"password": "123"}, (400, "badParameters", "password")),
        ({"localUIRight": "no"}, (400, "badParameters", "localUIRight")),
        ({"gender": "other"}, (400, "badParameters", "gender")),
        ({"maxOpenDoorTime": 256}, (400, "badParameters", "maxOpenDoorTime")),
        ({"PersonInfoExtends": [{"value": "x" * 65}]}, (400, "badParameters", "PersonInfoExtends")),
        ({"PersonInfoExtends": [{"value": "x"}] * 2}, (400, "badParameters", "PersonInfoExtends")),
    ],
)
async def test_a_bad_field_is_refused_by_name_and_nothing_is_kept(fields: dict[str, Any], expected: tuple[int, str, str]) -> None:
    terminal = Terminal()
    assert told(await record(terminal, **fields)) == expected
    assert not terminal.persons


@pytest.mark.parametrize(
    ("valid", "expected"),
    [
        ({"enable": "true"}, ("badParameters", "Valid")),
        ({"endTime": None}, ("MessageParametersLack", "endTime")),
        ({"endTime": "2038-01-01T00:00:00"}, ("badParameters", "endTime")),
        ({"beginTime": "1999-12-31T23:59:59"}, ("badParameters", "beginTime")),
        ({"beginTime": "2026-02-30T00:00:00"}, ("badParameters", "beginTime")),
        ({"beginTime": "2026-01-01"}, ("badParameters", "beginTime")),
        ({"beginTime": "2026-01-01T00:00:00+01:00"}, ("badParameters", "beginTime")),
        ({"endTime": "2025-12-31T23:59:59"}, ("endtimeEarlierThanBegintime", "endTime")),
        ({"timeType": "moon"}, ("badParameters", "timeType")),
    ],
)
async def test_a_bad_validity_is_refused(valid: dict[str, Any], expected: tuple[str, str]) -> None:
    assert told(await record(Terminal(), Valid={**VALID, **valid}))[1:] == expected


async def test_a_person_without_validity_is_refused_and_one_without_limit_is_permanent() -> None:
    terminal = Terminal()
    answer = await call(terminal, "POST", "UserInfo/Record", {"UserInfo": {"employeeNo": "1", "name": "x"}})
    assert told(answer) == (400, "MessageParametersLack", "Valid")
    assert (await record(terminal, Valid={"enable": False})).status_code == 200
    assert terminal.persons["1001"]["Valid"]["enable"] is False


async def test_an_existing_person_is_no_success_and_a_missing_one_cannot_be_changed() -> None:
    terminal = Terminal()
    await record(terminal)
    again = await record(terminal, name="Other")
    assert told(again) == (400, "employeeNoAlreadyExist", "checkUser") and again.json()["errorCode"] == 1610637344
    assert terminal.persons["1001"]["name"] == "Ann Åkesson"
    assert (await record(terminal, name="Other", checkUser=False)).status_code == 200
    missing = await call(terminal, "PUT", "UserInfo/Modify", {"UserInfo": {**ANN, "employeeNo": "7"}})
    assert told(missing) == (400, "employeeNoNotExist", "employeeNo") and missing.json()["errorCode"] == 1610637343


async def test_a_full_terminal_takes_nobody_else() -> None:
    terminal = filled(2, profile=replace(PROFILES["DS-K1T341AM"], persons=2))
    assert told(await record(terminal, employeeNo="7"))[1] == "deviceUserFull"


@pytest.mark.parametrize(("mode", "gender"), [("merge", "female"), ("replace", "unknown")])
async def test_modify_merges_or_replaces(mode: str, gender: str) -> None:
    terminal = Terminal(quirks=Quirks().switched([f"modify={mode}"]))
    await record(terminal, gender="female", password="1234")
    await call(terminal, "PUT", "UserInfo/Modify", {"UserInfo": {"employeeNo": "1001", "name": "New", "Valid": VALID}})
    assert (terminal.persons["1001"]["name"], terminal.persons["1001"]["gender"]) == ("New", gender)
    assert ("1001" in terminal.device.persons.pins) is (mode == "merge")


async def test_setup_adds_changes_and_deletes_unless_the_firmware_lacks_it() -> None:
    terminal = Terminal()
    for name in ("One", "Two"):
        assert (await call(terminal, "PUT", "UserInfo/SetUp", {"UserInfo": {**ANN, "name": name}})).status_code == 200
        assert terminal.persons["1001"]["name"] == name
    await call(terminal, "PUT", "UserInfo/SetUp", {"UserInfo": {"employeeNo": "1001", "deleteUser": True}})
    assert not terminal.persons
    terminal.quirks.no_setup = True
    refused = await call(terminal, "PUT", "UserInfo/SetUp", {"UserInfo": ANN})
    assert told(refused)[:2] == (403, "notSupport")
    assert "setUp" not in (await call(terminal, "GET", "UserInfo/capabilities")).text


async def test_deleting_takes_cards_and_faces_along_and_an_absent_person_is_no_error() -> None:
    terminal = filled(2)
    terminal.add_card("1000", "77")
    terminal.add_face("1000")
    condition = {"EmployeeNoList": [{"employeeNo": "1000"}, {"employeeNo": "404"}]}
    assert (await call(terminal, "PUT", "UserInfo/Delete", {"UserInfoDelCond": condition})).status_code == 200
    assert list(terminal.persons) == ["1001"] and not terminal.cards and not terminal.faces


@pytest.mark.parametrize("condition", [{}, {"EmployeeNoList": None}, {"EmployeeNoList": []}])
@pytest.mark.parametrize("wipes", [False, True])
async def test_a_delete_without_a_list_wipes_only_when_switched_on(condition: dict[str, Any], wipes: bool) -> None:
    terminal = filled(3, quirks=Quirks(delete_empty_list_wipes=wipes))
    answer = await call(terminal, "PUT", "UserInfo/Delete", {"UserInfoDelCond": condition})
    assert (answer.status_code, len(terminal.persons)) == ((200, 0) if wipes else (400, 3))


async def test_detail_delete_is_only_started_and_the_process_tells_the_end() -> None:
    terminal = filled(2, quirks=Quirks(detail_delete_slow=2))
    body = {"UserInfoDetail": {"mode": "byEmployeeNo", "EmployeeNoList": [{"employeeNo": "1000"}]}}
    assert (await call(terminal, "PUT", "UserInfoDetail/Delete", body)).status_code == 200
    assert len(terminal.persons) == 2
    polls = [await call(terminal, "GET", "UserInfoDetail/DeleteProcess") for _ in range(3)]
    process = [poll.json()["UserInfoDetailDeleteProcess"] for poll in polls]
    assert process == [{"status": "processing", "percent": 40}] * 2 + [{"status": "success"}]
    assert list(terminal.persons) == ["1001"]


@pytest.mark.parametrize(
    ("detail", "left", "word"),
    [({"mode": "all"}, 0, ""), ({}, 2, "MessageParametersLack"), ({"mode": "some"}, 2, "badParameters")],
)
async def test_detail_delete_by_mode(detail: dict[str, Any], left: int, word: str) -> None:
    terminal = filled(2)
    answer = await call(terminal, "PUT", "UserInfoDetail/Delete", {"UserInfoDetail": detail})
    assert len(terminal.persons) == left and word in answer.text


async def test_detail_delete_may_fail_or_not_exist() -> None:
    terminal = filled(1, quirks=Quirks(detail_delete_fails=True))
    await call(terminal, "PUT", "UserInfoDetail/Delete", {"UserInfoDetail": {"mode": "all"}})
    poll = await call(terminal, "GET", "UserInfoDetail/DeleteProcess")
    assert poll.json()["UserInfoDetailDeleteProcess"]["status"] == "failed" and len(terminal.persons) == 1
    without = filled(1, profile=replace(PROFILES["DS-K1T341AM"], detail_delete=False))
    assert told(await call(without, "PUT", "UserInfoDetail/Delete", {"UserInfoDetail": {"mode": "all"}}))[1] == "notSupport"


async def test_counting_is_flat_on_one_model_and_nested_elsewhere() -> None:
    flat, nested = filled(3), filled(3, profile="DS-K1A340FWX")
    assert (await call(flat, "GET", "UserInfo/Count")).json() == {"userNumber": 3}
    assert (await call(nested, "GET", "UserInfo/Count")).json()["UserInfoCount"]["userNumber"] == 3


async def test_the_odd_habits_of_searching() -> None:
    terminal = filled(35, quirks=Quirks(more_forever=True))
    assert (await search(terminal, 30))["responseStatusStrg"] == "MORE"
    assert (await search(terminal, 70))["UserInfo"][0]["employeeNo"] == "1000"
    terminal = filled(35, quirks=Quirks(total_changes=True, ignore_filter=True))
    totals = {(await search(terminal, at, EmployeeNoList=[{"employeeNo": "1001"}]))["totalMatches"] for at in (0, 30)}
    assert len(totals) == 2
    odd = await search(Terminal(quirks=Quirks(odd_words=True)))
    assert odd["responseStatusStrings"] == "NOMATCH"
    assert isinstance((await search(filled(1, quirks=Quirks(object_for_one=True))))["UserInfo"], dict)
    assert (await search(Terminal(quirks=Quirks(search_absent=True))))["subStatusCode"] == "badURLFormat"
    assert (await search(filled(35), rows=50))["numOfMatches"] == 30
    assert (await search(filled(1, quirks=Quirks(over_limit="refuse")), rows=50))["errorMsg"] == "maxResults"


async def test_the_odd_habits_of_reading_back() -> None:
    terminal = Terminal(quirks=Quirks(rightplan_empty=True, utc_reads_local=True, pin_readable=True))
    utc = {**VALID, "endTime": "2026-09-09T09:00:00+00:00", "timeType": "UTC"}
    await record(terminal, Valid=utc, RightPlan=[{"doorNo": 1, "planTemplateNo": "1"}], password="4711")
    (person,) = (await search(terminal))["UserInfo"]
    assert person["RightPlan"] == [] and person["password"] == "4711"
    assert (person["Valid"]["endTime"], person["Valid"]["timeType"]) == ("2026-09-09T09:00:00+00:00", "local")
    strings = await search(filled(1, quirks=Quirks(types_as_strings=True)))
    assert strings["totalMatches"] == "1" and strings["UserInfo"][0]["numOfCard"] == "0"


async def test_a_door_station_refuses_wide_bounds_for_permanent_access_and_knows_fewer_words() -> None:
    terminal = Terminal("DS-KV6124-E1")
    wide = {"enable": False, "beginTime": "1970-01-01T00:00:00", "endTime": "2037-12-31T23:59:59"}
    assert told(await record(terminal, Valid=wide)) == (400, "badJsonContent", "beginTime and endTime")
    narrow = {"enable": False, "beginTime": "2000-01-01T00:00:00", "endTime": "2030-01-01T00:00:00"}
    assert (await record(terminal, Valid=narrow)).status_code == 200
    assert told(await record(terminal, employeeNo="2", userType="visitor"))[2] == "userType"
    assert told(await record(terminal, employeeNo="2", PersonInfoExtends=[{"value": "x"}]))[2] == "PersonInfoExtends"
    assert told(await record(terminal, employeeNo="2", name="n" * 33))[1] == "nameIsOverlong"


async def test_numbers_as_keys_are_taken_where_the_terminal_does() -> None:
    terminal = Terminal(quirks=Quirks(accept_numbers=True))
    assert (await record(terminal, employeeNo=55)).status_code == 200
    assert list(terminal.persons) == ["55"]


async def test_a_change_at_the_door_is_seen_and_a_dict_that_was_read_changes_nothing() -> None:
    terminal = filled(2)
    terminal.edit_at_the_door("1000", name="Changed", Valid={"endTime": "2030-01-01T00:00:00"})
    terminal.persons["1001"]["name"] = "not kept"
    terminal.remove_at_the_door("1001")
    (person,) = (await search(terminal))["UserInfo"]
    assert person["name"] == "Changed" and person["Valid"]["endTime"] == "2030-01-01T00:00:00" and person["Valid"]["enable"]


async def test_encoded_persons_are_shared_between_terminals() -> None:
    first, second = Terminal(), Terminal()
    encoded = [(str(number), first.encoded_person(str(number), f"P {number}")) for number in range(3)]
    for terminal in (first, second):
        terminal.load(encoded)
    assert (await search(first)) == (await search(second))
    assert first.device.persons.encoded("1") is second.device.persons.encoded("1")
