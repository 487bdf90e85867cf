"""Compiles the search for this machine, once: `python -m housebrain.service.warm`.

It takes half a minute of one core, and what was compiled is kept for every later process. Without it the first house
waits.
"""

from housebrain.solver.solve import solve
from housebrain.words.read import read_words

# Two floors, so that wet rooms are stacked; levels that the library does not keep, so that all of the search is called.
_WORDS = "3 bedroom house on 2 floors, 40x60 ft plot facing east, Bengaluru, 60 lakh"


def warm() -> None:
    """Designs a house: all of the search is compiled then, or read where it was compiled before."""
    solve(read_words(_WORDS).brief, 0)


if __name__ == "__main__":
    warm()
