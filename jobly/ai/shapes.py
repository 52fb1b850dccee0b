"""Whether a value has the shape a prompt asked for: the part of JSON Schema that models are given.

Known words: type (also a list of them), enum, properties, required, additionalProperties, items,
maxItems, anyOf. A number that is none (NaN, infinite) has no shape.
"""

import math
from collections.abc import Mapping
from typing import Any

KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def misfit(value: Any, schema: Mapping[str, Any], at: str = "answer") -> str:
    """Say in a few words where a value is not what the schema asks for; "" when it fits."""
    if "anyOf" in schema:
        found = [misfit(value, one, at) for one in schema["anyOf"]]
        return found[0] if all(found) else ""
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if kinds and not any(_is(value, kind) for kind in kinds):
        return f"{at} is no {' or '.join(kinds)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{at} is none of the known words"
    if isinstance(value, dict):
        return _misfit_of_object(value, schema, at)
    if isinstance(value, list):
        return _misfit_of_array(value, schema, at)
    return ""


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, KINDS[kind])


def _misfit_of_object(value: dict[str, Any], schema: Mapping[str, Any], at: str) -> str:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"{at}.{name} is missing"
    for name, inner in value.items():
        if name not in known:
            if schema.get("additionalProperties") is False:
                return f"{at} has a field that was not asked for"
            continue
        if wrong := misfit(inner, known[name], f"{at}.{name}"):
            return wrong
    return ""


def _misfit_of_array(value: list[Any], schema: Mapping[str, Any], at: str) -> str:
    if len(value) > schema.get("maxItems", len(value)):
        return f"{at} is too long"
    each = schema.get("items")
    if each is None:
        return ""
    return next((w for n, one in enumerate(value) if (w := misfit(one, each, f"{at}[{n}]"))), "")
