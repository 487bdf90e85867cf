"""A model's answers under the grammars of their briefs, with a critic that has levels written again."""

from collections.abc import Callable
from typing import Any

from housebrain.answering.critic import LevelCritic
from housebrain.answering.finish import Proposal
from housebrain.house.brief import Brief
from housebrain.language.grammar import Grammar
from housebrain.model.guided import generate_guided
from housebrain.model.vocabulary import Vocabulary

CANDIDATES = 2  # of each level, side by side: more rows cost more than they spare, where a processor computes


def propose(
    model: Any,
    vocabulary: Vocabulary,
    prompts: list[str],
    briefs: list[Brief],
    temperature: float = 0.0,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> list[Proposal]:
    """Answers briefs, all in one batch.

    Args:
        model: a causal language model, in evaluation mode afterwards.
        vocabulary: its tokenizer's.
        prompts: rendered chats, up to where the answer starts.
        briefs: what they ask for.
        temperature: of each level's first candidate; 0 takes the likeliest.
        seed: of the draws.
        check: called before each pass; what it raises ends the work.

    Raises:
        Rejected: a brief's envelope is too small for its rooms.
    """
    grammars = [Grammar(brief) for brief in briefs]
    critics = [LevelCritic(brief, grammar) for brief, grammar in zip(briefs, grammars, strict=True)]
    starts = [grammar.start for grammar in grammars]
    written = generate_guided(
        model, vocabulary, prompts, starts, len(prompts), temperature, seed, check, critics, CANDIDATES
    )
    return [critic.proposal(one.text, one.chosen) for critic, one in zip(critics, written, strict=True)]
