"""Every error of the library below has a name of ours, with the right effect."""

from __future__ import annotations

import errno
import inspect
import socket
import ssl
import zlib

import httpx
import pytest

from controller.sdk import ConnectionLost, Done, Nonsense, NotOffered, ProviderError, TimedOut, Unreachable
from controller.sdk.http.failures import Failure, causes, no_connection
from controller.sdk.http.wire import translate

FAILURE = Failure("door:80", "POST /x", 5.0, 15.0, Done.UNKNOWN)
EXPECTED: dict[type[Exception], tuple[type[ProviderError], Done]] = {
    httpx.CloseError: (ConnectionLost, Done.UNKNOWN),
    httpx.ConnectError: (Unreachable, Done.NONE),
    httpx.ConnectTimeout: (Unreachable, Done.NONE),
    httpx.CookieConflict: (Nonsense, Done.UNKNOWN),
    httpx.DecodingError: (Nonsense, Done.UNKNOWN),
    httpx.HTTPError: (Nonsense, Done.UNKNOWN),
    httpx.HTTPStatusError: (Nonsense, Done.UNKNOWN),
    httpx.InvalidURL: (NotOffered, Done.NONE),
    httpx.LocalProtocolError: (NotOffered, Done.NONE),
    httpx.NetworkError: (ConnectionLost, Done.UNKNOWN),
    httpx.PoolTimeout: (Unreachable, Done.NONE),
    httpx.ProtocolError: (ConnectionLost, Done.UNKNOWN),
    httpx.ProxyError: (Unreachable, Done.NONE),
    httpx.ReadError: (ConnectionLost, Done.UNKNOWN),
    httpx.ReadTimeout: (TimedOut, Done.UNKNOWN),
    httpx.RemoteProtocolError: (ConnectionLost, Done.UNKNOWN),
    httpx.RequestError: (Nonsense, Done.UNKNOWN),
    httpx.RequestNotRead: (Nonsense, Done.UNKNOWN),
    httpx.ResponseNotRead: (Nonsense, Done.UNKNOWN),
    httpx.StreamClosed: (Nonsense, Done.UNKNOWN),
    httpx.StreamConsumed: (Nonsense, Done.UNKNOWN),
    httpx.StreamError: (Nonsense, Done.UNKNOWN),
    httpx.TimeoutException: (TimedOut, Done.UNKNOWN),
    httpx.TooManyRedirects: (Nonsense, Done.UNKNOWN),
    httpx.TransportError: (ConnectionLost, Done.UNKNOWN),
    httpx.UnsupportedProtocol: (NotOffered, Done.NONE),
    httpx.WriteError: (ConnectionLost, Done.UNKNOWN),
    httpx.WriteTimeout: (TimedOut, Done.UNKNOWN),
    ssl.SSLError: (ConnectionLost, Done.UNKNOWN),
    TimeoutError: (TimedOut, Done.UNKNOWN),
    zlib.error: (Nonsense, Done.UNKNOWN),
}


def _all_of_httpx() -> set[type[Exception]]:
    found = (getattr(httpx, name) for name in httpx.__all__)
    return {one for one in found if inspect.isclass(one) and issubclass(one, Exception)}


def test_every_exception_of_httpx_is_mapped() -> None:
    assert _all_of_httpx() <= set(EXPECTED)


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_each_error_has_its_meaning_and_its_effect(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    translated = translate(error, FAILURE)
    assert (type(translated), translated.effect) == EXPECTED[kind]
    if kind not in (httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol):
        assert "door:80" in translated.message


def _caused_by(cause: BaseException) -> Exception:
    error = httpx.ConnectError("failed")
    error.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "?"), "the name door is not known"),
        (OSError(errno.ECONNREFUSED, "?"), "refused the connection"),
        (OSError(errno.EHOSTUNREACH, "?"), "cannot be reached from here"),
        (OSError(errno.ENETUNREACH, "?"), "cannot be reached from here"),
        (OSError(errno.EPERM, "?"), "door:80 cannot be reached"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "no secure connection could be agreed on"),
        (BaseExceptionGroup("all failed", [OSError(errno.ECONNREFUSED, "?"), OSError(errno.ECONNREFUSED, "?")]), "refused"),
    ],
)
def test_a_connection_that_fails_says_why(cause: BaseException, words: str) -> None:
    translated = no_connection(FAILURE, _caused_by(cause))
    assert words in translated.message
    assert translated.hint and translated.effect is Done.NONE


@pytest.mark.parametrize(
    ("code", "words"),
    [(9, "clock"), (10, "expired"), (18, "self-signed"), (20, "does not know"), (62, "another name"), (77, "not accepted")],
)
def test_a_certificate_that_is_refused_says_why_and_how_to_go_on(code: int, words: str) -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "its own words"
    translated = no_connection(FAILURE, _caused_by(error))
    assert words in translated.message and "tls.mode: pin" in translated.hint and "tls.mode: off" in translated.hint
    assert translated.code == "tls"


def test_a_circle_of_causes_ends() -> None:
    one, two = ValueError("1"), ValueError("2")
    one.__context__, two.__context__ = two, one
    assert list(causes(one)) == [one, two]
