"""What a terminal tells about its lock when it refuses a login: ``userCheck`` in XML, or its JSON form on gateways.

Reads the body of a 401 as far as it was kept. Old firmware sends an HTML page, which tells nothing; then the error stays as it is.
"""

from __future__ import annotations

import re

from controller.sdk import Unauthorized
from providers.hikvision.isapi.verdict import LOCKED_FOR

_LOCKED = re.compile(r"""lockStatus"?\s*[>:]\s*"?lock(ed)?\b""")  # firmware says locked or lock; the opposite is unlock
_SECONDS = re.compile(r"""(?:unlockTime|resLockTime)"?\s*[>:]\s*"?(\d+)""")
_LEFT = re.compile(r"""(?:retryLoginTime|retryTimes)"?\s*[>:]\s*"?(\d+)""")


def explained(error: Unauthorized, place: str) -> Unauthorized:
    """The same error with what the terminal tells: for how long it is locked, or how many attempts are left.

    ``retry_after`` is the lock's rest where it is told, else the lock time of real terminals: any earlier attempt may lock it.
    """
    if _LOCKED.search(error.detail):
        seconds = _number(_SECONDS, error.detail) or LOCKED_FOR
        return Unauthorized(
            f"{place} has locked this account after failed logins",
            hint=f"it opens again in about {max(1, round(seconds / 60))} minutes or after a restart; check the password first",
            detail=error.detail,
            code="locked",
            retry_after=seconds,
        )
    left = _number(_LEFT, error.detail)
    hint = error.hint if left is None else f"{error.hint}; attempts left before it locks: {left:.0f}"
    return Unauthorized(error.message, hint=hint, detail=error.detail, code=error.code, retry_after=error.retry_after or LOCKED_FOR)


def _number(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    return float(found[1]) if found else None
