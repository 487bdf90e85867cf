"""Checkpoints and heartbeats on a remote that holds anything: the newest whole checkpoint is found, and no other."""

import contextlib
import io
import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from fuzz.target import Target, no_hang, refused
from housebrain.environment import RECORD
from housebrain.errors import UserError
from housebrain.files import sha256_folder
from housebrain.supervision import heartbeat
from housebrain.supervision.heartbeat import Heartbeat
from housebrain.supervision.upload import folder, prune, restore, stored, upload
from housebrain.tracking import Point, RunRecord
from housebrain.training import checkpoints
from supervision.stores import local_remote

KEY = "0123456789abcdef0123"  # pragma: allowlist secret
STRANGERS = [
    "checkpoint-.tar",
    "checkpoint-x-00000000.tar",
    "checkpoint-000009.tar",
    "checkpoint-000009-aaaaaaaa.tar",
    "checkpoint--1-aaaaaaaa.tar",
    "record-000009-aaaaaaaa.json",
    "record-.json",
    "checkpoint",
    "beat-.json",
    "beat-1.json",
    "beat-x-y.json",
    "beat-0000000000001-.json",
    "beat-9999999999999-abc.json",
    ".DS_Store",
    "checkpoint-000002 (1).tar",
]


class Damage(NamedTuple):
    """What is done to the remote: to the file of that number, or with one of `STRANGERS`."""

    how: str
    number: int
    content: bytes


damages = st.builds(
    Damage,
    st.sampled_from(["cut", "flip", "remove", "empty", "stranger", "stranger", "announced", "folder"]),
    st.integers(0, 50),
    st.sampled_from([b"", b"{}", b"\xff\xfe", b"not json", b"a" * 64, b"  \n", b'{"owner": 1}', b"[" * 5000]),
)


def _made(local: Path, step: int) -> Path:
    made = local / f"checkpoint-{step}"
    made.mkdir(parents=True)
    (made / "weights").write_text(f"weights {step}")
    point = Point(key="eval_loss", value=float(step), step=step, timestamp_ms=0)
    (made / RECORD).write_text(RunRecord(record_id="r", name="n", points=[point], start_ms=0).model_dump_json())
    checkpoints.mark_complete(made, KEY)
    return made


def _spoil(place: Path, damage: Damage) -> None:
    names = sorted(path for path in place.iterdir() if path.is_file())
    stranger = place / STRANGERS[damage.number % len(STRANGERS)]
    if damage.how in ("stranger", "announced", "folder"):
        if damage.how == "folder" and not stranger.exists():
            stranger.mkdir()
        elif not stranger.exists():
            stranger.write_bytes(damage.content)
            if damage.how == "announced":
                Path(f"{stranger}.sha256").write_bytes(damage.content)
    elif names:
        path = names[damage.number % len(names)]
        content = path.read_bytes()
        if damage.how == "remove":
            path.unlink()
        elif damage.how == "empty" or not content:
            path.write_bytes(b"")
        elif damage.how == "cut":
            path.write_bytes(content[: len(content) * (damage.number + 1) // 52])
        else:
            at = damage.number * len(content) // 51
            path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


def _is_whole(place: Path, name: str, files: dict[str, bytes]) -> bool:
    """A checkpoint is as it was uploaded, and announced by its hash, whatever follows that."""
    announcement = f"{name}.sha256"
    if name not in files or any(not (place / one).is_file() for one in (name, announcement)):
        return False
    said = (place / announcement).read_bytes().split()
    return (place / name).read_bytes() == files[name] and said[:1] == files[announcement].split()[:1]


def check(case: tuple[int, list[Damage]]) -> str:
    count, spoilt = case
    with tempfile.TemporaryDirectory() as work, no_hang(), contextlib.redirect_stderr(io.StringIO()):
        remote, local = local_remote(Path(work) / "remote"), Path(work) / "there"
        made = {step: _made(Path(work) / "here", step) for step in range(1, count + 1)}
        for path in made.values():
            with contextlib.redirect_stdout(io.StringIO()):
                upload(remote, path, KEY, 1)
        place = Path(work) / "remote" / folder(KEY, 1)
        place.mkdir(parents=True, exist_ok=True)
        files = {path.name: path.read_bytes() for path in place.iterdir()}
        beats = Path(work) / "remote" / heartbeat.folder(1, 1)
        beat = Heartbeat(owner="abc", worker="w", shard=1, round=1, session_started_ms=0, training_key=KEY)
        heartbeat.send(remote, beat)
        for damage in spoilt:
            _spoil(place, damage)
            _spoil(beats, damage)
        announced = stored(remote, KEY, 1)
        whole = [one.step for one in announced if _is_whole(place, one.name, files)]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                step = restore(remote, KEY, 1, local)
            found = heartbeat.newest(remote, 1, 1)
            assert found is None or found.shard == 1
            assert heartbeat.pushed(remote, 1, 1, "none") is None
            prune(remote, KEY, 1, keep=1)
        except UserError as error:
            return refused(error)
        assert step == max(whole, default=0), f"step {step} of {whole}"
        if step:
            assert sha256_folder(local / f"checkpoint-{step}") == sha256_folder(made[step])
        if step and step == announced[0].step:  # `prune` goes by what is announced, and doesn't look inside
            assert _is_whole(place, announced[0].name, files)
        return "restored" if step else "none whole"


TARGET = Target(
    "checkpoints",
    "checkpoints and heartbeats on a remote, damaged, missing, with strangers beside: the newest whole one is restored",
    st.tuples(st.integers(0, 3), st.lists(damages, max_size=5)),
    check,
    frozenset({"restored", "none whole"}),
    kept=((1, [Damage("announced", 0, b"")]), (1, [Damage("stranger", 8, b"")]), (1, [Damage("folder", 27, b"")])),
)
