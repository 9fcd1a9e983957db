"""Files are replaced as wholes or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from controller.model.errors import TrueupError
from controller.spec.formatting.files import FormedFile, form_bytes, form_files, replace_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a.yaml"
    file.write_text("a:   1\n", encoding="utf-8")
    return file


def test_mode_and_link_stay(file: Path) -> None:
    file.chmod(0o640)
    link = file.with_name("link.yaml")
    link.symlink_to(file.name)
    replace_file(form_files([link]).files[0])
    assert link.is_symlink()
    assert (file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777) == ("a: 1\n", 0o640)
    assert sorted(path.name for path in file.parent.iterdir()) == ["a.yaml", "link.yaml"]


def test_a_file_that_was_changed_meanwhile_is_left(file: Path) -> None:
    (formed,) = form_files([file]).files
    file.write_text("a:   2\n", encoding="utf-8")
    with pytest.raises(TrueupError, match="changed while it was formatted"):
        replace_file(formed)
    assert file.read_text(encoding="utf-8") == "a:   2\n"


def test_a_file_that_may_not_be_written_is_not_replaced_through_its_folder(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # tests may run as root, who may do anything
    with pytest.raises(PermissionError):
        replace_file(form_files([file]).files[0])


def test_a_full_disk_leaves_the_old_file_and_nothing_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(form_files([file]).files[0])
    assert [(path.name, path.read_text(encoding="utf-8")) for path in file.parent.iterdir()] == [("a.yaml", "a:   1\n")]


def test_the_group_that_cannot_be_given_is_no_reason_to_stop(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(number: int, user: int, group: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refused)
    replace_file(form_files([file]).files[0])
    assert file.read_text(encoding="utf-8") == "a: 1\n"


def test_broken_files_are_told_apart_from_those_left_alone_and_stop_no_other(file: Path) -> None:
    for name, text in {"bad.yaml": "a: [1\n", "open.yaml": "a: |\n  x", "empty.yaml": "", "words.yaml": "# only\n"}.items():
        (file.parent / name).write_text(text, encoding="utf-8")
    forming = form_files([file.parent])
    assert [formed.path.name for formed in forming.files if formed.changed] == ["a.yaml"]
    assert [(d.code, Path(d.place.file).name) for d in forming.broken] == [("yaml-syntax", "bad.yaml")]
    assert [(d.code, Path(d.place.file).name) for d in forming.left] == [("would-change", "open.yaml")]


def test_a_password_in_a_broken_file_is_not_shown() -> None:
    forming = form_bytes("<stdin>", b"config: {password: hunter22\n")
    assert forming.broken
    assert "hunter22" not in str(forming.problems)


def test_bytes_that_are_no_text_are_a_problem_with_a_place() -> None:
    forming = form_bytes("<stdin>", b"a: \xff\n")
    assert (forming.files, [d.code for d in forming.broken]) == ((), ["encoding"])


def test_the_form_of_bytes() -> None:
    assert form_bytes("<stdin>", b"a:   1\r\n").files == (FormedFile(Path("<stdin>"), b"a:   1\r\n", b"a: 1\n"),)
