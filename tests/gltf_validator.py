"""Khronos' glTF validator, run by node on files; `make test` installs it into the environment where there is npm."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(sys.prefix) / "node_modules" / "gltf-validator"
_SCRIPT = """
const [, module, ...files] = process.argv;
const validator = require(module);
Promise.all(files.map((file) => validator.validateBytes(new Uint8Array(require("fs").readFileSync(file)))))
  .then((reports) => console.log(JSON.stringify(reports)));
"""


def validated(files: Sequence[Path]) -> list[dict[str, Any]]:
    """The validator's report on each file. Without node or the package the test is skipped."""
    node = shutil.which("node")
    if node is None or not PACKAGE.is_dir():
        pytest.skip("it takes node, and gltf-validator, which `make test` installs where there is npm")
    run = subprocess.run([node, "-e", _SCRIPT, PACKAGE, *files], capture_output=True, text=True, check=True)
    reports: list[dict[str, Any]] = json.loads(run.stdout)
    return reports
