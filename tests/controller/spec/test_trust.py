"""The trust file: a secret goes to the hosts that the operator bound it to, and a spec cannot talk its way around that."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from controller.model.errors import SpecInvalid
from controller.sdk.reference import Reference
from controller.spec.trust import Trust, load_trust

DOOR = Reference(env="IVMS_PASSWORD")


def _trust(folder: Path, text: str, specs: tuple[Path, ...] = ()) -> Trust:
    (folder / "trust.yaml").write_text(text, "utf-8")
    return load_trust(folder / "trust.yaml", specs)


def _refused(folder: Path, text: str) -> SpecInvalid:
    with pytest.raises(SpecInvalid) as caught:
        _trust(folder, text)
    return caught.value


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("192.168.1.100", True),
        ("192.168.1.101", False),
        ("door.example.org", True),
        ("DOOR.Example.ORG.", True),
        ("a.b.example.org", True),
        ("example.org", False),
        ("evilexample.org", False),
        ("door.example.org.evil.net", False),
        (".example.org", False),
        ("xn--drr-sna.example.net", True),
        ("dörr.example.net", True),
        ("::1", True),
        ("[0:0:0:0:0:0:0:1]", True),
        ("", False),
        ("x" * 70 + "ä", False),
    ],
)
def test_a_secret_goes_to_its_hosts_only(tmp_path: Path, host: str, allowed: bool) -> None:
    trust = _trust(tmp_path, 'secrets:\n  env:IVMS_PASSWORD: [192.168.1.100, "*.example.org", "dörr.example.net", "[::1]"]\n')
    assert trust.allows(DOOR, host) is allowed


def test_a_wildcard_covers_names_and_never_addresses(tmp_path: Path) -> None:
    trust = Trust({"env:IVMS_PASSWORD": ("*.1.100",)})
    assert not trust.allows(DOOR, "192.168.1.100")


def test_what_is_not_bound_is_refused(tmp_path: Path) -> None:
    trust = _trust(tmp_path, "secrets: {env:IVMS_PASSWORD: [a.example], secret:register: [b.example]}")
    assert trust.allows(Reference(secret="register"), "b.example")
    assert not trust.allows(Reference(secret="IVMS_PASSWORD"), "a.example")
    assert not trust.allows(Reference(env="OTHER"), "a.example")


def test_what_everybody_may_read_needs_no_binding(tmp_path: Path) -> None:
    assert Trust({}).allows(Reference(plain=SecretStr("demo")), "anywhere.example")


def test_a_file_is_bound_by_where_it_really_lies(tmp_path: Path) -> None:
    specs, other = tmp_path / "specs", tmp_path / "other"
    for folder in (specs, other):
        folder.mkdir()
        (folder / "door").write_text("x")
    trust = _trust(tmp_path, "secrets: {file:specs/door: [a.example]}")
    assert trust.allows(Reference(file="door"), "a.example", specs)
    assert trust.allows(Reference(file="../specs/door"), "a.example", other)
    assert trust.allows(Reference(file=str(specs / "door")), "a.example")
    assert not trust.allows(Reference(file="door"), "a.example", other)
    (specs / "door").unlink()
    (specs / "door").symlink_to(other / "door")
    assert not Trust({f"file:{specs / 'door'}": ("a.example",)}).allows(Reference(file="door"), "a.example", specs)


def test_a_secret_bound_to_no_host_goes_nowhere(tmp_path: Path) -> None:
    assert not _trust(tmp_path, "secrets: {env:IVMS_PASSWORD: []}").allows(DOOR, "a.example")


@pytest.mark.parametrize("inside", [".", "specs", "trust.yaml"])
def test_a_trust_file_among_the_specs_is_refused(tmp_path: Path, inside: str) -> None:
    (tmp_path / "specs" / "deep").mkdir(parents=True)
    folder = tmp_path / "specs" / "deep" if inside == "specs" else tmp_path
    with pytest.raises(SpecInvalid, match="inside the specs"):
        _trust(folder, "secrets: {env:A: [a.example]}", (tmp_path / "elsewhere.yaml", tmp_path / inside))


def test_a_trust_file_beside_the_specs_is_fine(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "spec.yaml").write_text("kind: x")
    assert _trust(tmp_path, "secrets: {env:A: [a.example]}", (tmp_path / "specs", tmp_path / "spec.yaml")).path.name == "trust.yaml"


def test_a_link_into_the_specs_is_no_way_around(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "t.yaml").write_text("secrets: {env:A: [a.example]}")
    (tmp_path / "trust.yaml").symlink_to(tmp_path / "specs" / "t.yaml")
    with pytest.raises(SpecInvalid, match="inside the specs"):
        load_trust(tmp_path / "trust.yaml", [tmp_path / "specs"])


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "empty-file", 0),
        ("# nothing\n", "only-comments", 0),
        ("- a\n", "no-secrets", 1),
        ("secrets: [a]\n", "no-secrets", 1),
        ("secrets:\n  env:A: [a.example]\nsecret: x\n", "unknown-key", 3),
        ("secrets:\n  IVMS_PASSWORD: [a.example]\n", "unknown-reference", 2),
        ("secrets:\n  plain:x: [a.example]\n", "unknown-reference", 2),
        ("secrets:\n  'env:': [a.example]\n", "unknown-reference", 2),
        ("secrets:\n  env:A: a.example\n", "wrong-type", 2),
        ("secrets:\n  env:A:\n  - a.example\n  - http://b.example\n", "bad-host", 4),
        ("secrets:\n  env:A: [a.example:80]\n", "bad-host", 2),
        ("secrets:\n  env:A: ['*']\n", "bad-host", 2),
        ("secrets:\n  env:A: ['*.org']\n", "bad-host", 2),
        ("secrets:\n  env:A: ['a.*.org']\n", "bad-host", 2),
        ("secrets:\n  env:A: [17]\n", "bad-host", 2),
        ("secrets: {env:A: [a.example]}\n---\nsecrets: {env:A: [b.example]}\n", "several-documents", 3),
        ("secrets: {env:A: [a.example]\n", "yaml-syntax", 1),
    ],
)
def test_a_wrong_trust_file_says_where_it_is_wrong(tmp_path: Path, text: str, code: str, line: int) -> None:
    error = _refused(tmp_path, text)
    assert code in {found.code for found in error.diagnostics}
    assert error.diagnostics[0].place.file == str(tmp_path / "trust.yaml")
    assert line in {found.place.line for found in error.diagnostics}
    assert "trust.yaml" in error.message


def test_all_problems_of_a_trust_file_come_at_once(tmp_path: Path) -> None:
    error = _refused(tmp_path, "secrets:\n  A: [a.example]\n  env:B: [':']\n  env:C: 1\nmore: 1\n")
    assert [found.place.line for found in error.diagnostics] == [2, 3, 4, 5]


def test_a_missing_trust_file_is_an_error_and_not_no_trust(tmp_path: Path) -> None:
    with pytest.raises(SpecInvalid, match="no such file") as caught:
        load_trust(tmp_path / "trust.yaml")
    assert "-f PATH" not in caught.value.hint and "secrets:" in caught.value.hint
