"""The chosen model: the version that the alias `champion` stands for, set here or by hand in MLflow's UI.

Whatever serves or exports a model asks `champion` for it.
"""

import re
from pathlib import Path
from typing import NamedTuple

from rich.markup import escape
from rich.table import Table

from housebrain.errors import UserError
from housebrain.files import read_json, sha256_file
from housebrain.git import git
from housebrain.model.adapter import WEIGHTS
from housebrain.params import Params
from housebrain.registry import Version, aliased, set_alias, versions

ALIAS = "champion"
REGISTERED = Path("models/registered.json")
CRITERION = "criterion."
METRIC = "metric."
_SHOWN = ("eval_loss", "json_validity", "design_accuracy", "compliance")


class Champion(NamedTuple):
    """The chosen version, and the folder whose adapter was found to be its own."""

    folder: Path
    version: Version


def unmet(version: Version) -> dict[str, str]:
    """The criteria that a version doesn't meet, those that were not measured among them, with what was found.

    Where its logged model was deleted in MLflow, which knew each of them, there is only how many are met.
    """
    found = {key.removeprefix(CRITERION): value for key, value in version.tags.items() if key.startswith(CRITERION)}
    if not found and (said := re.fullmatch(r"(\d+) of (\d+) met", version.tags.get("criteria", ""))):
        return {} if said[1] == said[2] else {"criteria": said[0]}
    return {name: value for name, value in sorted(found.items()) if not value.startswith("pass")}


def choose(which: str, params: Params, force: bool = False) -> Version:
    """Makes a version the champion.

    Args:
        which: its number, or `merged`, `shard 3` and the like for what the last `dvc repro` registered.
        params: name the registered model.
        force: even if it doesn't meet the criteria.

    Raises:
        UserError: there is no such version, or it doesn't meet the criteria.
    """
    version = _find(which, params.tracking.model)
    failed = unmet(version)
    if failed and not force:
        listed = "; ".join(f"{name} ({found})" for name, found in failed.items())
        raise UserError(
            f"version {version.number} ({version.tags['model']}) does not meet the criteria: {listed}. "
            "Train or merge a better one, or add --force."
        )
    set_alias(params.tracking.model, ALIAS, version.number)
    return version


def _find(which: str, model: str) -> Version:
    """A version by its number or by its model's name; with tags as `register` writes them."""
    known = {version.number: version for version in versions(model)}
    if which.isdecimal():
        number, sha256 = which, None
    else:
        registered = read_json(REGISTERED) if REGISTERED.exists() else {}
        if which not in registered:
            names = ", ".join(registered) or "none yet, run `dvc repro register`"
            raise UserError(f"champion: there is no model '{which}'. Give a version's number or one of: {names}.")
        number, sha256 = registered[which]["version"], registered[which]["sha256"]
    version = known.get(number)
    if version is None or (sha256 is not None and version.tags.get("sha256") != sha256):
        raise UserError(
            f"champion: MLflow's model {model} has no version {number}{'' if sha256 is None else f' for {which}'}. "
            "`housebrain champion` lists them; `dvc repro -f -s register` registers this round's models again."
        )
    return _ours(version)


def _ours(version: Version) -> Version:
    if not {"model", "folder", "sha256"} <= version.tags.keys():
        raise UserError(
            f"version {version.number} was not registered by this project: its tags name no files. "
            "Choose another; `housebrain champion` lists them."
        )
    if "base_revision" not in version.tags:
        raise UserError(
            f"version {version.number}: its logged model was deleted in MLflow, and what it was made from with it. "
            "`dvc repro -f -s register` logs this round's again; else choose another."
        )
    return version


def champion(params: Params) -> Champion:
    """The chosen model's adapter in this project's folder.

    Raises:
        UserError: nothing was chosen, or the folder doesn't hold the chosen adapter (any more): says how to get it.
    """
    version = aliased(params.tracking.model, ALIAS)
    if version is None:
        raise UserError(
            f"champion: no version of {params.tracking.model} has the alias `{ALIAS}`. Choose one with "
            "`housebrain champion merged`, or in MLflow's UI."
        )
    folder = Path(_ours(version).tags["folder"])
    path = folder / WEIGHTS
    if not path.exists() or sha256_file(path) != version.tags["sha256"]:
        raise UserError(
            f"{folder}: it does not hold the champion, version {version.number} (sha256 {version.tags['sha256'][:12]})"
            f"{', but another adapter' if path.exists() else ''}. {_how_to_get(version)}"
        )
    return Champion(folder, version)


def _how_to_get(version: Version) -> str:
    commit = _commit_with(version.tags.get("dvc.md5"))
    if commit is None:
        return (
            f"No commit has it in dvc.lock; it was made from {version.tags.get('git_commit', 'an unknown commit')}. "
            "Go back to its settings and run `dvc repro --pull`, or choose another."
        )
    return (
        f"Get it with `git checkout {commit} && dvc checkout` (`dvc pull` where the cache doesn't have it), "
        "or choose another."
    )


def _commit_with(md5: str | None) -> str | None:
    """The first commit, on any branch or in any experiment, whose dvc.lock has `md5`."""
    if md5 is None:
        return None
    try:
        found = git("log", "--all", "--reverse", "--format=%h", f"-S{md5}", "--", "dvc.lock").split()
    except UserError:
        return None
    return found[0] if found else None


def as_table(params: Params) -> Table:
    """All versions, newest first, the champion marked.

    Raises:
        UserError: the store can't be read.
    """
    chosen = aliased(params.tracking.model, ALIAS)
    table = Table(title=escape(f"Versions of {params.tracking.model} in MLflow"), title_justify="left")
    for column in ("version", "model", "round", "how", *_SHOWN, "criteria not met", ""):
        table.add_column(column.replace("_", " "), justify="right" if column in ("version", *_SHOWN) else "left")
    for version in versions(params.tracking.model):
        tags = version.tags
        table.add_row(
            version.number,
            *map(escape, (tags.get("model", "?"), tags.get("round", ""), tags.get("strategy", ""))),
            *(tags.get(METRIC + name, "") for name in _SHOWN),
            escape(", ".join(unmet(version))),
            f"[bold green]{ALIAS}[/]" if chosen and chosen.number == version.number else "",
        )
    return table
