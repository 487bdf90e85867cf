"""No message, log or record holds a password or token: they come in addresses, which libraries print whole.

What a person sees and what is stored goes through `redacted`: the messages of `UserError`, logs, tracebacks, what
`dvc` and git print, run records, registered versions and heartbeats.
"""

import logging
import re
from contextlib import suppress
from typing import Any

HIDDEN = "***"
_STOP = r"\s'\"<>|"  # what ends an address in a text
# A text may be long and hostile. So nothing below tries more than a bounded stretch from each of its characters.
_SCHEME, _LOGIN = 30, 2000  # characters of an address's scheme, and of what stands before its `@`
# `user:password@` of an address. A password may hold `@`, and `/` where what is before it is no port.
_USER = re.compile(
    rf"(\b[a-z][a-z0-9+.-]{{0,{_SCHEME}}}://)"
    rf"(?:[^/:@{_STOP}]{{1,{_LOGIN}}}:(?!\d+(?:[/?#{_STOP},;)]|$))[^{_STOP}]{{0,{_LOGIN}}}@"
    rf"|[^/?#{_STOP}]{{0,{_LOGIN}}}@)",
    re.I,
)
_NAMED = (  # how the name of a secret ends
    r"(?:password|passwd|passphrase|token|secret|secret[_-]key|access[_-]key|api[_-]?key|private[_-]key"
    r"|signature|credential)"
)
_SHORT = r"(?:pass|pwd|sig|access[_-]key[_-]id)"  # whole names
# `?token=...`, also in a configuration's words; and a field of JSON.
_VALUE = re.compile(rf"((?:{_NAMED}|\b{_SHORT}) ?= ?['\"]?)[^&;,)\]{_STOP}]+", re.I)
_FIELD = re.compile(rf"(['\"](?:[a-z0-9_.-]*{_NAMED}|{_SHORT})['\"]: ?['\"])[^'\"]+", re.I)
# Tokens that are known by their own look: of the Hugging Face hub, git servers, Slack, Google, AWS.
_TOKEN = re.compile(
    r"(\b(?:hf_|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|ya29\.|GOCSPX-|AKIA|ASIA)|(?<![\w/:])1//0)[\w-]{12,}"
)
# Addresses that let anyone send who knows them.
_HOOK = re.compile(
    rf"((?:hooks\.slack\.com/\w+|discord(?:app)?\.com/api/webhooks|api\.telegram\.org)/)[^{_STOP}]+", re.I
)
_HEADER = re.compile(r"(\b(?:basic|bearer) )[a-z0-9+/=._~-]{8,}", re.I)


def redacted(text: str) -> str:
    """A text without user names, passwords and tokens: those in addresses, in settings and in headers of requests."""
    if "@" in text:
        text = _USER.sub(rf"\g<1>{HIDDEN}@", text)
    for pattern in (_VALUE, _FIELD, _HEADER, _TOKEN, _HOOK):
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def redact_logs() -> None:
    """Has whatever this process logs from now on, libraries too, redacted before any handler sees it."""
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def factory(*arguments: Any, **options: Any) -> logging.LogRecord:
        record = make(*arguments, **options)
        with suppress(TypeError, ValueError):  # a message that does not fit its arguments: logging itself says so
            record.msg, record.args = redacted(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redacted(logging.Formatter().formatException(record.exc_info))
        return record

    factory.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(factory)
