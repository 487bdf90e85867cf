"""A small round's reports: two shards, four test briefs; the merged model gets every other brief right."""

from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY, MakeSamples
from housebrain.answering.finish import Proposal
from housebrain.evaluation.compare import all_measures, comparisons, intervals
from housebrain.evaluation.guided import judge_guided
from housebrain.evaluation.metrics import Answered, finite, judge
from housebrain.evaluation.names import BASE, GUIDED_METRICS, MERGED
from housebrain.evaluation.reports import Evaluated, write_reports
from housebrain.files import write_json
from housebrain.language.samples import Sample, load_samples
from housebrain.params import Params, load_params


class Round:
    """The reports in `folder` on the briefs in `test`; what a test changes is written by `write`."""

    def __init__(self, folder: Path, test: Path) -> None:
        self.folder = folder
        self.test = test
        self.samples = load_samples(test)
        self.losses = {BASE: 2.5, "shard 1": 0.5, "shard 2": 0.6, MERGED: 0.25}
        self.answers = {
            name: ["?" if number % 2 or name == BASE else one.answer for number, one in enumerate(self.samples)]
            for name in self.losses
        }
        self.guided = 2  # of the briefs, whatever the model
        self.choice: list[dict[str, Any]] = []
        self.leave_one_out: list[dict[str, Any]] = []
        shipped = load_params(REPOSITORY / "params.yaml")
        workers = {number: shipped.workers[number] for number in ("1", "2")}
        self.params: Params = shipped.model_copy(update={"workers": workers})

    def write(self) -> Path:
        """Returns the reports' folder."""
        evaluated = {name: self._outcome(self.answers[name], loss) for name, loss in self.losses.items()}
        summary = {"steps": 12, "total_steps": 12, "train_loss": 0.4, "eval_loss": 0.5, "samples": 24, "seconds": 90.0}
        tables: dict[str, Any] = {"intervals": intervals(evaluated), "comparisons": comparisons(evaluated)}
        write_reports(evaluated, self.params, {"shard 1": summary, "shard 2": summary}, {}, tables, self.folder)
        for number in (1, 2):
            write_json(self.folder / f"shards/{number}.json", summary)
            curve = f"step,loss,eval_loss\n1,2.0,\n2,1.{number},1.5\n3,nan,\n4,0.9,1.2\n"
            (self.folder / f"shards/{number}_loss.csv").write_text(curve)
        write_json(self.folder / "merge.json", {"size_mb": 9.8, "scale": 1.0, "strategy": "average"})
        write_json(self.folder / "merge_choice.json", self.choice)
        write_json(self.folder / "leave_one_out.json", self.leave_one_out)
        return self.folder

    def _outcome(self, texts: list[str], loss: float) -> Evaluated:
        answers = [self._answered(sample, text, loss) for sample, text in zip(self.samples, texts, strict=True)]
        guided = [judge_guided(Proposal(one.answer), one.sample, "auto") for one in answers[: self.guided]]
        found = all_measures(Evaluated({}, answers, guided))
        metrics = dict.fromkeys(GUIDED_METRICS) | {name: finite(measure.mean) for name, measure in found.items()}
        more = {"seconds_per_design": 4.0, "peak_memory_gb": 1.5, "adapter_mb": 9.8}
        return Evaluated(metrics | more, answers, guided)

    def _answered(self, sample: Sample, text: str, loss: float) -> Answered:
        return Answered(sample, loss * (1 + len(sample.answer) / 1e4), 100, text, judge(text, sample, "tree", "auto"))


@pytest.fixture
def a_round(tmp_path: Path, make_samples: MakeSamples) -> Round:
    return Round(tmp_path / "reports", make_samples(tmp_path / "test.parquet", 4))
