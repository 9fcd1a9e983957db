"""Cards and faces of the simulated terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from providers.hikvision.simulator import PROFILES, Quirks, Terminal
from providers.hikvision.simulator.faces import MAX_PICTURE, PART_NAMES

pytestmark = pytest.mark.anyio

CARDS = "/ISAPI/AccessControl/CardInfo/"
FACES = "/ISAPI/Intelligent/FDLib/"
JPEG = b"\xff\xd8\xff\xe0 picture \xff\xd9"
FACE = {"faceLibType": "blackFD", "FDID": "1", "FPID": "1001"}


@asynccontextmanager
async def client(terminal: Terminal) -> AsyncIterator[httpx.AsyncClient]:
    auth = httpx.DigestAuth(terminal.username, terminal.password)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(terminal), base_url="http://terminal", auth=auth) as opened:
        yield opened


async def call(terminal: Terminal, method: str, path: str, body: Any = None) -> httpx.Response:
    async with client(terminal) as http:
        return await http.request(method, path + ("&" if "?" in path else "?") + "format=json", json=body)


def told(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["subStatusCode"], body["errorMsg"]


def two_persons(**options: Any) -> Terminal:
    terminal = Terminal(**options)
    terminal.add_person("1001", "One")
    terminal.add_person("1002", "Two")
    return terminal


async def card(terminal: Terminal, verb: str = "Record", **fields: Any) -> httpx.Response:
    body = {"CardInfo": {"employeeNo": "1001", "cardNo": "0012", "cardType": "normalCard", **fields}}
    return await call(terminal, "POST" if verb == "Record" else "PUT", CARDS + verb, body)


async def test_a_card_keeps_its_leading_zeros_and_counts_for_its_person() -> None:
    terminal = two_persons()
    assert (await card(terminal)).status_code == 200
    assert terminal.cards["0012"]["employeeNo"] == "1001" and terminal.persons["1001"]["numOfCard"] == 1
    assert (await call(terminal, "GET", CARDS + "Count")).json() == {"CardInfoCount": {"cardNumber": 1}}
    assert (await call(terminal, "GET", CARDS + "Count?employeeNo=1002")).json() == {"CardInfoCount": {"cardNumber": 0}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"employeeNo": "404"}, (400, "employeeNoNotExist", "employeeNo")),
        ({"employeeNo": None}, (400, "MessageParametersLack", "employeeNo")),
        ({"cardNo": None}, (400, "MessageParametersLack", "cardNo")),
        ({"cardNo": 12}, (400, "badParameters", "cardNo")),
        ({"cardNo": "1" * 21}, (400, "illegalCardNo", "cardNo")),
        ({"cardNo": "1 2"}, (400, "illegalCardNo", "cardNo")),
        ({"cardType": "golden"}, (400, "badParameters", "cardType")),
        ({"colour": "red"}, (400, "badParameters", "colour")),
    ],
)
async def test_a_bad_card_is_refused_by_name(fields: dict[str, Any], expected: tuple[int, str, str]) -> None:
    assert told(await card(two_persons(), **fields)) == expected


@pytest.mark.parametrize("verb", ["Record", "Modify", "SetUp"])
async def test_a_card_of_somebody_else_is_never_taken(verb: str) -> None:
    terminal = two_persons()
    terminal.add_card("1002", "0012")
    answer = await card(terminal, verb)
    assert told(answer) == (400, "cardNoAlreadyExist", "checkEmployeeNo") and answer.json()["errorCode"] == 1610637363
    assert terminal.cards["0012"]["employeeNo"] == "1002"


async def test_modify_and_setup_change_add_and_delete_cards() -> None:
    terminal = two_persons()
    assert told(await card(terminal, "Modify"))[1] == "cardNoNotExist"
    assert (await card(terminal, "SetUp")).status_code == 200
    assert (await card(terminal, "SetUp", cardType="superCard", leaderCard="1")).status_code == 200
    assert terminal.cards["0012"] == {"employeeNo": "1001", "cardNo": "0012", "cardType": "superCard", "leaderCard": "1"}
    assert (await card(terminal, "Modify")).status_code == 200
    await card(terminal, "SetUp", deleteCard=True)
    assert not terminal.cards and terminal.persons["1001"]["numOfCard"] == 0
    terminal.quirks.no_setup = True
    assert told(await card(terminal, "SetUp"))[1] == "notSupport"


async def test_the_sixth_card_of_a_person_and_the_card_too_many_are_refused() -> None:
    terminal = two_persons(profile=replace(PROFILES["DS-K1T341AM"], cards=6))
    for number in range(5):
        assert (await card(terminal, cardNo=f"{number}")).status_code == 200
    assert told(await card(terminal, cardNo="5"))[1] == "cardFullPerUser"
    await card(terminal, cardNo="5", employeeNo="1002")
    assert told(await card(terminal, cardNo="6", employeeNo="1002"))[1] == "deviceCardFull"
    unlimited = two_persons(profile=replace(PROFILES["DS-K1T341AM"], cards_per_person=255))
    for number in range(6):
        assert (await card(unlimited, cardNo=f"{number}")).status_code == 200


async def test_cards_are_searched_by_owner_or_by_number_not_both() -> None:
    terminal = two_persons()
    for owner, number in (("1001", "1"), ("1001", "2"), ("1002", "3")):
        terminal.add_card(owner, number)

    async def found(**more: Any) -> Any:
        condition = {"searchID": "s", "searchResultPosition": 0, "maxResults": 30, **more}
        body = (await call(terminal, "POST", CARDS + "Search", {"CardInfoSearchCond": condition})).json()
        return [one["cardNo"] for one in body["CardInfoSearch"]["CardInfo"]] if "CardInfoSearch" in body else body["errorMsg"]

    owners, numbers = {"EmployeeNoList": [{"employeeNo": "1001"}]}, {"CardNoList": [{"cardNo": "3"}, {"cardNo": "9"}]}
    assert await found() == ["1", "2", "3"]
    assert await found(**owners) == ["1", "2"]
    assert await found(**numbers) == ["3"]
    assert await found(**owners, **numbers) == "CardNoList"


async def test_cards_are_deleted_by_number_or_owner_and_absent_ones_are_no_error() -> None:
    terminal = two_persons()
    for owner, number in (("1001", "1"), ("1001", "2"), ("1002", "3")):
        terminal.add_card(owner, number)
    for condition in ({"CardNoList": [{"cardNo": "3"}, {"cardNo": "9"}]}, {"EmployeeNoList": [{"employeeNo": "1001"}]}):
        assert (await call(terminal, "PUT", CARDS + "Delete", {"CardInfoDelCond": condition})).status_code == 200
    assert not terminal.cards


async def test_deleting_cards_without_a_list_wipes_only_when_switched_on() -> None:
    terminal = two_persons()
    terminal.add_card("1001", "1")
    assert told(await call(terminal, "PUT", CARDS + "Delete", {"CardInfoDelCond": {}}))[1] == "MessageParametersLack"
    assert told(await call(terminal, "PUT", CARDS + "Delete", {"CardInfoDelCond": [{"cardNo": "1"}]}))[1] == "badJsonFormat"
    assert terminal.cards
    terminal.quirks.delete_empty_list_wipes = True
    await call(terminal, "PUT", CARDS + "Delete", {"CardInfoDelCond": {}})
    assert not terminal.cards


async def test_card_abilities_name_the_limits() -> None:
    body = (await call(Terminal("DS-KV6124-E1"), "GET", CARDS + "capabilities")).json()["CardInfo"]
    assert (body["maxRecordNum"], body["numberPerPerson"], body["cardType"]) == (6000, 5, {"@opt": "normalCard"})
    silent = Terminal(replace(PROFILES["DS-K1T341AM"], announces_cards_per_person=False))
    assert "numberPerPerson" not in (await call(silent, "GET", CARDS + "capabilities")).json()["CardInfo"]


# -- faces -------------------------------------------------------------------------------------------------------------------


async def send_face(
    terminal: Terminal, verb: str = "FaceDataRecord", picture: bytes = JPEG, names: tuple[str, str] = ("FaceDataRecord", "img")
) -> httpx.Response:
    files = [(names[0], ("", msgspec.json.encode(FACE), "application/json")), (names[1], ("a.jpg", picture, "image/jpeg"))]
    async with client(terminal) as http:
        method = "POST" if verb == "FaceDataRecord" else "PUT"
        return await http.request(method, f"{FACES}{verb}?format=json", files=files)


@pytest.mark.parametrize("names", sorted(PART_NAMES))
async def test_a_face_is_taken_under_every_known_pair_of_part_names(names: tuple[str, str]) -> None:
    terminal = two_persons()
    answer = await send_face(terminal, names=names)
    assert answer.status_code == 200 and answer.json()["FPID"] == "1001"
    assert terminal.faces == {"1001": JPEG} and terminal.persons["1001"]["numOfFace"] == 1
    assert "@WEB" in terminal.persons["1001"]["faceURL"]


async def test_faces_are_added_replaced_searched_and_deleted() -> None:
    terminal = two_persons()
    assert told(await send_face(terminal, "FDModify"))[1] == "faceDataNotExist"
    await send_face(terminal)
    before = terminal.persons["1001"]["faceURL"]
    assert told(await send_face(terminal))[:2] == (400, "deviceUserAlreadyExistFace")
    for verb in ("FDSetUp", "FDModify"):
        assert (await send_face(terminal, verb)).status_code == 200
    assert terminal.persons["1001"]["faceURL"] != before
    condition = {"searchResultPosition": 0, "maxResults": 30, "faceLibType": "blackFD", "FDID": "1"}
    found = (await call(terminal, "POST", FACES + "FDSearch", {**condition, "FPID": "1001"})).json()
    assert found["totalMatches"] == 1 and found["MatchList"][0]["FPID"] == "1001"
    assert (await call(terminal, "POST", FACES + "FDSearch", {**condition, "FPID": "1002"})).json()[
        "responseStatusStrg"
    ] == "NO MATCH"
    assert (await call(terminal, "GET", FACES + "Count?FDID=1&faceLibType=blackFD")).json() == {"recordDataNumber": 1}
    gone = "FDSearch/Delete?FDID=1&faceLibType=blackFD"
    assert (await call(terminal, "PUT", FACES + gone, {"FPID": [{"value": "1001"}]})).status_code == 200
    assert told(await call(terminal, "PUT", FACES + gone, {"FPID": [{"value": "1001"}]}))[1] == "deleteNoExistFace"
    assert told(await call(terminal, "PUT", FACES + gone, {}))[1] == "MessageParametersLack"
    assert "faceURL" not in terminal.persons["1001"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"faceURL": ""}, (403, "faceURLIsEmpty", "faceURL")),
        ({"faceURL": "ftp://x/p.jpg"}, (403, "picdataurlisnotvalid", "faceURL")),
        ({"faceURL": "http://192.0.2.9/none.jpg"}, (500, "URLDownloadFailed", "faceURL")),
        ({"faceURL": "http://192.0.2.9/" + "x" * 256}, (400, "badParameters", "faceURL")),
        ({"FDID": None}, (400, "MessageParametersLack", "FDID")),
        ({"FDID": "9"}, (400, "faceLibraryIDError", "FDID")),
        ({"FPID": "404"}, (400, "employeeNoNotExist", "FPID")),
        ({"FPID": 1001}, (400, "badParameters", "FPID")),
    ],
)
async def test_a_face_by_address_is_refused_by_name(fields: dict[str, Any], expected: tuple[int, str, str]) -> None:
    terminal = two_persons()
    terminal.device.pictures["http://192.0.2.9/p.jpg"] = JPEG
    body = {**FACE, "faceURL": "http://192.0.2.9/p.jpg", **fields}
    assert told(await call(terminal, "POST", FACES + "FaceDataRecord", body)) == expected


async def test_a_face_by_address_is_downloaded_and_may_be_deleted_by_flag() -> None:
    terminal = two_persons()
    terminal.device.pictures["http://192.0.2.9/p.jpg"] = JPEG
    body = {**FACE, "faceURL": "http://192.0.2.9/p.jpg"}
    assert (await call(terminal, "POST", FACES + "FaceDataRecord", body)).status_code == 200
    assert terminal.faces["1001"] == JPEG
    assert (await call(terminal, "PUT", FACES + "FDSetUp", {**FACE, "deleteFP": True})).status_code == 200
    assert not terminal.faces
    assert told(await call(terminal, "POST", FACES + "FaceDataRecord", {"FaceDataRecord": body}))[:2] == (400, "badJsonFormat")


@pytest.mark.parametrize(
    ("picture", "misleading", "word"),
    [
        (b"\x89PNG", False, "picFormatError"),
        (b"\xff\xd8\xff\xc2 progressive \xff\xd9", False, "picFormatError"),
        (JPEG + b"trailing", False, "picFormatError"),
        (b"\xff\xd8\xff" + b"x" * MAX_PICTURE + b"\xff\xd9", False, "picSizeExceedError"),
        (b"\xff\xd8\xff" + b"x" * MAX_PICTURE + b"\xff\xd9", True, "badJsonFormat"),
    ],
)
async def test_a_picture_that_cannot_be_used_leaves_the_old_one(picture: bytes, misleading: bool, word: str) -> None:
    terminal = two_persons(quirks=Quirks(oversize_misleading=misleading))
    terminal.add_face("1001", JPEG)
    assert told(await send_face(terminal, "FDSetUp", picture))[1:] == (word, "faceURL")
    assert terminal.faces["1001"] == JPEG


async def test_multipart_with_unknown_names_is_refused() -> None:
    assert told(await send_face(two_persons(), names=("json", "picture")))[1] == "MessageParametersLack"


async def test_the_switches_of_the_face_library() -> None:
    terminal = two_persons(quirks=Quirks(modeling_delay=1))
    assert told(await send_face(terminal))[1] == "faceDataModeling"
    assert (await send_face(terminal)).status_code == 200
    assert (await call(Terminal(quirks=Quirks(no_fdlib_get=True)), "GET", FACES + "capabilities")).status_code == 404
    only_post = two_persons(profile="KV9503")
    assert (await call(only_post, "GET", FACES + "capabilities")).json()["supportFDFunction"] == "post"
    assert (await send_face(only_post)).status_code == 200
    assert told(await send_face(only_post, "FDSetUp"))[1] == "notSupport"
    other = two_persons(profile="DS-K1T341AMF")
    other.add_face("1001")
    form = "FDSearch/Delete?FDID=1&faceLibType=blackFD"
    assert told(await call(other, "PUT", FACES + form, {"FPID": [{"value": "1001"}]}))[0] == 400
    assert (await call(other, "PUT", FACES + "FDDelete", FACE)).status_code == 200
    assert (await call(terminal, "PUT", FACES + "FDDelete", FACE)).status_code == 404


async def test_a_full_face_library_and_wiping_it() -> None:
    terminal = two_persons(profile=replace(PROFILES["DS-K1T341AM"], faces=1))
    terminal.add_face("1002")
    assert told(await send_face(terminal))[1] == "deviceFaceFull"
    assert (await call(terminal, "GET", FACES + "Count")).json()["FDRecordDataInfo"][0]["recordDataNumber"] == 1
    assert (await call(terminal, "GET", FACES[:-1])).json()["FDLib"][0]["FDID"] == "1"
    await call(terminal, "DELETE", FACES[:-1])
    assert not terminal.faces
