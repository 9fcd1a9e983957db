"""The register's XML: strict reading of requests, writing of answers in all the forms that clients have met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from providers.cardskipper.client import CRITERIA
from providers.cardskipper.simulator.people import Person, PersonRole

_NAMESPACE = "http://www.cardskipper.se/schema"
_STOCKHOLM_SUMMER = timezone(timedelta(hours=2))
_INTEGERS = {"MemberId", "OrganisationId", "RoleId", "UserId", "OrganisationMemberId"}
_BOOLEANS = {"HasUserDevice", "OnlyActive"}
_DATES = {"Birthdate", "ChangedAt"}


class Malformed(ValueError):
    """The request is refused with status 400; the text says why."""


@dataclass
class Quirks:
    """Switches of the simulated service; each is a behaviour that was seen, documented, or cannot be excluded."""

    lax_request: bool = False  # accepts a root SearchCriteriaMember and element text
    strict_order: bool = False  # refuses criteria out of schema order
    element_response: bool = False  # data as child elements
    extra_as_elements: bool = False
    tag_as_element: bool = False
    members: str = "normal"  # normal | empty | missing: the form of "no members", which then is the answer
    one_member: bool = False  # exactly one member with one role
    sudden_empty: bool = False
    half_list: bool = False
    dates: str = "date"  # date | datetime | zone | fraction
    namespace: bool = False
    xsi_attributes: bool = False
    declaration: bool = True
    not_granted: int = 403  # 401, 403, 404 or 500: a call outside the account's grants
    html_200: bool = False
    truncated: bool = False  # a whole HTTP answer whose XML is cut in the middle
    redirect_slash: int = 0  # 301, 307 or 308: only the path with a slash answers
    redirect_to_bare: bool = False  # with redirect_slash: only the path without a slash answers
    slow: float = 0.0  # seconds before every answer; read at the start, like drop
    drop: int = 0  # so many calls find their connection closed in the middle of the answer


def parse(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise Malformed(f"no XML: {error}") from None
    return root


def read_search(body: bytes, quirks: Quirks) -> dict[str, int | str | bool | datetime]:
    """The criteria of a member search; raises Malformed."""
    root = parse(body)
    if quirks.lax_request and root.tag == "SearchCriteriaMember":
        search = root
    elif root.tag == "Cardskipper" and [child.tag for child in root] == ["SearchCriteriaMember"]:
        search = root[0]
    else:
        raise Malformed("expected Cardskipper/SearchCriteriaMember")
    names = [child.tag for child in search]
    if set(names) - set(CRITERIA):
        raise Malformed("unknown criterion")
    if quirks.strict_order and names != sorted(names, key=CRITERIA.index):
        raise Malformed("criteria out of schema order")
    return {child.tag: _criterion(child, quirks) for child in search}


def _criterion(element: Element, quirks: Quirks) -> int | str | bool | datetime:
    text = element.get("value") or ((element.text or "").strip() if quirks.lax_request else "")
    if not text:
        raise Malformed(f"{element.tag} has no value")
    try:
        if element.tag in _INTEGERS:
            return int(text)
        if element.tag in _BOOLEANS:
            return {"true": True, "false": False}[text]
        if element.tag in _DATES:
            return datetime.fromisoformat(text)
    except (ValueError, KeyError):
        raise Malformed(f"{element.tag} cannot be {text}") from None
    return text


def members_document(people: Iterable[Person], quirks: Quirks) -> bytes:
    root = Element("Cardskipper")
    if quirks.members != "missing":
        members = SubElement(root, "Members")
        if quirks.members != "empty":
            members.extend(_member(person, quirks) for person in people)
    return finished(root, quirks)


def finished(root: Element, quirks: Quirks) -> bytes:
    if quirks.element_response:
        _attributes_to_elements(root)
    if quirks.namespace:
        root.set("xmlns", _NAMESPACE)
    if quirks.xsi_attributes:
        root.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
        root.set("xsi:noNamespaceSchemaLocation", "MemberImport.xsd")
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=quirks.declaration)
    return document


def _attributes_to_elements(element: Element) -> None:
    for child in list(element):
        _attributes_to_elements(child)
    for position, (name, value) in enumerate(list(element.attrib.items())):
        moved = Element(name)
        moved.text = value
        element.insert(position, moved)
    element.attrib.clear()


def _member(person: Person, quirks: Quirks) -> Element:
    attributes = {
        "OrganisationMemberId": str(person.id),
        "Firstname": person.first_name,
        "Lastname": person.last_name,
        "Birthdate": person.birthdate.isoformat(),
        "Birthnumber": "1234",
        "GenderCode": person.gender,
        "Nationality": person.nationality,
        "Inactive": str(person.inactive).lower(),
    }
    member = Element("Member", attributes)
    SubElement(member, "Address", Line1="Storgatan 1", Line2="", Zip="10000", City="Exampletown")
    SubElement(member, "ContactInfo", EMail=person.email, CellPhone1=person.cellphone, CellPhone2=person.cellphone2)
    extras = dict(zip(("Extra1", "Extra2", "Extra3"), person.extras, strict=True))
    extra = SubElement(member, "Extra", {} if quirks.extra_as_elements else extras)
    if quirks.extra_as_elements:
        for name, text in extras.items():
            SubElement(extra, name).text = text
    organisations = SubElement(member, "Organisations")
    for number in dict.fromkeys([role.organisation for role in person.roles] + list(person.tags)):
        organisations.append(_organisation(person, number, quirks))
    return member


def _organisation(person: Person, number: int, quirks: Quirks) -> Element:
    organisation = Element("Organisation", Id=str(number), ClearTags="false")
    roles = SubElement(organisation, "Roles")
    for role in person.roles_in(number):
        SubElement(roles, "Role", _role(role, quirks))
    tags = SubElement(organisation, "Tags")
    for label in person.tags.get(number, []):
        if quirks.tag_as_element:
            SubElement(tags, "Tag").text = label
        else:
            SubElement(tags, "Tag", Label=label)
    return organisation


def _role(role: PersonRole, quirks: Quirks) -> dict[str, str]:
    dates = {"StartDate": _date(role.start, quirks, "00:00:00"), "EndDate": _date(role.end, quirks, "23:59:59")}
    return {"Id": str(role.id), **dates, "Type": role.type, "OrganisationUnit": role.unit}


def _date(day: date | None, quirks: Quirks, time: str) -> str:
    if day is None:
        return ""
    moment = datetime.fromisoformat(f"{day}T{time}")
    match quirks.dates:
        case "datetime":
            return moment.isoformat()
        case "fraction":
            return f"{moment.isoformat()}.0000000"
        case "zone":
            return moment.replace(tzinfo=_STOCKHOLM_SUMMER).astimezone(UTC).isoformat().replace("+00:00", "Z")
    return day.isoformat()


def info_document(organisations: Mapping[int, tuple[str, Mapping[int, str], Mapping[int, str]]], quirks: Quirks) -> bytes:
    """Number -> (name, roles, children)."""
    root = Element("Cardskipper")
    group = SubElement(root, "Organisations")
    for number, (name, roles, children) in organisations.items():
        organisation = SubElement(group, "Organisation", Id=str(number), Name=name)
        listed = SubElement(organisation, "Roles")
        for role, title in roles.items():
            SubElement(listed, "Role", Id=str(role), Name=title, Description=title)
        SubElement(SubElement(organisation, "InformationTypes"), "InformationType", Id="3", Name="News", OrganisationId=str(number))
        if children:
            below = SubElement(organisation, "Children")
            for child, title in children.items():
                SubElement(below, "CardskipperOrganisationChildren", Id=str(child), Name=title)
    return finished(root, quirks)


_REQUIRED = ("OrganisationMemberId", "Firstname", "Lastname", "Birthdate", "Inactive")


def read_import(body: bytes) -> list[Person]:
    """The members of an import, all required fields checked; raises Malformed."""
    root = parse(body)
    if root.tag != "Cardskipper" or root.find("Members") is None:
        raise Malformed("expected Cardskipper/Members")
    return [_imported(member) for member in root.iterfind("Members/Member")]


def _imported(member: Element) -> Person:
    for name in _REQUIRED:
        if not member.get(name):
            raise Malformed(f"{name} is required")
    contact = member.find("ContactInfo")
    email, cellphone = ("", "") if contact is None else (contact.get("EMail", ""), contact.get("CellPhone1", ""))
    if not (email or cellphone):
        raise Malformed("CellPhone1 or EMail is required")
    roles = [
        _imported_role(organisation, role)
        for organisation in _organisations(member)
        for role in organisation.iterfind("Roles/Role")
    ]
    try:
        return Person(
            int(member.attrib["OrganisationMemberId"]), member.attrib["Firstname"], member.attrib["Lastname"],
            birthdate=date.fromisoformat(member.attrib["Birthdate"][:10]), email=email, cellphone=cellphone, roles=roles,
            inactive={"true": True, "false": False}[member.attrib["Inactive"]],
            tags={int(o.attrib["Id"]): [t.get("Label", "") for t in o.iterfind("Tags/Tag")] for o in _organisations(member)},
        )  # fmt: skip
    except (ValueError, KeyError) as error:
        raise Malformed(f"a value cannot be read: {error}") from None


def _organisations(member: Element) -> list[Element]:
    found = member.findall("Organisations/Organisation")
    if not found or any(not one.get("Id", "").isdigit() or one.get("ClearTags") not in ("true", "false") for one in found):
        raise Malformed("Organisation Id and ClearTags are required")
    return found


def _imported_role(organisation: Element, role: Element) -> PersonRole:
    try:
        start, end = (date.fromisoformat(role.attrib[name][:10]) for name in ("StartDate", "EndDate"))
        return PersonRole(int(organisation.attrib["Id"]), int(role.attrib["Id"]), start, end, role.get("OrganisationUnit", ""))
    except (KeyError, ValueError):
        raise Malformed("Role Id, StartDate and EndDate are required") from None
