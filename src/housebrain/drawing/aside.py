"""Drawing in a process of its own: while a house is being designed, it imports what it will draw with."""

import contextlib
import pickle
import signal
import traceback
from collections.abc import Iterable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from housebrain.errors import UserError

if TYPE_CHECKING:
    from housebrain.house.brief import Brief
    from housebrain.house.design import Design

# Of all formats' time the libraries of these take most, to be imported and to write.
SLOW = ("pdf", "letter", "dxf", "ifc")


class Aside:
    """A process that draws, one house after the other. It starts at once, and ends with the program or by `close`.

    To be made in the main thread.
    """

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_draw, args=(other,), daemon=True)
        # A terminal's interrupt reaches both: the program ends this process, which heeds none from its first moment.
        heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process.start()
        finally:
            signal.signal(signal.SIGINT, heeded)
        other.close()

    def draw(self, design: "Design", brief: "Brief", folder: Path, formats: Iterable[str]) -> None:
        """Has a house drawn in some formats into a folder; does not wait for it."""
        with contextlib.suppress(BrokenPipeError):  # `names` says so
            self._pipe.send((design, brief, folder, tuple(formats)))

    def names(self) -> list[str]:
        """The names of the files of the house that was given first and not asked for yet; waits for them.

        Raises:
            Exception: whatever went wrong while they were drawn.
            UserError: the process was ended from outside.
        """
        try:
            found: list[str] | Exception = self._pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            self._process.join()
            status = self._process.exitcode
            why = " The machine may have too little memory: free some." if status == -signal.SIGKILL else ""
            raise UserError(
                f"the process that draws was ended (exit status {status}).{why} Give the command again."
            ) from error
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._process.kill()
        self._process.join()


def _draw(pipe: Connection) -> None:
    """The process: draws what comes through the pipe until that is closed."""
    # A library that is missing is missed where it is needed.
    with contextlib.suppress(ImportError):
        import housebrain.drawing.dxf.house
        import housebrain.drawing.formats
        import housebrain.drawing.scene
    with contextlib.suppress(ImportError):
        import housebrain.drawing.ifc.house  # noqa: F401
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the program has ended
        while True:
            pipe.send(_drawn(*pipe.recv()))


def _drawn(design: "Design", brief: "Brief", folder: Path, formats: tuple[str, ...]) -> list[str] | Exception:
    """The names of the files of a house, or what went wrong."""
    try:
        from housebrain.drawing.formats import render
        from housebrain.drawing.scene import scene

        return [path.name for path in render(scene(design, brief), folder, formats)]
    except Exception as error:
        return _portable(error)


def _portable(error: Exception) -> Exception:
    """An error that another process can be sent, with where it was raised."""
    where = f"In the process that draws:\n{traceback.format_exc()}"
    error.add_note(where)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # some of libraries' own can't be packed, or not be made again
        error = RuntimeError(f"{type(error).__name__}: {error}")
        error.add_note(where)
    return error
