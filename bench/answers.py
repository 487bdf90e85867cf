"""Puts records to a model and says what its answers are worth, free and guided.

    python -m bench.answers --dataset FILE --count N --model released --out JSON

Takes N records of a dataset (whatever `prepare` reads), evenly spread over it, and leaves out those that the solver
can't build; or the first N samples of a Parquet file of `prepare`'s columns. The model answers each freely, greedy, and
under the brief's grammar, where the answer is finished into a house. Medians of seconds are of a single answer with
`--batch 1`, and of each one's part of a batch else; finishing is in those of guided answers. With
`--engine onnxruntime` guided answers are written as `housebrain design` has them written on a laptop, and their seconds
are the processor's. What was answered is kept
in `--kept`: the same command goes on where it was stopped.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from bench.machine import hardware
from bench.served import Served
from tqdm import tqdm

from housebrain.answering.finish import Proposal
from housebrain.dataset.prepare import SCHEMA, Reject, solve_record
from housebrain.dataset.records import count_records, read_records
from housebrain.errors import UserError, reported
from housebrain.evaluation.cache import FOLDER, Answers, Cache
from housebrain.evaluation.evaluate import Evaluator, Model, ToGuide
from housebrain.evaluation.guided import Guided, guided_measures, judge_guided
from housebrain.evaluation.intervals import interval
from housebrain.evaluation.metrics import Measure, Verdict, finite, judge, share_measure
from housebrain.files import atomic_file, write_json
from housebrain.language.samples import COLUMNS, Sample
from housebrain.model.released import released_adapter
from housebrain.params import Params, load_params
from housebrain.provenance import compute_device
from housebrain.release.champion import champion
from housebrain.rules.score import score

SHARES = {
    "validity": "valid",
    "requirements": "requirements",
    "codes": "codes",
    "cost_within_10pct": "cost_close",
    "json_validity": "json_valid",
}
GUIDED = {f"guided_{name}": name for name in ("mended", "edits", "changed", "moved_ft", "penalty")}


class Put(NamedTuple):
    """What came of the briefs that were put to a model; seconds brief by brief.

    `chosen` is how many tokens the model chose for each guided answer, in all candidates.
    """

    free: list[Verdict]
    free_seconds: list[float]
    guided: list[Guided]
    guided_seconds: list[float]
    chosen: list[int]


def samples_of(dataset: Path, count: int, out: Path) -> Counter[str]:
    """Writes the samples that are put to models to the Parquet file `out`; kept if it is there.

    Returns:
        How many of the records that were tried were refused, by reason; none for a file of samples.
    """
    if dataset.suffix == ".parquet" and set(COLUMNS) <= set(pq.read_schema(dataset).names):
        with atomic_file(out) as temporary:
            pq.write_table(pq.read_table(dataset).slice(0, count), temporary)
        return Counter()
    kept = out.with_suffix(".json")
    asked = [str(dataset), dataset.stat().st_mtime, count]
    if out.exists() and kept.exists() and (known := json.loads(kept.read_text()))["asked"] == asked:
        return Counter(known["refused"])
    total = count_records(dataset) or sum(1 for _ in read_records(dataset))
    step = max(1, total // (count + count // 4 + 1))  # a tenth can't be built
    rows: list[dict[str, Any]] = []
    refused: Counter[str] = Counter()
    with tqdm(total=count, desc="solved", unit=" briefs", file=sys.stderr, mininterval=5) as progress:
        for number, raw in enumerate(read_records(dataset)):
            if number % step or len(rows) == count:
                continue
            solved = solve_record(raw, seed=0)
            if isinstance(solved, Reject):
                refused[solved.reason] += 1
            else:
                rows += solved
                progress.update()
    with atomic_file(out) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), temporary)
    write_json(kept, {"asked": asked, "refused": refused})
    return refused


def adapter_of(model: str, params: Params) -> Path | None:
    """The adapter that `--model` names; None for the untrained base.

    Raises:
        UserError: there is none.
    """
    if model == "base":
        return None
    if model == "champion":
        return champion(params).folder
    if model == "released":
        released = released_adapter(params)
        if released is None:
            raise UserError("models/released: it has no adapter for this base and codec. Give another --model.")
        return released
    return Path(model)


def put(
    adapter: Path | None, evaluator: Evaluator, batch: int, what: str, free: bool = True, engine: str = "transformers"
) -> Put:
    """Puts all of an evaluator's briefs to a model, freely and guided.

    Args:
        adapter: its folder; None for the base.
        evaluator: with the briefs, the ruleset and the cache.
        batch: briefs at once.
        what: of the progress bars.
        free: whether free answers are asked for.
        engine: of guided answers; with `onnxruntime` they come one at a time, and their seconds are the processor's.
    """
    model, ruleset = Model(evaluator, (adapter,)), evaluator.settings.codes
    served = Served(evaluator.base, adapter, evaluator.cache) if engine == "onnxruntime" else None
    parts = [slice(first, first + batch) for first in range(0, len(evaluator.samples), batch)]
    asked: dict[str, list[Any]] = {"guided": []}
    for part in parts:
        asked["guided"].append(ToGuide(evaluator.prompts[part], [one.brief for one in evaluator.samples[part]]))
    if free:
        asked["free"] = [evaluator.prompts[part] for part in parts]
    texts: list[str] = []
    proposals: list[Proposal] = []
    seconds: dict[str, list[float]] = {"free": [], "guided": []}
    for kind, batches in asked.items():
        for one in tqdm(batches, f"{what}, {kind}", unit=" batches", file=sys.stderr, mininterval=5):
            answers: Answers = served.answer(one.briefs[0]) if served and kind == "guided" else model.answers(one)
            texts += answers.answers if kind == "free" else []
            proposals += answers.proposals
            seconds[kind] += [answers.seconds / len(answers.answers)] * len(answers.answers)
    guided: list[Guided] = []
    clock = time.process_time if served else time.perf_counter
    for number, (proposal, sample) in enumerate(zip(proposals, evaluator.samples, strict=True)):
        started = clock()
        guided.append(judge_guided(proposal, sample, ruleset))
        seconds["guided"][number] += clock() - started
    verdicts = [
        judge(text, sample, evaluator.codec, ruleset) for text, sample in zip(texts, evaluator.samples, strict=free)
    ]
    return Put(verdicts, seconds["free"], guided, seconds["guided"], [one.chosen for one in proposals])


def row_of(measures: dict[str, Measure], seconds: Sequence[float] | None) -> dict[str, Any]:
    """Means with their 95% intervals, and the median of the seconds if any; None for what is not measured."""
    row: dict[str, Any] = {name: finite(measure.mean) for name, measure in measures.items()}
    between = {name: interval(measure) for name, measure in measures.items()}
    row |= {"seconds_median": median(seconds)} if seconds else {}
    return row | {"intervals": {name: found and list(found) for name, found in between.items()}}


def measures_of(verdicts: Sequence[Verdict]) -> dict[str, Measure]:
    """Of free answers, or of what guided ones were finished into."""
    return {name: share_measure([getattr(one, part) for one in verdicts]) for name, part in SHARES.items()}


def guided_of(guided: Sequence[Guided]) -> dict[str, Measure]:
    """As of free answers, and what finishing changed; `own` is the share of answers that were not replaced."""
    found = measures_of([one.verdict for one in guided])
    found["own"] = share_measure([not one.replaced for one in guided])
    found["kept"] = share_measure([one.edits == 0 for one in guided])
    found["score"] = share_measure([_score(one) for one in guided])
    return found | {name: guided_measures(guided)[metric] for metric, name in GUIDED.items()}


def counts(guided: Sequence[Guided]) -> dict[str, int]:
    """How many arrangements were kept as they were, mended by small changes, and replaced by the solver's own."""
    found = Counter("replaced" if one.replaced else "mended" if one.edits else "kept" for one in guided)
    return {name: found[name] for name in ("kept", "mended", "replaced")}


