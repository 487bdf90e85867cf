"""What a trained model adds to grammar and finishing, which make nearly any answer a valid house by themselves.

    python -m bench.added --dataset FILE --count N --model released --out JSON [--levels FOLDER]

The same briefs are answered, guided, by the untrained base and by the model, and stand beside the solver's own design
for each. Differences are paired, brief by brief, with 95% bootstrap intervals. Where an answer had to be replaced it
counts as not valid and as wholly changed; distances and penalties are compared on the briefs for which neither was.
`topologies` is how many different trees of room types there are among 100 levels. With `--levels` each way's levels are
written as CSV in the columns of `bench.realism`. The other options are those of `bench.answers`.
"""

import argparse
import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.answers import adapter_of, arguments_of, counts, evaluator_of, guided_of, put, row_of, setting_of
from bench.realism import measure as realism

from housebrain.answering.finish import Proposal
from housebrain.errors import reported
from housebrain.evaluation.compare import as_columns
from housebrain.evaluation.guided import Guided, judge_guided
from housebrain.evaluation.intervals import difference
from housebrain.files import write_json
from housebrain.language.designs import encode
from housebrain.params import load_params

LOWER_IS_BETTER = ("mended", "edits", "changed", "moved_ft", "penalty")


def topologies(guided: Sequence[Guided]) -> float:
    """Different typed trees in 100 levels of the houses that are the models' own."""
    found = [tree for one in guided if one.design and not one.replaced for tree in _typed(encode(one.design))]
    return 100 * len(set(found)) / len(found) if found else 0.0


def _typed(answer: str) -> list[str]:
    """Each level's tree without the places of its cuts and the numbers of its rooms."""

    def typed(node: Any) -> Any:
        return re.sub(r"\d+$", "", node) if isinstance(node, str) else [typed(part) for part in [node[0], *node[1::2]]]

    return [json.dumps(typed(level)) for level in json.loads(answer)["levels"]]


def differences(one: Sequence[Guided], other: Sequence[Guided]) -> dict[str, Any]:
    """`one` less `other`, metric by metric: low and high of the 95% interval, p, and whether it is surely better."""
    others, rows = guided_of(other), {}
    for name, measure in guided_of(one).items():
        row: dict[str, Any] = as_columns(difference(measure, others[name]))
        low, high = row["low"], row["high"]
        rows[name] = row | {"surely_better": low is not None and (high < 0 if name in LOWER_IS_BETTER else low > 0)}
    return rows


def write_levels(guided: Sequence[Guided], path: Path) -> None:
    """The levels of the houses that are the models' own, a row each, for a panel of floor plan statistics."""
    designs = [one.design for one in guided if one.design and not one.replaced]
    rows = [row for design in designs for level in design.levels if (row := realism(level)) is not None]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["n_rooms"])
        writer.writeheader()
        writer.writerows({key: round(value, 4) for key, value in row.items()} for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--levels", type=Path, help="a folder for the levels of each way")
    arguments = arguments_of(parser)
    adapter = adapter_of(arguments.model, load_params())
    evaluator, refused = evaluator_of(arguments)
    batch, engine = arguments.batch, arguments.engine
    trained = put(adapter, evaluator, batch, "trained", free=False, engine=engine)
    untrained = put(None, evaluator, batch, "untrained", free=False, engine=engine)
    solver = [judge_guided(Proposal(sample.answer), sample, evaluator.settings.codes) for sample in evaluator.samples]
    ways = {"untrained": untrained.guided, "trained": trained.guided, "solver": solver}
    rows = {
        name: row_of(guided_of(guided), None) | {"topologies": topologies(guided), "counts": counts(guided)}
        for name, guided in ways.items()
    }
    for name, found in (("untrained", untrained), ("trained", trained)):
        rows[name] |= {"seconds_median": median(found.guided_seconds), "tokens_chosen_median": median(found.chosen)}
    result = {
        "ways": rows,
        "trained less untrained": differences(trained.guided, untrained.guided),
        "trained less solver": differences(trained.guided, solver),
        "setting": setting_of(arguments, evaluator.samples, refused),
    }
    write_json(arguments.out, result)
    if arguments.levels:
        for name, guided in ways.items():
            write_levels(guided, arguments.levels / f"{name}.csv")
    for name, row in rows.items():
        print(f"{name:<18}" + ", ".join(f"{count} {what}" for what, count in row["counts"].items()))
    print(f"{'':<18}" + "".join(f"{name:>12}" for name in rows) + f"{'trained less untrained':>36}")
    for metric, row in result["trained less untrained"].items():
        values = "".join(f"{'-' if way[metric] is None else format(way[metric], '.3f'):>12}" for way in rows.values())
        between = "-" if row["low"] is None else f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
        print(f"{metric:<18}{values}{between:>36}")


if __name__ == "__main__":
    with reported():
        main()
