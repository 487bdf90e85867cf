"""How fast a model serves: from a brief to a checked, drawn house, alone, from the command line and over HTTP.

    python -m bench.serving --base models/base/smollm2-135m --adapter ADAPTER --samples FILE --count 8 --out JSON

All ways answer the same briefs, one after the other, each in a process of its own: plain `generate` of transformers,
transformers under the brief's grammar, and onnxruntime under it. `writing_seconds` is an answer once through; `seconds`
is from the brief to a house that is finished, checked and drawn in every format; guided levels are written again there
where they can't be built. `ADAPTER` is a PEFT adapter of the base, `FILE` a Parquet file of `split`.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import psutil
from bench.machine import hardware

from housebrain.answering.designer import Designer
from housebrain.answering.finish import Finished, Proposal, finish
from housebrain.answering.writer import Writer
from housebrain.drawing.formats import render
from housebrain.drawing.scene import scene
from housebrain.files import read_json, write_json
from housebrain.house.brief import Brief
from housebrain.language.grammar import Grammar, State
from housebrain.language.samples import load_samples
from housebrain.model.plain import PlainTokenizer
from housebrain.model.writing import Critic, Written
from housebrain.rules.checks import violations

WAYS = ("transformers, free", "transformers, guided", "onnxruntime, guided")
PARTS = ("command", *WAYS, "service")
LONGEST = 400  # tokens of a free answer
WORDS = "3 bedroom house, 40x60 ft plot facing east"
CLIENTS = (1, 4, 16)
PROGRAM = [sys.executable, "-c", "from housebrain.cli import main; main()"]


def peak_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def spread(seconds: list[float]) -> dict[str, float]:
    """The median and the 95th percentile."""
    p95 = quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return {"median": round(median(seconds), 2), "p95": round(p95, 2)}


class FreeWriter:
    """transformers' `generate` as it is: greedy, and stopped where the JSON object is closed."""

    name = "transformers"

    def __init__(self, base: Path, adapter: Path) -> None:
        from housebrain.model.folded import load_model
        from housebrain.model.loading import load_tokenizer

        self.model, self.tokenizer = load_model(base, adapter), load_tokenizer(base)

    def write(
        self,
        brief: Brief,
        start: State,
        critic: Critic | None,
        temperature: float,
        seed: int,
        check: Callable[[], None],
    ) -> Written:
        import torch
        from transformers import StoppingCriteriaList

        from housebrain.language.prompt import prompt
        from housebrain.model.generation import closed_object

        text = prompt(self.tokenizer, brief, "tree")
        asked = self.tokenizer(text, return_tensors="pt", add_special_tokens=False)
        begin = asked["input_ids"].shape[1]

        def closed(ids: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
            return torch.tensor([closed_object(self.tokenizer.decode(ids[0, begin:])) is not None])

        ends: Any = StoppingCriteriaList([closed])
        output = self.model.generate(**asked, max_new_tokens=LONGEST, do_sample=False, stopping_criteria=ends)
        text = self.tokenizer.decode(output[0, begin:], skip_special_tokens=True)
        return Written(closed_object(text) or text, 0)


def open_way(way: str, base: Path, adapter: Path, engine: Path) -> Writer:
    if way == "onnxruntime, guided":
        from housebrain.answering.plain_writer import PlainWriter
        from housebrain.model.onnx_model import OnnxModel

        return PlainWriter("onnxruntime", engine, OnnxModel(engine).rows)
    if way == "transformers, guided":
        from housebrain.answering.torch_writer import TorchWriter

        return TorchWriter(base, adapter)
    return FreeWriter(base, adapter)


def measure(way: str, base: Path, adapter: Path, engine: Path, briefs: list[Brief]) -> dict[str, Any]:
    """Has briefs answered in this process. The first, with which everything is loaded, is not counted."""
    writer, tokenizer = open_way(way, base, adapter, engine), PlainTokenizer(base)
    ready = time.time() - psutil.Process().create_time()
    written: list[tuple[float, int]] = []
    whole: list[float] = []
    kept: list[bool] = []
    for brief in [briefs[0], *briefs]:
        start = time.perf_counter()
        text = writer.write(brief, Grammar(brief).start, None, 0.0, 0, lambda: None).text
        written.append((time.perf_counter() - start, len(tokenizer(text, add_special_tokens=False)["input_ids"])))
        if isinstance(writer, FreeWriter):  # what nobody guides is written once, and finished as it is
            finished = finish(Proposal(text), brief)
            assert isinstance(finished, Finished)
        else:
            start = time.perf_counter()
            finished = Designer(writer).design(brief).finished
        assert violations(finished.design, brief) == []
        kept.append(not finished.replaced)
        with TemporaryDirectory() as folder:
            render(scene(finished.design, brief), Path(folder))
        whole.append(time.perf_counter() - start)
    written, whole = written[1:], whole[1:]
    return {
        "ready_seconds": round(ready, 2),
        "writing_seconds": spread([seconds for seconds, _ in written]),
        "seconds": spread(whole),
        "tokens": median([tokens for _, tokens in written]),
        "tokens_a_second": round(sum(tokens for _, tokens in written) / sum(seconds for seconds, _ in written), 1),
        "of_the_model": sum(kept[1:]),
        "peak_mb": round(peak_mb()),
        "briefs": len(whole),
    }


@contextmanager
def project(base: Path, adapter: Path) -> Iterator[Path]:
    """A project's folder in which the adapter is the released one."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy("params.yaml", folder)
        (folder / "models/base").mkdir(parents=True)
        (folder / "models/base" / base.name).symlink_to(base.resolve(), target_is_directory=True)
        shutil.copytree(adapter, folder / "models/released")
        revision = json.loads((base / "origin.json").read_text())["revision"]
        write_json(
            folder / "models/released/lineage.json", {"base": base.name, "base_revision": revision, "codec": "tree"}
        )
        yield folder


def by_command(folder: Path, count: int, engine: str) -> dict[str, Any]:
    """From return to the end of `housebrain design`. The model's first writes files for the CPU; two don't count."""
    seconds = []
    for _ in range(count + 2):
        start = time.perf_counter()
        done = subprocess.run(
            [*PROGRAM, "design", WORDS, "--engine", engine], cwd=folder, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        seconds.append(time.perf_counter() - start)
    return {"first_seconds": round(seconds[0], 1), "seconds": spread(seconds[2:] or seconds[1:]), "runs": count}


@contextmanager
def service(folder: Path, workers: int) -> Iterator[tuple[str, psutil.Process]]:
    """The address of a service in a project's folder, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--workers", str(workers), "--requests-a-minute", "1000000"]
    started = subprocess.Popen([*PROGRAM, "serve", "--engine", "model", *options], cwd=folder)
    try:
        for _ in range(600):
            try:
                urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
                break
            except (URLError, OSError):
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", psutil.Process(started.pid)
    finally:
        started.terminate()
        started.wait()


def by_clients(address: str, briefs: list[Brief], clients: int, seconds: float) -> dict[str, Any]:
    """Designs a minute while so many clients ask, each as soon as it has its answer."""
    taken: list[float] = []
    too_late: list[int] = []
    end = time.perf_counter() + seconds

    def ask(number: int) -> None:
        while time.perf_counter() < end:
            content = {"brief": briefs[(number + len(taken)) % len(briefs)].model_dump(mode="json")}
            request = Request(f"{address}/designs", json.dumps(content).encode(), {"Content-Type": "application/json"})
            start = time.perf_counter()
            try:
                urlopen(request, timeout=300).close()
            except HTTPError as error:  # busy, or not ready in time
                if error.code not in (429, 504):
                    raise
                too_late.append(error.code)
                error.close()
                continue
            taken.append(time.perf_counter() - start)

    start = time.perf_counter()
    asking = [threading.Thread(target=ask, args=[number]) for number in range(clients)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    minutes = (time.perf_counter() - start) / 60
    return {
        "clients": clients,
        "designs_a_minute": round(len(taken) / minutes, 1),
        "seconds": spread(taken) if taken else None,
        "refused": len(too_late),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--count", type=int, default=8, help="briefs")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each number of clients")
    parser.add_argument("--workers", type=int, default=2, help="houses that the service designs at once")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=PARTS, choices=PARTS, help="the file keeps what it has of others")
    parser.add_argument("--way", help="measures one here, and prints it", choices=WAYS)
    parser.add_argument("--engine", type=Path, help="with --way: the model's files for onnxruntime")
    arguments = parser.parse_args()
    briefs = [sample.brief for sample in load_samples(arguments.samples, limit=arguments.count)]
    if arguments.way:
        row = measure(arguments.way, arguments.base, arguments.adapter, arguments.engine, briefs)
        write_json(arguments.out, row)
        return
    os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"  # of the folder, where there is none
    found: dict[str, Any] = read_json(arguments.out) if arguments.out.exists() else {}
    found |= {"machine": hardware(), "workers": arguments.workers}
    with project(arguments.base, arguments.adapter) as folder:
        count = max(3, arguments.count // 2) if "command" in arguments.only else 0
        by_model = by_command(folder, count, "model")  # writes the model's files, if nothing else
        if count:
            found["command"] = {"model": by_model, "solver": by_command(folder, count, "solver")}
        for way in [way for way in WAYS if way in arguments.only]:
            row_file = folder / "row.json"
            one = ["--way", way, "--engine", str(folder / "models/engine"), "--out", str(row_file)]
            same = [f"--{name}={getattr(arguments, name)}" for name in ("base", "adapter", "samples", "count")]
            subprocess.run([sys.executable, "-m", "bench.serving", *same, *one], check=True)
            found.setdefault("ways", {})[way] = read_json(row_file)
            write_json(arguments.out, found)
        if "service" in arguments.only:
            with service(folder, arguments.workers) as (address, process):
                by_clients(address, briefs, 1, 0.1)  # loads what the first house loads
                found["service"] = [by_clients(address, briefs, count, arguments.seconds) for count in CLIENTS]
                found["service_mb"] = round(process.memory_info().rss / 1e6)
    write_json(arguments.out, found)


if __name__ == "__main__":
    main()
