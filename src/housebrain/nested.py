"""Dicts within dicts, as JSON and settings have them."""

from typing import Any


def flatten(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a dict and of all dicts in it, by their dotted names, such as `lora.r`; lists stay whole."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{name}": inner for name, inner in flatten(value).items()}
        else:
            flat[key] = value
    return flat
