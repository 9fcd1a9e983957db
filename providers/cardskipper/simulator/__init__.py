"""A Cardskipper register with memory, faithful to the documented API, for tests, the demo and ``trueup simulate``.

Never imported by provider.py or client.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from controller.sdk.simulation import AsgiApp
from providers.cardskipper.simulator.people import Person, PersonRole, generate_members
from providers.cardskipper.simulator.register import Account, Quirks, Register

__all__ = ["Account", "Person", "PersonRole", "Quirks", "Register", "generate_members", "simulate"]


def simulate(options: Mapping[str, Any]) -> AsgiApp:
    """The app for ``trueup simulate cardskipper``: options members (count), seed, username, password, organization, today, and
    every quirk by its name. Raises TypeError for an option it does not know."""
    given = dict(options)
    today = given.pop("today", None)
    count, seed = int(given.pop("members", 100)), int(given.pop("seed", 1))
    account = Account(str(given.pop("username", "admin")), str(given.pop("password", "secret")))
    organisation = int(given.pop("organization", 4711))
    register = Register(organisation, account, today=date.fromisoformat(str(today)) if today else None, quirks=Quirks(**given))
    register.members.extend(generate_members(count, seed, organisation=organisation, today=register.today))
    return register.app
