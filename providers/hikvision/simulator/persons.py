"""The person services: Count, Search, Record, Modify, SetUp, Delete and the deletion with credentials.

Source: facts on Hikvision terminals, sections 2.4, 3.6 and 3.7.
"""

from __future__ import annotations

from typing import Any

import msgspec

from controller.sdk.simulation import Answer
from providers.hikvision.simulator.envelope import IsapiError, as_strings, json_answer, taken
from providers.hikvision.simulator.request import Request
from providers.hikvision.simulator.rules import check_employee_no, checked_person
from providers.hikvision.simulator.search import Shape, listed, page_answer, paging, text_of
from providers.hikvision.simulator.state import DetailDelete, Device

_SHAPE = Shape("UserInfoSearch", "UserInfo")


def blank_person(device: Device, employee_no: str) -> dict[str, Any]:
    """A record as the terminal fills it where a write says nothing. Without ``Valid`` there is no time limit."""
    person: dict[str, Any] = {
        "employeeNo": employee_no,
        "name": "",
        "userType": "normal",
        "closeDelayEnabled": False,
        "Valid": {"enable": False, "beginTime": device.profile.begin, "endTime": device.profile.end, "timeType": "local"},
        "belongGroup": "",
        "password": "",
        "doorRight": "",
        "RightPlan": [],
        "maxOpenDoorTime": 0,
        "openDoorTime": 0,
        "roomNumber": 0,
        "floorNumber": 0,
        "localUIRight": False,
        "gender": "unknown",
        "numOfCard": 0,
        "numOfFP": 0,
        "numOfFace": 0,
    }
    if device.extends:
        person["PersonInfoExtends"] = extended(device, [])
    return person


