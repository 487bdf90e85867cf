"""Whether two names of a base model are one base: paths and hub ids are spelt in many ways."""

import re
from pathlib import Path

_CACHED = re.compile(r"models--([^/]+?)--([^/]+)/snapshots/[^/]+$")  # in the Hub's cache
_ON_HUB = re.compile(r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([\w.-]+/[\w.-]+)")


def same_base(a: object, b: object) -> bool:
    """Whether two values of `base_model_name_or_path` surely mean one base.

    A slash at the end, `./`, a link to a folder, its name in another case where the disk does not tell cases apart, and
    the places of one model in the Hub's cache make no difference.
    """
    if a == b:
        return True
    if not isinstance(a, str) or not isinstance(b, str):
        return False
    if _plain(a) == _plain(b):
        return True
    try:
        return Path(a).expanduser().samefile(Path(b).expanduser())
    except (OSError, RuntimeError, ValueError):
        return False


def _plain(name: str) -> str:
    """One spelling of a base's name; a hub id in small letters, as the Hub doesn't tell cases apart."""
    name = re.sub(r"(?<!:)/+", "/", name.strip().replace("\\", "/") + "/")
    name = re.sub(r"(^|/)(\./)+", r"\1", name).removesuffix("/")
    if found := _CACHED.search(name):
        return f"{found[1]}/{found[2]}".lower()
    if found := _ON_HUB.match(name):
        return found[1].lower()
    is_hub_id = re.fullmatch(r"[\w.-]+/[\w.-]+", name) and not name.startswith(".") and not Path(name).exists()
    return name.lower() if is_hub_id else name
