"""What has changed since a round's tag: DVC finds a worker's result only by the exact bytes of code and parameters.

Git's own `diff` is not asked: it takes line ends that it changes itself (core.autocrlf) for none.
"""

import hashlib
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from housebrain.errors import UserError
from housebrain.git import git
from housebrain.params import Params
from housebrain.supervision.lockfile import LOCKFILE, locked_stages
from housebrain.training.fingerprint import CODE

PARAMS = ("round", "rounds", "base", "bases", "lora", "train", "workers", "platforms")  # train_shard's, in dvc.yaml
FILES = ["stages/train_shard.py", *(f"src/housebrain/{name}" for name in CODE)]  # and its code
# The stages that make what is trained on: once they would run again, `dvc repro` deals other data.
BEFORE = ("count_shards", "prepare", "split", "init_lora")
_DECISIVE = ("cmd", "deps", "params", "outs", "metrics", "plots")  # of a stage

CRLF = " (its lines end in CRLF)"
INPUTS = ("data/shards", "models/lora_init")  # of all trainings, with their hashes in dvc.lock


def tag_of(params: Params) -> str:
    """The git tag of a round."""
    return f"round-{params.round}"


def changed_since(tag: str) -> list[str]:
    """What training depends on and is not as it was at `tag`.

    Returns:
        Files, with `CRLF` after those that only differ in their line ends; parameters by their dotted names; the stages
        in dvc.yaml; and inputs whose hashes in dvc.lock differ. Of the stages `BEFORE` the training's, too.

    Raises:
        UserError: there is no such tag, or dvc.lock is cut short, as it is while DVC writes it.
    """
    then, now = _yaml(git("show", f"{tag}:params.yaml")), _yaml(Path("params.yaml").read_text())
    stages = [_yaml(text)["stages"] for text in (git("show", f"{tag}:dvc.yaml"), Path("dvc.yaml").read_text())]
    before = [stages[1][name] for name in BEFORE if name in stages[1]]
    needed = sorted({*FILES, *(path for stage in before for path in stage.get("deps", []))})
    listed = (line.split(maxsplit=3) for line in git("ls-tree", "-r", tag, "--", *needed).splitlines())
    blobs = {path: blob for _, _, blob, path in listed}
    files = [f"{path}{how}" for path, blob in blobs.items() if (how := _changed(Path(path), blob)) is not None]
    others = git("ls-files", "--cached", "--others", "--exclude-standard", "--", *needed).splitlines()
    files += [path for path in others if path not in blobs and Path(path).exists()]
    keys = dict.fromkeys([*PARAMS, *(name for stage in before for name in stage.get("params", []))])
    params = [name for key in keys for name in _differing(key, _value(then, key), _value(now, key))]
    return [*files, *params, *_changed_stages(*stages), *_changed_inputs(tag)]


def _yaml(text: str) -> Any:
    return YAML(typ="safe").load(text)


def _changed(path: Path, blob: str) -> str | None:
    """How a file differs from git's `blob` of it: `CRLF` where only in its line ends, else ""; None: not at all."""
    if not path.is_file():
        return ""
    content = path.read_bytes()
    if _blob(content, blob) == blob:
        return None
    return CRLF if _blob(content.replace(b"\r\n", b"\n"), blob) == blob else ""


def _blob(content: bytes, like: str) -> str:
    """Git's hash of a file's content, by the algorithm that the hash `like` is of."""
    return hashlib.new("sha1" if len(like) == 40 else "sha256", b"blob %d\0%b" % (len(content), content)).hexdigest()


def _value(values: Any, dotted: str) -> Any:
    """What settings have at a dotted name; None where they have nothing there."""
    for key in dotted.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _changed_stages(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Where in dvc.yaml commands, dependencies or outputs of a training, or of what is before it, are others."""
    found = []
    for name in ("train_shard", *BEFORE):
        before, after = (stages.get(name, {}) for stages in (then, now))
        before, after = (stage.get("do", stage) for stage in (before, after))
        found += [one for key in _DECISIVE for one in _differing(f"{name}.{key}", before.get(key), after.get(key))]
    return [f"dvc.yaml: {one}" for one in found]


def _changed_inputs(tag: str) -> list[str]:
    """The `INPUTS` that dvc.lock has other hashes of than it had at `tag`."""
    if LOCKFILE.name not in git("ls-tree", "--name-only", tag, "--", LOCKFILE.name) or not LOCKFILE.exists():
        return []
    texts = (f"{git('show', f'{tag}:{LOCKFILE}')}\n", LOCKFILE.read_text())
    then, now = (
        {out["path"]: out.get("md5") for stage in _locked(text).values() for out in stage.get("outs", [])}
        for text in texts
    )
    return [path for path in INPUTS if path in then and then[path] != now.get(path)]


def _locked(text: str) -> dict[str, Any]:
    """The stages in a dvc.lock.

    Raises:
        UserError: it is cut short.
    """
    if (stages := locked_stages(text)) is None:
        raise UserError(
            f"{LOCKFILE}: it is cut short. If no dvc is writing it (`pgrep -fa dvc`), get the committed one: "
            f"`git checkout {LOCKFILE}`."
        )
    return stages


def lost_by(tag: str, changed: list[str]) -> str:
    """What changes since `tag` mean, and how to undo them."""
    if any(name.endswith(CRLF) for name in changed):
        return (
            f"not the bytes of {tag}, so workers' results would not be found: {', '.join(changed)}. Git changes line "
            "ends here (core.autocrlf). Commit what is yours, then: `git config core.autocrlf false && git rm -rq "
            "--cached . && git reset -q --hard`."
        )
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
