"""One kind of error for everything a user can cause and mend."""

import errno
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from housebrain.redact import redact_logs, redacted

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")  # line ends among them
_LONGEST = 1200  # characters


class UserError(Exception):
    """Bad input or an unusable environment.

    The message is one line that says what is wrong, where (file, record, field) and what to do. Passwords and tokens
    are taken out of it, and line ends that a name or a value brings along: it is printed, logged, and sent to others.
    """

    status = 1  # the process's exit status

    def __init__(self, message: str = "") -> None:
        text = _UNPRINTABLE.sub(" ", redacted(message))
        if len(text) > _LONGEST:  # some name or value in it is endless; what to do is at the end
            text = f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"
        super().__init__(text)


class IncompleteError(UserError):
    """Work that was stopped on purpose and goes on when the same command is run again."""

    status = 75  # EX_TEMPFAIL of sysexits.h


class OutOfMemoryError(UserError):
    """A batch does not fit the GPU; half of it may."""

    status = 76


def os_error(error: OSError, path: str | Path) -> UserError:
    """Translates an operating-system error on `path` into a `UserError` that says what to do."""
    if error.errno == errno.ENOSPC:
        return UserError(f"{path}: the disk is full. Free some space and run the command again; nothing was lost.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(f"{path}: cannot be written ({error.strerror}). Check the folder's permissions.")
    if error.errno == errno.ENOENT:
        return UserError(f"{path}: no such file or folder. Check the path.")
    if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        return UserError(f"{path}: cannot be written ({error.strerror}). A file or folder of that name is in the way.")
    return UserError(f"{path}: {error.strerror or error}.")


@contextmanager
def reported() -> Iterator[None]:
    """Turns a `UserError`, a failed system call or a missing package into one line on stderr and its exit status.

    Every stage and command runs its body inside it. An error that nobody foresaw keeps its traceback. Nothing that is
    printed or logged holds a password.
    """
    redact_logs()
    try:
        yield
    except UserError as error:
        print(f"{'incomplete' if isinstance(error, IncompleteError) else 'error'}: {error}", file=sys.stderr)
        raise SystemExit(error.status) from None
    except OSError as error:
        print(f"error: {os_error(error, error.filename or 'input/output')}", file=sys.stderr)
        raise SystemExit(1) from None
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("housebrain"):
            raise
        print(f"error: {error.name} is not installed. Run `pip install 'housebrain[all]'`.", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception:
        print(redacted(traceback.format_exc()), end="", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("interrupted: run the same command again to go on.", file=sys.stderr)
        raise SystemExit(130) from None


def words_of(error: Exception) -> str:
    """An error's words in one line. Of a damaged file SQLite may name what is no text: Python then can't read them."""
    if isinstance(error, UnicodeDecodeError):
        return " ".join(error.object.decode(error.encoding, errors="replace").split())
    return " ".join(str(error).split())
