"""The card services. A card belongs to one person, who must exist first; leading zeros are part of its number.

Source: facts on Hikvision terminals, section 2.5. The flags checkCardNo and checkEmployeeNo are taken and not honoured: what
they skip was never recorded.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from controller.sdk.simulation import Answer
from providers.hikvision.simulator.envelope import IsapiError, json_answer, taken
from providers.hikvision.simulator.request import Request
from providers.hikvision.simulator.search import Shape, listed, page_answer, paging, text_of
from providers.hikvision.simulator.state import Device

_SHAPE = Shape("CardInfoSearch", "CardInfo")
_CARD_NO = re.compile(r"[A-Za-z0-9]+")
_FIELDS = {"employeeNo", "cardNo", "cardType", "leaderCard", "checkCardNo", "checkEmployeeNo", "deleteCard"}
_NO_LIMIT = 255


def count(device: Device, request: Request) -> Answer:
    employee_no = request.query.get("employeeNo")
    number = len(device.cards) if employee_no is None else len(device.cards_of(employee_no))
    return json_answer(device.quirks, {"CardInfoCount": {"cardNumber": number}})


def search(device: Device, request: Request) -> Answer:
    condition = request.json_root("CardInfoSearchCond")
    asked = paging(device, condition)
    owners = listed(device, condition, "EmployeeNoList", "employeeNo")
    numbers = listed(device, condition, "CardNoList", "cardNo")
    if owners is not None and numbers is not None:
        raise IsapiError("badParameters", "CardNoList")
    found = list(device.cards)
    if owners is not None and not device.quirks.ignore_filter:
        found = [card_no for owner in dict.fromkeys(owners) for card_no in device.cards_of(owner)]
    elif numbers is not None and not device.quirks.ignore_filter:
        found = [card_no for card_no in dict.fromkeys(numbers) if card_no in device.cards]
    return page_answer(device, _SHAPE, asked, found, lambda card_no: msgspec.json.encode(device.cards[card_no]))


def record(device: Device, request: Request) -> Answer:
    card = _checked(device, request.json_root("CardInfo"))
    if card["cardNo"] in device.cards:
        raise IsapiError("cardNoAlreadyExist", "checkEmployeeNo")
    _add(device, card)
    return taken(device.quirks)


def modify(device: Device, request: Request) -> Answer:
    card = _checked(device, request.json_root("CardInfo"))
    if card["cardNo"] not in device.cards:
        raise IsapiError("cardNoNotExist", "cardNo")
    _change(device, card)
    return taken(device.quirks)


def set_up(device: Device, request: Request) -> Answer:
    """Add or change; ``deleteCard: true`` removes."""
    if device.quirks.no_setup:
        raise IsapiError("notSupport")
    given = request.json_root("CardInfo")
    if given.get("deleteCard") is True:
        device.remove_card(_card_no(device, given))
        return taken(device.quirks)
    card = _checked(device, given)
    if card["cardNo"] in device.cards:
        _change(device, card)
    else:
        _add(device, card)
    return taken(device.quirks)


def delete(device: Device, request: Request) -> Answer:
    condition = request.json_root("CardInfoDelCond")
    numbers = listed(device, condition, "CardNoList", "cardNo")
    owners = listed(device, condition, "EmployeeNoList", "employeeNo")
    if numbers is None and owners is None:
        if not device.quirks.delete_empty_list_wipes:
            raise IsapiError("MessageParametersLack", "CardNoList")
        numbers = list(device.cards)
    of_owners = [card_no for owner in owners or () for card_no in device.cards_of(owner)]
    for card_no in [*(numbers or ()), *of_owners]:
        device.remove_card(card_no)
    return taken(device.quirks)


def _card_no(device: Device, given: dict[str, Any]) -> str:
    number = given.get("cardNo")
    if number is None:
        raise IsapiError("MessageParametersLack", "cardNo")
    if not isinstance(number, str):
        raise IsapiError("badParameters", "cardNo")
    if not _CARD_NO.fullmatch(number) or len(number) > device.profile.card_no:
        raise IsapiError("illegalCardNo", "cardNo")
    return number


def _checked(device: Device, given: dict[str, Any]) -> dict[str, Any]:
    unknown = given.keys() - _FIELDS
    if unknown:
        raise IsapiError("badParameters", min(unknown))
    card = {
        "employeeNo": text_of(device, given.get("employeeNo"), "employeeNo"),
        "cardNo": _card_no(device, given),
        "cardType": given.get("cardType", "normalCard"),
    }
    if card["cardType"] not in device.profile.card_types:
        raise IsapiError("badParameters", "cardType")
    if card["employeeNo"] not in device.persons:
        raise IsapiError("employeeNoNotExist", "employeeNo")
    return card | ({"leaderCard": given["leaderCard"]} if "leaderCard" in given else {})


def _add(device: Device, card: dict[str, Any]) -> None:
    limit = device.profile.cards_per_person
    if limit != _NO_LIMIT and len(device.cards_of(card["employeeNo"])) >= limit:
        raise IsapiError("cardFullPerUser", "cardNo")
    if len(device.cards) >= device.profile.cards:
        raise IsapiError("deviceCardFull", "cardNo")
    device.put_card(card)


def _change(device: Device, card: dict[str, Any]) -> None:
    """A card changes its owner only by being deleted first."""
    if device.cards[card["cardNo"]]["employeeNo"] != card["employeeNo"]:
        raise IsapiError("cardNoAlreadyExist", "checkEmployeeNo")
    device.put_card(card)
