"""A shard: one worker's part of the training data, and where everything of it lies in a project's folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from housebrain.errors import UserError
from housebrain.files import read_json

SHARDS = Path("models/shards")  # the shards' results, a folder each, and nothing else
REPORTS = Path("reports/shards")  # their reports and curves
INIT = Path("models/lora_init")  # the adapter that all of them start from
NAME = "shard {}"


@dataclass(frozen=True)
class Shard:
    """One shard.

    Attributes:
        number: from 1.
        project: the project's folder.
    """

    number: int
    project: Path = Path()

    @property
    def name(self) -> str:
        """As people read it, and as models are called in reports: `shard 3`."""
        return NAME.format(self.number)

    @property
    def data(self) -> Path:
        return self.project / f"data/shards/{self.number}"

    @property
    def init(self) -> Path:
        return self.project / INIT

    @property
    def checkpoints(self) -> Path:
        return self.project / f"models/checkpoints/shard-{self.number}"

    @property
    def tokens(self) -> Path:
        """The samples as tokens: a cache that may be removed at any time."""
        return self.project / f"models/tokens/shard-{self.number}"

    @property
    def out(self) -> Path:
        """The trained adapter, with its fingerprint and its run record."""
        return self.project / SHARDS / str(self.number)

    @property
    def report(self) -> Path:
        return self.project / REPORTS / f"{self.number}.json"

    @property
    def curve(self) -> Path:
        return self.project / REPORTS / f"{self.number}_loss.csv"


def key_of(name: str) -> str:
    """A model's name as a key in reports and a file's name: `shard 3` is `shard_3`."""
    return name.replace(" ", "_")


def dealt() -> int:
    """Into how many shards the data in this folder is dealt; 0 where it isn't."""
    return sum(1 for path in Path("data/shards").glob("*") if path.is_dir())


def check_folders(shards: list[Shard]) -> None:
    """Refuses results that are no worker's any more: DVC leaves them where there were more workers before.

    Raises:
        UserError: names every folder that is no shard's.
    """
    known = {str(shard.number) for shard in shards}
    strays = sorted(path.name for path in SHARDS.glob("*") if path.is_dir() and path.name not in known)
    if strays:
        folders = " ".join(f"{SHARDS}/{name} {REPORTS}/{name}.json {REPORTS}/{name}_loss.csv" for name in strays)
        raise UserError(
            f"{SHARDS}: {', '.join(strays)}: params.yaml has {len(shards)} workers, and this is none of theirs. Remove "
            f"what is left of it: `rm -r {folders}`."
        )


def read_shard_reports(folder: Path, shards: list[Shard]) -> dict[str, dict[str, Any]]:
    """The training summaries in `folder`, `1.json` and so on, by the shards' names.

    Raises:
        UserError: one is missing or damaged.
    """
    return {shard.name: read_json(folder / shard.report.name) for shard in shards}
