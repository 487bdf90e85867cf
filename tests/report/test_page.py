"""Tests for housebrain.report.page: a page that stands alone and says what the reports say."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conftest import MakeSamples
from housebrain.errors import UserError
from housebrain.evaluation.names import MERGED
from housebrain.params import Criterion
from housebrain.report.houses import draw_houses, read_houses
from housebrain.report.page import write_page
from report.conftest import Round

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Reader(HTMLParser):
    """Collects a page's tags and text, and refuses tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def ids(self) -> set[str | None]:
        return {attributes.get("id") for _, attributes in self.tags} - {None}


def page_of(one: Round) -> tuple[Reader, str]:
    folder = one.write()
    write_page(one.params, folder, folder / "index.html")
    page = (folder / "index.html").read_text()
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader, page


def test_the_page_needs_nothing_but_itself(a_round: Round) -> None:
    reader, page = page_of(a_round)
    assert {tag for tag, _ in reader.tags}.isdisjoint({"script", "link", "img", "iframe", "object", "base"})
    for _, attributes in reader.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("href", "src", "srcset") or str(value).startswith("#")
    assert "url(" not in page
    assert "@import" not in page
    assert re.findall(r"https?://[^\"]+", page.replace("http://www.w3.org/2000/svg", "")) == []


def test_links_on_the_page_lead_somewhere(a_round: Round) -> None:
    a_round.choice = [{"strategy": "average", "scale": 1.0, "loss": 0.5, "p": 1.0, "chosen": True}]
    reader, _ = page_of(a_round)
    targets = {str(attributes["href"])[1:] for tag, attributes in reader.tags if tag == "a"}
    assert targets <= reader.ids()


def test_every_drawing_is_valid_xml(a_round: Round) -> None:
    _, page = page_of(a_round)
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    assert len(drawings) == page.count("<svg") > 9 + 1 + 2


def test_the_page_says_what_was_measured(a_round: Round) -> None:
    a_round.leave_one_out = [
        {"without": "shard 1", "weight": 0.5, "eval_loss": 0.2812, "difference": 0.0312, "low": 0.01, "high": 0.05,
         "p": 0.125, "note": None},
        {"without": "shard 2", "weight": 0.5, "eval_loss": None, "difference": None, "low": None, "high": None,
         "p": None, "note": "no weight is left without it"},
    ]  # fmt: skip
    a_round.choice = [
        {"strategy": "average", "scale": 1.0, "loss": 0.51234, "p": 0.25, "chosen": True},
        {"strategy": "ties", "scale": 1.5, "loss": 0.49876, "p": 1.0, "chosen": False},
    ]
    reader, _ = page_of(a_round)
    for words in ("merged by average", "50%", "0.5123", "0.4988", "+0.0312", "+0.0100 to +0.0500", "no weight is left"):
        assert words in reader.words
    for criterion in a_round.params.evaluate.criteria.values():
        assert criterion.about in reader.words
    assert "4 briefs are few" in reader.words
    assert "2 of 4 answers have a fault: no valid json in 2" in reader.words


@pytest.mark.long
def test_a_verdict_that_the_interval_leaves_open_is_marked(a_round: Round) -> None:
    """Half of four answers are JSON: at least 0.1 is passed but not sure, 1 is failed and not sure."""
    criterion = Criterion(about="answers that are valid JSON", min=1.0)
    for bound, verdict in ((0.1, "pass"), (1.0, "fail")):
        only = {"json_validity": criterion.model_copy(update={"min": bound})}
        evaluation = a_round.params.evaluate.model_copy(update={"criteria": only})
        a_round.params = a_round.params.model_copy(update={"evaluate": evaluation})
        assert f"0.5 0 to 1 {verdict} open" in page_of(a_round)[0].words


@pytest.mark.long
def test_a_difference_is_coloured_only_where_it_is_sure(tmp_path: Path, make_samples: MakeSamples) -> None:
    """The merged model has the lower loss on every brief: of four that is not much, of eight it is."""
    for briefs, coloured in ((4, False), (8, True)):
        one = Round(tmp_path / f"reports-{briefs}", make_samples(tmp_path / f"{briefs}.parquet", briefs))
        _, page = page_of(one)
        assert ('class="better"' in page) == coloured


def test_what_there_was_not_has_no_place(a_round: Round) -> None:
    """Nothing was left out."""
    reader, _ = page_of(a_round)
    assert "shards" not in reader.ids()
    assert {"criteria", "models", "differences", "training", "slices", "worst", "samples"} <= reader.ids()


@pytest.mark.long
def test_where_no_strategies_were_compared_the_page_says_so(a_round: Round) -> None:
    reader, _ = page_of(a_round)
    assert "strategies" in reader.ids()
    assert "The merge is by average, without comparing it with others; merge.strategy: auto compares" in reader.words
    a_round.choice = [{"strategy": "average", "scale": 1.0, "loss": 0.5, "p": 1.0, "chosen": True}]
    assert "without comparing" not in page_of(a_round)[0].words


