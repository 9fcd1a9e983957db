"""Sending, replacing and deleting faces, whatever a terminal makes of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from controller.sdk import (
    Action,
    Actual,
    Busy,
    Conflict,
    Content,
    Done,
    Full,
    ProviderError,
    Ref,
    Rejected,
    Scope,
    SystemClock,
    TimedOut,
    Write,
    Written,
)
from providers.hikvision.isapi.face_codes import FACES, NOT_UNDERSTOOD
from providers.hikvision.isapi.multipart import Part, form
from providers.hikvision.isapi.verdict import Modeling, error_for, status_of
from providers.hikvision.simulator import PROFILES, Quirks, Terminal
from providers.hikvision.simulator.codes import FACE_CODES
from providers.hikvision.simulator.faces import PART_NAMES

pytestmark = pytest.mark.anyio
OpenLane = Callable[..., AbstractAsyncContextManager[Any]]
OLD, NEW = b"\xff\xd8\xff old \xff\xd9", b"\xff\xd8\xff new \xff\xd9"
FDLIB = "/ISAPI/Intelligent/FDLib/"
SIGNED = "https://photos.example/1001.jpg?token=SIGNED-SECRET"


class Watch(SystemClock):
    """Nobody waits; how long they would have stands in ``slept``."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def with_persons(profile: Any = "DS-K1T341AM", /, **quirks: Any) -> Terminal:
    terminal = Terminal(profile, Quirks(**quirks)) if quirks else Terminal(profile)
    terminal.add_person("1001", "One")
    terminal.add_person("1002", "Two")
    return terminal


def content(name: str = "new", **rest: Any) -> Content:
    return Content("url", name, f"1:{name}", "staff", "r7", **rest)


def create(key: str = "1001", picture: Content | None = None) -> Write:
    return Write(key, Action.CREATE, "face", key, (picture or content(),), subject=key)


def update(key: str = "1001", picture: Content | None = None) -> Write:
    return Write(key, Action.UPDATE, "face", key, (picture or content(),), subject=key, current=Actual(key, (None,), subject=key))


def delete(key: str = "1001") -> Write:
    return Write(key, Action.DELETE, "face", key, (None,), subject=key, current=Actual(key, (None,), subject=key))


def calls(terminal: Terminal) -> list[str]:
    return [
        f"{call.path.removeprefix(FDLIB)} {call.status}"
        for call in terminal.log
        if call.path.startswith(FDLIB) and call.method != "GET" and call.status != 401
    ]


# -- sending -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_face_arrives_and_its_hash_is_kept_as_evidence(open_lane: OpenLane, album: Any, profile: str) -> None:
    terminal = with_persons(profile)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        assert await lane.write(create()) == [Written("1001", Done.DONE, evidence=sha256(NEW).hexdigest())]
        assert terminal.faces == {"1001": NEW}
        assert [one.key for one in await lane.reader.read("face", [Ref("1001"), Ref("1002")])] == ["1001"]


@pytest.mark.parametrize("names", sorted(PART_NAMES))
async def test_the_names_that_a_terminal_takes_are_found_once(open_lane: OpenLane, album: Any, names: tuple[str, str]) -> None:
    terminal = with_persons(part_names="+".join(names))
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        assert [one.error for one in await lane.write(create("1001"))] == [None]
        tries = len(calls(terminal))
        assert [one.error for one in await lane.write(create("1002"))] == [None]
        assert len(calls(terminal)) == tries + 1
        assert terminal.faces == {"1001": NEW, "1002": NEW}


