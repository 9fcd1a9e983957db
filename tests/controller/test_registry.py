from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from types import ModuleType
from unittest.mock import patch

import pytest

from controller import registry as module
from controller.model.errors import TrueupError
from controller.registry import BUILT_IN, BUILT_IN_SIMULATORS, BrokenProvider, Entry, Registry, UnknownProvider, kind_of
from controller.sdk.provider import SourceProvider, TargetProvider


def _point(name: str, value: str, group: str = "trueup.providers") -> EntryPoint:
    return EntryPoint(name, value, group)


def _with(*points: EntryPoint) -> Registry:
    def discover(group: str) -> Iterable[EntryPoint]:
        return [point for point in points if point.group == group]

    return Registry((Entry("own", "fake_providers:OWN", "Source"),), (Entry("own", "fake_providers:simulate"),), discover)


@pytest.fixture(autouse=True)
def fakes() -> Iterable[None]:
    fake = ModuleType("fake_providers")
    source = Registry(discover=lambda group: ()).load("csv")
    vars(fake).update(OWN=source, NONE=object(), simulate=lambda: "running")
    with patch.dict("sys.modules", fake_providers=fake):
        yield


def test_listing_imports_nothing() -> None:
    before = set(sys.modules)
    registry = _with(_point("acme", "acme_that_is_not_installed:PROVIDER"), _point("acme", "x:y", "trueup.simulators"))
    assert registry.names() == ("acme", "own")
    assert registry.names("Source") == ("acme", "own")
    assert registry.names("Device") == ("acme",)
    assert [entry.origin for entry in registry.entries()] == ["a third party", "trueup"]
    assert registry.simulators() == ("acme", "own")
    assert set(sys.modules) == before


def test_loading_a_built_in_does_not_look_at_what_is_installed() -> None:
    def discover(group: str) -> Iterable[EntryPoint]:
        raise AssertionError(group)

    registry = Registry((Entry("own", "fake_providers:OWN", "Source"),), (Entry("own", "fake_providers:simulate"),), discover)
    assert registry.load("own") is registry.load("own")
    assert registry.load_simulator("own")() == "running"


def test_an_unknown_name_is_answered_with_what_there_is() -> None:
    with pytest.raises(LookupError) as caught:
        _with().load("owm")
    problem = caught.value
    assert isinstance(problem, UnknownProvider) and isinstance(problem, TrueupError)
    assert (problem.message, problem.hint, problem.suggestion) == (
        "there is no provider 'owm'. Did you mean own?",
        "There are: own.",
        "own",
    )
    with pytest.raises(UnknownProvider, match="there is no simulator 'zzzz'\\."):
        _with().load_simulator("zzzz")
    with pytest.raises(UnknownProvider) as empty:
        Registry((), (), lambda group: ()).load("csv")
    assert empty.value.hint == "There are: none."


@pytest.mark.parametrize("target", ["acme_that_is_not_installed:PROVIDER", "fake_providers:MISSING", "fake_providers:NONE"])
def test_a_broken_provider_is_an_error_for_itself_alone(target: str) -> None:
    registry = _with(_point("acme", target))
    with pytest.raises(BrokenProvider, match=target.split(":")[0]):
        registry.load("acme")
    assert registry.load("own").name == "csv"


def test_a_third_party_cannot_take_a_built_in_name() -> None:
    registry = _with(_point("own", "fake_providers:NONE"))
    assert registry.load("own").name == "csv"
    assert [entry.target for entry in registry.entries()] == ["fake_providers:OWN"]


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: entry.name)
def test_every_built_in_provider_is_what_the_table_says(entry: Entry) -> None:
    provider = module.load(entry.name)
    assert isinstance(provider, SourceProvider | TargetProvider)
    assert (provider.name, kind_of(provider)) == (entry.name, entry.kind)


@pytest.mark.parametrize("entry", BUILT_IN_SIMULATORS, ids=lambda entry: entry.name)
def test_every_built_in_simulator_is_there(entry: Entry) -> None:
    assert callable(module.load_simulator(entry.name))
