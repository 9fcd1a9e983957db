from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from controller.model.errors import UsageError
from controller.registry import BrokenProvider, Registry, UnknownProvider
from controller.spec.explaining.kinds_of_value import written
from controller.spec.explaining.topics import Topic, explain, fields_below
from controller.spec.yaml import parse

REGISTRY = Registry(discover=lambda group: ())


def one(path: str, **options: object) -> Topic:
    [answer] = explain(path, REGISTRY, **options)  # type: ignore[arg-type]
    return answer.topic


def test_a_field_tells_meaning_type_default_and_example() -> None:
    zone = one("Device.spec.config.timezone")
    assert (zone.type, zone.required, zone.examples) == ("text", False, ("Europe/Stockholm",))
    assert zone.description.startswith("IANA zone")
    pace = one("Device.spec.policy.pace")
    assert (pace.type, pace.default) == ("duration", "1s") and "ms, s, m, h" in pace.unit
    share = one("Device.spec.policy.limits.revoke")
    assert (share.type, share.default, share.unit) == ("share", "30%", "percent, as in 30%")
    door = one("Device.spec.people.doors.door")
    assert (door.type, door.default, door.bounds) == ("whole number", "1", "1 to 256")


def test_words_are_listed() -> None:
    assert one("Device.spec.policy.onRemoval").allowed == ("delete", "expire", "keep")
    manage = one("Device.spec.people.manage")
    assert (manage.type, manage.allowed) == ("word, or a list of them", ("person", "card", "face", "valid"))


def test_a_secret_is_a_reference_with_words_of_its_own() -> None:
    password = one("Device.spec.config.password", recursive=True)
    assert (password.type, password.fields) == ("reference to a secret", ())
    assert "never the value itself" in password.notes[0]
    assert one("Device.spec.config.password.env").examples == ("IVMS_PASSWORD",)
    assert one("Source.csv.spec.config.password").type == "reference to a secret"
    assert one("Device.spec.config.username").type == "text or reference to a secret"


def test_one_level_below_is_shown_and_everything_when_asked() -> None:
    people = one("Device.spec.people")
    valid = next(field for field in people.fields if field.path.endswith(".valid"))
    assert people.type == "list of blocks" and valid.fields == ()
    whole = one("Device.spec.people", recursive=True)
    valid = next(field for field in whole.fields if field.path.endswith(".valid"))
    assert [field.path for field in valid.fields] == [f"Device.spec.people.valid.{key}" for key in ("from", "until", "whenMissing")]
    assert valid.fields[1].required


def test_keys_of_ones_own_stand_for_any() -> None:
    defaults = one("Controller.spec.defaults")
    assert [field.path for field in defaults.fields] == [
        "Controller.spec.defaults.NAME.config",
        "Controller.spec.defaults.NAME.policy",
    ]
    assert one("Controller.spec.defaults.hikvision.policy.pace").default == "1s"
    assert one("Source.csv.spec.config.map.email.format").examples == ('"%d/%m/%Y"',)
    assert one("Device.metadata.labels").type == "keys of your own, with texts"


def test_providers_that_agree_answer_once_and_those_that_differ_each() -> None:
    [policy] = explain("Source.spec.policy", REGISTRY)
    assert {"cardskipper", "csv", "json"} <= set(policy.providers)
    urls = explain("Source.spec.config.url", REGISTRY)
    assert {("cardskipper",), ("csv", "json")} <= {answer.providers for answer in urls}
    [named] = explain("Source.spec.config.url", REGISTRY, provider="json")
    assert named.providers == ("json",) and explain("Source.json.spec.config.url", REGISTRY) == (named,)
    [encoding] = explain("Source.spec.config.encoding", REGISTRY)
    assert encoding.providers == ("csv",)


def test_a_path_may_be_written_carelessly() -> None:
    assert one("device.spec.people[0].key") == one("Device.spec.people.key")
    assert one("Device").description.startswith("A terminal at a door")
    assert one("Controller").fields[0].path == "Controller.apiVersion"


@pytest.mark.parametrize(
    ("path", "said", "hint"),
    [
        ("Devise.spec", "Did you mean Device?", "Controller"),
        ("Device.spec.peple", "Did you mean Device.spec.people?", "people"),
        ("Device.spec.policy.on_removal", "Did you mean Device.spec.policy.onRemoval?", "onRemoval"),
        ("Device.spec.xyzzy", "there is no 'xyzzy' below Device.spec.", "provider, config"),
        ("Device.spec.people.key.x", "there is no 'x'", "nothing stands below it"),
        ("Device.csv.spec", "csv serves Source, not Device", "Source.csv"),
        ("Controller.hikvision.spec", "a Controller has no provider 'hikvision'", "Controller.spec"),
        ("Webhook.spec", "no provider serves Webhook yet", "Device"),
        ("", "there is no kind ''", "a path begins with a kind"),
    ],
)
def test_a_wrong_path_is_answered_with_what_was_probably_meant(path: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(path, REGISTRY)
    assert said in caught.value.message and hint in caught.value.hint


def test_an_unknown_provider_is_named() -> None:
    with pytest.raises(UnknownProvider, match="Did you mean hikvision"):
        explain("Device.hikvison.spec", REGISTRY)


def test_a_provider_that_cannot_be_loaded_spoils_no_other() -> None:
    registry = Registry(discover=lambda group: [EntryPoint("acme", "acme_that_is_not_installed:PROVIDER", group)])
    assert explain("Device.spec.people", registry) == explain("Device.spec.people", REGISTRY)
    with pytest.raises(BrokenProvider):
        explain("Device.acme.spec.people", registry)


@pytest.mark.parametrize("name", REGISTRY.names())
def test_every_example_is_yaml_that_means_what_was_meant(name: str) -> None:
    def look(topic: Topic) -> int:
        found = len(topic.examples)
        for example in (*topic.examples, *([topic.default] if topic.default else [])):
            parsed = parse(f"value: {example}\n")
            assert not parsed.faults, (topic.path, example)
        return found + sum(map(look, topic.fields))

    assert sum(map(look, fields_below(name, "config", REGISTRY))) > 3


@pytest.mark.parametrize(
    "value",
    ["plain", "10", "true", "", "a: b", "{x}", "[x]", "- x", "1.5", "http://x", 'quo"te', ".", ",", "2026-12-31", "a #b", "Åsa", 3,
     True, 0.5, ["10", 10], {"a": ["x, y"]}],
)  # fmt: skip
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    [document] = parse(f"value: {written(value)}\n").documents
    assert document.data == {"value": value}
