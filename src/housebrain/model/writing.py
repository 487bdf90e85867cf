"""Answers that keep to a grammar, written token by token: only tokens count that the grammar allows.

Text that must follow is appended, not chosen, in one pass with the token before it. Where a critic looks at the levels,
several candidates of a level are written side by side, and all go on from the one that it takes. Where it takes none,
the level is written again.

Nothing here knows what computes the logits: an engine gives `Rows`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from housebrain.language.grammar import State
from housebrain.language.levels import read_levels
from housebrain.model.vocabulary import Vocabulary

SPREAD = 0.8  # the temperature of candidates beside the first
DRAWN = 6  # candidates of a level that a critic is shown at most

Logits = NDArray[np.float32]


class Rows(Protocol):
    """Token sequences that a model continues side by side; one for each prompt, empty, to begin with."""

    def append(self, ids: list[list[int]]) -> Logits:
        """Appends tokens to each row, or none; returns [rows, vocabulary], the logits behind the last one appended."""
        ...

    def copy(self, sources: list[int]) -> None:
        """From now on there is a row for each of `sources`, and it goes on from what that row holds."""
        ...

    def back(self, lengths: list[int]) -> None:
        """Row i keeps its first `lengths[i]` tokens."""
        ...


class Choice(NamedTuple):
    """What a critic takes of some candidates.

    Attributes:
        number: of one of them.
        text: instead of that one's, where its level was changed: with the same levels before it, up to the end of it;
            or up to the answer's, where the model is to write no more.
        state: where the grammar is behind that text.
    """

    number: int
    text: str | None = None
    state: State | None = None


class Critic(Protocol):
    """Looks at each level that was written of an answer."""

    def choose(self, texts: Sequence[str], last: bool) -> Choice | None:
        """Takes one of several texts, each up to the end of the same level or a little further.

        None has the level written again; not where it is the `last` time.
        """
        ...


class Written(NamedTuple):
    """An answer, and how many tokens the model chose for it, in all candidates."""

    text: str
    chosen: int


class _Row:
    """A candidate as it grows.

    Attributes:
        ids: its tokens.
        state: where it is in its grammar.
        unseen: the last of its tokens, which the model has not seen yet.
    """

    def __init__(self, ids: list[int], state: State, unseen: list[int]) -> None:
        self.ids, self.state, self.unseen = ids, state, unseen

    def copy(self) -> "_Row":
        return _Row(self.ids, self.state, self.unseen)

    def choose(self, vocabulary: Vocabulary, logits: Logits, temperature: float, rng: np.random.Generator) -> None:
        """Takes the next token by the model's logits [vocabulary], and the text that must follow it."""
        allowed = vocabulary.allowed(self.state)
        # A broken model's logits are no numbers: its answers keep to the grammar all the same.
        among = np.nan_to_num(logits[allowed].astype(np.float64), nan=0.0, posinf=1e30, neginf=-1e30)
        chosen = int(among.argmax())
        if temperature > 0:
            drawn = np.exp((among - among[chosen]) / temperature)
            chosen = int(rng.choice(len(allowed), p=drawn / drawn.sum()))
        forced, self.state = vocabulary.forced(vocabulary.behind(self.state, [allowed[chosen]]))
        self.unseen = [allowed[chosen], *forced]
        self.ids = [*self.ids, *self.unseen]


