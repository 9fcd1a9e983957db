"""The simulated terminal as a case: a target of its own, and the door through which every source is tried.

The simulator is found by its name, as ``trueup simulate`` does; nothing here imports a provider.
"""

from __future__ import annotations

from typing import Any

from controller import registry
from controller.contract.cases import PASSWORD, Person, TargetCase


class Terminal(TargetCase):
    provider = "hikvision"
    document = """
apiVersion: trueup/v1
kind: Device
metadata: {name: it}
spec:
  provider: hikvision
  config: {url: "URL", username: admin, password: {env: CONTRACT_PASSWORD}, timeouts: {connect: 500ms, read: 500ms}}
  people:
    - from: people
      key: "{id}"
      name: "{full_name}"
      valid: {from: "2026-01-01", until: "{valid_until}"}
      doors: [{door: 1, plan: 1}]
      cards: "{card_no}"
  policy: {pace: 0, onRemoval: delete}
"""

    def simulator(self) -> Any:
        return registry.load_simulator("hikvision")({"password": PASSWORD})

    def people(self, simulator: Any) -> dict[str, Person]:
        cards = {card["employeeNo"]: number for number, card in simulator.cards.items()}
        return {
            key: Person(key, person["name"], person["Valid"]["endTime"][:10], cards.get(key, ""))
            for key, person in simulator.persons.items()
        }

    def tamper(self, simulator: Any, key: str) -> None:
        simulator.edit_at_the_door(key, Valid={"endTime": "2037-12-31T23:59:59"})

    def endless(self, simulator: Any) -> None:
        simulator.quirks.more_forever = True

    def failed_logins(self, simulator: Any) -> int:
        return sum(login.failures for login in simulator.gate.logins.values())

    def fill(self, simulator: Any, count: int) -> None:
        for number in range(count):
            simulator.add_person(str(5000 + number), f"Stranger {number}")
