"""What a service's requests hold. What it answers is in docs/service.md and in /openapi.json."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_ALTERNATIVES = 8
# As json.dumps writes U+0000 to U+001F, but for tab and ends of lines.
_CONTROL = re.compile(rb"(?<!\\)(?:\\\\)*\\(?:u00[01][0-9a-f]|[bf])")


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        """Keeps out what no database, drawing or answer can hold, wherever it stands."""
        if isinstance(value, bytes):  # FastAPI reads as JSON only what is said to be
            raise ValueError("send it with the header `Content-Type: application/json`")
        try:
            text = json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("a text has half of a character (a lone surrogate)") from error
        except RecursionError as error:
            raise ValueError("it is nested too deep") from error
        if _CONTROL.search(text):
            raise ValueError("a text has a control character")
        return value


class BriefRequest(Asked):
    """A brief in one of three forms; exactly one is given."""

    words: Annotated[str, Field(max_length=4000)] | None = Field(
        None, examples=["3 bedroom house, 40x60 ft plot facing east, Bengaluru, 60 lakh"]
    )
    brief: dict[str, Any] | None = Field(None, description="A brief, as /briefs/parse answers it")
    record: dict[str, Any] | None = Field(None, description="A record {id, input, metadata} of the v5 form")

    @model_validator(mode="after")
    def _one(self) -> "BriefRequest":
        if sum(value is not None for value in (self.words, self.brief, self.record)) != 1:
            raise ValueError("give exactly one of `words`, `brief` and `record`")
        return self


class DesignRequest(BriefRequest):
    """A brief, and how many houses for it."""

    alternatives: Annotated[int, Field(ge=1, le=MOST_ALTERNATIVES)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    engine: Literal["model", "solver"] | None = Field(None, description="Else what the service was started with")
    stream: bool = Field(False, description="Answer with server-sent events, a house's levels one by one")


class HouseRequest(BriefRequest):
    """A design, and the brief that it is for."""

    design: dict[str, Any]


class DraftRequest(BriefRequest):
    """What a model or a person wrote as a house, right or wrong, and the brief that it is for."""

    design: dict[str, Any] | str


class FeedbackRequest(Asked):
    """What a client says of a design."""

    verdict: Literal["accept", "reject", "correct"]
    alternative: Annotated[int, Field(ge=0, lt=MOST_ALTERNATIVES)] = 0
    reason: Annotated[str, Field(max_length=4000)] = ""
    design: dict[str, Any] | None = Field(None, description="With `correct`: the design as it should have been")

    @model_validator(mode="after")
    def _complete(self) -> "FeedbackRequest":
        if self.verdict == "reject" and not self.reason.strip():
            raise ValueError("a rejection needs a `reason`")
        if (self.verdict == "correct") != (self.design is not None):
            raise ValueError("`correct` needs a `design`, and nothing else has one")
        return self
