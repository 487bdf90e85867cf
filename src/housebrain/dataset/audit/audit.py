"""Looking a dataset over before training on it: one pass over all records, and a page for a person to read.

Counts are of all records; token lengths and the question which fields anything predicts are answered on a seeded
sample, since they don't change with the size.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from tqdm import tqdm

from housebrain.dataset.audit.dependence import MAX_LEVELS, Dependence, dependences
from housebrain.dataset.records import RawRecord, count_records, parse_json, read_records
from housebrain.dataset.v5 import BadRecord, parse_record
from housebrain.errors import UserError
from housebrain.house.brief import Brief, Rejected
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM
from housebrain.language.designs import encode
from housebrain.language.prompt import end_of_turn, prompt_of
from housebrain.language.samples import Sample
from housebrain.language.tokens import tokenize
from housebrain.solver.solve import solve

EXAMPLES = 3
FIELD_SAMPLE = 20_000
TOKEN_SAMPLE = 2_000
# A packer's rule of thumb: a fifth of the rooms' area for walls and halls, a tenth of the envelope lost, and no side
# too short for a room and a hall.
CIRCULATION_FACTOR, USABLE_SHARE, MIN_ENVELOPE_FT = 1.2, 0.9, 15.0
INSTRUCTION = "Design a house for this brief. Answer with JSON.\n"


@dataclass(slots=True)
class Entry:
    """A record's parts, and the areas that several checks need (square feet; envelope sides in feet)."""

    details: dict[str, Any]
    plot: dict[str, Any]
    rooms: list[dict[str, Any]]
    output: dict[str, Any]
    echo: bool
    needed_sqft: float
    width_ft: float
    depth_ft: float

    @property
    def envelope_sqft(self) -> float:
        """What the setbacks leave of the plot, on all floors."""
        return max(self.width_ft, 0.0) * max(self.depth_ft, 0.0) * float(self.details["floors"])


def entry(record: dict[str, Any]) -> Entry:
    """Takes a record apart; its `input` must have passed `parse_record`'s schema."""
    details, plot, rooms = (record["input"][key] for key in ("basicDetails", "plot", "roomBreakdown"))
    output = record.get("output")
    output = output if isinstance(output, dict) else {}
    feet = FT_PER_M if plot.get("unit") == "m" else 1.0
    sqft = SQFT_PER_SQM if details.get("unit") == "sqm" else 1.0
    setbacks = plot["setbacks_ft"]
    return Entry(
        details=details,
        plot=plot,
        rooms=rooms,
        output=output,
        echo=output.get("input") == record["input"],
        needed_sqft=sum(room["count"] * room["minArea"] for room in rooms) * sqft,
        width_ft=plot["width"] * feet - setbacks["left"] - setbacks["right"],
        depth_ft=plot["length"] * feet - setbacks["front"] - setbacks["rear"],
    )


def _rooms(entry: Entry, *types: str) -> int:
    return sum(room["count"] for room in entry.rooms if room["type"].lower() in types)


def _part(entry: Entry, name: str) -> dict[str, Any]:
    """A part of the answer; nobody checks answers, so whatever else stands there counts as nothing."""
    part = entry.output.get(name)
    return part if isinstance(part, dict) else {}


def _buildable_sqft(entry: Entry) -> float:
    value = _part(entry, "building_codes").get("max_buildable_area")
    return value if isinstance(value, int | float) else float("inf")


class Check(NamedTuple):
    """Something that records can be: what, how to tell, and what follows from it."""

    what: str
    holds: Callable[[Entry], bool]
    so: str


