"""Who has a face at a terminal, however it tells."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from controller.sdk import Incomplete, Nonsense, NotOffered, ProviderError, Ref
from providers.hikvision.simulator import PROFILES, Quirks, Terminal

pytestmark = pytest.mark.anyio
OpenLane = Callable[..., AbstractAsyncContextManager[Any]]
FDSEARCH, PERSONS = "/ISAPI/Intelligent/FDLib/FDSearch", "/ISAPI/AccessControl/UserInfo/Search"


def _filled(persons: int, faces: int, profile: Any = "DS-K1T341AM", /, **quirks: Any) -> Terminal:
    """Persons from 1001 on; the first so many have a face."""
    terminal = Terminal(profile, Quirks(**quirks)) if quirks else Terminal(profile)
    for number in range(1001, 1001 + persons):
        terminal.add_person(str(number), f"Person {number}")
        if number < 1001 + faces:
            terminal.add_face(str(number))
    return terminal


def _searches(terminal: Terminal) -> list[str]:
    return [call.path for call in terminal.log if call.path in (FDSEARCH, PERSONS) and call.status == 200]


async def test_where_faces_are_nobodys_business_nothing_is_asked_about_them(open_lane: OpenLane) -> None:
    terminal = _filled(3, 2)
    async with open_lane(terminal, kinds=frozenset({"person"})) as lane:
        facts = await lane.reader.facts()
        assert len(await lane.everything("person")) == 3
        assert not [call.path for call in terminal.log if "FDLib" in call.path]
        assert "it keeps no faces" not in facts.notes
        assert set(await lane.everything("face")) == {"1001", "1002"}  # whoever asks is told all the same


async def test_what_mappings_manage_is_asked_about_at_first_contact(open_lane: OpenLane) -> None:
    terminal = _filled(3, 2)
    async with open_lane(terminal, kinds=frozenset({"person", "face"})) as lane:
        assert (await lane.reader.facts()).capacity["face"][1] is not None
        assert [call.path for call in terminal.log if "FDLib" in call.path][:1] == ["/ISAPI/Intelligent/FDLib/capabilities"]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("faces", [0, 1, 61])
async def test_every_model_tells_who_has_a_face(open_lane: OpenLane, profile: str, faces: int) -> None:
    async with open_lane(_filled(65, faces, profile)) as lane:
        await lane.reader.facts()
        seen = await lane.everything("face")
        assert list(seen) == [str(1001 + n) for n in range(faces)]
        assert all(one.values == (None,) and one.subject == one.key for one in seen.values())
        refs = [Ref("1001"), Ref(str(1001 + faces)), Ref("404"), Ref("1001")]
        assert [one.key for one in await lane.reader.read("face", refs)] == (["1001"] if faces else [])


@pytest.mark.parametrize(
    "quirk",
    ["types_as_strings", "object_for_one", "odd_words", "nul_after", "opt_as_list", "more_forever", "xml_for_json",
     "wrapped_status", "ignore_filter", "no_fdsearch", "no_fdlib_get", "post_only_faces"],
)  # fmt: skip
@pytest.mark.parametrize("faces", [0, 1, 31])
async def test_quirks_of_the_answer_change_nothing(open_lane: OpenLane, quirk: str, faces: int) -> None:
    async with open_lane(_filled(33, faces, **{quirk: True})) as lane:
        assert len(await lane.everything("person", "face")) == 33
        assert len(await lane.everything("face")) == faces
        assert len(await lane.reader.read("face", [Ref(str(1001 + n)) for n in range(33)])) == faces


async def test_the_library_is_listed_where_it_can_be(open_lane: OpenLane) -> None:
    terminal = _filled(100, 31)
    async with open_lane(terminal) as lane:
        pages = [page async for page in lane.reader.observe(("face",))]
        assert [(page.kind, len(page.entities), page.total) for page in pages] == [("face", 30, 31), ("face", 1, 31)]
        assert _searches(terminal) == [FDSEARCH, FDSEARCH]


@pytest.mark.parametrize("quirk", ["no_fdsearch", "no_fdlib_get"])
async def test_else_the_persons_tell(open_lane: OpenLane, quirk: str) -> None:
    terminal = _filled(31, 3, **{quirk: True})
    async with open_lane(terminal) as lane:
        assert len(await lane.everything("face")) == 3
        assert _searches(terminal) == [PERSONS, PERSONS]


async def test_a_list_that_is_announced_and_not_there_is_had_from_the_persons_from_then_on(open_lane: OpenLane) -> None:
    terminal = _filled(3, 2)
    async with open_lane(terminal) as lane:
        await lane.reader.facts()
        terminal.quirks.no_fdsearch = True
        assert len(await lane.everything("face")) == 2
        assert len(await lane.everything("face")) == 2
        assert _searches(terminal) == [PERSONS, PERSONS]


async def test_faces_without_a_person_are_seen_in_the_library(open_lane: OpenLane) -> None:
    terminal = _filled(2, 2, keeps_faces=True)
    terminal.remove_at_the_door("1002")
    async with open_lane(terminal) as lane:
        assert list(await lane.everything("face")) == ["1001", "1002"]


async def test_a_terminal_that_keeps_no_faces_has_none_and_is_not_asked(open_lane: OpenLane) -> None:
    terminal = _filled(3, 0, replace(PROFILES["DS-K1T341AM"], faces=0))
    async with open_lane(terminal) as lane:
        facts = await lane.reader.facts()
        assert "face" not in facts.capacity and "it keeps no faces" in facts.notes
        pages = [page async for page in lane.reader.observe(("face",))]
        assert [(page.kind, page.entities, page.total) for page in pages] == [("face", [], 0)]
        assert await lane.reader.read("face", [Ref("1001")]) == []
        assert [right.what for right in await lane.reader.rights()] == ["list the persons", "list the cards"]
        assert not any("FDLib" in call.path for call in terminal.log)


async def test_a_terminal_that_does_not_tell_whose_faces_it_keeps_is_not_taken_for_an_empty_one(open_lane: OpenLane) -> None:
    async with open_lane(_filled(3, 2, no_face_count=True, no_fdsearch=True)) as lane:
        with pytest.raises(NotOffered, match="does not tell whose"):
            await lane.everything("face")
        with pytest.raises(NotOffered, match="does not tell whose"):
            await lane.reader.read("face", [Ref("1001")])


async def test_without_counts_each_is_looked_up_in_the_library(open_lane: OpenLane) -> None:
    terminal = _filled(3, 2, no_face_count=True)
    async with open_lane(terminal) as lane:
        assert [one.key for one in await lane.reader.read("face", [Ref("1002"), Ref("1003")])] == ["1002"]
        assert _searches(terminal) == [FDSEARCH, FDSEARCH]
        terminal.quirks.no_fdsearch = True
        with pytest.raises(NotOffered, match="does not tell whose"):
            await lane.reader.read("face", [Ref("1002")])


async def test_a_batch_is_one_call(open_lane: OpenLane) -> None:
    terminal = _filled(30, 15)
    async with open_lane(terminal) as lane:
        assert len(await lane.reader.read("face", [Ref(str(1001 + n)) for n in range(30)])) == 15
        assert _searches(terminal) == [PERSONS]


@pytest.mark.parametrize("after", [True, False])
async def test_a_count_that_lags_is_not_believed_for_ever(open_lane: OpenLane, after: bool) -> None:
    terminal = _filled(2, 0 if after else 1)
    terminal.quirks.face_count_lag = 50
    async with open_lane(terminal) as lane:

        async def there() -> bool:
            return bool(await lane.reader.read("face", [Ref("1001")]))

        assert await there() is not after
        if after:
            terminal.add_face("1001")
        else:
            terminal.remove_face("1001")
        assert [await there() for _ in range(3)] == [not after, after, after]
        assert _searches(terminal).count(FDSEARCH) == 2


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"[]", b'{"MatchList":[]}', b'{"statusCode":1}', b"<html></html>"])
async def test_an_empty_answer_is_never_an_empty_list(open_lane: OpenLane, body: bytes) -> None:
    terminal = _filled(3, 2)
    async with open_lane(terminal) as lane:
        await lane.reader.facts()
        terminal.faults.status(200, None, body=body, path=FDSEARCH)
        with pytest.raises(ProviderError):
            await lane.everything("face")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"responseStatusStrg":"OK","numOfMatches":1,"totalMatches":3,"MatchList":[{"FPID":"1001"}]}', Incomplete),
        (b'{"responseStatusStrg":"OK","numOfMatches":2,"totalMatches":2,"MatchList":[{"FPID":"1"},{"FPID":"1"}]}', Incomplete),
        (b'{"responseStatusStrg":"MORE","numOfMatches":1,"totalMatches":9,"MatchList":[{"FPID":"1"}]}', Incomplete),
        (b'{"responseStatusStrg":"OK","numOfMatches":1,"totalMatches":1,"MatchList":[{"faceURL":"http://x"}]}', Nonsense),
    ],
)
async def test_a_list_that_is_short_or_endless_or_nonsense_is_no_list(open_lane: OpenLane, body: bytes, kind: type) -> None:
    terminal = _filled(3, 2)
    async with open_lane(terminal) as lane:
        await lane.reader.facts()
        terminal.faults.status(200, None, body=body, path=FDSEARCH)
        with pytest.raises(kind):
            await lane.everything("face")


async def test_a_library_that_changes_while_it_is_read_is_incomplete(open_lane: OpenLane) -> None:
    async with open_lane(_filled(65, 65, total_changes=True)) as lane:
        with pytest.raises(Incomplete):
            await lane.everything("face")


@pytest.mark.parametrize(
    ("quirks", "used"), [({}, 2), ({"flat_count": True}, 2), ({"flat_count": True, "no_fdlib_get": True}, None)]
)
async def test_facts_tell_how_many_faces_there_are_and_fit(open_lane: OpenLane, quirks: dict[str, Any], used: int | None) -> None:
    terminal = _filled(3, 2, **(quirks or {"modify": "merge"}))
    async with open_lane(terminal) as lane:
        facts = await lane.reader.facts()
        assert facts.capacity["face"] == (used, 3000 if "no_fdlib_get" in quirks else 1500)
