"""Installs packages into the environment that runs this: by uv, in a fraction of pip's time, else by pip.

    python .ci/install.py ARGUMENTS...

The arguments are those of `pip install`. What pip was set to, by its variables and files, holds for uv as well. Where
pip is set to something that has no counterpart here, or uv can't be had or fails, pip does the work.
"""

import ast
import os
import subprocess
import sys

PIP = (sys.executable, "-m", "pip")
UV = (sys.executable, "-m", "uv")
PINS = ("-c", "constraints.txt")
PYPI = "https://pypi.org/simple"
# pip's settings that say where packages come from, with uv's variable for each and what stands between several values.
SETTINGS = {
    "cert": ("SSL_CERT_FILE", ""),
    "constraint": ("UV_CONSTRAINT", " "),
    "extra-index-url": ("UV_EXTRA_INDEX_URL", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "index-url": ("UV_DEFAULT_INDEX", ""),
}
# Those that don't matter to uv.
OTHERS = {"cache-dir", "compile", "default-timeout", "disable-pip-version-check", "no-cache-dir", "no-color"}
OTHERS |= {"no-compile", "no-input", "progress-bar", "quiet", "require-virtualenv", "retries", "root-user-action"}
OTHERS.add("timeout")


def uv_environment(listed: str) -> dict[str, str] | None:
    """The variables that make uv do as pip is set to.

    Args:
        listed: what `pip config list` prints, `section.name='value'` a line.

    Returns:
        The variables; None where pip is set to something else.
    """
    # As pip does: the best version of all indexes, not whatever the first one has.
    variables = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for line in listed.splitlines():
        setting, _, value = line.partition("=")
        name = setting.rpartition(".")[2]
        if name in OTHERS:
            continue
        if name not in SETTINGS:
            return None
        variable, between = SETTINGS[name]
        words = str(ast.literal_eval(value)).split() if between else [str(ast.literal_eval(value))]
        before = variables[variable].split(between) if between and variable in variables else []
        variables[variable] = between.join([*before, *words])
    if "UV_EXTRA_INDEX_URL" in variables:
        # Of wheels of one version uv takes those of the first index, even if another has better ones for this Python.
        first = variables.get("UV_DEFAULT_INDEX", PYPI)
        variables["UV_EXTRA_INDEX_URL"] = f"{first} {variables['UV_EXTRA_INDEX_URL']}"
    return variables


def install_with_uv(arguments: list[str]) -> bool:
    """Whether uv could be had and has installed what was asked for."""
    listed = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True)
    variables = uv_environment(listed.stdout) if listed.returncode == 0 else None
    if variables is None:
        return False
    if subprocess.run([*PIP, "install", "-q", "--no-compile", *PINS, "uv"], capture_output=True).returncode:
        return False
    words = [*UV, "pip", "install", "-q", "--python", sys.executable, *arguments]
    return subprocess.run(words, env=os.environ | variables).returncode == 0


def main() -> None:
    arguments = sys.argv[1:]
    if install_with_uv(arguments):
        return
    print("uv can't be used here: pip installs, which takes longer", file=sys.stderr, flush=True)
    # Modules are compiled when they are first imported, not all 25,000 of them at once.
    words = [*PIP, "install", "-q", "--disable-pip-version-check", "--no-compile", *arguments]
    raise SystemExit(subprocess.run(words).returncode)


if __name__ == "__main__":
    main()
