"""What a spec may hold explains itself: `trueup explain`, the schemas and the editor's help all come from the models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from controller.registry import Registry
from controller.spec.checks.shape import keys, models_in
from controller.spec.envelope import controller_model, document_model

REGISTRY = Registry(discover=lambda group: ())


def every_model() -> dict[str, type[BaseModel]]:
    """Every model that any document may hold, by its name and module."""
    found: dict[str, type[BaseModel]] = {}
    waiting = [controller_model(), *(document_model(REGISTRY.load(name)) for name in REGISTRY.names())]
    while waiting:
        model = waiting.pop()
        name = f"{model.__module__}.{model.__qualname__}"
        if name not in found:
            found[name] = model
            waiting += [inner for info in model.model_fields.values() for inner in models_in(info.annotation)]
    return found


MODELS = every_model()


def fields() -> Iterator[tuple[str, FieldInfo]]:
    for name, model in MODELS.items():
        yield from ((f"{name}: {key}", info) for key, info in keys(model).items())


def test_there_are_models_to_look_at() -> None:
    assert len(MODELS) > 20


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_says_what_it_is(name: str) -> None:
    assert (MODELS[name].__doc__ or "").strip()


def test_every_field_says_what_it_means() -> None:
    assert [name for name, info in fields() if not (info.description or "").strip()] == []


def test_descriptions_are_sentences() -> None:
    odd = [name for name, info in fields() if not (info.description or "").endswith(".")]
    assert odd == []


def test_a_value_that_must_be_written_has_an_example() -> None:
    """Blocks explain themselves by what stands in them, words by the words there are."""
    lacking = [
        name
        for name, info in fields()
        if info.is_required() and not info.examples and not models_in(info.annotation) and "Literal" not in str(info.annotation)
    ]
    assert lacking == []
