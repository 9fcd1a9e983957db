"""The contract that every provider is held to, as tests for pytest; also for providers that live elsewhere.

A provider's test file gives it one class per provider, and everything in ``TargetContract`` or ``SourceContract`` runs over it::

    from controller.contract import SourceContract, TargetContract

    class TestLockers(TargetContract):
        case = LockersCase()

A case (``controller.contract.cases``) holds the spec of one resource and knows how to look at its simulator. The provider is found
by its name, so it must be installed (``pip install -e .``). Needs ``pip install trueup[contract]``: pytest is no part of trueup.
Must never be imported by what runs at a customer's.
"""

import pytest

pytest.register_assert_rewrite("controller.contract.targets", "controller.contract.sources")

from controller.contract.cases import COLUMNS, PASSWORD, PEOPLE, Person, Simulator, SourceCase, TargetCase  # noqa: E402
from controller.contract.sources import SourceContract  # noqa: E402
from controller.contract.targets import TargetContract  # noqa: E402

__all__ = [
    "COLUMNS", "PASSWORD", "PEOPLE",
    "Person", "Simulator", "SourceCase", "SourceContract", "TargetCase", "TargetContract",
]  # fmt: skip
