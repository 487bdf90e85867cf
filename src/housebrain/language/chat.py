"""A prompt without its base's chat template: what the template writes before and after the question, found once."""

from pathlib import Path
from typing import Any, NamedTuple

from housebrain.errors import UserError
from housebrain.files import read_json, write_json
from housebrain.house.brief import Brief
from housebrain.language.answer import Codec
from housebrain.language.prompt import SYSTEM, messages, prompt_of

FILE = "chat.json"  # beside a model's tokenizer
_QUESTION = '{"probexq":[1,2]}'


class Chat(NamedTuple):
    """How a model is asked.

    Attributes:
        codec: of its answers.
        before: all of the prompt that stands before the question.
        after: what stands behind it, up to where the answer starts.
    """

    codec: Codec
    before: str
    after: str

    def prompt(self, brief: Brief) -> str:
        """The same text as `language.prompt.prompt` makes of a brief."""
        return self.before + messages(brief, self.codec)[-1]["content"] + self.after


def find_chat(tokenizer: Any, codec: Codec) -> Chat:
    """Finds how a base's chat template asks.

    Raises:
        UserError: the template is unfit, or changes a question.
    """
    text = prompt_of(tokenizer, [{"role": "system", "content": SYSTEM[codec]}, {"role": "user", "content": _QUESTION}])
    before, question, after = text.partition(_QUESTION)
    if not question:
        raise UserError(f"{tokenizer.name_or_path}: its chat template changes a question in JSON. Choose another base.")
    return Chat(codec, before, after)


def write_chat(chat: Chat, folder: Path) -> None:
    """Writes it into a model's folder."""
    write_json(folder / FILE, chat._asdict())


def read_chat(folder: Path) -> Chat:
    """Reads it from a model's folder.

    Raises:
        UserError: the file is missing or damaged.
    """
    content = read_json(folder / FILE)
    if not isinstance(content, dict) or content.keys() != set(Chat._fields):
        raise UserError(f"{folder / FILE}: it does not say how the model is asked. Export the model again.")
    return Chat(**content)
