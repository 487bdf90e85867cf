"""Whether two models differ on the same samples, or only seem to."""

import numpy as np


def paired_p(a: list[float], b: list[float]) -> float:
    """How likely differences this large are if `a` and `b` were equal, sample by sample; two-sided.

    Signs of the differences are flipped: exactly for few samples, else 9,999 times at random from a fixed seed. One
    sample tells nothing.
    """
    from scipy.stats import permutation_test  # takes a second to load

    differences = np.subtract(a, b)
    if len(differences) < 2 or not differences.any():
        return 1.0
    test = permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=9999, rng=np.random.default_rng(0)
    )
    return float(test.pvalue)
