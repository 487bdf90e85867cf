"""The one loader of params.yaml: typed, checked, every setting in one place."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from housebrain.errors import UserError, os_error
from housebrain.files import atomic_file
from housebrain.shard import Shard

Count = Annotated[int, Field(ge=0, lt=2**31)]
Positive = Annotated[int, Field(ge=1, lt=2**31)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what torch and numpy take
Share = Annotated[float, Field(ge=0, le=1)]
Engine = Literal["local", "ray"]


class Section(BaseModel):
    """A section of params.yaml: unknown keys are errors, values are of their type as written and can't be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Base(Section):
    """A base model: from a Python package that carries a GGUF file, or from the Hugging Face hub."""

    revision: str
    license: str
    package: str | None = None
    gguf_file: str | None = None
    hub_id: str | None = None

    @model_validator(mode="after")
    def one_origin(self) -> "Base":
        if (self.hub_id is None) == (self.package is None or self.gguf_file is None):
            raise ValueError("give either `hub_id`, or `package` and `gguf_file`")
        return self


class Prepare(Section):
    source: Literal["generate", "raw"]
    generate_count: Positive
    sample_count: Count
    seed: Seed
    alternatives: Positive
    processes: Count
    engine: Engine


class Split(Section):
    seed: Seed
    validation_count: Positive
    test_count: Positive


class Lora(Section):
    r: Positive
    alpha: Positive
    dropout: Share
    target_modules: str | list[str]
    seed: Seed


class Train(Section):
    codec: Literal["tree", "coordinates"]
    seed: Seed
    validity_samples: Count


class Platform(Section):
    """Training settings of one kind of worker; lengths in tokens, intervals in optimizer steps."""

    batch_size: Positive | Literal["auto"]
    gradient_accumulation: Positive
    epochs: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    warmup_share: Share
    max_length: Positive
    max_samples: Count
    save_steps: Positive
    keep_checkpoints: Positive
    log_steps: Positive
    eval_steps: Positive
    precision: Literal["fp32", "fp16", "bf16"]
    quantize_4bit: bool

    @property
    def samples_a_step(self) -> int:
        """The samples in an optimizer step; with `batch_size: auto` as with 1, however many are then taken at once."""
        return (1 if self.batch_size == "auto" else self.batch_size) * self.gradient_accumulation


class Worker(Section):
    """Who trains a shard: a name for people, and the platform whose settings count."""

    name: str
    platform: str


class Merge(Section):
    strategy: str
    metric: str
    mode: Literal["min", "max"]
    temperature: Annotated[float, Field(gt=0)]
    parameters: dict[str, Any]
    scale: float | Literal["auto"]
    validation_samples: Positive
    budget_minutes: Annotated[float, Field(gt=0)]
    rank: int | float | str  # checked by merging.lowrank.parse_rank
    dtype: Literal["float32", "float16", "bfloat16"]


class Outer(Section):
    """The optimizer that steps from round to round; see merging.outer."""

    learning_rate: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)]


class Supervision(Section):
    """How `housebrain work` looks after a shard."""

    heartbeat_seconds: Annotated[float, Field(gt=0)]
    expiry_seconds: Annotated[float, Field(gt=0)]
    settle_seconds: Annotated[float, Field(ge=0)]
    clock_skew_seconds: Annotated[float, Field(ge=0)]
    keep_remote: Positive
    margin_minutes: Annotated[float, Field(ge=0)]
    session_hours: dict[str, Annotated[float, Field(ge=0)]]
    cards: dict[str, str] = {}

    @model_validator(mode="after")
    def leaves_time(self) -> "Supervision":
        if self.expiry_seconds < 2 * self.heartbeat_seconds:
            raise ValueError(
                "expiry_seconds must be at least twice heartbeat_seconds, or workers that live would count as gone"
            )
        for platform, hours in self.session_hours.items():
            if 0 < hours * 60 <= self.margin_minutes:
                raise ValueError(f"session_hours.{platform} must be longer than margin_minutes, or nothing is trained")
        return self


class Resources(Section):
    """What a node of a cluster must have free for a training."""

    cpus: Annotated[float, Field(gt=0)]
    gpus: Annotated[float, Field(ge=0)]


class Cluster(Section):
    """What trainings take of a cluster, by platform."""

    resources: dict[str, Resources]


class Criterion(Section):
    about: str
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def one_bound(self) -> "Criterion":
        if (self.min is None) == (self.max is None):
            raise ValueError("give either `min` or `max`")
        return self


