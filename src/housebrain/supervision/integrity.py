"""Which files on a DVC remote are not what was put there: their content does not have the hash that is their name."""

import hashlib
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple


class Damaged(NamedTuple):
    """A damaged file.

    Attributes:
        path: in the project.
        place: on the remote.
        listed_in: the list of its folder's files on the remote, empty where it is in no folder. While that is there,
            DVC takes all that it lists for present, and doesn't push the file again.
    """

    path: str
    place: str
    listed_in: str = ""


def damaged(targets: list[str]) -> list[Damaged]:
    """Looks at what a pull could not bring here.

    Args:
        targets: paths or stages, as `dvc pull` takes them; none are all.
    """
    from dvc.repo import Repo

    with Repo(".") as repo, tempfile.TemporaryDirectory() as folder:
        remote = repo.cloud.get_remote()
        local = Path(folder) / "content"
        found = []
        for value, path, listed_in in _wanted(repo, targets):
            if not repo.cache.local.exists(value) and remote.odb.exists(value):
                place = remote.odb.oid_to_path(value)
                remote.fs.get_file(place, str(local))
                with local.open("rb") as file:
                    if hashlib.file_digest(file, "md5").hexdigest() != value.removesuffix(".dir"):
                        found.append(Damaged(path, place, remote.odb.oid_to_path(listed_in) if listed_in else ""))
        return sorted(found)


def _wanted(repo: Any, targets: list[str]) -> list[tuple[str, str, str]]:
    """Of each file wanted its hash, its path, and the hash of its folder's list of files, if it is in one.

    The lists themselves are among them, of all folders: without them the files of a folder can't be known.
    """
    from dvc.exceptions import DvcException

    outs = [out for out in repo.index.outs if out.hash_info and out.hash_info.isdir and out.hash_info.name == "md5"]
    lists = {repo.fs.relpath(out.fs_path, repo.root_dir): out.hash_info.value for out in outs}
    found = [(value, f"the list of files of {path}", "") for path, value in lists.items()]
    with suppress(DvcException, KeyError, ValueError):  # such a list is missing or damaged
        for objects in repo.used_objs(targets or None).values():
            for wanted in objects:
                if wanted.name == "md5" and not wanted.isdir:
                    path = wanted.obj_name or wanted.value
                    inside = (value for folder, value in lists.items() if path.startswith(f"{folder}/"))
                    found.append((wanted.value, path, next(inside, "")))
    return found
