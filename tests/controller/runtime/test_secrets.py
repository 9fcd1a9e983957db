"""References become values for one host, and whatever was resolved never shows again."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from controller.model.errors import RuleRefused, SecretMissing
from controller.runtime.scrubber import Scrubber
from controller.runtime.secrets import Resolver
from controller.sdk.reference import Reference, origin_of, token
from controller.spec.trust import Trust

CANARY = "c4nary/+ å&\"'<7>"


class Sealed:
    def get(self, name: str) -> str:
        if name != "door":
            raise SecretMissing(f"there is no secret named {name!r}")
        return "sealed-value"


def _resolver(folder: Path, **env: str) -> Resolver:
    return Resolver(env, Sealed(), folder)


def test_every_kind_of_reference_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "door").write_text("from file\n", "utf-8")
    resolver = _resolver(tmp_path, DOOR="from env")
    assert resolver.resolve(Reference(env="DOOR"), "h") == "from env"
    assert resolver.resolve(Reference(secret="door"), "h") == "sealed-value"
    assert resolver.resolve(Reference(file="door"), "h") == "from file"
    assert resolver.resolve(Reference(plain=SecretStr("plain-value")), "h") == "plain-value"


def test_a_relative_file_begins_at_the_folder_of_its_spec(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "door").write_bytes(b" with blanks \r\n")
    assert _resolver(tmp_path).resolve(Reference(file="door"), "h", tmp_path / "specs") == " with blanks "


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (Reference(env="ABSENT"), "ABSENT is not set"),
        (Reference(env="EMPTY"), "EMPTY is set but empty"),
        (Reference(secret="absent"), "no secret named 'absent'"),
        (Reference(file="absent"), "absent cannot be read: No such file"),
        (Reference(file="folder"), "folder cannot be read: Is a directory"),
        (Reference(file="empty"), "empty is empty"),
        (Reference(file="binary"), "binary is not UTF-8"),
        (Reference(file="large"), "large is larger than 64 KiB"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path, reference: Reference, words: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"canary\xff")
    (tmp_path / "large").write_text("canary" * 20_000)
    with pytest.raises(SecretMissing, match=words) as caught:
        _resolver(tmp_path, EMPTY="").resolve(reference, "h")
    assert "canary" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"


def test_without_a_sealed_store_its_references_lead_nowhere(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match="there is none here"):
        Resolver({}, None, tmp_path).resolve(Reference(secret="door"), "h")


def test_a_file_that_everybody_can_read_is_warned_about_once(tmp_path: Path) -> None:
    told: list[str] = []
    resolver = Resolver({}, None, tmp_path, warn=told.append)
    (tmp_path / "door").write_text("canary")
    (tmp_path / "door").chmod(0o604)
    for _ in range(2):
        resolver.resolve(Reference(file="door"), "h")
    assert told == [f"everybody on this machine can read the secret in {tmp_path / 'door'}: chmod 600 {tmp_path / 'door'}"]
    (tmp_path / "own").write_text("canary")
    (tmp_path / "own").chmod(0o600)
    resolver.resolve(Reference(file="own"), "h")
    assert len(told) == 1


def test_a_secret_does_not_go_to_a_host_it_is_not_bound_to(tmp_path: Path) -> None:
    resolver = Resolver({"DOOR": CANARY}, None, tmp_path, Trust({"env:DOOR": ("a.example",)}, Path("trust.yaml")))
    assert resolver.resolve(Reference(env="DOOR"), "a.example") == CANARY
    with pytest.raises(RuleRefused, match=r"does not let \{env: DOOR\} go to b.example") as caught:
        resolver.resolve(Reference(env="DOOR"), "b.example")
    assert '"env:DOOR": ["b.example"]' in caught.value.hint
    with pytest.raises(RuleRefused, match="an unnamed host"):
        resolver.resolve(Reference(env="DOOR"), "")


def test_nothing_that_holds_secrets_shows_them(tmp_path: Path) -> None:
    resolver = _resolver(tmp_path, DOOR=CANARY)
    resolver.resolve(Reference(env="DOOR"), "h")
    assert repr(resolver) == "Resolver(Scrubber(1 secrets))"
    assert resolver.scrub(f"the device says {CANARY}!") == "the device says ***!"


FORMS = {
    "plain": CANARY,
    "url": quote(CANARY, safe=""),
    "url, small letters": quote(CANARY, safe="").replace("%C3%A5", "%c3%a5"),
    "path": quote(CANARY),
    "form": quote_plus(CANARY),
    "json": json.dumps(CANARY)[1:-1],
    "json, utf-8": json.dumps(CANARY, ensure_ascii=False)[1:-1],
    "html": html.escape(CANARY),
    "xml": html.escape(CANARY, quote=False),
    "base64": base64.b64encode(CANARY.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_secret_is_recognised_in_every_disguise(form: str) -> None:
    scrubber = Scrubber()
    scrubber.remember(CANARY)
    assert scrubber.scrub(f"before {form} after {form}") == "before *** after ***"


@given(user=st.text(max_size=12), secret=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x17F), min_size=4))
def test_basic_authentication_gives_nothing_away_whatever_the_user_is_called(user: str, secret: str) -> None:
    scrubber = Scrubber()
    scrubber.remember(secret)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        sent = encode(f"{user}:{secret}".encode()).decode()
        assert scrubber.scrub(f"Authorization: Basic {sent}").split(" Basic ")[1] == "***"


@given(st.lists(st.text(min_size=4), min_size=1, max_size=4), st.text())
def test_no_remembered_value_survives(values: list[str], around: str) -> None:
    scrubber = Scrubber()
    for value in values:
        scrubber.remember(value)
    text = scrubber.scrub(around.join(["", *values, ""]))
    assert not any(value in text for value in values if "*" not in value)


def test_a_longer_secret_does_not_leave_its_end_behind() -> None:
    scrubber = Scrubber()
    scrubber.remember("password")
    assert scrubber.scrub("password-2026") == "***-2026"
    scrubber.remember("password-2026")
    assert scrubber.scrub("password-2026 password") == "*** ***"


def test_short_values_are_left_alone() -> None:
    scrubber = Scrubber()
    assert scrubber.scrub("a text") == "a text"
    scrubber.remember("abc")
    assert scrubber.scrub("abc") == "abc"
    assert repr(scrubber) == "Scrubber(0 secrets)"
    scrubber.remember("abcd")
    assert scrubber.scrub("") == ""


def test_a_secret_of_a_record_is_known_by_name_bound_by_its_field_and_scrubbed(tmp_path: Path) -> None:
    name = token("terminals", "row 17", "password")
    reference = Reference.model_validate({"each": name}, context={"each": True})
    resolver = Resolver({}, None, tmp_path)
    with pytest.raises(SecretMissing, match="the record that holds the secret"):
        resolver.resolve(reference, "10.0.0.17")
    resolver.keep(name, "canary-17")
    assert resolver.resolve(reference, "10.0.0.17") == "canary-17"
    assert (resolver.scrub("said canary-17"), "canary" in repr(resolver)) == ("said ***", False)
    assert (str(reference), origin_of(name)) == ("{each: terminals/password/row 17}", "terminals/password")

    bound = Resolver({}, None, tmp_path, Trust({"each:terminals/password": ("10.0.0.17",)}))
    bound.keep(name, "canary-17")
    assert bound.resolve(reference, "10.0.0.17") == "canary-17"
    with pytest.raises(RuleRefused) as refused:
        bound.resolve(reference, "10.0.0.18")
    assert '"each:terminals/password": ["10.0.0.18"]' in refused.value.hint
