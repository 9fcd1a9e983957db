"""The terminal itself: who it is, its clock, its login lock, its doors and its events.

Source: facts on Hikvision terminals, sections 2.7 and 3.3.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from controller.sdk.simulation import Answer
from providers.hikvision.simulator.auth import LOCK_SECONDS, MAX_FAILURES
from providers.hikvision.simulator.envelope import IsapiError, json_answer, xml_answer, xml_taken
from providers.hikvision.simulator.request import Request
from providers.hikvision.simulator.search import Shape, page_answer, paging
from providers.hikvision.simulator.state import Device

_COMMANDS = ("open", "close", "alwaysOpen", "alwaysClose", "resume")
_ALL_DOORS = 65535


def device_info(device: Device, request: Request) -> Answer:
    content = {
        "deviceName": "Access Controller",
        "deviceID": "255",
        "model": device.profile.model,
        "serialNumber": device.serial,
        "macAddress": "02:00:5e:10:00:01",
        "firmwareVersion": device.profile.firmware,
        "firmwareReleasedDate": device.profile.released,
        "deviceType": "ACS",
        "electroLockNum": device.profile.doors,
    }
    return xml_answer(device.quirks, "DeviceInfo", content)


def time(device: Device, request: Request) -> Answer:
    now = device.local_now()
    content = {"timeMode": device.time_mode, "localTime": now.isoformat(timespec="seconds"), "timeZone": _posix_zone(now)}
    return xml_answer(device.quirks, "Time", content)


def set_time(device: Device, request: Request) -> Answer:
    """NTP puts the clock right; manual takes the local time that was sent."""
    said = request.xml()
    mode = said.get("timeMode")
    if mode not in ("NTP", "manual"):
        raise IsapiError("badXmlContent", "timeMode")
    if mode == "NTP":
        device.clock_offset = 0.0
    else:
        device.clock_offset = (_instant(device, said.get("localTime", "")) - device.clock.now()).total_seconds()
    device.time_mode = mode
    return xml_taken(device.quirks)


def _instant(device: Device, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise IsapiError("badXmlContent", "localTime") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=device.timezone)


def _posix_zone(now: datetime) -> str:
    """``CST-2:00:00`` is two hours *ahead* of UTC: POSIX turns the sign."""
    offset = now.utcoffset()
    seconds = int(offset.total_seconds()) if offset is not None else 0
    hours, rest = divmod(abs(seconds), 3600)
    return f"CST{'-' if seconds >= 0 else '+'}{hours}:{rest // 60:02d}:00"


def status(device: Device, request: Request) -> Answer:
    if device.quirks.no_system_status:
        raise IsapiError("badURLFormat")
    content = {"currentDeviceTime": device.local_now().isoformat(timespec="seconds"), "deviceUpTime": 86400}
    return xml_answer(device.quirks, "DeviceStatus", content)


def user_check(device: Device, request: Request) -> Answer:
    content = {"statusValue": 200, "statusString": "OK", **device.standing(request.client)}
    return xml_answer(device.quirks, "userCheck", content)


def illegal_login_lock(device: Device, request: Request) -> Answer:
    content = {"enabled": True, "maxIllegalLoginTimes": MAX_FAILURES, "maxIllegalLoginLockTime": LOCK_SECONDS}
    return xml_answer(device.quirks, "IllegalLoginLock", content)


def security_capabilities(device: Device, request: Request) -> Answer:
    content = {"WebCertificateAbility": {'CertificateType opt="digest"': "digest"}, "digestAlgorithm": "MD5,SHA256,MD5/SHA256"}
    return xml_answer(device.quirks, "SecurityCap", content)


def control_door(device: Device, request: Request) -> Answer:
    number = request.path.rpartition("/")[2]
    command = request.xml().get("cmd")
    if not number.isdecimal() or not (1 <= int(number) <= device.profile.doors or int(number) == _ALL_DOORS):
        raise IsapiError("badParameters", "doorNo")
    if command not in _COMMANDS:
        raise IsapiError("badXmlContent", "cmd")
    doors = range(1, device.profile.doors + 1) if int(number) == _ALL_DOORS else [int(number)]
    device.doors.update(dict.fromkeys(doors, command))
    return xml_taken(device.quirks)


def plan_template(device: Device, request: Request) -> Answer:
    """Template 1 is all day by factory; the others are off."""
    number = request.path.rpartition("/")[2]
    if not number.isdecimal() or not 1 <= int(number) <= device.profile.plan_templates:
        raise IsapiError("badParameters", "planTemplateNo")
    content = {
        "enable": number == "1",
        "templateName": "All day" if number == "1" else "",
        "weekPlanNo": int(number),
        "holidayGroupNo": "",
    }
    return json_answer(device.quirks, {"UserRightPlanTemplate": content})


def pin_mode(device: Device, request: Request) -> Answer:
    return json_answer(device.quirks, {"PwMgrParams": {"pwMgrMode": "platform"}})


def events(device: Device, request: Request) -> Answer:
    condition = request.json_root("AcsEventCond")
    asked = paging(device, condition)
    for name in ("major", "minor"):
        if name not in condition:
            raise IsapiError("MessageParametersLack", name)
    found = [event for event in device.events if _fits(event, condition)]
    if condition.get("timeReverseOrder") is True:
        found.reverse()
    by_number = {str(event["serialNo"]): event for event in found}
    shape = Shape("AcsEvent", "InfoList")
    return page_answer(device, shape, asked, list(by_number), lambda key: msgspec.json.encode(by_number[key]))


def _fits(event: dict[str, Any], condition: dict[str, Any]) -> bool:
    """Zero means any; times are compared as the local texts they are."""
    return (
        condition["major"] in (0, event["major"])
        and condition["minor"] in (0, event["minor"])
        and condition.get("startTime", "")[:19] <= event["time"][:19] <= condition.get("endTime", "9999")[:19]
        and condition.get("employeeNoString") in (None, event.get("employeeNoString"))
        and condition.get("cardNo") in (None, event.get("cardNo"))
        and condition.get("beginSerialNo", 0) <= event["serialNo"] <= condition.get("endSerialNo", event["serialNo"])
    )
