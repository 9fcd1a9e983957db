"""What an operator says about an edge function that hands out records (facts/angajati.md 3.1)."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from controller.sdk import Endpoint, Problem, SecretRef, SpecModel
from controller.sdk.columns import RowsConfig, check_rows
from controller.sdk.connection import Timeouts, TlsConfig, WebUrl

MAX_BYTES = 128 * 1024 * 1024  # one answer holds everything: there is no paging


class PhotosConfig(SpecModel):
    """How the function gives the address of a picture; it is signed and lives for about an hour."""

    action: str = Field("get-photo-url", description="Action that answers with the address of one record's picture.", min_length=1)
    parameter: str = Field("angajat_id", description="Parameter that takes the record's key.", min_length=1)


class EdgeFunctionConfig(RowsConfig):
    """A function that answers ``{"data": [...]}`` to an action. In `map`, a dotted path leads into nested objects."""

    url: WebUrl = Field(
        description="Address of the function.", examples=["https://abcd.supabase.co/functions/v1/external-api-proxy"]
    )
    action: str = Field(description="What is asked for.", examples=["get-angajati-biometrie", "get-active-devices"], min_length=1)
    params: dict[str, str] = Field(
        default_factory=dict, description="Further parameters of the action.", examples=[{"mediu": "prod"}]
    )
    api_key: SecretRef = Field(description="Key of the function, sent as `x-api-key`.", examples=[{"env": "BRIDGE_API_KEY"}])
    anon_key: SecretRef | None = Field(
        None, description="The project's public key, sent as `apikey` and bearer token where the platform asks for one."
    )
    photos: PhotosConfig = Field(
        default_factory=PhotosConfig, description='How pictures are found, for `face: {source: "{photo}"}`.'
    )
    timeouts: Timeouts = Field(default_factory=Timeouts, description="How long the function may take.")
    tls: TlsConfig = Field(default_factory=TlsConfig, description="How an https certificate is judged.")


def endpoint(config: EdgeFunctionConfig) -> Endpoint:
    limits = config.timeouts
    return Endpoint(config.url, tls=config.tls.judged(), connect=limits.connect, read=limits.read, max_bytes=MAX_BYTES)


def check(config: EdgeFunctionConfig) -> Iterator[Problem]:
    yield from check_rows(config)
    for name in config.params:
        if name == "action":
            yield Problem(("params", "action"), "the action has a word of its own", "write it as action: beside params")