def _score(one: Guided) -> float:
    """Of the house by the rules; 0 where it is not the model's."""
    return 0.0 if one.design is None or one.replaced else score(one.design, one.sample.brief).total


def arguments_of(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line; what both benches take is added to `parser`."""
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument(
        "--model", default="released", help="released, champion, base (untrained) or an adapter's folder"
    )
    parser.add_argument("--batch", type=int, default=1, help="briefs at once")
    parser.add_argument(
        "--engine", choices=["transformers", "onnxruntime"], default="transformers", help="of guided answers"
    )
    parser.add_argument("--max-new-tokens", type=int, default=400, help="where a free answer is cut")
    parser.add_argument("--kept", type=Path, default=FOLDER, help="the folder of answers that are kept")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.engine == "onnxruntime" and arguments.batch > 1:
        parser.error("onnxruntime answers one brief at a time: leave out --batch")
    return arguments


def evaluator_of(arguments: argparse.Namespace) -> tuple[Evaluator, Counter[str]]:
    """The briefs that are put to models, and how many were refused by reason."""
    params = load_params()
    samples = arguments.out.with_suffix(".samples.parquet")
    refused = samples_of(arguments.dataset, arguments.count, samples)
    changes = {"briefs": arguments.count, "max_new_tokens": arguments.max_new_tokens, "batch_size": arguments.batch}
    params = params.model_copy(update={"evaluate": params.evaluate.model_copy(update=changes)})
    return Evaluator(params, samples, Cache(arguments.kept)), refused


def setting_of(arguments: argparse.Namespace, samples: list[Sample], refused: Counter[str]) -> dict[str, Any]:
    """What was measured, and on what."""
    names = ("model", "engine", "batch", "max_new_tokens")
    return {
        **{name: getattr(arguments, name) for name in names},
        "dataset": arguments.dataset.name,
        "briefs": len(samples),
        "refused": refused,
        "device": compute_device(),
        "hardware": hardware(),
    }


def main() -> None:
    description, formatter = __doc__, argparse.RawDescriptionHelpFormatter
    arguments = arguments_of(argparse.ArgumentParser(description=description, formatter_class=formatter))
    adapter = adapter_of(arguments.model, load_params())
    evaluator, refused = evaluator_of(arguments)
    found = put(adapter, evaluator, arguments.batch, arguments.model, engine=arguments.engine)
    result = {
        "free": row_of(measures_of(found.free), found.free_seconds),
        "guided": row_of(guided_of(found.guided), found.guided_seconds) | {"counts": counts(found.guided)},
        "faults": {
            "free": Counter(fault for one in found.free for fault in one.faults),
            "guided": Counter(fault for one in found.guided for fault in one.verdict.faults),
        },
        "setting": setting_of(arguments, evaluator.samples, refused),
    }
    write_json(arguments.out, result)
    for kind in ("free", "guided"):
        shown = {name: value for name, value in result[kind].items() if isinstance(value, float)}
        print(f"{kind:<7}" + "  ".join(f"{name} {value:.3f}" for name, value in shown.items()))


if __name__ == "__main__":
    with reported():
        main()
