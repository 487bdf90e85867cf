"""The one place that talks to git."""

import subprocess

from housebrain.errors import UserError
from housebrain.redact import redacted


def git(*arguments: str) -> str:
    """Runs git in the working directory; returns what it printed.

    Raises:
        UserError: git failed, or isn't there.
    """
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    except OSError as error:
        raise UserError(f"git: {error.strerror}. Install git, and run it again.") from error
    if done.returncode:
        raise UserError(
            f"git {' '.join(arguments)}: {' '.join(redacted(done.stderr).split())[:300]}. Mend that and run it again."
        )
    return done.stdout.strip()


def git_commit() -> str:
    """The project's commit, with a `+` where files have changed since; `unknown` outside a repository."""
    try:
        return git("rev-parse", "HEAD") + "+" * bool(git("status", "--porcelain"))
    except UserError:
        return "unknown"
