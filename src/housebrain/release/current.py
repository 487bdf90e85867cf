"""The model that answers where nobody names one: the champion, and before there is one the released adapter."""

from pathlib import Path
from typing import NamedTuple

from housebrain.errors import UserError
from housebrain.model.released import FOLDER, released_adapter
from housebrain.params import Params
from housebrain.registry import aliased
from housebrain.release.champion import ALIAS, champion
from housebrain.release.export import with_base_of


class Current(NamedTuple):
    """A model that answers.

    Attributes:
        adapter: its folder.
        params: with the base that it was trained on as `base`.
        about: what it is, for people.
        version: the champion's number; None where it is no version.
    """

    adapter: Path
    params: Params
    about: str
    version: str | None = None


def current(params: Params) -> Current:
    """The champion of MLflow's registry; the released adapter where no version is the champion.

    Raises:
        UserError: there is neither, or the champion's files or base are not at hand.
    """
    if (chosen := find_champion(params)) is not None:
        return chosen
    released = released_adapter(params)
    if released is None:
        raise UserError(
            f"{FOLDER}: there is no released adapter for {params.base}, and MLflow has no champion. Name a model, such "
            "as `--model models/merged`, or choose one with `housebrain champion`."
        )
    return Current(released, params, "the released model")


def find_champion(params: Params) -> Current | None:
    """The champion of MLflow's registry; None where no version is.

    Raises:
        UserError: the champion's files or base are not at hand.
    """
    if aliased(params.tracking.model, ALIAS) is None:
        return None
    folder, version = champion(params)
    about = f"the champion, version {version.number} ({version.tags['model']})"
    return Current(folder, with_base_of(version, params), about, version.number)
