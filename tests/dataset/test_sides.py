"""Tests for housebrain.dataset.sides: which files are read, and which are held out."""

from pathlib import Path

import pytest

from housebrain.dataset.sides import HELD_OUT, choose, kind_of, side_said
from housebrain.errors import UserError


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    return folder


def sides(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): side for side, path in choose(folder).files}


@pytest.mark.parametrize("word", sorted(HELD_OUT))
@pytest.mark.parametrize(
    "name",
    ["{}/a.json", "{}.jsonl", "data.{}.jsonl", "data_{}.jsonl.gz", "{}-00000-of-00002.parquet", "sub/{}2/deep/a.json"],
)
def test_no_split_that_is_named_as_held_out_is_trained_on(word: str, name: str, tmp_path: Path) -> None:
    for number, spelling in enumerate((word, word.upper(), word.capitalize())):
        folder = put(tmp_path / f"in {number}", name.format(spelling), "train/a.json", "plain.json")
        assert sides(folder) == {name.format(spelling): "validation", "train/a.json": "train", "plain.json": "train"}


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("held_out", "validation"),
        ("testset", "validation"),
        ("ValData", "validation"),
        ("houses_devset.v2", "validation"),
        ("holdoutset", "validation"),
        ("dev-split", "validation"),
        ("trainset", "train"),
        ("dataset", None),
        ("metadata", None),
        ("Held-Out", "validation"),
        ("hold out", "validation"),
        ("train_val", "validation"),  # says both
        ("training", "train"),
        ("train-00001", "train"),
        ("latest", None),
        ("developer", None),
        ("evaluate", None),
        ("contest.results", None),
        ("HBV5-000123", None),
    ],
)
def test_names_are_taken_by_their_words(name: str, side: str | None) -> None:
    assert side_said(name) == side


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("val/train/a.json", "train"),
        ("train/val/a.json", "validation"),
        ("train/dev-a.json", "validation"),
        ("test/part-1/a.json", "validation"),
        ("test/train.jsonl", "train"),
    ],
)
def test_what_says_the_side_last_counts(name: str, side: str, tmp_path: Path) -> None:
    assert sides(put(tmp_path, name)) == {name: side}


@pytest.mark.parametrize("name", ["test", "Val", "dev"])
def test_a_chosen_folder_that_is_itself_a_split_is_held_out(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / name, "a.json", "train/b.json")
    assert sides(folder) == {"a.json": "validation", "train/b.json": "train"}
    monkeypatch.chdir(folder)
    assert [side for side, _ in choose(Path()).files] == ["validation", "train"]
    assert set(sides(put(tmp_path / f"my {name}", "a.json")).values()) == {"train"}


def test_a_chosen_file_that_is_held_out_by_its_name_is(tmp_path: Path) -> None:
    put(tmp_path, "test.jsonl", "all.jsonl")
    assert choose(tmp_path / "test.jsonl").files == [("validation", tmp_path / "test.jsonl")]
    assert choose(tmp_path / "all.jsonl").files == [("train", tmp_path / "all.jsonl")]


def test_everything_else_is_named(tmp_path: Path) -> None:
    names = [
        "README.md",
        ".git/config",
        ".hidden.json",
        "b.csv",
        "c.jsonl.bz2",
        "dataset_info.json",
        "sub/d.parquet.gz",
    ]
    put(tmp_path, "a.JSON", "sub/e.JSONL.GZ", *names)
    chosen = choose(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for _, path in chosen.files] == ["a.JSON", "sub/e.JSONL.GZ"]
    assert [path.relative_to(tmp_path).as_posix() for path in chosen.left_out] == [
        *(".git", ".hidden.json", "README.md", "b.csv", "c.jsonl.bz2", "dataset_info.json", "sub/d.parquet.gz"),
    ]


def test_validation_comes_first_then_names(tmp_path: Path) -> None:
    put(tmp_path, "b.json", "a/2.json", "a/1.json", "val/9.json", "dev.json")
    assert list(sides(tmp_path)) == ["dev.json", "val/9.json", "a/1.json", "a/2.json", "b.json"]


def test_a_link_to_a_folder_above_is_not_followed_for_ever(tmp_path: Path) -> None:
    put(tmp_path, "data/a.json", "elsewhere/b.json")
    (tmp_path / "data/again").symlink_to(tmp_path / "data")
    (tmp_path / "data/more").symlink_to(tmp_path / "elsewhere")
    assert list(sides(tmp_path / "data")) == ["a.json", "more/b.json"]


@pytest.mark.parametrize("name", ["data.csv", "data.txt", "data.parquet.gz", "data.jsonl.xz", "data"])
def test_a_file_of_another_kind_is_refused_with_what_is_wanted(name: str, tmp_path: Path) -> None:
    put(tmp_path, name)
    assert kind_of(name) is None
    for path in (tmp_path / name, tmp_path):
        with pytest.raises(UserError, match=r"\.jsonl \(also as \.gz or \.zst\)") as raised:
            choose(path)
        assert name in str(raised.value)
