"""Tests for housebrain.service: feedback, use and drift."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from housebrain.service.feedback import FILE, export
from housebrain.service.store import DamagedRowError, Store, StoredFeedback, StoredUse, now
from housebrain.service.usage import LARGE, LEAST, SMALL, drifted, stability, stability_of_kinds, usage
from service.conftest import WORDS


@pytest.mark.long
def test_feedback_is_exported_as_prepare_reads_it(client: TestClient, store: Store, tmp_path: Path) -> None:
    ids = [client.post("/designs", json={"words": WORDS, "seed": seed}).json()["id"] for seed in range(3)]
    design = client.get(f"/designs/{ids[1]}").json()["designs"][0]["design"]
    said: list[dict[str, Any]] = [
        {"verdict": "accept"},
        {"verdict": "correct", "design": design},
        {"verdict": "reject", "reason": "dark"},
    ]
    for design_id, one in zip(ids, said, strict=True):
        assert client.post(f"/designs/{design_id}/feedback", json=one).status_code == 201
    counts = export(store, tmp_path)
    assert counts == {"accepted": 1, "corrected": 1, "rejected": 1, "invalid": 0}
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert {line["id"] for line in lines} == {f"feedback-{ids[0]}-0", f"feedback-{ids[1]}-0"}
    client.post(f"/designs/{ids[0]}/feedback", json={"verdict": "reject", "reason": "on second thoughts"})
    assert export(store, tmp_path)["accepted"] == 0


def test_a_correction_that_breaks_a_rule_is_counted_and_left_out(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    made = client.post("/designs", json={"words": WORDS}).json()
    design = made["designs"][0]["design"]
    design["levels"][0]["doors"] = []
    client.post(f"/designs/{made['id']}/feedback", json={"verdict": "correct", "design": design})
    assert export(store, tmp_path) == {"accepted": 0, "corrected": 0, "rejected": 0, "invalid": 1}


@pytest.mark.long
@pytest.mark.parametrize(
    "content", [{"alternative": 0, "design": {"of": "an earlier version"}}, {}, {"alternative": 9}, []]
)
def test_feedback_that_this_version_cant_read_is_counted_and_left_out(
    client: TestClient, store: Store, tmp_path: Path, content: Any
) -> None:
    made = client.post("/designs", json={"words": WORDS}).json()
    store.add(StoredFeedback(design_id=made["id"], made=now(), verdict="correct", reason="", content=content))
    assert export(store, tmp_path) == {"accepted": 0, "corrected": 0, "rejected": 0, "invalid": 1}


def test_use_is_counted_by_outcome(client: TestClient, store: Store) -> None:
    client.post("/designs", json={"words": WORDS})
    client.post("/designs", json={"words": "purple monkey dishwasher"})
    figures = usage(store, now() - timedelta(days=1))
    assert figures["requests"] == 2
    assert figures["outcomes"] == {"designed": 1, "unreadable": 1}
    assert figures["by_region"]["Asia_India"] == 1
    assert figures["drift"] == {}


def test_drift_is_small_for_alike_and_large_for_other_briefs() -> None:
    random = np.random.default_rng(0)
    reference = random.normal(3, 1, 2000).round()
    assert stability(reference, random.normal(3, 1, 1000).round()) < SMALL
    assert stability(reference, random.normal(5, 1, 1000).round()) > LARGE
    assert stability_of_kinds(["a"] * 90 + ["b"] * 10, ["a"] * 880 + ["b"] * 120) < SMALL
    assert stability_of_kinds(["a"] * 90 + ["b"] * 10, ["b"] * LEAST) > LARGE
    assert drifted({"drift": {"floors": LARGE, "rooms": SMALL}}) == ["floors"]
    assert stability(reference, reference) == pytest.approx(0)


@pytest.mark.parametrize("facts", [{}, {"rooms": "7"}, []])
def test_use_that_lacks_a_fact_is_named(store: Store, facts: Any) -> None:
    numbers = {"bedrooms": 1, "floors": 1, "rooms": 7, "asked_sqft": 900, "envelope_sqft": 1200}
    sound: dict[str, Any] = {**numbers, "climate": "Temperate", "region": "x"}
    for number in range(LEAST):
        given = facts if number == 7 else sound
        store.add(StoredUse(made=now(), outcome="designed", region="x", seconds=1.0, facts=given))
    reference = {name: [value] * LEAST for name, value in sound.items()}
    with pytest.raises(DamagedRowError, match=r"^uses 8: facts: no bedrooms of kind int$"):
        usage(store, now() - timedelta(days=1), reference)


def test_a_few_briefs_of_training_are_no_measure_of_drift(store: Store) -> None:
    facts = {"bedrooms": 1, "floors": 1, "rooms": 7, "asked_sqft": 900, "envelope_sqft": 1200}
    for _ in range(LEAST):
        given = {**facts, "climate": "Temperate", "region": "x"}
        store.add(StoredUse(made=now(), outcome="designed", region="x", seconds=1.0, facts=given))
    for count, measured in ((LEAST - 1, False), (LEAST, True)):
        reference = {name: [value] * count for name, value in {**facts, "climate": "Cold", "region": "x"}.items()}
        assert bool(usage(store, now() - timedelta(days=1), reference)["drift"]) is measured
