"""Tests for `import housebrain as hb`: every example in its documentation, and what it needs to be installed."""

import doctest
import inspect
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest

import housebrain as hb
from conftest import REPOSITORY
from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from merging.adapters import dense, dense_sum, random_adapter, relative_error

FUNCTIONS = (
    "read_record",
    "solve",
    "violations",
    "requirements",
    "score",
    "alternatives",
    "repair",
    "draw",
    "merge",
)  # as the examples follow


@pytest.fixture
def adapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two adapters below the working directory, as the example of `merge` has them."""
    monkeypatch.chdir(tmp_path)
    return [random_adapter(Path("adapters") / name, seed=seed) for seed, name in enumerate(("one", "two"))]


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return dict(orjson.loads(next(iter(generate_records(1, seed=3))).text))


def test_every_name_is_there_and_every_function_has_an_example() -> None:
    functions = {name for name in hb.__all__ if inspect.isfunction(getattr(hb, name))}
    assert functions == set(FUNCTIONS)
    assert set(dir(hb)) >= set(hb.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        hb.nothing  # noqa: B018


@pytest.mark.usefixtures("adapters")
def test_the_examples_are_true() -> None:
    known: dict[str, Any] = {}
    runner = doctest.DocTestRunner()
    for name in FUNCTIONS:
        test = doctest.DocTestParser().get_doctest(getattr(hb, name).__doc__, {}, name, None, None)
        test.globs = known  # the examples go on from one another
        assert test.examples, f"{name} has no example"
        assert runner.run(test, clear_globs=False).failed == 0


def test_a_record_is_read_in_every_form(record: dict[str, Any]) -> None:
    expected = parse_record(record)
    assert hb.read_record(record) == expected
    assert hb.read_record(json.dumps(record)) == expected
    assert hb.read_record(json.dumps(record).encode()) == expected


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("{", "read_record: not valid JSON"),
        (b"[]", "record without id, field record: "),
        ({"id": "A"}, "record A, field input: Field required"),
    ],
)
def test_a_bad_record_is_named(record: Any, said: str) -> None:
    with pytest.raises(hb.UserError, match=said):
        hb.read_record(record)


def test_a_record_that_contradicts_itself_says_why(record: dict[str, Any]) -> None:
    contradicting = json.loads(json.dumps(record))
    contradicting["input"]["basicDetails"]["bedrooms"] += 1
    with pytest.raises(hb.Rejected) as rejected:
        hb.read_record(contradicting)
    assert rejected.value.reason == "bedrooms_contradict"


def test_a_house_of_several_levels_is_drawn_level_by_level(tmp_path: Path) -> None:
    briefs = (parse_record(orjson.loads(raw.text))[1] for raw in generate_records(50, seed=3))
    design = hb.solve(next(brief for brief in briefs if brief.floors == 2))
    paths = hb.draw(design, tmp_path / "plans/house.svg")
    assert [path.name for path in paths] == ["house-0.svg", "house-1.svg"]
    for path, level in zip(paths, design.levels, strict=True):
        drawn = path.read_text(encoding="utf-8")
        assert all(f">{room.name}<" in drawn for room in level.rooms)
    scales = [re.findall(r'viewBox="([^"]+)"', path.read_text(encoding="utf-8")) for path in paths]
    assert scales[0] == scales[1] != []


def test_only_svg_is_drawn(record: dict[str, Any], tmp_path: Path) -> None:
    design = hb.solve(hb.read_record(record)[1])
    with pytest.raises(hb.UserError, match=r"house\.png: plans are drawn as SVG"):
        hb.draw(design, tmp_path / "house.png")


def test_a_merge_is_the_mean(adapters: list[Path]) -> None:
    hb.merge(adapters, "merged")
    merged = dense(Path("merged"))
    for module, expected in dense_sum(adapters, [0.5, 0.5]).items():
        assert relative_error(merged[module], expected) < 1e-6


def test_an_adapter_named_twice_counts_twice(adapters: list[Path]) -> None:
    report = hb.merge([*adapters, adapters[0]], "merged")
    assert list(report["weights"]) == [*map(str, adapters), f"{adapters[0]} (2)"]
    merged = dense(Path("merged"))
    for module, expected in dense_sum(adapters, [2 / 3, 1 / 3]).items():
        assert relative_error(merged[module], expected) < 1e-6


def test_one_base_by_two_names_merges_where_that_is_said(adapters: list[Path], tmp_path: Path) -> None:
    other = random_adapter(tmp_path / "other", 5, base_model_name_or_path="/mnt/disk/base")
    with pytest.raises(hb.UserError, match="same_base=True"):
        hb.merge([adapters[0], other], "merged")
    hb.merge([adapters[0], other], "merged", same_base=True)


def test_an_output_that_is_an_input_is_refused(adapters: list[Path]) -> None:
    with pytest.raises(hb.UserError, match="or one lies in the other"):
        hb.merge(adapters, adapters[0])


EXTRAS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
# Runs a program to which packages are missing; words after the first are their names.
WITHOUT = """
import sys

