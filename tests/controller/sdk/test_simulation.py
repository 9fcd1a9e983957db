"""The shared fault machinery, in process and over loopback sockets."""

from __future__ import annotations

import asyncio
import socket
import time
import urllib.request
from collections.abc import Sequence

import httpx
import pytest

from controller.sdk.simulation import Answer as Reply
from controller.sdk.simulation import (
    AsgiScope,
    Faults,
    HungUp,
    Message,
    Receive,
    Send,
    Served,
    check_basic,
    run_forever,
    send_answer,
    serve,
    serve_in_thread,
)

pytestmark = pytest.mark.anyio


async def hello(scope: AsgiScope, receive: Receive, send: Send) -> None:
    await send_answer(send, Reply(200, b"hello world"))


def in_process(faults: Faults) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(faults.wrap(hello)), base_url="http://simulator")


async def test_an_app_answers_on_a_real_socket_and_the_port_is_free_afterwards() -> None:
    async with serve(hello) as served:
        async with httpx.AsyncClient(base_url=served.url) as client:
            assert (await client.get("/")).text == "hello world"
        assert served.url == f"http://127.0.0.1:{served.port}"
    with socket.socket() as probe:
        assert probe.connect_ex((served.host, served.port)) != 0


async def test_a_request_still_running_at_the_end_does_not_hold_up_the_stop() -> None:
    faults = Faults(latency=30)
    async with httpx.AsyncClient() as client:
        async with serve(faults.wrap(hello)) as served:
            running = asyncio.create_task(client.get(served.url))
            await asyncio.sleep(0.05)
        with pytest.raises(httpx.TransportError):
            await running


async def test_a_taken_port_is_an_os_error() -> None:
    async with serve(hello) as served:
        with pytest.raises(OSError):
            async with serve(hello, served.port):
                pass


def test_a_thread_serves_blocking_code() -> None:
    with serve_in_thread([(hello, 0), (hello, 0)]) as served:
        assert len({one.port for one in served}) == 2
        for one in served:
            with urllib.request.urlopen(one.url) as answer:
                assert answer.read() == b"hello world"


def test_a_thread_reports_a_taken_port() -> None:
    with serve_in_thread([(hello, 0)]) as served, pytest.raises(OSError), serve_in_thread([(hello, served[0].port)]):
        pass


@pytest.mark.parametrize("kind", ["close", "truncate", "lose_answer"])
async def test_a_broken_answer_is_a_closed_connection_over_a_socket(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    faults = Faults()
    getattr(faults, kind)(path="/ISAPI")
    async with serve(faults.wrap(hello)) as served, httpx.AsyncClient(base_url=served.url) as client:
        assert (await client.get("/other")).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/ISAPI/x")
        assert (await client.get("/ISAPI/x")).text == "hello world"
    assert [call.status for call in faults.log] == [200, 0, 200]
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]


async def test_a_lost_answer_was_applied_and_a_close_was_not() -> None:
    faults = Faults()
    faults.lose_answer()
    faults.close()
    async with in_process(faults) as client:
        for _ in range(2):
            with pytest.raises(HungUp):
                await client.put("/")
    assert (faults.calls, faults.writes) == (2, 1)


async def test_a_dropped_keep_alive_answers_and_closes() -> None:
    faults = Faults()
    faults.drop_keep_alive()
    async with serve(faults.wrap(hello)) as served:
        reader, writer = await asyncio.open_connection(served.host, served.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        whole = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert whole.endswith(b"hello world") and b"connection: close" not in whole.lower()


async def test_faults_count_down_and_wait_for_their_turn() -> None:
    faults = Faults()
    faults.status(500, 2, body=b"<html>", method="POST", after=1)
    async with in_process(faults) as client:
        statuses = [(await client.post("/")).status_code for _ in range(4)]
        assert (await client.get("/")).status_code == 200
    assert statuses == [200, 500, 500, 200]


async def test_throttling_and_busy_say_when_to_come_back() -> None:
    faults = Faults()
    faults.throttle(7)
    faults.busy(retry_after=3)
    faults.busy()
    async with in_process(faults) as client:
        answers = [await client.get("/") for _ in range(3)]
    assert [(one.status_code, one.headers.get("retry-after")) for one in answers] == [(429, "7"), (503, "3"), (503, None)]


async def test_latency_and_delays_add_up_until_cleared() -> None:
    faults = Faults(latency=0.02)
    faults.slow(0.03, path="/slow")
    async with in_process(faults) as client:
        began = time.perf_counter()
        await client.get("/slow")
        assert time.perf_counter() - began >= 0.05
        faults.clear()
        faults.forget_calls()
        await client.get("/slow")
    assert faults.latency == 0.0
    assert faults.calls == 1 and len(faults.log) == 1


async def test_unauthorized_answers_are_counted_and_are_no_writes() -> None:
    async def refuse(scope: AsgiScope, receive: Receive, send: Send) -> None:
        await send_answer(send, Reply(401))

    faults = Faults()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(faults.wrap(refuse)), base_url="http://s") as client:
        await client.put("/x?format=json")
    assert (faults.calls, faults.writes, faults.unauthorized) == (1, 0, 1)
    assert faults.log[0].query == "format=json"


@pytest.mark.parametrize(
    ("header", "good"),
    [
        (b"Basic w6U6aGVtbGln", True),  # å:hemlig
        (b"basic w6U6aGVtbGln", True),
        (b"Basic w6U6aGVtbGlo", False),
        (b"Basic !!", False),
        (b"Digest w6U6aGVtbGln", False),
    ],
)
def test_basic_credentials_are_compared_exactly(header: bytes, good: bool) -> None:
    assert check_basic([(b"host", b"x"), (b"Authorization", header)], "å", "hemlig") is good
    assert not check_basic([], "å", "hemlig")


def test_running_for_ever_tells_where_it_listens_and_ends_with_ctrl_c() -> None:
    heard: list[int] = []

    def ready(served: Sequence[Served]) -> None:
        heard.extend(one.port for one in served)
        raise KeyboardInterrupt

    run_forever([(hello, 0), (hello, 0)], ready=ready)
    assert len(set(heard)) == 2


async def test_an_app_that_breaks_is_an_error_500_and_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: AsgiScope, receive: Receive, send: Send) -> None:
        raise LookupError("the simulator's own bug")

    async with serve(Faults().wrap(broken)) as served, httpx.AsyncClient() as client:
        assert (await client.get(served.url)).status_code == 500
    assert "the simulator's own bug" in caplog.text


async def test_what_is_not_http_passes_untouched() -> None:
    seen: list[str] = []

    async def note(scope: AsgiScope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        seen.append(message["type"])

    faults = Faults()
    await faults.wrap(note)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"] and faults.calls == 0
