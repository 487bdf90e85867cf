"""A model that a server has: vLLM, llama.cpp's own, or another with OpenAI's API for completions.

The server is asked for the likeliest tokens behind a text, as often as there is a choice. It has to keep what it has
computed for a text's start, as vLLM and llama.cpp do, or each token costs the whole prompt.
"""

import json
import os
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np

from housebrain.environment import SERVER_KEY
from housebrain.errors import UserError
from housebrain.model.writing import Logits

LIKELIEST = 100  # tokens that are asked for; all others count as one less likely than the last of them
SECONDS = 60.0  # for a token, the first one's prompt included


class Server:
    """A server's address, and the name that it has for its model.

    Args:
        url: such as `http://gpu:8000`. Its first model is asked.
        texts: of the model's tokens, by id.

    Raises:
        UserError: it can't be reached, or has no model.
    """

    def __init__(self, url: str, texts: dict[int, str]) -> None:
        if not url.startswith(("http://", "https://")):
            raise UserError(f"--server {url}: give its address with http:// or https://.")
        self.url = url.rstrip("/").removesuffix("/v1")
        self.size = max(texts) + 1
        self._ids = {text: number for number, text in texts.items()}
        listed = self._ask("models", None)
        try:
            self.model = str(listed["data"][0]["id"])
        except (KeyError, IndexError, TypeError) as error:
            raise self._unfit("it lists no model") from error

    def rows(self) -> "ServerRows":
        """One row, empty."""
        return ServerRows(self)

    def logits(self, ids: list[int]) -> Logits:
        """The logits of the token behind a text, as far as the server tells them [the largest id and one]."""
        content = {"model": self.model, "prompt": ids, "max_tokens": 1, "temperature": 0, "logprobs": LIKELIEST}
        # What the server picks is not used. Where that ends the text, or is half a character, llama.cpp tells nothing.
        content["logit_bias"] = {str(next(iter(self._ids.values()))): 100}
        reply = self._ask("completions", content)
        try:
            likely = {
                self._ids[text]: value
                for text, value in _likeliest(reply["choices"][0]["logprobs"])
                if text in self._ids
            }
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise self._unfit("its answer has no logprobs of a kind known here") from error
        logits: Logits = np.full(self.size, min(likely.values(), default=0.0) - 1, np.float32)
        logits[list(likely)] = list(likely.values())
        return logits

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


def _likeliest(logprobs: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """The texts of the likeliest first tokens, with the logarithms of their likelihoods.

    vLLM has them as OpenAI had for completions, llama.cpp as OpenAI has for chats.
    """
    if "content" in logprobs:
        yield from ((one["token"], float(one["logprob"])) for one in logprobs["content"][0]["top_logprobs"])
    else:
        yield from ((text, float(value)) for text, value in logprobs["top_logprobs"][0].items())


class ServerRows:
    """Rows on a server (see `writing.Rows`), which keeps what it computed for each."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ids: list[list[int]] = [[]]

    def append(self, ids: list[list[int]]) -> Logits:
        for row, more in zip(self._ids, ids, strict=True):
            row.extend(more)
        nothing = np.zeros(self._server.size, np.float32)
        return np.stack(
            [self._server.logits(row) if more else nothing for row, more in zip(self._ids, ids, strict=True)]
        )

    def copy(self, sources: list[int]) -> None:
        self._ids = [list(self._ids[source]) for source in sources]

    def back(self, lengths: list[int]) -> None:
        self._ids = [row[:length] for row, length in zip(self._ids, lengths, strict=True)]
