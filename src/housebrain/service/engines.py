"""The engines that a service starts with."""

from pathlib import Path

from housebrain.answering.engine import Engine, SolverEngine
from housebrain.service.warm import warm


def load_engines(default: str | None = None) -> dict[str, Engine]:
    """The solver, compiled; before it a model, unless `default` is `solver`.

    Args:
        default: `model` or `transformers` wants the champion, or the released adapter; None takes the champion where
            there is one, in a project's folder.

    Raises:
        UserError: one is wanted, and there is neither a champion nor a released adapter, or it can't be loaded.
    """
    warm()
    solver: dict[str, Engine] = {"solver": SolverEngine()}
    if default == "solver" or (default is None and not Path("params.yaml").is_file()):
        return solver
    from housebrain.answering.model_engine import ModelEngine
    from housebrain.release.answering import open_model

    by = open_model(needed=default is not None, transformers=default == "transformers")
    if by is None:
        return solver
    return {"model": ModelEngine(by.designer, {"model": by.about, "base": by.base}), **solver}
