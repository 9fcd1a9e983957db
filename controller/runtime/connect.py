"""One resource's context: its endpoint, with its credentials opened for that host, on an HTTP lane of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from controller.model.errors import RuleRefused, SecretMissing
from controller.runtime.pictures import Gallery
from controller.runtime.secrets import Resolver
from controller.sdk.context import Clock, Context, Endpoint
from controller.sdk.errors import ProviderError, Unauthorized
from controller.sdk.provider import TargetProvider
from controller.sdk.reference import Reference, TextOrRef
from controller.spec.resource import Resource
from controller.state.tables.targets import Logins as StateLogins


class NoSecret(ProviderError):
    """A reference leads nowhere, or must not go to this host: this resource is parked, the others go on."""

    code = "secret-missing"
    retry = False


class Refused(Unauthorized):
    """The same name and password were refused here not long ago: terminals lock an account after a few attempts."""


_JUDGED = ("credentials-refused", "locked")  # other refusals say nothing about the password
LOCK = 1800.0  # seconds; how long a terminal locks an account (facts/hikvision.md 3.3)


@dataclass(frozen=True)
class Logins:
    """What is remembered of refused logins. ``insist``: try all the same, because somebody asked for just that."""

    known: StateLogins
    fingerprint: Callable[[bytes], str]
    remember: bool = True
    insist: bool = False

    @asynccontextmanager
    async def once(self, endpoint: Endpoint, username: str, password: str) -> AsyncIterator[None]:
        """Around one connection: raises Refused instead of trying what was refused within the lock time."""
        if not password:
            yield
            return
        login = self.fingerprint("\0".join(("login", endpoint.url, username, password)).encode())
        when = await self.known.refused(login, within=LOCK)
        if when and not self.insist:
            place = urlsplit(endpoint.url).netloc
            raise Refused(
                f"{place} refused this name and password at {when}; they are not tried again for 30 minutes",
                hint="put the password right, or unlock the account and run `trueup test`: it tries at once",
            )
        try:
            yield
        except Unauthorized as error:
            if self.remember and error.code in _JUDGED:
                await self.known.refuse(login)
            raise
        if when and self.remember:
            await self.known.accept(login)


@asynccontextmanager
async def connect(
    resource: Resource, *, resolver: Resolver, clock: Clock, logins: Logins, gallery: Gallery | None = None
) -> AsyncIterator[Context]:
    """The world as a provider may see it. Raises NoSecret or Refused before anything is sent."""
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

    username, password, scrub = opened(endpoint.username), opened(endpoint.password), resolver.scrubber.scrub
    async with (
        logins.once(endpoint, username, password),
        Http(endpoint, username=username, password=password, clock=clock, pace=pace, scrub=scrub) as http,
    ):
        zone = ZoneInfo(resource.zone) if resource.zone else None
        pictures = gallery.beside(resource.folder) if gallery is not None else None
        yield Context(
            http=http, clock=clock, zone=zone, folder=resource.folder, reveal=reveal, pictures=pictures, kinds=_kinds(resource)
        )


def _kinds(resource: Resource) -> frozenset[str] | None:
    provider = resource.provider
    if not isinstance(provider, TargetProvider):
        return None
    return frozenset(name for mapped in resource.mappings for name in provider.kinds_of(mapped.mapping))
