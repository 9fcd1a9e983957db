"""The two calls that are made: member export and organisation info, with what each status means in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias
from xml.etree.ElementTree import Element, SubElement, tostring

from controller.sdk import Clock, Nonsense, NotOffered, ProviderError, Unauthorized
from controller.sdk.http import Http, Response
from providers.cardskipper.answers import Member, Organisation, read_members, read_organisations

EXPORT = "/Member/Export/"
INFO = "/Organisation/Info/"
_TRIES = 3
_GRANT = "Cardskipper's support grants each call to an account separately: ask them for {path}; check the url in the config, too"

Criteria: TypeAlias = Mapping[str, str | int | bool]
CRITERIA = (
    "MemberId", "OrganisationId", "RoleId", "UserId", "OrganisationMemberId", "Birthdate", "Firstname", "Lastname", "Cellphone",
    "TagContains", "OrganisationUnit", "HasUserDevice", "OnlyActive", "ChangedAt",
)  # fmt: skip
"""In the order of the vendor's schema, which a strict service may insist on."""


def search_document(criteria: Criteria) -> bytes:
    """The member search as XML: one empty element per criterion, its value in the attribute ``value``; empty ones left out."""
    root = Element("Cardskipper")
    search = SubElement(root, "SearchCriteriaMember")
    for name in CRITERIA:
        value = criteria.get(name, "")
        if value != "":
            SubElement(search, name, value=str(value).lower() if isinstance(value, bool) else str(value))
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


class Client:
    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock

    async def export(self, criteria: Criteria) -> list[Member]:
        """All members that meet the criteria; raises ProviderError unless the answer was read to its end."""
        response = await self._ask("POST", EXPORT, search_document(criteria))
        return list(read_members(response.body, self._http.place))

    async def organisations(self) -> list[Organisation]:
        """What the account may see, roles included."""
        response = await self._ask("GET", INFO, b"")
        return list(read_organisations(response.body, self._http.place))

    async def _ask(self, method: str, path: str, content: bytes) -> Response:
        """Both calls only look, so they may be sent again; a server error is given a little time."""
        headers = {"accept": "application/xml"} | ({"content-type": "application/xml; charset=utf-8"} if content else {})
        for tried in range(1, _TRIES + 1):
            try:
                response = await self._http.request(method, path, content=content, headers=headers, safe=True)
            except Unauthorized as error:
                hint = f"{error.hint}; {_GRANT.format(path=path)}"
                raise Unauthorized(error.message, hint=hint, detail=error.detail, code=error.code) from None
            if response.status < 500 or tried == _TRIES:
                break
            await self._clock.sleep(float(tried))
        if response.status == 200:
            return response
        raise self._failed(response, path)

    def _failed(self, response: Response, path: str) -> ProviderError:
        said, place = self._http.excerpt(response.text()), self._http.place
        match response.status:
            case 403 | 404:
                message = f"{place} does not let this account use {path} (status {response.status})"
                return NotOffered(message, hint=_GRANT.format(path=path), detail=said, code="not-granted")
            case 400:
                message = f"{place} refused the request to {path} as malformed (status 400)"
                return NotOffered(message, hint="check organizationId in the config", detail=said, code="request-refused")
            case status if status >= 500:
                message = f"{place} failed while it answered {path} (status {status})"
                return Nonsense(message, hint="the fault is on their side; try again later", detail=said, code="server-error")
        message = f"{place} answered {path} with status {response.status}, which this call does not have"
        return Nonsense(message, hint="check the url in the config", detail=said)
