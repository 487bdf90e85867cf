"""The image that deploy/Containerfile makes: it is started, asked, stopped and started again, all by podman."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from project import REPOSITORY
from service.conftest import WORDS
from service.serving import free_port

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
    podman("build", "--format", "docker", "--network", "host", "-t", IMAGE, "-f", "deploy/Containerfile", ".")
    return IMAGE


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"housebrain-test-{uuid.uuid4().hex[:8]}"
    yield name
    podman("volume", "rm", "--force", name)


@contextmanager
def started(image: str, volume: str) -> Iterator[tuple[str, str]]:
    """A container with a volume for its data; gives its name and its address, and stops it as `podman stop` does."""
    name, port = f"housebrain-test-{uuid.uuid4().hex[:8]}", free_port()
    podman("run", "--detach", "--name", name, "-v", f"{volume}:/data", "-p", f"127.0.0.1:{port}:8000", image)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while True:
            assert time.monotonic() < deadline, podman("logs", name)
            try:
                urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield name, address
        podman("stop", "--time", "60", name)
        assert podman("inspect", "--format", "{{.State.ExitCode}}", name) == "0"
    finally:
        podman("rm", "--force", name)


def asked(address: str, path: str, key: str, body: dict[str, Any] | None = None) -> bytes:
    request = urllib.request.Request(
        address + path,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", "X-API-Key": key},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: bytes = answer.read()
    return content


def test_without_a_key_it_says_how_to_make_one(image: str) -> None:
    done = subprocess.run(["podman", "run", "--rm", image], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "housebrain keys add NAME" in done.stderr


def test_the_image_answers_and_its_volume_keeps_designs(image: str, volume: str) -> None:
    key = podman("run", "--rm", "-v", f"{volume}:/data", image, "housebrain", "keys", "add", "ann").split()[-1]
    with started(image, volume) as (name, address):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            asked(address, "/designs", "", {"words": WORDS})
        made = json.loads(asked(address, "/designs", key, {"words": WORDS}))
        drawn = {form: asked(address, f"/designs/{made['id']}.{form}", key) for form in ("svg", "pdf", "glb", "ifc")}
        assert drawn["svg"].startswith(b"<svg") and drawn["pdf"].startswith(b"%PDF") and drawn["glb"][:4] == b"glTF"
        assert b"IFCPROJECT" in drawn["ifc"]
        podman("healthcheck", "run", name)
        assert podman("exec", name, "id", "-u") != "0"
        assert json.loads(podman("inspect", "--format", "{{json .Config.Healthcheck}}", name))["Test"][0] == "CMD"
    # Another container, the same volume.
    with started(image, volume) as (_, address):
        kept = json.loads(asked(address, f"/designs/{made['id']}", key))
        assert kept["designs"] == made["designs"]
