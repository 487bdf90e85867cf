"""The start of a round: everything committed, pushed and tagged, and a plan that fits the sessions and the remote.

From the tag to the last worker's push nothing that training depends on may change: DVC's run-cache finds a result by
the exact bytes of code and the exact values of parameters. `changed_since` names what did.
"""

from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from housebrain.errors import UserError
from housebrain.git import git
from housebrain.nested import flatten
from housebrain.params import Params, write_round
from housebrain.shard import INIT, dealt
from housebrain.supervision.changes import tag_of
from housebrain.supervision.rates import hours
from housebrain.supervision.remote import Remote, run_dvc
from housebrain.training.schedule import part_of_round

STAGES = ("split", "init_lora")  # whose outputs workers pull
# A checkpoint holds the adapter and Adam's two moments of it.
CHECKPOINT_FACTOR = 3
_MISSING = ("deleted", "not in cache")  # of an output or an input, as `dvc status` says it


def start(params: Params) -> str:
    """Tags HEAD as the round's start and pushes what workers need. Doing so twice changes nothing.

    Returns:
        The tag.

    Raises:
        UserError: something is not committed or not pushed, what workers pull was made from other data, settings or
            code than those here, the tag is elsewhere, or the remote can't be written.
    """
    tag = tag_of(params)
    if changed := git("status", "--porcelain"):
        first = changed.splitlines()[0].split(maxsplit=1)[1]
        raise UserError(
            f"{first} and maybe more is not committed: workers lack it. `git add -A && git commit`, then again."
        )
    head = git("rev-parse", "HEAD")
    if tag in git("tag", "--list", tag).split() and git("rev-parse", f"{tag}^{{commit}}") != head:
        raise UserError(
            f"{tag}: the tag is on another commit. Go back to it (`git checkout {tag}`), or begin a new round: raise "
            "`round` in params.yaml and commit."
        )
    origin = _cloned_from()
    if origin and not git("branch", "--remotes", "--contains", head, "--list", f"{origin}/*"):
        raise UserError(f"HEAD is not on {origin} yet: workers clone from there. `git push`, and again.")
    if outdated := _outdated():
        raise UserError(
            f"{outdated} changed since it ran: workers would train on what the coordinator then makes anew, and their "
            f"results would not be found. `dvc repro {' '.join(STAGES)}`, commit, push, and again."
        )
    run_dvc("push", *STAGES)
    git("tag", "--force", tag)
    if origin:
        git("push", "--quiet", origin, f"refs/tags/{tag}")
    return tag


def _cloned_from() -> str:
    """The git remote that this branch is pushed to, else `origin`, else the first; empty where there is none."""
    remotes, branch = git("remote").split(), git("branch", "--show-current")
    upstream = git("for-each-ref", "--format=%(upstream:remotename)", f"refs/heads/{branch}") if branch else ""
    return next((name for name in (upstream, "origin", *remotes) if name in remotes), "")


def _outdated() -> str:
    """What of the stages up to `STAGES` is not what dvc.lock was written for; empty where all is.

    What is only missing here is no change: DVC fetches it.

    Raises:
        UserError: DVC can't say.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(".") as repo:
            found: dict[str, list[Any]] = repo.status(targets=list(STAGES), with_deps=True)
    except DvcException as error:
        raise UserError(f"dvc status {' '.join(STAGES)}: {error}. Mend that and run it again.") from error
    for stage, changes in found.items():
        for change in changes:
            if change == "changed command":
                return f"{stage}: its command"
            inside = change.values() if isinstance(change, dict) else ()
            for name, state in (item for entries in inside for item in flatten(entries).items()):
                if state not in _MISSING:
                    return f"{stage}: {name}"
    return ""


def next_round(params: Params) -> int:
    """Hands what this round merged over to the next one, tracks it with DVC, and raises `round` in params.yaml.

    Returns:
        The next round's number.

    Raises:
        UserError: this is the last round, or its merge isn't there or not up to date.
    """
    # Here, as it loads torch: a training that is refused shall not wait for that.
    from housebrain.merging.start import START, hand_over

    if params.round >= params.rounds:
        raise UserError(f"round: {params.round} is the last of {params.rounds} `rounds`. Train with more `rounds`.")
    try:
        run_dvc("status", "--quiet", "merge")
    except UserError as error:
        raise UserError(
            "models/merged: it is not what would be merged now, and `dvc status merge` says why. "
            "`dvc repro merge`, then again."
        ) from error
    hand_over(params, Path("models/merged"), Path("models/outer"))
    run_dvc("add", "--quiet", START.as_posix())
    write_round(params.round + 1)
    return params.round + 1


class Plan(NamedTuple):
    """What a round will take.

    Attributes:
        rows: by shard: worker, platform, samples, optimizer steps, hours that one card computes (None: not known),
            session hours (0: no limit).
        needed_bytes: on the remote, for checkpoints and results.
        free_bytes: on the remote; None where it doesn't say.
    """

    rows: list[dict[str, Any]]
    needed_bytes: int
    free_bytes: int | None


def plan(params: Params, remote: Remote) -> Plan:
    """Looks at shards, workers and the remote.

    The remote needs, for each worker, its result and `keep_remote` + 2 checkpoints (the best, and one on its way), each
    three times the adapter: its weights and Adam's two moments, in float32.

    Raises:
        UserError: the shards or the init are not here, the data is dealt to another number of workers, or the remote is
            too small.
    """
    if dealt() not in (0, len(params.shards)):
        raise UserError(
            f"data/shards: it holds {dealt()} shards, and params.yaml has {len(params.shards)} workers. Deal the data "
            f"again first: `dvc repro {' '.join(STAGES)}`, then commit. All shards are trained again."
        )
    rows = []
    for shard in params.shards:
        settings, worker, path = params.platform(shard), params.worker(shard), shard.data / "train.parquet"
        if not path.is_file():
            raise UserError(f"{path}: the file is missing. `dvc repro {' '.join(STAGES)}` makes it.")
        count = pq.read_metadata(path).num_rows
        samples = min(count, settings.max_samples or count)
        part = part_of_round(samples, settings, params)
        session_hours = params.supervision.session_hours.get(worker.platform, 0)
        steps = part.end - part.first
        computing = hours(steps * settings.samples_a_step, shard, params)
        rows.append(
            {"shard": shard.number, "worker": worker.name, "platform": worker.platform, "samples": samples}
            | {"steps": steps, "hours": computing, "session_hours": session_hours}
        )
    weights = INIT / "adapter_model.safetensors"
    if not weights.is_file():
        raise UserError(f"{weights}: the shared init is missing. `dvc repro {' '.join(STAGES)}` makes it.")
    checkpoints = CHECKPOINT_FACTOR * (params.supervision.keep_remote + 2)
    needed = len(rows) * weights.stat().st_size * (1 + checkpoints)
    free = remote.free_bytes()
    if free is not None and free < needed:
        raise UserError(
            f"remote {remote.name}: {needed / 1e9:.2f} GB are needed for {len(rows)} workers' checkpoints and results, "
            f"{free / 1e9:.2f} GB are free. Remove what is not needed, or lower supervision.keep_remote or lora.r."
        )
    return Plan(rows, needed, free)
