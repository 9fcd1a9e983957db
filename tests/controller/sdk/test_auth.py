"""Which Authorization goes with which try, and that the account is never brought near its lock."""

from __future__ import annotations

from base64 import b64decode

import pytest

from controller.sdk import Endpoint
from controller.sdk.http.auth import (
    BasicLogin,
    Challenge,
    DigestLogin,
    NoLogin,
    Refused,
    Tries,
    challenges,
    choose,
    login_for,
    sign,
)

OLD = 'Digest qop="auth", realm="IP Camera(00000)", nonce="6e31", stale="FALSE"'
NEW = 'Digest realm="DS", domain="::", qop="auth", nonce="6e32:1700000000000", opaque="", algorithm="MD5", stale="FALSE"'


def _give_up(tries: Tries, header: str) -> Refused:
    with pytest.raises(StopIteration) as end:
        tries.send(header)
    reason = end.value.value
    assert isinstance(reason, Refused)
    return reason


def _fields(authorization: bytes | None) -> dict[str, str]:
    assert authorization is not None
    (challenge,) = challenges(authorization.decode())
    return challenge.parameters


def test_the_md5_answer_is_that_of_rfc_2617() -> None:
    challenge = Challenge(
        "digest",
        {
            "realm": "testrealm@host.com",
            "qop": "auth,auth-int",
            "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            "opaque": "5ccc069c403ebaf9f0171e9517f40e41",
        },
    )
    answer = _fields(sign(challenge, ("Mufasa", "Circle Of Life"), ("GET", "/dir/index.html"), (1, "0a4f113b")))
    assert answer["response"] == "6629fae49393a05397450978507c4ef1"
    assert answer["opaque"] == "5ccc069c403ebaf9f0171e9517f40e41"
    assert (answer["nc"], answer["qop"]) == ("00000001", "auth")


