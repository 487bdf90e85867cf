"""What a base is tried on before anything is trained on it: packed rows, and its chat template.

Packed rows are tried on a small random model of the base's own kind: one layer of each sort, a few hundred tokens of
vocabulary. Whether samples see each other depends on the code of a layer, not on its weights.
"""

import copy
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from torch.nn.functional import cross_entropy
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, AutoModelForCausalLM, AutoTokenizer

from housebrain.errors import UserError
from housebrain.files import read_json, sha256_file, write_json
from housebrain.language.prompt import CLOCK, chat_form
from housebrain.language.tokens import Tokens
from housebrain.model.base import quiet
from housebrain.model.loss import token_losses
from housebrain.model.packed import ATTENTION, collate
from housebrain.provenance import code_hash

VERDICT = "preflight.json"  # in a base's folder: how its attention did, so that it is tried once
CODE = ["language/tokens.py", "model/loss.py", "model/packed.py", "model/preflight.py"]
VOCABULARY = 256
WINDOW = 8  # tokens, where the base's attention has a window: the samples are longer
LAYERS = 4  # of a base that does not say which sorts of layer it has
NOISE = 0.15  # standard deviation added to the weights: as drawn they are too small for layers to matter
TOLERANCE = 1e-3  # in nats; rounding makes 1e-5, the smallest leak that was seen 2e-2


class Verdict(NamedTuple):
    """How a base's attention did on packed rows.

    Attributes:
        attention: the implementation to load the base with; None for the base's own.
        reason: why it is not `packed_attention`; else "".
    """

    attention: str | None
    reason: str


def examine(folder: Path) -> list[str]:
    """Tries a base, and says what is done differently for it.

    Args:
        folder: the base's, with its tokenizer.

    Returns:
        One line each; none for a base that everything works with.

    Raises:
        UserError: the base can't be used; what is wrong with it, and what to do.
    """
    quiet()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    form = chat_form(tokenizer)
    eos = tokenizer.eos_token
    notes = []
    if reason := verdict(folder).reason:
        notes.append(f"packed rows don't suit it ({reason}): each sample gets a row of its own, which takes longer")
    if not form.takes_system:
        notes.append("its chat template takes no system message: the text goes before the user's")
    if form.opening:
        notes.append(f"its chat template has no generation prompt: {form.opening!r}, as before any answer, is used")
    if form.dated:
        notes.append(f"its chat template writes the time: it is always told {CLOCK:%Y-%m-%d}")
    if not form.end_is_marked:
        notes.append(f"its chat template closes no answer: the end of sequence, {eos!r}, does")
    elif not eos or not form.end.endswith(eos):
        notes.append(f"answers end with {form.end!r} of its chat template, not with its end of sequence, {eos!r}")
    return [f"{folder}: {note}." for note in notes]


def verdict(folder: Path) -> Verdict:
    """How the base's attention does on packed rows; tried once for each version of the libraries and of this code.

    Raises:
        UserError: the base is no causal language model, or its loss can't be computed.
    """
    made_from = {
        "config": sha256_file(folder / "config.json"),
        "code": code_hash(CODE),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    path = folder / VERDICT
    with suppress(UserError, AttributeError, KeyError, TypeError):  # what can't be read is made again
        kept = read_json(path)
        if kept["made_from"] == made_from:
            return Verdict(kept["attention"], kept["reason"])
    found = _tried(folder)
    with suppress(UserError):  # the folder may be for reading only
        write_json(path, {"made_from": made_from, **found._asdict()})
    return found


def _tried(folder: Path) -> Verdict:
    try:
        config = AutoConfig.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise _unsuited(folder, f"its config.json can't be used ({_first(error)})") from error
    kind, samples = config.model_type, _samples()
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise _unsuited(folder, f"a {kind} model is no causal language model")
    # The random state is that of a training, which must not depend on whether the base was tried before.
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        try:
            config = small(config)
            own = AutoModelForCausalLM.from_config(copy.deepcopy(config), dtype=torch.float32).eval()
            for weight in own.parameters():
                weight.add_(torch.randn_like(weight), alpha=NOISE)
            expected = _plain_losses(own, samples)
        except Exception as error:  # models' code raises whatever it likes, here as below
            return Verdict(None, f"they could not be tried on a small {kind} model: {_first(error)}")
        try:
            off = float((_losses(own, samples) - expected).abs().max())
        except Exception as error:
            raise _unsuited(folder, f"the loss of a {kind} model can't be computed ({_first(error)})") from error
        if not off < TOLERANCE:
            raise _unsuited(folder, f"the loss of a {kind} model is off by {off:.3f} nats")
        try:
            packing = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation=ATTENTION)
            packing.load_state_dict(own.state_dict())
            off = float((_losses(packing.eval(), samples) - expected).abs().max())
        except Exception as error:
            return Verdict(None, f"a {kind} model can't read them: {_first(error)}")
    if not off < TOLERANCE:
        return Verdict(None, f"in a {kind} model samples change each other's losses by {off:.2f} nats")
    return Verdict(ATTENTION, "")


def _unsuited(folder: Path, why: str) -> UserError:
    return UserError(f"{folder}: {why}. Choose another `base` in params.yaml.")


def _first(error: Exception) -> str:
    """An error's kind and first sentence: some go on for pages."""
    return f"{type(error).__name__}, {' '.join(str(error).split()).partition('. ')[0].rstrip('.')[:200]}"


def small(config: Any) -> Any:
    """A copy of a base's configuration with little in it: one layer of each sort, few tokens, a short window."""
    config = copy.deepcopy(config.get_text_config(decoder=True))
    count = config.num_hidden_layers
    by_layer = {name: value for name, value in vars(config).items() if isinstance(value, list) and len(value) == count}
    if by_layer:
        sorts = list(zip(*(map(repr, value) for value in by_layer.values()), strict=True))
        chosen = sorted(sorts.index(sort) for sort in set(sorts))
    else:
        chosen = list(range(min(count, LAYERS)))
    for name, value in by_layer.items():
        setattr(config, name, [value[number] for number in chosen])
    config.num_hidden_layers = len(chosen)
    config.vocab_size = VOCABULARY
    config.pad_token_id = config.bos_token_id = config.eos_token_id = None
    if getattr(config, "sliding_window", None):
        config.sliding_window = WINDOW
    return config


def _samples() -> list[Tokens]:
    """Three that begin alike, all longer than the window."""
    generator = torch.Generator().manual_seed(0)
    ids = [torch.randint(3, VOCABULARY, (length,), generator=generator).tolist() for length in (6, 14, 15, 16)]
    return [Tokens(str(number), ids[0] + own, 6 + 5 + number) for number, own in enumerate(ids[1:])]


def _losses(model: Any, samples: list[Tokens]) -> torch.Tensor:
    """As they are computed in training, all in one row."""
    batch = collate(samples, [list(range(len(samples)))])
    return token_losses(model, batch.input_ids, batch.position_ids, batch.labels)


def _plain_losses(model: Any, samples: list[Tokens]) -> torch.Tensor:
    """As anyone would compute them: each sample by itself, over all logits."""
    losses = []
    for sample in samples:
        ids = torch.tensor([sample.input_ids])
        logits = model(input_ids=ids, use_cache=False).logits[0].float()
        losses.append(cross_entropy(logits[:-1], ids[0, 1:], reduction="none")[sample.prompt_length - 1 :])
    return torch.cat(losses)
