"""HTTP to one endpoint over loopback sockets: what is sent again, what is refused, and how failures are called."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from controller.sdk import (
    Busy,
    ConnectionLost,
    Done,
    Endpoint,
    Nonsense,
    NotOffered,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from controller.sdk.http import Http, Response, Retry, retry_after
from controller.sdk.simulation import Answer, AsgiScope, Faults, Receive, Send, check_basic, send_answer, serve

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class StillClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Site:
    """Answers every call with the next of its answers (the last one for ever) and remembers what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers) or [Answer(200, b"fine")]
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.faults = Faults()
        self.app = self.faults.wrap(self._app)

    async def _app(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        query = scope["query_string"].decode()
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        self.seen.append((scope["method"], scope["path"] + (f"?{query}" if query else ""), headers, body))
        await send_answer(send, self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


def _http(url: str, clock: StillClock | None = None, **settings: float) -> Http:
    limits = {"connect": settings.pop("connect", 2.0), "read": settings.pop("read", 2.0)}
    endpoint = Endpoint(url, connect=limits["connect"], read=limits["read"], max_bytes=int(settings.pop("max_bytes", 10_000)))
    return Http(endpoint, clock=clock or StillClock(), pace=settings.pop("pace", 0.0))


@asynccontextmanager
async def _raw(handle: Serve) -> AsyncIterator[str]:
    """A server that writes what it likes, below HTTP."""

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.sleep(0.01)


async def _read_head(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def test_an_answer_is_read_whole_with_headers_in_lower_case() -> None:
    site = Site(Answer(201, "hällo".encode(), ((b"Content-Type", b"Text/Plain; charset=UTF-8"), (b"X-A", b"1"), (b"x-a", b"2"))))
    async with serve(site.app) as served, _http(f"{served.url}/api/") as http:
        answer = await http.request("GET", "/x y", params={"q": "å b"}, headers={"X-Who": "me"})
    assert (answer.status, answer.ok, answer.text(), answer.media_type) == (201, True, "hällo", "text/plain")
    assert answer.headers["x-a"] == "1, 2"
    assert answer.url.endswith("/api/x%20y")
    method, path, headers, _ = site.seen[0]
    assert (method, path, headers["x-who"]) == ("GET", "/api/x y?q=%C3%A5+b", "me")


async def test_an_empty_path_is_the_url_itself_and_queries_are_joined() -> None:
    site = Site()
    async with serve(site.app) as served, _http(f"{served.url}/list.csv?all=1") as http:
        await http.request("GET", "")
        await http.request("GET", "", params={"page": "2"})
    assert [path for _, path, _, _ in site.seen] == ["/list.csv?all=1", "/list.csv?all=1&page=2"]


async def test_headers_of_the_endpoint_go_with_every_call_and_a_calls_own_headers_win() -> None:
    site = Site()
    async with serve(site.app) as served:
        endpoint = Endpoint(served.url, headers=(("Accept", "text/csv"), ("X-Key", "a")))
        async with Http(endpoint, clock=StillClock()) as http:
            await http.request("GET", "/", headers={"x-key": "b"})
    assert (site.seen[0][2]["accept"], site.seen[0][2]["x-key"]) == ("text/csv", "b")


async def test_a_body_in_a_strange_character_set_is_still_text() -> None:
    assert Response(200, {"content-type": "text/plain; charset=latin-1"}, "å".encode("latin-1"), "").text() == "å"
    assert Response(200, {"content-type": "text/plain; charset=klingon"}, "å".encode(), "").text() == "å"
    assert Response(200, {}, b"\xef\xbb\xbfa\xff", "").text() == "a�"


async def test_neither_client_nor_answer_show_secrets() -> None:
    site = Site()
    async with serve(site.app) as served:
        endpoint = Endpoint(served.url.replace("http://", "http://someone:topsecret@"), scheme="basic")
        async with Http(endpoint, username="u", password="hunter22", clock=StillClock()) as http:
            answer = await http.request("GET", "/a?token=hunter22")
            shown = repr(http) + repr(answer) + repr(vars(http)["_wire"])
    assert "hunter22" not in shown and "topsecret" not in shown


async def test_credentials_in_the_url_are_never_sent() -> None:
    site = Site()
    async with serve(site.app) as served, _http(served.url.replace("http://", "http://u:p@")) as http:
        await http.request("GET", "/")
    assert "authorization" not in site.seen[0][2]


async def test_packed_answers_are_unpacked() -> None:
    site = Site(Answer(200, gzip.compress(b"a" * 5000), ((b"content-encoding", b"gzip"),)))
    async with serve(site.app) as served, _http(served.url) as http:
        assert (await http.request("GET", "/")).body == b"a" * 5000


async def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused() -> None:
    site = Site(Answer(200, gzip.compress(bytes(50_000_000)), ((b"content-encoding", b"gzip"),)))
    async with serve(site.app) as served, _http(served.url, max_bytes=100_000) as http:
        with pytest.raises(Nonsense, match="larger than 100000 bytes") as caught:
            await http.request("GET", "/")
    assert caught.value.code == "too-large"


@pytest.mark.parametrize("size", [9_999, 10_000, 10_001])
async def test_the_byte_cap_is_exact(size: int) -> None:
    site = Site(Answer(200, bytes(size)))
    async with serve(site.app) as served, _http(served.url) as http:
        if size <= 10_000:
            assert len((await http.request("GET", "/")).body) == size
        else:
            with pytest.raises(Nonsense):
                await http.request("GET", "/")


async def test_half_a_packed_answer_is_no_answer() -> None:
    site = Site(Answer(200, gzip.compress(b"abc" * 900)[:-9], ((b"content-encoding", b"gzip"),)))
    async with serve(site.app) as served, _http(served.url) as http:
        with pytest.raises(ConnectionLost):
            await http.request("GET", "/", safe=False)


@pytest.mark.parametrize(("coding", "body"), [(b"gzip", b"no gzip at all"), (b"br", b"x")])
async def test_packing_that_cannot_be_undone_is_nonsense(coding: bytes, body: bytes) -> None:
    site = Site(Answer(200, body, ((b"content-encoding", coding),)))
    async with serve(site.app) as served, _http(served.url) as http:
        with pytest.raises(Nonsense):
            await http.request("GET", "/")


async def test_calls_keep_their_distance() -> None:
    clock, site = StillClock(), Site()
    async with serve(site.app) as served, _http(served.url, clock, pace=1.5) as http:
        for _ in range(3):
            await http.request("GET", "/")
        assert http.calls == 3
    assert clock.slept == [1.5, 1.5]


async def test_calls_at_the_same_time_go_one_after_the_other() -> None:
    running = most = 0

    async def app(scope: AsgiScope, receive: Receive, send: Send) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        await send_answer(send, Answer(200))

    async with serve(app) as served, _http(served.url) as http:
        await asyncio.gather(*(http.request("GET", "/") for _ in range(4)))
    assert most == 1


async def test_a_busy_server_is_asked_again_after_the_delay_that_it_named() -> None:
    clock, site = StillClock(), Site(Answer(503, b"", ((b"retry-after", b"7"),)), Answer(429), Answer(200, b"now"))
    async with serve(site.app) as served, _http(served.url, clock) as http:
        assert (await http.request("GET", "/")).body == b"now"
    assert clock.slept == [7.0, 2.0]


async def test_a_server_that_stays_busy_is_left_alone_after_three_tries() -> None:
    clock, site = StillClock(), Site(Answer(503, b"come  back <later>"))
    async with serve(site.app) as served, _http(served.url, clock) as http:
        with pytest.raises(Busy) as caught:
            await http.request("GET", "/")
    assert (len(site.seen), clock.slept, caught.value.retry_after) == (3, [1.0, 2.0], None)
    assert caught.value.detail == "come back <later>"


async def test_a_long_delay_is_handed_on_instead_of_being_waited_for() -> None:
    when = format_datetime(NOW + timedelta(seconds=3600), usegmt=True).encode()
    clock, site = StillClock(), Site(Answer(429, b"", ((b"retry-after", when),)))
    async with serve(site.app) as served, _http(served.url, clock) as http:
        with pytest.raises(Busy) as caught:
            await http.request("GET", "/")
    assert (len(site.seen), clock.slept, caught.value.retry_after) == (1, [], 3600.0)


async def test_a_write_that_is_throttled_was_not_done_and_is_not_repeated() -> None:
    site = Site(Answer(429, b"", ((b"retry-after", b"2"),)))
    async with serve(site.app) as served, _http(served.url) as http:
        with pytest.raises(Busy) as caught:
            await http.request("POST", "/")
    assert (len(site.seen), caught.value.effect, caught.value.retry_after) == (1, Done.NONE, 2.0)


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
async def test_other_answers_to_a_write_are_the_callers_business(status: int) -> None:
    site = Site(Answer(status, b"why"))
    async with serve(site.app) as served, _http(served.url) as http:
        answer = await http.request("PUT", "/", content=b"x")
    assert (answer.status, answer.ok, len(site.seen)) == (status, False, 1)


@pytest.mark.parametrize(("text", "seconds"), [("120", 120.0), ("", None), ("soon", None), ("-1", None), ("²", None)])
def test_retry_after_is_seconds_or_nothing(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, NOW) == seconds


def test_a_date_that_has_passed_means_now() -> None:
    assert retry_after({"retry-after": "Mon, 01 Jun 2020 00:00:00 GMT"}, NOW) == 0.0
    assert retry_after({"retry-after": "Mon, 01 Jun 2026 12:00:30 -0000"}, NOW) == 30.0


async def test_a_read_is_repeated_once_after_a_closed_connection() -> None:
    site = Site(Answer(200, b"again"))
    site.faults.close(times=1)
    async with serve(site.app) as served, _http(served.url) as http:
        assert (await http.request("GET", "/")).body == b"again"
        assert http.calls == 2


async def test_a_read_is_not_repeated_twice() -> None:
    site = Site()
    site.faults.close(times=None)
    async with serve(site.app) as served, _http(served.url) as http:
        with pytest.raises(ConnectionLost) as caught:
            await http.request("GET", "/")
        assert http.calls == 2
    assert caught.value.effect is Done.NONE


@pytest.mark.parametrize("fault", ["close", "truncate", "lose_answer"])
async def test_a_write_whose_answer_is_lost_may_have_been_done_and_is_not_repeated(fault: str) -> None:
    site = Site(Answer(200, b"x" * 500))
    getattr(site.faults, fault)(times=None)
    async with serve(site.app) as served, _http(served.url) as http:
        with pytest.raises(ConnectionLost) as caught:
            await http.request("POST", "/", content=b"write")
        assert http.calls == 1
    assert caught.value.effect is Done.UNKNOWN
    assert ("in the middle" in str(caught.value)) == (fault == "truncate")


async def test_a_search_by_post_may_be_declared_safe() -> None:
    site = Site()
    site.faults.close(times=1)
    async with serve(site.app) as served, _http(served.url) as http:
        assert (await http.request("POST", "/search", content=b"q", safe=True)).ok
    assert site.seen[0][3] == b"q"


async def test_silence_ends_after_the_read_time() -> None:
    site = Site()
    site.faults.slow(5.0)
    async with serve(site.app) as served, _http(served.url, read=0.05) as http:
        with pytest.raises(TimedOut, match="did not answer") as caught:
            await http.request("POST", "/x?token=abc", content=b"1")
    assert caught.value.effect is Done.UNKNOWN
    assert "token" not in str(caught.value)


async def test_a_call_may_have_a_read_time_of_its_own() -> None:
    site = Site()
    site.faults.slow(0.2)
    async with serve(site.app) as served, _http(served.url, read=0.05) as http:
        assert (await http.request("POST", "/", read=3.0)).ok


async def test_an_answer_that_dribbles_for_ever_is_cut_off() -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with _raw(dribble) as url, _http(url, connect=0.1, read=0.1) as http:
        with pytest.raises(TimedOut, match="did not finish"):
            await http.request("POST", "/")


async def test_what_is_no_http_is_nonsense() -> None:
    async def banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n")
        await writer.drain()
        await reader.read()

    async with _raw(banner) as url, _http(url) as http:
        with pytest.raises(Nonsense, match="not HTTP"):
            await http.request("GET", "/")


async def test_a_connection_closed_before_the_answer_is_lost() -> None:
    async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _read_head(reader)

    async with _raw(slam) as url, _http(url) as http:
        with pytest.raises(ConnectionLost, match="before it answered"):
            await http.request("DELETE", "/")


async def test_a_refused_connection_names_host_and_port_and_did_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with _http(f"http://127.0.0.1:{port}") as http:
        with pytest.raises(Unreachable, match=f"127.0.0.1:{port} refused the connection") as caught:
            await http.request("POST", "/")
    assert caught.value.effect is Done.NONE and caught.value.hint


async def test_an_unknown_name_is_said_to_be_unknown() -> None:
    async with _http("http://no-such-door.invalid") as http:
        with pytest.raises(
            Unreachable, match=r"no-such-door\.invalid:80 cannot be reached: the name no-such-door\.invalid"
        ) as caught:
            await http.request("GET", "/")
    assert caught.value.code == "name-not-found"


@pytest.mark.parametrize("url", ["ftp://x", "front-door", "http://", "http://h:99999999", "", "https://exa mple"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(NotOffered, match="no web address"):
        _http(url)


async def test_a_path_or_header_that_cannot_be_sent_is_refused_before_anything_is_sent() -> None:
    site = Site()
    async with serve(site.app) as served, _http(served.url) as http:
        with pytest.raises(NotOffered):
            await http.request("GET", "/\x00")
        with pytest.raises(NotOffered):
            await http.request("GET", "/", headers={"x-a": "b\r\nc: d"})
    assert site.seen == []


def test_an_address_of_numbers_is_shown_with_its_port() -> None:
    assert _http("https://[::1]/api").place == "[::1]:443"
    assert _http("http://10.0.0.7:8080").place == "10.0.0.7:8080"


@pytest.mark.parametrize("status", [301, 307, 308])
@pytest.mark.parametrize(("asked", "other"), [("/Member/Export", "/Member/Export/"), ("/Member/Export/", "/Member/Export")])
async def test_a_slash_redirect_keeps_method_body_and_query(status: int, asked: str, other: str) -> None:
    site = Site(Answer(status, b"", ((b"location", other.encode()),)), Answer(200, b"there"))
    async with serve(site.app) as served, _http(served.url) as http:
        answer = await http.request("POST", f"{asked}?a=1", content=b"body")
    assert answer.body == b"there"
    assert [(method, path, body) for method, path, _, body in site.seen][1] == ("POST", f"{other}?a=1", b"body")


@pytest.mark.parametrize(
    ("status", "location", "named"),
    [
        (302, "/x/", "127.0.0.1"),
        (301, "/login", "/login"),
        (308, "https://evil.example/x/?token=1", "https://evil.example/x/"),
        (307, "http://u:secretword@evil.example/x/", "http://evil.example"),
        (301, "http://[broken/x/", "nowhere"),
        (301, "", "/x"),
    ],
)
async def test_other_redirects_are_refused_and_the_target_is_named(status: int, location: str, named: str) -> None:
    site = Site(Answer(status, b"", ((b"location", location.encode()),)))
    async with serve(site.app) as served, _http(served.url) as http:
        with pytest.raises(NotOffered) as caught:
            await http.request("GET", "/x")
    assert named in str(caught.value) and "secretword" not in str(caught.value) and "token" not in str(caught.value)
    assert len(site.seen) == 1


async def test_a_circle_of_redirects_ends() -> None:
    site = Site(Answer(301, b"", ((b"location", b"/x/"),)), Answer(301, b"", ((b"location", b"/x"),)))
    async with serve(site.app) as served, _http(served.url) as http:
        with pytest.raises(Nonsense, match="circle"):
            await http.request("GET", "/x")
    assert len(site.seen) == 2


def _guarded(password: str) -> tuple[Faults, Callable[[AsgiScope, Receive, Send], Awaitable[None]]]:
    async def app(scope: AsgiScope, receive: Receive, send: Send) -> None:
        fine = check_basic(scope["headers"], "admin", password)
        body = b"" if fine else b"you said opensesame"
        await send_answer(send, Answer(200 if fine else 401, body, () if fine else ((b"www-authenticate", b'Basic realm="x"'),)))

    faults = Faults()
    return faults, faults.wrap(app)


async def test_basic_is_accepted_with_letters_beyond_ascii() -> None:
    _, app = _guarded("lösen:ord")
    async with (
        serve(app) as served,
        Http(Endpoint(served.url, scheme="basic"), username="admin", password="lösen:ord", clock=StillClock()) as http,
    ):
        assert (await http.request("GET", "/")).ok


async def test_a_refused_password_is_tried_once_and_then_nothing_more_is_sent() -> None:
    faults, app = _guarded("right")
    endpoint = Endpoint("", scheme="basic")
    async with serve(app) as served:
        endpoint = Endpoint(served.url, scheme="basic")
        async with Http(endpoint, username="admin", password="opensesame", clock=StillClock()) as http:
            for _ in range(3):
                with pytest.raises(Unauthorized, match="refused the name or the password") as caught:
                    await http.request("GET", "/")
    assert faults.unauthorized == 1
    assert "5 attempts" in caught.value.hint
    assert caught.value.detail == "you said ***"


async def test_a_password_that_is_asked_for_and_not_declared_is_said_so() -> None:
    _, app = _guarded("right")
    async with serve(app) as served, _http(served.url) as http:
        with pytest.raises(Unauthorized, match="none is declared"):
            await http.request("GET", "/")


async def test_digest_over_a_socket_needs_one_401_and_sends_the_body_again() -> None:
    site = Site(
        Answer(
            401, b"", ((b"www-authenticate", b'Digest realm="d", nonce="1", qop="auth"'), (b"www-authenticate", b'Basic realm="d"'))
        ),
        Answer(200),
    )
    async with serve(site.app) as served:
        async with Http(Endpoint(served.url, scheme="digest"), username="u", password="p", clock=StillClock()) as http:
            await http.request("PUT", "/a?format=json", content=b"intact")
            await http.request("GET", "/b")
            assert http.calls == 3
    assert "authorization" not in site.seen[0][2]
    assert [body for _, _, _, body in site.seen] == [b"intact", b"intact", b""]
    assert 'uri="/a?format=json"' in site.seen[1][2]["authorization"]
    assert "nc=00000002" in site.seen[2][2]["authorization"]


async def test_a_silent_401_is_followed_by_a_short_pause() -> None:
    clock = StillClock()
    site = Site(Answer(401), Answer(200))
    async with serve(site.app) as served:
        async with Http(Endpoint(served.url, scheme="digest"), username="u", password="p", clock=clock) as http:
            assert (await http.request("GET", "/")).ok
    assert clock.slept == [0.3]


async def test_the_callers_own_scrubbing_is_applied_to_remote_texts() -> None:
    site = Site(Answer(503, b"card 12345 is busy"))
    async with serve(site.app) as served:
        scrubbed = Http(
            Endpoint(served.url), clock=StillClock(), scrub=lambda text: text.replace("12345", "***"), retry=Retry(tries=1)
        )
        async with scrubbed as http:
            with pytest.raises(Busy) as caught:
                await http.request("GET", "/")
    assert caught.value.detail == "card *** is busy"


async def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    async with serve(site.app) as served, _http(served.url) as http:
        with caplog.at_level(logging.DEBUG):
            await http.request("GET", "/")
    assert not [record for record in caplog.records if record.name.startswith("http")]


async def test_an_interrupted_call_leaves_the_lane_usable() -> None:
    site = Site()
    site.faults.slow(5.0, times=1)
    async with serve(site.app) as served, _http(served.url) as http:
        task = asyncio.create_task(http.request("GET", "/"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await http.request("GET", "/")).ok


async def test_a_busy_server_is_called_less_often_by_itself() -> None:
    busy = Answer(429, b"", ((b"retry-after", b"0"),))
    clock, site = StillClock(), Site(busy, busy, Answer(200, b"now"))
    async with serve(site.app) as served, _http(served.url, clock, pace=1.0) as http:
        await http.request("GET", "/")
        assert http.gap == 4.0
        began = clock.monotonic()
        for _ in range(3):
            await http.request("GET", "/")
        assert clock.monotonic() - began == 12.0
        for _ in range(40):
            await http.request("GET", "/")
        assert http.gap == 1.0


async def test_a_write_that_met_a_busy_server_slows_the_lane_and_is_not_sent_again() -> None:
    site = Site(Answer(503, b""))
    async with serve(site.app) as served, _http(served.url, pace=1.0) as http:
        assert (await http.request("PUT", "/")).status == 503
        assert (http.gap, len(site.seen)) == (2.0, 1)