def test_the_sha_256_answer_is_that_of_rfc_7616() -> None:
    challenge = Challenge(
        "digest",
        {
            "realm": "http-auth@example.org",
            "qop": "auth, auth-int",
            "algorithm": "SHA-256",
            "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        },
    )
    who, what = ("Mufasa", "Circle of Life"), ("GET", "/dir/index.html")
    answer = _fields(sign(challenge, who, what, (1, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")))
    assert answer["response"] == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    assert answer["algorithm"] == "SHA-256"


def test_without_qop_the_old_form_of_rfc_2069_is_sent() -> None:
    challenge = Challenge("digest", {"realm": "r", "nonce": "n"})
    answer = _fields(sign(challenge, ("u", "p"), ("GET", "/"), (1, "c")))
    assert not {"qop", "nc", "cnonce", "algorithm", "opaque"} & set(answer)


def test_a_session_algorithm_mixes_both_nonces_into_the_secret() -> None:
    plain = sign(Challenge("digest", {"realm": "r", "nonce": "n", "qop": "auth"}), ("u", "p"), ("GET", "/"), (1, "c"))
    session = {"realm": "r", "nonce": "n", "qop": "auth", "algorithm": "MD5-sess"}
    assert _fields(sign(Challenge("digest", session), ("u", "p"), ("GET", "/"), (1, "c")))["response"] != _fields(plain)["response"]


def test_names_with_quotes_and_letters_beyond_ascii_survive() -> None:
    header = sign(Challenge("digest", {"realm": 'a "b"', "nonce": "n"}), ('å"\\', "p"), ("GET", "/"), (1, "c"))
    assert _fields(header)["username"] == 'å"\\'
    assert _fields(header)["realm"] == 'a "b"'


@pytest.mark.parametrize(
    ("header", "schemes"),
    [
        (f'{NEW}, Basic realm="DS"', ["digest", "basic"]),
        (f'Basic realm="a, b", {OLD}', ["basic", "digest"]),
        ('digest realm = "x" , nonce= "y"', ["digest"]),
        ("Negotiate", ["negotiate"]),
        ("", []),
        ('realm="nobody"', []),
    ],
)
def test_joined_challenges_are_told_apart(header: str, schemes: list[str]) -> None:
    assert [challenge.scheme for challenge in challenges(header)] == schemes


def test_values_keep_commas_quotes_and_missing_quotes() -> None:
    (challenge,) = challenges(r'Digest realm="a, \"b\"", nonce=abc, stale=TRUE')
    assert challenge.parameters == {"realm": 'a, "b"', "nonce": "abc", "stale": "TRUE"}


@pytest.mark.parametrize(
    "header", ["Negotiate", 'Digest realm="r"', 'Digest nonce="n", algorithm=ROT13', 'Digest nonce="n", qop="auth-int"']
)
def test_what_cannot_be_answered_is_not_tried(header: str) -> None:
    assert choose(header, allow_basic=True) is Refused.UNKNOWN


def test_digest_is_chosen_although_basic_is_allowed_and_stands_first() -> None:
    chosen = choose(f'Basic realm="x", {NEW}', allow_basic=True)
    assert isinstance(chosen, Challenge) and chosen.scheme == "digest"


def test_a_nonce_serves_many_calls_and_its_count_goes_up() -> None:
    login = DigestLogin("u", "p")
    first = login.tries("GET", "/a")
    assert next(first).authorization is None
    assert _fields(first.send(NEW).authorization)["nc"] == "00000001"
    first.close()
    second = next(login.tries("GET", "/b"))
    assert _fields(second.authorization)["nc"] == "00000002"
    assert _fields(second.authorization)["uri"] == "/b"


def _with_challenge() -> DigestLogin:
    login = DigestLogin("u", "p")
    tries = login.tries("GET", "/")
    next(tries)
    tries.send(OLD)
    tries.close()
    return login


def test_a_dead_nonce_with_a_new_challenge_is_answered_once() -> None:
    tries = _with_challenge().tries("GET", "/")
    assert next(tries).authorization is not None
    fresh = tries.send(NEW.replace("FALSE", "TRUE"))
    assert _fields(fresh.authorization)["nonce"] == "6e32:1700000000000"
    assert not fresh.pause
    assert _give_up(tries, NEW) is Refused.PASSWORD


def test_a_dead_nonce_without_a_challenge_is_asked_for_a_new_one_at_once() -> None:
    tries = _with_challenge().tries("GET", "/")
    assert next(tries).authorization is not None
    ask = tries.send("")
    assert (ask.authorization, ask.pause) == (None, False)
    assert tries.send(NEW).authorization is not None
    assert _give_up(tries, NEW) is Refused.PASSWORD


def test_a_signed_request_that_gets_a_401_without_a_word_says_nothing_about_the_password() -> None:
    tries = _with_challenge().tries("GET", "/")
    next(tries)
    tries.send(NEW)
    assert _give_up(tries, "") is Refused.SILENT


def test_a_busy_device_without_a_challenge_is_asked_twice_and_no_more() -> None:
    tries = DigestLogin("u", "p").tries("GET", "/")
    assert next(tries).pause is False
    assert tries.send("").pause is True
    assert _give_up(tries, "") is Refused.SILENT


def test_after_a_refused_password_the_old_challenge_is_forgotten() -> None:
    login = _with_challenge()
    tries = login.tries("GET", "/")
    next(tries)
    tries.send(NEW)
    _give_up(tries, NEW)
    assert next(login.tries("GET", "/")).authorization is None


def test_basic_is_refused_unless_allowed() -> None:
    tries = DigestLogin("u", "p").tries("GET", "/")
    next(tries)
    assert _give_up(tries, 'Basic realm="x"') is Refused.BASIC_ONLY


def test_basic_when_allowed_is_sent_only_after_it_was_offered() -> None:
    tries = DigestLogin("u", "pä", allow_basic=True).tries("GET", "/")
    assert next(tries).authorization is None
    answer = tries.send('Basic realm="x"').authorization
    assert answer is not None and b64decode(answer.removeprefix(b"Basic ")).decode() == "u:pä"


def test_plain_basic_is_sent_first_and_once() -> None:
    tries = BasicLogin("u", "p:q").tries("POST", "/")
    assert b64decode((next(tries).authorization or b"").removeprefix(b"Basic ")) == b"u:p:q"
    assert _give_up(tries, 'Basic realm="x"') is Refused.PASSWORD


def test_without_credentials_a_401_is_the_end() -> None:
    tries = NoLogin().tries("GET", "/")
    assert next(tries).authorization is None
    assert _give_up(tries, NEW) is Refused.NO_LOGIN


def test_the_endpoint_decides_which_login_is_used() -> None:
    assert isinstance(login_for(Endpoint("http://x", scheme="digest"), "u", "p"), DigestLogin)
    assert isinstance(login_for(Endpoint("http://x", scheme="basic"), "u", "p"), BasicLogin)
    assert isinstance(login_for(Endpoint("http://x"), "", ""), NoLogin)
