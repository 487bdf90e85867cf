"""The project's own data: rules, rates and choices, as YAML files with their sources."""

from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML


@cache
def table(name: str) -> Any:
    """The content of `NAME.yaml` in this folder, read once."""
    return YAML(typ="safe").load(files(__package__).joinpath(f"{name}.yaml").read_text())
