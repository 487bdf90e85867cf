"""The coordinator's view of a round: what each worker last said of itself, as a table, as JSON and as a page."""

import html
import math
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from housebrain.errors import UserError
from housebrain.files import atomic_file
from housebrain.params import Params
from housebrain.supervision import changes, heartbeat
from housebrain.supervision.heartbeat import ACTIVE, Heartbeat
from housebrain.supervision.polling import poll
from housebrain.supervision.remote import Remote
from housebrain.supervision.upload import folder
from housebrain.tracking import RunRecord, import_record

_RECORD = re.compile(r"record-\d+-\w+\.json")
COLUMNS = {
    "shard": "shard",
    "worker": "worker",
    "state": "state",
    "step": "step",
    "loss": "loss",
    "trend": "trend",
    "eval_loss": "val. loss",
    "tokens_per_second": "tok/s",
    "gpu": "GPU",
    "memory_gb": "memory GB",
    "left": "time left",
    "heard": "heard of",
    "safe_step": "safe step",
    "pushed": "pushed",
}
_BARS = "▁▂▃▄▅▆▇█"


def look(remote: Remote, params: Params) -> dict[int, Heartbeat | None]:
    """The newest heartbeat of every shard of this round; None where no worker has started."""
    return {shard.number: heartbeat.newest(remote, params.round, shard.number) for shard in params.shards}


def title_of(params: Params) -> str:
    """What stands above the table."""
    return f"Round {params.round}, {params.base}"


def state_of(beat: Heartbeat | None, expiry_seconds: float, now_seconds: float) -> str:
    """What a shard is at: its worker's state, `stale` where it has gone silent, or `not started`."""
    if beat is None:
        return "not started"
    silent = now_seconds - beat.time_ms / 1000 > expiry_seconds
    return "stale" if silent and beat.state in ACTIVE else beat.state


def rows(beats: dict[int, Heartbeat | None], params: Params, now_seconds: float | None = None) -> list[dict[str, Any]]:
    """A row a shard, its values as JSON has them: seconds, GB, shares; None where nothing is known.

    Args:
        beats: by shard, from `look`.
        params: whose workers and expiry count.
        now_seconds: the time; this machine's own unless given.
    """
    now = time.time() if now_seconds is None else now_seconds
    table = []
    for shard, beat in beats.items():
        row: dict[str, Any] = {"shard": shard, "worker": params.workers[str(shard)].name}
        row["state"] = state_of(beat, params.supervision.expiry_seconds, now)
        if beat is not None:
            row |= beat.model_dump(exclude={"state", "shard", "worker", "training_key", "result_key"})
            row["heard_seconds_ago"] = round(max(0.0, now - beat.time_ms / 1000), 1)
        table.append(row)
    return table


def trend(losses: list[float]) -> str:
    """The last losses as little bars, the tallest the highest."""
    shown = [loss for loss in losses if math.isfinite(loss)][-12:]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    return "".join(_BARS[round((loss - low) / (high - low or 1) * (len(_BARS) - 1))] for loss in shown)


def duration(seconds: float | None) -> str:
    """Such as `45 s`, `12 min` or `3 h 05`; empty for None."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d}"


def cells(row: dict[str, Any]) -> dict[str, str]:
    """A row as a person reads it, by `COLUMNS`."""
    shown = dict.fromkeys(COLUMNS, "") | {key: str(row[key]) for key in ("shard", "worker", "state")}
    if "time_ms" not in row:
        return shown
    gpu = f"{row['gpu']} {row['gpu_memory_gb']:.1f} GB" if row["gpu"] else ""
    for key, style in (("loss", ".3f"), ("eval_loss", ".3f"), ("tokens_per_second", ".0f"), ("memory_gb", ".1f")):
        shown[key] = "" if row[key] is None else format(row[key], style)
    return shown | {
        "step": f"{row['step']}/{row['total_steps']}",
        "trend": trend(row["losses"]),
        "gpu": gpu,
        "left": duration(row["seconds_left"]) if row["state"] in ACTIVE else "",
        "heard": f"{duration(row['heard_seconds_ago'])} ago",
        "safe_step": "" if row["safe_step"] is None else str(row["safe_step"]),
        "pushed": "yes" if row["pushed"] else "no",
    }


def as_table(table: list[dict[str, Any]], title: str) -> Table:
    """For the terminal; below it goes what `messages` says."""
    shown = Table(title=title, title_justify="left")
    for key, heading in COLUMNS.items():
        shown.add_column(heading, justify="left" if key in ("worker", "state", "trend", "gpu") else "right")
    for row in table:
        shown.add_row(*map(Text, cells(row).values()))
    return shown


def messages(table: list[dict[str, Any]]) -> list[str]:
    """What workers say is wrong, a line each."""
    named = [(f"shard {row['shard']}: ", row["message"]) for row in table if row.get("message")]
    return [name + message.removeprefix(name) for name, message in named]


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{refresh_seconds}">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>HouseBrain: {title}</title>
<style>
:root {{ --page: #fff; --text: #1f2328; --faint: #656d76; --line: #d8dee4; --blue: #0969da; --green: #1a7f37;
  --red: #cf222e; --amber: #9a6700 }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #0d1117; --text: #e6edf3; --faint: #8d96a0; --line: #30363d;
  --blue: #4493f8; --green: #3fb950; --red: #f85149; --amber: #d29922 }} }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1.5rem; width: fit-content;
  max-width: calc(100vw - 3rem); color: var(--text); background: var(--page) }}
h1 {{ font-size: 1.4rem; margin: 0 0 1rem }}
.table {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap }}
th, td {{ padding: .5rem .7rem; border-bottom: 1px solid var(--line); text-align: right }}
th {{ font-size: .8rem; font-weight: 500; color: var(--faint) }}
.worker, .state, .trend, .gpu {{ text-align: left }}
tr {{ --colour: var(--faint) }}
tr.starting, tr.training, tr.pushing {{ --colour: var(--blue) }} tr.done {{ --colour: var(--green) }}
tr.stale, tr.failed {{ --colour: var(--red) }} tr.incomplete, tr.released {{ --colour: var(--amber) }}
td.state span {{ color: var(--colour); border: 1px solid; border-radius: 1rem; padding: .1rem .6rem;
  font-size: .85rem }}
progress {{ display: block; margin-left: auto; width: 6rem; height: 4px; appearance: none; border: 0;
  background: var(--line) }}
progress::-webkit-progress-bar {{ background: var(--line) }}
progress::-webkit-progress-value {{ background: var(--colour) }}
progress::-moz-progress-bar {{ background: var(--colour) }}
svg {{ display: block; fill: none; stroke: var(--colour); stroke-width: 1.5; overflow: visible }}
ul {{ list-style: none; padding: 0 }} li {{ margin: .3rem 0 }}
.note {{ color: var(--faint); font-size: .85rem }} code {{ white-space: nowrap }}
</style></head><body>
<h1>{title}</h1>
<div class="table"><table><thead><tr>{head}</tr></thead><tbody>
{body}
</tbody></table></div>
<ul>{messages}</ul>
<p class="note">Looked at {time}. This page reloads itself while <code>housebrain status --watch --page</code> runs.</p>
</body></html>
"""