BRIEF_CHECKS = (
    Check(
        "bathrooms differ from the room list",
        lambda e: e.details["bathrooms"] != _rooms(e, "bathroom"),
        "the room list wins: it carries areas",
    ),
    Check(
        "bedrooms differ from the room list",
        lambda e: e.details["bedrooms"] != _rooms(e, "master_bedroom", "bedroom", "guest_room"),
        "rejected by `prepare`",
    ),
    Check(
        "several floors and no stairs in the room list",
        lambda e: e.details["floors"] > 1 and not _rooms(e, "stairs", "staircase"),
        "the solver adds stairs",
    ),
    Check(
        "setbacks take all of the plot's width or length",
        lambda e: e.width_ft <= 0 or e.depth_ft <= 0,
        "rejected by `prepare`",
    ),
    Check(
        "least room areas sum to more than the setback envelope times the floors",
        lambda e: e.needed_sqft > e.envelope_sqft,
        "rejected by `prepare`: no house can hold them",
    ),
    Check(
        "a packer has room: 1.2 x the least areas fit in 0.9 x envelope x floors, sides of 15 ft or more",
        lambda e: (
            e.needed_sqft * CIRCULATION_FACTOR <= e.envelope_sqft * USABLE_SHARE
            and min(e.width_ft, e.depth_ft) >= MIN_ENVELOPE_FT
        ),
        "about this many can be solved",
    ),
)
OUTPUT_CHECKS = (
    Check("`levels` is empty", lambda e: not e.output.get("levels"), "no room has coordinates: designs must be made"),
    Check("`output.input` repeats `input`", lambda e: e.echo, "almost half of an answer copies its question"),
    Check(
        "`construction_cost` is int(budget x 0.6)",
        lambda e: e.output.get("construction_cost") == int(e.details["budget"] * 0.6),
        "not a cost of any design",
    ),
    Check(
        "`total_area` is int(length x width)",
        lambda e: e.output.get("total_area") == int(e.plot["length"] * e.plot["width"]),
        "the plot's area, not the house's",
    ),
    Check(
        "garage type None, but with spaces",
        lambda e: (
            _part(e, "exterior_specifications").get("garage_type") == "None"
            and bool(_part(e, "exterior_specifications").get("garage_spaces"))
        ),
        "contradicts itself",
    ),
    Check(
        "least room areas sum to more than `max_buildable_area`",
        lambda e: e.needed_sqft > _buildable_sqft(e),
        "the permitted area is random, and passed over",
    ),
)


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
    duplicate_inputs: Tally = field(default_factory=Tally)
    checks: dict[str, Tally] = field(default_factory=dict)
    sample: list[dict[str, Any]] = field(default_factory=list)

    @property
    def readable(self) -> int:
        return self.sides.total() - self.unparsed.count - sum(tally.count for tally in self.bad_fields.values())


class UnreadableError(UserError):
    """A dataset of which no record can be read; `page` says why."""

    def __init__(self, message: str, page: str) -> None:
        super().__init__(message)
        self.page = page


def look_through(path: Path, seed: int) -> Findings:
    """Reads every record once.

    Raises:
        UserError: the path is missing, or holds no dataset file.
    """
    found = Findings()
    rng = random.Random(seed)
    ids: set[int] = set()
    inputs: set[int] = set()
    kept: list[RawRecord] = []
    records = read_records(path, lambda error: found.faulty.append(str(error)))
    for raw in tqdm(records, total=count_records(path), unit=" records", desc="audit", mininterval=1):
        found.sides[raw.side] += 1
        record = _readable(raw, found)
        if record is None:
            continue
        record_id = record["id"]
        for seen, value, tally in (
            (ids, record_id.encode(), found.duplicate_ids),
            (inputs, orjson.dumps(record["input"], option=orjson.OPT_SORT_KEYS), found.duplicate_inputs),
        ):
            digest = hash(value)  # 64 bits: half a million values collide once in 10^8 datasets
            if digest in seen:
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


def _tame(value: Any) -> Any:
    """A record without numbers that are none and text that can't be written: both may stand where nobody looks."""
    if isinstance(value, dict):
        return {_tame(key): _tame(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_tame(inner) for inner in value]
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return None if isinstance(value, int | float) and not abs(value) <= sys.float_info.max else value


def _readable(raw: RawRecord, found: Findings) -> dict[str, Any] | None:
    """The record, or None, noted down, where it is not JSON or a field of it is missing or mistyped."""
    try:
        record: dict[str, Any] = parse_json(raw)
    except UserError:
        found.unparsed.add(raw.where)
        return None
    try:
        parse_record(record)
    except BadRecord as error:
        found.bad_fields.setdefault(f"{error.field}: {error.message}", Tally()).add(raw.where)
        return None
    except Rejected:
        pass  # well-formed; the checks say what contradicts
    return record


# --- fields that nothing predicts ----------------------------------------------------------------------------------


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    else:
        yield name, json.dumps(value) if isinstance(value, list) else value


def _input_features(record_input: dict[str, Any]) -> dict[str, Any]:
    features = dict(_flat({key: value for key, value in record_input.items() if key != "roomBreakdown"}))
    for room in record_input["roomBreakdown"]:
        for name, value in (("count", room["count"]), ("minArea", room["count"] * room["minArea"])):
            key = f"{room['type']}.{name}"
            features[key] = features.get(key, 0) + value
    return features


def _columns(rows: list[dict[str, Any]], absent: Any) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, absent) for row in rows] for name in names}


