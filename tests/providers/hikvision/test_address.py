"""Where a terminal is: a url, or host and port; exactly one, and nothing that two readers might take apart differently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from controller.model.diagnostic import Severity
from controller.spec.load import check_specs
from providers.hikvision.config import HikvisionConfig, endpoint

LOGIN = {"username": "admin", "password": {"env": "DOOR"}}


def address(**words: Any) -> str:
    return endpoint(HikvisionConfig.model_validate({**LOGIN, **words})).url


@pytest.mark.parametrize(
    ("words", "url"),
    [
        ({"url": "http://192.168.1.100/"}, "http://192.168.1.100"),
        ({"host": "192.168.1.100"}, "http://192.168.1.100"),
        ({"host": "192.168.1.100", "port": None}, "http://192.168.1.100"),
        ({"host": "192.168.1.100", "port": 8080}, "http://192.168.1.100:8080"),
        ({"host": "Door.Example", "https": True}, "https://door.example"),
        ({"host": "door.example", "https": True, "port": 8443}, "https://door.example:8443"),
        ({"host": "2001:DB8:0::1", "port": 81}, "http://[2001:db8::1]:81"),
        ({"host": "[::1]"}, "http://[::1]"),
    ],
)
def test_host_and_port_lead_where_a_url_would(words: dict[str, Any], url: str) -> None:
    assert address(**words) == url


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "the address is missing"),
        ({"url": "http://a", "host": "a"}, "said twice"),
        ({"url": "http://a", "port": 80}, "port and https belong to host"),
        ({"url": "http://a", "https": True}, "port and https belong to host"),
        ({"host": "http://a"}, "alone"),
        ({"host": "a:80"}, "alone"),
        ({"host": "a/b"}, "alone"),
        ({"host": "user@a"}, "alone"),
        ({"host": "a b"}, "alone"),
        ({"host": " 10.0.0.1"}, "alone"),
        ({"host": "fe80::1%eth0"}, "alone"),
        ({"host": ""}, "alone"),
        ({"host": "a", "port": 0}, "greater than or equal to 1"),
        ({"host": "a", "port": 70000}, "less than or equal to 65535"),
        ({"url": "ftp://a"}, "must begin with http"),
        ({"url": "http://u:p@a"}, "no name or password"),
        ({"url": "http://a/ISAPI"}, "ends after the host"),
    ],
)
def test_what_is_no_address_is_refused_in_words(words: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        address(**words)


def device(folder: Path, config: str) -> list[tuple[Severity, str, int]]:
    (folder / "specs").mkdir()
    text = f"""\
apiVersion: trueup/v1
kind: Device
metadata: {{name: front}}
spec:
  provider: hikvision
  config:
    {config}
    username: admin
    password: {{env: DOOR}}
    timezone: Europe/Bucharest
  people:
    - {{from: members, key: "{{id}}", name: "{{full_name}}", valid: {{until: "2037-01-01"}}}}
---
apiVersion: trueup/v1
kind: Source
metadata: {{name: members}}
spec: {{provider: csv, config: {{path: members.csv}}}}
"""
    (folder / "specs" / "all.yaml").write_text(text, encoding="utf-8")
    specs, found = check_specs([folder / "specs"])
    assert (specs is None) == any(one.severity is Severity.ERROR for one in found)
    return [(one.severity, one.summary, one.place.line) for one in found]


@pytest.mark.parametrize(
    ("config", "line"), [("url: http://10.0.0.1:8000", 7), ("host: 10.0.0.1\n    port: 8000", 8)]
)  # fmt: skip
def test_the_port_of_the_vendors_own_protocol_is_a_warning_at_its_line(tmp_path: Path, config: str, line: int) -> None:
    [(severity, said, at)] = device(tmp_path, config)
    assert (severity, at) == (Severity.WARNING, line) and "vendor's own protocol" in said


def test_an_address_that_is_missing_or_said_twice_is_an_error_of_the_config(tmp_path: Path) -> None:
    assert [said for _, said, _ in device(tmp_path, "port: 80")] != []


def test_two_resources_at_one_address_are_refused_however_it_is_written(tmp_path: Path) -> None:
    assert device(tmp_path, "host: 10.0.0.1\n    port: 80") == []
    other = (tmp_path / "specs" / "all.yaml").read_text(encoding="utf-8").partition("---")[0]
    other = other.replace("name: front", "name: side").replace("host: 10.0.0.1\n    port: 80", "url: http://10.0.0.1")
    (tmp_path / "specs" / "side.yaml").write_text(other, encoding="utf-8")
    found = check_specs([tmp_path / "specs"])[1]
    assert [one.code for one in found] == ["shared-endpoint"]