class Evaluate(Section):
    engine: Engine
    briefs: Positive
    guided_briefs: Count
    max_new_tokens: Positive
    batch_size: Positive
    codes: str
    criteria: dict[str, Criterion]


class LeaveOneOut(Section):
    enabled: bool


class ScoreWeights(Section):
    """What each part of a house's score counts for; parts that are not named keep the default of `rules.score`."""

    weights: dict[str, Annotated[float, Field(ge=0)]]


class Tracking(Section):
    experiment: Annotated[str, Field(pattern=r"\S")]
    model: Annotated[str, Field(pattern=r"\S")]

    @field_validator("model")
    @classmethod
    def can_be_registered(cls, name: str) -> str:
        if set("/:") & set(name) or {"'", '"'} <= set(name):
            raise ValueError(f"MLflow takes no model named {name}: leave out / and :, and one of the kinds of quotes")
        return name


class Params(Section):
    """All of params.yaml."""

    round: Positive
    rounds: Positive
    base: str
    bases: dict[str, Base]
    prepare: Prepare
    split: Split
    lora: Lora
    train: Train
    platforms: dict[str, Platform]
    workers: Annotated[dict[str, Worker], Field(min_length=1)]
    merge: Merge
    outer: Outer
    supervision: Supervision
    cluster: Cluster
    evaluate: Evaluate
    leave_one_out: LeaveOneOut
    score: ScoreWeights
    tracking: Tracking

    @model_validator(mode="after")
    def fits_together(self) -> "Params":
        if self.rounds > 1 and self.round > self.rounds:
            raise ValueError(f"round: {self.round} is after the last of {self.rounds} `rounds`")
        for name in self.bases:
            if not re.fullmatch(r"\w[\w.-]*", name):
                raise ValueError(
                    f"bases: '{name}' can't be the name of a folder: use letters, digits, `.`, `-` and `_`"
                )
        if self.base not in self.bases:
            raise ValueError(f"base: unknown base model '{self.base}'. Known: {', '.join(self.bases)}")
        for number, worker in self.workers.items():
            if worker.platform not in self.platforms:
                raise ValueError(
                    f"workers.{number}.platform: unknown platform '{worker.platform}'. "
                    f"Known: {', '.join(self.platforms)}"
                )
        if list(self.workers) != [str(number) for number in range(1, len(self.workers) + 1)]:
            raise ValueError(
                f'workers: expected the keys "1" to "{len(self.workers)}" in order, one a shard, and found '
                f"{', '.join(self.workers)}"
            )
        return self

    @property
    def shards(self) -> list[Shard]:
        """All shards, one a worker."""
        return [Shard(int(number)) for number in self.workers]

    def worker(self, shard: Shard) -> Worker:
        """Who trains a shard.

        Raises:
            UserError: there is no such shard.
        """
        if str(shard.number) not in self.workers:
            raise UserError(f"{shard.name}: not among the workers in params.yaml. Known: {', '.join(self.workers)}.")
        return self.workers[str(shard.number)]

    def platform(self, shard: Shard) -> Platform:
        """The training settings of the worker that trains a shard.

        Raises:
            UserError: there is no such shard.
        """
        return self.platforms[self.worker(shard).platform]

    def base_model(self) -> Base:
        """The entry of `bases` that `base` names."""
        return self.bases[self.base]


def load_params(path: str | Path = "params.yaml") -> Params:
    """Reads and checks params.yaml.

    Raises:
        UserError: the file is missing, is not YAML, or a field is missing, unknown or out of range.
    """
    try:
        raw = YAML(typ="safe").load(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise os_error(error, path) from error
    except (YAMLError, ValueError, TypeError, ArithmeticError, RecursionError) as error:  # a date that is none, say
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{path}: not valid YAML ({reason}). Correct the file.") from error
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{path}: {field + ': ' if field else ''}{message}. Correct the file.") from error


def write_round(number: int, path: str | Path = "params.yaml") -> None:
    """Sets `round` in params.yaml and leaves every other line of it, comments among them, as a person wrote it.

    Raises:
        UserError: the file can't be read or written, or has no line with `round`.
    """
    try:
        content = Path(path).read_bytes()  # as text, its line ends would change
    except OSError as error:
        raise os_error(error, path) from error
    changed, count = re.subn(rb"^(\xef\xbb\xbf)?round: *\d+", rb"\g<1>round: %d" % number, content, flags=re.MULTILINE)
    if count != 1:
        raise UserError(f"{path}: it has {count} lines that set `round`, not one. Correct the file.")
    with atomic_file(path) as temporary:
        temporary.write_bytes(changed)
