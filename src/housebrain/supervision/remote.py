"""The one place that talks to the DVC remote: single files through DVC's own filesystem, and `dvc` commands.

It works for a local folder, Google Drive and S3 alike. What DVC's libraries leave out is added here: a timeout on every
socket, retries of what they don't retry (HTTP 429, broken connections, hung ones), a look at the hashes of what is
pulled. A Drive's lists lag behind, and it may hold two files or folders of one name: a list shows what is in both
folders, a removal takes both files.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from housebrain.environment import DRIVE_CREDENTIALS, SOCKET_SECONDS
from housebrain.errors import UserError
from housebrain.redact import HIDDEN, redacted
from housebrain.supervision.integrity import damaged

ATTEMPTS = 6
_DVC = f"from housebrain.supervision.dvc_main import run; run({SOCKET_SECONDS})"
T = TypeVar("T")

# Trouble that another try doesn't mend, as the libraries word it, and its fix.
_PERMANENT = {
    r"storageQuotaExceeded": "the Drive is full: remove what is not needed there and empty its trash",
    r"invalid_grant|Failed to authenticate|AuthenticationError|RefreshError|NonInteractive": "the credentials are "
    f"missing or have expired: make new ones and put them into {DRIVE_CREDENTIALS} (docs/production.md)",
    r"No space left on device": "the disk is full: free some space",
    r"appNotAuthorizedToFile|insufficientPermissions|Permission denied": "this account may not write there: share the "
    "folder with it",
}
_GONE = re.compile(r"\bnotFound\b|File not found")  # a Drive's HTTP 404
# DVC says so, and ends with status 0 all the same, where a file of the run-cache didn't arrive.
_UNSENT = "failed to transfer"
_TRANSIENT = re.compile(
    r"\b(429|5\d\d)\b|rateLimit|RateLimit|timed? ?out|Connection|connection|Broken pipe|reset by peer|SSL|EOF occurred"
    r"|ServerNotFound|Temporary failure|unexpected error|Unable to acquire lock|backendError|IncompleteRead|is busy"
    rf"|{_UNSENT}",
)


def _fix(text: str) -> str | None:
    """What to do about trouble that stays; None where trying again may help."""
    return next((fix for pattern, fix in _PERMANENT.items() if re.search(pattern, text)), None)


def _pause(attempt: int) -> float:
    """Seconds before the next try: 1, 2, 4 ... up to 60, more or less a quarter, so that workers don't fall in step."""
    return float(min(60, 2**attempt)) * random.uniform(0.75, 1.25)


class MissingError(UserError):
    """A file is not on the remote."""


