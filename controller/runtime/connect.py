"""One resource's context: its endpoint, with its credentials opened for that host, on an HTTP lane of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from controller.model.errors import RuleRefused, SecretMissing
from controller.runtime.secrets import Resolver
from controller.sdk.context import Clock, Context, Endpoint
from controller.sdk.errors import ProviderError
from controller.sdk.provider import TargetProvider
from controller.sdk.reference import Reference, TextOrRef
from controller.spec.resource import Resource


class NoSecret(ProviderError):
    """A reference leads nowhere, or must not go to this host: this resource is parked, the others go on."""

    code = "secret-missing"
    retry = False


@asynccontextmanager
async def connect(resource: Resource, *, resolver: Resolver, clock: Clock) -> AsyncIterator[Context]:
    """The world as a provider may see it. Raises NoSecret before anything is sent."""
    from controller.sdk.http import Http  # loading it takes as long as everything else together

    provider = resource.provider
    endpoint = provider.endpoint(resource.config) or Endpoint("http://localhost.invalid")
    host = urlsplit(endpoint.url).hostname or ""
    pace = resource.policy.pace if isinstance(provider, TargetProvider) else 0.0

    def reveal(reference: Reference) -> str:
        return resolver.resolve(reference, host, resource.folder)

    def opened(value: TextOrRef | None) -> str:
        try:
            return reveal(value) if isinstance(value, Reference) else value or ""
        except (SecretMissing, RuleRefused) as error:
            raise NoSecret(error.message, hint=error.hint) from error

    async with Http(
        endpoint,
        username=opened(endpoint.username),
        password=opened(endpoint.password),
        clock=clock,
        pace=pace,
        scrub=resolver.scrubber.scrub,
    ) as http:
        zone = ZoneInfo(resource.zone) if resource.zone else None
        yield Context(http=http, clock=clock, zone=zone, folder=resource.folder, reveal=reveal)
