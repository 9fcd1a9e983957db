"""Paging as every Search of the terminal does it: the required fields, the words for "there is more", and the odd habits.

Source: facts on Hikvision terminals, sections 2.4 and 3.6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from controller.sdk.simulation import Answer
from providers.hikvision.simulator.envelope import IsapiError, json_bytes
from providers.hikvision.simulator.state import Device


class Paging(NamedTuple):
    """What a search asks for: a page of at most ``rows`` from ``position``."""

    search_id: str
    position: int
    rows: int


def paging(device: Device, condition: dict[str, Any], *, with_id: bool = True) -> Paging:
    """Check the required fields; raises IsapiError naming the one that is missing or wrong."""
    names = ("searchID", "searchResultPosition", "maxResults") if with_id else ("searchResultPosition", "maxResults")
    for name in names:
        if name not in condition:
            raise IsapiError("MessageParametersLack", name)
    position, count = condition["searchResultPosition"], condition["maxResults"]
    search_id = condition.get("searchID", "")
    if not isinstance(search_id, str) or (with_id and not 1 <= len(search_id) <= 36):
        raise IsapiError("badParameters", "searchID")
    if not _is_int(position) or position < 0:
        raise IsapiError("badParameters", "searchResultPosition")
    if not _is_int(count) or count < 1 or (count > device.profile.page and device.quirks.over_limit == "refuse"):
        raise IsapiError("badParameters", "maxResults")
    return Paging(search_id, position, min(count, device.profile.page))


def listed(device: Device, condition: dict[str, Any], name: str, key: str) -> list[str] | None:
    """The values of a list like ``EmployeeNoList: [{employeeNo}]``; None when it is missing or empty: no filter."""
    given = condition.get(name)
    if not given:
        return None
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise IsapiError("badJsonFormat", name)
    if len(given) > device.profile.page:
        raise IsapiError("beyondARGSRangeLimit", name)
    return [text_of(device, entry.get(key), key) for entry in given]


def text_of(device: Device, value: Any, name: str) -> str:
    """A key like employeeNo: a string, or a number where the device takes one."""
    if value is None:
        raise IsapiError("MessageParametersLack", name)
    if _is_int(value) and device.quirks.accept_numbers:
        return str(value)
    if not isinstance(value, str) or not value:
        raise IsapiError("badParameters", name)
    return value


class Shape(NamedTuple):
    """How a Search names its root (empty: bare) and its list."""

    root: str
    rows: str


def page_answer(device: Device, shape: Shape, asked: Paging, keys: Sequence[str], encode: Callable[[str], bytes]) -> Answer:
    """The page of ``keys`` that was asked for, each row as ``encode`` gives it."""
    quirks, total = device.quirks, len(keys)
    position = asked.position % total if quirks.more_forever and total else asked.position
    page = keys[position : position + asked.rows]
    more = quirks.more_forever or position + len(page) < total
    device.pages_served += 1
    if quirks.total_changes:
        total += device.pages_served
    word = "NO MATCH" if not page else "MORE" if more else "OK"
    head = _head(device, asked, word, (len(page), total if page else 0))
    rows = b",".join([encode(key) for key in page])
    if page:
        listing = rows if quirks.object_for_one and len(page) == 1 else b"[" + rows + b"]"
        head = head[:-1] + b',"' + shape.rows.encode() + b'":' + listing + b"}"
    return json_bytes(quirks, b'{"' + shape.root.encode() + b'":' + head + b"}" if shape.root else head)


def _head(device: Device, asked: Paging, word: str, counts: tuple[int, int]) -> bytes:
    odd = device.quirks.odd_words
    field = "responseStatusStrings" if odd else "responseStatusStrg"
    head: dict[str, Any] = {"searchID": asked.search_id} if asked.search_id else {}
    head[field] = word.replace(" ", "") if odd else word
    found, total = counts
    strings = device.quirks.types_as_strings
    head |= {"numOfMatches": str(found) if strings else found, "totalMatches": str(total) if strings else total}
    return msgspec.json.encode(head)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
