"""Moments as people give them on the command line: a while ago, a day, a day and an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from controller.model.errors import UsageError
from controller.model.units import parse_duration


def since_of(text: str, now: datetime, zone: tzinfo | None) -> str:
    """``--since`` as the UTC text that sorts with those of the state; empty for an empty one. Days and hours without an offset are
    those of the site. Raises UsageError."""
    if not text:
        return ""
    moment = _ago(text, now) or _on(text, zone)
    if moment is None:
        raise UsageError(
            f"--since {text!r} is not a moment", hint="write 90m, 24h or 7d for so long ago, or 2026-11-22, or 2026-11-22T08:00"
        )
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ago(text: str, now: datetime) -> datetime | None:
    try:
        return now - timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        return None


def _on(text: str, zone: tzinfo | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC)
    except ValueError:
        return None
