"""What documents share: values files, defaults, profiles, `forEach`, `dependsOn`, `moved`: every mistake with its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry as NoNetwork

from controller.model.diagnostic import Diagnostic, Severity
from controller.registry import Registry
from controller.spec.load import check_specs
from controller.spec.resource import Resource, Specs
from controller.spec.schemas import schemas
from controller.spec.yaml import parse

Check = Callable[..., tuple[Specs | None, Sequence[Diagnostic]]]

CONTROLLER = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: main}
spec:
  timezone: Europe/Stockholm
"""
SOURCE = """\
---
apiVersion: trueup/v1
kind: Source
metadata: {name: terminals}
spec:
  provider: table
  config: {path: terminals.csv, columns: [id, url, password, site]}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: ids}
spec: {provider: table, config: {path: ids.csv}}
"""
DOOR = """\
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front}
spec:
  provider: terminal
  config: {url: http://10.0.0.1, username: admin, password: {env: DOOR}}
  people: [{from: ids, key: "{employee_no}", name: "{email}"}]
"""
EACH = """\
---
apiVersion: trueup/v1
kind: Device
metadata: {name: terminal, labels: {site: {each: site}}}
spec:
  provider: terminal
  forEach: {source: terminals, key: "{id}", allowNetworks: [10.0.0.0/8]}
  config: {url: {each: url}, username: admin, password: {each: password}}
  people: [{from: ids, key: "{employee_no}", name: "{email}"}]
"""


