"""Tests for housebrain.service.app: what a client sees."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from housebrain.answering.engine import House, SolverEngine
from housebrain.dataset.generate import generate_records
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.rules.checks import violations
from housebrain.service.app import create_app
from housebrain.service.settings import Settings
from housebrain.service.store import Store, now
from service.conftest import WORDS


def test_words_become_a_checked_costed_and_drawn_house(answer: dict[str, Any]) -> None:
    brief, house = Brief.model_validate(answer["brief"]), answer["designs"][0]
    assert (brief.bedrooms, brief.plot.width_ft, brief.plot.length_ft, brief.plot.orientation) == (3, 40, 60, "E")
    assert violations(Design.model_validate(house["design"]), brief) == [] == house["violations"]
    assert all(house["requirements"][f"room:{room.name}"] for room in brief.wanted_rooms)
    assert house["cost"]["currency"] == "INR"
    assert {one["outcome"] for one in house["codes"]} <= {"passed", "failed", "not applicable", "unverified"}
    assert 0 < house["score"]["total"] <= 1
    assert house["source"] == "solver"
    assert house["changed"] is None
    assert {one["field"] for one in answer["assumed"]} >= {"floors"} or answer["assumed"]


@pytest.mark.long
def test_a_design_is_found_again_drawn_and_listed(client: TestClient) -> None:
    record = orjson.loads(next(iter(generate_records(1, seed=3))).text)
    made = client.post("/designs", json={"record": record, "alternatives": 2}).json()
    assert len(made["designs"]) == 2
    assert made["designs"][0]["score"]["total"] >= made["designs"][1]["score"]["total"]
    found = client.get(f"/designs/{made['id']}").json()
    assert found["designs"] == made["designs"]
    assert client.get("/designs").json()["designs"][0]["id"] == made["id"]
    for name, link in made["links"].items():
        drawn = client.get(link)
        assert drawn.status_code == 200, (name, drawn.text)
        assert drawn.content
    second = client.get(f"/designs/{made['id']}.json", params={"alternative": 1})
    assert second.json() == made["designs"][1]["design"]
    assert client.get(f"/designs/{made['id']}.svg", params={"level": 99}).status_code == 404
    assert client.get(f"/designs/{made['id']}.svg", params={"alternative": 2}).status_code == 404


@pytest.mark.long
def test_pages_of_the_list_go_on_from_one_another(client: TestClient) -> None:
    ids = [client.post("/designs", json={"words": WORDS, "seed": seed}).json()["id"] for seed in range(3)]
    first = client.get("/designs", params={"limit": 2}).json()
    second = client.get("/designs", params={"limit": 2, "before": first["next"]}).json()
    assert [one["id"] for one in first["designs"] + second["designs"]] == ids[::-1]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ({}, "bad_request", "exactly one of"),
        ({"words": WORDS, "record": {}}, "bad_request", "exactly one of"),
        ({"words": "purple monkey dishwasher"}, "bad_request", ""),
        ({"record": {"id": "x"}}, "bad_request", "input"),
        ({"brief": {"style": "Modern"}}, "bad_request", "brief.bedrooms"),
        ({"words": WORDS, "alternatives": 0}, "bad_request", "alternatives"),
        ({"words": WORDS, "unknown": 1}, "bad_request", "unknown"),
        ({"words": WORDS, "engine": "model"}, "bad_request", "no model"),
    ],
)
def test_a_bad_request_is_named(client: TestClient, body: dict[str, Any], kind: str, said: str) -> None:
    answered = client.post("/designs", json=body)
    assert answered.status_code == 422
    error = answered.json()["error"]
    assert error["kind"] == kind
    assert said in error["detail"]


@pytest.mark.parametrize("path", ["/designs", "/briefs/parse", "/validate", "/repair", "/cost"])
@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_said_to_be_json_is_refused(client: TestClient, path: str, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answered = client.post(path, content=b'{"words": "3 bhk"}', headers=headers)
    assert answered.status_code == 422
    assert "application/json" in answered.text


def test_a_brief_that_can_not_be_built_is_refused_with_the_reason(client: TestClient, store: Store) -> None:
    record = orjson.loads(next(iter(generate_records(1, seed=3))).text)
    record["input"]["plot"]["setbacks_ft"]["front"] = 500
    answered = client.post("/designs", json={"record": record})
    assert answered.status_code == 422
    assert answered.json()["error"]["kind"] == "setbacks_over_plot"
    client.post("/designs", json={"record": record, "stream": True})
    assert 'housebrain_refusals_total{reason="setbacks_over_plot"} 2.0' in client.get("/metrics").text
    assert [use.outcome for use in store.uses(now() - timedelta(hours=1))] == ["refused:setbacks_over_plot"] * 2


@pytest.mark.long
def test_words_that_leave_the_floors_open_get_as_many_as_it_takes(client: TestClient) -> None:
    words = "3 bedrooms, plot 6 m x 25 m, setbacks 0.3 m on all sides, Frankfurt"
    made = client.post("/designs", json={"words": words})
    assert made.status_code == 201, made.text
    answer = made.json()
    assert len(answer["designs"][0]["design"]["levels"]) == answer["brief"]["floors"] > 1
    parsed = client.post("/briefs/parse", json={"words": words}).json()
    assert parsed["brief"]["floors"] < answer["brief"]["floors"]
    assert answer["assumed"][-1]["field"] == "floors"


def test_an_idempotency_key_answers_once(client: TestClient) -> None:
    key = {"Idempotency-Key": "order-7"}
    first = client.post("/designs", json={"words": WORDS}, headers=key)
    again = client.post("/designs", json={"words": WORDS}, headers=key)
    other = client.post("/designs", json={"words": WORDS, "seed": 1}, headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json() == again.json()
    assert len(client.get("/designs").json()["designs"]) == 1


def test_a_stream_gives_the_levels_one_by_one(client: TestClient) -> None:
    with client.stream("POST", "/designs", json={"words": WORDS, "stream": True}) as answered:
        assert answered.headers["content-type"].startswith("text/event-stream")
        blocks = "".join(answered.iter_text()).strip().split("\n\n")
    events = [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in
              (block.split("\n") for block in blocks)]  # fmt: skip
    assert events[0][0] == "brief"
    last, done = events[-1]
    assert last == "done"
    assert len([kind for kind, _ in events if kind == "level"]) == len(done["designs"][0]["design"]["levels"])
    assert client.get(f"/designs/{done['id']}").status_code == 200


def test_a_stream_says_its_error(client: TestClient) -> None:
    answered = client.post("/designs", json={"words": "purple monkey dishwasher", "stream": True})
    assert "event: error" in answered.text
    counted = client.get("/metrics").text
    assert 'housebrain_requests_total{route="/designs",status="422"} 1.0' in counted
    assert 'housebrain_requests_total{route="/designs",status="200"}' not in counted


def test_the_order_of_keys_makes_no_other_request(client: TestClient, answer: dict[str, Any]) -> None:
    key = {"Idempotency-Key": "order-8"}
    brief = answer["brief"]
    turned = dict(reversed(brief.items()))
    assert client.post("/designs", json={"brief": brief}, headers=key).status_code == 201
    assert client.post("/designs", json={"brief": turned}, headers=key).status_code == 200


def test_tools_check_and_cost_a_design(client: TestClient, answer: dict[str, Any]) -> None:
    house = answer["designs"][0]
    both = {"brief": answer["brief"], "design": house["design"]}
    checked = client.post("/validate", json=both).json()
    assert checked["valid"]
    assert checked["codes"] == house["codes"]
    assert client.post("/cost", json=both).json() == house["cost"]
    spoilt = json.loads(json.dumps(both))
    spoilt["design"]["levels"][0]["rooms"][0]["boxes"][0]["w"] += 1
    wrong = client.post("/validate", json=spoilt).json()
    assert not wrong["valid"]
    assert wrong["violations"]
    mended = client.post("/repair", json=spoilt).json()
    assert client.post("/validate", json={"brief": answer["brief"], "design": mended["design"]}).json()["valid"]
    assert mended["changed"]
    parsed = client.post("/briefs/parse", json={"words": WORDS}).json()
    assert parsed["brief"] == answer["brief"]


def test_a_door_that_hangs_in_no_wall_is_a_violation(client: TestClient, answer: dict[str, Any]) -> None:
    """Of a house whose rooms somebody moved, the doors still name the rooms."""
    both = json.loads(json.dumps({"brief": answer["brief"], "design": answer["designs"][0]["design"]}))
    door = next(one for one in both["design"]["levels"][0]["doors"] if one["b"] != "outside")
    window = both["design"]["levels"][0]["windows"][0]
    door["x"] += 0.75
    door["y"] += 0.75
    window["x"] += 1.25
    window["y"] += 1.25
    checked = client.post("/validate", json=both).json()
    assert not checked["valid"]
    assert [(one["kind"], one["where"]) for one in checked["violations"]] == [
        ("opening", door["a"]), ("opening", window["room"]),
    ]  # fmt: skip


def test_a_design_is_judged_by_what_it_costs_not_by_what_it_says(client: TestClient, answer: dict[str, Any]) -> None:
    both = json.loads(json.dumps({"brief": answer["brief"], "design": answer["designs"][0]["design"]}))
    both["design"] |= {"quality": "luxury", "cost": {**both["design"]["cost"], "total_usd": 1.0}}
    both["brief"]["budget_usd"] = 5000
    checked = client.post("/validate", json=both).json()
    assert not checked["cost"]["within_budget"]
    assert not checked["requirements"]["budget"]


def test_a_choice_that_is_not_known_is_refused_by_name(client: TestClient, answer: dict[str, Any]) -> None:
    brief = answer["brief"] | {"choices": {"quality": "cheap"}}
    refused = client.post("/briefs/parse", json={"brief": brief})
    assert (refused.status_code, refused.json()["error"]["kind"]) == (422, "unknown_choice")


def test_feedback_is_kept_and_counted(client: TestClient) -> None:
    made = client.post("/designs", json={"words": WORDS}).json()
    at = f"/designs/{made['id']}/feedback"
    assert client.post(at, json={"verdict": "accept"}).status_code == 201
    assert client.post(at, json={"verdict": "reject"}).status_code == 422
    assert client.post(at, json={"verdict": "reject", "reason": "no light"}).status_code == 201
    assert client.post(at, json={"verdict": "correct", "design": made["designs"][0]["design"]}).status_code == 201
    assert client.post(at, json={"verdict": "accept", "alternative": 5}).status_code == 422
    assert client.get(f"/designs/{made['id']}").json()["feedback"] == {"accept": 1, "reject": 1, "correct": 1}
    assert client.post(f"/designs/{'0' * 32}/feedback", json={"verdict": "accept"}).status_code == 404


@pytest.mark.parametrize("design_id", ["..", "%2e%2e%2fetc%2fpasswd", "../../store.db", "x" * 32, "0" * 31])
def test_an_id_is_nothing_but_an_id(client: TestClient, design_id: str) -> None:
    for path in (f"/designs/{design_id}", f"/designs/{design_id}.svg", f"/designs/{design_id}/feedback"):
        assert client.get(path).status_code in (404, 405, 422)


def test_without_a_key_a_closed_service_answers_nothing_but_its_health(store: Store) -> None:
    with TestClient(create_app(Settings(), {"solver": SolverEngine()}, store)) as client:
        key = store.add_key("ann")
        other = store.add_key("bob")
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
        assert client.post("/designs", json={"words": WORDS}).status_code == 401
        assert client.get("/model", headers={"X-API-Key": "hb_wrong"}).status_code == 401
        made = client.post("/designs", json={"words": WORDS}, headers={"X-API-Key": key})
        assert made.status_code == 201
        at = f"/designs/{made.json()['id']}"
        assert client.get(at, headers={"X-API-Key": key}).status_code == 200
        assert client.get(at, headers={"X-API-Key": other}).status_code == 404
        assert client.get("/designs", headers={"X-API-Key": other}).json()["designs"] == []
        store.revoke_key("ann")
        assert client.get(at, headers={"X-API-Key": key}).status_code == 401
    assert key not in Path(store.engine.url.database or "").read_bytes().decode("latin-1")


def test_a_client_that_asks_too_often_is_told_when_to_come_again(store: Store) -> None:
    settings = Settings(open_to_all=True, requests_a_minute=2)
    with TestClient(create_app(settings, {"solver": SolverEngine()}, store)) as client:
        assert [client.get("/model").status_code for _ in range(3)] == [200, 200, 429]
        assert int(client.get("/model").headers["Retry-After"]) >= 1
        assert client.get("/healthz").status_code == 200


def test_a_large_body_and_a_slow_house_are_refused(store: Store) -> None:
    settings = Settings(open_to_all=True, body_bytes=1000, seconds=0.2)
    with TestClient(create_app(settings, {"slow": Slow()}, store)) as client:
        large = client.post("/designs", json={"words": "x" * 2000})
        assert (large.status_code, large.json()["error"]["kind"]) == (413, "too_large")
        slow = client.post("/designs", json={"words": WORDS})
        assert (slow.status_code, slow.json()["error"]["kind"]) == (504, "too_slow")
        assert client.get("/designs").json()["designs"] == []


class Slow:
    """An engine that works until nobody waits any more."""

    name = "slow"

    def __init__(self) -> None:
        self.about: dict[str, Any] = {"engine": self.name}
        self.given_up = False

    def houses(self, brief: Brief, count: int, seed: int, temperature: float, check: Callable[[], None]) -> list[House]:
        until = time.monotonic() + 20
        try:
            while time.monotonic() < until:
                check()
                time.sleep(0.01)
        except Exception:
            self.given_up = True
            raise
        raise AssertionError("nobody gave it up")


def test_work_that_nobody_waits_for_is_given_up(store: Store) -> None:
    engine = Slow()
    with TestClient(create_app(Settings(open_to_all=True, seconds=0.2), {"slow": engine}, store)) as client:
        assert client.post("/designs", json={"words": WORDS}).status_code == 504
    assert engine.given_up


def test_answers_have_the_headers_that_browsers_heed(client: TestClient, answer: dict[str, Any]) -> None:
    headers = client.get("/healthz").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert (
        "access-control-allow-origin" not in client.get("/healthz", headers={"Origin": "https://evil.example"}).headers
    )
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_page_that_is_named_may_ask_from_a_browser(store: Store) -> None:
    page = "https://houses.example"
    with TestClient(
        create_app(Settings(open_to_all=True, origins=(page,)), {"solver": SolverEngine()}, store)
    ) as client:
        for wanted in ("Content-Type, X-API-Key", "Content-Type, Idempotency-Key"):
            headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}
            allowed = client.options("/designs", headers={"Origin": page, **headers})
            assert allowed.status_code == 200
            assert allowed.headers["access-control-allow-origin"] == page
            assert client.options("/designs", headers={"Origin": "https://evil.example", **headers}).status_code == 400


def test_every_route_is_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert {"/designs", "/designs/{design_id}", "/designs/{design_id}.svg", "/validate", "/repair", "/cost", "/model",
            "/briefs/parse", "/healthz", "/readyz", "/metrics"} <= set(described["paths"])  # fmt: skip
    assert all(
        one.get("description") or one.get("summary") for path in described["paths"].values() for one in path.values()
    )
