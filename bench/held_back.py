"""Puts held-back briefs to the service, and says whether each that the solver can solve is answered with a valid house.

    python -m bench.held_back --dataset FILE --count N --out JSON

Takes N records of a dataset, evenly spread over it. Each is solved by the solver alone, and is sent to a service in
this process by `POST /designs`: to its solver, and at temperature 1 to a model that was never trained, of random
weights and two layers with the base's tokenizer. `--model` puts another in its place: an adapter's folder, or files for
onnxruntime such as models/engine. An answer counts as valid where the design's schema takes it, and the rules find
nothing in it; what the service says of itself is not asked. What was answered is kept beside `--out`: the same command
goes on where it was stopped. `--engine solver` or `--engine model` asks one of the two.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from bench.machine import hardware
from fastapi.testclient import TestClient
from pydantic import ValidationError
from tqdm import tqdm

import housebrain as hb
from housebrain.answering.designer import Designer
from housebrain.answering.engine import Engine, SolverEngine
from housebrain.answering.model_engine import ModelEngine
from housebrain.answering.torch_writer import TorchWriter
from housebrain.dataset.records import count_records, read_records
from housebrain.errors import reported
from housebrain.files import write_json
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.model.base import ensure_base
from housebrain.model.onnx_model import CONFIG
from housebrain.params import load_params
from housebrain.release.answering import by_onnx
from housebrain.rules.checks import violations
from housebrain.service.app import create_app
from housebrain.service.settings import Settings
from housebrain.service.store import Store

ENGINES = ("solver", "model")  # what a service may answer with


def untrained(base: Path, folder: Path) -> Path:
    """A model of random weights with a base's tokenizer, in a folder of its own."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=2048, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def model_engine(adapter: Path | None, scratch: Path) -> ModelEngine:
    """What answers by the base with an adapter; without one by a model that was never trained, made in `scratch`.

    A folder of files for onnxruntime, such as models/engine, is a model as well.
    """
    if adapter is not None and (adapter / CONFIG).is_file():
        return ModelEngine(by_onnx(adapter, str(adapter), str(adapter)).designer, {})
    base = ensure_base(load_params())
    shape = base if adapter else untrained(base, scratch / "untrained")
    return ModelEngine(Designer(TorchWriter(shape, adapter)), {})


def spread(dataset: Path, count: int) -> Iterator[Any]:
    """The JSON of `count` records, evenly spread over a dataset; of fewer where it has no more."""
    total = count_records(dataset) or sum(1 for _ in read_records(dataset))
    step = max(1, total // count)
    chosen = (raw for number, raw in enumerate(read_records(dataset)) if number % step == 0)
    for _, raw in zip(range(count), chosen, strict=False):
        yield orjson.loads(raw.text)


def asked_of(client: TestClient, record: Any, engine: str) -> dict[str, Any]:
    """What the service answers a record: its status, how the brief was refused, whether the house is valid."""
    started = time.perf_counter()
    answer = client.post("/designs", json={"record": record, "engine": engine, "temperature": 1.0})
    seconds = time.perf_counter() - started
    if answer.status_code != 201:
        return {"status": answer.status_code, "kind": answer.json()["error"]["kind"], "seconds": seconds}
    house = answer.json()["designs"][0]
    found: dict[str, Any] = {"status": 201, "source": house["source"], "seconds": seconds, "schema": True}
    try:
        design = Design.model_validate(house["design"])
    except ValidationError:
        return found | {"schema": False, "violations": ["schema"]}
    return found | {
        "violations": [one.kind for one in violations(design, Brief.model_validate(answer.json()["brief"]))]
    }


def solved(record: Any) -> str:
    """Why the solver alone refuses a record; nothing where it does not."""
    try:
        hb.solve(hb.read_record(record)[1], seed=0)
    except Rejected as rejected:
        return rejected.reason
    except hb.UserError:
        return "unreadable"
    return ""


def answers(rows: list[dict[str, Any]], engine: str) -> dict[str, Any]:
    """What came of an engine's answers; shares are of the briefs that the solver solves."""
    solvable = [row[engine] for row in rows if not row["refused"]]
    made = [one for one in solvable if one["status"] == 201]
    return {
        "answered": len(made) / len(solvable),
        "schema_valid": sum(one["schema"] for one in made) / len(solvable),
        "valid": sum(not one["violations"] for one in made) / len(solvable),
        "by_the_model": sum(one["source"] == "model" for one in made) / len(solvable),
        "refused_though_solvable": dict(Counter(one["kind"] for one in solvable if one["status"] != 201)),
        "answered_though_refused": sum(row[engine]["status"] == 201 for row in rows if row["refused"]),
        "seconds_median": median(one["seconds"] for one in made),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--engine", choices=ENGINES, help="this one alone")
    parser.add_argument("--model", type=Path, help="in place of the untrained model")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    kept = options.out.with_suffix(".jsonl")
    asked = (options.engine,) if options.engine else ENGINES
    setting = {"dataset": options.dataset.name, "count": options.count, "engines": list(asked)}
    if "model" in asked:
        setting["model"] = str(options.model or "untrained")
    lines = kept.read_text().splitlines() if kept.exists() else []
    rows = [json.loads(line) for line in lines[1:]] if lines and json.loads(lines[0]) == setting else []
    with tempfile.TemporaryDirectory() as scratch, reported():
        store = Store(f"sqlite:///{scratch}/store.db")
        engines: dict[str, Engine] = {"solver": SolverEngine()} if "solver" in asked else {}
        if "model" in asked:
            engines["model"] = model_engine(options.model, Path(scratch))
        service = create_app(Settings(open_to_all=True, requests_a_minute=10**9, seconds=600), engines, store)
        with TestClient(service) as client, kept.open("w") as file:
            file.writelines(json.dumps(line) + "\n" for line in (setting, *rows))
            records = list(spread(options.dataset, options.count))
            for record in tqdm(records[len(rows) :], unit=" briefs", file=sys.stderr, mininterval=5):
                row = {"refused": solved(record)} | {name: asked_of(client, record, name) for name in asked}
                rows.append(row)
                file.write(json.dumps(row) + "\n")
                file.flush()
        store.close()
    found = {
        "machine": hardware(),
        "setting": setting | {"asked": options.count, "count": len(rows)},
        "refused_by_the_solver": dict(Counter(row["refused"] for row in rows if row["refused"])),
        "service": {name: answers(rows, name) for name in asked},
    }
    write_json(options.out, found)
    kept.unlink()
    print(json.dumps(found["service"], indent=1))


if __name__ == "__main__":
    main()
