"""The one place where a brief becomes a prompt: a chat of a system and a user message, in the base's own template.

Templates differ in what they take and write. What matters here is found by rendering short chats, not by reading them.
"""

import json
import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.language.answer import Codec

SYSTEM = {
    "tree": (
        "You are an architect. Answer with one JSON object in half feet: size [width, depth] inside the envelope; "
        "levels as cuts, v at an x, h at a y, down to rooms."
    ),
    "coordinates": (
        "You are an architect. Answer with one JSON object in half feet: size [width, depth] inside the envelope; "
        "levels as lists of rooms [name, x, y, width, depth]."
    ),
}

# What a template is told the time is: a prompt that changed from day to day would not be the one that was trained on.
CLOCK = datetime(2025, 1, 1, 12)
_TIMES = re.compile(r"""strftime_now\(\s*(["'])(.*?)\1""")
_CLOCK_MACRO = "{% macro strftime_now(format) %}{{ times[format] }}{% endmacro %}"  # for the function of that name
# Words that no template writes by itself.
_PROBE = (
    {"role": "system", "content": "Rulexq"},
    {"role": "user", "content": "Wishxq"},
    {"role": "assistant", "content": "Replyxq"},
)


def messages(brief: Brief, codec: Codec = "tree") -> list[dict[str, str]]:
    """The chat that asks for a design: a system and a user message."""
    # What a layout depends on. Materials, site and quality follow from the rest of the brief by rule.
    sizes = [[berth.w, berth.d] for berth in brief.berths]
    question = {
        "floors": brief.floors,
        "facing": brief.plot.orientation,
        "corner": int(brief.plot.is_corner),
        # Of a plot that is no rectangle: the house fits one of two sizes.
        "envelope": sizes if len(sizes) > 1 else list(brief.envelope),
        "rooms": {room.name: room.min_area_sqft for room in brief.wanted_rooms},
    }
    text = json.dumps(_short_numbers(question), separators=(",", ":"), ensure_ascii=False)
    return [{"role": "system", "content": SYSTEM[codec]}, {"role": "user", "content": text}]


def _short_numbers(value: Any) -> Any:
    """4.0 is written 4: fewer tokens for the same number."""
    if isinstance(value, dict):
        return {key: _short_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_short_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class ChatForm(NamedTuple):
    """How a base's chat template writes a chat, as found by rendering short ones.

    Attributes:
        takes_system: whether it writes a system message; else its text goes before the user's.
        opening: what it writes between a prompt and an answer, where it has no generation prompt that does; else "".
        end: what closes an answer: the text from there to its first special token, or the end-of-sequence token.
        end_is_marked: whether the template itself closes an answer; else `end` is the end-of-sequence token.
        dated: whether it writes the time, which is then always `CLOCK`.
    """

    takes_system: bool
    opening: str
    end: str
    end_is_marked: bool
    dated: bool


def chat_form(tokenizer: Any) -> ChatForm:
    """How the base's template writes a chat.

    Raises:
        UserError: there is no template, it refuses or alters a plain chat, or nothing ends an answer.
    """
    # A tokenizer may be given another template or end of sequence later on.
    return _chat_form(tokenizer, repr(tokenizer.chat_template), tokenizer.eos_token)


@lru_cache(maxsize=8)
def _chat_form(tokenizer: Any, template: str, eos_token: str | None) -> ChatForm:
    system, user, assistant = _PROBE
    takes_system = _takes(tokenizer, [system, user])
    chat = [system, user] if takes_system else [user]
    if not takes_system and not _takes(tokenizer, chat):
        raise _unsuited(tokenizer, "leaves out what a user says")
    without, prompted = (_render(tokenizer, chat, generation) for generation in (False, True))
    whole = _render(tokenizer, [*chat, assistant])
    later = _render(tokenizer, [*chat, assistant], clock=CLOCK + timedelta(days=400, hours=5, minutes=7, seconds=9))
    if whole != _render(tokenizer, [*chat, assistant]):
        raise _unsuited(tokenizer, "comes out differently each time")
    if whole.count(assistant["content"]) != 1:
        raise _unsuited(tokenizer, "leaves out what the assistant says, or says it twice")
    before, _, after = whole.partition(assistant["content"])
    opening = ""
    if prompted == without:
        if not before.startswith(without):
            raise _unsuited(tokenizer, "has no generation prompt, and a prompt is not how a whole chat begins")
        opening = before.removeprefix(without)
    special = [token.content for token in tokenizer.added_tokens_decoder.values() if token.content.strip()]
    marks = [after.index(token) + len(token) for token in special if token in after]
    end = after[: min(marks)] if marks else eos_token
    if not end:
        raise _unsuited(tokenizer, "does not close an answer, and the tokenizer has no eos_token that could")
    return ChatForm(takes_system, opening if opening.strip() else "", end, bool(marks), later != whole)


def _takes(tokenizer: Any, chat: list[dict[str, str]]) -> bool:
    """Whether the template writes all messages of a chat."""
    try:
        text = _render(tokenizer, chat)
    except UserError:
        if len(chat) == 1:
            raise
        return False
    return all(message["content"] in text for message in chat)


def _render(
    tokenizer: Any, chat: list[dict[str, str]], add_generation_prompt: bool = False, clock: datetime = CLOCK
) -> str:
    """A chat in the base's template, where it is `clock`.

    Raises:
        UserError: there is no template, or it refuses the chat.
    """
    if not tokenizer.chat_template:
        raise UserError(
            f"{tokenizer.name_or_path}: the base has no chat template. Choose an instruct model as `base` in "
            "params.yaml, or put its chat_template.jinja there."
        )
    try:
        template = tokenizer.get_chat_template()
        times = {text: clock.strftime(text) for _, text in _TIMES.findall(template)}
        text: str = tokenizer.apply_chat_template(
            chat,
            chat_template=(_CLOCK_MACRO if "strftime_now" in template else "") + template,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            times=times,
        )
    except Exception as error:  # a template is a program: it raises whatever it likes
        raise _unsuited(tokenizer, f"refuses a plain chat ({' '.join(str(error).split())})") from error
    return text


def _unsuited(tokenizer: Any, what: str) -> UserError:
    return UserError(
        f"{tokenizer.name_or_path}: the base's chat template {what}. Correct its chat_template.jinja, or choose "
        "another `base` in params.yaml."
    )


def prompt_of(tokenizer: Any, chat: list[dict[str, str]]) -> str:
    """A chat up to where the assistant's answer starts, in the base model's own template.

    Args:
        tokenizer: the base's.
        chat: a user's message, or a system's and a user's. Where the template takes no system message, its text goes
            before the user's.

    Raises:
        UserError: as for `chat_form`.
    """
    form = chat_form(tokenizer)
    if not form.takes_system:
        chat = [{"role": "user", "content": "\n\n".join(message["content"] for message in chat)}]
    return _render(tokenizer, chat, add_generation_prompt=True) + form.opening


def prompt(tokenizer: Any, brief: Brief, codec: Codec) -> str:
    """The chat that asks for a design, up to where the answer starts.

    Raises:
        UserError: as for `chat_form`.
    """
    return prompt_of(tokenizer, messages(brief, codec))


def end_of_turn(tokenizer: Any) -> str:
    """What the base's chat template closes an answer with.

    Raises:
        UserError: as for `chat_form`.
    """
    return chat_form(tokenizer).end
