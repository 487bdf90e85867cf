"""What has changed since a round's tag: DVC finds a worker's result only by the exact bytes of code and parameters."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from housebrain.errors import UserError
from housebrain.git import git
from housebrain.params import Params
from housebrain.training.fingerprint import CODE

PARAMS = ("round", "rounds", "base", "bases", "lora", "train", "workers", "platforms")  # train_shard's, in dvc.yaml
FILES = ["stages/train_shard.py", *(f"src/housebrain/{name}" for name in CODE)]  # and its code


def tag_of(params: Params) -> str:
    """The git tag of a round."""
    return f"round-{params.round}"


def changed_since(tag: str) -> list[str]:
    """What training depends on and is not as it was at `tag`: files, and parameters by their dotted names.

    Raises:
        UserError: there is no such tag.
    """
    then = YAML(typ="safe").load(git("show", f"{tag}:params.yaml"))
    now = YAML(typ="safe").load(Path("params.yaml").read_text())
    files = git("diff", "--name-only", tag, "--", *FILES).splitlines()
    files += git("ls-files", "--others", "--exclude-standard", "--", *FILES).splitlines()
    return files + [name for key in PARAMS for name in _differing(key, then.get(key), now.get(key))]


def lost_by(tag: str, changed: list[str]) -> str:
    """What changes since `tag` mean, and how to undo them."""
    return (
        f"changed since {tag}, so workers' results would not be found: {', '.join(changed)}. "
        f"`git diff {tag}` shows how; go back with `git stash` or `git checkout {tag}`."
    )


def warning(params: Params) -> str:
    """What changed since the round's tag, as `lost_by` says it; empty where nothing did, or there is no tag to ask."""
    tag = tag_of(params)
    try:
        changed = changed_since(tag)
    except (UserError, OSError):
        return ""
    return lost_by(tag, changed) if changed else ""


def _differing(name: str, a: Any, b: Any) -> list[str]:
    """Dotted names below `name` at which two values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        return [
            one for key in sorted(a.keys() | b.keys()) for one in _differing(f"{name}.{key}", a.get(key), b.get(key))
        ]
    return [] if a == b else [name]
