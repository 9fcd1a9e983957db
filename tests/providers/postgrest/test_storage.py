"""The simulated storage and what an application writes beside trueup: answered as the real ones answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.postgrest.simulator import Bucket, Relation, Server, simulate

pytestmark = pytest.mark.anyio

PICTURE = b"\xff\xd8\xff\xd9"


def server(**given: Any) -> Server:
    buckets = {"private": Bucket({"faces/å 1.jpg": PICTURE}), "open": Bucket({"logo": b"x"}, public=True)}
    rows = [{"id": n, "status": "activ"} for n in (1, 2)]
    return Server({"employees": rows}, list[Relation](), "key", ("token",), buckets=buckets, **given)


async def call(of: Server, method: str, path: str, *, token: str = "", **words: Any) -> httpx.Response:
    headers = {"apikey": "key"} | ({"authorization": f"Bearer {token}"} if token else {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(of.app), base_url="http://sim") as client:
        return await client.request(method, path, headers=headers, **words)


async def test_a_private_bucket_hands_out_to_who_has_a_token() -> None:
    answer = await call(server(), "GET", "/storage/v1/object/authenticated/private/faces/%C3%A5%201.jpg", token="token")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PICTURE, "image/jpeg")


async def test_a_public_bucket_hands_out_to_everybody() -> None:
    answer = await call(server(), "GET", "/storage/v1/object/public/open/logo")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"x", "application/octet-stream")


@pytest.mark.parametrize(
    ("path", "token", "status", "message"),
    [
        ("authenticated/private/faces/2.jpg", "token", "404", "Object not found"),
        ("authenticated/elsewhere/1.jpg", "token", "404", "Bucket not found"),
        ("authenticated/private/faces/%C3%A5%201.jpg", "", "400", "headers must have required property 'authorization'"),
        ("authenticated/private/faces/%C3%A5%201.jpg", "wrong", "403", "Invalid Compact JWS"),
        ("public/private/faces/%C3%A5%201.jpg", "token", "404", "Bucket not found"),
        ("sign/private/1.jpg", "token", "404", "Route GET:/storage/v1/object/sign/private/1.jpg not found"),
    ],
)
async def test_what_is_refused_says_400_and_what_is_meant_in_the_body(path: str, token: str, status: str, message: str) -> None:
    answer = await call(server(), "GET", f"/storage/v1/object/{path}", token=token)
    assert (answer.status_code, answer.json()["statusCode"], answer.json()["message"]) == (400, status, message)


async def test_without_buckets_there_is_no_storage() -> None:
    answer = await call(Server(), "GET", "/storage/v1/object/public/open/logo")
    assert answer.status_code == 404


async def test_a_folder_becomes_a_bucket(tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "1.jpg").write_bytes(PICTURE)
    app = simulate({"buckets": {"photos": {"folder": str(tmp_path), "public": True}}})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sim") as client:
        answer = await client.get("/storage/v1/object/public/photos/faces/1.jpg")
    assert answer.content == PICTURE
    with pytest.raises(ValueError, match="no folder"):
        simulate({"buckets": {"photos": {"folder": str(tmp_path / "none")}}})


# -- rows that somebody changes ----------------------------------------------------------------------------------------------


async def test_a_patch_changes_the_rows_that_are_meant_and_answers_nothing() -> None:
    one = server()
    answer = await call(one, "PATCH", "/rest/v1/employees?id=eq.2", token="token", json={"status": "suspendat"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert [row["status"] for row in one.tables["employees"]] == ["activ", "suspendat"]
    assert (await call(one, "PATCH", "/rest/v1/employees?id=eq.9", token="token", json={"status": "x"})).status_code == 204


@pytest.mark.parametrize(
    ("token", "body", "status", "code"),
    [
        ("", b"{}", 401, "42501"),
        ("wrong", b"{}", 401, "PGRST301"),
        ("token", b"no json", 400, "PGRST102"),
        ("token", b"[1]", 400, "PGRST102"),
        ("token", b'{"nope": 1}', 400, "PGRST204"),
    ],
)
async def test_a_patch_that_is_refused_changes_nothing(token: str, body: bytes, status: int, code: str) -> None:
    one = server()
    answer = await call(one, "PATCH", "/rest/v1/employees?id=eq.2", token=token, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {row["status"] for row in one.tables["employees"]} == {"activ"}
