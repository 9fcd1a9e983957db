"""Pictures that records name: fetched where the operator allowed it and nowhere else; one entity's trouble at most."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from controller.model.content import Content
from controller.runtime.pictures import Gallery, PictureUnavailable, Shelf
from controller.sdk.context import Clock, SystemClock
from controller.sdk.errors import Nonsense, ProviderError, Rejected, Scope
from controller.sdk.pictures.portrait import Recipe
from controller.sdk.provider import Located
from controller.sdk.simulation import Answer, AsgiScope, Faults, Receive, Send, send_answer, serve

pytestmark = pytest.mark.anyio
HERE = ("127.0.0.1",)


def jpeg(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (120, 160), colour).save(out, "JPEG")
    return out.getvalue()


@dataclass
class Storage:
    """A web server with pictures, redirects and signed addresses."""

    pictures: dict[str, bytes] = field(default_factory=lambda: {"/1.jpg": jpeg()})
    redirects: dict[str, str] = field(default_factory=dict)
    token: str = ""  # what an address must be signed with
    faults: Faults = field(default_factory=Faults)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def app(self) -> Any:
        return self.faults.wrap(self._answer)

    async def _answer(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        path, query = scope["path"], scope["query_string"].decode()
        if path in self.redirects:
            await send_answer(send, Answer(302, b"", ((b"location", self.redirects[path].encode()),)))
        elif self.token and query != f"token={self.token}":
            await send_answer(send, Answer(401, b"expired"))
        elif path in self.pictures:
            await send_answer(send, Answer(200, self.pictures[path], ((b"content-type", b"image/jpeg"),)))
        else:
            await send_answer(send, Answer(404))


@dataclass
class Finder:
    """A source that finds pictures: what ``locate`` gives, one after the other."""

    answers: list[Located | ProviderError | None]
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def locate(self, record: str, name: str) -> Located | None:
        self.asked.append((record, name))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ProviderError):
            raise answer
        return answer


@asynccontextmanager
async def gallery(root: Path, clock: Clock | None = None) -> AsyncIterator[Gallery]:
    async with Gallery({}, lambda resource: pytest.fail("nothing is opened"), clock or SystemClock(), root) as found:
        yield found


@asynccontextmanager
async def shelf(root: Path) -> AsyncIterator[Shelf]:
    async with gallery(root) as found:
        yield found.beside(root / "specs")


def by_url(url: str, revision: str = "1", hosts: tuple[str, ...] = HERE) -> Content:
    return Content("url", url, revision, hosts=hosts)


# -- files and texts ---------------------------------------------------------------------------------------------------------


async def test_a_file_beside_the_specs_is_read_and_made_fit(tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "1.jpg").write_bytes(jpeg())
    async with shelf(tmp_path) as pictures:
        found = await pictures.portrait(Content("file", "../faces/1.jpg", "1"), Recipe())
    assert (found.width, found.height) == (120, 160) and found.content.startswith(b"\xff\xd8")


@pytest.mark.parametrize("name", ["../../outside.jpg", "/etc/passwd", "link.jpg"])
async def test_a_file_outside_of_the_workspace_is_not_read(tmp_path: Path, name: str) -> None:
    root = tmp_path / "site"
    (root / "specs").mkdir(parents=True)
    (tmp_path / "outside.jpg").write_bytes(jpeg())
    os.symlink(tmp_path / "outside.jpg", root / "specs" / "link.jpg")
    async with shelf(root) as pictures:
        with pytest.raises(Rejected, match="outside of the workspace"):
            await pictures.portrait(Content("file", name, "1"), Recipe())


async def test_a_file_that_is_not_there_is_said_by_its_name(tmp_path: Path) -> None:
    async with shelf(tmp_path) as pictures:
        with pytest.raises(Rejected, match=r"no picture 7\.jpg") as missing:
            await pictures.portrait(Content("file", "7.jpg", "1"), Recipe())
    assert missing.value.code == "picture-missing"


async def test_a_file_that_may_not_be_read_can_be_had_later(tmp_path: Path) -> None:
    (tmp_path / "specs" / "1.jpg").mkdir(parents=True)
    async with shelf(tmp_path) as pictures:
        with pytest.raises(PictureUnavailable, match="cannot be read"):
            await pictures.portrait(Content("file", "1.jpg", "1"), Recipe())


@pytest.mark.parametrize("before", ["", "data:image/jpeg;base64,"])
async def test_a_picture_may_stand_in_the_record(tmp_path: Path, before: str) -> None:
    text = before + base64.b64encode(jpeg()).decode()
    async with shelf(tmp_path) as pictures:
        assert (await pictures.portrait(Content("base64", text, "1"), Recipe())).width == 120
        with pytest.raises(Rejected, match="not base64"):
            await pictures.portrait(Content("base64", "***", "2"), Recipe())


async def test_what_is_no_picture_says_why(tmp_path: Path) -> None:
    text = base64.b64encode(b"<html>").decode()
    async with shelf(tmp_path) as pictures:
        with pytest.raises(Rejected, match="no picture that can be read") as refused:
            await pictures.portrait(Content("base64", text, "1"), Recipe())
    assert (refused.value.code, refused.value.scope, refused.value.retry) == ("not-a-picture", Scope.ENTITY, False)


# -- addresses ---------------------------------------------------------------------------------------------------------------


async def test_one_picture_for_many_doors_is_fetched_once(tmp_path: Path) -> None:
    storage = Storage()
    async with serve(storage.app) as at, shelf(tmp_path) as pictures:
        found = {(await pictures.portrait(by_url(f"{at.url}/1.jpg"), Recipe())).sha256 for _ in range(5)}
        await pictures.portrait(by_url(f"{at.url}/1.jpg", "2"), Recipe())
    assert len(found) == 1 and storage.faults.calls == 2


@pytest.mark.parametrize(
    ("url", "hosts", "words"),
    [
        ("{url}/1.jpg", (), "outside of allowHosts"),
        ("{url}/1.jpg", ("10.0.0.0/8", "*.supabase.co"), "outside of allowHosts"),
        ("http://localhost:{port}/1.jpg", HERE, "not in allowHosts"),
        ("http://user:pw@127.0.0.1:{port}/1.jpg", HERE, "user name in it"),
        ("http://2130706433:{port}/1.jpg", HERE, "neither a plain address"),
        ("file:///etc/passwd", HERE, "does not begin with http"),
        ("faces/1.jpg", HERE, "does not begin with http"),
    ],
)
async def test_an_address_leads_only_where_the_operator_allowed(
    tmp_path: Path, url: str, hosts: tuple[str, ...], words: str
) -> None:
    storage = Storage()
    async with serve(storage.app) as at, shelf(tmp_path) as pictures:
        with pytest.raises(Rejected, match=words) as refused:
            await pictures.portrait(by_url(url.format(url=at.url, port=at.port), hosts=hosts), Recipe())
    assert storage.faults.calls == 0 and refused.value.code == "picture-host"


async def test_a_redirect_is_followed_within_what_is_allowed(tmp_path: Path) -> None:
    storage = Storage(redirects={"/a": "/b", "/b": "/1.jpg", "/away": "http://10.1.1.1/1.jpg", "/round": "/round"})
    async with serve(storage.app) as at, shelf(tmp_path) as pictures:
        assert (await pictures.portrait(by_url(f"{at.url}/a"), Recipe())).width == 120
        with pytest.raises(Rejected, match=r"10\.1\.1\.1 lies outside"):
            await pictures.portrait(by_url(f"{at.url}/away", "2"), Recipe())
        with pytest.raises(Rejected, match="on and on"):
            await pictures.portrait(by_url(f"{at.url}/round", "3"), Recipe())


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_an_address_that_ran_out_concerns_this_picture_alone(tmp_path: Path, status: int) -> None:
    storage = Storage()
    storage.faults.status(status, 1)
    async with serve(storage.app) as at, shelf(tmp_path) as pictures:
        with pytest.raises(Rejected, match=f"status {status}") as refused:
            await pictures.portrait(by_url(f"{at.url}/1.jpg?token=very-secret"), Recipe())
        assert refused.value.scope is Scope.ENTITY and "very-secret" not in f"{refused.value} {refused.value.hint}"
        assert (await pictures.portrait(by_url(f"{at.url}/1.jpg", "2"), Recipe())).width == 120  # the next one is asked for


async def test_a_server_in_trouble_or_gone_can_be_asked_again_later(tmp_path: Path) -> None:
    storage = Storage()
    storage.faults.status(500, None)
    async with serve(storage.app) as at, shelf(tmp_path) as pictures:
        with pytest.raises(PictureUnavailable, match="status 500"):
            await pictures.portrait(by_url(f"{at.url}/1.jpg"), Recipe())
        gone = at.url
    async with shelf(tmp_path) as pictures:
        with pytest.raises(PictureUnavailable) as lost:
            await pictures.portrait(by_url(f"{gone}/1.jpg"), Recipe())
    assert (lost.value.scope, lost.value.retry) == (Scope.ENTITY, True)


async def test_more_bytes_than_a_picture_has_are_not_read(tmp_path: Path) -> None:
    storage = Storage({"/big": b"x" * (20 * 1024 * 1024 + 10)})
    async with serve(storage.app) as at, shelf(tmp_path) as pictures:
        with pytest.raises((PictureUnavailable, Rejected)):
            await pictures.portrait(by_url(f"{at.url}/big"), Recipe())


# -- sources -----------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def found_by(finder: Finder, at: str, root: Path) -> AsyncIterator[Shelf]:
    """Pictures that a source finds, whose own host is that of ``at``."""
    async with gallery(root) as pictures:
        pictures._sources["staff"] = finder  # how it is opened is tried through the engine
        pictures._home = lambda name: urlsplit(at).hostname or ""  # type: ignore[method-assign]
        yield pictures.beside(root)


BY_SOURCE = Content("source", "faces/1.jpg", "1", source="staff", record="e1")


async def test_a_source_says_where_its_picture_is_with_headers_for_that_place_alone(tmp_path: Path) -> None:
    storage = Storage(redirects={"/a": "/1.jpg"})
    async with serve(storage.app) as at:
        finder = Finder([Located(f"{at.url}/a", {"apikey": "k"})])
        async with found_by(finder, at.url, tmp_path) as pictures:
            assert (await pictures.portrait(BY_SOURCE, Recipe())).width == 120
    assert finder.asked == [("e1", "faces/1.jpg")]
    assert [headers.get("apikey") for headers in storage.headers] == ["k", None]


async def test_an_address_that_ran_out_is_asked_for_anew_once(tmp_path: Path) -> None:
    storage = Storage(token="new")
    async with serve(storage.app) as at:
        finder = Finder([Located(f"{at.url}/1.jpg?token=old"), Located(f"{at.url}/1.jpg?token=new")])
        async with found_by(finder, at.url, tmp_path) as pictures:
            assert (await pictures.portrait(BY_SOURCE, Recipe())).width == 120
        stale = Finder([Located(f"{at.url}/1.jpg?token=old")])
        async with found_by(stale, at.url, tmp_path) as pictures:
            with pytest.raises(Rejected, match="may have run out"):
                await pictures.portrait(BY_SOURCE, Recipe())
    assert len(finder.asked) == len(stale.asked) == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"statusCode":"404","error":"not_found","message":"Object not found"}', r"has no picture there \(status 404\)"),
        (b'{"statusCode":"403","error":"Unauthorized","message":"x"}', r"does not hand it out \(status 403\)"),
        (b'{"statusCode":"4x4"}', r"status 400"),
        (b'{"statusCode":404}', r"status 400"),
        (b"no json", r"status 400"),
    ],
)
async def test_a_storage_that_always_says_400_is_understood_by_its_body(tmp_path: Path, body: bytes, words: str) -> None:
    storage = Storage()
    storage.faults.status(400, None, body=body)
    async with serve(storage.app) as served, gallery(tmp_path) as found:
        content = Content("url", f"{served.url}/1.jpg", "1", "people", "1", HERE)
        with pytest.raises(Rejected, match=words):
            await found.portrait(content, Recipe(), tmp_path)


async def test_a_source_without_the_picture_or_in_trouble_says_so(tmp_path: Path) -> None:
    async with found_by(Finder([None]), "http://127.0.0.1", tmp_path) as pictures:
        with pytest.raises(Rejected, match="has no picture for this record"):
            await pictures.portrait(BY_SOURCE, Recipe())
    async with found_by(Finder([Nonsense("half an answer")]), "http://127.0.0.1", tmp_path) as pictures:
        with pytest.raises(PictureUnavailable, match="half an answer"):
            await pictures.portrait(BY_SOURCE, Recipe())


async def test_old_addresses_of_supabase_are_asked_over_https(tmp_path: Path) -> None:
    from controller.runtime.pictures import _secure

    assert _secure("http://abcd.supabase.co/x?token=1") == "https://abcd.supabase.co/x?token=1"
    assert _secure("http://supabase.co.evil.org/x") == "http://supabase.co.evil.org/x"


async def test_two_pictures_of_one_revision_stay_two(tmp_path: Path) -> None:
    red, blue = (Content("base64", base64.b64encode(jpeg(colour)).decode(), "same") for colour in ("red", "blue"))
    async with shelf(tmp_path) as pictures:
        one, other = await pictures.portrait(red, Recipe()), await pictures.portrait(blue, Recipe())
    assert one.sha256 != other.sha256


async def test_finished_pictures_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.runtime.pictures._KEPT", 2)
    async with gallery(tmp_path) as pictures:
        for number, colour in enumerate(("red", "green", "blue")):
            text = base64.b64encode(jpeg(colour)).decode()
            await pictures.portrait(Content("base64", text, str(number)), Recipe(), tmp_path)
        assert [key[2] for key in pictures._finished] == ["1", "2"] and len(pictures._busy) == 2