class _Answer:
    """One brief's answer: its candidates, and the level that they are at.

    Args:
        vocabulary: the model's.
        start: where the grammar begins.
        prompt: its tokens.
        count: candidates side by side.
        critic: takes one at each level's end; None takes the only one.
        temperature: of the first candidate.
        rng: for the draws.
        drawn: candidates of a level that the critic is shown at most.
    """

    def __init__(
        self, vocabulary: Vocabulary, start: State, prompt: list[int], count: int, critic: Critic | None,
        temperature: float, rng: np.random.Generator, drawn: int,
    ) -> None:  # fmt: skip
        self.vocabulary, self.prompt = vocabulary, len(prompt)
        self.critic, self.temperature, self.rng, self.drawn = critic, temperature, rng, drawn
        ids, state = vocabulary.forced(start)
        # Where this level begins. The prompt's last token is always seen again: logits come from behind some token.
        self.origin = _Row(ids, state, [prompt[-1], *ids])
        self.rows = [self.origin.copy() for _ in range(count)]
        self.levels, self.chosen = 0, 0
        self.shown: list[_Row] = []  # candidates of this level that the critic did not take
        self.finished = False

    def text(self, row: _Row) -> str:
        return "".join(self.vocabulary.texts[number] for number in row.ids)

    def choose(self, logits: Logits) -> None:
        """Has each row take its next token; `logits` [rows, vocabulary]."""
        for number, (row, of_row) in enumerate(zip(self.rows, logits, strict=True)):
            if self._waits(row):
                continue
            is_first = number == 0 and not self.shown
            row.choose(
                self.vocabulary, of_row, self.temperature if is_first else max(self.temperature, SPREAD), self.rng
            )
            self.chosen += 1

    def settle(self) -> tuple[list[int], list[int]] | None:
        """Where all rows have written their level: goes on from one of them, or writes the level again.

        Returns:
            Which of its rows each row goes on from, and how many tokens it keeps; None where nothing changes.
        """
        if self.finished or not all(self._waits(row) for row in self.rows):
            return None
        if self.critic is None:
            self.finished = True
            return None
        candidates = [*self.shown, *self.rows]
        last = len(candidates) >= self.drawn
        taken = self.critic.choose([self.text(row) for row in candidates], last)
        earlier = len(self.shown)
        if taken is None and not last:
            self.shown = candidates
            row, source = self.origin, 0
        else:
            assert taken is not None
            row, source = candidates[taken.number], max(0, taken.number - earlier)
            if taken.text is not None and taken.state is not None:
                row = self._rewritten(taken.text, taken.state)
            elif taken.number < earlier:
                # What the model has seen of it is gone.
                unseen = [*self.origin.unseen, *row.ids[len(self.origin.ids) :]]
                row = _Row(row.ids, row.state, unseen)
            self.shown, self.levels = [], self.levels + 1
            self.origin, self.finished = row.copy(), row.state.finished
        self.rows = [row.copy() for _ in self.rows]
        return [source] * len(self.rows), [self.length(row) for row in self.rows]

    def length(self, row: _Row) -> int:
        """How many tokens the model has seen of a row, the prompt's among them."""
        return self.prompt + len(row.ids) - len(row.unseen)

    def to_see(self, row: _Row) -> list[int]:
        """The tokens that the model should see next; none where a row waits for the others."""
        return [] if self._waits(row) else row.unseen

    def _waits(self, row: _Row) -> bool:
        """Whether a row has written its level."""
        if row.state.finished or self.critic is None:
            return row.state.finished
        return len(read_levels(self.text(row)).levels) > self.levels

    def _rewritten(self, text: str, state: State) -> _Row:
        """The row of a text with another level than any candidate's, and the state behind it."""
        ends = read_levels(text).ends
        before = ends[-2] if len(ends) > 1 else 0
        kept, length = 0, 0
        for number in self.origin.ids:
            length += len(self.vocabulary.texts[number])
            if length > before:
                break
            kept += 1
        ids = self.origin.ids[:kept]
        written = "".join(self.vocabulary.texts[number] for number in ids)
        unseen = self.vocabulary.ids_of(text[len(written) :])
        forced, state = self.vocabulary.forced(state)
        return _Row([*ids, *unseen, *forced], state, [*unseen, *forced])


def write(
    rows: Rows,
    vocabulary: Vocabulary,
    prompts: Sequence[list[int]],
    starts: Sequence[State],
    critics: Sequence[Critic | None],
    candidates: int = 1,
    drawn: int = DRAWN,
    temperature: float = 0.0,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> list[Written]:
    """Answers to prompts, each of which keeps to its grammar to its end.

    Args:
        rows: of the engine, one for each prompt, empty.
        vocabulary: its tokenizer's.
        prompts: the tokens of each.
        starts: where each one's grammar begins.
        critics: of each one's levels; None has it written without a second look.
        candidates: of each answer, side by side; 1 without critics.
        drawn: of a level's candidates that a critic is shown at most.
        temperature: 0 takes the likeliest allowed token, more samples among the allowed ones. Where a level has several
            candidates it is the first one's.
        seed: of the samples.
        check: called before each pass; what it raises ends the work.

    Returns:
        The answers.
    """
    answers = [
        _Answer(vocabulary, start, prompt, candidates, critic, temperature, np.random.default_rng(seed), drawn)
        for prompt, start, critic in zip(prompts, starts, critics, strict=True)
    ]
    check()
    logits = rows.append([[*ids, *answer.origin.ids] for ids, answer in zip(prompts, answers, strict=True)])
    # Candidates of one answer share what it begins with.
    if candidates > 1:
        sources = [number for number in range(len(answers)) for _ in range(candidates)]
        rows.copy(sources)
        logits = logits[sources]
    while True:
        for number, answer in enumerate(answers):
            answer.choose(logits[number * candidates : (number + 1) * candidates])
        settled = [answer.settle() for answer in answers]
        if all(answer.finished for answer in answers):
            return [Written(answer.text(answer.rows[0]), answer.chosen) for answer in answers]
        if any(settled):
            sources, lengths = [], []
            for number, (answer, moved) in enumerate(zip(answers, settled, strict=True)):
                own = [answer.length(row) for row in answer.rows]
                from_, kept = moved or (list(range(candidates)), own)
                sources += [number * candidates + source for source in from_]
                lengths += kept
            if candidates > 1:
                rows.copy(sources)
            rows.back(lengths)
        check()
        logits = rows.append([answer.to_see(row) for answer in answers for row in answer.rows])
