"""What dvc.lock says. DVC writes it in place, so whoever reads it meanwhile, or after a kill, may find a part of it."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

LOCKFILE = Path("dvc.lock")


def locked_stages(text: str) -> dict[str, Any] | None:
    """The stages in the text of a dvc.lock, by their names; None where it is cut short.

    A text that ends behind an output can't be told from one that has no more of them. That does no harm: DVC takes what
    is missing for what has not run, and finds the results in its run-cache.
    """
    try:
        stages = YAML(typ="safe").load(text)["stages"] if text.endswith("\n") else None
    except (YAMLError, TypeError, KeyError):
        return None
    whole = isinstance(stages, dict) and all(_is_whole(stage) for stage in stages.values())
    return stages if whole else None


def _is_whole(stage: Any) -> bool:
    """Whether a stage has its command, its outputs, which are its last, and the sizes of files, behind their hashes."""
    if not isinstance(stage, dict) or "cmd" not in stage:
        return False
    files: tuple[Any, Any] = stage.get("deps", []), stage.get("outs")  # all stages of the project have outputs
    return all(isinstance(entries, list) for entries in files) and all(
        isinstance(entry, dict) and "size" in entry for entries in files for entry in entries
    )
