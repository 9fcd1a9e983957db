"""Every provider of this repository is held to the contract (``controller/contract``)."""

from __future__ import annotations

from controller import registry
from controller.contract import SourceContract, TargetContract
from controller.contract.terminal import Terminal
from tests.contract.cases import Cardskipper, Csv, EdgeFunction, HikvisionByCustomField, HikvisionWithFaces, Json, Postgrest


class TestHikvision(TargetContract):
    case = Terminal()


class TestHikvisionByCustomField(TargetContract):
    case = HikvisionByCustomField()


class TestHikvisionWithFaces(TargetContract):
    case = HikvisionWithFaces()


class TestCardskipper(SourceContract):
    case = Cardskipper()


class TestCsv(SourceContract):
    case = Csv()


class TestJson(SourceContract):
    case = Json()


class TestPostgrest(SourceContract):
    case = Postgrest()


class TestEdgeFunction(SourceContract):
    case = EdgeFunction()


ALL = (
    TestHikvision,
    TestHikvisionByCustomField,
    TestHikvisionWithFaces,
    TestCardskipper,
    TestCsv,
    TestJson,
    TestPostgrest,
    TestEdgeFunction,
)


def test_every_provider_of_this_repository_is_held_to_the_contract() -> None:
    tried = {one.case.provider for one in ALL}
    assert tried == {entry.name for entry in registry.REGISTRY.entries() if entry.origin == "trueup"}