def predicted_fields(sample: list[dict[str, Any]], seed: int) -> dict[str, Dependence]:
    """For each field of `output`, whether any feature of `input`, or two of them together, tells anything about it."""
    records = [record for record in sample if isinstance(record.get("output"), dict)]
    outputs = [dict(_flat({k: v for k, v in record["output"].items() if k != "input"})) for record in records]
    features = _columns([_input_features(record["input"]) for record in records], 0)
    return dependences(_columns(outputs, None), features, seed)


# --- tokens --------------------------------------------------------------------------------------------------------


class Lengths(NamedTuple):
    """Token counts [n] of a way to write samples: prompt, answer, and the part of the answer that copies the prompt."""

    name: str
    prompt: np.ndarray
    answer: np.ndarray
    echo: np.ndarray


def _count(tokenizer: Any, texts: list[str]) -> np.ndarray:
    return np.array([len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]])


def token_lengths(sample: list[dict[str, Any]], tokenizer: Any) -> list[Lengths]:
    """Lengths of the dataset's own texts, indented and compact, with and without the echo, and of HouseBrain's."""
    records = [record for record in sample if isinstance(record.get("output"), dict)]
    ways: list[Lengths] = []
    styles: list[tuple[str, dict[str, Any]]] = [("indent=2", {"indent": 2}), ("compact", {"separators": (",", ":")})]
    for style, how in styles if records else []:
        prompts = [
            prompt_of(tokenizer, [{"role": "user", "content": INSTRUCTION + json.dumps(record["input"], **how)}])
            for record in records
        ]
        answers = [json.dumps(record["output"], **how) + end_of_turn(tokenizer) for record in records]
        without = [
            json.dumps({key: value for key, value in record["output"].items() if key != "input"}, **how)
            + end_of_turn(tokenizer)
            for record in records
        ]
        prompt, answer, rest = (_count(tokenizer, texts) for texts in (prompts, answers, without))
        ways.append(Lengths(f"dataset, json {style}", prompt, answer, answer - rest))
        ways.append(Lengths(f"dataset, json {style}, echo left out", prompt, rest, np.zeros_like(rest)))
    solved = [tokens for record in sample if (tokens := _solved_lengths(record, tokenizer))]
    if solved:
        prompt, answer = np.array(solved).T
        ways.append(Lengths("HouseBrain, slicing tree", prompt, answer, np.zeros_like(answer)))
    return ways


def _solved_lengths(record: dict[str, Any], tokenizer: Any) -> tuple[int, int] | None:
    brief: Brief
    try:
        record_id, brief = parse_record(record)
        answer = encode(solve(brief, 0))
    except Rejected:
        return None
    tokens = tokenize(tokenizer, Sample(record_id, brief, answer), "tree")
    return tokens.prompt_length, len(tokens.input_ids) - tokens.prompt_length


# --- the page ------------------------------------------------------------------------------------------------------


def _summary(found: Findings, fields: dict[str, Dependence], ways: list[Lengths], max_length: int) -> list[str]:
    stopping = found.unparsed.count + sum(tally.count for tally in found.bad_fields.values())
    doubles = found.duplicate_ids.count + found.duplicate_inputs.count
    lines = [f"{stopping:,} of {found.sides.total():,} records can't be read; {doubles:,} ids or briefs occur again."]
    if found.faulty:
        lines.append(f"{len(found.faulty):,} files can't be read to their end.")
    if found.readable:
        buildable = found.checks[BRIEF_CHECKS[-1].what].count
        lines.append(f"{_share(buildable, found.readable)} of the briefs leave a packer room to build.")
    if fields:
        empty = found.checks[OUTPUT_CHECKS[0].what].count
        noise = sum(field.kind == "random" for field in fields.values())
        lines.append(
            f"{_share(empty, found.with_output)} of the answers hold no room; {noise} of their {len(fields)} fields "
            "can't be told from random draws."
        )
    for way in ways[:1] + ways[1:][-1:]:
        fitting = (way.prompt + way.answer <= max_length).mean()
        lines.append(f"Written as {way.name}, {fitting:.1%} of the samples fit in {max_length} tokens.")
    return [*(f"- {line}" for line in lines), ""]


