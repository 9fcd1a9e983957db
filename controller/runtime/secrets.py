"""Turns references into values: the only place that does. A value goes to who asked and to the scrubber, and nowhere else."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from controller.model.errors import RuleRefused, SecretMissing
from controller.runtime.scrubber import Scrubber
from controller.sdk.reference import Reference, origin_of
from controller.spec.trust import Trust

_MAX_BYTES = 64 * 1024


class Sealed(Protocol):
    """Where ``{secret: NAME}`` comes from: `controller.state.tables.secrets.Vault`."""

    def get(self, name: str) -> str: ...


class Resolver:
    """``vault`` None: there is no sealed store. ``trust`` None: secrets are not bound to hosts. ``warn`` is told what is unwise."""

    def __init__(
        self,
        env: Mapping[str, str],
        vault: Sealed | None,
        folder: Path,
        trust: Trust | None = None,
        warn: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.scrubber = Scrubber()
        self._env = env
        self._vault = vault
        self._folder = folder
        self._trust = trust
        self._warn = warn
        self._warned: set[Path] = set()
        self._of_records: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Resolver({self.scrubber!r})"

    def keep(self, name: str, value: str) -> None:
        """A secret that a record holds, for as long as this process lives; ``name`` is that of ``{each: NAME}``."""
        self.scrubber.remember(value)
        self._of_records[name] = value

    def resolve(self, reference: Reference, host: str, folder: Path | None = None) -> str:
        """The value, to be sent to ``host`` only. Relative files begin at ``folder`` (the spec file's).

        Raises SecretMissing when the reference leads nowhere, RuleRefused when the trust file does not bind it to this host,
        KeyUnusable when the sealed store cannot be opened.
        """
        start = folder or self._folder
        if self._trust is not None and not self._trust.allows(reference, host, start):
            raise self._refused(self._trust, reference, host)
        value = self._value(reference, start)
        self.scrubber.remember(value)
        return value

    def scrub(self, text: str) -> str:
        """The text without any secret that was resolved so far."""
        return self.scrubber.scrub(text)

    def _value(self, reference: Reference, folder: Path) -> str:
        match reference:
            case Reference(env=str(name)):
                return self._from_env(name)
            case Reference(secret=str(name)):
                return self._from_vault(name)
            case Reference(file=str(path)):
                return self._from_file(folder / path)
            case Reference(each=str(name)):
                return self._from_record(name)
        return reference.plain.get_secret_value() if reference.plain is not None else ""

    def _from_env(self, name: str) -> str:
        if name not in self._env:
            raise SecretMissing(f"the environment variable {name} is not set", hint=f"export {name}=... before running trueup")
        if not self._env[name]:
            raise SecretMissing(f"the environment variable {name} is set but empty", hint="give it the secret's value")
        return self._env[name]

    def _from_vault(self, name: str) -> str:
        if self._vault is None:
            raise SecretMissing(
                f"the secret {name!r} is in a sealed store, and there is none here", hint=f"trueup secrets set {name}"
            )
        return self._vault.get(name)

    def _from_record(self, name: str) -> str:
        if name not in self._of_records:
            raise SecretMissing(f"the record that holds the secret {name} is gone", hint="put the record back into its source")
        return self._of_records[name]

    def _from_file(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                content = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise SecretMissing(
                f"the secret's file {path} cannot be read: {error.strerror}", hint="check the path and who may read it"
            ) from None
        if mode & stat.S_IROTH and path not in self._warned:
            self._warned.add(path)
            self._warn(f"everybody on this machine can read the secret in {path}: chmod 600 {path}")
        return _text(content, path)

    def _refused(self, trust: Trust, reference: Reference, host: str) -> RuleRefused:
        name = str(reference).strip("{}").replace(": ", ":", 1)
        name = f"each:{origin_of(reference.each)}" if reference.each is not None else name
        return RuleRefused(
            f"the trust file {trust.path} does not let {reference} go to {host or 'an unnamed host'}",
            hint=f'if that is where it belongs, add to it under secrets:  "{name}": ["{host}"]',
        )


def _text(content: bytes, path: Path) -> str:
    """The value in a file, without a trailing line break; what is wrong with it is said without showing any of it."""
    hint = "write the value alone into it, as UTF-8 text"
    if len(content) > _MAX_BYTES:
        raise SecretMissing(f"the secret's file {path} is larger than {_MAX_BYTES // 1024} KiB", hint=hint)
    try:
        value = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretMissing(f"the secret's file {path} is not UTF-8 text", hint=hint) from None
    if not value:
        raise SecretMissing(f"the secret's file {path} is empty", hint=hint)
    return value