class Remote:
    """Files below the root of a DVC remote. Names are paths with slashes, relative to the root.

    Args:
        fs: DVC's filesystem.
        path: the root.
        name: of the remote, for messages.
        attempts: tries of each call.
        sleep: between them.
    """

    def __init__(
        self, fs: Any, path: str, name: str, attempts: int = ATTEMPTS, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.fs = fs
        self.path = path
        self.name = name
        self.attempts = attempts
        self._sleep = sleep

    def _full(self, name: str) -> str:
        return str(self.fs.join(self.path, *name.split("/")))

    def _forget(self) -> None:
        """Has a Drive's client look folders up again: it would know for good of those only that it saw at first."""
        if self.fs.protocol == "gdrive":
            vars(self.fs.fs).pop("_ids_cache", None)

    def _try(self, what: str, body: Callable[[], T]) -> T:
        """Runs `body` until it succeeds; a missing file comes through, everything else ends as a `UserError`."""
        for attempt in range(self.attempts):
            try:
                return body()
            except FileNotFoundError:
                raise
            except Exception as error:
                reason = " ".join(redacted(f"{error} {error.__cause__ or ''}").split())[:300]
                if _GONE.search(reason):
                    raise FileNotFoundError(reason) from error
                self._forget()
                fix = _fix(reason)
                if fix or attempt == self.attempts - 1:
                    advice = fix or "it can't be reached: check the network and `housebrain remote check`"
                    raise UserError(f"remote {self.name}: {advice}. ({what}: {reason})") from error
            self._sleep(_pause(attempt))
        raise AssertionError("at least one attempt")

    def put(self, local: Path, name: str) -> None:
        """Uploads a file under a name that was never used.

        Raises:
            UserError: it failed for good, or what arrived is of another size.
        """
        full, size_bytes = self._full(name), local.stat().st_size

        def body() -> None:
            try:
                self.fs.makedirs(self.fs.parent(full), exist_ok=True)
                self.fs.put_file(str(local), full)
            except FileNotFoundError as error:
                raise OSError(f"its folder is gone: {error}") from error

        self._try(f"upload of {name}", body)
        try:
            arrived = self._try(f"look at {name}", lambda: self.fs.info(full)["size"])
        except FileNotFoundError as error:
            if self.fs.protocol == "gdrive":
                return  # it was accepted; lists show it later
            raise UserError(f"remote {self.name}: {name} did not arrive. Run the command again.") from error
        if arrived != size_bytes:
            raise UserError(
                f"remote {self.name}: {arrived} bytes of {name} arrived of {size_bytes}. Run the command again."
            )

    def put_bytes(self, content: bytes, name: str) -> None:
        """Uploads `content`; as `put`."""
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / "content"
            local.write_bytes(content)
            self.put(local, name)

    def get(self, name: str, local: Path) -> None:
        """Downloads a file, first to a temporary name.

        Raises:
            MissingError: it isn't there.
            UserError: it can't be had.
        """
        temporary = local.with_name(f".{local.name}.{os.getpid()}.tmp")
        local.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._try(f"download of {name}", lambda: self.fs.get_file(self._full(name), str(temporary)))
            if temporary.is_dir():  # a folder of that name was made, which DVC takes for one to be copied
                temporary.rmdir()
                raise FileNotFoundError
            temporary.replace(local)
        except FileNotFoundError as error:
            raise MissingError(f"remote {self.name}: {name} is not there.") from error
        finally:
            temporary.unlink(missing_ok=True)

    def read(self, name: str) -> bytes:
        """A file's content; as `get`."""
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / "content"
            self.get(name, local)
            return local.read_bytes()

    def list(self, folder: str) -> list[str]:
        """The names directly in a folder, sorted; none where there is no such folder."""
        self._forget()
        try:
            found = self._try(f"list of {folder}", lambda: self.fs.ls(self._full(folder), detail=False))
        except FileNotFoundError:
            return []
        return sorted({str(path).rstrip("/").rsplit("/", 1)[-1] for path in found})

    def tree(self, folder: str) -> set[str]:
        """The names of all files below a folder, as they are below the root; none where there is no such folder."""
        self._forget()
        root = f"{self.path.rstrip('/')}/"
        try:
            found = self._try(f"list of {folder}", lambda: list(self.fs.find(self._full(folder))))
        except FileNotFoundError:
            return set()
        return {str(path).partition(root)[2] for path in found}

    def remove(self, name: str) -> None:
        """Removes a file; one that isn't there is no trouble."""
        with suppress(FileNotFoundError):
            self._try(f"removal of {name}", lambda: self.fs.remove(self._full(name)))
            while self.fs.protocol == "gdrive":  # until no other of that name is there
                self._try(f"removal of {name}", lambda: self.fs.remove(self._full(name)))

    def free_bytes(self) -> int | None:
        """What a Drive's quota or the local disk still holds; None where that can't be known."""
        if self.fs.protocol == "local":
            return shutil.disk_usage(self.path).free
        if self.fs.protocol != "gdrive":
            return None
        about = self._try("quota", lambda: self.fs.fs.client.GetAbout())
        return int(about["quotaBytesTotal"]) - int(about["quotaBytesUsed"])


def open_remote(name: str | None = None) -> Remote:
    """The DVC remote of that name, or the default one.

    Raises:
        UserError: no such remote is set, it can't be reached, or its root folder is missing. (Without that check a
            missing folder looks like an empty remote, and finished shards would be trained again.)
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    socket.setdefaulttimeout(SOCKET_SECONDS)
    try:
        with Repo(".") as repo:
            found = repo.cloud.get_remote(name)
            verified = repo.config["remote"][found.name].get("verify")
    except DvcException as error:
        raise UserError(f"dvc remote: {error}. Set one: `housebrain remote setup`.") from error
    remote = Remote(found.fs, found.path, found.name)
    try:
        exists = remote._try("look at its folder", lambda: found.fs.exists(found.path))
    except FileNotFoundError:
        exists = False
    if not exists:
        raise UserError(
            f"remote {found.name}: its folder {found.path} does not exist. Make it, or correct the address: "
            "`dvc remote list`, `housebrain remote setup`."
        )
    if not verified:
        print(
            f"warning: remote {found.name}: what other `dvc` commands pull from it is not compared with its hashes. "
            f"`dvc remote modify {found.name} verify true`, and commit .dvc/config.",
            file=sys.stderr,
        )
    return remote


def check(remote: Remote) -> list[tuple[str, str]]:
    """Writes, lists, reads and deletes a small file.

    Returns:
        By step what went wrong, empty where nothing did; steps after a failure are left out.
    """
    content = os.urandom(16)
    name = f"housebrain-check/{content.hex()}"

    def listed() -> None:
        if content.hex() not in remote.list("housebrain-check"):
            raise UserError("the file does not show in its folder: wait a minute, and try again")

    def read() -> None:
        if remote.read(name) != content:
            raise UserError("what is read is not what was written")

    steps = {
        "write": lambda: remote.put_bytes(content, name),
        "list": listed,
        "read": read,
        "delete": lambda: remote.remove(name),
    }
    done = []
    for step, body in steps.items():
        try:
            body()
        except UserError as error:
            done.append((step, str(error)))
            break
        done.append((step, ""))
    return done


def run_dvc(
    *arguments: str,
    attempts: int = ATTEMPTS,
    seconds: float = 1800,
    sleep: Callable[[float], None] = time.sleep,
    hidden: str = "",
) -> str:
    """Runs `dvc ...` here, shows what it prints, and tries again when the network failed it.

    What is pulled is compared with its hashes.

    Args:
        arguments: of dvc.
        attempts: tries.
        seconds: of one try, before it is ended.
        hidden: the argument that is a secret, where one is.

    Returns:
        What it printed.

    Raises:
        UserError: it failed for good.
    """
    what = f"dvc {' '.join(HIDDEN if hidden and word == hidden else word for word in arguments)}"
    for attempt in range(attempts):
        status, printed = _run([sys.executable, "-c", _DVC, *arguments], seconds)
        if status == 0 and _UNSENT not in printed:
            return printed
        reason = " ".join(line for line in printed.splitlines() if "ERROR" in line)[:300] or f"status {status}"
        fix = _fix(printed) or (_damage(list(arguments[1:])) if arguments[0] == "pull" else None)
        if fix or not _TRANSIENT.search(printed) or attempt == attempts - 1:
            raise UserError(f"`{what}`: {fix or 'it failed, see above; `housebrain remote check` helps'}. ({reason})")
        print(f"warning: `{what}` failed ({reason}); trying again", file=sys.stderr, flush=True)
        sleep(_pause(attempt))
    raise AssertionError("at least one attempt")


def _damage(targets: list[str]) -> str | None:
    """What to do about files that are damaged on the remote; None where none are, or none can be looked at."""
    try:
        found = damaged(targets)
    except Exception:
        return None  # the network, most likely: the pull's own words count
    if not found:
        return None
    path, place, listed_in = found[0]
    it = f"it and {listed_in}, which lists it," if listed_in else "it"
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return (
        f"{path}{more} is damaged on the remote: the content of {place} does not have the hash that is its name. "
        f"Remove {it} there, then push it again from a machine that has it, `dvc push`"
    )


def _run(command: list[str], seconds: float) -> tuple[int, str]:
    """Status and output of a command, which is shown while it runs; ended, with all it started, after `seconds`."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    timer = threading.Timer(seconds, os.killpg, [process.pid, signal.SIGKILL])
    timer.start()
    lines = []
    try:
        for line in process.stdout or ():
            lines.append(redacted(line))
            print(lines[-1], end="", flush=True)
        process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        timer.cancel()
    if process.returncode == -signal.SIGKILL:
        lines.append("ERROR: timed out\n")
    return process.returncode, "".join(lines)
