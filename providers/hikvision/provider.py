"""Hikvision door terminals as a target: the wiring of the parts, and what barring means here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from controller.sdk import Actual, Context, Period, Ref, TargetProvider
from providers.hikvision.check import check
from providers.hikvision.client import Isapi
from providers.hikvision.config import HikvisionConfig, PeopleMapping, endpoint, kinds_of
from providers.hikvision.desired import desired
from providers.hikvision.edits import Edits
from providers.hikvision.extended import custom_field
from providers.hikvision.faces.edits import FaceEdits, Means
from providers.hikvision.fit import fit
from providers.hikvision.kinds import KINDS, VALID
from providers.hikvision.normalise import Normaliser
from providers.hikvision.reader import HikvisionReader
from providers.hikvision.transcribe import transcribe
from providers.hikvision.writer import HikvisionWriter, Pens

BARRED = Period("2000-01-01T00:00:00", "2000-01-01T23:59:59")
"""A day long gone that lies in every terminal's calendar. ``enable: false`` would be the opposite: permanent access."""


def bar(kind: str, actual: Actual, moment: datetime) -> tuple[Any, ...] | None:
    """A person keeps everything but validity, which lies in the past; None when it is over already. ``moment``: wall time.

    A card or a face has no form without access (their ``expires`` is false): one that must go is deleted. None here says only that
    no form is to be written; the card of a barred person opens nothing, because the person has expired.
    """
    if kind != "person":
        return None
    valid = actual.values[VALID]
    now = moment.replace(tzinfo=None).isoformat(timespec="seconds")
    if isinstance(valid, Period) and valid.over_at(now):
        return None
    return (*actual.values[:VALID], BARRED, *actual.values[VALID + 1 :])


@asynccontextmanager
async def reader(config: HikvisionConfig, ctx: Context) -> AsyncIterator[HikvisionReader]:
    """The lane's HTTP client belongs to the runtime: nothing is opened or closed here, and no call is made yet."""
    yield _reader(config, ctx, Isapi(ctx.http, ctx.clock))


@asynccontextmanager
async def writer(config: HikvisionConfig, ctx: Context) -> AsyncIterator[HikvisionWriter]:
    isapi = Isapi(ctx.http, ctx.clock)

    async def open_pens() -> Pens:
        looking = _reader(config, ctx, isapi)
        limits = await looking.limits(faces=True)

        async def has_face(key: str) -> bool:
            return bool(await looking.read("face", [Ref(key)]))

        faces = FaceEdits(Means(isapi, limits.faces, ctx.pictures, ctx.clock, has_face, config.timeouts.read))
        return Pens(Edits(isapi, limits, ctx.clock, custom_field(config)), faces)

    yield HikvisionWriter(open_pens)


def _reader(config: HikvisionConfig, ctx: Context, isapi: Isapi) -> HikvisionReader:
    custom = custom_field(config)
    normaliser = Normaliser(ctx.zone, config.assume_plan, custom)
    with_faces = ctx.kinds is None or "face" in ctx.kinds
    return HikvisionReader(isapi, normaliser, ctx.clock, ctx.zone, custom, with_faces=with_faces)


PROVIDER = TargetProvider(
    name="hikvision",
    title="Hikvision door terminals and door stations",
    kind="Device",
    config=HikvisionConfig,
    kinds=KINDS,
    sections={"people": PeopleMapping},
    endpoint=endpoint,
    kinds_of=kinds_of,
    desired=desired,
    fit=fit,
    reader=reader,
    writer=writer,
    bar=bar,
    check=check,
    zone=lambda config: config.timezone,
    identity=lambda config: config.serial_number,
    keeps_time=True,
    needs=(
        "ISAPI reachable over http or https",
        "an account that may read and write persons and cards (trueup test tries the reading)",
    ),
    transcribe=transcribe,
)