missing = set(sys.argv[1].split())

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


def modules_of(extra: str) -> set[str]:
    """The modules of the packages that an extra names, those of extras within it too."""
    found: set[str] = set()
    for requirement in EXTRAS[extra]:
        if inner := re.match(r"housebrain\[([\w,]+)\]", requirement):
            found |= set().union(*(modules_of(name) for name in inner[1].split(",")))
        else:
            found.add(re.split(r"[<>=\[]", requirement)[0].replace("-", "_"))
    return found


def run_without(missing: set[str], program: str, *, ok: bool = True) -> str:
    command = [sys.executable, "-c", WITHOUT + program, " ".join(missing)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode == 0) == ok, done.stderr
    return done.stdout + done.stderr


def test_all_has_every_package_of_every_extra_but_clusters() -> None:
    named = {"dvc", "dvc_gdrive", "transformers", "peft", "torch", "datasets", "mlflow", "pandas"}
    extras = set().union(*(modules_of(extra) for extra in EXTRAS if extra not in ("dev", "cuda", "cluster", "all")))
    assert modules_of("all") >= named | extras


def test_a_house_needs_the_core_only(record: dict[str, Any], tmp_path: Path) -> None:
    program = f"""
import housebrain as hb
assert not {{"pydantic", "orjson", "housebrain.api"}} & set(sys.modules), "something heavy is imported at once"
_, brief = hb.read_record({json.dumps(json.dumps(record))})
design = hb.solve(brief)
assert not hb.violations(design, brief)
print(len(hb.draw(design, {str(tmp_path / "house.svg")!r})), "drawn")
import housebrain.cli, housebrain.params
"""
    assert " drawn" in run_without(modules_of("all"), program)


@pytest.mark.long
def test_a_merge_needs_its_extra_only(adapters: list[Path]) -> None:
    program = f"import housebrain as hb; print(hb.merge({list(map(str, adapters))}, 'merged')['rank_max'])"
    # find_spec, with which the check looks for peft, has to find nothing.
    hidden = (
        "import importlib.util as u; find = u.find_spec; u.find_spec = lambda n: None if n == 'peft' else find(n)\n"
    )
    printed = run_without(modules_of("all") - modules_of("merge"), hidden + program)
    assert printed.split("\n")[0] == "8"
    assert "the check that PEFT loads it is skipped: peft is not installed" in printed
    assert Path("merged/adapter_model.safetensors").is_file()


def test_a_command_says_which_package_it_needs(tmp_path: Path) -> None:
    program = f"""
sys.argv = ["housebrain", "merge", "a", "b", "--out", {str(tmp_path / "merged")!r}]
from housebrain.cli import main
main()
"""
    printed = run_without(modules_of("all"), program, ok=False)
    assert re.search(r"error: \w+ is not installed\. Run `pip install 'housebrain\[all\]'`\.", printed)
    assert "Traceback" not in printed
