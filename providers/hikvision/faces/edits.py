"""The calls that send, replace and delete one face, in the terminal's words.

Terminals differ in which calls they have and in the names of an upload's parts; what worked is remembered for this connection.
A delete names exactly one person. Pictures and their addresses never stand in a message. Each raises ProviderError.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import msgspec

from controller.sdk import Clock, Conflict, Content, Done, NotOffered, Pictures, ProviderError, Rejected, Write
from providers.hikvision.client import LIBRARY, Isapi, Letter
from providers.hikvision.desired import RECIPE
from providers.hikvision.isapi.capability import Faces
from providers.hikvision.isapi.face_codes import FACES, NOT_UNDERSTOOD
from providers.hikvision.isapi.multipart import Part, form
from providers.hikvision.isapi.verdict import Modeling, NoVerdict
from providers.hikvision.kinds import PICTURE

_FDLIB = "/ISAPI/Intelligent/FDLib"
_NAMES = (
    ("FaceDataRecord", "img"), ("FaceDataRecord", "FaceImage"), ("faceURL", "img"), ("faceURL", "FaceDataRecord"),
    ("FaceDataRecord", "Img"), ("FaceDataRecord", "data"),
)  # fmt: skip
"""Of the description and the picture, as working clients and the manual name them, the most usual ones first."""
_PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds, while the terminal works on a picture
_LOOKS = (0.25, 0.5, 0.75)  # seconds; a face may show late
_UPLOAD = 3  # times as long as other calls: a terminal looks for the face before it answers

Sendable: TypeAlias = bytes | str
"""A picture, or the address that the terminal downloads one from."""


class Sent(NamedTuple):
    """What is worth telling, and what proves which picture it was."""

    message: str
    evidence: str = ""


@dataclass(frozen=True)
class Means:
    """``there`` looks whether a person has a face. ``patience``: seconds of silence that the terminal's other calls may take."""

    isapi: Isapi
    faces: Faces
    pictures: Pictures | None
    clock: Clock
    there: Callable[[str], Awaitable[bool]]
    patience: float = 15.0


