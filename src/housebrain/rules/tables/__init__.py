"""The project's own data: rules, rates and choices, as YAML files with their sources."""

from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML


@cache
def table(name: str) -> Any:
    """The content of `NAME.yaml` in this folder, read once."""
    return YAML(typ="safe").load(files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def tables(folder: str) -> dict[str, Any]:
    """The content of each YAML file in a folder of this one, by the file's name without its ending, in that order."""
    files_there = files(__package__).joinpath(folder).iterdir()
    names = sorted(file.name.removesuffix(".yaml") for file in files_there if file.name.endswith(".yaml"))
    return {name: table(f"{folder}/{name}") for name in names}
