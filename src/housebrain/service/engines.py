"""The engines that a service starts with."""

import importlib.util
from pathlib import Path

from housebrain.answering.engine import Engine, SolverEngine
from housebrain.service.warm import warm


def load_engines(default: str | None = None) -> dict[str, Engine]:
    """The solver, compiled; before it the champion, or the released adapter, unless `default` is `solver`.

    Args:
        default: `model` wants one; None takes one where it is there, in a project's folder and with torch.

    Raises:
        UserError: `default` is `model`, and there is neither a champion nor a released adapter.
    """
    warm()
    solver: dict[str, Engine] = {"solver": SolverEngine()}
    can_ask = Path("params.yaml").is_file() and importlib.util.find_spec("torch") is not None
    if default == "solver" or (default is None and not can_ask):
        return solver
    from housebrain.answering.designer import Designer
    from housebrain.answering.model_engine import ModelEngine
    from housebrain.model.base import ensure_base
    from housebrain.params import load_params
    from housebrain.release.current import current, find_current

    params = load_params()
    by = current(params) if default else find_current(params)
    if by is None:
        return solver
    designer = Designer(ensure_base(by.params), by.adapter)
    return {"model": ModelEngine(designer, {"model": by.about, "base": by.params.base}), **solver}
