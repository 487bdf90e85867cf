"""Tests for housebrain.cli.design."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

import orjson
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from conftest import REPOSITORY
from housebrain.answering.alternatives import ranked
from housebrain.answering.asked import read_asked
from housebrain.answering.designer import Designed, Designer
from housebrain.answering.finish import Finished
from housebrain.cli import app
from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from housebrain.errors import UserError
from housebrain.files import write_json
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.language.answer import read
from housebrain.model.released import FOLDER, LINEAGE
from housebrain.release.answering import Answering
from housebrain.rules.checks import violations
from housebrain.rules.score import score
from housebrain.solver.solve import solve
from project import TINY, put_base


def test_a_brief_is_solved(tmp_path: Path) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(next(iter(generate_records(1, seed=3))).text)
    done = CliRunner().invoke(app, ["solve", str(path)])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["levels"]
    assert "bath_way" in done.stderr


def test_weights_of_the_score_are_those_of_params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(next(iter(generate_records(1, seed=3))).text)
    params = (REPOSITORY / "params.yaml").read_text()
    assert "    vastu: 0.0" in params
    (tmp_path / "params.yaml").write_text(params.replace("    vastu: 0.0", "    vastu: 3.5"))
    monkeypatch.chdir(tmp_path)
    row = next(line for line in CliRunner().invoke(app, ["solve", str(path)]).stderr.splitlines() if "vastu" in line)
    assert "3.5" in row


def solved(tmp_path: Path, *options: str) -> tuple[Path, Path]:
    """A record in a file, and the design that the solver wrote for it."""
    record, out = tmp_path / "record.json", tmp_path / "design.json"
    record.write_bytes(next(iter(generate_records(1, seed=3))).text)
    arguments = ["solve", str(record), "--out", str(out), *options]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    return record, out


def test_a_solved_house_is_drawn(tmp_path: Path) -> None:
    _, out = solved(tmp_path, "--render", str(tmp_path / "drawings"))
    house = Design.model_validate_json(out.read_bytes())
    names = {path.name for path in (tmp_path / "drawings").iterdir()}
    for number in range(len(house.levels)):
        assert {f"plan-{number}.svg", f"plan-{number}.png"} <= names
    assert {"plan.pdf", "plan-letter.pdf", "section.svg", "site.svg"} <= names


def test_a_brief_of_our_own_is_solved_as_its_record_is(tmp_path: Path) -> None:
    record, out = solved(tmp_path)
    brief = parse_record(orjson.loads(record.read_bytes()))[1]
    path = tmp_path / "brief.json"
    path.write_text(brief.model_dump_json())
    done = CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)
    assert json.loads(done.stdout) == json.loads(out.read_bytes())


def test_a_design_is_rendered_in_the_formats_asked_for(tmp_path: Path) -> None:
    record, design = solved(tmp_path)
    out = tmp_path / "drawings"
    arguments = ["render", str(design), "--out", str(out)]
    done = CliRunner().invoke(app, [*arguments, "--svg", "--brief", str(record)], catch_exceptions=False)
    assert done.exit_code == 0
    assert {path.suffix for path in out.iterdir()} == {".svg"}
    assert ">STREET<" in (out / "site.svg").read_text()
    CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert {path.suffix for path in out.iterdir()} >= {".svg", ".pdf", ".png"}
    assert ">STREET<" not in (out / "site.svg").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"design\.json: no such file"),
        (b"{", r"design\.json: not valid JSON"),
        (b'{"levels": []}', r"design\.json: field footprint: Field required"),
    ],
)
def test_a_bad_design_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "design.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        CliRunner().invoke(app, ["render", str(path)], catch_exceptions=False)


def test_a_bad_brief_of_our_own_is_named(tmp_path: Path) -> None:
    path = tmp_path / "brief.json"
    path.write_text('{"plot": {}}')
    with pytest.raises(UserError, match=r"brief\.json: field style: Field required"):
        CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)


def test_alternatives_are_different_houses(tmp_path: Path) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(next(iter(generate_records(1, seed=3))).text)
    done = CliRunner().invoke(app, ["solve", str(path), "--alternatives", "3"])
    assert done.exit_code == 0
    designs = [json.dumps(design) for design in json.loads(done.stdout)]
    assert len(set(designs)) == len(designs) == 3
    assert "best first" in done.stderr
    _, brief = parse_record(orjson.loads(path.read_bytes()))
    scores = [score(Design.model_validate_json(design), brief).total for design in designs]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"brief\.json: not valid JSON"),
        (b"{}", r"brief\.json: record without id, field id: Field required"),
        (b"", r"brief\.json: not valid JSON"),
    ],
)
def test_a_bad_brief_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)


def test_a_brief_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    record = orjson.loads(next(iter(generate_records(1, seed=3))).text)
    record["input"]["plot"]["setbacks_ft"]["front"] = 500
    path = tmp_path / "brief.json"
    path.write_bytes(orjson.dumps(record))
    with pytest.raises(UserError, match="setbacks_over_plot"):
        CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)


@pytest.mark.long
@pytest.mark.usefixtures("little_mending")
def test_a_model_designs_a_valid_house(
    tmp_path: Path, tiny_base: Path, tiny_init: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An untrained one: the grammar and the solver's sizes make its answer a house all the same."""
    record = orjson.loads(next(iter(generate_records(1, seed=3))).text)
    path = tmp_path / "brief.json"
    path.write_bytes(orjson.dumps(record))
    monkeypatch.setattr("housebrain.model.base.ensure_base", lambda params: tiny_base)
    monkeypatch.chdir(REPOSITORY)
    out = tmp_path / "design"
    arguments = ["design", str(path), "--out", str(out), "--model", str(tiny_init)]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert "Building code (" in done.stdout
    _, brief = parse_record(record)
    house = Design.model_validate(orjson.loads((out / "design.json").read_bytes()))
    assert violations(house, brief) == []
    written = [[name for name, _ in level] for level in read((out / "answer.txt").read_text(), "tree").layouts]
    assert len(written) == brief.floors
    assert all(sum(room.name in level for level in written) == 1 for room in brief.wanted_rooms)
    assert len(list(out.glob("plan*.svg"))) == len(house.levels)


