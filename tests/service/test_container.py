"""The image that deploy/Containerfile makes: it is started, asked, stopped and started again, all by podman."""

import json
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from project import REPOSITORY
from service.conftest import WORDS

BASE = "docker.io/library/python:3.12-slim"
IMAGE = "localhost/housebrain-test"
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which("podman") is None, reason="podman is not installed (Debian: apt-get install podman buildah crun)"
    ),
]


def podman(*words: str, ok: bool = True) -> str:
    """What a command of podman printed."""
    done = subprocess.run(["podman", *words], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0 or not ok, f"podman {' '.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image() -> str:
    """Built by the command in the Containerfile's first line."""
    podman("pull", "--policy", "missing", BASE, ok=False)
    if subprocess.run(["podman", "image", "exists", BASE]).returncode:
        pytest.skip(f"there is no {BASE} here, and no registry to get it from")
    tried = subprocess.run(["podman", "run", "--rm", BASE, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"podman can't start containers here: {tried.stderr[-300:]}")
    podman("build", "--format", "docker", "--network", "host", "-t", IMAGE, "-f", "deploy/Containerfile", ".")
    return IMAGE


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"housebrain-test-{uuid.uuid4().hex[:8]}"
    yield name
    podman("volume", "rm", "--force", name)


@contextmanager
def started(image: str, volume: str) -> Iterator[str]:
    """A container with a volume for its data; gives its name once it is well, and stops it as `podman stop` does."""
    name = f"housebrain-test-{uuid.uuid4().hex[:8]}"
    podman("run", "--detach", "--name", name, "-v", f"{volume}:/data", image)
    try:
        deadline = time.monotonic() + 120
        while subprocess.run(["podman", "healthcheck", "run", name], capture_output=True).returncode:
            assert time.monotonic() < deadline, podman("logs", name)
            time.sleep(0.5)
        yield name
        podman("stop", "--time", "60", name)
        assert podman("inspect", "--format", "{{.State.ExitCode}}", name) == "0"
    finally:
        podman("rm", "--force", name)


# Asked from inside: how a port is led to a container is podman's, and differs from machine to machine.
ASK = """
import sys, urllib.error, urllib.request
body = sys.stdin.buffer.read() or None
headers = {"Content-Type": "application/json", "X-API-Key": sys.argv[2]}
try:
    answer = urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8000" + sys.argv[1], body, headers))
except urllib.error.HTTPError as error:
    answer = error
sys.stdout.buffer.write(b"%d " % answer.status + answer.read())
"""


def asked(name: str, path: str, key: str, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
    """Status and content of an answer."""
    sent = b"" if body is None else json.dumps(body).encode()
    command = ["podman", "exec", "--interactive", name, "python", "-c", ASK, path, key]
    done = subprocess.run(command, input=sent, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    status, _, content = done.stdout.partition(b" ")
    return int(status), content


def test_without_a_key_it_says_how_to_make_one(image: str) -> None:
    done = subprocess.run(["podman", "run", "--rm", image], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "housebrain keys add NAME" in done.stderr


def test_the_image_answers_and_its_volume_keeps_designs(image: str, volume: str) -> None:
    key = podman("run", "--rm", "-v", f"{volume}:/data", image, "housebrain", "keys", "add", "ann").split()[-1]
    with started(image, volume) as name:
        assert asked(name, "/designs", "none", {"words": WORDS})[0] == 401
        status, answer = asked(name, "/designs", key, {"words": WORDS})
        assert status == 201
        made = json.loads(answer)
        starts = {"svg": b"<svg", "pdf": b"%PDF", "glb": b"glTF", "ifc": b"ISO-10303-21;"}
        for form, start in starts.items():
            status, drawn = asked(name, f"/designs/{made['id']}.{form}", key)
            assert status == 200 and drawn.startswith(start), (form, drawn[:200])
        assert podman("exec", name, "id", "-u") == "10001"
    # Another container, the same volume.
    with started(image, volume) as name:
        status, kept = asked(name, f"/designs/{made['id']}", key)
        assert status == 200 and json.loads(kept)["designs"] == made["designs"]
