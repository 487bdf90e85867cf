"""What Ollama is told of a model: where its weights are, and how it is asked."""

from typing import Any

from housebrain.errors import UserError
from housebrain.language.chat import find_chat
from housebrain.language.prompt import end_of_turn


def modelfile(tokenizer: Any, weights: str, licence: str) -> str:
    """A Modelfile that puts a user's message, the question of a brief as JSON, where the model was trained to find it.

    Args:
        tokenizer: the model's.
        weights: the name of the GGUF file beside it.
        licence: of the weights.

    Raises:
        UserError: the base's template writes what a Modelfile can't say.
    """
    chat, end = find_chat(tokenizer, "tree"), end_of_turn(tokenizer)
    if any(mark in text for mark in ('"""', "{{", "}}") for text in (chat.before, chat.after, end)):
        raise UserError(f"{tokenizer.name_or_path}: a Modelfile can't hold its chat template. Export gguf instead.")
    return (
        f'FROM ./{weights}\nTEMPLATE """{chat.before}{{{{ .Prompt }}}}{chat.after}"""\n'
        f'PARAMETER stop """{end.strip()}"""\nPARAMETER temperature 0\nPARAMETER num_ctx 2048\n'
        f'LICENSE """{licence}"""\n'
    )
