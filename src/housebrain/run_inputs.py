"""What MLflow's table of runs shows beside metrics: the data that a run saw, and the script that it came from."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

DIGEST = 36  # characters of a hash, MLflow's limit


class Seen(NamedTuple):
    """A script, and the data that it saw.

    Attributes:
        script: relative to the project's folder.
        data: the data's name; `{shard}` stands for the run's tag of that name. None where a run sees no samples.
        folder: where the data is, in the same way.
        context: what it was seen for.
    """

    script: str
    data: str | None = None
    folder: str = ""
    context: str = ""


# By a run's tag `kind`.
KINDS = {
    "shard": Seen("stages/train_shard.py", "shard {shard}", "data/shards/{shard}", "training"),
    "merge": Seen("stages/merge.py"),
    "evaluation": Seen("stages/evaluate.py", "test", "data/heldout/test.parquet", "evaluation"),
}


def source_tags(tags: dict[str, str]) -> dict[str, str]:
    """The tags of the column `Source`, from a run's own; none for a kind of run that is not known."""
    seen = KINDS.get(tags.get("kind", ""))
    if seen is None:
        return {}
    commit = tags.get("git_commit", "").removesuffix("+")
    return {
        "mlflow.source.name": seen.script,
        "mlflow.source.type": "LOCAL",
        **({"mlflow.source.git.commit": commit} if commit else {}),
    }


def dataset_of(tags: dict[str, str]) -> "DatasetInput | None":
    """The input of the column `Dataset`, from a run's own tags; None where it saw none that is known."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    seen = KINDS.get(tags.get("kind", ""))
    if seen is None or seen.data is None or "data_hash" not in tags:
        return None
    number = tags.get("shard", "")
    dataset = Dataset(
        name=seen.data.format(shard=number),
        digest=tags["data_hash"][:DIGEST],
        source_type="dvc",
        source=seen.folder.format(shard=number),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", seen.context)])
