"""The face library: one picture per person, by URL or multipart.

Source: facts on Hikvision terminals, sections 2.6 and 3.9. The picture is judged by its frame (JPEG, baseline, size) and by what
stands for a face here: see ``_look_at``.
"""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from controller.sdk.simulation import Answer
from providers.hikvision.simulator.envelope import IsapiError, json_answer, taken
from providers.hikvision.simulator.request import Part, Request, decoded
from providers.hikvision.simulator.search import Shape, listed, page_answer, paging, text_of
from providers.hikvision.simulator.state import Device, face_url

PART_NAMES = {
    ("faceURL", "img"), ("FaceDataRecord", "img"), ("FaceDataRecord", "FaceImage"), ("FaceDataRecord", "Img"),
    ("FaceDataRecord", "data"), ("faceURL", "FaceDataRecord"),
}  # fmt: skip
"""Name of the JSON part and of the picture part, as they were seen in working clients and the manual."""

MAX_PICTURE = 200 * 1024
_MAX_URL = 256
_LIBRARY = {"FDID": "1", "faceLibType": "blackFD", "name": "Face Library"}
_PROGRESSIVE = b"\xff\xc2"
_REFUSED_AS = re.compile(rb"refused-as:(\w+)")


def capabilities(device: Device, request: Request) -> Answer:
    _check_get(device)
    offered = "post" if device.quirks.post_only_faces else "post,delete,put,get" + ("" if device.quirks.no_setup else ",setUp")
    value = {
        "FDNameMaxLen": 48,
        "FDMaxNum": 1,
        "FDRecordDataMaxNum": device.profile.faces,
        "supportFDFunction": offered,
        "isSuportFDSearch": not (device.quirks.post_only_faces or device.quirks.no_fdsearch),
        "faceURLLen": _MAX_URL,
        "facePicFormat": "jpg",
        "faceLibType": "blackFD",
    }
    return json_answer(device.quirks, value)


def libraries(device: Device, request: Request) -> Answer:
    _check_get(device)
    return json_answer(device.quirks, {"FDLib": [_LIBRARY]})


def count(device: Device, request: Request) -> Answer:
    _check_get(device)
    number = {"recordDataNumber": len(device.faces)}
    if "FDID" in request.query:
        return json_answer(device.quirks, number)
    return json_answer(device.quirks, {"FDRecordDataInfo": [{**_LIBRARY, **number}]})


def wipe(device: Device, request: Request) -> Answer:
    _check_offered(device)
    for fpid in list(device.faces):
        device.remove_face(fpid)
    return taken(device.quirks)


def record(device: Device, request: Request) -> Answer:
    """Add; a face that is there is refused."""
    _check_there(device)
    given, picture = _written(device, request)
    fpid = _person(device, given)
    if fpid in device.faces:
        raise IsapiError("deviceUserAlreadyExistFace", "FPID")
    return _enrol(device, fpid, picture)


def set_up(device: Device, request: Request) -> Answer:
    """Add or replace; ``deleteFP: true`` removes."""
    _check_offered(device)
    if device.quirks.no_setup:
        raise IsapiError("notSupport")
    given, picture = _written(device, request)
    if given.get("deleteFP") is True:
        return _remove(device, [_fpid(device, given.get("FPID"))])
    return _enrol(device, _person(device, given), picture)


def modify(device: Device, request: Request) -> Answer:
    _check_offered(device)
    given, picture = _written(device, request)
    fpid = _person(device, given)
    if fpid not in device.faces:
        raise IsapiError("faceDataNotExist", "FPID")
    return _enrol(device, fpid, picture)


def search(device: Device, request: Request) -> Answer:
    """The body is bare, without a root."""
    _check_offered(device)
    if device.quirks.no_fdsearch:
        raise IsapiError("notSupport")
    condition = request.json()
    if not isinstance(condition, dict):
        raise IsapiError("badJsonFormat")
    _check_library(condition)
    asked = paging(device, condition, with_id=False)
    wanted = condition.get("FPID")
    found = list(device.faces) if wanted is None else [key for key in [_fpid(device, wanted)] if key in device.faces]
    return page_answer(device, Shape("", "MatchList"), asked, found, lambda fpid: _row(device, fpid))


def delete(device: Device, request: Request) -> Answer:
    """PUT FDLib/FDSearch/Delete with the library in the query."""
    _check_offered(device)
    if device.quirks.fddelete_only:
        raise IsapiError("badParameters", "FPID")
    _check_library(request.query)
    body = request.json()
    if not isinstance(body, dict):
        raise IsapiError("badJsonFormat")
    wanted = listed(device, body, "FPID", "value")
    if wanted is None:
        raise IsapiError("MessageParametersLack", "FPID")
    return _remove(device, wanted)


def fd_delete(device: Device, request: Request) -> Answer:
    """PUT FDLib/FDDelete: the form of the one model that refuses the other."""
    if not device.quirks.fddelete_only or not device.profile.faces:
        raise IsapiError("badURLFormat")
    body = request.json()
    if not isinstance(body, dict):
        raise IsapiError("badJsonFormat")
    _check_library(body)
    return _remove(device, [_fpid(device, body.get("FPID"))])


def _check_get(device: Device) -> None:
    _check_there(device)
    if device.quirks.no_fdlib_get:
        raise IsapiError("badURLFormat")


