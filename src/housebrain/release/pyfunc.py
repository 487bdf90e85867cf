"""A registered version as MLflow's own kind of model, for `mlflow.pyfunc` and `mlflow models serve`.

What is logged is small: an MLmodel file, and which adapter of which project's folder it is about. The adapter itself
stays where DVC has it.
"""

from pathlib import Path

from housebrain.files import write_json

ABOUT = "housebrain.json"  # beside the MLmodel file
_LOADER = "housebrain.release.loaded"  # its name only: what it needs concerns no registering


def write_pyfunc(folder: Path, adapter: Path, sha256: str, base: tuple[str, str], about: str) -> None:
    """Writes an MLmodel file and what it loads into a folder.

    Args:
        folder: exists.
        adapter: its folder in this project, relative.
        sha256: of its weights.
        base: its name and revision, as the version's tags have them.
        about: what it is, for people.
    """
    from mlflow.models import Model
    from mlflow.pyfunc import add_to_model

    content = {"project": str(Path.cwd()), "folder": adapter.as_posix(), "sha256": sha256, "about": about}
    write_json(folder / ABOUT, {**content, "base": base[0], "base_revision": base[1]})
    model = Model()
    add_to_model(model, loader_module=_LOADER, data=ABOUT)
    model.save(str(folder / "MLmodel"))
