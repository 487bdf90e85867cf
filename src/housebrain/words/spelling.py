"""Misspelt words, and the word of ours that each was meant to be."""

from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from housebrain.words.lexicon import common, vocabulary
from housebrain.words.places import is_place

SHORTEST = 5  # letters: among shorter words too many are one letter apart
_LONG = 8  # from this length on two letters may be wrong


@lru_cache(maxsize=50_000)
def corrected(word: str) -> str:
    """The word of the vocabulary that a misspelt word comes nearest to; itself where none is near.

    Args:
        word: lower case letters.
    """
    known = vocabulary()
    if (
        len(word) < SHORTEST
        or word in known
        or word in common("passed_over")
        or word in common("right")
        or is_place(word)
        or _is_derived(word)
    ):
        return word
    wrong = 2 if len(word) >= _LONG else 1
    found = process.extractOne(word, sorted(known), scorer=OSA.distance, score_cutoff=wrong)
    if found is None or found[0][0] != word[0]:
        return word
    return str(found[0])


def _is_derived(word: str) -> bool:
    """Whether a word is one of ours with an ending."""
    return any(word.endswith(end) and word[: -len(end)] in vocabulary() for end in ("s", "es", "ed", "ing", "en", "er"))