def _table(header: list[str], rows: list[list[str]], numbers: set[int]) -> list[str]:
    rule = ["---:" if column in numbers else "---" for column in range(len(header))]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)] + [""]


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "-"


def _tally_row(what: str, tally: Tally, total: int, so: str) -> list[str]:
    return [what, f"{tally.count:,}", _share(tally.count, total), ", ".join(tally.examples) or "-", so]


def _records_section(found: Findings) -> list[str]:
    total = found.sides.total()
    rows = [
        _tally_row("not valid JSON", found.unparsed, total, "stops `prepare`: correct or remove"),
        *(
            _tally_row(f"field {what}", tally, total, "stops `prepare`: correct or remove")
            for what, tally in sorted(found.bad_fields.items())
        ),
        _tally_row("an id that an earlier record has", found.duplicate_ids, total, "rejected by `prepare`"),
        _tally_row("an `input` that an earlier record has", found.duplicate_inputs, total, "rejected by `prepare`"),
    ]
    sides = ", ".join(f"{count:,} {side}" for side, count in found.sides.items())
    return [
        "## Records",
        "",
        f"{total:,} records ({sides}), {found.readable:,} of them readable, {found.with_output:,} with an `output`.",
        "",
        *_table(["What", "Records", "Share", "First", "So"], rows, {1, 2}),
        *(
            ["Files that can't be read to their end:", "", *(f"- {fault}" for fault in found.faulty), ""]
            * bool(found.faulty)
        ),
    ]


def _checks_section(title: str, checks: tuple[Check, ...], found: Findings, total: int) -> list[str]:
    if not total:
        return []
    rows = [_tally_row(check.what, found.checks[check.what], total, check.so) for check in checks]
    return [f"## {title}", "", *_table(["What", "Records", "Share", "First", "So"], rows, {1, 2})]


def _fields_section(fields: dict[str, Dependence], sample: list[dict[str, Any]]) -> list[str]:
    if not fields:
        return []
    outputs = _columns([dict(_flat(r["output"])) for r in sample if isinstance(r.get("output"), dict)], None)
    levels = {name: len(set(outputs[name])) for name in fields}
    noise = [name for name, field in fields.items() if field.kind == "random"]
    categorical = [name for name in noise if levels[name] <= MAX_LEVELS]
    quantities = [name for name in noise if levels[name] > MAX_LEVELS]
    bits = sum(fields[name].bits for name in categorical)
    verdicts = {
        "constant": "always the same",
        "follows": "follows from `{}`",
        "predicted": "predicted by {}",
        "random": "**random: no input predicts it**",
        "unknown": "free text, not looked into",
    }
    rows = [
        [
            f"`{name}`",
            f"{levels[name]:,}",
            f"{field.bits:.2f}",
            f"{field.share:.1%}" if field.kind in ("predicted", "random") else "-",
            f"{field.chance:.1%}" if field.kind in ("predicted", "random") else "-",
            verdicts[field.kind].format(field.by),
        ]
        for name, field in sorted(fields.items(), key=lambda item: (item[1].kind != "random", item[0]))
    ]
    also = f", and so {'are' if len(quantities) > 1 else 'is'} {', '.join(f'`{n}`' for n in quantities)}"
    return [
        "## Fields that no input predicts",
        "",
        f"{len(categorical)} categorical fields of `output` are random draws{also if quantities else ''}: about "
        f"{bits:.1f} bits of noise an answer, of which a model can learn the shares and nothing else.",
        "",
        f"Measured on {len(outputs[next(iter(fields))]):,} records as mutual information of each field with every "
        "feature of `input` and every two of them together (numbers by deciles). *Told* is the best one's share of the "
        "field's entropy, less what the same feature tells of the shuffled field; *by chance* is the best that any "
        "feature reaches on shuffled fields. `metadata` is not counted among the inputs.",
        "",
        *_table(["Field", "Values", "Bits", "Told", "By chance", "Verdict"], rows, {1, 2, 3, 4}),
    ]