def _check_there(device: Device) -> None:
    if not device.profile.faces:
        raise IsapiError("badURLFormat")


def _check_offered(device: Device) -> None:
    _check_there(device)
    if device.quirks.post_only_faces:
        raise IsapiError("notSupport")


def _check_library(given: Any) -> None:
    for name in ("faceLibType", "FDID"):
        if given.get(name) is None:
            raise IsapiError("MessageParametersLack", name)
    if given["faceLibType"] != "blackFD" or given["FDID"] != "1":
        raise IsapiError("faceLibraryIDError", "FDID")


def _fpid(device: Device, value: Any) -> str:
    return text_of(device, value, "FPID")


def _person(device: Device, given: dict[str, Any]) -> str:
    fpid = _fpid(device, given.get("FPID"))
    if fpid not in device.persons:
        raise IsapiError("employeeNoNotExist", "FPID")
    return fpid


def _written(device: Device, request: Request) -> tuple[dict[str, Any], bytes]:
    """The description and the picture; the picture is empty when the face is to be deleted."""
    if request.content_type.lower().startswith("multipart/form-data"):
        given, picture = _from_parts(device, request.parts())
    else:
        given = request.json()
        picture = b""
    if not isinstance(given, dict) or "FaceDataRecord" in given:
        raise IsapiError("badJsonFormat")
    _check_library(given)
    if given.get("deleteFP") is True:
        return given, b""
    picture = picture or _downloaded(device, given)
    _check_picture(device, picture)
    return given, picture


def _from_parts(device: Device, parts: list[Part]) -> tuple[Any, bytes]:
    only = tuple(device.quirks.part_names.split("+"))
    taken_names = {only} if device.quirks.part_names else PART_NAMES
    if len(parts) != 2 or (parts[0].name, parts[1].name) not in taken_names:
        raise IsapiError("MessageParametersLack", "faceURL")
    if not parts[0].content_type.startswith("application/json") or parts[1].content_type != "image/jpeg":
        raise IsapiError("badJsonContent", parts[0].name)
    return decoded(parts[0].body), parts[1].body


def _downloaded(device: Device, given: dict[str, Any]) -> bytes:
    url = given.get("faceURL")
    if not isinstance(url, str) or not url:
        raise IsapiError("faceURLIsEmpty", "faceURL")
    if len(url) > _MAX_URL:
        raise IsapiError("badParameters", "faceURL")
    if urlsplit(url).scheme not in ("http", "https"):
        raise IsapiError("picdataurlisnotvalid", "faceURL")
    if url not in device.pictures:
        raise IsapiError("URLDownloadFailed", "faceURL")
    return device.pictures[url]


def _check_picture(device: Device, picture: bytes) -> None:
    if len(picture) > MAX_PICTURE:
        raise IsapiError("badJsonFormat" if device.quirks.oversize_misleading else "picSizeExceedError", "faceURL")
    if not picture.startswith(b"\xff\xd8\xff") or not picture.endswith(b"\xff\xd9") or _PROGRESSIVE in picture[:4096]:
        raise IsapiError("picFormatError", "faceURL")
    _look_at(picture)


def _look_at(picture: bytes) -> None:
    """What stands for the content of a picture: bytes ``refused-as:subCode`` in it, or its colour. All blue shows nobody, all red
    several, all green somebody who cannot be made out; whatever else is one face."""
    if marked := _REFUSED_AS.search(picture):
        raise IsapiError(marked[1].decode(), "faceURL")
    red, green, blue = _colour(picture)
    if blue > 200 and red < 60 and green < 60:
        raise IsapiError("PicAnalysisNoTargetError", "faceURL")
    if red > 200 and green < 60 and blue < 60:
        raise IsapiError("multipleFaceObjectError", "faceURL")
    if green > 100 and red < 60 and blue < 60:
        raise IsapiError("faceLowQulity", "faceURL")


def _colour(picture: bytes) -> tuple[int, int, int]:
    """The mean colour; grey where the bytes are only framed like a picture, as tests make them."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG",)) as opened:
            opened.draft("RGB", (8, 8))
            pixel = opened.convert("RGB").resize((1, 1)).getpixel((0, 0))
    except (OSError, SyntaxError, ValueError, EOFError):
        return 128, 128, 128
    assert isinstance(pixel, tuple)
    return int(pixel[0]), int(pixel[1]), int(pixel[2])


def _enrol(device: Device, fpid: str, picture: bytes) -> Answer:
    if device.modeling_left > 0:
        device.modeling_left -= 1
        raise IsapiError("faceDataModeling", "faceURL")
    limit = min(device.profile.faces, device.profile.persons)
    if fpid not in device.faces and len(device.faces) >= limit:
        raise IsapiError("deviceFaceFull", "FPID")
    device.put_face(fpid, picture)
    return taken(device.quirks, FPID=fpid)


def _remove(device: Device, fpids: list[str]) -> Answer:
    if not any(fpid in device.faces for fpid in fpids):
        raise IsapiError("deleteNoExistFace", "FPID")
    for fpid in fpids:
        if fpid in device.faces:
            device.remove_face(fpid)
    return taken(device.quirks)


def _row(device: Device, fpid: str) -> bytes:
    name = device.persons[fpid]["name"] if fpid in device.persons else ""
    return msgspec.json.encode({"FDID": "1", "FPID": fpid, "faceURL": face_url(device.address, device.faces[fpid]), "name": name})
