"""What stands in schemas/ is what the models say today."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from controller.cli.schemas import all_schemas, outdated

FOLDER = Path(__file__).parents[2] / "schemas"


def test_the_schemas_of_this_repository_are_up_to_date() -> None:
    assert outdated(FOLDER, all_schemas()) == [], "run: make schemas"


@pytest.mark.parametrize("name", sorted(all_schemas()))
def test_each_schema_is_one_and_needs_no_network(name: str) -> None:
    import json

    schema = json.loads(all_schemas()[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "http" not in "".join(references(schema))


def references(node: object) -> list[str]:
    """Every ``$ref`` in a schema."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in references(value)]
    return [ref for item in node for ref in references(item)] if isinstance(node, list) else []
