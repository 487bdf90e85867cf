"""What a worker says of itself, every minute, on the remote: all that the coordinator sees, and the claim on a shard.

A heartbeat is a small file under a name of its own, `beat-<ms>-<owner>.json`: on Google Drive writing a path twice
makes two files, of which the older is read. Of a worker's the newest counts, and of several workers that of the highest
claim: their clocks may disagree. A worker removes its own older ones but the last, as the new one may not show on lists
yet.
"""

import re
import time
from typing import Literal

from pydantic import BaseModel, ValidationError

from housebrain.redact import redacted
from housebrain.supervision.remote import MissingError, Remote

State = Literal["starting", "training", "pushing", "done", "incomplete", "failed", "released"]
_NAME = re.compile(r"beat-\d{13}-.+\.json")
ACTIVE: tuple[State, ...] = ("starting", "training", "pushing")  # the others hold no claim


class Heartbeat(BaseModel):
    """A worker's state; times are its own clock's."""

    owner: str  # of the clone that works: a new machine is another owner
    worker: str  # params.yaml's name of it
    shard: int
    round: int
    generation: int = 1  # of the claim on the shard: each takeover's is higher than all before
    state: State = "starting"
    time_ms: int = 0
    session_started_ms: int
    deadline_ms: int | None = None
    training_key: str  # of its checkpoints
    result_key: str = ""  # of what it will push
    step: int = 0
    total_steps: int = 0
    loss: float | None = None
    eval_loss: float | None = None
    tokens_per_second: float | None = None
    seconds_left: float | None = None
    losses: list[float] = []  # the last 20, for the trend
    gpu: str | None = None
    gpu_memory_gb: float | None = None
    memory_gb: float | None = None
    safe_step: int | None = None  # of the newest checkpoint that is on the remote
    pushed: bool = False
    message: str = ""


def folder(round_: int, shard: int) -> str:
    """Where the heartbeats of a shard are on the remote."""
    return f"heartbeats/round-{round_}/shard-{shard}"


def owner_of(name: str) -> str:
    """The owner in a heartbeat's file name."""
    return name.removesuffix(".json").split("-", 2)[2]


def beats(remote: Remote, round_: int, shard: int) -> list[str]:
    """File names of a shard's heartbeats, oldest first."""
    names = remote.list(folder(round_, shard))
    return sorted(name for name in names if _NAME.fullmatch(name))  # others are strangers'


def read_beat(remote: Remote, round_: int, shard: int, name: str) -> Heartbeat | None:
    """A heartbeat; None where it has been removed meanwhile or is none."""
    try:
        return Heartbeat.model_validate_json(remote.read(f"{folder(round_, shard)}/{name}"))
    except (MissingError, ValidationError):
        return None


def newest(remote: Remote, round_: int, shard: int) -> Heartbeat | None:
    """The newest heartbeat of the worker that had the shard last; None where there has been none."""
    found: dict[str, Heartbeat] = {}
    for name in reversed(beats(remote, round_, shard)):
        if owner_of(name) not in found and (beat := read_beat(remote, round_, shard, name)) is not None:
            found[owner_of(name)] = beat
    return max(found.values(), key=lambda beat: (beat.generation, beat.time_ms), default=None)


def pushed(remote: Remote, round_: int, shard: int, result_key: str) -> Heartbeat | None:
    """A heartbeat that says that this very result is on the remote, whatever its sender's clock; None without."""
    found = (read_beat(remote, round_, shard, name) for name in beats(remote, round_, shard))
    return next((beat for beat in found if beat and beat.pushed and beat.result_key == result_key), None)


def send(remote: Remote, heartbeat: Heartbeat) -> str:
    """Stamps a heartbeat with the time, writes it, and removes this owner's older ones but one; returns its name.

    Its others that seem to be newer are of before this machine's clock was set back.
    """
    now_ms = int(time.time() * 1000)
    # Two within a millisecond would have one name, and the first would be lost.
    heartbeat.time_ms = now_ms + (now_ms == heartbeat.time_ms)
    heartbeat.message = redacted(heartbeat.message)
    place = folder(heartbeat.round, heartbeat.shard)
    name = f"beat-{heartbeat.time_ms:013d}-{heartbeat.owner}.json"
    remote.put_bytes(heartbeat.model_dump_json().encode(), f"{place}/{name}")
    others = [one for one in beats(remote, heartbeat.round, heartbeat.shard) if owner_of(one) == heartbeat.owner]
    older, later = [one for one in others if one < name], [one for one in others if one > name]
    for old in older[:-1] + (later if older else []):
        remote.remove(f"{place}/{old}")
    return name
