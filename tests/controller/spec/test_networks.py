"""Where addresses that come from data may lie."""

from __future__ import annotations

import pytest

from controller.spec.sharing.networks import check_network, outside

ALLOWED = ("10.0.0.0/24", "192.168.7.9", "*.doors.example.org", "fd00::/64")


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.17", "https://10.0.0.17:8443/x", "http://192.168.7.9", "http://north.doors.example.org",
        "http://NORTH.Doors.Example.ORG./", "http://[fd00::17]", "http://[::ffff:10.0.0.17]",
    ],
)  # fmt: skip
def test_inside_is_called(url: str) -> None:
    assert outside(url, ALLOWED) == ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://10.0.1.17", "lies outside"),
        ("http://[fd01::17]", "lies outside"),
        ("http://[::ffff:10.0.1.17]", "lies outside"),
        ("http://doors.example.org", "the host name doors.example.org"),
        ("http://evildoors.example.org", "the host name"),
        ("http://10.0.0.17@evil.example.org", "user name"),
        ("http://10.0.0.17\\@evil.example.org", "backslashes"),
        ("http://10.0.0.17 .evil.example.org", "blanks"),
        ("http://10.0.0.17\r\nHost: evil", "blanks"),
        ("http://167772177", "neither a plain address nor a host name"),
        ("http://0x0a000011", "neither a plain address nor a host name"),
        ("http://10.17", "neither a plain address nor a host name"),
        ("http://012.0.0.17", "neither a plain address nor a host name"),
        ("http://[fe80::1%25eth0]", "names no host"),
        ("http://", "names no host"),
        ("10.0.0.17", "names no host"),
        ("http://10.0.0.17:port", "cannot be read"),
        ("http://[10.0.0.17", "cannot be read"),
    ],
)
def test_outside_and_doubtful_is_refused(url: str, words: str) -> None:
    assert words in outside(url, ALLOWED)


@pytest.mark.parametrize(
    ("text", "kept"), [("10.0.0.0/8", "10.0.0.0/8"), ("10.0.0.1", "10.0.0.1"), ("Door.Example.org", "door.example.org")]
)
def test_entries_are_kept_in_their_one_form(text: str, kept: str) -> None:
    assert check_network(text) == kept


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.0.0.1/24", "the network is 10.0.0.0/24"),
        ("10.0.0/24", "no network"),
        ("10.0.0", "neither a network"),
        ("*", "neither a network"),
        ("*.org", "neither a network"),
        ("http://10.0.0.1", "no network"),
    ],
)
def test_what_is_no_network_is_said(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_network(text)
