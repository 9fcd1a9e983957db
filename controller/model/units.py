"""Durations and shares as people write them: ``1s``, ``5m``, ``24h``, ``30%``."""

from __future__ import annotations

import re

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def parse_duration(text: str) -> float:
    """Seconds in a text such as ``1s``, ``1h30m`` or ``0``; raises ValueError in words that name the units."""
    if text == "0":
        return 0.0
    parts = _DURATION.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError(f"{text!r} is not a duration: write a number and a unit (ms, s, m, h, d, w), for example 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def show_duration(seconds: float) -> str:
    """A duration in the two largest units that say something: ``1h30m``, ``250ms``."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms" if seconds else "0s"
    rest, out = round(seconds), []
    for unit in ("w", "d", "h", "m", "s"):
        count, rest = divmod(rest, int(_SECONDS[unit]))
        if count:
            out.append(f"{count}{unit}")
    return "".join(out[:2])


def parse_share(text: str) -> float:
    """A share between 0 and 1 from ``30%``; raises ValueError when the percent sign is missing or it exceeds 100."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
    if not match or float(match[1]) > 100:
        raise ValueError(f"{text!r} is not a share: write a percentage between 0% and 100%, for example 30%")
    return float(match[1]) / 100
