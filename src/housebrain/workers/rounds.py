"""The start of a round: everything committed, pushed and tagged, and a plan that fits the sessions and the remote.

From the tag to the last worker's push nothing that training depends on may change: DVC's run-cache finds a result by
the exact bytes of code and the exact values of parameters. `changed_since` names what did.
"""

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
from ruamel.yaml import YAML

from housebrain.errors import UserError
from housebrain.params import Params, write_round
from housebrain.training.fingerprint import CODE, shard_paths
from housebrain.training.schedule import part_of_round
from housebrain.workers.remote import Remote, run_dvc

PARAMS = ("round", "rounds", "base", "bases", "lora", "train", "accounts", "platforms")  # train_shard's, in dvc.yaml
FILES = ["stages/train_shard.py", *(f"src/housebrain/{name}" for name in CODE)]  # and its code
STAGES = ("split", "init_lora")  # whose outputs workers pull
# A checkpoint holds the adapter and Adam's two moments of it.
CHECKPOINT_FACTOR = 3


def tag_of(params: Params) -> str:
    """The git tag of a round."""
    return f"round-{params.round}"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise UserError(
            f"git {' '.join(arguments)}: {' '.join(done.stderr.split())[:300]}. Mend that and run it again."
        )
    return done.stdout.strip()


def start(params: Params) -> str:
    """Tags HEAD as the round's start and pushes what workers need. Doing so twice changes nothing.

    Returns:
        The tag.

    Raises:
        UserError: something is not committed or not pushed, the tag is elsewhere, or the remote can't be written.
    """
    tag = tag_of(params)
    if changed := _git("status", "--porcelain"):
        first = changed.splitlines()[0].split(maxsplit=1)[1]
        raise UserError(
            f"{first} and maybe more is not committed: workers lack it. `git add -A && git commit`, then again."
        )
    head = _git("rev-parse", "HEAD")
    if tag in _git("tag", "--list", tag).split() and _git("rev-parse", f"{tag}^{{commit}}") != head:
        raise UserError(
            f"{tag}: the tag is on another commit. Go back to it (`git checkout {tag}`), or begin a new round: raise "
            "`round` in params.yaml and commit."
        )
    remotes = _git("remote").split()
    if remotes and not _git("branch", "--remotes", "--contains", head):
        raise UserError(f"HEAD is not on {remotes[0]} yet: workers clone from there. `git push`, and again.")
    run_dvc("push", *STAGES)
    _git("tag", "--force", tag)
    if remotes:
        _git("push", "--quiet", remotes[0], f"refs/tags/{tag}")
    return tag


def next_round(params: Params) -> int:
    """Hands what this round merged over to the next one, tracks it with DVC, and raises `round` in params.yaml.

    Returns:
        The next round's number.

    Raises:
        UserError: this is the last round, or its merge isn't there or not up to date.
    """
    # Here, as it loads torch: a training that is refused shall not wait for that.
    from housebrain.merging.outer import START, hand_over

    if params.round >= params.rounds:
        raise UserError(f"round: {params.round} is the last of {params.rounds} `rounds`. Train with more `rounds`.")
    run_dvc("status", "--quiet", "merge")
    hand_over(params, Path("models/merged"), Path("models/outer"))
    run_dvc("add", "--quiet", START.as_posix())
    write_round(params.round + 1)
    return params.round + 1


def changed_since(tag: str) -> list[str]:
    """What training depends on and is not as it was at `tag`: files, and parameters by their dotted names.

    Raises:
        UserError: there is no such tag.
    """
    then = YAML(typ="safe").load(_git("show", f"{tag}:params.yaml"))
    now = YAML(typ="safe").load(Path("params.yaml").read_text())
    files = _git("diff", "--name-only", tag, "--", *FILES).splitlines()
    files += _git("ls-files", "--others", "--exclude-standard", "--", *FILES).splitlines()
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


class Plan(NamedTuple):
    """What a round will take.

    Attributes:
        rows: by shard: worker, platform, samples, optimizer steps at one sample a row (packing makes them fewer),
            session hours (0: no limit).
        needed_bytes: on the remote, for checkpoints and results.
        free_bytes: on the remote; None where it doesn't say.
    """

    rows: list[dict[str, Any]]
    needed_bytes: int
    free_bytes: int | None


def plan(params: Params, remote: Remote) -> Plan:
    """Looks at shards, accounts and the remote.

    The remote needs, for each worker, its result and `keep_remote` + 2 checkpoints (the best, and one on its way), each
    three times the adapter: its weights and Adam's two moments, in float32.

    Raises:
        UserError: the shards or the init are not here, or the remote is too small.
    """
    rows = []
    for shard, account in params.accounts.items():
        settings, path = params.platform(int(shard)), shard_paths(int(shard)).data / "train.parquet"
        if not path.is_file():
            raise UserError(f"{path}: the file is missing. `dvc repro {' '.join(STAGES)}` makes it.")
        count = pq.read_metadata(path).num_rows
        samples = min(count, settings.max_samples or count)
        part = part_of_round(samples, settings, params)
        hours = params.workers.session_hours.get(account.platform, 0)
        rows.append(
            {"shard": int(shard), "worker": account.worker, "platform": account.platform, "samples": samples}
            | {"steps": part.end - part.first, "session_hours": hours}
        )
    weights = shard_paths(1).init / "adapter_model.safetensors"
    if not weights.is_file():
        raise UserError(f"{weights}: the shared init is missing. `dvc repro {' '.join(STAGES)}` makes it.")
    checkpoints = CHECKPOINT_FACTOR * (params.workers.keep_remote + 2)
    needed = len(rows) * weights.stat().st_size * (1 + checkpoints)
    free = remote.free_bytes()
    if free is not None and free < needed:
        raise UserError(
            f"remote {remote.name}: {needed / 1e9:.2f} GB are needed for {len(rows)} workers' checkpoints and results, "
            f"{free / 1e9:.2f} GB are free. Remove what is not needed there, or lower workers.keep_remote or lora.r."
        )
    return Plan(rows, needed, free)
