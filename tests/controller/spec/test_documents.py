from __future__ import annotations

import os
from pathlib import Path

import pytest

from controller.model.diagnostic import Diagnostic, Severity
from controller.registry import Registry
from controller.spec import documents
from controller.spec.documents import read_documents
from controller.spec.load import check_specs


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str | bytes) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def found(path: str) -> list[Diagnostic]:
    return read_documents([Path(path)]).findings.diagnostics()


def test_files_are_read_in_order_and_hidden_ones_left_out() -> None:
    for name in ("b.yaml", "a.yml", "c.json", "notes.txt", ".hidden.yaml", ".git/x.yaml", "sub/d.YAML"):
        write(f"specs/{name}", '{"a": 1}')
    reading = read_documents([Path("specs")])
    assert [str(file) for file in reading.files] == ["specs/a.yml", "specs/b.yaml", "specs/c.json", "specs/sub/d.YAML"]
    assert [document.file for document in reading.documents] == [str(file) for file in reading.files]
    assert reading.documents[3].folder == Path("specs/sub")


def test_a_config_map_is_read_once_through_its_links() -> None:
    write("specs/..2026_11_22/doors.yaml", "a: 1")
    os.symlink("..2026_11_22", "specs/..data")
    os.symlink("..data/doors.yaml", "specs/doors.yaml")
    assert [str(file) for file in read_documents([Path("specs")]).files] == ["specs/doors.yaml"]


def test_a_link_back_up_does_not_go_round_for_ever() -> None:
    write("specs/sub/a.yaml", "a: 1")
    os.symlink("..", "specs/sub/up")
    assert [str(file) for file in read_documents([Path("specs")]).files] == ["specs/sub/a.yaml"]


def test_a_file_that_is_named_twice_is_read_once() -> None:
    file = write("specs/a.yaml", "a: 1")
    assert len(read_documents([Path("specs"), file]).documents) == 1


def test_a_file_that_is_named_is_read_whatever_it_is_called() -> None:
    assert len(read_documents([write("specs.txt", "a: 1")]).documents) == 1


@pytest.mark.parametrize(
    ("name", "content", "code", "place"),
    [
        ("specs/a.yaml", b"a: \xe5\n", "encoding", "specs/a.yaml:1:4"),
        ("specs/a.yaml", b"\xef\xbb\xbfb: 1\na: \xff\n", "encoding", "specs/a.yaml:2:4"),
        ("specs/a.yaml", "a: 1".encode("utf-16"), "encoding", "specs/a.yaml"),
        ("specs/a.yaml", b"", "empty-file", "specs/a.yaml"),
        ("specs/a.yaml", b"---\n", "empty-file", "specs/a.yaml"),
        ("specs/notes.txt", b"a: 1", "no-specs", "specs"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_a_place(name: str, content: bytes, code: str, place: str) -> None:
    write(name, content)
    (problem,) = found("specs")
    assert (problem.code, str(problem.place), problem.severity) == (code, place, Severity.ERROR)


def test_a_broken_byte_is_named_by_its_number() -> None:
    write("specs/a.yaml", b"# \xc3\xa5\na: \xe5\n")
    (problem,) = found("specs")
    assert problem.summary == "this is not UTF-8: byte 9 of the file is 0xe5"
    assert str(problem.place) == "specs/a.yaml:2:4"


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    write("specs/a.yaml", b"\xef\xbb\xbfa: 1\n")
    (document,) = read_documents([Path("specs")]).documents
    assert document.data == {"a": 1}
    assert str(document.key("a")) == "specs/a.yaml:1:1"


def test_comments_alone_are_a_warning_and_nothing_at_all_is_an_error(registry: Registry) -> None:
    write("specs/a.yaml", "# later\n")
    (warning,) = found("specs")
    assert (warning.code, warning.severity) == ("only-comments", Severity.WARNING)
    specs, problems = check_specs([Path("specs")], registry)
    assert specs is None
    assert [problem.code for problem in problems] == ["no-specs", "only-comments"]


def test_a_missing_path_is_an_error() -> None:
    assert [(p.code, str(p.place)) for p in found("nowhere")] == [("no-such-file", "nowhere")]


def test_no_path_at_all_declares_nothing(registry: Registry) -> None:
    specs, problems = check_specs([], registry)
    assert specs is None
    assert [problem.code for problem in problems] == ["no-specs"]


def test_a_file_beyond_all_measure_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 10)
    write("specs/a.yaml", "a: 123456789")
    assert [problem.code for problem in found("specs")] == ["too-large"]


def test_what_the_system_refuses_to_open_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    write("specs/a.yaml", "a: 1")
    write("other/sub/b.yaml", "b: 1")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert [(p.code, str(p.place)) for p in found("specs")] == [("unreadable", "specs/a.yaml")]
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert [p.code for p in found("other")] == ["unreadable"]


def test_json_with_escaped_characters_beyond_16_bits_is_read() -> None:
    write("specs/a.json", '{"a": "\\ud83d\\ude00 \\u00e5 \\/ \\\\ud83d"}')
    (document,) = read_documents([Path("specs")]).documents
    assert document.data == {"a": "\U0001f600 å / \\ud83d"}
