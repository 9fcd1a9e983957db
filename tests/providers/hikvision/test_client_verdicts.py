"""What the codes of a terminal mean, and when a list is complete."""

from __future__ import annotations

from typing import Any

import pytest

from controller.sdk import (
    Busy,
    Conflict,
    Done,
    Full,
    Incomplete,
    Nonsense,
    NotOffered,
    ProviderError,
    Rejected,
    Scope,
    Unauthorized,
)
from providers.hikvision.client import _Guard
from providers.hikvision.isapi.verdict import Meaning, NoVerdict, Status, error_for, judge, status_of, worth_telling
from providers.hikvision.isapi.wire import Found


def _error(http: int, answer: dict[str, Any], wrote: bool = True) -> ProviderError | None:
    return error_for(status_of(http, answer), "add person 1", wrote=wrote)


@pytest.mark.parametrize(
    ("http", "answer"),
    [
        (200, {"statusCode": 1, "statusString": "OK", "subStatusCode": "ok"}),
        (200, {"statusCode": "1", "subStatusCode": " OK ", "errorCode": 1}),
        (201, {"ResponseStatus": {"statusCode": 1}}),
        (200, {"statusCode": 0, "subStatusCode": "ok"}),
        (200, {"statusCode": 1, "subStatusCode": "riskPassword", "errorCode": 0x10000002}),
        (200, {"statusCode": 7, "subStatusCode": "rebootRequired"}),
        (200, {"statusCode": 8, "subStatusCode": "allSuccess", "errorCode": 0x80000002}),
    ],
)
def test_a_yes_is_a_yes(http: int, answer: dict[str, Any]) -> None:
    assert _error(http, answer) is None


@pytest.mark.parametrize(
    ("http", "answer", "kind", "code"),
    [
        (400, {"statusCode": 6, "subStatusCode": "employeeNoAlreadyExist", "errorMsg": "checkUser"}, Conflict, "exists"),
        (400, {"statusCode": 6, "errorCode": 1610637344}, Conflict, "exists"),
        (400, {"statusCode": 6, "subStatusCode": "EMPLOYEENOALREADYEXIST "}, Conflict, "exists"),
        (400, {"statusCode": 6, "subStatusCode": "employeeNoNotExist"}, Rejected, "missing"),
        (400, {"statusCode": 6, "subStatusCode": "cardNoNotExist"}, Rejected, "missing"),
        (400, {"statusCode": 6, "subStatusCode": "cardNoAlreadyExist", "errorMsg": "checkEmployeeNo"}, Conflict, "taken"),
        (400, {"statusCode": 6, "subStatusCode": "deviceUserFull"}, Full, "full"),
        (400, {"statusCode": 6, "subStatusCode": "badParameters", "errorMsg": "name"}, Rejected, "badparameters"),
        (400, {"statusCode": 6, "subStatusCode": "neverSeenBefore"}, Rejected, "rejected"),
        (200, {"statusCode": 99}, Rejected, "rejected"),
        (200, {"statusCode": 4, "subStatusCode": "notSupport"}, NotOffered, "not-offered"),
        (404, {}, NotOffered, "not-offered"),
        (403, {"statusCode": 4, "subStatusCode": "lowPrivilege"}, Unauthorized, "not-allowed"),
        (403, {}, Unauthorized, "not-allowed"),
        (200, {"statusCode": 4, "subStatusCode": "userNameLocked"}, Unauthorized, "not-allowed"),
        (200, {"statusCode": 2, "subStatusCode": "deviceBusy"}, Busy, "busy"),
        (503, {"statusCode": 2}, Busy, "busy"),
        (503, {}, Busy, "busy"),
        (500, {"statusCode": 3, "subStatusCode": "deviceError"}, Busy, "device-error"),
        (500, {}, Busy, "device-error"),
        (400, {}, Rejected, "rejected"),
        (200, {}, NoVerdict, "no-verdict"),
        (200, {"statusCode": 1, "subStatusCode": "somethingElse"}, Busy, "device-error"),
        (400, {"statusCode": 1, "subStatusCode": "ok"}, Busy, "device-error"),
        (400, {"statusCode": 6, "subStatusCode": "ok"}, Rejected, "ok"),
        (400, {"statusCode": 6, "subStatusCode": "invalidSearchConditions"}, Incomplete, "incomplete-list"),
        (200, {"statusCode": 8, "subStatusCode": "notAllSuccess"}, Rejected, "notallsuccess"),
    ],
)  # fmt: skip
def test_every_other_answer_is_an_error_of_its_class(http: int, answer: dict[str, Any], kind: type, code: str) -> None:
    error = _error(http, answer)
    assert error is not None and type(error) is kind and error.code == code
    assert error.message.startswith("could not add person 1: ")


