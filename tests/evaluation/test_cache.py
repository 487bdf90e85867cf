"""Tests for housebrain.evaluation.cache: a whole entry is used, anything else is made again."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from housebrain.evaluation import cache as module
from housebrain.evaluation.cache import Answers, Cache, Loss, hash_of
from housebrain.files import atomic_file, sha256_file

LOSS = Loss(loss=0.1)


def never() -> Loss:
    raise AssertionError("it was to be remembered")


def entries(cache: Cache) -> list[Path]:
    return [path for path in cache.folder.rglob("*") if path.is_file()]


def test_an_entry_is_made_once_and_comes_back_to_the_bit(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "answers")
    answers = Answers(answers=['{"a": "\u2028\\n\n"}', "", "\ud7ff é"], seconds=0.1, peak_gb=1 / 3)
    assert cache.get_or_make(Answers, {"model": "a"}, lambda: answers) == answers
    assert cache.get_or_make(Loss, {"model": "a"}, lambda: LOSS) == LOSS  # another kind of the same
    assert cache.get_or_make(Answers, {"model": "a"}, never) == answers  # type: ignore[arg-type]
    assert Cache(cache.folder).get_or_make(Loss, {"model": "a"}, never) == LOSS


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_remembered_as_such(tmp_path: Path, loss: float) -> None:
    cache = Cache(tmp_path)
    cache.get_or_make(Loss, {}, lambda: Loss(loss=loss))
    assert str(cache.get_or_make(Loss, {}, never).loss) == str(loss)


def test_what_it_depends_on_tells_entries_apart(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.get_or_make(Loss, {"model": "a", "prompts": ["b", "c"]}, lambda: LOSS)
    other = Loss(loss=2.0)
    assert cache.get_or_make(Loss, {"model": "a", "prompts": ["bc"]}, lambda: other) == other
    assert len(entries(cache)) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-3],
        lambda content: content.replace(b"0.1", b"0.2"),
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: b"\xff\xfe",
        lambda content: b"{}",
    ],
    ids=["empty", "cut off", "changed", "line ends", "not text", "other json"],
)
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    cache = Cache(tmp_path)
    cache.get_or_make(Loss, {}, lambda: LOSS)
    (path,) = entries(cache)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    other = Loss(loss=2.0)
    assert cache.get_or_make(Loss, {}, lambda: other) == other
    assert cache.get_or_make(Loss, {}, never) == other


def test_work_that_fails_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "answers")
    with pytest.raises(AssertionError):
        cache.get_or_make(Loss, {}, never)
    assert not cache.folder.exists()


def test_a_file_is_hashed_once_until_it_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each model of a round that answers beside all others is known by the hashes of them all."""
    path = tmp_path / "weights"
    read: list[Path] = []

    def counted(one: Path) -> str:
        read.append(one)
        return sha256_file(one)

    monkeypatch.setattr(module, "sha256_file", counted)
    path.write_bytes(b"one")
    assert hash_of(path) == hash_of(path) == sha256_file(path)
    assert read == [path]
    with atomic_file(path) as temporary:
        temporary.write_bytes(b"two")
    assert hash_of(path) == sha256_file(path)
    assert read == [path, path]
