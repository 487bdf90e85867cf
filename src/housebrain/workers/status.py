"""The coordinator's view of a round: what each worker last said of itself, as a table, as JSON and as a page."""

import html
import math
import sys
import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.table import Table

from housebrain.errors import UserError
from housebrain.files import atomic_file
from housebrain.params import Params
from housebrain.tracking import RunRecord, import_record
from housebrain.workers import heartbeat
from housebrain.workers.heartbeat import ACTIVE, Heartbeat
from housebrain.workers.remote import Remote
from housebrain.workers.upload import folder

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
    return {int(shard): heartbeat.newest(remote, params.round, int(shard)) for shard in params.accounts}


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
        params: whose accounts and expiry count.
        now_seconds: the time; this machine's own unless given.
    """
    now = time.time() if now_seconds is None else now_seconds
    table = []
    for shard, beat in beats.items():
        row: dict[str, Any] = {"shard": shard, "worker": params.accounts[str(shard)].worker}
        row["state"] = state_of(beat, params.workers.expiry_seconds, now)
        if beat is not None:
            row |= beat.model_dump(exclude={"state", "shard", "worker", "training_key"})
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
        shown.add_row(*cells(row).values())
    return shown


def messages(table: list[dict[str, Any]]) -> list[str]:
    """What workers say is wrong, a line each."""
    return [f"shard {row['shard']}: {row['message']}" for row in table if row.get("message")]


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{refresh_seconds}">
<title>HouseBrain: {title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }}
table {{ border-collapse: collapse }}
th, td {{ padding: .35rem .8rem; border-bottom: 1px solid #ddd; text-align: right }}
th:nth-child(-n+3), td:nth-child(-n+3) {{ text-align: left }}
.done {{ color: #176b2c }} .stale, .failed {{ color: #b3261e; font-weight: 600 }} .incomplete {{ color: #8a5a00 }}
</style></head><body>
<h1>{title}</h1>
<table><thead><tr>{head}</tr></thead><tbody>
{body}
</tbody></table>
{messages}
<p>Looked at {time}. This page reloads itself while <code>housebrain status --watch --page</code> runs.</p>
</body></html>
"""


def write_page(table: list[dict[str, Any]], title: str, out: Path, refresh_seconds: float) -> None:
    """Writes the table as a page that a browser can leave open: one file, nothing loaded from elsewhere."""
    lines = []
    for row in table:
        inner = "".join(f"<td>{html.escape(value)}</td>" for value in cells(row).values())
        lines.append(f'<tr class="{html.escape(row["state"])}">{inner}</tr>')
    page = _PAGE.format(
        refresh_seconds=max(1, round(refresh_seconds)),
        title=html.escape(title),
        head="".join(f"<th>{html.escape(heading)}</th>" for heading in COLUMNS.values()),
        body="\n".join(lines),
        messages="".join(f"<p>{html.escape(message)}</p>" for message in messages(table)),
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
        names = [name for name in remote.list(place) if name.startswith("record-")]
        try:
            record = RunRecord.model_validate_json(remote.read(f"{place}/{max(names)}")) if names else None
        except (UserError, ValidationError) as error:
            print(f"warning: shard {shard}: its run could not be read ({error})", file=sys.stderr)
            continue
        if record is not None:
            import_record(record, params.tracking.experiment)
            imported.append(record.name)
    return imported
