"""What the terminal accepts in a person's record, and with which error it refuses.

Source: facts on Hikvision terminals, sections 2.4 (fields), 3.5 (ranges by model), 3.7 and 3.8 (recorded refusals).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from providers.hikvision.simulator.envelope import IsapiError
from providers.hikvision.simulator.state import Device

_EMPLOYEE_NO = re.compile(r"[A-Za-z0-9_-]+")
_NAME = re.compile(r"[A-Za-z0-9 ()+,\-.;=@\[\]_{}\u0080-\U0010ffff]*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_OFFSET = re.compile(r"Z|[+-]\d\d:\d\d")
_READ_ONLY = {"numOfCard", "numOfFP", "numOfFace", "numOfIris", "openDoorTime", "faceURL"}
_FLAGS = {"checkUser", "deleteUser"}


def checked_person(device: Device, given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a write that the terminal keeps, checked; read-only fields and flags are dropped.

    Raises IsapiError: badParameters with the field's name for a bad value or a field that this model does not list.
    """
    kept = {}
    for name, value in given.items():
        if name in _READ_ONLY or name in _FLAGS or name == "employeeNo":
            continue
        check = _CHECKS.get(name)
        if check is None or (name == "PersonInfoExtends" and not device.extends):
            raise IsapiError("badParameters", name)
        if not check(device, value):
            raise IsapiError("badParameters", name)
        kept[name] = value
    if "Valid" in kept:
        kept["Valid"] = _valid(device, kept["Valid"])
    return kept


def check_employee_no(device: Device, employee_no: str) -> str:
    if len(employee_no) > device.profile.employee_no:
        raise IsapiError("badParameters", "employeeNo")
    if not _EMPLOYEE_NO.fullmatch(employee_no) or (device.profile.digits_only and not employee_no.isdecimal()):
        raise IsapiError("illegalEmployeeNo", "employeeNo")
    return employee_no


def _valid(device: Device, given: dict[str, Any]) -> dict[str, Any]:
    """The validity as it will be read back. ``enable: false`` means that there is no time limit."""
    enable = given["enable"]
    time_type = given.get("timeType", "local")
    if time_type not in device.profile.time_types:
        raise IsapiError("badParameters", "timeType")
    times = {}
    for name in ("beginTime", "endTime"):
        if name in given or enable:
            times[name] = _time(device, given.get(name), name, utc=time_type == "UTC")
    _check_order(device, enable, times)
    read_back = "local" if device.quirks.utc_reads_local else time_type
    defaults = {"beginTime": device.profile.begin, "endTime": device.profile.end}
    return {"enable": enable, **defaults, **times, "timeType": read_back}


def _time(device: Device, text: Any, name: str, *, utc: bool) -> str:
    if text is None:
        raise IsapiError("MessageParametersLack", name)
    if not isinstance(text, str) or not _TIME.match(text):
        raise IsapiError("badParameters", name)
    if not (text[19:] == "" or (utc and _OFFSET.fullmatch(text[19:]))) or not _is_date(text[:19]):
        raise IsapiError("badParameters", name)
    # Without an announced range the device is only as strict as the permanent-bounds switch makes it.
    if device.profile.announces_range and not device.profile.begin <= text[:19] <= device.profile.end:
        raise IsapiError("badParameters", name)
    return text


def _check_order(device: Device, enable: bool, times: dict[str, str]) -> None:
    if len(times) < 2:
        return
    begin, end = times["beginTime"][:19], times["endTime"][:19]
    if end < begin:
        raise IsapiError("endtimeEarlierThanBegintime", "endTime")
    if device.quirks.permanent_bounds and not enable and (begin < "2000" or end >= "2037"):
        raise IsapiError("badJsonContent", "beginTime and endTime")


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _name(device: Device, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if len(value.encode()) > device.profile.name_bytes:
        raise IsapiError("nameIsOverlong", "name")
    if not device.quirks.any_name_characters and not _NAME.fullmatch(value):
        raise IsapiError("nameContainsInvalidCharcters", "name")
    return True


def _is_valid(device: Device, value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("enable"), bool)


def _doors(device: Device, value: Any) -> bool:
    return isinstance(value, str) and all(_number(door, 1, device.profile.doors) for door in value.split(",") if value)


def _plans(device: Device, value: Any) -> bool:
    if not isinstance(value, list) or len(value) > device.profile.right_plans:
        return False
    return all(isinstance(plan, dict) and _plan(device, plan) for plan in value)


def _plan(device: Device, plan: dict[str, Any]) -> bool:
    door, templates = plan.get("doorNo"), plan.get("planTemplateNo")
    if not isinstance(door, int) or not 1 <= door <= device.profile.doors or not isinstance(templates, str):
        return False
    numbers = templates.split(",")
    return len(numbers) <= 4 and all(_number(number, 1, device.profile.plan_templates) for number in numbers)


def _groups(device: Device, value: Any) -> bool:
    return isinstance(value, str) and value.count(",") < 4 and all(part.isdecimal() for part in value.split(",") if value)


def _pin(device: Device, value: Any) -> bool:
    low, high = device.profile.pin
    return isinstance(value, str) and (value == "" or (value.isdecimal() and low <= len(value) <= high))


def _extends(device: Device, value: Any) -> bool:
    if not isinstance(value, list) or len(value) > device.extends:
        return False
    return all(isinstance(slot, dict) and len(str(slot.get("value", ""))) <= 64 for slot in value)


def _number(text: str, low: int, high: int) -> bool:
    return text.strip().isdecimal() and low <= int(text) <= high


def _flag(device: Device, value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*words: str) -> Callable[[Device, Any], bool]:
    return lambda device, value: value in words


def _between(low: int, high: int) -> Callable[[Device, Any], bool]:
    return lambda device, value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


_CHECKS: dict[str, Callable[[Device, Any], bool]] = {
    "name": _name,
    "userType": lambda device, value: value in device.profile.user_types,
    "Valid": _is_valid,
    "doorRight": _doors,
    "RightPlan": _plans,
    "belongGroup": _groups,
    "password": _pin,
    "localUIRight": _flag,
    "closeDelayEnabled": _flag,
    "userVerifyMode": lambda device, value: isinstance(value, str),
    "gender": _one_of("male", "female", "unknown"),
    "maxOpenDoorTime": _between(0, 255),
    "roomNumber": _between(0, 9999),
    "floorNumber": _between(0, 999),
    "PersonInfoExtends": _extends,
}
