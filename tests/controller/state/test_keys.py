"""Keys: sealed content opens under its own name only, and no error shows what stood where."""

from __future__ import annotations

import base64
import os
import pickle
from pathlib import Path

import pytest

from controller.model.errors import KeyUnusable
from controller.state.keys import Keys, create_key, load_keys

MASTER = bytes(range(32))


def test_sealed_content_opens_again() -> None:
    keys = Keys(MASTER)
    assert keys.open("a", keys.seal("a", b"content")) == b"content"


def test_sealing_twice_gives_two_texts() -> None:
    keys = Keys(MASTER)
    assert keys.seal("a", b"content") != keys.seal("a", b"content")


@pytest.mark.parametrize("position", [0, 1, 12, 13, -1])
def test_one_changed_bit_anywhere_is_noticed(position: int) -> None:
    keys = Keys(MASTER)
    blob = bytearray(keys.seal("a", b"content"))
    blob[position] ^= 1
    with pytest.raises(KeyUnusable, match="another key, or was changed"):
        keys.open("a", bytes(blob))


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01short"])
def test_a_truncated_blob_is_a_clear_error(blob: bytes) -> None:
    with pytest.raises(KeyUnusable):
        Keys(MASTER).open("a", blob)


def test_content_sealed_for_one_record_does_not_open_for_another() -> None:
    keys = Keys(MASTER)
    with pytest.raises(KeyUnusable):
        keys.open("b", keys.seal("a", b"content"))


def test_another_key_opens_nothing() -> None:
    with pytest.raises(KeyUnusable):
        Keys(bytes(32)).open("a", Keys(MASTER).seal("a", b"content"))


def test_a_signature_holds_for_its_data_and_key_only() -> None:
    keys = Keys(MASTER)
    signature = keys.sign(b"plan")
    assert keys.verify(b"plan", signature)
    assert not keys.verify(b"plan!", signature)
    assert not keys.verify(b"plan", signature[:-1] + "é")
    assert not Keys(bytes(32)).verify(b"plan", signature)


def test_fingerprints_are_short_stable_and_keyed() -> None:
    keys = Keys(MASTER)
    assert len(keys.fingerprint(b"0011223344")) == 32
    assert keys.fingerprint(b"0011223344") == Keys(MASTER).fingerprint(b"0011223344")
    assert keys.fingerprint(b"0011223344") != Keys(bytes(32)).fingerprint(b"0011223344")


def test_keys_show_nothing_and_cannot_be_pickled() -> None:
    keys = Keys(MASTER)
    assert repr(keys) == str(keys) == "Keys(***)"
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(keys)


def test_a_master_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(KeyUnusable, match="holds 5 bytes"):
        Keys(b"short")


def test_a_key_that_was_made_is_found_again(folder: Path) -> None:
    made = create_key(folder)
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert load_keys(folder, {}).fingerprint(b"x") == made.fingerprint(b"x")


def test_a_key_is_never_overwritten(folder: Path) -> None:
    create_key(folder)
    content = (folder / "key").read_bytes()
    with pytest.raises(KeyUnusable, match="a key already"):
        create_key(folder)
    assert (folder / "key").read_bytes() == content


def test_a_key_that_could_not_be_written_whole_does_not_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyUnusable, match="No space left"):
        create_key(folder)
    assert not (folder / "key").exists()


def test_a_key_in_an_impossible_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyUnusable, match="cannot be made"):
        create_key(tmp_path / "file" / "folder")


def test_the_environment_comes_before_the_file(folder: Path) -> None:
    create_key(folder)
    found = load_keys(folder, {"TRUEUP_KEY": base64.b64encode(MASTER).decode()})
    assert found.fingerprint(b"x") == Keys(MASTER).fingerprint(b"x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "TRUEUP_KEY is empty"),
        ("  ", "TRUEUP_KEY is empty"),
        ("correct horse battery staple!", "is not base64"),
        ("räksmörgås", "is not base64"),
        (base64.b64encode(b"hunter2").decode(), "holds 7 bytes, it must be 32"),
    ],
)
def test_a_bad_key_in_the_environment_is_named_and_not_shown(folder: Path, text: str, words: str) -> None:
    with pytest.raises(KeyUnusable, match=words) as caught:
        load_keys(folder, {"TRUEUP_KEY": text})
    assert not text.strip() or text not in str(caught.value) + caught.value.hint
    assert caught.value.__cause__ is None


def test_a_missing_key_says_where_it_was_looked_for(folder: Path) -> None:
    with pytest.raises(KeyUnusable, match="no key") as caught:
        load_keys(folder, {})
    assert "TRUEUP_KEY" in str(caught.value)
    assert "bring back the key" in caught.value.hint


def test_a_file_where_the_state_should_be_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "doors.yaml").write_text("")
    with pytest.raises(KeyUnusable, match=r"doors\.yaml is no folder"):
        create_key(tmp_path / "doors.yaml")


def test_a_key_file_that_others_can_read_is_refused_with_the_command(folder: Path) -> None:
    create_key(folder)
    (folder / "key").chmod(0o644)
    with pytest.raises(KeyUnusable, match="read by others") as caught:
        load_keys(folder, {})
    assert caught.value.hint.endswith(f": chmod 600 {folder / 'key'}")


def test_a_damaged_key_file_is_a_clear_error(folder: Path) -> None:
    create_key(folder)
    (folder / "key").write_bytes(b"\xff\xfe")
    with pytest.raises(KeyUnusable, match="not base64"):
        load_keys(folder, {})


def test_a_folder_in_the_key_files_place_is_a_clear_error(folder: Path) -> None:
    (folder / "key").mkdir(parents=True)
    with pytest.raises(KeyUnusable, match="cannot be read"):
        load_keys(folder, {})
