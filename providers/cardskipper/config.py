"""What an operator says about a Cardskipper organisation in a spec."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, WithJsonSchema

from controller.sdk import Endpoint, Problem, SecretRef, SpecModel, TextOrRef, Tls, parse_duration

_MAX_BYTES = 256 * 1024 * 1024  # one answer holds all members: there is no paging


def _seconds(value: object) -> float:
    if isinstance(value, float):
        return value  # a default that is seconds already
    seconds = parse_duration(str(value))
    if not seconds:
        raise ValueError("a time limit of 0 would end every call before it begins")
    return seconds


Seconds: TypeAlias = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(\.\d+)?(ms|s|m|h))+$", "examples": ["5s", "1m"]}),
]


class TlsConfig(SpecModel):
    """How the service's certificate is judged."""

    mode: Literal["verify", "pin", "off"] = Field("verify", description="By authorities, by its SHA-256, or not at all.")
    pin: str = Field("", description="SHA-256 of the certificate in hex, when mode is pin.")


class Config(SpecModel):
    """One Cardskipper organisation and the account that may export its members."""

    url: str = Field(
        "https://api.cardskipper.se",
        description="Address of the API.",
        examples=["https://api.cardskipper.se", "https://api-test.cardskipper.se"],
    )
    organization_id: int = Field(description="Number of the organisation.", examples=[4711], gt=0)
    username: TextOrRef = Field(description="An administrator account with API rights.", examples=[{"env": "CARDSKIPPER_USERNAME"}])
    password: SecretRef = Field(description="Its password, as a reference.", examples=[{"env": "CARDSKIPPER_PASSWORD"}])
    children: tuple[int, ...] = Field(
        (), description="Numbers of child organisations whose members and roles count too.", examples=[[4712, 4713]]
    )
    roles: tuple[int, ...] = Field(
        (), description="Numbers of the roles that entitle; empty: every role does.", examples=[[10, 12]]
    )
    only_active: bool = Field(
        True, description="Ask for active members only; those that expired are then absent. False: the whole register."
    )
    validity: Literal["span", "current"] = Field(
        "span",
        description="span: from the first role's start to the last role's end. current: the period without a gap that is "
        "running now, else the next one, else the last one.",
    )
    timezone: str | None = Field(None, description="Zone of dates without one.", examples=["Europe/Stockholm"])
    phone_country: str = Field(
        "46", description="Country code put before mobile numbers that have none.", pattern=r"^[1-9]\d{0,2}$"
    )
    connect_timeout: Seconds = Field(5.0, description="Longest wait for the connection.", examples=["5s"])
    read_timeout: Seconds = Field(60.0, description="Longest silence while the answer is read.", examples=["60s"])
    tls: TlsConfig = Field(default_factory=TlsConfig, description="How the certificate is judged.")


def endpoint(config: Config) -> Endpoint:
    return Endpoint(
        config.url,
        config.username,
        config.password,
        scheme="basic",
        tls=Tls(config.tls.mode, config.tls.pin),
        connect=config.connect_timeout,
        read=config.read_timeout,
        max_bytes=_MAX_BYTES,
    )


def check(config: Config) -> Iterable[Problem]:
    yield from _check_url(config.url)
    if config.timezone is not None:
        try:
            ZoneInfo(config.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield Problem(("timezone",), f"{config.timezone!r} is no time zone", "write a name such as Europe/Stockholm")
    if config.tls.mode == "pin" and not config.tls.pin:
        yield Problem(("tls", "pin"), "the certificate to expect is missing", "write its SHA-256 in hex")


def _check_url(text: str) -> Iterable[Problem]:
    example = "write an address such as https://api.cardskipper.se"
    try:
        url = urlsplit(text)
        host, _ = url.hostname or "", url.port
    except ValueError:
        yield Problem(("url",), "the url is no web address", example)
        return
    if url.scheme not in ("http", "https") or not host:
        yield Problem(("url",), "the url is no web address", example)
    elif url.username or url.password:
        yield Problem(("url",), "name and password must not stand in the url", "declare username and password")
    elif url.scheme == "http" and not _loopback(host):
        yield Problem(("url",), "without https the password would travel readable for everybody on the way", example)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