def extended(device: Device, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The custom fields as they are sent: as many as the model has, with ids where the firmware numbers them."""
    values = [str(slot.get("value", "")) for slot in given]
    values += [""] * (device.extends - len(values))
    if not device.quirks.extends_ids:
        return [{"value": value} for value in values]
    return [{"id": number, "value": value} for number, value in enumerate(values, start=1)]


def count(device: Device, request: Request) -> Answer:
    number = len(device.persons)
    if device.quirks.flat_count:
        return json_answer(device.quirks, {"userNumber": number})
    counts = {
        "userNumber": number,
        "bindFaceUserNumber": len(device.faces),
        "bindFingerprintUserNumber": 0,
        "bindCardUserNumber": len({card["employeeNo"] for card in device.cards.values()}),
    }
    return json_answer(device.quirks, {"UserInfoCount": counts})


def search(device: Device, request: Request) -> Answer:
    if device.quirks.search_absent:
        raise IsapiError("badURLFormat")
    condition = request.json_root("UserInfoSearchCond")
    asked = paging(device, condition)
    return page_answer(device, _SHAPE, asked, _found(device, condition), lambda key: _shown(device, key))


def _found(device: Device, condition: dict[str, Any]) -> list[str]:
    wanted = listed(device, condition, "EmployeeNoList", "employeeNo")
    keys = device.persons.order()
    if wanted is not None and not device.quirks.ignore_filter:
        keys = [key for key in dict.fromkeys(wanted) if key in device.persons]
    if "fuzzySearch" in condition:
        text = condition["fuzzySearch"]
        keys = [key for key in keys if text in key or text in device.persons[key]["name"]]
    for flag, number in (("hasCard", "numOfCard"), ("hasFace", "numOfFace")):
        if flag in condition:
            keys = [key for key in keys if bool(device.persons[key][number]) is condition[flag]]
    return keys


def _shown(device: Device, employee_no: str) -> bytes:
    quirks = device.quirks
    plain = not (quirks.rightplan_empty or quirks.pin_readable or quirks.types_as_strings)
    if plain and not (quirks.face_count_lag or quirks.no_face_count):
        return device.persons.encoded(employee_no)
    person = device.persons[employee_no]
    if quirks.rightplan_empty:
        person["RightPlan"] = []
    if quirks.face_count_lag:
        person["numOfFace"] = device.faces_shown(employee_no)
        person.pop("faceURL", None)
    if quirks.no_face_count:
        person = {name: value for name, value in person.items() if name not in ("numOfFace", "faceURL")}
    if quirks.pin_readable:
        person["password"] = device.persons.pins.get(employee_no, "")
    if quirks.types_as_strings:
        person = as_strings(person)
    return msgspec.json.encode(person)


def record(device: Device, request: Request) -> Answer:
    """Add; an existing person is refused unless the write asks to skip that check."""
    given = request.json_root("UserInfo")
    employee_no = _employee_no(device, given)
    if employee_no in device.persons and given.get("checkUser") is not False:
        raise IsapiError("employeeNoAlreadyExist", "checkUser")
    _add(device, employee_no, given)
    return taken(device.quirks)


def modify(device: Device, request: Request) -> Answer:
    given = request.json_root("UserInfo")
    employee_no = _employee_no(device, given)
    if employee_no not in device.persons:
        raise IsapiError("employeeNoNotExist", "employeeNo")
    _change(device, employee_no, given)
    return taken(device.quirks)


def set_up(device: Device, request: Request) -> Answer:
    """Add or change; ``deleteUser: true`` removes."""
    if device.quirks.no_setup:
        raise IsapiError("notSupport")
    given = request.json_root("UserInfo")
    employee_no = _employee_no(device, given)
    if given.get("deleteUser") is True:
        device.remove_person(employee_no)
    elif employee_no in device.persons:
        _change(device, employee_no, given)
    else:
        _add(device, employee_no, given)
    return taken(device.quirks)


def _employee_no(device: Device, given: dict[str, Any]) -> str:
    return check_employee_no(device, text_of(device, given.get("employeeNo"), "employeeNo"))


def _add(device: Device, employee_no: str, given: dict[str, Any]) -> None:
    fields = checked_person(device, given)
    if "Valid" not in fields:
        raise IsapiError("MessageParametersLack", "Valid")
    if employee_no not in device.persons and len(device.persons) >= device.profile.persons:
        raise IsapiError("deviceUserFull", "employeeNo")
    _keep(device, {**blank_person(device, employee_no), **fields})


def _change(device: Device, employee_no: str, given: dict[str, Any]) -> None:
    fields = checked_person(device, given)
    merge = device.quirks.modify == "merge"
    before = device.persons[employee_no] if merge else blank_person(device, employee_no)
    if not merge:
        device.persons.pins.pop(employee_no, None)
    _keep(device, {**before, **fields})


def _keep(device: Device, person: dict[str, Any]) -> None:
    if "PersonInfoExtends" in person:
        person["PersonInfoExtends"] = extended(device, person["PersonInfoExtends"])
    if person["password"]:
        device.persons.pins[person["employeeNo"]] = person["password"]
        person["password"] = ""
    device.persons.put(person)
    device.count_credentials(person["employeeNo"])


def delete(device: Device, request: Request) -> Answer:
    if device.quirks.no_delete:
        raise IsapiError("notSupport")
    wanted = _to_delete(device, request.json_root("UserInfoDelCond"))
    for employee_no in wanted:
        device.remove_person(employee_no)
    return taken(device.quirks)


def _to_delete(device: Device, condition: dict[str, Any]) -> list[str]:
    wanted = listed(device, condition, "EmployeeNoList", "employeeNo")
    if wanted is not None:
        return wanted
    if not device.quirks.delete_empty_list_wipes:
        raise IsapiError("MessageParametersLack", "EmployeeNoList")
    return list(device.persons)


def detail_delete(device: Device, request: Request) -> Answer:
    """Starts the deletion with credentials; 200 means only that it has started."""
    condition = request.json_root("UserInfoDetail")
    if not device.profile.detail_delete:
        raise IsapiError("notSupport")
    match condition.get("mode"):
        case "all":
            wanted = list(device.persons)
        case "byEmployeeNo":
            wanted = _to_delete(device, condition)
        case None:
            raise IsapiError("MessageParametersLack", "mode")
        case _:
            raise IsapiError("badParameters", "mode")
    device.detail_delete = DetailDelete(wanted, device.quirks.detail_delete_slow)
    if not device.quirks.detail_delete_slow:
        _finish(device, device.detail_delete)
    return taken(device.quirks)


def detail_delete_process(device: Device, request: Request) -> Answer:
    job = device.detail_delete
    if job is not None and job.polls > 0:
        job.polls -= 1
        return json_answer(device.quirks, {"UserInfoDetailDeleteProcess": {"status": "processing", "percent": 40}})
    if job is not None and not job.over:
        _finish(device, job)
    failed = device.quirks.detail_delete_fails
    return json_answer(device.quirks, {"UserInfoDetailDeleteProcess": {"status": "failed" if failed else "success"}})


def _finish(device: Device, job: DetailDelete) -> None:
    job.over = True
    if not device.quirks.detail_delete_fails:
        for employee_no in job.employee_nos:
            device.remove_person(employee_no)
