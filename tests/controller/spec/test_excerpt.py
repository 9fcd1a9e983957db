from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from controller.model.diagnostic import Diagnostic, Place
from controller.spec.excerpt import cut, looks_secret, mask_lines
from controller.spec.render import render_github, render_json, render_text, summary

Check = Callable[[str], Sequence[Diagnostic]]
CANARY = "c4n4ry-Zß9"


@pytest.mark.parametrize(
    "change",
    [
        ("password: {env: IVMS_PASSWORD}", f"password: {CANARY}"),
        ("password: {env: IVMS_PASSWORD}", f'password: "{CANARY}"'),
        ("password: {env: IVMS_PASSWORD}", f"pasword: {CANARY}"),
        ("password: {env: IVMS_PASSWORD}", f"password: [{CANARY}]"),
        ("password: {env: IVMS_PASSWORD}", f"password:\n      - {CANARY}"),
        ("password: {env: IVMS_PASSWORD}", f"password: |\n      {CANARY}\n\n      {CANARY}"),
        ("password: {env: IVMS_PASSWORD}", f"password: {{plain: {CANARY}}}\n    zone: x"),
        ("password: {env: IVMS_PASSWORD}", f"password:\n      plain: {CANARY}\n    zone: x"),
        ("password: {env: IVMS_PASSWORD}", f"password: {{env: A, plain: {CANARY}}}"),
        ("password: {env: IVMS_PASSWORD}", f"password: {{evn: {CANARY}}}"),
        ("password: {env: IVMS_PASSWORD}", f"password: '{CANARY}\n    zone: x"),
        ("password: {env: IVMS_PASSWORD}", f"password: {CANARY}: x"),
        ("username: admin", f"username: &x {CANARY}\n    token: *x"),
        ("username: admin", f"apiKey: {CANARY}"),
        ("username: admin", f"PASSWORD: {CANARY}"),
        ("http://192.168.1.100", f"http://admin:{CANARY}@192.168.1.100\n    zone: x"),
        ("config:\n    url", f"config:\n    {{password: {CANARY}, url"),
        ("timezone: Europe/Stockholm", f"timezone: Mars\n    password: {CANARY}"),
    ],
)
def test_a_secret_never_shows(check: Check, good: str, change: tuple[str, str]) -> None:
    device = good.rpartition("---\n")[2]
    found = check(good.replace(device, device.replace(*change)))
    assert found
    for shown in (render_text(found), render_json(found), render_github(found), repr(found)):
        assert CANARY not in shown


def test_references_stay_readable() -> None:
    lines = ["password: {env: NAME}", "password: {secret: door}", "password:", "  file: /run/secrets/door", "key: '{employee_no}'"]
    assert mask_lines(lines) == lines


def test_secrets_are_masked_to_the_end_of_what_belongs_to_them() -> None:
    lines = ["a: 1", "  token: abc  # xyz", "  next: 2", "- secret: |", "    one", "", "    two", "  after: 3", "pins:", "- 12"]
    shown = ["a: 1", "  token: ***", "  next: 2", "- secret: ***", "    ***", "", "    ***", "  after: 3", "pins:", "***"]
    assert mask_lines(lines, frozenset({"pins"})) == shown


@pytest.mark.parametrize(
    "key", ["password", "Passwort", "pasword", "api_key", "apiKey", "clientSecret", "accessToken", "pwd", "plain"]
)
def test_keys_that_sound_secret_are_taken_for_secret(key: str) -> None:
    assert looks_secret(key)


@pytest.mark.parametrize("key", ["plan", "key", "name", "url", "employee_no", "path", "passage"])
def test_other_keys_are_not(key: str) -> None:
    assert not looks_secret(key)


def test_an_excerpt_shows_two_lines_above_and_a_caret() -> None:
    lines = [f"line {number}" for number in range(1, 20)]
    assert cut(lines, Place("f", 10, 6)) == " 8 | line 8\n 9 | line 9\n10 | line 10\n   |      ^"
    assert cut(lines, Place("f", 1, 1)) == "1 | line 1\n  | ^"
    assert cut(lines, Place("f", 99, 1)) == ""


def test_an_excerpt_cannot_steer_the_terminal() -> None:
    assert cut(["a\x1b[31m\tb\u202ec\r"], Place("f", 1, 1)) == "1 | a?[31m b?c\n  | ^"


def test_long_lines_are_clipped() -> None:
    assert max(map(len, cut(["x" * 5000], Place("f", 1, 4000)).split("\n"))) < 140


def _two(check: Check, good: str) -> Sequence[Diagnostic]:
    return check(good.replace("onRemoval", "onRemovel").replace("pace: 1s", "pace: 5"))


def test_the_text_is_for_people(check: Check, good: str) -> None:
    text = render_text(_two(check, good))
    assert text.startswith("specs/a.yaml:38:5: error: there is no `onRemovel` here\n    36 |       manage: [person]\n")
    assert "\n  Did you mean `onRemoval`?\n" in text
    assert text.endswith("\n\n2 errors\n")
    assert "\x1b[" not in text
    assert "\x1b[31merror:\x1b[0m" in render_text(_two(check, good), colour=True)
    assert render_text([]) == ""


def test_warnings_are_counted_apart(check: Check) -> None:
    found = check("# nothing yet\n")
    assert summary(found) == "1 error, 1 warning"
    assert summary([]) == "no problems"
    assert "\x1b[33mwarning:" in render_text(found, colour=True)
    assert json.loads(render_json(found))["valid"] is False
    assert json.loads(render_json([]))["valid"] is True


def test_annotations_are_escaped(check: Check, good: str) -> None:
    lines = render_github(_two(check, good)).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(
        "::error file=specs/a.yaml,line=38,col=5,title=unknown-key::there is no `onRemovel` here%0ADid you mean"
    )
    plain = render_github(check("# nothing yet\n")).splitlines()
    assert plain[0].startswith("::error file=specs,title=no-specs::")
    assert plain[1].startswith("::warning file=specs/a.yaml,title=only-comments::")
