"""What an audit found, as a page in Markdown for a person to read."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from housebrain.dataset.audit.checks import BRIEF_CHECKS, OUTPUT_CHECKS, Check
from housebrain.dataset.audit.dependence import MAX_LEVELS, Dependence
from housebrain.dataset.audit.fields import input_columns, output_columns, with_output
from housebrain.dataset.audit.findings import Findings, Tally
from housebrain.dataset.audit.tokens import Lengths


def page_of(name: str, found: Findings, fields: dict[str, Dependence], ways: list[Lengths], max_length: int) -> str:
    """The page, in Markdown.

    Args:
        name: of the dataset.
        found: by the pass over all records.
        fields: of `output`, whether anything predicts them.
        ways: to write a sample, with the tokens that it takes.
        max_length: tokens of a training window.
    """
    lines = [
        f"# Audit of {name}",
        "",
        *_summary(found, fields, ways, max_length),
        *_records_section(found),
        *_checks_section("Briefs: contradictions and room to build", BRIEF_CHECKS, found, found.readable),
        *_checks_section("Answers: the dataset's `output`", OUTPUT_CHECKS, found, found.with_output),
        *_fields_section(fields, found.sample),
        *_tokens_section(ways, max_length),
        *_ranges_section(found.sample),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _summary(found: Findings, fields: dict[str, Dependence], ways: list[Lengths], max_length: int) -> list[str]:
    stopping = found.unparsed.count + sum(tally.count for tally in found.bad_fields.values())
    doubles = found.duplicate_ids.count + found.duplicate_briefs.count
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


def _markdown(table: pd.DataFrame, numbers: list[str]) -> list[str]:
    """A table's lines and an empty one; the columns in `numbers` are aligned right."""
    align = ["right" if column in numbers else "left" for column in table.columns]
    return [table.to_markdown(index=False, disable_numparse=True, colalign=align), ""]


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "-"


def _tallies(rows: list[tuple[str, Tally, str]], total: int) -> list[str]:
    """A table of what was counted among `total` records: rows of what it is, the tally, and what follows from it."""
    table = pd.DataFrame(
        {
            "What": what,
            "Records": f"{tally.count:,}",
            "Share": _share(tally.count, total),
            "First": ", ".join(tally.examples) or "-",
            "So": so,
        }
        for what, tally, so in rows
    )
    return _markdown(table, ["Records", "Share"])


def _records_section(found: Findings) -> list[str]:
    total = found.sides.total()
    rows = [
        ("not valid JSON", found.unparsed, "stops `prepare`: correct or remove"),
        *(
            (f"field {what}", tally, "stops `prepare`: correct or remove")
            for what, tally in sorted(found.bad_fields.items())
        ),
        ("an id that an earlier record has", found.duplicate_ids, "rejected by `prepare`"),
        ("a brief that an earlier record asks for", found.duplicate_briefs, "rejected by `prepare`"),
    ]
    sides = ", ".join(f"{count:,} {side}" for side, count in found.sides.items())
    return [
        "## Records",
        "",
        f"{total:,} records ({sides}), {found.readable:,} of them readable, {found.with_output:,} with an `output`.",
        "",
        *_tallies(rows, total),
        *(
            ["Files that can't be read to their end:", "", *(f"- {what}" for what in found.faulty), ""]
            * bool(found.faulty)
        ),
    ]


def _checks_section(title: str, checks: tuple[Check, ...], found: Findings, total: int) -> list[str]:
    if not total:
        return []
    rows = [(check.what, found.checks[check.what], check.so) for check in checks]
    return [f"## {title}", "", *_tallies(rows, total)]


def _fields_section(fields: dict[str, Dependence], sample: list[dict[str, Any]]) -> list[str]:
    if not fields:
        return []
    records = with_output(sample)
    outputs = output_columns(records)
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
    compared = ("predicted", "random")
    table = pd.DataFrame(
        {
            "Field": f"`{name}`",
            "Values": f"{levels[name]:,}",
            "Bits": f"{field.bits:.2f}",
            "Explained": f"{field.share:.1%}" if field.kind in compared else "-",
            "By chance": f"{field.chance:.1%}" if field.kind in compared else "-",
            "Verdict": verdicts[field.kind].format(field.by),
        }
        for name, field in sorted(fields.items(), key=lambda item: (item[1].kind != "random", item[0]))
    )
    also = f", and so {'are' if len(quantities) > 1 else 'is'} {', '.join(f'`{n}`' for n in quantities)}"
    return [
        "## Fields that no input predicts",
        "",
        f"{len(categorical)} categorical fields of `output` are random draws{also if quantities else ''}: about "
        f"{bits:.1f} bits of noise an answer, of which a model can learn the shares and nothing else.",
        "",
        f"Measured on {len(records):,} records as mutual information of each field with every feature of `input` and "
        "every two of them together (numbers by deciles). *Explained* is the best one's share of the field's entropy, "
        "less what the same feature tells of the shuffled field; *by chance* is the best that any feature reaches on "
        "shuffled fields. `metadata` is not counted among the inputs.",
        "",
        *_markdown(table, ["Values", "Bits", "Explained", "By chance"]),
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
            (
                way.name,
                f"{len(way.prompt):,}",
                _spread(way.prompt),
                _spread(way.answer),
                f"{(way.prompt + way.answer <= max_length).mean():.1%}",
                f"{(room == 0).mean():.1%}",
                f"{np.median(room):.0f}",
                f"{np.median(np.clip(room - way.echo, 0, None)):.0f}",
            )
        )
    numbers = ["Fit whole", "No answer token", "Answer kept", "Of it no echo"]
    table = pd.DataFrame(rows, columns=["Text", "Samples", "Prompt", "Answer", *numbers])
    return [
        f"## Tokens, against a window of {max_length}",
        "",
        "Lengths are min / median / 95% / max, the chat template and the end-of-turn token included. *No answer token* "
        "is the share of samples whose prompt alone fills the window: cut there, they train on nothing and give a NaN "
        "loss. *Answer kept* is the median of the answer's tokens inside the window, *of it no echo* the part that "
        "does not copy the prompt.",
        "",
        *_markdown(table, ["Samples", *numbers]),
    ]


def _ranges_section(sample: list[dict[str, Any]]) -> list[str]:
    if not sample:
        return []
    rows = []
    for name, values in sorted(input_columns(sample, None).items()):
        given = [value for value in values if value is not None]
        if not given:
            what = "-"
        elif all(isinstance(value, int | float) for value in given):
            least, median, most = np.quantile(np.array(given, float), [0, 0.5, 1])
            what = f"{least:,.6g} / {median:,.6g} / {most:,.6g}"
        else:
            common = Counter(map(str, given)).most_common()
            what = ", ".join(f"{value} {count / len(given):.0%}" for value, count in common[:6])
            what += f", {len(common) - 6} more" if len(common) > 6 else ""
        rows.append({"Field": f"`{name}`", "Given": f"{len(given) / len(values):.0%}", "Values": what})
    return [
        "## What the briefs ask for",
        "",
        f"On {len(sample):,} records: min / median / max, or the most common values. Areas are of all rooms of a type.",
        "",
        *_markdown(pd.DataFrame(rows), ["Given"]),
    ]
