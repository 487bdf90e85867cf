"""Answers by a model that a server has: vLLM, llama.cpp's own, or another with OpenAI's API for completions.

The server picks each token among those that the grammar allows, by OpenAI's `logit_bias`. So nothing of the grammar has
to be told to it, and text that must follow costs no question. It has to keep what it computed for a prompt's start,
as vLLM and llama.cpp do, or each token costs the whole prompt.
"""

import json
import os
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from housebrain.answering.writer import Written
from housebrain.environment import SERVER_KEY
from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.language.chat import read_chat
from housebrain.language.grammar import Grammar
from housebrain.model.guide import Row, Vocabulary
from housebrain.model.plain import PlainTokenizer

BIAS = 100  # OpenAI's most; a token without it is e^100 times less likely than with it
SECONDS = 60.0  # for a token, the first one's prompt included


class ServerWriter:
    """A model behind HTTP.

    Args:
        url: of the server, such as `http://gpu:8000`.
        folder: an export of the model that the server has: its tokenizer.json and chat.json are read.
        model: the server's name for it; None takes the first that it lists.

    Raises:
        UserError: the folder is no export, or the server can't be reached.
    """

    name = "server"

    def __init__(self, url: str, folder: Path, model: str | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise UserError(f"--server {url}: give its address with http:// or https://.")
        self.url = url.rstrip("/").removesuffix("/v1")
        self.chat = read_chat(folder)
        self.tokenizer = PlainTokenizer(folder)
        self.vocabulary = Vocabulary(self.tokenizer)
        self.model = model or self._first_model()

    def write(self, brief: Brief, temperature: float, seed: int, check: Callable[[], None]) -> Written:
        row = Row(self.vocabulary, Grammar(brief).start)
        asked = self.tokenizer(self.chat.prompt(brief), add_special_tokens=False)["input_ids"]
        while not row.state.finished:
            check()
            allowed = self.vocabulary.allowed(row.state)
            # Each draw has a seed of its own: the same one again would take the same place in every distribution.
            row.take(self._choose([*asked, *row.ids], allowed, temperature, seed * 100_003 + len(row.ids)))
        return Written(row.text, len(row.ids))

    def _choose(self, ids: list[int], allowed: list[int], temperature: float, seed: int) -> int:
        """The server's next token behind `ids`, out of those allowed."""
        reply = self._ask(
            "completions",
            {
                "model": self.model,
                "prompt": ids,
                "max_tokens": 1,
                "temperature": temperature,
                "seed": seed % 2**31,
                "logit_bias": {str(number): BIAS for number in allowed},
                # Servers and models bring other defaults, which would cut the draw short.
                "top_p": 1.0,
                "top_k": 0,
                "min_p": 0.0,
                "repetition_penalty": 1.0,
            },
        )
        try:
            text = reply["choices"][0]["text"]
        except (KeyError, IndexError, TypeError) as error:
            raise self._unfit("its answer has no choices with a text") from error
        for number in allowed:
            if self.vocabulary.texts[number] == text:
                return number
        raise self._unfit(f"it wrote {text[:20]!r}, which logit_bias should have prevented, or it has another model")

    def _first_model(self) -> str:
        listed = self._ask("models", None)
        try:
            return str(listed["data"][0]["id"])
        except (KeyError, IndexError, TypeError) as error:
            raise self._unfit("it lists no model") from error

    def _ask(self, what: str, content: dict[str, Any] | None) -> Any:
        """The JSON that the server replies with."""
        request = Request(f"{self.url}/v1/{what}", None if content is None else json.dumps(content).encode())
        request.add_header("Content-Type", "application/json")
        if key := os.environ.get(SERVER_KEY):
            request.add_header("Authorization", f"Bearer {key}")
        try:
            with urlopen(request, timeout=SECONDS) as reply:
                return json.load(reply)
        except HTTPError as error:
            said = " ".join(error.read(300).decode(errors="replace").split())
            raise self._unfit(f"{error.code} {said}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise UserError(
                f"--server {self.url}: it does not answer ({error}). Start it, or correct the address."
            ) from error

    def _unfit(self, what: str) -> UserError:
        return UserError(
            f"--server {self.url}: {what}. Serve an export of the model there, by vLLM or llama.cpp: docs/engines.md."
        )
