"""References to secrets as a spec writes them: ``{env: NAME}``, ``{file: PATH}``, ``{secret: NAME}``, ``{plain: ...}``.

In what ``forEach`` makes, ``{each: ...}`` names a field of a record; which records there are only planning knows. A reference never
holds a value, except ``plain``, which its repr hides. Only the runtime turns references into values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError


class Reference(BaseModel):
    """Where a secret value is to be found; exactly one of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    env: str | None = Field(None, description="Name of an environment variable.", examples=["IVMS_PASSWORD"])
    file: str | None = Field(
        None, description="Path of a file that holds the value; a trailing newline is dropped.", examples=["/run/secrets/door"]
    )
    secret: str | None = Field(
        None, description="Name in the sealed store (`trueup secrets set NAME`).", examples=["door-password"]
    )
    each: str | None = Field(None, description="Field of the record that `forEach` makes this resource of.", examples=["password"])
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
    def _exactly_one(self, info: ValidationInfo) -> Self:
        if sum(part is not None for part in (self.env, self.file, self.secret, self.each, self.plain)) != 1:
            raise PydanticCustomError("one_reference", "write exactly one of env, file, secret, plain")
        if self.each is not None and not (isinstance(info.context, Mapping) and info.context.get("each")):
            raise PydanticCustomError("each_outside", "`each` takes a field of a record, and this resource has no `forEach`")
        return self

    def __str__(self) -> str:
        match self:
            case Reference(env=str(name)):
                return f"{{env: {name}}}"
            case Reference(file=str(path)):
                return f"{{file: {path}}}"
            case Reference(secret=str(name)):
                return f"{{secret: {name}}}"
            case Reference(each=str(name)):
                return f"{{each: {name}}}"
        return "{plain: ***}"


def token(source: str, record: str, field: str) -> str:
    """How ``each`` names one field of one record once the record is known."""
    return f"{source}/{field}/{record}"


def origin_of(each: str) -> str:
    """``SOURCE/FIELD`` of such a name: what a trust file binds."""
    return "/".join(each.split("/", 2)[:2])


SecretRef: TypeAlias = Annotated[Reference, Field(json_schema_extra={"x-trueup-secret": True})]
TextOrRef: TypeAlias = str | Reference
