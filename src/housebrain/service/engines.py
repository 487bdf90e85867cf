"""The engines that a service starts with."""

from housebrain.answering.engine import Engine, SolverEngine


def load_engines(default: str) -> dict[str, Engine]:
    """The solver, and the chosen model before it where that is the default.

    Raises:
        UserError: there is no model.
    """
    solver: dict[str, Engine] = {"solver": SolverEngine()}
    if default == "solver":
        return solver
    raise NotImplementedError
