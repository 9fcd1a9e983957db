"""The members of one Cardskipper organisation as records of persons. Reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import msgspec

from controller.sdk import Context, Facts, NotOffered, Record, SourceProvider, Unreadable, WrongTarget
from providers.cardskipper.answers import Member, Organisation
from providers.cardskipper.client import Client
from providers.cardskipper.config import Config, check, endpoint
from providers.cardskipper.members import FIELDS, Rules, records


class Members:
    """An open source."""

    def __init__(self, config: Config, context: Context) -> None:
        self._config = config
        self._context = context
        self._client = Client(context.http, context.clock)

    async def records(self) -> AsyncIterator[Record | Unreadable]:
        """Every member, or none: nothing is yielded before the last answer has been read to its end."""
        if self._config.roles or self._config.children:
            await self.facts()
        for record in records(await self._members(), self._rules()):
            yield record

    async def _members(self) -> list[Member]:
        """The organisation's members, and those of the declared children, each once."""
        exports = [await self._export(number) for number in (self._config.organization_id, *self._config.children)]
        return exports[0] if len(exports) == 1 else merged(exports)

    async def _export(self, organisation: int) -> list[Member]:
        criteria: dict[str, str | int | bool] = {"OrganisationId": organisation}
        if self._config.only_active:
            criteria["OnlyActive"] = True
        return await self._client.export(criteria)

    def _rules(self) -> Rules:
        config = self._config
        return Rules(
            organisations=frozenset(map(str, (config.organization_id, *config.children))),
            roles=frozenset(map(str, config.roles)),
            validity=config.validity,
            phone_country=config.phone_country,
            zone=self._context.zone,
            now=self._context.clock.now(),
        )

    async def facts(self) -> Facts:
        """Checks that the declared organisation, children and roles exist; raises WrongTarget when one does not."""
        identity = str(self._config.organization_id)
        try:
            organisations = await self._client.organisations()
        except NotOffered as error:
            return Facts(
                "",
                "Cardskipper",
                notes=(f"organisation {identity}; {error.message}: whether the declared numbers exist is not checked",),
            )
        found = next((one for one in organisations if one.id == identity), None)
        if found is None:
            raise _unknown("organisation", [identity], {one.id: one.name for one in organisations})
        families = {**found.children, **{one.id: one.name for one in organisations}}
        _check("organisation", map(str, self._config.children), families)
        _check("role", map(str, self._config.roles), self._roles(organisations))
        return Facts("", "Cardskipper", notes=(f"organisation {identity}: {found.name}", f"roles: {len(found.roles)}"))

    def _roles(self, organisations: Iterable[Organisation]) -> dict[str, str]:
        ours = {str(self._config.organization_id), *map(str, self._config.children)}
        return {id: name for one in organisations if one.id in ours for id, name in one.roles.items()}


def _check(what: str, wanted: Iterable[str], known: dict[str, str]) -> None:
    missing = [number for number in wanted if number not in known]
    if missing:
        raise _unknown(what, missing, known)


def _unknown(what: str, missing: list[str], known: dict[str, str]) -> WrongTarget:
    listed = ", ".join(f"{number} {name}".strip() for number, name in list(known.items())[:20]) or "none"
    return WrongTarget(
        f"there is no {what} {' or '.join(missing)} among those that this account may see: {listed}",
        hint="check the numbers in the config",
        code=f"unknown-{what}",
    )


def merged(exports: Iterable[list[Member]]) -> list[Member]:
    """Members of several exports. One who stands in two of them is one member with the roles of both; one who stands twice in
    the same export stays double, so that it is refused."""
    whole: list[Member] = []
    seen: dict[str, int] = {}
    for export in exports:
        places: dict[str, int] = {}
        for member in export:
            if member.id in seen:
                whole[seen[member.id]] = _both(whole[seen[member.id]], member)
            else:
                places[member.id] = len(whole)
                whole.append(member)
        seen |= places
    return whole


def _both(one: Member, other: Member) -> Member:
    return msgspec.structs.replace(
        one,
        inactive=max(one.inactive, other.inactive, key=lambda text: text.lower() not in ("", "false", "0")),
        organisations=tuple(dict.fromkeys(one.organisations + other.organisations)),
        roles=tuple(dict.fromkeys(one.roles + other.roles)),
        tags=tuple(dict.fromkeys(one.tags + other.tags)),
    )


@asynccontextmanager
async def source(config: Config, context: Context) -> AsyncIterator[Members]:
    yield Members(config, context)


PROVIDER = SourceProvider(
    name="cardskipper",
    title="Cardskipper members",
    config=Config,
    record_type=lambda config: "person",
    fields=lambda config: FIELDS,
    source=source,
    endpoint=endpoint,
    check=check,
    zone=lambda config: config.timezone,
    needs_zone=lambda config: config.validity == "current",
    needs=(
        "an administrator account with API rights for the organisation",
        "Member/Export granted to it by Cardskipper's support; Organisation/Info too, to check the declared numbers",
    ),
)
