"""What a spec says about faces, and what becomes of it for one terminal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from controller.model.record import RecordRef
from controller.sdk import Content, Entity, Facts, Refusal, Selected, Wish
from controller.sdk.pictures.portrait import VERSION
from providers.hikvision.config import PeopleMapping, kinds_of
from providers.hikvision.desired import RECIPE
from providers.hikvision.isapi.capability import Faces, Limits, faces_of, library_count, limits_of
from providers.hikvision.kinds import FACE, KINDS
from providers.hikvision.provider import PROVIDER

MARK = f"{VERSION}-{RECIPE.longest}-{RECIPE.shortest}-{RECIPE.most_bytes}:1001:"
SIGNED = "https://photos.example/faces/1001.jpg?token=SIGNED-SECRET#top"


def mapping(face: dict[str, Any] | None, **words: Any) -> PeopleMapping:
    base = {"from": "staff", "key": "{no}", "manage": ["face"], "face": face}
    return PeopleMapping.model_validate({**base, **words})


def wishes(face: dict[str, Any], **fields: Any) -> list[Wish]:
    one = Selected({"no": "1001", **fields}, (RecordRef("staff", "r7"),))
    return list(PROVIDER.desired(mapping(face), [one], None, "specs/door.yaml:1"))


def picture(face: dict[str, Any], **fields: Any) -> Content:
    [wish] = wishes(face, **fields)
    assert isinstance(wish, Entity) and (wish.kind, wish.key, wish.subject) == ("face", "1001", "1001")
    [content] = wish.values
    assert isinstance(content, Content)
    return content


def refusal(face: dict[str, Any], **fields: Any) -> Refusal:
    [wish] = wishes(face, **fields)
    assert isinstance(wish, Refusal) and (wish.kind, wish.key) == ("face", "1001")
    assert wish.record == RecordRef("staff", "r7") and wish.message.endswith("the face stays as it is")
    return wish


def test_a_face_comes_after_its_person_and_cannot_be_read_back() -> None:
    assert [kind.name for kind in KINDS] == ["person", "card", "face"]
    assert (FACE.after, FACE.expires, FACE.grants, FACE.fields[0].write_only) == (("person",), False, True, True)


def test_a_declared_face_is_managed_and_only_then() -> None:
    plain = {"from": "staff", "key": "{no}", "name": "{name}", "valid": {"until": "forever"}}
    assert kinds_of(PeopleMapping.model_validate(plain)) == ("person",)
    with_face = PeopleMapping.model_validate({**plain, "face": {"url": "{photo}"}, "cards": "{card}"})
    assert kinds_of(with_face) == ("person", "card", "face")
    assert kinds_of(mapping({"url": "{photo}"})) == ("face",)


def test_a_signed_address_is_compared_without_its_signature() -> None:
    content = picture({"url": "{photo}", "allowHosts": "photos.example"}, photo=SIGNED)
    assert (content.by, content.name, content.source, content.record) == ("url", SIGNED, "staff", "r7")
    assert content.revision == MARK + "https://photos.example/faces/1001.jpg"
    assert content.hosts == ("photos.example",) and not content.direct
    assert content == picture({"url": "{photo}"}, photo=SIGNED.replace("SIGNED", "OTHER"))
    assert content != picture({"url": "{photo}"}, photo="https://photos.example/faces/1002.jpg")
    assert "SECRET" not in repr(content)


def test_a_password_in_an_address_is_no_part_of_its_revision() -> None:
    content = picture({"url": "{photo}"}, photo="http://me:PASSWORD@photos.example:81/a.jpg")
    assert content.revision == MARK + "http://photos.example:81/a.jpg"


@pytest.mark.parametrize(
    ("face", "fields", "name", "revision"),
    [
        ({"file": "photos/{no}.jpg"}, {}, "photos/1001.jpg", "photos/1001.jpg"),
        ({"source": "{photo}"}, {"photo": "faces/7.jpg"}, "faces/7.jpg", "faces/7.jpg"),
        ({"source": "{photo}", "revision": "{at}"}, {"photo": "faces/7.jpg", "at": "2026-05-01"}, "faces/7.jpg", "2026-05-01"),
        ({"source": "{photo}", "revision": "{at}"}, {"photo": "faces/7.jpg", "at": None}, "faces/7.jpg", "faces/7.jpg"),
        (
            {"url": ["{signed}", "{photo}"]},
            {"signed": None, "photo": "http://x.example/a"},
            "http://x.example/a",
            "http://x.example/a",
        ),
    ],
)
def test_a_picture_is_known_by_its_name_unless_the_spec_says_by_what(face: Any, fields: Any, name: str, revision: str) -> None:
    content = picture(face, **fields)
    assert (content.name, content.revision) == (name, MARK + revision)


@pytest.mark.parametrize("face", [{"url": "https://x.example/photo?of={no}"}, {"file": "any.jpg", "revision": "{at}"}])
def test_pictures_of_two_people_are_never_equal(face: Any) -> None:
    rows = [Selected({"no": no, "at": "2026-05-01"}, (RecordRef("staff", no),)) for no in ("1001", "1002")]
    one, two = (wish.values[0] for wish in PROVIDER.desired(mapping(face), rows, None, "spec") if isinstance(wish, Entity))
    assert one != two


def test_base64_is_cleaned_and_known_by_what_it_says() -> None:
    content = picture({"base64": "{photo}"}, photo="data:image/jpeg;base64,/9j_4AAQ\nSkZJRg==")
    assert content.name == "/9j/4AAQSkZJRg==" and len(content.revision) == len(MARK) + 64
    assert content == picture({"base64": "{photo}"}, photo="/9j/4AAQSkZJRg")
    assert content != picture({"base64": "{photo}"}, photo="/9j/4AAQSkZJRQ")


@pytest.mark.parametrize("nothing", [None, "", "  ", ()])
@pytest.mark.parametrize("way", ["url", "file", "base64", "source"])
def test_a_record_without_a_picture_declares_no_face(way: str, nothing: Any) -> None:
    assert wishes({way: "{photo}"}, photo=nothing) == []


def test_a_part_of_a_name_that_is_missing_is_no_picture() -> None:
    assert wishes({"url": "https://x.example/{folder}/{photo}"}, folder="a", photo=None) == []


@pytest.mark.parametrize(
    ("face", "value", "code"),
    [
        ({"url": "{photo}"}, ("a", "b"), "picture-unreadable"),
        ({"url": "{photo}"}, float("nan"), "picture-unreadable"),
        ({"url": "{photo}"}, "faces/SECRET.jpg", "picture-unusable"),
        ({"url": "{photo}"}, "ftp://x.example/SECRET", "picture-unusable"),
        ({"url": "{photo}"}, "http://", "picture-unusable"),
        ({"url": "{photo}"}, "http://[SECRET", "picture-unusable"),
        ({"url": "{photo}"}, "http://x.example/a SECRET", "picture-unusable"),
        ({"url": "{photo}"}, "http://x.example/" + "SECRET" * 1000, "picture-unusable"),
        ({"file": "{photo}"}, "SECRET\x00.jpg", "picture-unusable"),
        ({"base64": "{photo}"}, "SECRET!", "picture-unusable"),
        ({"base64": "{photo}"}, "SECREé", "picture-unusable"),
        ({"base64": "{photo}"}, "SECRE", "picture-unusable"),
        ({"base64": "{photo}"}, "data:image/jpeg;base64,", "picture-unusable"),
    ],
)
def test_a_picture_that_makes_no_sense_changes_nothing_and_is_not_repeated(face: Any, value: Any, code: str) -> None:
    refused = refusal(face, photo=value)
    assert refused.code == code and "SECRE" not in refused.message


def test_a_refused_record_keeps_its_face() -> None:
    one = Selected({"no": "7 7", "photo": "http://x.example/a"}, (RecordRef("staff", "r7"),))
    words = {"manage": ["person", "face"], "name": "{no}", "valid": {"until": "forever"}}
    found = list(PROVIDER.desired(mapping({"url": "{photo}"}, **words), [one], None, "spec"))
    assert [(w.kind, w.code) for w in found if isinstance(w, Refusal)] == [("person", "key-unusable"), ("face", "key-unusable")]


def test_an_address_for_the_terminal_is_marked_as_such_and_no_recipe_is_in_it() -> None:
    content = picture({"url": "{photo}", "send": "url"}, photo=SIGNED)
    assert content.direct and content.revision == "as-it-is:1001:https://photos.example/faces/1001.jpg"


@pytest.mark.parametrize(
    ("face", "words"),
    [
        ({}, "found none"),
        ({"url": "{a}", "file": "{b}"}, "found url and file"),
        ({"file": "{a}", "allowHosts": ["x"]}, "allowHosts is about addresses"),
        ({"file": "{a}", "send": "url"}, "send: url needs url"),
        ({"url": "{a}", "send": "url", "allowHosts": ["x"]}, "the terminal downloads the picture"),
    ],
)
def test_words_that_contradict_each_other_are_told(face: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        mapping(face)


# -- what a terminal can hold ------------------------------------------------------------------------------------------------


def test_a_terminal_without_a_face_library_refuses_faces_and_nothing_else() -> None:
    [wish] = wishes({"url": "{photo}"}, photo=SIGNED)
    assert isinstance(wish, Entity)
    refused = PROVIDER.fit(wish, Facts(limits=Limits(faces=Faces(offered=False))))
    assert isinstance(refused, Refusal) and (refused.kind, refused.key, refused.code) == ("face", "1001", "faces-not-offered")
    assert PROVIDER.fit(wish, Facts(limits=Limits())) is wish


def test_an_address_that_is_too_long_for_the_terminal_is_told_beforehand() -> None:
    long = "https://photos.example/" + "x" * 300
    limits = Facts(limits=Limits(faces=Faces(address_length=256)))
    for send, fits in (("url", False), ("multipart", True)):
        [wish] = wishes({"url": "{photo}", "send": send}, photo=long)
        assert isinstance(wish, Entity)
        answer = PROVIDER.fit(wish, limits)
        assert (answer is wish) is fits
        if isinstance(answer, Refusal):
            assert answer.code == "address-too-long" and "xxx" not in answer.message


@pytest.mark.parametrize(
    ("persons", "faces", "most"),
    [(3000, 1500, 1500), (1000, 1500, 1000), (3000, None, 3000), (None, 1500, 1500), (None, None, None)],
)
def test_no_more_faces_than_persons_can_be_kept(persons: int | None, faces: int | None, most: int | None) -> None:
    people = {"UserInfo": {"maxRecordNum": persons}}
    assert faces_of({"FDRecordDataMaxNum": faces, "FDMaxNum": 1}, people, None).most == most


@pytest.mark.parametrize(
    ("terminal", "people", "faces", "offered"),
    [
        ({"isSupportFDLib": "true"}, {}, {}, True),
        ({"isSupportFDLib": "false"}, {"isSupportNumOfFace": True}, {"FDMaxNum": 1}, False),
        ({}, {}, {}, False),
        ({}, {"isSupportNumOfFace": 1}, {}, True),
        ({}, {}, {"FDMaxNum": 1}, True),
    ],
)
def test_whether_faces_are_kept_is_what_the_terminal_says_in_any_place(
    terminal: Any, people: Any, faces: Any, offered: bool
) -> None:
    limits = limits_of({"AccessControl": terminal}, {"UserInfo": people}, {}, faces)
    assert limits.faces.offered is offered


@pytest.mark.parametrize(
    ("document", "count"),
    [
        ({"recordDataNumber": 5}, 5),
        ({"FDRecordDataInfo": [{"FDID": "2", "recordDataNumber": 9}, {"FDID": "1", "recordDataNumber": "5"}]}, 5),
        ({"FDRecordDataInfo": {"FDID": 1, "recordDataNumber": 5}}, 5),
        ({}, None),
    ],
)
def test_the_library_is_counted_however_it_says_it(document: Any, count: int | None) -> None:
    assert library_count(document) == count


@pytest.mark.parametrize(
    ("face", "words", "path", "message"),
    [
        (None, {}, "face", "no picture is declared"),
        ({"url": "{photo}"}, {"manage": "card", "cards": "{card}"}, "face", "face is not managed here"),
        ({"url": "{photo}"}, {"key": None, "extended": "{email}", "findBy": "extended"}, "findBy", "faces need the employee"),
    ],
)
def test_words_about_faces_that_have_no_meaning_are_told(face: Any, words: Any, path: str, message: str) -> None:
    resource = SimpleNamespace(
        zone="UTC",
        config=SimpleNamespace(extended_field=1, address="http://10.0.0.1"),
        policy=SimpleNamespace(on_removal="delete"),
        mappings=(SimpleNamespace(section="people", mapping=mapping(face, **words)),),
    )
    told = [(problem.path[-1], problem.message) for problem in PROVIDER.check(resource)]
    assert any(where == path and message in words for where, words in told), told
