"""What a failed HTTP call is called in words a door manager understands: no HTTP library here, only the system's own errors.

Each function makes one ProviderError with the right effect: what failed before anything was sent had none.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from controller.sdk.errors import ConnectionLost, Done, Nonsense, NotOffered, TimedOut, Unauthorized, Unreachable
from controller.sdk.http.auth import Refused
from controller.sdk.http.tls import PinMismatch, verdict


@dataclass(frozen=True)
class Failure:
    """A call that failed: ``place`` host:port, ``what`` method and path, ``effect`` what it may have done once it was sent."""

    place: str
    what: str = "the call"
    connect: float = 0.0  # seconds
    read: float = 0.0  # seconds
    effect: Done = Done.NONE
    answered: bool = False  # the head of an answer had arrived
    fingerprint: str = ""  # SHA-256 of the certificate that was refused


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that lies beneath it, groups included."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__ or current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions


_REASONS = {
    errno.ECONNREFUSED: ("refused the connection", "is the port right, and is the service running?"),
    errno.EHOSTUNREACH: ("cannot be reached from here", "is it switched on, and on a network that this machine can reach?"),
    errno.ENETUNREACH: ("cannot be reached from here", "is this machine connected to that network?"),
    errno.ECONNRESET: ("closed the connection at once", "does another program or a firewall stand in between?"),
}


def no_connection(failure: Failure, error: Exception) -> Unreachable:
    """Name not found, refused, unreachable, or a certificate that is not accepted. Nothing was sent."""
    for cause in causes(error):
        match cause:
            case ssl.SSLError():
                return _tls(failure, cause)
            case socket.gaierror():
                host = failure.place.rpartition(":")[0]
                return Unreachable(
                    f"{failure.place} cannot be reached: the name {host} is not known",
                    hint="check the spelling of the url, and whether this machine can look names up",
                    code="name-not-found",
                )
            case OSError(errno=int(number)) if number in _REASONS:
                reason, hint = _REASONS[number]
                return Unreachable(f"{failure.place} {reason}", hint=hint)
    return Unreachable(f"{failure.place} cannot be reached", hint="is the address right, and is it switched on?", detail=str(error))


def _tls(failure: Failure, error: ssl.SSLError) -> Unreachable:
    message = f"{failure.place} is not trusted: {verdict(error)}"
    found = error.found if isinstance(error, PinMismatch) else failure.fingerprint
    if isinstance(error, PinMismatch):
        hint = f"if the certificate was renewed, write its SHA-256 as tls.pin: {found}; if not, somebody may stand in between"
    elif isinstance(error, ssl.SSLCertVerificationError):
        shown = f" with tls.pin: {found}" if found else ""
        hint = f"if you know that it is the right one, set tls.mode: pin{shown}; tls.mode: off accepts any certificate"
    else:
        message = f"{failure.place}: {verdict(error)}"
        hint = "does this port speak https? If not, write http:// in the url"
    return Unreachable(message, hint=hint, detail=f"sha256:{found}" if found else "", code="tls")


def too_far(failure: Failure, error: Exception) -> Unreachable:
    return Unreachable(
        f"{failure.place} did not take the connection within {failure.connect:g} seconds",
        hint="is it switched on, is the address right, and does a firewall let this machine through?",
    )


def no_answer(failure: Failure, error: Exception) -> TimedOut:
    state = "did not finish its answer" if failure.answered else "did not answer"
    return TimedOut(
        f"{failure.place} {state} to {failure.what} in time (after {failure.read:g} seconds of silence, or too slow as a whole)",
        hint="it may be busy; if this stays so, allow it more time in the config",
        effect=failure.effect,
    )


def lost(failure: Failure, error: Exception) -> ConnectionLost:
    when = "in the middle of its answer" if failure.answered else "before it answered"
    hint = (
        "it may have restarted; if this stays so, look at the network between"
        if failure.answered
        else "if this stays so: is the port right, and does the url begin with https:// where the port speaks it?"
    )
    return ConnectionLost(f"{failure.place} closed the connection to {failure.what} {when}", hint=hint, effect=failure.effect)


def not_http(failure: Failure, error: Exception) -> Nonsense:
    return Nonsense(
        f"{failure.place} answered {failure.what} with something that is not HTTP",
        hint="check the port and whether the url begins with http:// or https:// as the service expects",
        effect=failure.effect,
    )


def garbled(failure: Failure, error: Exception) -> Nonsense:
    message = f"the answer of {failure.place} to {failure.what} cannot be read"
    hint = "does something stand in between (a proxy), or does another service answer there? Open the address in a browser"
    return Nonsense(message, hint=hint, detail=str(error), effect=failure.effect)


def bad_request(failure: Failure, error: Exception) -> NotOffered:
    """Nothing was sent, because what we have cannot be written as a request."""
    return NotOffered(
        f"no request can be made for {failure.place}: the address or a header holds what HTTP does not allow",
        hint="the url must begin with http:// or https:// and name a host",
        detail=str(error),
    )


_LOGIN = {
    Refused.PASSWORD: (
        "refused the name or the password",
        "put it right before you run again: every run makes one attempt, and many devices lock the account after 5 attempts; "
        "a locked one refuses the right password too, often for 30 minutes",
    ),
    Refused.NO_LOGIN: ("asks for a name and a password, and none is declared", "declare username and password in the config"),
    Refused.BASIC_ONLY: (
        "offers only Basic login, which sends the password so that others on the network can read it",
        "allow Basic in the config if that is acceptable there, or switch the device to Digest",
    ),
    Refused.SILENT: (
        "refused the call twice without saying how to log in",
        "it may be busy, or the account may be locked: wait (a lock often lasts 30 minutes), then try again",
    ),
    Refused.UNKNOWN: (
        "asks for a way of logging in that is not known here",
        "switch the device to Digest login (MD5 or SHA-256)",
    ),
}


def refused_login(reason: Refused, place: str, detail: str) -> Unauthorized:
    message, hint = _LOGIN[reason]
    return Unauthorized(
        f"{place} {message}", hint=hint, detail=detail, code="credentials-refused" if reason is Refused.PASSWORD else str(reason)
    )