def test_what_may_have_been_done_is_unknown_and_what_was_refused_was_not() -> None:
    unclear = [_error(200, {}), _error(500, {"statusCode": 3})]
    clear = [_error(200, {"statusCode": 2}), _error(400, {"statusCode": 6}), _error(200, {}, wrote=False)]
    assert [e.effect for e in unclear if e] == [Done.UNKNOWN] * 2
    assert [e.effect for e in clear if e] == [Done.NONE] * 3


def test_a_full_terminal_concerns_the_kind_and_a_bad_value_the_person() -> None:
    full, bad = _error(400, {"subStatusCode": "userNumFull"}), _error(400, {"subStatusCode": "illegalEmployeeNo"})
    assert full is not None and bad is not None
    assert (full.scope, bad.scope) == (Scope.KIND, Scope.ENTITY)


def test_a_write_without_a_verdict_concerns_one_person_and_a_read_without_one_the_terminal() -> None:
    write, read = _error(200, {}), _error(200, {}, wrote=False)
    assert write is not None and (type(write), write.scope, write.effect) == (NoVerdict, Scope.ENTITY, Done.UNKNOWN)
    assert read is not None and (type(read), read.scope) == (Nonsense, Scope.TARGET)


def test_a_lock_names_how_long_to_wait() -> None:
    error = _error(403, {"statusCode": 4, "subStatusCode": "deviceIsLocked"})
    assert error is not None and error.retry_after == 1800 and not error.retry


def test_only_a_restart_is_worth_telling() -> None:
    assert "restart" in worth_telling(Status(200, 7))
    assert worth_telling(Status(200, 1, "ok")) == ""
    assert judge(Status(200, 7)) is Meaning.RESTART


def _page(count: int, total: int | None, last: bool = False, told: int | None = None) -> Found[str]:
    return Found([""] * count, last, count if told is None else told, total)


def _guard(*pages: tuple[Found[str], str]) -> _Guard:
    guard = _Guard("persons")
    for page, keys in pages:
        assert not guard.complete
        guard.take(page, keys.split())
    return guard


@pytest.mark.parametrize(
    "pages",
    [
        [(_page(0, 0, True), "")],
        [(_page(2, 3), "a b"), (_page(1, 3, True), "c")],
        [(_page(2, 2, False), "a b")],
        [(_page(2, None), "a b"), (_page(1, None, True), "c")],
        [(_page(2, None), "a b"), (_page(0, None), "")],
        [(Found(["", ""], True, None, 2), "a b")],
    ],
)
def test_a_list_is_complete_when_everything_came_once(pages: list[tuple[Found[str], str]]) -> None:
    assert _guard(*pages).complete


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ([(_page(2, 3, True), "a b")], "2 of 3"),
        ([(_page(2, 3), "a b"), (_page(0, 3), "")], "2 of 3"),
        ([(_page(2, 4), "a b"), (_page(2, 5), "c d")], "changed from 4 to 5"),
        ([(_page(2, 4), "a b"), (_page(2, 4), "b c")], "twice"),
        ([(_page(2, 2), "a a")], "twice"),
        ([(_page(3, 2), "a b c")], "3 of 2"),
        ([(_page(2, 4, told=3), "a b")], "promised 3"),
        ([(_page(2, 4), "a b"), (_page(2, None, True), "c d")], "changed"),
    ],
)
def test_a_list_that_contradicts_itself_is_incomplete(pages: list[tuple[Found[str], str]], why: str) -> None:
    with pytest.raises(Incomplete, match=why):
        _guard(*pages)


def test_a_list_that_never_ends_is_given_up() -> None:
    guard = _Guard("persons")
    with pytest.raises(Incomplete, match="does not end"):
        for number in range(20_000):
            guard.take(_page(1, None), [str(number)])
