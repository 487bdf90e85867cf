"""A merged adapter on its base, asked a question: the last proof that it loads, stays finite and changes something."""

import warnings
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from housebrain.errors import UserError
from housebrain.model.loadable import ERRORS
from housebrain.model.loading import load_base, load_tokenizer

QUESTION = "In one sentence: what makes a house pleasant to live in?"
_TOKENS = 48  # of the answer, at most


def ask(adapter: Path, base: str) -> str:
    """The greedy answer of the base with the adapter to `QUESTION`.

    Args:
        adapter: a folder that plain PEFT loads.
        base: a folder or hub id, with a tokenizer.

    Raises:
        UserError: the base or the adapter on it can't be loaded, an output is not finite, or the adapter changes none.
    """
    try:
        tokenizer, model = load_tokenizer(base), load_base(base)
    except (*ERRORS, ImportError, OSError) as error:
        raise UserError(f"--validate: {base} can't be loaded as a base ({_short(error)}). Check its name.") from error
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = PeftModel.from_pretrained(model, adapter).eval()
        except ERRORS as error:
            raise UserError(
                f"--validate: the merge does not fit {base} ({_short(error)}). Give the base of the adapters."
            ) from error
    if missing := [str(warning.message) for warning in caught if "missing adapter keys" in str(warning.message)]:
        raise UserError(
            f"--validate: the merge does not fit {base} ({_short(missing[0])}). Give the base of the adapters."
        )
    prompt = _tokens(tokenizer, model.device)
    with torch.inference_mode():
        logits = model(input_ids=prompt).logits
        with model.disable_adapter():
            without = model(input_ids=prompt).logits
        if not bool(torch.isfinite(logits).all()):
            raise UserError(f"--validate: on {base} the merge gives outputs that are not finite. Look at its inputs.")
        if torch.equal(logits, without):
            raise UserError(f"--validate: on {base} the merge changes no output. Give the base of the adapters.")
        end = tokenizer.eos_token_id
        output = model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=_TOKENS,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            pad_token_id=end if tokenizer.pad_token_id is None else tokenizer.pad_token_id,
        )
    return " ".join(str(tokenizer.decode(output[0, prompt.shape[1] :], skip_special_tokens=True)).split())


def _tokens(tokenizer: Any, device: torch.device) -> torch.Tensor:
    """[1, n] of the question, in the base's chat template where it has one."""
    text = QUESTION
    if tokenizer.chat_template:
        chat = [{"role": "user", "content": QUESTION}]
        text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    tokens = tokenizer(text, return_tensors="pt", add_special_tokens=not tokenizer.chat_template)
    return tokens["input_ids"].to(device)


def _short(error: object) -> str:
    return " ".join(str(error).split())[:200]
