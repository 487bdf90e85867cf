"""Which source code made something, and with which libraries."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from housebrain.files import sha256_file

PACKAGE = Path(__file__).parent
CODE_SUFFIXES = (".py", ".yaml", ".gz")  # modules; tables of rules; the solver's library
LIBRARIES = ("torch", "transformers", "peft")  # whose versions may change a training's last digits


def code_files(names: list[str]) -> list[Path]:
    """The package's files that some names stand for: of a folder its modules, and the data that these read there.

    Args:
        names: of files, or folders of them without those below, relative to the package, such as `model/loss.py`.
    """
    found: list[Path] = []
    for path in (PACKAGE / name for name in sorted(names)):
        found += sorted(file for file in path.glob("*") if file.suffix in CODE_SUFFIXES) if path.is_dir() else [path]
    return found


def code_hash(names: list[str]) -> str:
    """SHA-256 over the files that `names` stand for, as in `code_files`."""
    digest = hashlib.sha256()
    for file in code_files(names):
        digest.update(f"{file.relative_to(PACKAGE).as_posix()}\0{sha256_file(file)}\n".encode())
    return digest.hexdigest()


def library_versions() -> dict[str, str]:
    """The installed versions of `LIBRARIES`."""
    return {name: version(name) for name in LIBRARIES}


def compute_device() -> str:
    """What this machine's models compute with: the GPU's name, or `cpu`."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def differing_versions(of: dict[str, dict[str, str]]) -> str:
    """Which libraries' versions are not the same everywhere, such as `torch 2.13.0 (a, b) / 2.14.0 (c)`.

    Args:
        of: by whose they are, the versions by library; who does not say is left out.

    Returns:
        Empty where all are the same.
    """
    differing = []
    for library in LIBRARIES:
        users: dict[str, list[str]] = {}
        for user, versions in of.items():
            if library in versions:
                users.setdefault(versions[library], []).append(user)
        if len(users) > 1:
            said = " / ".join(f"{number} ({', '.join(names)})" for number, names in sorted(users.items()))
            differing.append(f"{library} {said}")
    return "; ".join(differing)
