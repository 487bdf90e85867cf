"""Tests for housebrain.cli.merging."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from housebrain.cli import app
from housebrain.errors import UserError
from housebrain.files import read_json
from housebrain.merging.strategies import about
from merging.adapters import random_adapter
from peft_models import MakePeft, make_peft, save_tiny_llama

__all__ = ["make_peft"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--weights", "1,x"], "--weights"),
        (["--weights", "1,2,3"], "3 numbers for 2 adapters"),
        (["--strategy", "magic"], "unknown strategy 'magic'. Known: average"),
        (["--strategy", "ties", "--parameter", "density"], "--parameter: 'density' has no '='"),
        (["--strategy", "ties", "--parameter", "densty=0.3"], "no parameter 'densty'. It has: density"),
        (["--strategy", "ties", "--parameter", "density=2"], r"\(or --parameter\): density is 2"),
        (["--strategy", "dare", "--parameter", "seed=x"], "seed of dare is 'x'"),
        ([], "a: no such folder"),
    ],
)
def test_a_merge_that_cannot_be_done_says_why(tmp_path: Path, options: list[str], message: str) -> None:
    words = ["merge", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path / "out"), *options]
    with pytest.raises(UserError, match=message):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert not (tmp_path / "out").exists()


def test_a_merge_takes_the_strategy_s_parameters(tmp_path: Path) -> None:
    folders = [str(random_adapter(tmp_path / str(seed), seed)) for seed in range(2)]
    words = ["--strategy", "dare", "--parameter", "density=0.25", "--parameter", "seed=7"]
    done = CliRunner().invoke(app, ["merge", *folders, "--out", str(tmp_path / "out"), *words])
    assert done.exit_code == 0
    assert "probability 0.25 (seed 7)" in read_json(tmp_path / "out" / "merge.json")["formula"]


def test_an_adapter_that_is_named_twice_counts_twice(tmp_path: Path) -> None:
    a, b = (str(random_adapter(tmp_path / name, seed)) for seed, name in enumerate("ab"))
    done = CliRunner().invoke(app, ["merge", a, a, b, "--out", str(tmp_path / "out"), "--weights", "1,2,1"])
    assert done.exit_code == 0 and "merge: 3 adapters in" in done.stdout
    assert read_json(tmp_path / "out" / "merge.json")["weights"] == {a: 0.25, f"{a} (2)": 0.5, b: 0.25}
    shown = CliRunner().invoke(app, ["inspect", a, a, b, "--out", str(tmp_path / "i.png")])
    assert shown.exit_code == 0 and "3 adapters" in shown.stdout


def test_brackets_in_an_adapters_name_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a, b = (str(random_adapter(Path(name), seed)) for seed, name in enumerate(("a[fp16]", "b[bold]")))
    shown = CliRunner().invoke(app, ["inspect", a, b, "--out", "i.png"], catch_exceptions=False).stdout
    assert "a[fp16]" in shown and "b[bold]" in shown


def test_bases_are_one_where_a_person_says_so(tmp_path: Path) -> None:
    folders = [
        str(random_adapter(tmp_path / name, base_model_name_or_path=name)) for name in ("org-a-base", "copy-in-fp16")
    ]
    words = ["merge", *folders, "--out", str(tmp_path / "out")]
    with pytest.raises(UserError, match="--same-base"):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert CliRunner().invoke(app, [*words, "--same-base"]).exit_code == 0
    shown = CliRunner().invoke(app, ["inspect", *folders, "--same-base", "--out", str(tmp_path / "i.png")])
    assert shown.exit_code == 0


def test_a_merge_answers_on_its_base(tmp_path: Path, make_peft: MakePeft) -> None:
    base = save_tiny_llama(tmp_path / "base")
    for name in "ab":
        make_peft(tmp_path / name, ord(name))
    words = ["merge", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path / "out"), "--validate", str(base)]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    answer = done.stdout.partition(f"merge: loaded on {base}, its answer: ")[2]
    assert done.exit_code == 0 and len(answer.split()) > 3


def test_a_merge_spares_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    folders = [str(random_adapter(tmp_path / str(seed), seed)) for seed in range(2)]
    mine = tmp_path / "mine" / "thesis.txt"
    mine.parent.mkdir()
    mine.touch()
    for out in (mine.parent, tmp_path / "0"):
        with pytest.raises(UserError, match="with --out"):
            CliRunner().invoke(app, ["merge", *folders, "--out", str(out)], catch_exceptions=False)
    assert mine.exists() and sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "mine"]


def test_the_help_of_merge_has_every_strategy_with_its_parameters_and_paper() -> None:
    shown = " ".join(CliRunner().invoke(app, ["merge", "--help"]).stdout.split())
    for one in about():
        parameters = one.parameters.removesuffix(".") or "none"
        assert f"{one.name}: {one.what} Parameters: {parameters}. {one.paper}" in shown
