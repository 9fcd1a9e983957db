"""The words of a connection that every provider with a wire shares: address, time limits, and how a certificate is judged."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from controller.sdk.context import Tls
from controller.sdk.mapping import Seconds, SpecModel


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the url must begin with http:// or https:// and name a host")
    if parts.username or parts.password is not None:
        raise ValueError("no name or password in the url: they have words of their own")
    if parts.query or parts.fragment:
        raise ValueError("the url ends before the question mark: the rest is known here")
    return url.rstrip("/")


WebUrl: TypeAlias = Annotated[str, AfterValidator(_web_url)]
"""The address of a service, with a path or without; no credentials, no query."""


class TlsConfig(SpecModel):
    """How the service's certificate is judged."""

    mode: Literal["verify", "pin", "off"] = Field(
        "verify", description="verify: by the system's authorities; pin: exactly the certificate named in `pin`; off: not at all."
    )
    pin: str = Field("", description="SHA-256 of the certificate in hex, when mode is pin; `trueup test` shows it.")

    @model_validator(mode="after")
    def _pin_belongs_to_mode(self) -> Self:
        digits = self.pin.replace(":", "")
        if self.mode == "pin" and (len(digits) != 64 or set(digits.lower()) - set("0123456789abcdef")):
            raise ValueError("mode pin needs pin: the SHA-256 of the certificate, 64 hex digits")
        if self.mode != "pin" and self.pin:
            raise ValueError("a pin is only looked at with mode: pin")
        return self

    def judged(self) -> Tls:
        return Tls(self.mode, self.pin.replace(":", "").lower())


class Timeouts(SpecModel):
    """How long the service may take."""

    connect: Seconds = Field(5.0, description="Longest wait for the connection.", examples=["5s"])
    read: Seconds = Field(30.0, description="Longest silence while an answer is read.", examples=["30s"])
