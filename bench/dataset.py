"""A dataset's records by the path of `prepare`, each design looked at by a checker that shares no code with it.

    python -m bench.dataset --dataset FOLDER --count N --out JSON

Takes N records in a random order (by `--seed`), solves each as `prepare` does with seed 0, and writes down the share
that is solved, refusals by reason, what the checker of the tests finds in a design, built area over what is asked
for and the stairs, the share of decided building-code rules that are passed and which fail, how many typed topologies
there are, records a second with everything, and memory. What was solved is kept beside `--out`: the same command goes
on where it was stopped, and as the order is random what is there after any part of it is a fair sample.
"""

import argparse
import hashlib
import json
import random
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson
from bench.machine import hardware
from bench.review import area_ratio
from tqdm import tqdm

from housebrain.dataset.records import read_records
from housebrain.dataset.v5 import parse_record
from housebrain.errors import reported
from housebrain.files import write_json
from housebrain.house.brief import Rejected
from housebrain.house.design import Design
from housebrain.language.designs import encode
from housebrain.provenance import code_hash
from housebrain.rules.checks import violations
from housebrain.rules.codes import check_codes
from housebrain.solver.solve import solve

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from design_checker import faults

CODE = ["dataset/v5.py", "house", "rules", "rules/tables", "solver"]  # what is kept is of this code
BATCH = 50  # records that a process solves at a time


def topology(design: Design) -> str:
    """A hash of all levels' trees with types for names and without the cuts' places."""
    levels = json.dumps(json.loads(encode(design))["levels"], separators=(",", ":"))
    return hashlib.sha256(re.sub(r",\d+|(?<=[a-z])\d+", "", levels).encode()).hexdigest()[:12]


def row_of(text: bytes) -> dict[str, Any]:
    """What comes of a record."""
    record = orjson.loads(text)
    try:
        brief = parse_record(record)[1]
        design = solve(brief, 0)
    except Rejected as rejected:
        return {"id": record["id"], "refused": rejected.reason}
    rules = [rule for rule in check_codes(design, brief) if rule.decided and not rule.given]
    return {
        "id": record["id"],
        "refused": "",
        "faults": faults(orjson.loads(design.model_dump_json()), record),
        "violations": [one.kind for one in violations(design, brief)],
        "area_ratio": round(area_ratio(design, brief), 4),
        "codes": [sum(rule.passed for rule in rules), len(rules)],
        "failed": sorted({f"{rule.edition}: {rule.rule}" for rule in rules if not rule.passed}),
        "topology": topology(design),
    }


def rows_of(texts: list[bytes]) -> tuple[list[dict[str, Any]], float]:
    """What comes of some records, and the process's peak memory so far in GB."""
    rows = [row_of(text) for text in texts]
    return rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def solved(texts: list[bytes], processes: int) -> Iterator[tuple[list[dict[str, Any]], float]]:
    """`rows_of` for batches of records, in order."""
    batches = (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))
    with ProcessPoolExecutor(processes, mp_context=get_context("forkserver")) as pool:
        try:
            yield from pool.map(rows_of, batches)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of all rows."""
    made = [row for row in rows if not row["refused"]]
    ratios = quantiles((row["area_ratio"] for row in made), n=10)
    kinds = Counter(row["topology"] for row in made)
    passed, decided = (sum(row["codes"][number] for row in made) for number in (0, 1))
    return {
        "records": len(rows),
        "solved": len(made) / len(rows),
        "refused": dict(Counter(row["refused"] for row in rows if row["refused"]).most_common()),
        "faults": dict(Counter(fault for row in made for fault in row["faults"])),
        "with_faults": [row["id"] for row in made if row["faults"]][:100],
        "violations": dict(Counter(kind for row in made for kind in row["violations"])),
        "area_ratio": {"p10": ratios[0], "median": ratios[4], "p90": ratios[8]},
        "codes_passed": passed / decided,
        "designs_that_pass_all": sum(not row["failed"] for row in made) / len(made),
        "failed": dict(Counter(rule for row in made for rule in row["failed"]).most_common(12)),
        "topologies": len(kinds),
        "commonest_topology": max(kinds.values()) / len(made),
    }


def main() -> None:
    """Goes on with what is kept, and writes the summary of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    kept = options.out.with_suffix(".jsonl")
    with reported():
        texts = [raw.text for raw in read_records(options.dataset)]
        random.Random(options.seed).shuffle(texts)
        code = code_hash(CODE)[:8]  # enough to tell codes apart
        setting = {"dataset": options.dataset.name, "of": len(texts), "seed": options.seed, "code": code}
        lines = kept.read_text().splitlines() if kept.exists() else []
        rows = [json.loads(line) for line in lines[1:]] if lines and json.loads(lines[0]) == setting else []
        wanted = texts[len(rows) : options.count]
        del texts
        memory_gb, seconds, before = 0.0, time.perf_counter(), len(rows)
        with kept.open("w") as file:
            file.writelines(json.dumps(line) + "\n" for line in (setting, *rows))
            progress = tqdm(total=options.count, initial=before, unit=" records", file=sys.stderr, mininterval=5)
            for batch, peak_gb in solved(wanted, options.processes):
                file.writelines(json.dumps(row) + "\n" for row in batch)
                file.flush()
                rows += batch
                memory_gb = max(memory_gb, peak_gb)
                progress.update(len(batch))
            progress.close()
        seconds = time.perf_counter() - seconds
        found: dict[str, Any] = {"machine": hardware(), "setting": setting}
        found |= summary(rows[: options.count])
        if len(rows) > before:
            found |= {
                "records_a_second": (len(rows) - before) / seconds,
                "processes": options.processes,
                "memory_gb_a_process": memory_gb,
            }
        write_json(options.out, found)
    print(json.dumps({key: value for key, value in found.items() if key not in ("machine", "setting")}, indent=1))


if __name__ == "__main__":
    main()
