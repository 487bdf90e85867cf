"""Looks for passwords, keys and tokens in what is or could be committed, in logs, reports and notebooks' outputs.

    python .ci/scan_secrets.py [FOLDER]

All files that git has or would take are looked at, and those kinds of files among the ignored ones that hold what was
printed or reported; a notebook's cells and outputs are read as text. Prints file, line and kind of each secret, never
the secret, and ends with status 1 if there is any. A line that is none gets the comment `pragma: allowlist secret`.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import Settings, transient_settings

REPORTED = {".csv", ".html", ".ipynb", ".json", ".log", ".md", ".out", ".txt"}  # among ignored files
# Programs, caches, and DVC's own place for credentials, which git and the remote never get.
SKIPPED = (".venv", ".dvc", ".hypothesis", "models/base", "models/tokens", "models/answers", "mlruns", "mlartifacts")
LARGEST_BYTES = 2_000_000
KINDS = Path(__file__).with_name("secret_kinds.py")
OWN = ("HuggingFaceDetector", "GoogleDetector")
# Hashes are no secrets: they are looked past where they are expected, and in what DVC, runs and releases write.
HASHES = frozenset({"HexHighEntropyString", "Base64HighEntropyString"})
RELEASED = "models/released/"
NONE = {"IPPublicDetector"}  # no secret, and versions look like it
NO_SECRETS = [r"\b(md5|revision|sha256|commit)\b", r"\b(read_secret|WHERE_SECRETS) ?="]  # lines; the notebooks' names


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    own = [name for name in committable(root) if not name.startswith(RELEASED)]
    written = [*listed(root, "--cached", "--others", "--exclude-standard", RELEASED), *reported(root)]
    found = sorted({*look(root, own), *look(root, written, HASHES)})
    for line in found:
        print(f"error: {line}", file=sys.stderr)
    if found:
        print(
            "Take it out, and make it invalid if it was pushed. If it is none, end its line with the comment "
            "`pragma: allowlist secret`.",
            file=sys.stderr,
        )
    sys.exit(bool(found))


def committable(root: Path) -> list[str]:
    """What git has or would take, but for hashes that DVC writes."""
    names = listed(root, "--cached", "--others", "--exclude-standard")
    return [name for name in names if not name.endswith((".dvc", "dvc.lock"))]


def reported(root: Path) -> list[str]:
    """Ignored files that hold what was printed or reported."""
    skipped = [f"--exclude=!{name}" for name in SKIPPED]  # git doesn't go into what is not ignored
    names = listed(root, "--others", "--ignored", "--exclude-standard", *skipped)
    return [name for name in names if Path(name).suffix in REPORTED and not name.startswith(SKIPPED)]


def listed(root: Path, *options: str) -> list[str]:
    """Files as `git ls-files` lists them."""
    done = subprocess.run(["git", "ls-files", "-z", *options], cwd=root, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def look(root: Path, names: list[str], without: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yields file, line and kind of each secret.

    Args:
        root: of the repository.
        names: of files, relative to it.
        without: detectors that are not asked.
    """
    known = {detector.__name__ for detector in get_mapping_from_secret_type_to_class().values()} - {
        *OWN,
        *NONE,
        *without,
    }
    get_mapping_from_secret_type_to_class.cache_clear()  # or it would not learn of our own
    plugins = [{"name": name} for name in sorted(known)]
    plugins += [{"name": name, "path": f"file://{KINDS}"} for name in OWN]
    # Not among them: the one that asks the services whether a secret is valid. Nothing leaves this machine.
    filters: list[dict[str, Any]] = [{"path": path} for path in Settings().filters]
    filters += [{"path": "detect_secrets.filters.regex.should_exclude_line", "pattern": NO_SECRETS}]
    with transient_settings({"plugins_used": plugins, "filters_used": filters}), tempfile.TemporaryDirectory() as own:
        for name in names:
            path = root / name
            if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_BYTES:
                continue
            text = path
            if path.suffix == ".ipynb":
                text = Path(own) / "notebook.txt"
                text.write_text("\n".join(texts(path)))
            for secret in scan_file(str(text)):
                where = f"line {secret.line_number}" if text == path else "a cell or its output"
                yield f"{name}, {where}: {secret.type}"


def texts(notebook: Path) -> Iterator[str]:
    """All texts in a notebook: cells, what they printed, metadata."""
    content: Any = notebook.read_text()
    try:
        content = json.loads(content)
    except ValueError:  # no notebook after all: as it is
        yield content
        return
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list) and all(isinstance(line, str) for line in value):
            yield "".join(value)
        elif isinstance(value, list):
            waiting += value


if __name__ == "__main__":
    main()
