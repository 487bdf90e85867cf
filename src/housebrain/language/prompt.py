"""The one place where a brief becomes a prompt: a chat of a system and a user message, in the base's own template."""

import json
from typing import Any

from housebrain.house.brief import Brief
from housebrain.language.answer import Codec

SYSTEM = {
    "tree": (
        "You are an architect. Answer with one JSON object: size [width, depth] in feet inside the envelope; "
        "levels as cuts, v at an x, h at a y, down to rooms; materials; site; quality."
    ),
    "coordinates": (
        "You are an architect. Answer with one JSON object: size [width, depth] in feet inside the envelope; "
        "levels as lists of rooms [name, x, y, width, depth]; materials; site; quality."
    ),
}


def messages(brief: Brief, codec: Codec = "tree") -> list[dict[str, str]]:
    """The chat that asks for a design: a system and a user message."""
    plot, setbacks = brief.plot, brief.plot.setbacks
    question = {
        "style": brief.style,
        "floors": brief.floors,
        "budget": round(brief.budget_usd),
        "region": brief.region,
        "climate": brief.climate_zone,
        "plot": [plot.width_ft, plot.length_ft],
        "shape": plot.shape,
        "corner": int(plot.is_corner),
        "facing": plot.orientation,
        "slope": plot.slope_degrees,
        "setbacks": [setbacks.front_ft, setbacks.rear_ft, setbacks.left_ft, setbacks.right_ft],
        "envelope": list(brief.envelope_ft),
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


def prompt(tokenizer: Any, brief: Brief, codec: Codec) -> str:
    """The chat up to where the assistant's answer starts, in the base model's own template."""
    text: str = tokenizer.apply_chat_template(messages(brief, codec), tokenize=False, add_generation_prompt=True)
    return text


def end_of_turn(tokenizer: Any) -> str:
    """What the chat template closes an answer with: the end-of-sequence token of every instruct model used here."""
    return str(tokenizer.eos_token)
