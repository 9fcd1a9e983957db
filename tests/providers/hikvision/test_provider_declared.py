"""What a spec means for a terminal: config, mapping, what is desired, what fits, what barring is. No terminal is asked."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.sdk import (
    PERMANENT,
    Actual,
    Effect,
    Entity,
    Facts,
    Period,
    Provenance,
    RecordRef,
    Refusal,
    Selected,
    Wish,
    period_effect,
)
from providers.hikvision.check import check
from providers.hikvision.config import HikvisionConfig, PeopleMapping, kinds_of
from providers.hikvision.desired import desired
from providers.hikvision.extended import CustomField
from providers.hikvision.fit import clamp, fit
from providers.hikvision.isapi.capability import Cards, Limits, People, limits_of, people_of
from providers.hikvision.kinds import doors_effect, may_widen, same_name, show_doors, user_type_effect
from providers.hikvision.provider import BARRED, PROVIDER, bar

ZONE = ZoneInfo("Europe/Stockholm")
YEAR = Period("2026-01-01T00:00:00", "2026-12-31T23:59:59")
CONFIG = {"url": "http://192.0.2.1", "username": "admin", "password": {"env": "P"}}
BASE = {
    "from": "members",
    "key": "{employee_no}",
    "name": "{full_name}",
    "valid": {"from": "{valid_from}", "until": "{valid_until}"},
    "doors": [{"door": 1, "plan": 1}],
}
ANNA = {"employee_no": "1001", "full_name": "Anna  Åberg", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}


def _mapping(**changes: Any) -> PeopleMapping:
    return PeopleMapping.model_validate({key: value for key, value in {**BASE, **changes}.items() if value is not None})


def _wishes(mapping: PeopleMapping, *records: dict[str, Any]) -> list[Wish]:
    selected = [Selected(fields, (RecordRef("members", str(n)),)) for n, fields in enumerate(records)]
    return list(desired(mapping, selected, ZONE, "doors.yaml:3"))


def _check(
    mapping: PeopleMapping, on_removal: str = "expire", zone: str | None = "Europe/Stockholm", **more: Any
) -> list[tuple[Any, ...]]:
    config = HikvisionConfig.model_validate({**CONFIG, **more})
    mapped = (SimpleNamespace(section="people", mapping=mapping),)
    resource = SimpleNamespace(zone=zone, mappings=mapped, policy=SimpleNamespace(on_removal=on_removal), config=config)
    return [problem.path for problem in check(resource)]


# -- config


def test_a_config_becomes_an_endpoint_without_the_password() -> None:
    config = HikvisionConfig.model_validate(
        {**CONFIG, "tls": {"mode": "pin", "pin": "AB:" * 31 + "AB"}, "timeouts": {"read": "30s"}}
    )
    endpoint = PROVIDER.endpoint(config)
    assert (endpoint.scheme, endpoint.allow_basic, endpoint.read, endpoint.tls.pin) == ("digest", False, 30.0, "ab" * 32)
    assert PROVIDER.identity(config) is None and PROVIDER.zone(config) is None


@pytest.mark.parametrize(
    "wrong",
    [{"url": "192.0.2.1"}, {"url": "ftp://x"}, {"url": "http://a:b@x"}, {"url": "http://x/ISAPI"}, {"timezone": "Mars/Base"},
     {"password": "secret"}, {"tls": {"mode": "pin"}}, {"tls": {"pin": "ab" * 32}}, {"timeouts": {"read": "soon"}},
     {"timeouts": {"read": "0"}}, {"allowbasic": True}],
)  # fmt: skip
def test_a_config_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        HikvisionConfig.model_validate({**CONFIG, **wrong})
    assert "secret" not in str(caught.value).replace("literal_secret", "").replace("a secret must", "").replace("{secret:", "")


def test_every_word_of_the_spec_is_explained() -> None:
    for model in (HikvisionConfig, PeopleMapping):
        for name, field in model.model_fields.items():
            assert field.description, name


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({}, []),
        ({"name": None}, [("people", 0, "name")]),
        ({"valid": None}, [("people", 0, "valid")]),
        ({"manage": ["valid"]}, [("people", 0, "name"), ("people", 0, "doors")]),
        ({"manage": ["valid"], "name": None, "doors": None}, []),
        ({"manage": ["valid", "person"]}, [("people", 0, "manage")]),
        ({"manage": ["card"], "cards": "{card_no}", "name": None, "doors": None}, [("people", 0, "valid")]),
        ({"manage": ["person", "card"]}, [("people", 0, "cards")]),
        ({"manage": ["person"], "cards": "{card_no}"}, [("people", 0, "cards")]),
        ({"doors": [{"door": 1}, {"door": 1, "plan": 1}]}, [("people", 0, "doors", 1)]),
    ],
)
def test_contradictions_of_a_mapping_are_named(changes: dict[str, Any], paths: list[tuple[Any, ...]]) -> None:
    assert _check(_mapping(**changes)) == paths


def test_update_only_never_deletes() -> None:
    assert _check(_mapping(manage="valid", name=None, doors=None), on_removal="delete") == [("people", 0, "manage")]


def test_a_zone_is_required_and_nobody_may_be_declared() -> None:
    assert _check(_mapping(), zone=None) == [("config", "timezone")]
    config = SimpleNamespace(address="http://10.0.0.1", extended_field=None)
    assert list(check(SimpleNamespace(zone="UTC", mappings=(), policy=None, config=config))) == []


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, ("person",)),
        ({"cards": "{c}"}, ("person", "card")),
        ({"manage": "valid"}, ("person",)),
        ({"manage": "card"}, ("card",)),
    ],
)
def test_a_mapping_tells_which_kinds_it_manages(changes: dict[str, Any], kinds: tuple[str, ...]) -> None:
    assert kinds_of(_mapping(**changes)) == kinds


# -- desired


def test_a_record_becomes_a_person() -> None:
    [wish] = _wishes(_mapping(), ANNA)
    provenance = Provenance("doors.yaml:3", (RecordRef("members", "0"),))
    assert wish == Entity(
        "person", "1001", ("Anna Åberg", YEAR, ((1, 1),), "normal", None), provenance=provenance, label="Anna Åberg"
    )  # fmt: skip


def test_undeclared_doors_are_left_alone() -> None:
    [wish] = _wishes(_mapping(doors=None), ANNA)
    assert isinstance(wish, Entity) and wish.managed == ("name", "valid", "user_type") and wish.values[2] is None


def test_declared_no_doors_means_none() -> None:
    [wish] = _wishes(_mapping(doors=[]), ANNA)
    assert isinstance(wish, Entity) and wish.managed is None and wish.values[2] == ()


def test_update_only_manages_validity_of_existing_persons() -> None:
    [wish] = _wishes(_mapping(manage=["valid"], name=None, doors=None), ANNA)
    assert isinstance(wish, Entity)
    assert (wish.only_existing, wish.managed, wish.values) == (True, ("valid",), (None, YEAR, None, None, None))


@pytest.mark.parametrize(
    ("changes", "key", "code"),
    [
        ({"employee_no": None}, None, "no-key"),
        ({"employee_no": "x" * 33}, None, "key-too-long"),
        ({"employee_no": "10 01"}, None, "key-unusable"),
        ({"employee_no": "žšč"}, None, "key-unusable"),
        ({"valid_until": None}, "1001", "validity-end-missing"),
        ({"valid_until": "2025-01-01"}, "1001", "end-before-begin"),
        ({"full_name": " "}, "1001", "name-missing"),
    ],
)
def test_a_record_that_does_not_say_enough_is_refused_with_its_cards(changes: dict[str, Any], key: str | None, code: str) -> None:
    wishes = _wishes(_mapping(cards="{card_no}"), {**ANNA, "card_no": "77", **changes}, {**ANNA, "employee_no": "2"})
    person, card, good = wishes
    assert isinstance(person, Refusal) and (person.kind, person.key, person.code) == ("person", key, code)
    assert isinstance(card, Refusal) and (card.kind, card.key, card.record) == ("card", None, RecordRef("members", "0"))
    assert isinstance(good, Entity) and good.key == "2"


def test_forever_must_be_written() -> None:
    [wish] = _wishes(_mapping(valid={"until": "forever"}), ANNA)
    assert isinstance(wish, Entity) and wish.values[1] == PERMANENT


def test_cards_come_from_fields_lists_and_templates_once_each() -> None:
    mapping = _mapping(cards=["{card_no}", "{card_numbers}", "A{badge}", "{missing}"])
    wishes = _wishes(mapping, {**ANNA, "card_no": "0077", "card_numbers": ("0077", " 88 ", ""), "badge": 5})
    cards = [(w.key, w.subject, w.values) for w in wishes if isinstance(w, Entity) and w.kind == "card"]
    assert cards == [(n, "1001", ("1001", "normalCard")) for n in ("0077", "88", "A5")]


def test_an_unusable_card_number_is_refused_alone_and_not_told() -> None:
    person, card = _wishes(_mapping(cards="{card_no}"), {**ANNA, "card_no": "12-34"})
    assert isinstance(person, Entity)
    assert isinstance(card, Refusal) and card.key == "12-34" and "12-34" not in card.message


def test_cards_alone_make_no_persons() -> None:
    [wish] = _wishes(_mapping(manage="card", cards="{card_no}", name=None, valid=None, doors=None), {**ANNA, "card_no": "7"})
    assert isinstance(wish, Entity) and wish.kind == "card"


# -- fit


def _person(**changes: Any) -> Entity:
    values = {"name": "Anna", "valid": YEAR, "doors": ((1, 1),), "user_type": "normal", "extended": None, **changes}
    key = values.pop("key", "1001")
    return Entity("person", str(key), tuple(values.values()))


def _fit(entity: Entity, limits: Limits | None = None) -> Wish:
    return fit(entity, Facts(limits=limits))


@pytest.mark.parametrize(
    ("valid", "fitted"),
    [
        (YEAR, YEAR),
        (PERMANENT, PERMANENT),
        (Period("", "2026-12-31T23:59:59"), Period("2000-01-01T00:00:00", "2026-12-31T23:59:59")),
        (Period("2026-01-01T00:00:00", ""), Period("2026-01-01T00:00:00", "2037-12-31T23:59:59")),
        (Period("1990-01-01T00:00:00", "2099-12-31T23:59:59"), Period("2000-01-01T00:00:00", "2037-12-31T23:59:59")),
    ],
)
def test_validity_is_clamped_to_the_calendar_of_the_terminal(valid: Period, fitted: Period) -> None:
    wish = _fit(_person(valid=valid))
    assert isinstance(wish, Entity) and wish.values[1] == fitted


@pytest.mark.parametrize("valid", [Period("", "1999-12-31T23:59:59"), Period("2040-01-01T00:00:00", "")])
def test_validity_outside_the_calendar_is_refused(valid: Period) -> None:
    wish = _fit(_person(valid=valid))
    assert isinstance(wish, Refusal) and wish.code == "validity-out-of-range" and wish.key == "1001"


_MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda d: d.isoformat(timespec="seconds"))


@given(st.sampled_from([""]) | _MOMENTS, _MOMENTS)
def test_a_clamped_period_never_grants_more_than_declared(begin: str, end: str) -> None:
    fitted = clamp(Period(begin, end), People())
    if not isinstance(fitted, str) and begin:
        assert period_effect(Period(begin, end), fitted) is not Effect.GRANTS
    if not isinstance(fitted, str):
        assert fitted.end <= end


@pytest.mark.parametrize(
    ("changes", "limits", "code"),
    [
        ({"name": "Å" * 33}, Limits(People(name_length=32)), "name-too-long"),
        ({"key": "1" * 11}, Limits(People(key_length=10)), "key-too-long"),
        ({"key": "a1"}, Limits(digits=True), "key-unusable"),
        ({"user_type": "visitor"}, Limits(People(user_types=("normal",))), "user-type-not-offered"),
        ({"doors": ((3, 1),)}, Limits(People(doors=(1, 2))), "no-such-door"),
        ({"doors": ((1, 1), (2, 1))}, Limits(People(doors=(1, 2), door_slots=1)), "too-many-doors"),
        ({"doors": ((1, 300),)}, Limits(People(plan=255)), "no-such-plan"),
        ({"doors": ((1, 1), (1, 2))}, Limits(People(plans_per_door=1)), "too-many-plans"),
    ],
)
def test_what_a_terminal_cannot_hold_is_refused_in_the_plan(changes: dict[str, Any], limits: Limits, code: str) -> None:
    wish = _fit(_person(**changes), limits)
    assert isinstance(wish, Refusal) and wish.code == code
    assert _fit(_person(**changes)) is not wish


@pytest.mark.parametrize(
    ("cards", "code"),
    [(Cards(offered=False), "cards-not-offered"), (Cards(length=3), "card-number-too-long"),
     (Cards(types=("patrolCard",)), "card-type-not-offered")],
)  # fmt: skip
def test_cards_that_do_not_fit_are_refused_without_their_number(cards: Cards, code: str) -> None:
    card = Entity("card", "4711", ("1", "normalCard"), "1", None, False, Provenance("x:1", (RecordRef("m", "1"),)))
    wish = _fit(card, Limits(cards=cards))
    assert isinstance(wish, Refusal) and wish.code == code and "4711" not in wish.message
    assert wish.record == RecordRef("m", "1")
    assert _fit(card, Limits()) is card


def test_limits_tolerate_whatever_a_terminal_writes() -> None:
    odd = {"UserInfo": {"employeeNo": {}, "name": {"@max": "64"}, "supportFunction": {"@opt": ["post", "setUp"]},
                        "RightPlan": [{"maxSize": "2", "doorNo": {"@opt": "1,2,x"}}], "maxRecordNum": "50000",
                        "Valid": {"timeRangeBegin": "soon", "timeRangeEnd": "2030-01-01T00:00:00+08:00"},
                        "UserInfoSearchCond": {"maxResults": {"@max": 500}}}}  # fmt: skip
    people = people_of(odd)
    assert (people.name_length, people.functions, people.doors, people.door_slots) == (64, frozenset({"post", "setup"}), (1, 2), 2)
    assert (people.begin, people.end, people.most, people.page) == ("2000-01-01T00:00:00", "2030-01-01T00:00:00", 50000, 30)
    assert not people.local_time and not people.filters
    terminal = {
        "AccessControl": {"isSupportUserInfo": "false", "isSupportCardInfo": 0, "EmployeeNoInfo": {"characterType": "digit"}}
    }
    limits = limits_of(terminal, {}, {})
    assert (limits.keeps_persons, limits.cards.offered, limits.digits, limits.people) == (False, False, True, People())


# -- bar, effects, names


def test_barring_puts_validity_into_the_past_and_keeps_the_rest() -> None:
    actual = Actual("1", ("Anna", PERMANENT, ((1, 1),), "visitor"))
    moment = datetime(2026, 6, 1, 12)
    barred = bar("person", actual, moment)
    assert barred == ("Anna", BARRED, ((1, 1),), "visitor")
    assert bar("person", Actual("1", barred), moment) is None
    assert bar("person", Actual("1", ("Anna", None, (), "normal", None)), moment) is not None
    assert bar("card", Actual("77", ("1", "normalCard")), moment) is None
    assert not PROVIDER.kind_of("card").expires and PROVIDER.kind_of("card").sensitive_key


def test_effects_call_a_wider_right_a_grant() -> None:
    assert doors_effect(((1, 1),), ((1, 1), (2, 1))) is Effect.GRANTS
    assert doors_effect(((1, 1),), ((1, 2),)) is Effect.GRANTS
    assert doors_effect(((1, 1), (2, 1)), ((2, 1),)) is Effect.REVOKES
    assert doors_effect(None, ()) is Effect.NEUTRAL
    assert user_type_effect("normal", "blackList") is Effect.REVOKES
    assert user_type_effect("blackList", "normal") is Effect.GRANTS
    assert user_type_effect("normal", "normal") is Effect.NEUTRAL
    assert (may_widen("a", "a"), may_widen("a", "b")) == (Effect.NEUTRAL, Effect.GRANTS)
    assert (show_doors(((1, 1), (2, 3))), show_doors(())) == ("door 1, door 2 (plan 3)", "no door")


@pytest.mark.parametrize(
    ("desired_name", "actual_name", "same"),
    [
        ("Žiga Šček", "Ziga Scek", True),
        ("Žiga Ščekar", "iga ekar", True),
        ("Søren Łoś", "SOREN LOS", True),
        ("Anna O\u2019Brien", "Anna O'Brien", True),
        ("Anna Berg", "Anna Bergman", False),
        ("Li", "Lo", False),
        ("", "Anna", False),
        (None, None, True),
    ],
)
def test_names_that_lost_letters_on_the_way_still_agree(desired_name: str, actual_name: str, same: bool) -> None:
    assert same_name(desired_name, actual_name) is same


# -- the custom field


@pytest.mark.parametrize(
    ("changes", "more", "paths"),
    [
        ({"extended": "{email}"}, {}, [("config", "extendedField")]),
        ({"key": None}, {}, [("people", 0, "key")]),
        ({"key": None, "findBy": "extended", "extended": "{email}"}, {"extendedField": {}}, [("people", 0, "key")]),
        ({"findBy": "extended"}, {}, [("people", 0, "extended")]),
        (
            {"findBy": {"case": "ignore"}, "extended": "{email}", "cards": "{card}", "manage": ["person", "card"]},
            {"extendedField": {}},
            [("people", 0, "findBy")],
        ),
        (
            {"extended": "{email}", "manage": ["valid"], "name": None, "doors": None},
            {"extendedField": {}},
            [("people", 0, "extended")],
        ),
        (
            {"key": None, "findBy": "extended", "extended": "{email}", "manage": ["valid"], "name": None, "doors": None},
            {"extendedField": {"position": 2}},
            [],
        ),
    ],
)
def test_a_custom_field_must_be_named_declared_and_of_use(
    changes: dict[str, Any], more: dict[str, Any], paths: list[tuple[Any, ...]]
) -> None:
    assert _check(_mapping(**changes), **more) == paths


@pytest.mark.parametrize(
    ("listed", "slots", "length"),
    [
        ({}, 0, 64),
        ({"PersonInfoExtends": {"maxSize": 1, "value": {"@min": 0, "@max": 64}}}, 1, 64),
        ({"PersonInfoExtends": [{"@size": "3", "value": {"@max": "32"}}]}, 3, 32),
        ({"PersonInfoExtends": {}}, 1, 64),
    ],
)
def test_how_many_custom_fields_a_terminal_has_and_how_long(listed: dict[str, Any], slots: int, length: int) -> None:
    people = people_of({"UserInfo": {"employeeNo": {"@max": 32}, **listed}})
    assert (people.extends, people.extend_length) == (slots, length)


def test_a_terminal_whose_custom_field_is_read_leaves_it_alone_where_none_is_declared() -> None:
    wish = _fit(_person(), Limits(People(extends=1), extended=1))
    assert isinstance(wish, Entity) and wish.managed == ("name", "valid", "doors", "user_type")
    told = _fit(_person(extended="x"), Limits(People(extends=1), extended=2))
    assert isinstance(told, Refusal) and told.code == "no-such-field" and "has 1 custom field," in told.message
    assert isinstance(refused := _fit(_person(extended="x"), Limits()), Refusal) and refused.code == "extended-not-offered"


@pytest.mark.parametrize(
    ("entries", "field", "value", "written"),
    [
        (None, CustomField(), "", [{"value": "v"}]),
        ({"value": " a  b "}, CustomField(), "a b", [{"value": "v"}]),
        ([{"value": ""}, {"value": 17}], CustomField(2), "17", [{"value": ""}, {"value": "v"}]),
        ([], CustomField(2), "", [{"value": ""}, {"value": "v"}]),
        (
            [{"id": "1", "value": "a"}, {"id": "2", "value": "b"}],
            CustomField(1, 2),
            "b",
            [{"id": "1", "value": "a"}, {"id": "2", "value": "v"}],
        ),
        ([{"id": 1, "value": "a"}], CustomField(1, 2), "", [{"id": 1, "value": "a"}, {"value": "v", "id": 2}]),
        ("nonsense", CustomField(), "", [{"value": "v"}]),
    ],
)
def test_a_custom_field_is_read_and_written_in_its_place(entries: Any, field: CustomField, value: str, written: list[Any]) -> None:
    assert field.of(entries) == value and field.put(entries, "v") == written
