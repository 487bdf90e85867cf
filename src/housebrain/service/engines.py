"""The engines that a service starts with."""

from housebrain.answering.engine import Engine, SolverEngine


def load_engines(default: str) -> dict[str, Engine]:
    """The solver; where `default` is `model`, before it the champion or the released adapter.

    Raises:
        UserError: there is neither a champion nor a released adapter.
    """
    solver: dict[str, Engine] = {"solver": SolverEngine()}
    if default == "solver":
        return solver
    from housebrain.answering.designer import Designer
    from housebrain.answering.model_engine import ModelEngine
    from housebrain.model.base import ensure_base
    from housebrain.params import load_params
    from housebrain.release.current import current

    by = current(load_params())
    designer = Designer(ensure_base(by.params), by.adapter)
    return {"model": ModelEngine(designer, {"model": by.about, "base": by.params.base}), **solver}
