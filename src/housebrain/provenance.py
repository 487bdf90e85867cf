"""Which source code made something: a hash of the files that decide what it comes to."""

import hashlib
from pathlib import Path

from housebrain.files import sha256_file

PACKAGE = Path(__file__).parent


def code_hash(names: list[str]) -> str:
    """SHA-256 over some of the package's files.

    Args:
        names: of files, or folders of them, relative to the package, such as `model/loss.py`.
    """
    digest = hashlib.sha256()
    for path in (PACKAGE / name for name in sorted(names)):
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(f"{file.relative_to(PACKAGE).as_posix()}\0{sha256_file(file)}\n".encode())
    return digest.hexdigest()
