"""Processes of Python that begin with their libraries imported: forked from one that has done so, not started anew.

Half a dozen interpreters make up one worker. Importing torch, transformers, MLflow and DVC in each of them is nearly
all that a short life costs. `ForkServer` imports them once, and forks each process before it has a second thread.
Such a process is like any other: a child of whoever started it, with an id, a session, files and signals of its own.
What it starts with `subprocess` is forked too where that is Python, by a copy of the server that it keeps beside
itself. What such processes can't show is what happens to one that is killed while it imports.

How a server's fork comes to be another's child: the server forks twice, and the process in between ends. Linux then
gives the child to the next process above that is a "subreaper", which whoever asks is while it asks.
"""

import atexit
import ctypes
import gc
import importlib
import inspect
import json
import multiprocessing.process
import os
import re
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NamedTuple, NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # of Linux's sys/prctl.h
LARGEST = 200_000  # bytes of a request
# All that a worker's processes import, as far as it takes time. None of it starts a thread; see `main`.
LIBRARIES = [
    *("housebrain.cli", "housebrain.supervision.work", "housebrain.training.train", "torch", "transformers", "peft"),
    *("transformers.models.auto.modeling_auto", "transformers.models.llama.modeling_llama", "accelerate", "datasets"),
    *("mlflow", "dvc.cli.parser", "dvc.repo.open_repo", "dvc.repo.index", "dvc.repo.graph", "dvc.repo.worktree"),
    *("dvc.repo.plots", "dvc.repo.stage", "dvc.data_cloud", "dvc.scm", "dvc.rwlock", "dvc_data.index.push"),
    *("dvc_gdrive", "pydrive2.fs", "googleapiclient.discovery", "networkx", "rich.progress"),
    *("dvc.cachemgr", "dulwich.ignore", "platformdirs.unix", "configobj", "datasets.io.parquet", "scipy.io"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.system_metrics.system_metrics_monitor"),
]


SHELLS = ("sh", "bash", "dash", "zsh")
PLAIN = re.compile(r"[\w./@=:,+ -]+")  # a command that a shell takes word by word
EXECUTE_CHILD: Callable[..., None] = subprocess.Popen._execute_child  # type: ignore[attr-defined]
SIGNATURE = inspect.signature(EXECUTE_CHILD)
PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")


class Request(NamedTuple):
    """A process to be.

    Attributes:
        words: of the command, after the interpreter: `-m NAME`, `-c CODE` or a script, then the arguments.
        folder: the working directory.
        environment: all of it.
        new_session: whether it leads a session of its own.
    """

    words: list[str]
    folder: str
    environment: dict[str, str]
    new_session: bool


def python_words(command: Any, shell: bool, environment: dict[str, str]) -> list[str] | None:
    """What a command gives to Python; None where it runs something else, or Python with options of its own.

    A shell that is given one plain command, as DVC does, would become that command: it is left out.
    """
    words = [command] if isinstance(command, str) else [os.fspath(word) for word in command]
    if shell or (Path(words[0]).name in SHELLS and words[-2:-1] == ["-c"]):
        if not PLAIN.fullmatch(words[-1]):
            return None
        words = words[-1].split()
    found = shutil.which(words[0], path=environment.get("PATH"))
    if found is None or Path(found).parent != Path(sys.executable).parent:
        return None
    if Path(found).name.startswith("python"):
        return words[1:] if words[1:2] in (["-m"], ["-c"]) or (words[1:2] and words[1][0] != "-") else None
    with Path(found).open("rb") as file:
        return [found, *words[1:]] if b"python" in file.readline() else None


def _pair() -> tuple[socket.socket, socket.socket]:
    """Two ends that wait for one another, whatever time-out this process has for its sockets."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(True)
    return ends


class Asker:
    """The end of those who want processes.

    Args:
        connection: to a server.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._lock = connection, threading.Lock()

    def fork(self, request: Request, files: list[int]) -> int:
        """Has a process forked, with three files for its input, output and errors; returns its id."""
        message = json.dumps(request).encode()
        with self._lock:
            _prctl(PR_SET_CHILD_SUBREAPER, 1)
            try:
                socket.send_fds(self._connection, [message], files)
                return int(self._connection.recv(100))
            finally:
                _prctl(PR_SET_CHILD_SUBREAPER, 0)

    def execute_child(self, process: Any, *arguments: Any) -> None:
        """Stands for `Popen._execute_child` of a process that is being made: commands of Python are forked."""
        given = SIGNATURE.bind(process, *arguments).arguments
        environment = dict(os.environ if given["env"] is None else given["env"])
        words = python_words(given["args"], given["shell"], environment)
        if words is None or given["preexec_fn"] or given["pass_fds"]:
            EXECUTE_CHILD(process, *arguments)
            return
        request = Request(words, str(Path(given["cwd"] or ".").resolve()), environment, given["start_new_session"])
        files = [given[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        process.pid = self.fork(request, [own if file == -1 else file for own, file in enumerate(files)])
        process._child_created = True
        process._close_pipe_fds(*(given[name] for name in PIPES))


class Forked(subprocess.Popen[str]):
    """A process that is forked from a server, where it runs this environment's Python."""

    def __init__(self, asker: Asker, words: tuple[str, ...], **options: Any) -> None:
        self._asker = asker
        super().__init__(words, **options)

    def _execute_child(self, *arguments: Any) -> None:
        self._asker.execute_child(self, *arguments)


class ForkServer:
    """The process that has imported everything; a context manager.

    Attributes:
        asker: who asks it for processes.
    """

    def __init__(self) -> None:
        ours, theirs = _pair()
        self._connection, self.asker = ours, Asker(ours)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env={**os.environ, "JE_ARROW_MALLOC_CONF": "background_thread:false"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        assert ours.recv(100) == b"ready", "the fork server has ended; see above for why"

    def __enter__(self) -> "ForkServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._process.wait()


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value)


def _serve(connection: socket.socket) -> tuple[Request, list[int]]:
    """Forks a process for each request, and exits when nobody is left to ask.

    Returns:
        In each of those processes: what it shall be, and its three files.
    """
    while True:
        message, files, _, _ = socket.recv_fds(connection, LARGEST, 3)
        if not message:
            os._exit(0)
        (told, tells), (waits, starts) = os.pipe(), os.pipe()
        between = os.fork()
        if between == 0:
            child = os.fork()
            if child:
                os.write(tells, b"%d" % child)
                os._exit(0)
            os.close(starts)
            os.read(waits, 1)  # until the process in between has ended, and whoever asked is the parent
            connection.detach()
            return Request(*json.loads(message)), files
        child = int(os.read(told, 100))
        os.waitpid(between, 0)
        for file in (told, tells, waits, starts, *files):
            os.close(file)
        connection.send(b"%d" % child)


def _become(request: Request, files: list[int]) -> None:
    """Makes this process what a new one with that request would be."""
    if request.new_session:
        os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(3, max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 1)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    # What these modules keep of the moment they were imported: where the main module's path begins, and for whom
    # temporary files are made.
    multiprocessing.process.ORIGINAL_DIR = request.folder  # type: ignore[attr-defined]
    tempfile.tempdir = None


def _keep_server() -> tuple[Request, list[int]] | None:
    """Forks a server beside this process, for what it will start itself.

    Returns:
        In this process: None. In each that the server forks: what it shall be, and its three files.
    """
    ours, theirs = _pair()
    if os.fork() == 0:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        ours.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):  # or whoever reads what this process writes would wait for the server's end too
            os.dup2(nothing, number)
        os.close(nothing)
        return _serve(theirs)
    theirs.close()
    asker = Asker(ours)
    subprocess.Popen._execute_child = lambda process, *given: asker.execute_child(process, *given)  # type: ignore
    return None


def _run(words: list[str]) -> None:
    """Is Python with these words, up to the end of the main module."""
    what, *rest = words
    if what == "-m":
        sys.argv, sys.path[0] = rest, str(Path.cwd())
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif what == "-c":
        sys.argv, sys.path[0] = ["-c", *rest[1:]], ""
        sys.modules["__main__"] = module = ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), vars(module))
    else:
        sys.argv, sys.path[0] = words, str(Path(what).resolve().parent)
        runpy.run_path(what, run_name="__main__")


def _run_and_end(words: list[str]) -> NoReturn:
    """As `_run`, then ends as Python does, but for taking thousands of modules apart that other processes share."""
    status: Any = 0
    try:
        _run(words)
    except SystemExit as end:
        status = end.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main(connection: socket.socket) -> NoReturn:
    """Imports everything, then is a server; each process that it forks comes back here to be what was asked for."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or each process would look through all of it, and have a copy of it by that
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a fork has no other threads than the one that forks"
    connection.send(b"ready")
    asked: tuple[Request, list[int]] | None = _serve(connection)
    while asked is not None:
        request, files = asked
        _become(request, files)
        asked = _keep_server()
    _run_and_end(request.words)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
