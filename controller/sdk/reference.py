"""References to secrets as a spec writes them: ``{env: NAME}``, ``{file: PATH}``, ``{secret: NAME}``, ``{plain: ...}``.

A reference never holds a value, except ``plain``, which its repr hides. Only the runtime turns references into values.
"""

from __future__ import annotations

from typing import Annotated, Any, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError


class Reference(BaseModel):
    """Where a secret value is to be found; exactly one of the four."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    env: str | None = Field(None, description="Name of an environment variable.", examples=["IVMS_PASSWORD"])
    file: str | None = Field(None, description="Path of a file that holds the value; a trailing newline is dropped.")
    secret: str | None = Field(None, description="Name in the sealed store (`trueup secrets set NAME`).")
    plain: SecretStr | None = Field(None, description="The value itself. It stands in the spec for everybody to read.")

    @model_validator(mode="before")
    @classmethod
    def _no_literal(cls, value: Any) -> Any:
        if isinstance(value, str | int | float):
            raise PydanticCustomError(
                "literal_secret",
                "a secret must not stand in the spec: write a reference such as {env: NAME} or {secret: NAME}, "
                "or {plain: ...} if everybody may read it",
            )
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(part is not None for part in (self.env, self.file, self.secret, self.plain)) != 1:
            raise PydanticCustomError("one_reference", "write exactly one of env, file, secret, plain")
        return self

    def __str__(self) -> str:
        match self:
            case Reference(env=str(name)):
                return f"{{env: {name}}}"
            case Reference(file=str(path)):
                return f"{{file: {path}}}"
            case Reference(secret=str(name)):
                return f"{{secret: {name}}}"
        return "{plain: ***}"


SecretRef: TypeAlias = Annotated[Reference, Field(json_schema_extra={"x-trueup-secret": True})]
TextOrRef: TypeAlias = str | Reference
