"""How the terminal answers: ResponseStatus in JSON and XML, the vendor's error numbers, and the habits that twist an answer.

Source: facts on Hikvision terminals, sections 2.3 and 3.1. Spelling of the sub-codes is the vendor's, errors included.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

import msgspec

from controller.sdk.simulation import Answer
from providers.hikvision.simulator.codes import SUB_CODES
from providers.hikvision.simulator.profiles import Quirks

JSON_TYPE = (b"content-type", b'application/json; charset="UTF-8"')
XML_TYPE = (b"content-type", b'application/xml; charset="UTF-8"')

_STATUS_STRINGS = {
    2: "Device Busy", 3: "Device Error", 4: "Invalid Operation", 5: "Invalid Format", 6: "Invalid Content", 7: "Reboot Required",
}  # fmt: skip
_HTTP = {2: 503, 3: 500, 4: 403, 5: 400, 6: 400}
_HTTP_OF = {"badAuthorization": 401, "methodNotAllowed": 405, "badURLFormat": 404}


class IsapiError(Exception):
    """The terminal refuses: sub-code of the vendor's list, and the field name it gives as errorMsg."""

    def __init__(self, sub_code: str, error_msg: str = "") -> None:
        super().__init__(sub_code, error_msg)
        self.sub_code = sub_code
        self.error_msg = error_msg


class Status(NamedTuple):
    """The content of one ResponseStatus."""

    code: int
    text: str
    sub_code: str
    error_code: int = 1
    error_msg: str = "ok"


OK = Status(1, "OK", "ok")
REBOOT = Status(7, "Reboot Required", "rebootRequired", 0x70000001, "rebootRequired")


def status_of(error: IsapiError) -> Status:
    code, number = SUB_CODES[error.sub_code]
    return Status(code, _STATUS_STRINGS[code], error.sub_code, number, error.error_msg or error.sub_code)


def http_of(sub_code: str) -> int:
    return _HTTP_OF.get(sub_code) or _HTTP[SUB_CODES[sub_code][0]]


def taken(quirks: Quirks, **more: Any) -> Answer:
    """The answer to a JSON write that was taken; ``more`` stands beside the status."""
    if quirks.empty_200:
        return Answer(200, b"", (JSON_TYPE,))
    if quirks.null_body:
        return Answer(200, b"null", (JSON_TYPE,))
    return json_answer(quirks, {**_json_status(quirks, REBOOT if quirks.reboot_required else OK), **more})


def refused(quirks: Quirks, error: IsapiError, *, as_json: bool) -> Answer:
    """The answer to a call that was refused."""
    status = status_of(error)
    http = 200 if quirks.error_with_200 else http_of(error.sub_code)
    if as_json:
        return json_answer(quirks, _json_status(quirks, status), http)
    return xml_answer(quirks, "ResponseStatus", _xml_status(status), http)


def xml_taken(quirks: Quirks) -> Answer:
    """The answer to an XML write that was taken."""
    return xml_answer(quirks, "ResponseStatus", _xml_status(OK))


def json_answer(quirks: Quirks, value: Any, http: int = 200) -> Answer:
    return json_bytes(quirks, msgspec.json.encode(as_strings(value) if quirks.types_as_strings else value), http)


def json_bytes(quirks: Quirks, body: bytes, http: int = 200) -> Answer:
    if quirks.xml_for_json:
        return _same_in_xml(quirks, msgspec.json.decode(body), http)
    return Answer(http, body + b"\0\0" if quirks.nul_after else body, (JSON_TYPE,))


def xml_answer(quirks: Quirks, root: str, content: dict[str, Any], http: int = 200) -> Answer:
    """An XML document: nested dicts become elements, booleans lower-case words, keys with ``@`` attributes of the root."""
    namespace = f' xmlns="{quirks.xml_namespace}"' if quirks.xml_namespace else ""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} version="2.0"{namespace}>\n{_elements(content)}</{root}>\n'
    body = ("\n" if quirks.blank_before_xml else "") + text + ("\0" if quirks.nul_after else "")
    return Answer(http, body.encode(), (XML_TYPE,))


def _same_in_xml(quirks: Quirks, value: dict[str, Any], http: int) -> Answer:
    """What would have been said in JSON; lists become repeated elements, names with ``@`` attributes."""
    root, inner = next(iter(value.items()))
    if len(value) > 1 or not isinstance(inner, dict):
        root, inner = "ResponseStatus" if "statusCode" in value else "Answer", value
    return xml_answer(quirks, root, inner, http)


def _json_status(quirks: Quirks, status: Status) -> dict[str, Any]:
    flat = {
        "statusCode": status.code,
        "statusString": status.text,
        "subStatusCode": status.sub_code,
        "errorCode": status.error_code,
        "errorMsg": status.error_msg,
    }
    return {"ResponseStatus": flat} if quirks.wrapped_status else flat


def _xml_status(status: Status) -> dict[str, Any]:
    content: dict[str, Any] = {
        "requestURL": "",
        "statusCode": status.code,
        "statusString": status.text,
        "subStatusCode": status.sub_code,
    }
    return content if status.code == 1 else {**content, "errorCode": status.error_code, "errorMsg": status.error_msg}


def _elements(content: dict[str, Any]) -> str:
    lines = []
    for name, value in content.items():
        tag, _, attributes = name.partition(" ")
        for one in value if isinstance(value, list) else [value]:
            given = f"{attributes} {_attributes(one)}".strip()
            inner = _elements(_children(one)) if isinstance(one, dict) else escape(_word(one))
            lines.append(f"<{tag}{' ' + given if given else ''}>{inner}</{tag}>\n")
    return "".join(lines)


def _attributes(value: Any) -> str:
    given = value.items() if isinstance(value, dict) else ()
    return " ".join(f"{name[1:]}={quoteattr(_word(inner))}" for name, inner in given if name.startswith("@"))


def _children(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if not name.startswith("@")}


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_strings(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_strings(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_strings(inner) for inner in value]
    return _word(value) if isinstance(value, bool | int) else value