async def test_a_terminal_that_understands_no_upload_is_not_sent_all_forms_again_and_again(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons(part_names="something+else")
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        first, second = await lane.write(create("1001"), create("1002"))
        assert isinstance(first.error, Rejected) and isinstance(second.error, Rejected)
        assert "misses something in the request" in first.error.message
        assert len(calls(terminal)) == len(PART_NAMES) + 1
        terminal.quirks.part_names = ""
        assert [one.error for one in await lane.write(create("1002"))] == [None]


async def test_a_picture_that_cannot_be_had_concerns_one_person_and_no_call_is_made(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons()
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        lost, fine = await lane.write(create("1001", content("gone")), create("1002"))
        assert isinstance(lost.error, Rejected) and (lost.error.code, lost.effect) == ("picture-gone", Done.NONE)
        assert fine.error is None and calls(terminal) == ["FaceDataRecord 200"]


@pytest.mark.parametrize(("picture", "pictures", "code"), [(None, True, "no-picture"), (content(), False, "no-pictures")])
async def test_without_a_picture_nothing_is_sent(open_lane: OpenLane, album: Any, picture: Any, pictures: bool, code: str) -> None:
    terminal = with_persons()
    async with open_lane(terminal, pictures=album(new=NEW) if pictures else None) as lane:
        [written] = await lane.write(Write("w", Action.CREATE, "face", "1001", (picture,), subject="1001"))
        assert (written.error.code, written.effect) == (code, Done.NONE) and calls(terminal) == []


async def test_a_terminal_without_faces_is_sent_none(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons(replace(PROFILES["DS-K1T341AM"], faces=0))
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        [written] = await lane.write(create())
        assert written.error.code == "faces-not-offered" and calls(terminal) == []


async def test_a_face_for_nobody_tells_that_the_person_is_missing(open_lane: OpenLane, album: Any) -> None:
    async with open_lane(with_persons(), pictures=album(new=NEW)) as lane:
        [written] = await lane.write(create("404"))
        assert (written.error.code, written.effect) == ("missing", Done.NONE)


@pytest.mark.parametrize("code", sorted(code.lower() for code in FACE_CODES))
def test_every_code_about_faces_is_known_by_name_and_by_number(code: str) -> None:
    name, (status, error) = next((name, entry) for name, entry in FACE_CODES.items() if name.lower() == code)
    answers = ({"statusCode": status, "subStatusCode": name}, {"statusCode": status, "errorCode": error})
    by_name, by_number = (error_for(status_of(400, answer), "send it", wrote=True) for answer in answers)
    assert by_name is not None and by_number is not None
    assert (type(by_name), by_name.code, by_name.message) == (type(by_number), by_number.code, by_number.message)
    assert "refused it" not in by_name.message


@pytest.mark.parametrize(
    "code", sorted(name for name in FACE_CODES if name.lower() in FACES and name.lower() not in NOT_UNDERSTOOD)
)
async def test_a_refused_picture_says_what_to_do_and_leaves_the_old_one(open_lane: OpenLane, album: Any, code: str) -> None:
    terminal = with_persons()
    terminal.add_face("1002", OLD)
    bad = b"\xff\xd8\xff refused-as:" + code.encode() + b" \xff\xd9"
    async with open_lane(terminal, pictures=album(new=NEW, bad=bad)) as lane:
        added, changed, fine = await lane.write(create("1001", content("bad")), update("1002", content("bad")), update("1002"))
        words, advice = FACES[code.lower()][1:]
        for written in (added, changed):
            assert isinstance(written.error, Rejected) and written.error.scope is Scope.ENTITY
            assert f"the terminal {words}; {advice}" in written.error.message and written.effect is Done.NONE
        assert fine.error is None and terminal.faces == {"1002": NEW}
        assert len(calls(terminal)) == 3


@pytest.mark.parametrize("size", [150_000, 300_000])
async def test_a_misleading_refusal_of_a_large_picture_is_explained(open_lane: OpenLane, album: Any, size: int) -> None:
    large = b"\xff\xd8\xff" + b"x" * size + b"\xff\xd9"
    async with open_lane(with_persons(oversize_misleading=True), pictures=album(new=NEW, large=large)) as lane:
        await lane.write(create("1002"))
        [written] = await lane.write(create("1001", content("large")))
        if size < 200_000:
            assert written.error is None
        else:
            assert written.error.code == "badjsonformat"
            assert f"too large for them, and this one has {len(large)} bytes" in written.error.message


async def test_a_full_library_stops_adding_and_nothing_else(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons(replace(PROFILES["DS-K1T341AM"], faces=1))
    terminal.add_person("1003", "Three")
    terminal.add_face("1003", OLD)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        first, second, changed = await lane.write(create("1001"), create("1002"), update("1003"))
        assert isinstance(first.error, Full) and second.error is first.error and changed.error is None
        assert terminal.faces == {"1003": NEW}
        assert calls(terminal) == ["FaceDataRecord 400", "FDSetUp 200"]


async def test_a_face_of_somebody_else_is_told(open_lane: OpenLane, album: Any) -> None:
    bad = b"\xff\xd8\xff refused-as:alreadyExistThisFace \xff\xd9"
    async with open_lane(with_persons(), pictures=album(new=bad)) as lane:
        [written] = await lane.write(create())
        assert isinstance(written.error, Conflict) and written.error.code == "taken"
        assert "knows this face already, as somebody else" in written.error.message


# -- replacing ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [name for name in PROFILES if not PROFILES[name].quirks.post_only_faces])
async def test_every_model_takes_another_picture(open_lane: OpenLane, album: Any, profile: str) -> None:
    terminal = with_persons(profile)
    terminal.add_face("1001", OLD)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        assert await lane.write(update()) == [Written("1001", Done.DONE, evidence=sha256(NEW).hexdigest())]
        assert terminal.faces == {"1001": NEW}


@pytest.mark.parametrize(
    ("quirks", "way"),
    [({}, "FDSetUp"), ({"no_setup": True}, "FDModify"), ({"no_setup": True, "no_fdlib_get": True}, "FDModify")],
)
async def test_the_call_that_works_is_remembered(open_lane: OpenLane, album: Any, quirks: dict[str, Any], way: str) -> None:
    terminal = with_persons(**(quirks or {"modify": "merge"}))
    terminal.add_face("1001", OLD)
    terminal.add_face("1002", OLD)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        await lane.write(update("1001"))
        terminal.faults.forget_calls()
        await lane.write(update("1002"))
        assert calls(terminal) == [f"{way} 200"] and terminal.faces == {"1001": NEW, "1002": NEW}


async def test_where_nothing_changes_a_face_it_is_deleted_and_sent_anew(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons()
    terminal.add_face("1001", OLD)
    capabilities = b'{"FDMaxNum":1,"supportFDFunction":"post,delete,get","isSuportFDSearch":true}'
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        terminal.faults.status(200, body=capabilities, path=f"{FDLIB}capabilities")
        assert (await lane.write(update()))[0].error is None
        assert calls(terminal) == ["FDSearch/Delete 200", "FaceDataRecord 200"] and terminal.faces == {"1001": NEW}


async def test_a_face_that_is_lost_between_two_calls_is_told_and_unknown(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons()
    terminal.add_face("1001", OLD)
    bad = b"\xff\xd8\xff refused-as:faceLowQulity \xff\xd9"
    capabilities = b'{"FDMaxNum":1,"supportFDFunction":"post,delete"}'
    async with open_lane(terminal, pictures=album(new=bad)) as lane:
        terminal.faults.status(200, body=capabilities, path=f"{FDLIB}capabilities")
        [written] = await lane.write(update())
        assert written.effect is Done.UNKNOWN and "the old face is gone already" in written.error.message
        assert terminal.faces == {}


async def test_a_terminal_that_can_only_add_says_so(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons("KV9503")
    terminal.add_face("1001", OLD)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        [written] = await lane.write(update())
        assert written.error.code == "face-not-replaceable" and "at the terminal's own screen" in written.error.message
        assert written.effect is Done.NONE and terminal.faces == {"1001": OLD}


@pytest.mark.parametrize("setup", [True, False])
async def test_a_face_that_went_since_the_look_is_sent_anew(open_lane: OpenLane, album: Any, setup: bool) -> None:
    terminal = with_persons(no_setup=not setup)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        assert (await lane.write(update()))[0].error is None
        assert terminal.faces == {"1001": NEW}


async def test_a_face_that_somebody_added_since_the_look_is_never_a_success(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons()
    terminal.add_face("1001", OLD)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        [written] = await lane.write(create())
        assert isinstance(written.error, Conflict) and (written.error.code, written.effect) == ("exists", Done.NONE)
        assert terminal.faces == {"1001": OLD}


async def test_an_upload_without_an_answer_is_repeated_and_replaces_what_arrived(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons()
    async with open_lane(terminal, socket=True, pictures=album(old=OLD, new=NEW)) as lane:
        await lane.reader.facts()
        terminal.faults.lose_answer(1, path=f"{FDLIB}FaceDataRecord")
        with pytest.raises(ProviderError):
            await lane.write(create("1001", content("old")))
        assert terminal.faces == {"1001": OLD}
        assert (await lane.write(create("1001")))[0].error is None
        assert terminal.faces == {"1001": NEW}


@pytest.mark.parametrize("quirk", ["empty_200", "null_body"])
@pytest.mark.parametrize("was", [None, OLD])
async def test_where_a_terminal_answers_nothing_a_look_decides(open_lane: OpenLane, album: Any, quirk: str, was: Any) -> None:
    terminal = with_persons(**{quirk: True})
    if was:
        terminal.add_face("1001", was)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        [written] = await lane.write(update() if was else create())
        assert written.error is None and "shows one now" in written.message
        assert written.evidence == sha256(NEW).hexdigest() and terminal.faces == {"1001": NEW}


@pytest.mark.parametrize("was", [None, OLD])
async def test_silence_and_nothing_to_see_is_no_success(open_lane: OpenLane, album: Any, was: Any) -> None:
    terminal = with_persons()
    if was:
        terminal.add_face("1001", was)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        await lane.reader.facts()
        for call in ("FaceDataRecord", "FDSetUp", "FDSearch/Delete"):
            terminal.faults.status(200, None, path=f"{FDLIB}{call}")
        [written] = await lane.write(update() if was else create())
        assert written.error.code == "no-verdict" and written.effect is Done.UNKNOWN
        assert terminal.faces == ({"1001": OLD} if was else {})


# -- a terminal that works on a picture --------------------------------------------------------------------------------------


async def test_a_terminal_that_works_on_a_picture_is_asked_again(open_lane: OpenLane, album: Any) -> None:
    terminal, watch = with_persons(modeling_delay=3), Watch()
    async with open_lane(terminal, pictures=album(new=NEW), clock=watch) as lane:
        assert (await lane.write(create()))[0].error is None
        assert terminal.faces == {"1001": NEW} and watch.slept == [1.0, 2.0, 4.0]
        assert lane is not None


async def test_a_picture_that_arrives_while_the_terminal_said_wait_is_replaced_by_ours(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons(modeling_delay=1)

    class Meanwhile(Watch):
        async def sleep(self, seconds: float) -> None:
            terminal.add_face("1001", OLD)

    async with open_lane(terminal, pictures=album(new=NEW), clock=Meanwhile()) as lane:
        assert (await lane.write(create()))[0].error is None
        assert terminal.faces == {"1001": NEW}


async def test_the_wait_ends_and_the_next_person_is_served(open_lane: OpenLane, album: Any) -> None:
    terminal, watch = with_persons(modeling_delay=5), Watch()
    pictures = album(new=NEW)
    async with open_lane(terminal, pictures=pictures, clock=watch) as lane:
        first, second = await lane.write(create("1001"), create("1002"))
        assert isinstance(first.error, Modeling) and (first.error.scope, first.effect) == (Scope.ENTITY, Done.UNKNOWN)
        assert sum(watch.slept) == 15 and second.error is None
        assert pictures.asked == ["new", "new"]


# -- deleting ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [name for name in PROFILES if not PROFILES[name].quirks.post_only_faces])
async def test_every_model_deletes_one_face_and_no_other(open_lane: OpenLane, profile: str) -> None:
    terminal = with_persons(profile)
    terminal.add_face("1001", OLD)
    terminal.add_face("1002", OLD)
    async with open_lane(terminal) as lane:
        assert await lane.write(delete()) == [Written("1001", Done.DONE)]
        assert terminal.faces == {"1002": OLD} and "1001" in terminal.persons
        [again] = await lane.write(delete())
        assert again.error is None and again.message == "it was gone already"


async def test_the_delete_that_works_is_remembered(open_lane: OpenLane) -> None:
    terminal = with_persons("DS-K1T341AMF")
    terminal.add_face("1001", OLD)
    terminal.add_face("1002", OLD)
    async with open_lane(terminal) as lane:
        await lane.write(delete("1001"), delete("1002"))
        assert calls(terminal) == ["FDSearch/Delete 400", "FDDelete 200", "FDDelete 200"]


async def test_a_terminal_that_deletes_no_face_says_so_and_the_rest_goes_on(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons("KV9503")
    terminal.add_face("1001", OLD)
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        refused, fine = await lane.write(delete(), create("1002"))
        assert refused.error.scope is Scope.ENTITY and "no such call" in refused.error.message and fine.error is None


async def test_a_delete_that_is_refused_in_every_way_is_told_as_the_terminal_told_it(open_lane: OpenLane) -> None:
    terminal = with_persons()
    terminal.add_face("1001", OLD)
    refusal = b'{"statusCode":6,"subStatusCode":"badParameters","errorMsg":"FPID"}'
    async with open_lane(terminal) as lane:
        await lane.reader.facts()
        for call in ("FDSearch/Delete", "FDSetUp"):
            terminal.faults.status(400, None, body=refusal, path=f"{FDLIB}{call}")
        [written] = await lane.write(delete())
        assert written.error.code == "badparameters" and terminal.faces == {"1001": OLD}
        assert calls(terminal) == ["FDSearch/Delete 400", "FDDelete 404", "FDSetUp 400"]


async def test_a_face_of_nobody_is_never_deleted(open_lane: OpenLane) -> None:
    terminal = with_persons()
    terminal.add_face("1001", OLD)
    async with open_lane(terminal) as lane:
        [written] = await lane.write(Write("w", Action.DELETE, "face", "", (None,)))
        assert written.error.code == "no-key" and terminal.faces == {"1001": OLD} and calls(terminal) == []


# -- by address --------------------------------------------------------------------------------------------------------------


async def test_an_address_is_sent_as_it_is_and_nothing_is_fetched_here(open_lane: OpenLane, album: Any) -> None:
    terminal, pictures = with_persons(), album()
    terminal.device.pictures[SIGNED] = NEW
    async with open_lane(terminal, pictures=pictures) as lane:
        assert await lane.write(create("1001", content(SIGNED, direct=True))) == [Written("1001", Done.DONE)]
        assert (await lane.write(update("1001", content(SIGNED, direct=True))))[0].error is None
        assert terminal.faces == {"1001": NEW} and pictures.asked == []
        assert calls(terminal) == ["FaceDataRecord 200", "FDSetUp 200"]


@pytest.mark.parametrize("code", ["URLDownloadFailed", "picdataurlisnotvalid", "badParameters"])
async def test_an_address_that_fails_is_told_without_the_address(open_lane: OpenLane, album: Any, code: str) -> None:
    terminal = with_persons()
    async with open_lane(terminal, pictures=album()) as lane:
        await lane.reader.facts()
        body = f'{{"statusCode":6,"subStatusCode":"{code}","errorMsg":"{SIGNED}","requestURL":"{SIGNED}"}}'.encode()
        terminal.faults.status(400, body=body, path=f"{FDLIB}FaceDataRecord")
        [written] = await lane.write(create("1001", content(SIGNED, direct=True)))
        assert isinstance(written.error, Rejected) and written.error.code == code.lower()
        assert "SECRET" not in repr((written, written.error.message, written.error.detail, written.error.hint))


async def test_a_download_that_fails_concerns_one_person(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons()
    terminal.device.pictures[SIGNED] = NEW
    async with open_lane(terminal, pictures=album()) as lane:
        lost, fine = await lane.write(
            create("1001", content("https://photos.example/none", direct=True)), create("1002", content(SIGNED, direct=True))
        )
        assert "could not download the picture" in lost.error.message and lost.effect is Done.NONE
        assert fine.error is None and terminal.faces == {"1002": NEW}


# -- time, and what is never told --------------------------------------------------------------------------------------------


async def test_an_upload_may_take_longer_than_another_call_but_not_longer_than_a_lease_allows(
    open_lane: OpenLane, album: Any
) -> None:
    terminal, limits = with_persons(), {"connect": 1.0, "read": 0.1}
    async with open_lane(terminal, socket=True, pictures=album(new=NEW), timeouts=limits) as lane:
        await lane.reader.facts()
        terminal.faults.slow(0.2, path=f"{FDLIB}FaceDataRecord")
        assert (await lane.write(create()))[0].error is None
        terminal.faults.slow(0.5, path=f"{FDLIB}FDSetUp")
        with pytest.raises(TimedOut) as late:
            await lane.write(update())
        assert late.value.effect is Done.UNKNOWN


async def test_a_busy_terminal_is_left_to_the_engine(open_lane: OpenLane, album: Any) -> None:
    terminal = with_persons()
    async with open_lane(terminal, pictures=album(new=NEW)) as lane:
        await lane.reader.facts()
        terminal.faults.busy(1, path=f"{FDLIB}FaceDataRecord")
        with pytest.raises(Busy):
            await lane.write(create())
        assert terminal.faces == {}


def test_no_picture_can_end_its_own_part() -> None:
    tokens = iter(["first", "second"])
    kind, body = form(
        (Part("a", "application/json", b"{}"), Part("b", "image/jpeg", b"..--first..", "x.jpg")), lambda: next(tokens)
    )
    assert kind == "multipart/form-data; boundary=second"
    assert body == (
        b'--second\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: application/json\r\n\r\n{}\r\n'
        b'--second\r\nContent-Disposition: form-data; name="b"; filename="x.jpg"\r\nContent-Type: image/jpeg\r\n\r\n..--first..\r\n'
        b"--second--\r\n"
    )


def test_boundaries_cannot_be_guessed() -> None:
    part = Part("a", "application/json", b"{}")
    kinds = {form((part,))[0] for _ in range(10)}
    assert len(kinds) == 10 and all(len(kind.partition("boundary=")[2]) == 32 for kind in kinds)


async def test_pictures_and_addresses_stand_in_no_repr(open_lane: OpenLane, album: Any) -> None:
    write = create("1001", content(SIGNED, direct=True))
    assert "SECRET" not in repr(write)
    async with open_lane(with_persons(), pictures=album(new=NEW)) as lane:
        assert " new " not in repr(await lane.write(create()))
