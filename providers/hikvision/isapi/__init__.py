"""How terminals write: answers, capability documents, verdicts, persons and cards. Values only; no call is made in here."""
