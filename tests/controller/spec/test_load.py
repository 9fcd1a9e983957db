from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.model.diagnostic import Diagnostic, Severity
from controller.model.errors import SpecInvalid
from controller.registry import Registry
from controller.spec.load import check_specs, load_specs
from controller.spec.policy import Limits, Policy

Check = Callable[[str], Sequence[Diagnostic]]

_SCALAR = st.none() | st.booleans() | st.integers(-5, 5) | st.just(1.5) | st.text("a{}*/%1", max_size=5)
_KEY = st.text("ab", max_size=2)
_ANYTHING = st.recursive(_SCALAR, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEY, inner, max_size=2))

SETTINGS = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: main}
spec: {timezone: Europe/Stockholm, parallelDevices: 4}
"""


def only(found: Sequence[Diagnostic]) -> Diagnostic:
    assert len(found) == 1, found
    return found[0]


def edited(good: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in good, old
        good = good.replace(old, new)
    return good


def place_of(text: str, part: str) -> str:
    before = text[: text.index(part)]
    return f"specs/a.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_the_design_s_example_loads(good: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(good)
    specs = load_specs([Path("a.yaml")], registry)
    door = specs.by_address["Device/front-door"]
    assert [str(r.address) for r in specs.resources] == ["Source/members", "Source/ids", "Device/front-door"]
    assert (door.zone, door.labels, door.folder) == ("Europe/Stockholm", {"site": "gym"}, Path())
    assert door.policy.limits == Limits(revoke=0.3, grant=0.3)
    assert (door.policy.pace, door.policy.on_removal) == (1.0, "expire")
    (mapped,) = door.mappings
    assert (mapped.section, mapped.mapping.from_, str(mapped.place)) == ("people", "members", "a.yaml:29:7")
    assert str(door.place) == "a.yaml:20:18"
    assert set(specs.sources) == {"members", "ids"}
    assert specs.targets == (door,)
    assert specs.files == (Path("a.yaml"),)


def test_the_controller_s_zone_serves_all_that_name_none(good: str, registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"{SETTINGS}---\n" + edited(good, ("    timezone: Europe/Stockholm\n", "")))
    specs = load_specs([file], registry)
    assert specs.controller.parallel_devices == 4
    assert {r.zone for r in specs.resources} == {"Europe/Stockholm"}


def test_digests_follow_what_is_declared_and_nothing_else(good: str, registry: Registry, tmp_path: Path) -> None:
    def digests(text: str) -> tuple[str, str]:
        (tmp_path / "a.yaml").write_text(text)
        specs = load_specs([tmp_path / "a.yaml"], registry)
        return specs.by_address["Device/front-door"].digest, specs.digest

    first = digests(good)
    assert digests(f"# a comment\n{good}") == first
    changed = digests(edited(good, ("pace: 1s", "pace: 2s")))
    assert changed[0] != first[0] and changed[1] != first[1]
    other = digests(edited(good, ("organizationId: 123", "organizationId: 124")))
    assert other[0] == first[0] and other[1] != first[1]
    assert digests(f"{good}---\n{SETTINGS}")[1] != first[1]
    secret = "password: {env: IVMS_PASSWORD}"
    assert digests(edited(good, (secret, "password: {plain: one}"))) == digests(edited(good, (secret, "password: {plain: two}")))


def test_all_problems_come_at_once_in_order_of_place(check: Check, good: str) -> None:
    found = check(
        edited(
            good,
            ("organizationId: 123", "organizationId: many"),
            ("path: ids.csv", "pfad: ids.csv"),
            ("password: {env: IVMS_PASSWORD}", "password: hunter2"),
            ("onRemoval: expire", "onRemovel: expire"),
            ("pace: 1s", "pace: 1s\n    pace: 2s"),
        )
    )
    assert [d.code for d in found] == ["wrong-type", "missing", "unknown-key", "literal-secret", "unknown-key", "duplicate-key"]
    assert [d.place for d in found] == sorted(d.place for d in found)
    assert all(d.severity is Severity.ERROR and d.summary and d.place.line and "^" in d.excerpt for d in found)


def test_spec_invalid_carries_every_problem(good: str, registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(edited(good, ("pace: 1s", "pace: soon"), ("kind: Source", "kind: Sauce")))
    with pytest.raises(SpecInvalid, match="problems in the specs") as caught:
        load_specs([tmp_path], registry)
    assert len(caught.value.diagnostics) > 2
    (tmp_path / "a.yaml").write_text(edited(good, ("pace: 1s", "pace: soon")))
    with pytest.raises(SpecInvalid, match=r"^1 problem in the specs"):
        load_specs([tmp_path], registry)


@pytest.mark.parametrize(
    ("old", "new", "code", "words", "suggestion"),
    [
        ("onRemoval: expire", "onRemovel: expire", "unknown-key", "there is no `onRemovel` here", "onRemoval"),
        ("onRemoval: expire", "on_removal: expire", "unknown-key", "there is no `on_removal` here", "onRemoval"),
        ("    timezone: ", "    onRemoval: keep\n    timezone: ", "unknown-key", "`onRemoval` does not belong here", ""),
        ("    timezone: ", "    spec: x\n    timezone: ", "unknown-key", "`spec` does not belong here", ""),
        ("    timezone: ", "    revokes: x\n    timezone: ", "unknown-key", "there is no `revokes` here", ""),
        ("    timezone: ", "    zzz: x\n    timezone: ", "unknown-key", "there is no `zzz` here", ""),
        ("onRemoval: expire", "onRemoval: expires", "wrong-word", "`onRemoval` must be one of: delete, expire, keep", "expire"),
        ("onRemoval: expire", "onRemoval: 7", "wrong-word", "`onRemoval` must be one of: delete, expire, keep", ""),
        ("pace: 1s", "pace: 5", "bad-value", "'5' is not a duration", ""),
        ("pace: 1s", "pace: 1.5", "bad-value", "'1.5' is not a duration", ""),
        ("pace: 1s", "pace: 5 minutes", "bad-value", "'5 minutes' is not a duration", ""),
        ("revoke: 30%", "revoke: 0.3", "bad-value", "'0.3' is not a share", ""),
        ("revoke: 30%", "revoke: 130%", "bad-value", "'130%' is not a share", ""),
        ("door: 1,", "door: 9,", "less-than-equal", "`door`: this should be less than or equal to 4", ""),
        ("door: 1,", "door: one,", "wrong-type", "`door` must be a whole number, but here is a text", ""),
        ('key: "{employee_no}"', "key: {employee_no}", "wrong-type", 'put it in quotes, "{employee_no}"', ""),
        ("door: 1,", "door: 1.5,", "wrong-type", "`door` must be a whole number, but here is a number", ""),
        ("name: front-door", "name: 17", "wrong-type", "`name` must be a text, but here is a whole number: put it in quotes", ""),
        ("site: gym", "site: true", "wrong-type", "`site` must be a text, but here is true or false: put it in quotes", ""),
        ("username: admin", "username: [a]", "wrong-type", "`username` must be a text or keys and values, but here is a list", ""),
        ("username: admin", "username: {evn: A}", "unknown-key", "there is no `evn` here", "env"),
        ("username: admin", "username: {env: A, file: b}", "one-reference", "write exactly one of env, file, secret, plain", ""),
        ("    username: admin\n", "", "missing", "`username` is missing", ""),
        ("doors: [{door: 1, plan: 1}]", "doors: 1", "wrong-type", "`doors` must be a list, but here is a whole number", ""),
        ("doors: [{door: 1, plan: 1}]", "doors: [7]", "wrong-type", "item 1 of `doors` must be keys and values", ""),
        ("{name: front-door, labels: {site: gym}}", "", "wrong-type", "`metadata` must be keys and values, but here is", ""),
        ("name: front-door", "name: Front Door", "bad-name", "a name has at most 63 small letters", ""),
        ("name: front-door", f"name: {'x' * 64}", "bad-name", "a name has at most 63 small letters", ""),
        ('key: "{employee_no}"', "key: []", "empty", "`key` is empty: write at least one", ""),
        ("kind: Device", "kind: device", "unknown-kind", "there is no such kind of spec", "Device"),
        ("kind: Device", "kind: [Device]", "unknown-kind", "there is no such kind of spec", ""),
        ("provider: terminal", "provider: terminol", "unknown-provider", "there is no provider `terminol`", "terminal"),
        ("provider: terminal", "provider: register", "wrong-kind", "`register` is a provider of kind Source, not Device", ""),
        ("provider: terminal", "provider: broken", "broken-provider", "cannot be loaded", ""),
        ("provider: terminal", "provider: 7", "missing-provider", "`provider` must be a text", ""),
        ("  provider: terminal\n", "", "missing-provider", "`provider` is missing", ""),
        ("from: members", "from: member", "unknown-source", "there is no source `member`", "members"),
        ("source: ids", "source: id", "unknown-source", "there is no source `id`", "ids"),
        ("take: employee_no", "take: employee", "unknown-field", "the source `ids` has no field `employee`", "employee_no"),
        ("take: employee_no", "take: [email, nummer]", "unknown-field", "the source `ids` has no field `nummer`", ""),
        ('on: "{email}", ', 'on: "{email}", by: e_mail, ', "unknown-field", "the source `ids` has no field `e_mail`", "email"),
        ('on: "{email}"', 'on: "{phone}"', "unknown-field", "the source `ids` has no field `phone`", ""),
        ('on: "{email}"', 'on: "{email}{phone}"', "match", "say with `by` which field", ""),
        ('on: "{email}"', 'on: "{emial}", by: email', "template-field", "no field 'emial'", "email"),
        ('on: "{email}"', 'on: "{email"', "template", "without its partner", ""),
        ("{full_name}", "{fullname}", "template-field", "no field 'fullname'", "full_name"),
        ("{full_name}", "{tags}", "template-field", "'tags' is a list", ""),
        ("{full_name}", "{}", "template", "empty braces", ""),
        ("active: true", "activ: true", "where", "", "active"),
        ("active: true", "active: {eq: true}", "where", "", ""),
        ("active: true", 'active: "yes"', "where", "", ""),
        ("Europe/Stockholm", "Europe/Stokholm", "unknown-timezone", "no time zone `Europe/Stokholm`", "Europe/Stockholm"),
        ("timezone: Europe/Stockholm", "timezone: ../etc", "unknown-timezone", "no time zone `../etc`", ""),
        ("    timezone: Europe/Stockholm\n", "", "missing-timezone", "the time zone of the site is missing", ""),
        ("manage: [person]", "manage: [face]", "provider", "this terminal keeps no faces", ""),
        ("pace: 1s", "protect: [persons/1]", "bad-pattern", "there is no `persons` here", "person"),
        ("pace: 1s", "protect: [person]", "bad-pattern", "a pattern is written kind/key", ""),
        ("pace: 1s", "neverRemove: [person/]", "bad-pattern", "a pattern is written kind/key", ""),
        ("pace: 1s", "ignore: [names]", "unknown-field", "`names` is no field of what terminal keeps", "name"),
        ("url: http://192", "url: http://[192", "bad-url", "this is no address", ""),
    ],
)  # fmt: skip
def test_a_mistake_is_named_in_plain_words(
    check: Check, good: str, old: str, new: str, code: str, words: str, suggestion: str
) -> None:
    head, _, device = good.rpartition("---\n")
    found = only(check(f"{head}---\n{edited(device, (old, new))}"))
    assert (found.code, found.suggestion) == (code, suggestion)
    assert words in found.summary
    assert found.place.line > 18
    assert found.path.startswith(("spec", "metadata", "kind"))


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("onRemoval: expire", "onRemovel: expire", "onRemovel"),
        ("onRemoval: expire", "onRemoval: explode", "explode"),
        ("from: members", "from: nobody", "nobody"),
        ("{full_name}", "{fullname}", '"{fullname}"'),
        ('key: "{employee_no}"', 'key: "{employee}"', '"{employee}"'),
        ("take: employee_no", "take: [email, nummer]", "nummer"),
        ("source: ids", "source: nowhere", "nowhere"),
        ("username: admin", "username: {evn: A}", "evn"),
        ("    username: admin\n", "", "config:\n    url: http:"),
        ("doors: [{door: 1, plan: 1}]", "doors: [{door: 1}, {door: 9}]", "9}"),
    ],
)
def test_a_mistake_is_shown_where_it_stands(check: Check, good: str, old: str, new: str, at: str) -> None:
    text = edited(good, (old, new))
    found = only(check(text))
    assert str(found.place) == place_of(text, at)
    assert found.excerpt.split("\n")[-1].endswith("^")


def test_a_key_at_the_wrong_level_is_sent_home(check: Check, good: str) -> None:
    found = only(check(edited(good, ("    timezone: ", "    onRemoval: keep\n    timezone: "))))
    assert found.detail == "`onRemoval` belongs under spec.policy."


def test_one_mistake_hides_no_other_in_the_same_document(check: Check, good: str) -> None:
    found = check(
        edited(good, ("url: http://192.168.1.100", "url: 7"), ("{full_name}", "{fullname}"), ("pace: 1s", "protect: [x]"))
    )
    assert [d.code for d in found] == ["wrong-type", "template-field", "bad-pattern"]
    policy = check(edited(good, ("url: http://192.168.1.100", "url: http://["), ("pace: 1s", "pace: 5")))
    assert [d.code for d in policy] == ["bad-url", "bad-value"]


def test_a_source_that_is_wrong_is_still_a_source(check: Check, good: str) -> None:
    found = only(check(edited(good, ("organizationId: 123", "organizationId: many"), ("{full_name}", "{whatever}"))))
    assert found.code == "wrong-type"
    joined = only(check(edited(good, ("{path: ids.csv}", "{path: 7}"), ("{full_name}", "{whatever}"))))
    assert joined.code == "wrong-type"


def test_a_document_of_an_unknown_provider_keeps_its_name(check: Check, good: str) -> None:
    found = only(check(edited(good, ("provider: register", "provider: registr"))))
    assert (found.code, found.suggestion) == ("unknown-provider", "register")


def test_two_documents_of_one_name_are_refused_with_both_places(check: Check, good: str) -> None:
    found = only(check(edited(good, ("name: ids", "name: members"), ("source: ids", "source: members"))))
    assert found.code == "duplicate-address"
    assert found.summary == "Source/members is declared already: specs/a.yaml:3:18"
    assert found.place.line == 13


def test_two_resources_on_one_device_are_refused(check: Check, good: str) -> None:
    head, _, device = good.rpartition("---\n")
    twin = edited(device, ("front-door", "back-door"), ("http://192.168.1.100", "http://192.168.1.100:80/"))
    found = only(check(f"{head}---\n{device}---\n{twin}"))
    assert found.code == "shared-endpoint"
    assert found.summary.startswith("Device/front-door is at the same address already (specs/a.yaml:24:")
    other = edited(twin, (":80/", ":8080"))
    assert check(f"{head}---\n{device}---\n{other}") == []


def test_there_is_one_controller_at_most(check: Check, good: str) -> None:
    second = edited(SETTINGS, ("name: main", "name: other"))
    found = only(check(f"{SETTINGS}---\n{second}---\n{good}"))
    assert (found.code, found.place.line) == ("second-controller", 7)


def test_a_controller_that_is_wrong_spares_the_others_its_consequences(check: Check, good: str) -> None:
    settings = edited(SETTINGS, ("parallelDevices: 4", "parallelDevices: 0"))
    found = only(check(f"{settings}---\n" + edited(good, ("    timezone: Europe/Stockholm\n", ""))))
    assert found.summary == "`parallelDevices`: this should be greater than or equal to 1"
    zone = only(check(edited(f"{SETTINGS}---\n{good}", ("timezone: Europe/Stockholm, ", "timezone: Mars, "))))
    assert (zone.code, str(zone.place)) == ("unknown-timezone", "specs/a.yaml:4:18")


def test_a_source_of_local_times_needs_a_zone(check: Check, good: str) -> None:
    found = only(check(edited(good, ("{path: ids.csv}", "{path: ids.csv, localTimes: true}"))))
    assert (found.code, found.place.line) == ("missing-timezone", 16)
    assert found.detail == "Write `timezone: Europe/Stockholm` in a document of kind Controller."  # its config has no such key


def test_a_device_without_validity_needs_no_zone_of_its_own(check: Check, good: str) -> None:
    text = edited(good, ("    timezone: Europe/Stockholm\n", ""))
    head = text[: text.index("  people:")]
    found = only(check(f"{head}  people: []\n"))
    assert (found.code, found.summary) == ("provider", "a zone is needed")


def test_joins_see_what_earlier_joins_took(check: Check, good: str) -> None:
    first = '{source: ids, on: "{email}", take: employee_no}'
    second = '{source: ids, on: ["{employee_no}"], by: employee_no, take: email}'
    assert check(edited(good, (first, f"[{first}, {second}]"))) == []
    wrong = only(check(edited(good, (first, f"[{first}, {second.replace('{employee_no}', '{badge}')}]"))))
    assert (wrong.code, wrong.path) == ("template-field", "spec.people[0].match[1].on[0]")


def test_no_source_at_all_is_said(check: Check, good: str) -> None:
    found = check(good.rpartition("---\n")[2])
    assert [d.code for d in found] == ["unknown-source", "unknown-source"]
    assert found[0].detail == "No source is declared: write a document of kind Source."


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("[1, 2]", ["not-a-spec"]),
        ("id: 1\nname: Anna\n", ["not-a-spec"]),
        ("just words", ["not-a-spec"]),
        ("kind: Device\n", ["missing", "missing", "missing"]),
        ("apiVersion: trueup/v1\n", ["missing", "missing", "missing"]),
        ("apiVersion: trueup/v2\nkind: Controller\nmetadata: {name: a}\nspec: {}\n", ["wrong-word"]),
        ("apiVersion: trueup/v1\nkind: Controller\nmetadata: {name: a}\nspec: {}\nextra: 1\n", ["unknown-key"]),
        ("apiVersion: trueup/v1\nkind: Device\nmetadata: {name: a}\nspec: [1]\n", ["wrong-type"]),
        ("apiVersion: trueup/v1\nkind: Device\nmetadata: [a]\nspec: {provider: terminal, people: 7, policy: 7}\n", None),
    ],
)
def test_what_is_no_spec_is_said_to_be_none(check: Check, text: str, codes: list[str] | None) -> None:
    found = [d.code for d in check(text)]
    assert found == codes if codes is not None else found


def test_json_specs_are_read_too(registry: Registry, tmp_path: Path) -> None:
    text = (
        '{"apiVersion": "trueup/v1", "kind": "Source", "metadata": {"name": "ids"},\n "spec": {"provider": "table", "config": %s}}'
    )
    (tmp_path / "a.json").write_text(text % '{"path": "å.csv"}')
    assert load_specs([tmp_path], registry).sources["ids"].config.path == "å.csv"
    (tmp_path / "a.json").write_text(text % '{"path": "a.csv", "path": "b.csv"}')
    _, found = check_specs([tmp_path], registry)
    assert [(d.code, d.place.line) for d in found] == [("duplicate-key", 2)]


def test_code_may_give_seconds_where_people_must_write_a_unit() -> None:
    assert Policy(pace=0.5, limits=Limits(revoke=0.5)).pace == 0.5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_written_no_spec_makes_a_traceback(check: Check, good: str, data: st.DataObject) -> None:
    documents = [yaml.safe_load(text) for text in good.split("---\n")]
    for _ in range(data.draw(st.integers(1, 4))):
        holder: Any = data.draw(st.sampled_from(documents))
        while isinstance(holder, dict | list) and holder:
            key = data.draw(st.sampled_from(sorted(holder, key=str) if isinstance(holder, dict) else range(len(holder))))
            if not isinstance(holder[key], dict | list) or not holder[key] or data.draw(st.booleans()):
                holder[key] = data.draw(_ANYTHING)
                break
            holder = holder[key]
    text = "\n---\n".join(json.dumps(document) for document in documents)
    for problem in check(text):
        assert problem.summary and problem.place.file == "specs/a.yaml"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(at=st.integers(0, 1200), length=st.integers(0, 30), noise=st.text(max_size=10))
def test_whatever_is_broken_no_file_makes_a_traceback(check: Check, good: str, at: int, length: int, noise: str) -> None:
    for problem in check(good[:at] + noise + good[at + length :]):
        assert problem.summary and problem.place.file.startswith("specs")