@pytest.mark.long
@pytest.mark.usefixtures("little_mending")
def test_without_a_champion_the_released_adapter_designs(
    tmp_path: Path, tiny_base: Path, tiny_init: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a model is asked for; else the solver does. Where there is none, the error says what to name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    put_base(tmp_path, tiny_base)
    text = (REPOSITORY / "params.yaml").read_text()
    content = YAML(typ="safe").load(text) | {"base": "tiny", "bases": {"tiny": TINY.model_dump(exclude_none=True)}}
    with Path("params.yaml").open("w") as file:
        YAML(typ="safe").dump(content, file)
    Path("brief.json").write_bytes(next(iter(generate_records(1, seed=3))).text)
    with pytest.raises(UserError, match=r"no released adapter for tiny.*--model models/merged"):
        CliRunner().invoke(app, ["design", "brief.json", "--engine", "model"], catch_exceptions=False)
    alone = CliRunner().invoke(app, ["design", "brief.json", "--out", "by-solver"], catch_exceptions=False)
    assert "Designed by the solver." in alone.stdout
    shutil.copytree(tiny_init, FOLDER)
    write_json(FOLDER / LINEAGE, {"base": "nobody/tiny", "base_revision": "0", "codec": "tree"})
    arguments = ["design", "brief.json", "--engine", "transformers", "--out", "by-released"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "Designed by the released model." in done.stdout
    named = CliRunner().invoke(app, ["design", "brief.json", "--model", str(FOLDER)], catch_exceptions=False)
    assert "Designed by models/released." in named.stdout
    by_itself = CliRunner().invoke(app, ["design", "brief.json", "--out", "by-solver"], catch_exceptions=False)
    assert "Designed by the solver." in by_itself.stdout
    assert Path("by-released/answer.txt").read_text() == Path("design/answer.txt").read_text()
    assert not Path("mlflow.db").exists()  # asking for a champion makes no store


def test_a_model_that_is_not_there_is_named(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(next(iter(generate_records(1, seed=3))).text)
    monkeypatch.setattr("housebrain.model.base.ensure_base", lambda params: tiny_base)
    monkeypatch.chdir(REPOSITORY)
    with pytest.raises(UserError, match="no-such-folder"):
        CliRunner().invoke(app, ["design", str(path), "--model", "no-such-folder"], catch_exceptions=False)


def test_a_spoilt_design_is_mended(tmp_path: Path) -> None:
    record = next(iter(generate_records(1, seed=3))).text
    brief, draft, fixed = (tmp_path / name for name in ("brief.json", "design.json", "fixed.json"))
    brief.write_bytes(record)
    content = json.loads(CliRunner().invoke(app, ["solve", str(brief)]).stdout)
    box = content["levels"][0]["rooms"][0]["boxes"][0]
    box["w"] += 3
    draft.write_text(json.dumps(content))
    done = CliRunner().invoke(app, ["repair", str(draft), "--brief", str(brief), "--out", str(fixed)])
    assert done.exit_code == 0
    assert "sqft before" in done.stdout
    mended = Design.model_validate(orjson.loads(fixed.read_bytes()))
    assert violations(mended, parse_record(orjson.loads(record))[1]) == []
    done = CliRunner().invoke(app, ["repair", str(fixed), "--brief", str(brief), "--out", str(tmp_path / "again.json")])
    assert "nothing was changed" in done.stdout


@pytest.mark.parametrize(("content", "said"), [(b"{}", "can't be mended"), (None, "no such file")])
def test_what_can_not_be_mended_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    brief, draft = tmp_path / "brief.json", tmp_path / "design.json"
    brief.write_bytes(next(iter(generate_records(1, seed=3))).text)
    if content is not None:
        draft.write_bytes(content)
    arguments = ["repair", str(draft), "--brief", str(brief), "--out", str(tmp_path / "fixed.json")]
    with pytest.raises(UserError, match=rf"design\.json: {said}"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert not (tmp_path / "fixed.json").exists()


WORDS = "3 bedroom house, 40x60 ft plot facing east, Bengaluru, 60 lakh, zorblax"


@pytest.mark.long
def test_words_become_a_folder_and_say_what_was_assumed(tmp_path: Path) -> None:
    out = tmp_path / "house"
    arguments = ["design", *WORDS.split(), "--engine", "solver", "--bathrooms", "3", "--out", str(out)]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert "Not understood: zorblax" in done.stdout
    assert "Assumed" in done.stdout and "setbacks" in done.stdout
    assert "Building code (" in done.stdout and "Cost:" in done.stdout
    written = orjson.loads((out / "brief.json").read_bytes())
    brief = Brief.model_validate(written["brief"])
    assert (brief.bedrooms, brief.bathrooms, written["words"]) == (3, 3, WORDS)
    assert violations(Design.model_validate(orjson.loads((out / "design.json").read_bytes())), brief) == []
    assert list(out.glob("plan*.svg"))


@pytest.mark.long
def test_the_brief_that_was_written_gives_the_same_house(tmp_path: Path) -> None:
    for given, out in ((WORDS, "one"), (str(tmp_path / "one/brief.json"), "two")):
        arguments = ["design", given, "--engine", "solver", "--out", str(tmp_path / out)]
        assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    assert (tmp_path / "one/design.json").read_bytes() == (tmp_path / "two/design.json").read_bytes()


@pytest.mark.long
def test_alternatives_have_a_folder_each(tmp_path: Path) -> None:
    arguments = ["design", WORDS, "--engine", "solver", "--alternatives", "2", "--out", str(tmp_path / "house")]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    texts = {path.read_bytes() for path in (tmp_path / "house").glob("*/design.json")}
    assert len(texts) == 2


@pytest.mark.long
def test_alternatives_are_those_of_solve_and_the_best_comes_first(tmp_path: Path) -> None:
    out = tmp_path / "house"
    arguments = ["design", WORDS, "--engine", "solver", "--alternatives", "3", "--out", str(out)]
    CliRunner().invoke(app, arguments, catch_exceptions=False)
    brief = read_asked(WORDS, {}).brief
    designs = [Design.model_validate_json((out / f"{number}/design.json").read_bytes()) for number in (1, 2, 3)]
    assert designs == [one.design for one in ranked(brief, 3)]


@pytest.mark.long
@pytest.mark.parametrize("place", ["photos", "."])
def test_a_strangers_folder_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/brief.json").write_text("{}")
    with pytest.raises(UserError, match=f"^{place}: it is .* --out"):
        CliRunner().invoke(app, ["design", WORDS, "--engine", "solver", "--out", place], catch_exceptions=False)
    assert (tmp_path / "photos/brief.json").read_text() == "{}"
    for _ in range(2):  # its own folder is replaced
        done = CliRunner().invoke(app, ["design", WORDS, "--engine", "solver", "--out", "own"], catch_exceptions=False)
        assert done.exit_code == 0


@pytest.mark.long
def test_a_model_gets_more_floors_too_where_the_words_leave_them_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Low:
        """A designer that finds nothing on one floor."""

        def design(self, brief: Brief, temperature: float, seed: int) -> Designed:
            if brief.floors < 2:
                raise Rejected("no_layout_found", "too narrow")
            return Designed("answer", Finished(solve(brief, 5 * seed), False, 0, {}, (), 0.0), 1)

    monkeypatch.setattr("housebrain.cli.design._model", lambda *asked: Answering(cast(Designer, Low()), "low", "low"))
    out = tmp_path / "house"
    arguments = ["design", WORDS, "--alternatives", "2", "--out", str(out)]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "on fewer no arrangement was found" in " ".join(done.output.split())
    designs = [Design.model_validate_json((out / f"{number}/design.json").read_bytes()) for number in (1, 2)]
    assert [len(one.levels) for one in designs] == [2, 2]
    brief = Brief.model_validate(json.loads((out / "brief.json").read_text())["brief"])
    assert score(designs[0], brief).total >= score(designs[1], brief).total


@pytest.mark.parametrize("engine", [["--engine", "solver"], []])
def test_a_house_from_words_needs_neither_torch_nor_mlflow(tmp_path: Path, engine: list[str]) -> None:
    """Nor does one in a project in which nobody has chosen a champion yet."""
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    script = (
        "import sys; from housebrain.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit as done: assert not done.code\n"
        "assert not {'torch', 'mlflow', 'transformers', 'dvc', 'pandas'} & set(sys.modules)"
    )
    arguments = ["design", WORDS, *engine, "--out", str(tmp_path / "house")]
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, cwd=tmp_path, env=env)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a lovely day"], "does not say what house"),
        (["3 bhk 4 bhk"], "contradict"),
        ([WORDS, "--floors", "many"], "--floors 'many' was not understood"),
        ([WORDS, "--engine", "solver", "--model", "models/merged"], "leave out --model"),
        ([WORDS, "--engine", "solver", "--server", "http://gpu"], "leave out --model and --server"),
        ([WORDS, "--out", "."], "the folder that you are in"),
    ],
)
def test_what_cannot_be_designed_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        CliRunner().invoke(app, ["design", *arguments], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def indian(tmp_path: Path) -> tuple[Path, Path]:
    """A design and its record, in Bengaluru."""
    record = orjson.loads(next(iter(generate_records(1, seed=3))).text)
    record["metadata"] |= {"region": "Asia_India", "city": "Bangalore"}
    record["input"]["basicDetails"]["budget"] = 10_000
    brief, design = tmp_path / "brief.json", tmp_path / "design.json"
    brief.write_bytes(orjson.dumps(record))
    solved = CliRunner().invoke(app, ["solve", str(brief)], catch_exceptions=False)
    design.write_text(solved.stdout)
    return design, brief


def test_a_design_is_checked_rule_by_rule(indian: tuple[Path, Path]) -> None:
    design, brief = indian
    done = CliRunner().invoke(app, ["codes", str(design), "--brief", str(brief)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "Bengaluru RMP 2015" in done.stdout
    for word in (
        "habitable room",
        "at least 7.5 m2",
        "passed",
        "not applicable",
        "source read",
        "second-hand",
        "unverified",
    ):
        assert word in done.stdout
    as_json = CliRunner().invoke(app, ["codes", str(design), "--brief", str(brief), "--json"], catch_exceptions=False)
    found = json.loads(as_json.stdout)
    assert found["ruleset"] == "bengaluru"
    assert {row["outcome"] for row in found["results"]} <= {"passed", "failed", "not applicable", "unverified"}
    assert all(row["certainty"] for row in found["results"])


def test_a_design_alone_is_checked_by_a_named_ruleset(indian: tuple[Path, Path]) -> None:
    design, _ = indian
    done = CliRunner().invoke(app, ["codes", str(design), "--ruleset", "nbc2016", "--json"], catch_exceptions=False)
    rows = {row["rule"]: row["outcome"] for row in json.loads(done.stdout)["results"]}
    assert (rows["rear open space"], rows["habitable height"]) == ("unverified", "passed")
    with pytest.raises(UserError, match="--brief is needed to choose a ruleset"):
        CliRunner().invoke(app, ["codes", str(design)], catch_exceptions=False)
    with pytest.raises(UserError, match="unknown ruleset 'moon2050'"):
        CliRunner().invoke(app, ["codes", str(design), "--ruleset", "moon2050"], catch_exceptions=False)


def test_a_bill_is_printed_with_what_to_cut(indian: tuple[Path, Path]) -> None:
    design, brief = indian
    done = CliRunner().invoke(app, ["bill", str(design), "--brief", str(brief)], catch_exceptions=False)
    assert done.exit_code == 0
    for words in (
        "Cost in INR, quality basic, Bengaluru",
        "outer wall",
        "By trade:",
        "By floor: floor 0",
        "What to cut:",
    ):
        assert words in done.stdout
    as_json = CliRunner().invoke(app, ["bill", str(design), "--brief", str(brief), "--json"], catch_exceptions=False)
    made = json.loads(as_json.stdout)
    assert made["currency"] == "INR"
    assert sum(line["amount"] for line in made["lines"]) == pytest.approx(made["total"])
    assert made["cuts"]


def test_a_file_that_is_no_design_is_named(indian: tuple[Path, Path], tmp_path: Path) -> None:
    design, brief = indian
    with pytest.raises(UserError, match=r"none\.json: no such file"):
        CliRunner().invoke(app, ["bill", str(tmp_path / "none.json"), "--brief", str(brief)], catch_exceptions=False)
    with pytest.raises(UserError, match=r"brief\.json: field footprint: Field required"):
        CliRunner().invoke(app, ["bill", str(brief), "--brief", str(brief)], catch_exceptions=False)
    broken = tmp_path / "contradicting.json"
    record = json.loads(brief.read_text())
    record["input"]["plot"]["setbacks_ft"]["front"] = 500
    broken.write_text(json.dumps(record))
    with pytest.raises(UserError, match="setbacks_over_plot"):
        CliRunner().invoke(app, ["bill", str(design), "--brief", str(broken)], catch_exceptions=False)


@pytest.mark.long
def test_the_files_are_there_though_nobody_reads_on(tmp_path: Path) -> None:
    """As with `| head -1`."""
    command = [sys.executable, "-c", "from housebrain.cli import main; main()", "design", WORDS, "--engine", "solver"]
    with subprocess.Popen([*command, "--out", "h"], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
    assert (tmp_path / "h/design.json").is_file()
