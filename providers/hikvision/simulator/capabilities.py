"""What the terminal says it can do: of the device, of persons, of cards.

Source: facts on Hikvision terminals, sections 2.4, 2.5 and 3.5.
"""

from __future__ import annotations

from typing import Any

from controller.sdk.simulation import Answer
from providers.hikvision.simulator.envelope import json_answer, xml_answer
from providers.hikvision.simulator.request import Request
from providers.hikvision.simulator.state import Device


def device_abilities(device: Device, request: Request) -> Answer:
    profile = device.profile
    content = {
        "isSupportUserInfo": True,
        "EmployeeNoInfo": {
            f'employeeNo min="1" max="{profile.employee_no}"': "",
            'characterType opt="any,number"': "number" if profile.digits_only else "any",
            "isSupportCompress": False,
        },
        "isSupportCardInfo": True,
        "isSupportFDLib": profile.faces > 0,
        "isSupportUserInfoDetailDelete": profile.detail_delete,
        "isSupportFingerPrintCfg": False,
        "isSupportRemoteControlDoor": True,
        "isSupportAcsEvent": True,
        "isSupportUserRightPlanTemplate": True,
    }
    return xml_answer(device.quirks, "AccessControl", content)


def person_abilities(device: Device, request: Request) -> Answer:
    profile, page = device.profile, device.profile.page
    key_list = {"maxSize": page, "employeeNo": _between(1, profile.employee_no)}
    abilities: dict[str, Any] = {
        "supportFunction": _functions(device, persons=True),
        "UserInfoSearchCond": {
            "searchID": _between(1, 36),
            "maxResults": _between(1, page),
            "EmployeeNoList": key_list,
            "fuzzySearch": _between(1, 32),
            "hasCard": _opt(device, "true", "false"),
            "hasFace": _opt(device, "true", "false"),
        },
        "UserInfoDelCond": {"EmployeeNoList": key_list},
        "employeeNo": _between(1, profile.employee_no),
        "name": _between(0, profile.name_bytes),
        "userType": _opt(device, *profile.user_types),
        "closeDelayEnabled": _opt(device, "true", "false"),
        "Valid": _valid(device),
        "maxBelongGroup": 4,
        "belongGroup": _between(1, 4),
        "password": _between(*profile.pin),
        "doorRight": _between(1, profile.doors),
        "RightPlan": {
            "maxSize": profile.right_plans,
            "doorNo": _between(1, profile.doors),
            "maxPlanTemplate": 4,
            "planTemplateNo": _between(1, profile.plan_templates),
        },
        "maxOpenDoorTime": _between(0, 255),
        "openDoorTime": _between(0, 255),
        "roomNumber": _between(0, 9999),
        "floorNumber": _between(0, 999),
        "localUIRight": _opt(device, "true", "false"),
        "userVerifyMode": _opt(device, "cardOrFace", "face", "card"),
        "gender": _opt(device, "male", "female", "unknown"),
        "isSupportNumOfCard": True,
        "checkUser": _opt(device, "true", "false"),
        "maxRecordNum": profile.persons,
    }
    if profile.faces and not device.quirks.no_face_count:
        abilities["isSupportNumOfFace"] = True
    if device.extends:
        abilities["PersonInfoExtends"] = {"maxSize": device.extends, "value": _between(0, 64)}
    return json_answer(device.quirks, {"UserInfo": abilities})


def card_abilities(device: Device, request: Request) -> Answer:
    profile, page = device.profile, device.profile.page
    numbers = {"maxSize": page, "cardNo": _between(1, profile.card_no)}
    owners = {"maxSize": page, "employeeNo": _between(1, profile.employee_no)}
    abilities: dict[str, Any] = {
        "supportFunction": _functions(device),
        "CardInfoSearchCond": {
            "searchID": _between(1, 36), "maxResults": _between(1, page), "EmployeeNoList": owners, "CardNoList": numbers,
        },
        "CardInfoDelCond": {"EmployeeNoList": owners, "CardNoList": numbers},
        "employeeNo": _between(1, profile.employee_no),
        "cardNo": _between(1, profile.card_no),
        "cardType": _opt(device, *profile.card_types),
        "leaderCard": _between(1, 32),
        "checkCardNo": _opt(device, "true", "false"),
        "checkEmployeeNo": _opt(device, "true", "false"),
        "maxRecordNum": profile.cards,
    }  # fmt: skip
    if profile.announces_cards_per_person:
        abilities["numberPerPerson"] = profile.cards_per_person
    return json_answer(device.quirks, {"CardInfo": abilities})


def _valid(device: Device) -> dict[str, Any]:
    valid: dict[str, Any] = {"enable": _opt(device, "true", "false")}
    if device.profile.announces_range:
        valid |= {"timeRangeBegin": device.profile.begin, "timeRangeEnd": device.profile.end}
    text = _between(1, 32)
    return valid | {"beginTime": text, "endTime": text, "timeType": _opt(device, *device.profile.time_types)}


def _functions(device: Device, *, persons: bool = False) -> dict[str, Any]:
    missing = {"delete"} if device.quirks.no_delete and persons else set()
    missing |= {"setUp"} if device.quirks.no_setup else set()
    return _opt(device, *(word for word in ("post", "delete", "put", "get", "setUp") if word not in missing))


def _between(low: int, high: int) -> dict[str, int]:
    return {"@min": low, "@max": high}


def _opt(device: Device, *words: str) -> dict[str, Any]:
    return {"@opt": list(words) if device.quirks.opt_as_list else ",".join(words)}