@pytest.fixture
def read(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.chdir(tmp_path)

    def read(text: str, *values: str) -> tuple[Specs | None, Sequence[Diagnostic]]:
        Path("a.yaml").write_text(text, encoding="utf-8")
        files = [Path(f"values{number}.yaml") for number in range(len(values))]
        for file, content in zip(files, values, strict=True):
            file.write_text(content, encoding="utf-8")
        return check_specs([Path("a.yaml")], registry, files)

    return read


def only(found: tuple[Specs | None, Sequence[Diagnostic]]) -> Diagnostic:
    assert len(found[1]) == 1, found[1]
    return found[1][0]


def whole(found: tuple[Specs | None, Sequence[Diagnostic]]) -> Specs:
    assert found[0] is not None and not found[1], found[1]
    return found[0]


def front(found: tuple[Specs | None, Sequence[Diagnostic]]) -> Resource:
    return whole(found).by_address["Device/front"]


def at(text: str, part: str, file: str = "a.yaml") -> str:
    before = text[: text.index(part)]
    return f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


# -- values files ------------------------------------------------------------------------------------------------------------

TAKES = CONTROLLER + SOURCE + DOOR.replace("http://10.0.0.1", "{var: door}")


def test_a_value_is_taken_by_name_and_the_last_file_counts(read: Check) -> None:
    found = front(read(TAKES, "door: http://10.0.0.9\n", "door: http://10.0.0.8\n"))
    assert found.config.url == "http://10.0.0.8"


def test_another_value_is_another_spec(read: Check) -> None:
    one, two = (whole(read(TAKES, f"door: http://10.0.0.{n}\n")) for n in (8, 9))
    assert one.digest != two.digest


def test_a_value_may_be_a_list_a_reference_or_stand_anywhere(read: Check) -> None:
    text = TAKES.replace("password: {env: DOOR}", "password: {var: secret}").replace("name: front", "name: {var: name}")
    text = text.replace("spec:\n  timezone: Europe/Stockholm", "spec:\n  timezone: {var: zone}")
    specs = whole(read(text, "door: http://10.0.0.8\nsecret: {file: /run/door}\nname: north\nzone: Europe/Oslo\n"))
    north = specs.by_address["Device/north"]
    assert (str(north.config.password), north.zone) == ("{file: /run/door}", "Europe/Oslo")


def test_an_unknown_value_says_what_there_is(read: Check) -> None:
    found = only(read(TAKES))
    assert (found.code, str(found.place)) == ("unknown-var", at(TAKES, "door}"))
    assert "No values file is given: name one with --vars FILE or TRUEUP_VARS." in found.detail
    specs, diagnostics = read(TAKES, "doors: http://10.0.0.8\n")
    assert specs is None
    assert {(d.code, d.suggestion, d.severity) for d in diagnostics} == {
        ("unknown-var", "doors", Severity.ERROR),
        ("unused-var", "", Severity.WARNING),
    }
    assert next(d for d in diagnostics if d.code == "unused-var").place.file == "values0.yaml"


def test_a_wrong_value_is_told_where_it_is_taken_and_whence_it_comes(read: Check) -> None:
    found = only(read(TAKES, "door: 7\n"))
    assert str(found.place) == at(TAKES, "{var: door}")
    assert "`url` must be a text" in found.summary
    assert found.detail.endswith("The value is that of `door` in values0.yaml:1:1.")


def test_a_secret_is_no_value(read: Check) -> None:
    found = only(read(TAKES.replace("{env: DOOR}", "{var: pass}"), "door: http://10.0.0.8\npass: hunter2\n"))
    assert found.code == "literal-secret"
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(("content", "code"), [("- a\n", "bad-vars"), ("a: [\n", "syntax"), ("a: 1\na: 2\n", "duplicate-key")])
def test_a_broken_values_file_is_told(read: Check, content: str, code: str) -> None:
    codes = {d.code for d in read(CONTROLLER + SOURCE + DOOR, content)[1] if d.place.file == "values0.yaml"}
    assert codes >= {code} or codes, codes


def test_a_values_file_that_is_not_there_is_told(read: Check, registry: Registry) -> None:
    Path("b.yaml").write_text(CONTROLLER + SOURCE + DOOR, encoding="utf-8")
    specs, found = check_specs([Path("b.yaml")], registry, [Path("nowhere.yaml")])
    assert (specs, [d.code for d in found]) == (None, ["no-such-file"])


# -- defaults and profiles ---------------------------------------------------------------------------------------------------

LAYERS = """\
  defaults:
    Device: {policy: {pace: 2s, onRemoval: keep}}
    terminal:
      config: {username: reader, password: {env: SHARED}}
      policy: {pace: 3s, limits: {revoke: 10%}}
  profiles:
    careful: {policy: {pace: 4s, limits: {grant: 5%}}}
"""
BARE = DOOR.replace(", username: admin, password: {env: DOOR}", "")


def test_the_document_goes_before_its_profile_and_that_before_defaults(read: Check) -> None:
    text = CONTROLLER + LAYERS + SOURCE + BARE + "  profile: careful\n  policy: {limits: {revoke: 1%}}\n"
    found = front(read(text))
    assert (found.config.username, str(found.config.password)) == ("reader", "{env: SHARED}")
    assert (found.policy.pace, found.policy.on_removal) == (4.0, "keep")
    assert (found.policy.limits.revoke, found.policy.limits.grant) == (0.01, 0.05)
    assert [(g.by, set(g.gives)) for g in found.given] == [
        ("profile careful", {"policy.limits.grant", "policy.pace"}),
        ("defaults of terminal", {"config.username", "config.password"}),
        ("defaults of Device", {"policy.onRemoval"}),
    ]
    assert found.given[1].place == at(text, "    terminal:").rpartition(":")[0]


def test_a_reference_is_taken_whole(read: Check) -> None:
    text = CONTROLLER + LAYERS + SOURCE + DOOR.replace("{env: DOOR}", "{secret: door}").replace("careful", "x")
    specs, found = read(text)
    assert specs is not None and [d.code for d in found] == ["unused-profile"]
    assert str(specs.by_address["Device/front"].config.password) == "{secret: door}"


def test_defaults_change_the_digest_of_who_has_them(read: Check) -> None:
    profiles = LAYERS[: LAYERS.index("  profiles")]
    one, two = (front(read(CONTROLLER + layers + SOURCE + BARE)) for layers in (profiles, profiles.replace("3s", "5s")))
    assert one.digest != two.digest


def test_a_mistake_in_defaults_is_told_once_where_it_stands(read: Check) -> None:
    layers = LAYERS[: LAYERS.index("  profiles")].replace("pace: 3s", "pase: 3s").replace("username", "usrname")
    text = CONTROLLER + layers + SOURCE + BARE + BARE.replace("front", "side").replace("10.0.0.1", "10.0.0.2")
    found = {(d.code, str(d.place), d.suggestion) for d in read(text)[1] if d.code != "missing"}
    assert found == {("unknown-key", at(text, "pase"), "pace"), ("unknown-key", at(text, "usrname"), "username")}
    assert len([d for d in read(text)[1] if d.suggestion == "pace"]) == 1


@pytest.mark.parametrize(
    ("layers", "part", "code", "meant"),
    [
        ("  defaults: {Devise: {policy: {pace: 1s}}}\n", "Devise", "unknown-default", "Device"),
        ("  defaults: {Device: {config: {url: x}}}\n", "config: {url: x}", "kind-config", ""),
        ("  defaults: {register: {config: {ulr: x}}}\n", "ulr", "unknown-key", "url"),
        ("  profiles: {careful: {polisy: {}}}\n", "polisy", "unknown-key", "policy"),
    ],
)
def test_defaults_that_cannot_serve_anybody_are_told(read: Check, layers: str, part: str, code: str, meant: str) -> None:
    text = CONTROLLER + layers + SOURCE + DOOR
    found = next(d for d in read(text)[1] if d.severity is Severity.ERROR)
    assert (found.code, str(found.place), found.suggestion) == (code, at(text, part), meant)


@pytest.mark.parametrize("layers", [LAYERS, ""])
def test_an_unknown_profile_is_told(read: Check, layers: str) -> None:
    text = CONTROLLER + layers + SOURCE + DOOR + "  profile: carefull\n"
    found = next(d for d in read(text)[1] if d.severity is Severity.ERROR)
    assert (found.code, str(found.place), found.suggestion) == (
        "unknown-profile",
        at(text, "carefull"),
        "careful" if layers else "",
    )


# -- forEach -----------------------------------------------------------------------------------------------------------------


def test_a_document_with_for_each_is_no_resource_yet(read: Check) -> None:
    specs = whole(read(CONTROLLER + SOURCE + EACH))
    (generator,) = specs.generators
    assert (str(generator.address), generator.for_each.source) == ("Device/terminal", "terminals")
    assert set(generator.secrets) == {"password"}
    assert "Device/terminal" not in specs.by_address
    other = whole(read(CONTROLLER + SOURCE + EACH.replace("10.0.0.0/8", "10.0.0.0/9")))
    assert other.digest != specs.digest


EACH_MISTAKES: list[tuple[str, str, str, str, str]] = [
    ("source: terminals", "source: terminal", "terminal, key", "unknown-source", "terminals"),
    ('key: "{id}"', 'key: "{idd}"', '"{idd}"', "template-field", "id"),
    ('key: "{id}"', 'key: "{id"', '"{id"', "template", ""),
    ('key: "{id}"', "key: same", "same", "same-key", ""),
    ('key: "{id}"', 'key: ["{id}", "{idd}"]', '"{idd}"', "template-field", "id"),
    ('key: "{id}"', 'key: "{id}", where: {sit: x}', "sit: x", "where", "site"),
    ('key: "{id}"', 'key: "{id}", wher: {site: x}', "wher:", "unknown-key", "where"),
    ("[10.0.0.0/8]", "[10.0.0.1/8]", "10.0.0.1/8", "bad-value", ""),
    ("[10.0.0.0/8]", "[]", "allowNetworks", "empty", ""),
    (", allowNetworks: [10.0.0.0/8]", "", "forEach", "missing", ""),
    ("{each: url}", "{each: ulr}", "ulr}", "unknown-field", "url"),
    ("{each: url}", "{each: password}", "password}, username", "secret-shown", ""),
    ('key: "{id}"', 'key: "{password}"', '"{password}"', "secret-shown", ""),
    ("{each: password}", "{env: {each: password}}", "env: {each", "wrong-type", ""),
    ("{each: password}", "{file: {each: url}}", "file: {each", "wrong-type", ""),
    ('"{email}"}', "{each: site}}", "name: {each: site}}]", "wrong-type", ""),
    ("from: ids", "from: {each: site}", "from: {each", "wrong-type", ""),
    ("username: admin", "usrname: admin", "usrname", "unknown-key", "username"),
    ("username: admin", "username: admin, timezone: 7", "7", "wrong-type", ""),
    ("from: ids", "from: idz", "idz", "unknown-source", "ids"),
    ('"{email}"}', '"{emial}"}', '"{emial}"', "template-field", "email"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "part", "code", "meant"), EACH_MISTAKES, ids=[m[1] or m[0] for m in EACH_MISTAKES])
def test_a_mistake_in_for_each_is_told_at_its_place(read: Check, old: str, new: str, part: str, code: str, meant: str) -> None:
    assert old in EACH
    text = CONTROLLER + SOURCE + EACH.replace(old, new)
    found = [d for d in read(text)[1] if d.code == code]
    assert [(str(d.place), d.suggestion) for d in found] == [(at(text, part), meant)]


def test_each_outside_of_for_each_is_told(read: Check) -> None:
    text = CONTROLLER + SOURCE + DOOR.replace("{env: DOOR}", "{each: password}")
    found = only(read(text))
    assert "this resource has no `forEach`" in found.summary


def test_a_secret_of_a_record_is_told_by_no_template(read: Check) -> None:
    people = (
        '[{from: ids, match: {source: terminals, on: "{email}", by: id, take: password}, key: "{employee_no}", name: "{password}"}]'
    )
    text = CONTROLLER + SOURCE + EACH + DOOR.replace('[{from: ids, key: "{employee_no}", name: "{email}"}]', people)
    found = [d for d in read(text)[1] if d.code == "secret-shown"]
    assert [str(d.place) for d in found] == [at(text, '"{password}"')]


def test_mappings_may_take_words_of_records_too(read: Check) -> None:
    specs = whole(read(CONTROLLER + SOURCE + EACH.replace('name: "{email}"}', 'name: "{email}", where: {email: {each: site}}}')))
    assert [e.field for e in specs.generators[0].each] == ["site", "url", "password", "site"]


def test_two_documents_of_one_name_are_told_with_for_each_too(read: Check) -> None:
    assert only(read(CONTROLLER + SOURCE + EACH + DOOR.replace("front", "terminal"))).code == "duplicate-address"


def test_a_source_has_no_for_each(read: Check) -> None:
    text = CONTROLLER + SOURCE.replace(
        "provider: table, config: {path: ids.csv}", "provider: table, config: {path: ids.csv}, forEach: {}"
    )
    assert [d.code for d in read(text)[1]] == ["unknown-key"]


# -- dependsOn and moved -----------------------------------------------------------------------------------------------------


def doors(**needs: str) -> str:
    out = CONTROLLER + SOURCE
    for number, (name, need) in enumerate(needs.items()):
        out += DOOR.replace("front", name).replace("10.0.0.1", f"10.0.0.{number}") + (f"  dependsOn: [{need}]\n" if need else "")
    return out


def test_what_is_waited_for_is_known(read: Check) -> None:
    assert whole(read(doors(front="", side="Device/front"))).by_address["Device/side"].depends_on == ("Device/front",)
    specs = whole(
        read(doors(front="Device/terminal, Device/terminal@7") + EACH.replace("password: {each: password}", "password: {env: A}"))
    )
    assert specs.by_address["Device/front"].depends_on == ("Device/terminal", "Device/terminal@7")


@pytest.mark.parametrize(
    ("need", "code", "meant"),
    [
        ("Device/side", "depends-on-itself", ""),
        ("Device/frnt", "unknown-resource", "Device/front"),
        ("Source/ids", "unknown-resource", ""),
        ("Device/front@7", "unknown-resource", "Device/front"),
        ("front", "string-pattern-mismatch", ""),
    ],
)
def test_a_wrong_need_is_told_at_its_place(read: Check, need: str, code: str, meant: str) -> None:
    text = doors(front="", side=need)
    found = next(d for d in read(text)[1])
    assert (found.code, str(found.place)) == (code, at(text, f"{need}]"))
    assert code == "string-pattern-mismatch" or found.suggestion == meant


def test_a_ring_is_told_once_with_all_its_places(read: Check) -> None:
    text = doors(front="Device/gate", side="Device/front", gate="Device/side", free="Device/front")
    found = only(read(text))
    assert found.summary == "these wait for each other: Device/front -> Device/gate -> Device/side -> Device/front"
    assert str(found.place) == at(text, "dependsOn: [Device/gate]")
    assert at(text, "dependsOn: [Device/side]") in found.detail and at(text, "dependsOn: [Device/front]") in found.detail


@pytest.mark.parametrize(
    ("moves", "part", "code"),
    [
        ("{from: Device/old, to: Device/fornt}", "Device/fornt", "moved-to"),
        ("{from: Device/front, to: Device/side}", "Device/front,", "moved-from"),
        ("{from: Device/old, to: Export/side}", "Export/side", "moved-kind"),
        ("{from: Source/old, to: Source/ids}", "Source/old", "moved-source"),
        (
            "{from: Device/old, to: Device/side}, {from: Device/old, to: Device/front}",
            "Device/old, to: Device/front",
            "moved-twice",
        ),
    ],
)
def test_a_move_that_cannot_be_meant_is_told(read: Check, moves: str, part: str, code: str) -> None:
    text = doors(front="", side="").replace("timezone: Europe/Stockholm\n", f"timezone: Europe/Stockholm\n  moved: [{moves}]\n")
    found = only(read(text))
    assert (found.code, str(found.place)) == (code, at(text, part))


def test_moves_may_follow_each_other_and_lead_to_doors_of_records(read: Check) -> None:
    moves = "{from: Device/older, to: Device/old}, {from: Device/old, to: Device/front}, {from: Device/t7, to: Device/terminal@7}"
    text = doors(front="").replace("timezone: Europe/Stockholm\n", f"timezone: Europe/Stockholm\n  moved: [{moves}]\n") + EACH
    assert len(whole(read(text)).controller.moved) == 3


def test_secrets_of_values_files_stay_out_of_messages(read: Check) -> None:
    values: Any = "door: http://10.0.0.8\npass: {plain: canary-1, x: 1}\n"
    _, found = read(TAKES.replace("{env: DOOR}", "{var: pass}"), values)
    assert found and "canary-1" not in repr(found)


@pytest.mark.parametrize("text", [EACH, DOOR.replace("http://10.0.0.1", "{var: door}"), CONTROLLER + LAYERS])
def test_editors_take_what_comes_from_elsewhere(text: str, registry: Registry) -> None:
    made = schemas(Registry([e for e in registry.entries() if e.name != "broken"], (), lambda group: ()))["trueup.json"]
    judge = Draft202012Validator(made, registry=NoNetwork())
    data = parse(text.removeprefix("---\n")).documents[0].data
    assert list(judge.iter_errors(data)) == []
    assert not judge.is_valid({**data, "spec": {**data["spec"], "policies": {}}})