class FaceEdits:
    """``means.faces`` must be what this terminal says now."""

    def __init__(self, means: Means) -> None:
        self._means = means
        offered = means.faces.functions
        self._changes = [way for way, needs in (("FDSetUp", "setup"), ("FDModify", "put")) if needs in offered or not offered]
        self._deletes = ["FDSearch/Delete", "FDDelete", *(["FDSetUp"] if "setup" in offered or not offered else [])]
        self._names: tuple[str, str] | None = None
        self._tried_all = False
        self._sent: set[str] = set()  # for whom a picture was sent: what is there now may be ours

    async def put(self, write: Write) -> Sent:
        """Add or replace. A terminal that is busy with a picture is asked again for a while."""
        doing = f"send the face of person {write.key}"
        picture, evidence = await self._picture(write, doing)
        for pause in _PAUSES:
            try:
                return Sent(await self._put(write, picture, doing), evidence)
            except Modeling:
                await self._means.clock.sleep(pause)
        return Sent(await self._put(write, picture, doing), evidence)

    async def _picture(self, write: Write, doing: str) -> tuple[Sendable, str]:
        content, faces = write.values[PICTURE], self._means.faces
        if not faces.offered:
            hint = "leave faces out of the spec for this terminal"
            raise Rejected(f"could not {doing}: this terminal keeps no faces", code="faces-not-offered", hint=hint)
        if not isinstance(content, Content):
            hint = "the record behind it names no picture any more: plan again"
            raise Rejected(f"could not {doing}: no picture is declared", code="no-picture", hint=hint)
        if content.direct:
            return content.name, ""
        if self._means.pictures is None:
            hint = "this command fetches none: trueup apply does"
            raise Rejected(f"could not {doing}: pictures cannot be fetched here", code="no-pictures", hint=hint)
        portrait = await self._means.pictures.portrait(content, RECIPE)
        return portrait.content, portrait.sha256

    async def _put(self, write: Write, picture: Sendable, doing: str) -> str:
        try:
            return await self._send(write, picture, doing)
        except NoVerdict as silence:
            gone = write.current is None
            if not gone:  # no look tells the old face from the new one, so the old one must go first
                with suppress(NoVerdict):
                    await self.delete(write.key)
                if gone := await self._shows(write.key, False):
                    with suppress(NoVerdict):
                        await self._add(write.key, picture, doing)
            if gone and await self._shows(write.key, True):
                return "the terminal did not say whether it took the face, but shows one now"
            raise silence from None

    async def _shows(self, key: str, expected: bool) -> bool:
        """Whether the terminal comes to show that there is a face, or that there is none."""
        for pause in _LOOKS:
            if await self._means.there(key) is expected:
                return True
            await self._means.clock.sleep(pause)
        return await self._means.there(key) is expected

    async def _send(self, write: Write, picture: Sendable, doing: str) -> str:
        ours = write.key in self._sent
        self._sent.add(write.key)
        if write.current is not None:
            return await self._replace(write.key, picture, doing)
        try:
            return await self._add(write.key, picture, doing)
        except Conflict as error:
            if error.code != "exists" or not ours:
                raise
        return await self._replace(write.key, picture, doing)  # an earlier attempt of ours arrived; which picture, nobody knows

    async def _add(self, key: str, picture: Sendable, doing: str) -> str:
        return await self._deliver("POST", "FaceDataRecord", key, picture, doing)

    async def _replace(self, key: str, picture: Sendable, doing: str) -> str:
        for way in list(self._changes):
            try:
                return await self._deliver("PUT", way, key, picture, doing)
            except NotOffered:
                self._changes.remove(way)
            except Rejected as error:
                if error.code != "missing":
                    raise
                return await self._add(key, picture, doing)  # it has gone since we looked
        return await self._replace_by_two(key, picture, doing)

    async def _replace_by_two(self, key: str, picture: Sendable, doing: str) -> str:
        try:
            await self.delete(key)
        except NotOffered as error:
            message = f"could not {doing}: this terminal can take a face but neither change nor delete one"
            advice = "delete it at the terminal's own screen, then apply again"
            raise Rejected(f"{message}; {advice}", code="face-not-replaceable", detail=error.detail, hint=advice) from None
        try:
            return await self._add(key, picture, doing)
        except ProviderError as error:
            error.effect = Done.UNKNOWN
            error.message += "; the old face is gone already, so the person is not let in by face until a new one arrives"
            raise

    async def delete(self, key: str) -> str:
        """In the first way that the terminal accepts; none of them can mean more than this one person."""
        doing = f"delete the face of person {key}"
        if not key:
            raise Rejected(f"could not {doing}: it is not known whose", code="no-key", hint="plan again")
        first: ProviderError | None = None
        for way in list(self._deletes):
            try:
                message = await self._delete(way, key, doing)
            except NotOffered as error:
                self._deletes.remove(way)
                first = first or error
            except Rejected as error:  # one model refuses the usual call as if the value were wrong
                first = error if first is None or isinstance(first, NotOffered) else first
            else:
                self._deletes.remove(way)
                self._deletes.insert(0, way)
                return message
        hint = "delete it at the terminal's own screen"
        raise first or NotOffered(f"could not {doing}: this terminal or its firmware has no such call", hint=hint)

    async def _delete(self, way: str, key: str, doing: str) -> str:
        body: dict[str, Any] = {**LIBRARY, "FPID": key}
        query: dict[str, str] = {}
        match way:
            case "FDSearch/Delete":
                body, query = {"FPID": [{"value": key}]}, LIBRARY
            case "FDSetUp":
                body["deleteFP"] = True
        try:
            return await self._means.isapi.post("PUT", f"{_FDLIB}/{way}", Letter(msgspec.json.encode(body), query=query), doing)
        except Rejected as error:
            if error.code != "missing":
                raise
            return "it was gone already"

    # -- the upload ----------------------------------------------------------------------------------------------------------

    async def _deliver(self, method: str, call: str, key: str, picture: Sendable, doing: str) -> str:
        described: dict[str, Any] = {**LIBRARY, "FPID": key}
        if isinstance(picture, str):
            letter = self._letter(msgspec.json.encode({**described, "faceURL": picture}), private=True)
            return await self._means.isapi.post(method, f"{_FDLIB}/{call}", letter, doing)
        first: Rejected | None = None
        for names in (self._names,) if self._names else _NAMES[:1] if self._tried_all else _NAMES:
            content_type, body = form(
                (
                    Part(names[0], "application/json", msgspec.json.encode(described)),
                    Part(names[1], "image/jpeg", picture, "face.jpg"),
                )
            )
            try:
                message = await self._means.isapi.post(method, f"{_FDLIB}/{call}", self._letter(body, content_type), doing)
            except Rejected as error:
                if error.code not in NOT_UNDERSTOOD or self._names:
                    self._names = names if error.code in FACES else self._names
                    raise self._explained(error, picture) from None
                first = first or error
            else:
                self._names = names
                return message
        self._tried_all = True
        assert first is not None
        raise self._explained(first, picture)

    def _letter(self, body: bytes, content_type: str = "application/json", *, private: bool = False) -> Letter:
        """A long silence is borne, but no longer a call than any other: a lease is measured by those."""
        patience = self._means.patience
        return Letter(body, content_type, read=_UPLOAD * patience, whole=4 * patience, private=private)

    def _explained(self, error: Rejected, picture: bytes) -> Rejected:
        if error.code == "badjsonformat":
            error.message += (
                f"; some terminals say so of a picture that is too large for them, and this one has {len(picture)} bytes"
            )
        return error
