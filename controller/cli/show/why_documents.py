"""The JSON outputs of why and try, described by the schemas in ``schemas/``; sensitive values are masked as in the texts."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from controller.engine.why.answer import Answer
from controller.engine.why.finding import Found
from controller.engine.why.trial import Trial

FORMAT = 1


class WhyDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup why -o json``. ``found`` holds the records that ``--find`` may mean when it is not exactly one, ``unread``
    then the rows that could not be looked through."""

    answers: tuple[Answer, ...] = ()
    found: tuple[Found, ...] = ()
    unread: tuple[str, ...] = ()
    format: int = FORMAT


class TryDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup try -o json``."""

    trial: Trial
    format: int = FORMAT


DOCUMENTS: Mapping[str, type[msgspec.Struct]] = {"why": WhyDocument, "try": TryDocument}
