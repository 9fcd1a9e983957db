"""What trueup runs on: versions, the terminal, clock and time zone, and what in the environment changes how it works."""

from __future__ import annotations

import locale
import platform
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from controller.model.errors import TrueupError
from controller.registry import REGISTRY
from controller.runtime.doctor.page import Section
from controller.runtime.doctor.redaction import Redactor
from controller.sdk.context import Clock
from controller.state.upkeep.finding import Finding, fail, fine, warn

_LIBRARIES = ("click", "cryptography", "httpx", "msgspec", "pydantic", "PyYAML", "ruamel.yaml")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_OURS = ("TRUEUP_SPECS", "TRUEUP_STATE", "TRUEUP_TRUST", "TRUEUP_VARS", "TRUEUP_KEY")
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # trueup is not older: a clock before that was never set
_OLDEST_SQLITE = (3, 35, 0)
_NARROW = 40  # below that lines no longer fit the screen


def versions(trueup: str) -> Section:
    """Versions of trueup, Python, SQLite and the libraries that matter."""
    facts = {
        "trueup": trueup,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "SQLite": sqlite3.sqlite_version,
        "OpenSSL": ssl.OPENSSL_VERSION,
        **{name: _version(name) for name in _LIBRARIES},
    }
    old = sqlite3.sqlite_version_info < _OLDEST_SQLITE
    findings = [warn("sqlite", f"SQLite {sqlite3.sqlite_version} is old", "use a newer Python or system")] if old else []
    return Section("Versions", facts, tuple(findings))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def providers() -> Section:
    """Every provider with where it comes from; those of third parties are loaded, to see whether they can be."""
    facts, findings = {}, []
    for entry in REGISTRY.entries():
        ours = entry.origin == "trueup"
        facts[entry.name] = "built in" if ours else f"{entry.origin} {_version(entry.origin)}"
        if not ours and (broken := _broken(entry.name)) is not None:
            findings.append(broken)
    return Section("Providers", facts, tuple(findings))


def _broken(name: str) -> Finding | None:
    try:
        REGISTRY.load(name)
    except TrueupError as error:
        return fail("provider", error.message, error.hint)
    return None


def terminal(environ: Mapping[str, str]) -> Section:
    size, encoding = shutil.get_terminal_size(), (sys.stdout.encoding if sys.stdout else None) or "none"
    facts = {
        "encoding": f"{encoding} (files: {locale.getpreferredencoding(do_setlocale=False)})",
        "locale": environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "not set",
        "terminal": f"{environ.get('TERM', 'none')}, {size.columns} columns",
    }
    findings = []
    if "utf" not in encoding.lower():
        findings.append(warn("encoding", f"{encoding} lacks letters that names have: they become escapes", "set LANG=C.UTF-8"))
    if size.columns < _NARROW:
        findings.append(warn("terminal", f"{size.columns} columns: the terminal breaks lines", "widen the window"))
    return Section("Terminal", facts, tuple(findings))


def environment(environ: Mapping[str, str], redactor: Redactor) -> Section:
    """Which of our variables are set (paths are shown, the key never) and which proxies are named, without names and passwords."""
    facts = {}
    for name in _OURS:
        if name in environ:
            facts[name] = "set" if name == "TRUEUP_KEY" else redactor.text(environ[name])
    found = {name: value for name, value in sorted(environ.items()) if name.lower() in _PROXIES and value}
    for name, value in found.items():
        facts[name] = f"{len(value.split(','))} entries" if name.lower() == "no_proxy" else _proxy(value, redactor)
    findings = []
    if any(name.lower() != "no_proxy" for name in found):
        message = "a proxy is named in the environment; trueup talks to targets directly and does not use it"
        findings.append(fine("proxy", message))
    return Section("Environment", facts or {"variables": "none that matter"}, tuple(findings))


def _proxy(value: str, redactor: Redactor) -> str:
    try:
        parts = urlsplit(value if "//" in value else f"//{value}")
        host, port = parts.hostname or "?", f":{parts.port}" if parts.port else ""
    except ValueError:
        return "set, and cannot be read as an address"
    userinfo = "***@" if parts.username or parts.password else ""
    return f"{parts.scheme or 'http'}://{userinfo}{redactor.host(host)}{port}"


async def time(clock: Clock, zone: str | None) -> Section:
    """The clock against the calendar and against the monotonic one; device clocks are compared by ``trueup test``."""
    now, started = clock.now(), clock.monotonic()
    await clock.sleep(0.05)
    drifted = (clock.now() - now).total_seconds() - (clock.monotonic() - started)
    here = datetime.now().astimezone()
    facts = {
        "UTC": f"{now:%Y-%m-%d %H:%M:%S}",
        "this machine": f"{here.tzname()} (UTC{here:%z})",
        "site": zone or "no Controller.spec.timezone",
    }
    return Section("Time", facts, (_clock(now, drifted),))


def _clock(now: datetime, drifted: float) -> Finding:
    if now < _EARLIEST:
        message = f"the clock says {now:%Y-%m-%d}: it was never set"
        return fail("clock", message, "set it (timedatectl set-ntp true): validity hangs on it")
    if abs(drifted) > 1:
        message = f"the clock jumped by {drifted:+.1f} s while it was looked at"
        return warn("clock", message, "see what sets it: there may be two time services")
    return fine("clock", "the clock runs evenly; those of the devices are compared by `trueup test`")
