"""Where a terminal is: one ``url``, or ``host`` and ``port`` as tables of terminals keep them. Exactly one of the two."""

from __future__ import annotations

import ipaddress
import re
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from controller.sdk import SpecModel

SDK_PORT = 8000  # of the vendor's own protocol; ISAPI answers on the web port, 80 or 443 (facts/angajati.md 3.4)
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?", re.ASCII)


class TerminalAddress(SpecModel):
    """The words that say where a terminal is."""

    url: str | None = Field(
        None,
        description="Address of the terminal without a path. This or `host`.",
        examples=["http://192.168.1.100", "https://door.example:8443"],
    )
    host: str | None = Field(
        None,
        description="IP address or name of the terminal alone, in place of `url`: as tables of terminals keep it.",
        examples=["192.168.1.100", {"each": "ip_address"}],
    )
    port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port beside `host`; default: 80, with https 443. A record without one has the default too.",
        examples=[80],
        json_schema_extra={"x-trueup-may-lack": True},
    )
    https: bool = Field(False, description="Speak https with `host`; a url says so itself.")

    @field_validator("url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the url must begin with http:// or https:// and name a host, for example http://192.168.1.100")
        if parts.username or parts.password is not None:
            raise ValueError("no name or password in the url: they belong in username and password")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("the url ends after the host and port: the rest is known here")
        return url.rstrip("/")

    @field_validator("host")
    @classmethod
    def _host(cls, host: str | None) -> str | None:
        if host is None:
            return None
        try:
            return ipaddress.ip_address(host.strip("[]")).compressed if "%" not in host else _no_host()
        except ValueError:
            return host.lower() if _NAME.fullmatch(host) else _no_host()

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.url is None and self.host is None:
            raise ValueError("the address is missing: write url: http://192.168.1.100, or host: 192.168.1.100")
        if self.url is not None and self.host is not None:
            raise ValueError("the address is said twice: write url, or host with its port")
        if self.url is not None and (self.port is not None or self.https):
            raise ValueError("port and https belong to host: a url says them itself, as in https://192.168.1.100:8443")
        return self

    @property
    def address(self) -> str:
        """As a URL without a path."""
        if self.url is not None:
            return self.url
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host
        return f"{'https' if self.https else 'http'}://{host}" + (f":{self.port}" if self.port is not None else "")


def _no_host() -> str:
    raise ValueError("a host is an IP address or a name alone: scheme and port have words of their own, https and port")


def speaks_sdk(url: str) -> bool:
    """Whether a URL leads to the port of the vendor's own protocol."""
    return urlsplit(url).port == SDK_PORT
