"""What a record cannot say is told of its person: one result each, however many of person, cards and face are concerned."""

from __future__ import annotations

from typing import Any

import pytest

from controller.engine.applying.subjects import by_subject
from controller.model.change import Notice, Verdict
from controller.model.entity import Refusal
from controller.model.outcome import Outcome, Status
from controller.model.record import RecordRef
from controller.sdk.provider import Selected
from providers.hikvision.config import PeopleMapping
from providers.hikvision.provider import PROVIDER

DOOR = "Device/front"
MAPPING = {
    "from": "people", "key": "{employee_no}", "name": "{full_name}", "valid": {"until": "{valid_until}"}, "cards": "{card_no}",
    "face": {"url": "{photo_url}", "allowHosts": ["photos.example"]},
}  # fmt: skip
GOOD = {"employee_no": "1001", "full_name": "Test Unu", "valid_until": "2037-01-01"}


def results(fields: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Subject, status and step of what one record makes when all that can be written is written."""
    selected = Selected(fields, (RecordRef("people", "r1", "row 1"),))
    wishes = list(PROVIDER.desired(PeopleMapping.model_validate(MAPPING), [selected], None, "specs/a.yaml:1"))
    notices, outcomes = [], []
    for wish in wishes:
        if isinstance(wish, Refusal):
            key, place = wish.key or "", str(wish.record)
            notices.append(
                Notice(
                    DOOR, Verdict.REFUSED, wish.code, wish.message, wish.kind, key, wish.label, place=place, subject=wish.subject
                )
            )  # fmt: skip
        else:
            outcomes.append(Outcome("c", DOOR, wish.kind, wish.key, "create", Status.DONE, subject=wish.subject))
    return [(one.subject, one.status.value, one.step) for one in by_subject(outcomes, notices)]


@pytest.mark.parametrize(
    ("more", "result"),
    [
        ({}, ("1001", "success", "")),
        ({"card_no": "77"}, ("1001", "success", "")),
        ({"card_no": "not a number"}, ("1001", "partial", "card")),
        ({"photo_url": "ftp://nowhere"}, ("1001", "partial", "face")),
        ({"employee_no": None}, ("", "skipped", "person")),
        ({"employee_no": "x" * 40}, ("", "skipped", "person")),
        ({"valid_until": None}, ("1001", "skipped", "person")),
        ({"full_name": None, "card_no": "77", "photo_url": "https://photos.example/1.jpg"}, ("1001", "skipped", "person")),
    ],
)
def test_one_record_is_one_result(more: dict[str, Any], result: tuple[str, str, str]) -> None:
    assert results(GOOD | more) == [result]