def test_a_strategy_without_a_finite_loss_has_none_on_the_page(a_round: Round) -> None:
    kept = {"strategy": "average", "scale": 1.0, "loss": 0.5, "p": 1.0, "chosen": True}
    a_round.choice = [kept, {"strategy": "ties", "scale": 1.0, "loss": None, "p": 0.0, "chosen": False}]
    assert "ties 1 - < 0.001" in page_of(a_round)[0].words


def test_a_kind_of_brief_is_called_what_it_is_called(a_round: Round) -> None:
    """Tables take some words for nothing at all."""
    for number, style in enumerate(("NA", "None")):
        sample = a_round.samples[number]
        a_round.samples[number] = sample._replace(brief=sample.brief.model_copy(update={"style": style}))
    words = page_of(a_round)[0].words
    assert " NA 1 " in words and " None 1 " in words and not re.search(r"\bnan\b", words)


def test_a_record_may_have_any_id(a_round: Round, tmp_path: Path) -> None:
    """Its house is drawn in the folder of houses, nowhere else."""
    ids = ["villas/7", "../../out", "a b" * 100, "HBV5-1"]
    a_round.samples = [one._replace(id=name) for one, name in zip(a_round.samples, ids, strict=True)]
    a_round.answers[MERGED] = [one.answer for one in a_round.samples]
    a_round.guided = 4
    houses = read_houses(a_round.write() / "evaluation")
    draw_houses(houses, tmp_path / "designs")
    drawn = {path.name for path in (tmp_path / "designs").iterdir()}
    assert drawn == {name for house in houses for name in house.files}
    assert len(drawn) == sum(len(house.design.levels) for house in houses)
    assert any(name.startswith("villas_7-") for name in drawn) and drawn & {"HBV5-1.svg", "HBV5-1-0.svg"}
    assert [path for path in tmp_path.rglob("*.svg") if path.parent != tmp_path / "designs"] == []


def test_answers_can_do_no_harm(a_round: Round) -> None:
    a_round.answers[MERGED][1] = "<script>alert(1)</script></pre>\x00"
    reader, page = page_of(a_round)
    assert "<script" not in page
    assert "<script>alert(1)</script></pre>" in reader.words


def test_designs_stand_side_by_side_floor_by_floor(a_round: Round) -> None:
    """The answer of the first brief is another's design, with another number of floors."""
    floors = [one.brief.floors for one in a_round.samples]
    other = next(number for number, count in enumerate(floors) if count != floors[0])
    a_round.answers[MERGED] = [a_round.samples[other].answer, *[one.answer for one in a_round.samples[1:]]]
    reader, page = page_of(a_round)
    # Once among the worst and once among the samples, where the other three have both designs whole.
    missing = abs(floors[0] - floors[other])
    assert reader.words.count("no such floor") == 2 * missing
    plans = re.findall("<title>(?:reference|answer), ", page)
    assert len(plans) == 2 * (floors[0] + floors[other]) + 2 * sum(floors[1:])


@pytest.mark.long
@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_model_without_numbers_is_no_obstacle(a_round: Round, loss: float) -> None:
    a_round.losses["shard 2"] = loss
    reader, _ = page_of(a_round)
    assert "nan" not in reader.words.lower().split()


def test_one_brief_is_no_obstacle(tmp_path: Path, make_samples: MakeSamples) -> None:
    reader, _ = page_of(Round(tmp_path / "reports", make_samples(tmp_path / "one.parquet", 1)))
    assert "1 brief is few" in reader.words


@pytest.mark.long
def test_the_same_reports_make_the_same_page(a_round: Round) -> None:
    assert page_of(a_round)[1] == page_of(a_round)[1]


def damage_csv(one: Round) -> None:
    (one.folder / "shards/2_loss.csv").unlink()


def damage_answers(one: Round) -> None:
    path = one.folder / "evaluation/answers.jsonl"
    path.write_text(path.read_text()[:-20])


def other_briefs(one: Round) -> None:
    path = one.folder / "evaluation/answers.jsonl"
    path.write_text(path.read_text().replace(one.samples[0].id, "another"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_csv, r"2_loss\.csv: no such file"),
        (damage_answers, r"answers\.jsonl: cannot be read"),
        (other_briefs, "the answers are not to the briefs"),
    ],
)
def test_what_is_missing_or_damaged_is_one_error(a_round: Round, damage: Any, message: str) -> None:
    a_round.write()
    damage(a_round)
    with pytest.raises(UserError, match=message):
        write_page(a_round.params, a_round.folder, a_round.folder / "index.html")
    assert not (a_round.folder / "index.html").exists()
