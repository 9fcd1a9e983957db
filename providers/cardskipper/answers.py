"""Cardskipper's XML answers as plain values, read leniently and safely.

Data are attributes; the same names as child elements are read too. Names are compared without namespaces. Takes in only what
access needs: birth dates, birth numbers and addresses are never read. What is no XML, or ends early, is Nonsense and never "no
members". No DTD is accepted, so no entity can be declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from sys import intern
from typing import TypeVar
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from controller.sdk import Nonsense


class Role(msgspec.Struct, frozen=True):
    """One role of a member; texts as they came."""

    organisation: str
    id: str
    start: str
    end: str
    unit: str


class Member(msgspec.Struct, frozen=True):
    """One member as exported; texts as they came, trimmed, empty where nothing was said."""

    id: str
    first_name: str
    last_name: str
    inactive: str
    email: str
    phones: tuple[str, ...]
    extras: tuple[str, ...]  # three
    organisations: tuple[str, ...]
    roles: tuple[Role, ...]
    tags: tuple[tuple[str, str], ...]  # (organisation, label)


class Organisation(msgspec.Struct, frozen=True):
    """An organisation that the account may see; role ids and child organisations with their names."""

    id: str
    name: str
    roles: Mapping[str, str]
    children: Mapping[str, str]


def read_members(body: bytes, place: str) -> Iterator[Member]:
    """Members as they are parsed; raises Nonsense where the document is none or ends."""
    return _each(body, place, ("Members", "Member"), _member)


def read_organisations(body: bytes, place: str) -> Iterator[Organisation]:
    return _each(body, place, ("Organisations", "Organisation"), _organisation)


T = TypeVar("T")
_XSI = "XMLSchema-instance"  # xsi:type and the like say nothing about members


def _each(body: bytes, place: str, path: tuple[str, str], read: Callable[[Element], T]) -> Iterator[T]:
    """What stands at Cardskipper/group/item, one item in memory at a time."""
    opened: list[Element] = []
    begun = False
    try:
        for event, element in iterparse(BytesIO(body.lstrip()), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                begun = True
                opened.append(element)
                _expect(opened, path, place)
                continue
            opened.pop()
            if len(opened) == 2:
                yield read(element)
                opened[1].clear()
    except DefusedXmlException:
        raise Nonsense(f"{place} {_not_xml(body)}", hint=_ADDRESS, code="not-xml") from None
    except ParseError as error:
        if not begun:
            raise Nonsense(f"{place} {_not_xml(body)}", hint=_ADDRESS, code="not-xml", detail=str(error)) from None
        message = f"the answer of {place} breaks off or is damaged, so none of it is used"
        raise Nonsense(message, hint="it is read again in the next run", code="broken-xml", detail=str(error)) from None


_ADDRESS = "check the url in the config; the service may also be down for maintenance"


def _not_xml(body: bytes) -> str:
    if not body.strip():
        return "answered with nothing where an XML document was expected"
    html = b"<html" in body[:2000].lower() or b"<!doctype html" in body[:2000].lower()
    kind = "a web page (perhaps a login or error page)" if html else "something that is no XML"
    return f"answered with {kind} where an XML document was expected"


def _expect(opened: list[Element], path: tuple[str, str], place: str) -> None:
    """The outer three levels must be what was asked for: anything else is another answer, not an empty one."""
    wanted = ("Cardskipper", *path)
    if len(opened) > len(wanted) or local(opened[-1].tag) == wanted[len(opened) - 1]:
        return
    found = local(opened[-1].tag)[:40]
    if found.lower() == "html":
        raise Nonsense(f"{place} answered with a web page (perhaps a login or error page)", hint=_ADDRESS, code="not-xml")
    message = f"{place} answered with <{found}> where <{wanted[len(opened) - 1]}> was expected"
    raise Nonsense(message, hint="this may be an error message of the service, or not the Cardskipper API", code="other-xml")


def local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _children(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else [child for child in element if local(child.tag) == name]


def _child(element: Element | None, name: str) -> Element | None:
    return next(iter(_children(element, name)), None)


def _value(element: Element | None, name: str) -> str:
    """The attribute of that local name, else the text of the child element of that name, trimmed."""
    if element is None:
        return ""
    text = element.get(name)
    if text is None:
        text = next(
            (value for key, value in element.items() if key.endswith(f"}}{name}") and "XMLSchema-instance" not in key), None
        )
    if text is None:
        child = _child(element, name)
        text = child.text if child is not None else None
    return (text or "").strip()


def _member(element: Element) -> Member:
    contact, extra = _child(element, "ContactInfo"), _child(element, "Extra")
    organisations = _children(_child(element, "Organisations"), "Organisation")
    ids = [intern(_value(organisation, "Id")) for organisation in organisations]
    return Member(
        id=_value(element, "OrganisationMemberId"),
        first_name=_value(element, "Firstname"),
        last_name=_value(element, "Lastname"),
        inactive=intern(_value(element, "Inactive")),
        email=_value(contact, "EMail"),
        phones=(_value(contact, "CellPhone1"), _value(contact, "CellPhone2")),
        extras=tuple(_value(extra, name) for name in ("Extra1", "Extra2", "Extra3")),
        organisations=tuple(ids),
        roles=tuple(role for id, organisation in zip(ids, organisations, strict=True) for role in _roles(id, organisation)),
        tags=tuple((id, tag) for id, organisation in zip(ids, organisations, strict=True) for tag in _tags(organisation)),
    )


def _roles(organisation: str, element: Element) -> Iterator[Role]:
    for role in _children(_child(element, "Roles"), "Role"):
        texts = (_value(role, name) for name in ("Id", "StartDate", "EndDate", "OrganisationUnit"))
        yield Role(organisation, *map(intern, texts))


def _tags(organisation: Element) -> Iterator[str]:
    for tag in _children(_child(organisation, "Tags"), "Tag"):
        label = _value(tag, "Label") or (tag.text or "").strip()
        if label:
            yield intern(label)


def _organisation(element: Element) -> Organisation:
    roles = _children(_child(element, "Roles"), "Role")
    children = _children(_child(element, "Children"), "CardskipperOrganisationChildren")
    return Organisation(
        id=_value(element, "Id"),
        name=_value(element, "Name"),
        roles={_value(role, "Id"): _value(role, "Name") for role in roles},
        children={_value(child, "Id"): _value(child, "Name") for child in children},
    )
