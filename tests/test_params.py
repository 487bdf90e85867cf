import re
from pathlib import Path

import pytest

from housebrain.errors import UserError
from housebrain.params import load_params, write_round
from housebrain.shard import Shard

SHIPPED = Path(__file__).parents[1] / "params.yaml"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = SHIPPED.read_text()
    assert old in text
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


def test_the_shipped_file_is_valid_and_local() -> None:
    params = load_params(SHIPPED)
    assert {worker.platform for worker in params.workers.values()} == {"local"}
    assert [worker.name for worker in params.workers.values()] == [
        *(f"colab-{n}" for n in (1, 2, 3)),
        *(f"kaggle-{n}" for n in (1, 2, 3)),
    ]
    assert params.platforms["kaggle"] == params.platforms["colab"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("platform: local}", "platform: azure}", "workers.1.platform: unknown platform 'azure'. Known: local, colab"),
        ("base: smollm2-135m", "base: gpt-9", "base: unknown base model 'gpt-9'. Known: smollm2-135m"),
        ('  "6": {', '  "7": {', 'workers: expected the keys "1" to "6" in order'),
        ('  "2": {', '  "1.5": {', "and found 1, 1.5, 3"),
        ("  generate_count: 100", "  generate_count: many", "prepare.generate_count"),
        ("  generate_count: 100", "  generate_count: 0", "prepare.generate_count"),
        ("  generate_count: 100", "  generated: 240", "prepare.generate_count"),
        ("round: 1", "round: 1\nspeling: 2", "speling"),
        ("  temperature: 0.1", "  temperature: .nan", "merge.temperature"),
        (
            "{min: 1.0, about: share",
            "{min: 1.0, max: 7, about: share",
            "evaluate.criteria.shards_finished: give either `min` or `max`",
        ),
        ("round: 1", "round: [1", "not valid YAML"),
        ("rounds: 1", "rounds: 0", "rounds"),
        ("rounds: 1", "rounds: true", "rounds: Input should be a valid integer"),
        ("round: 1", 'round: "1"', "round: Input should be a valid integer"),
        ("  temperature: 0.1", "  temperature: .inf", "merge.temperature: Input should be a finite number"),
        ("  seed: 7", "  seed: -1", "split.seed"),
        ("  seed: 7", "  seed: 4294967296", "split.seed"),
        ("round: 1", "round: 2026-13-45", "not valid YAML (month must be in 1..12). Correct the file."),
        (
            "  smollm2-135m: #",
            "  ../x: {hub_id: a, revision: b, license: c}\n  smollm2-135m: #",
            "bases: '../x' can't be",
        ),
        ("  smollm2-135m: #", "  ..: {hub_id: a, revision: b, license: c}\n  smollm2-135m: #", "bases: '..' can't be"),
        ("  model: housebrain", "  model: a/b", "tracking.model: MLflow takes no model named a/b"),
        ("  model: housebrain", '  model: it\'s "x"', "leave out / and :, and one of the kinds of quotes"),
        ("  experiment: housebrain", '  experiment: " "', "tracking.experiment"),
        (
            "colab: 12, kaggle: 12}",
            "colab: 12, kaggle: 0.3}",
            "session_hours.kaggle must be longer than margin_minutes",
        ),
        ("expiry_seconds: 300", "expiry_seconds: 100", "supervision: expiry_seconds must be at least twice heartbeat"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        load_params(changed(tmp_path, old, new))


def test_a_round_after_the_last_is_refused_where_rounds_share_a_training(tmp_path: Path) -> None:
    path = changed(tmp_path, "round: 1", "round: 4")
    assert load_params(path).round == 4
    path.write_text(path.read_text().replace("rounds: 1", "rounds: 3"))
    with pytest.raises(UserError, match="round: 4 is after the last of 3 `rounds`"):
        load_params(path)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xff" + SHIPPED.read_bytes())
    with pytest.raises(UserError, match=r"params\.yaml: not valid YAML .*0xff.* Correct the file"):
        load_params(path)
    path.write_bytes(b"\xef\xbb\xbf" + SHIPPED.read_bytes())  # an editor's byte order mark
    assert load_params(path) == load_params(SHIPPED)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"params\.yaml: no such file"):
        load_params(tmp_path / "params.yaml")


def test_an_unknown_shard_is_named() -> None:
    with pytest.raises(UserError, match="shard 7"):
        load_params(SHIPPED).platform(Shard(7))


def test_the_next_round_changes_one_line_only(tmp_path: Path) -> None:
    before = SHIPPED.read_text()
    path = tmp_path / "params.yaml"
    path.write_text(before)
    write_round(12, path)
    changed = [(a, b) for a, b in zip(before.splitlines(), path.read_text().splitlines(), strict=True) if a != b]
    assert [b for _, b in changed] == [changed[0][0].replace("round: 1", "round: 12")]
    path.write_text(before.replace("round: 1", "rond: 1"))
    with pytest.raises(UserError, match="0 lines that set `round`"):
        write_round(2, path)


def test_the_next_round_leaves_an_editors_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xef\xbb\xbfround: 1 # \xc3\xa9\r\nrounds: 2\r\n")
    write_round(2, path)
    assert path.read_bytes() == b"\xef\xbb\xbfround: 2 # \xc3\xa9\r\nrounds: 2\r\n"
