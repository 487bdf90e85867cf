"""A simulated `pip` for tests of what installs the project: it notes its words in `pip.log` and installs nothing."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

_MAIN = """import sys
from pathlib import Path
with Path(__file__).parents[1].joinpath("pip.log").open("a") as log:
    print(*sys.argv[1:], file=log)
"""


def simulated_pip(folder: Path) -> dict[str, str]:
    """The environment in which `python -m pip` is the simulated one, kept in `folder`.

    The real pip would install the project under test into the environment that runs the tests. It is made sure that it
    isn't reached; and were it, PIP_DRY_RUN and PIP_NO_INDEX keep it from changing anything.
    """
    package = folder / "pip"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")  # without it the real package would come first
    (package / "__main__.py").write_text(_MAIN)
    environment = {"PYTHONPATH": str(folder), "PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1"}
    ask = [sys.executable, "-c", "import pip; print(pip.__file__)"]
    found = subprocess.run(ask, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(found) == package / "__init__.py", f"the real pip would run: {found}"
    return environment


def check_constraints(written: Path, pinned: Path) -> None:
    """Checks that a worker installs what is pinned, and the torch that it has already, with the sympy that it wants."""
    kept = [pin for pin in pinned.read_text().split() if not pin.startswith(("torch==", "sympy=="))]
    assert len(kept) > 100
    assert written.read_text().split() == [*kept, f"torch=={importlib.metadata.version('torch')}"]
