"""trueup's own errors and the exit code that each means.

TrueupError
├── Cancelled            130
├── SpecInvalid            3   holds every diagnostic
├── PlanRejected           6   edited, foreign, expired or unknown plan
├── RuleRefused            5   a safety rule forbids it; holds the flag that would allow it
├── StateUnusable          1   damaged, newer, locked or unwritable state
│   ├── LeaseHeld          1   somebody else is applying
│   └── LeaseLost          1   it was ours and is not any more: nothing may be sent
├── KeyUnusable            1   no key, wrong key, or a key file that others can read
├── SecretMissing          1   a reference that cannot be resolved
└── UsageError             1
"""

from __future__ import annotations

from controller.model.diagnostic import Diagnostic


class TrueupError(Exception):
    """Something that trueup can say in one sentence, with what to do next in ``hint``."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Cancelled(TrueupError):
    exit_code = 130


class SpecInvalid(TrueupError):
    exit_code = 3

    def __init__(self, diagnostics: tuple[Diagnostic, ...], message: str = "", *, hint: str = "") -> None:
        super().__init__(message or f"{len(diagnostics)} problems in the specs", hint=hint)
        self.diagnostics = diagnostics


class PlanRejected(TrueupError):
    exit_code = 6


class RuleRefused(TrueupError):
    exit_code = 5


class StateUnusable(TrueupError):
    """The state file cannot be used as it is; it is never overwritten."""


class LeaseHeld(StateUnusable):
    """Another trueup holds the state."""


class LeaseLost(StateUnusable):
    """Our hold on the state ran out or was taken over."""


class KeyUnusable(TrueupError):
    """The key that seals and signs is missing, wrong or readable by others."""


class SecretMissing(TrueupError):
    """A reference to a secret leads nowhere."""


class UsageError(TrueupError):
    """The command cannot be understood as it was given."""
