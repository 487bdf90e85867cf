"""The pass over all records: counts, the first few records of each kind, and a sample for what needs no more."""

import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from housebrain.dataset.audit.checks import BRIEF_CHECKS, OUTPUT_CHECKS, entry
from housebrain.dataset.records import RawRecord, count_records, parse_json, read_records, side_of
from housebrain.dataset.v5 import BadRecord, parse_record
from housebrain.errors import UserError
from housebrain.house.brief import Rejected

EXAMPLES = 3
FIELD_SAMPLE = 20_000
DEPTH = 50  # of objects in objects that are looked at


@dataclass(slots=True)
class Tally:
    """How many records, and the first few of them."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


@dataclass
class Findings:
    """What the pass over all records found; `sample` holds parsed records drawn at random for the rest."""

    faulty: list[str] = field(default_factory=list)  # of files that can't be read to their end, what is wrong
    sides: Counter[str] = field(default_factory=Counter)
    with_output: int = 0
    unparsed: Tally = field(default_factory=Tally)
    bad_fields: dict[str, Tally] = field(default_factory=dict)
    duplicate_ids: Tally = field(default_factory=Tally)
    duplicate_briefs: Tally = field(default_factory=Tally)
    checks: dict[str, Tally] = field(default_factory=dict)
    sample: list[dict[str, Any]] = field(default_factory=list)

    @property
    def readable(self) -> int:
        return self.sides.total() - self.unparsed.count - sum(tally.count for tally in self.bad_fields.values())


def look_through(path: Path, seed: int) -> Findings:
    """Reads every record once.

    Raises:
        UserError: the path is missing, or holds no dataset file.
    """
    found = Findings()
    rng = random.Random(seed)
    ids: set[int] = set()
    briefs: set[int] = set()
    kept: list[RawRecord] = []
    records = read_records(path, lambda error: found.faulty.append(str(error)))
    for raw in tqdm(records, total=count_records(path), unit=" records", desc="audit", mininterval=1):
        record, key = _readable(raw, found)
        found.sides[side_of(raw, record)] += 1
        if record is None:
            continue
        record_id = record["id"]
        for seen, value, tally in ((ids, record_id, found.duplicate_ids), (briefs, key, found.duplicate_briefs)):
            digest = hash(value)  # 64 bits: half a million values collide once in 10^8 datasets
            if value and digest in seen:
                tally.add(record_id)
            seen.add(digest)
        facts = entry(record)
        found.with_output += bool(facts.output)
        for check in BRIEF_CHECKS + (OUTPUT_CHECKS if facts.output else ()):
            tally = found.checks.setdefault(check.what, Tally())
            if check.holds(facts):
                tally.add(record_id)
        # Reservoir sampling (Vitter 1985, algorithm R).
        if len(kept) < FIELD_SAMPLE:
            kept.append(raw)
        elif (slot := rng.randrange(found.readable)) < FIELD_SAMPLE:
            kept[slot] = raw
    rng.shuffle(kept)
    found.sample = [_tame(parse_json(raw)) for raw in kept]
    return found


def _tame(value: Any, depth: int = 0) -> Any:
    """A record without numbers that are none, text that can't be written, and what lies too deep.

    All three may stand where nobody looks.
    """
    if depth > DEPTH:
        return None
    if isinstance(value, dict):
        return {_tame(key): _tame(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_tame(inner, depth + 1) for inner in value]
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return None if isinstance(value, int | float) and not abs(value) <= sys.float_info.max else value


def _readable(raw: RawRecord, found: Findings) -> tuple[dict[str, Any] | None, str]:
    """The record and its brief's key, which is empty where that is contradictory.

    None, noted down, where it is not JSON or a field of it is missing or mistyped.
    """
    try:
        record: dict[str, Any] = parse_json(raw)
    except UserError:
        found.unparsed.add(raw.where)
        return None, ""
    try:
        return record, parse_record(record)[1].key()
    except BadRecord as error:
        found.bad_fields.setdefault(f"{error.field}: {error.message}", Tally()).add(raw.where)
        return None, ""
    except Rejected:
        return record, ""  # well-formed; the checks say what contradicts