def _curve(losses: list[float], width: int = 90, height: int = 20) -> str:
    """The last losses as a small line, as SVG; empty for fewer than two."""
    shown = [loss for loss in losses if math.isfinite(loss)]
    if len(shown) < 2:
        return ""
    low, high = min(shown), max(shown)
    xs = [round(width * i / (len(shown) - 1), 1) for i in range(len(shown))]
    ys = [round(height * (high - loss) / (high - low or 1), 1) for loss in shown]
    points = " ".join(f"{x},{y}" for x, y in zip(xs, ys, strict=True))
    return f'<svg width="{width}" height="{height}"><polyline points="{points}"/></svg>'


def write_page(table: list[dict[str, Any]], title: str, out: Path, refresh_seconds: float) -> None:
    """Writes the table as a page that a browser can leave open: one file, nothing loaded from elsewhere."""
    lines = []
    for row in table:
        shown = {key: html.escape(value) for key, value in cells(row).items()}
        shown["state"] = f"<span>{shown['state']}</span>"
        shown["trend"] = _curve(row.get("losses", []))
        if row.get("total_steps"):
            shown["step"] += f'<progress value="{row["step"]}" max="{row["total_steps"]}"></progress>'
        inner = "".join(f'<td class="{key}">{value}</td>' for key, value in shown.items())
        lines.append(f'<tr class="{html.escape(row["state"])}">{inner}</tr>')
    page = _PAGE.format(
        refresh_seconds=max(1, round(refresh_seconds)),
        title=html.escape(title),
        head="".join(f'<th class="{key}">{html.escape(heading)}</th>' for key, heading in COLUMNS.items()),
        body="\n".join(lines),
        messages="".join(f"<li>{html.escape(message)}</li>" for message in messages(table)),
        time=time.strftime("%Y-%m-%d %H:%M:%S"),
    )
    with atomic_file(out) as temporary:
        temporary.write_text(page)


def import_records(remote: Remote, beats: dict[int, Heartbeat | None], params: Params) -> list[str]:
    """Brings the workers' runs so far into MLflow; doing so twice changes nothing.

    Returns:
        The names of the runs.
    """
    imported = []
    for shard, beat in beats.items():
        if beat is None:
            continue
        place = folder(beat.training_key, shard)
        names = [name for name in remote.list(place) if _RECORD.fullmatch(name)]
        try:
            newest = max(names, key=lambda name: int(name.split("-")[1]), default=None)
            record = RunRecord.model_validate_json(remote.read(f"{place}/{newest}")) if newest else None
        except (UserError, ValidationError) as error:
            print(
                f"warning: shard {shard}: its run could not be read ({' '.join(str(error).split())[:300]})",
                file=sys.stderr,
            )
            continue
        if record is not None:
            import_record(record, params.tracking.experiment)
            imported.append(record.name)
    return imported


def follow(
    remote: Remote,
    params: Params,
    show: Callable[[list[dict[str, Any]]], None],
    every_seconds: float,
    again: bool,
    page: Path | None = None,
    mlflow: bool = True,
) -> None:
    """Looks at the workers, once or again and again, and warns where training's code or parameters have changed.

    Args:
        remote: where they write.
        params: of the round.
        show: called with the `rows` of each look.
        every_seconds: the pause between two looks.
        again: whether there is more than one look; then a failed one is a warning.
        page: to be written at each look, if given.
        mlflow: whether each look brings the workers' curves into MLflow.

    Raises:
        UserError: the one look failed.
    """

    def look_once() -> None:
        beats = look(remote, params)
        table = rows(beats, params)
        if changed := changes.warning(params):
            print(f"warning: {changed}", file=sys.stderr)
        if page is not None:
            write_page(table, title_of(params), page, every_seconds)
        show(table)
        if mlflow:
            import_records(remote, beats, params)

    def report(error: UserError) -> None:
        if not again:
            raise error
        print(f"warning: {error} Looking again in {every_seconds:.0f} s.", file=sys.stderr)

    poll(look_once, report, every_seconds, again)
