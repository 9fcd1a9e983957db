"""What can go wrong at an outside system, said in three answers: try again? how much is affected? was anything done?

ProviderError
├── Unreachable      no connection, name not found, TLS refused        retry, target, effect none
├── TimedOut         no answer in time                                 retry, target, effect unknown for writes
├── ConnectionLost   closed or reset in the middle                     retry, target, effect unknown for writes
├── Busy             the system asks to wait (429, 503, "device busy")  retry after its delay, target
├── Unauthorized     credentials refused, locked, rights missing       never, target: one attempt only
├── WrongTarget      another serial number than declared               never, target
├── Nonsense         an answer that is none (HTML, half a body)        retry, target, effect unknown for writes
├── Incomplete       a list that ended early or changed while read     retry, target
├── NotOffered       the system has no such call                       never, target
├── Full             no room for more                                  never, entity kind at this target
├── Conflict         somebody else holds it                            never, entity
└── Rejected         this value is not accepted                        never until the declared value changes, entity

Foreign exceptions are translated in ``controller.sdk.http`` and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum

from controller.model.errors import TrueupError


class Scope(StrEnum):
    ENTITY = "entity"
    KIND = "kind"  # this entity kind at this target: no more room
    TARGET = "target"
    RUN = "run"


class Done(StrEnum):
    """What is known about a call's effect."""

    NONE = "none"
    DONE = "done"
    UNKNOWN = "unknown"


class ProviderError(TrueupError):
    """An outside system failed; ``detail`` is its own words, clipped and scrubbed by whoever shows them."""

    code = "failed"
    scope = Scope.TARGET
    retry = True

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        detail: str = "",
        effect: Done = Done.NONE,
        retry_after: float | None = None,
        code: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.detail = detail
        self.effect = effect
        self.retry_after = retry_after  # seconds; None: no delay was named
        self.code = code or type(self).code


class Unreachable(ProviderError):
    """No connection: nothing answers, the name is not known, or TLS was refused."""

    code = "unreachable"


class TimedOut(ProviderError):
    """No answer in time."""

    code = "timed-out"


class ConnectionLost(ProviderError):
    """The connection was closed in the middle."""

    code = "connection-lost"


class Busy(ProviderError):
    """The system asks to wait."""

    code = "busy"


class Unauthorized(ProviderError):
    """Credentials were refused, the account is locked, or a right is missing."""

    code = "credentials-refused"
    retry = False


class WrongTarget(ProviderError):
    """Another device or organisation answers than the declared one."""

    code = "wrong-target"
    retry = False


class Nonsense(ProviderError):
    """An answer that is none: a web page, or half a body."""

    code = "unreadable-answer"


class Incomplete(ProviderError):
    """A list that ended early, or changed while it was read."""

    code = "incomplete-list"


class NotOffered(ProviderError):
    """The system has no such call."""

    code = "not-offered"
    retry = False


class Full(ProviderError):
    """There is no room for more."""

    code = "full"
    scope = Scope.KIND
    retry = False


class Conflict(ProviderError):
    """Somebody else holds it."""

    code = "conflict"
    scope = Scope.ENTITY
    retry = False


class Rejected(ProviderError):
    """This value is not accepted."""

    code = "rejected"
    scope = Scope.ENTITY
    retry = False