def _spread(lengths: np.ndarray) -> str:
    least, median, high, most = np.quantile(lengths, [0, 0.5, 0.95, 1])
    return f"{least:.0f} / {median:.0f} / {high:.0f} / {most:.0f}"


def _tokens_section(ways: list[Lengths], max_length: int) -> list[str]:
    if not ways:
        return []
    rows = []
    for way in ways:
        room = np.clip(max_length - way.prompt, 0, way.answer)
        rows.append(
            [
                way.name,
                f"{len(way.prompt):,}",
                _spread(way.prompt),
                _spread(way.answer),
                f"{(way.prompt + way.answer <= max_length).mean():.1%}",
                f"{(room == 0).mean():.1%}",
                f"{np.median(room):.0f}",
                f"{np.median(np.clip(room - way.echo, 0, None)):.0f}",
            ]
        )
    header = ["Text", "Samples", "Prompt", "Answer", "Fit whole", "No answer token", "Answer kept", "Of it no echo"]
    return [
        f"## Tokens, against a window of {max_length}",
        "",
        "Lengths are min / median / 95% / max, the chat template and the end-of-turn token included. *No answer token* "
        "is the share of samples whose prompt alone fills the window: cut there, they train on nothing and give a NaN "
        "loss. *Answer kept* is the median of the answer's tokens inside the window, *of it no echo* the part that "
        "does not copy the prompt.",
        "",
        *_table(header, rows, {1, 4, 5, 6, 7}),
    ]


def _ranges_section(sample: list[dict[str, Any]]) -> list[str]:
    if not sample:
        return []
    rows = []
    for name, values in sorted(_columns([_input_features(record["input"]) for record in sample], None).items()):
        given = [value for value in values if value is not None]
        if all(isinstance(value, int | float) for value in given):
            least, median, most = np.quantile(np.array(given, float), [0, 0.5, 1])
            what = f"{least:,.6g} / {median:,.6g} / {most:,.6g}"
        else:
            common = Counter(map(str, given)).most_common()
            what = ", ".join(f"{value} {count / len(given):.0%}" for value, count in common[:6])
            what += f", {len(common) - 6} more" if len(common) > 6 else ""
        rows.append([f"`{name}`", f"{len(given) / len(values):.0%}", what])
    return [
        "## What the briefs ask for",
        "",
        f"On {len(sample):,} records: min / median / max, or the most common values. Areas are of all rooms of a type.",
        "",
        *_table(["Field", "Given", "Values"], rows, {1}),
    ]


def audit(path: str | Path, tokenizer: Any, max_length: int, seed: int = 0) -> str:
    """Looks a dataset over and describes it.

    Args:
        path: a folder or file as `read_records` takes it.
        tokenizer: of the base model, with a chat template.
        max_length: tokens of a training window.
        seed: of the sample on which tokens and fields are measured.

    Returns:
        The page, in Markdown. Malformed records are counted on it, not raised.

    Raises:
        UnreadableError: no record can be read; it carries the page.
        UserError: the path is missing, or holds no dataset file.
    """
    path = Path(path)
    found = look_through(path, seed)
    fields = predicted_fields(found.sample, seed)
    ways = token_lengths(found.sample[:TOKEN_SAMPLE], tokenizer)
    lines = [
        f"# Audit of {path.name}",
        "",
        *_summary(found, fields, ways, max_length),
        *_records_section(found),
        *_checks_section("Briefs: contradictions and room to build", BRIEF_CHECKS, found, found.readable),
        *_checks_section("Answers: the dataset's `output`", OUTPUT_CHECKS, found, found.with_output),
        *_fields_section(fields, found.sample),
        *_tokens_section(ways, max_length),
        *_ranges_section(found.sample),
    ]
    page = "\n".join(lines).rstrip() + "\n"
    if not found.readable:
        reasons = [*found.bad_fields, *found.faulty, *(["not valid JSON"] if found.unparsed.count else [])]
        raise UnreadableError(
            f"{path}: no readable record in it, of {found.sides.total():,} ({reasons[0]}). Correct them, or give the "
            "folder that holds the dataset.",
            page,
        )
    return page
