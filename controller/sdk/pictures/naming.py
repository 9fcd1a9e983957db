"""What a spec says about the pictures of its records, and the value that stands for one in entities. Pure: nothing is fetched here.

A picture is compared by its revision. An address may be signed anew every hour while the picture stays what it is, so its query
takes no part in the revision; a spec whose addresses name the picture there says with ``revision`` what to go by instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import msgspec
from pydantic import BeforeValidator, Field, model_validator

from controller.model.content import Content, Way
from controller.model.record import Value
from controller.sdk.mapping import SpecModel, Template
from controller.sdk.pictures.portrait import VERSION
from controller.sdk.template import compile_template, missing_fields

if TYPE_CHECKING:
    from controller.sdk.pictures.portrait import Recipe

_LONGEST_ADDRESS = 4096
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE = str.maketrans("-_", "+/")


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class PictureMapping(SpecModel):
    """Where a record's picture is: exactly one of ``url``, ``file``, ``base64`` and ``source``."""

    url: Template | None = Field(
        None,
        description="Address of the picture. It is fetched when the picture has to be sent, never to make a plan.",
        examples=["{photo_url}", "https://photos.example/{id}.jpg"],
    )
    file: Template | None = Field(
        None, description="Path of the picture, from the folder of this file.", examples=["photos/{employee_no}.jpg"]
    )
    base64: Template | None = Field(None, description="The picture itself, as Base64 text.", examples=["{photo}"])
    source: Template | None = Field(
        None,
        description="What the source calls the picture; the source is asked for it when it has to be sent.",
        examples=["{foto_fata_url}"],
    )
    revision: Template | None = Field(
        None,
        description="What becomes another when the picture does. Default: the address without its query, the path or the name; for "
        "base64 the text itself. Write it where a picture can change under the same name.",
        examples=["{photo_updated_at}"],
    )
    allow_hosts: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        (),
        description="Hosts that addresses from records may lead to: names, `*.example.org`, or networks such as 10.1.0.0/16.",
        examples=[["photos.example", "*.supabase.co"]],
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [way for way in ("url", "file", "base64", "source") if getattr(self, way) is not None]
        if len(given) != 1:
            found = f"found {' and '.join(given)}" if given else "found none"
            raise ValueError(f"say in exactly one way where the picture is: url, file, base64 or source ({found})")
        if self.allow_hosts and not {"url", "source"} & set(given):
            raise ValueError("allowHosts is about addresses: it has a meaning only with url or source")
        return self

    @property
    def named(self) -> tuple[Way, Template]:
        """In which way the picture is named, and the template that names it."""
        ways: tuple[Way, ...] = ("url", "file", "base64", "source")
        return next((way, template) for way in ways if (template := getattr(self, way)) is not None)


class Unusable(msgspec.Struct, frozen=True):
    """A record says something about its picture that leads to none. The message never holds what it says: it may be signed."""

    code: str
    message: str


Naming: TypeAlias = Callable[[Mapping[str, Value], str, str], Content | Unusable | None]


def recipe_mark(recipe: Recipe) -> str:
    """What of a revision the recipe is: another recipe makes other bytes of the same picture, so everything is sent anew."""
    return f"{VERSION}-{recipe.longest}-{recipe.shortest}-{recipe.most_bytes}"


def compile_picture(mapping: PictureMapping, source: str, made_by: str, *, direct: bool = False) -> Naming:
    """A function from a record's fields, its key, and the key of whom the picture shows, to the picture; None when there is none.

    Whom it shows is a part of the revision: pictures of two people are never equal, whatever a spec says of their revisions.
    ``source`` is the name of the source of the records. ``made_by`` says what is done to the picture before it is sent (see
    ``recipe_mark``). ``direct``: nothing is, the target fetches it itself. Raises ValueError for a malformed template.
    """
    way, template = mapping.named
    fill, reading = compile_template(template), _READINGS[way]
    revision_of = compile_template(mapping.revision) if mapping.revision else lambda fields: None

    def name(fields: Mapping[str, Value], record: str, whom: str) -> Content | Unusable | None:
        text = fill(fields)
        if text is None:
            return _unreadable(template, fields)
        try:
            named, revision = reading(text)
        except ValueError as problem:
            return Unusable("picture-unusable", str(problem))
        revision = revision_of(fields) or revision
        return Content(way, named, f"{made_by}:{whom}:{revision}", source, record, mapping.allow_hosts, direct)

    return name


def _unreadable(template: tuple[str, ...], fields: Mapping[str, Value]) -> Unusable | None:
    """None when a field has no value at all; otherwise there is one that is no text, and nobody knows what is meant."""
    lacking = missing_fields(template, fields)
    if not lacking or any(_empty(fields.get(name)) for name in lacking):
        return None
    names = " and ".join(lacking)
    return Unusable("picture-unreadable", f"{names} holds something, but no text that could name a picture")


def _empty(value: Value) -> bool:
    return value is None or value == () or (isinstance(value, str) and not value.strip())


def _address(text: str) -> tuple[str, str]:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or not text.isprintable() or " " in text:
        raise ValueError("the picture's address is none: it must begin with http:// or https:// and name a host, without blanks")
    if len(text) > _LONGEST_ADDRESS:
        raise ValueError(f"the picture's address has {len(text)} characters; at most {_LONGEST_ADDRESS} are taken")
    return text, urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _path(text: str) -> tuple[str, str]:
    if not text.isprintable():
        raise ValueError("the picture's path holds characters that no file has in its name")
    return text, text


def _bytes(text: str) -> tuple[str, str]:
    """``data:image/jpeg;base64,`` before it, blanks and line ends in it, the other alphabet and missing ``=`` are all common."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    plain = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
    if not plain.isascii() or plain.encode().translate(None, _BASE64) or len(plain) % 4 == 1:
        raise ValueError("the picture's text is not Base64")
    if not plain:
        raise ValueError("the picture's text is empty")
    plain += "=" * (-len(plain) % 4)
    return plain, hashlib.sha256(plain.encode()).hexdigest()


def _name(text: str) -> tuple[str, str]:
    return text, text


_READINGS: dict[Way, Callable[[str], tuple[str, str]]] = {"url": _address, "file": _path, "base64": _bytes, "source": _name}
"""From the text in a record to the name of the picture and its revision. Raises ValueError, in words."""
