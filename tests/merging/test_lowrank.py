"""The small SVD against the dense one in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from housebrain.errors import UserError
from housebrain.merging import lowrank
from housebrain.merging.lowrank import (
    Product,
    SizeLimit,
    Svd,
    allocated_ranks,
    chosen_rank,
    dropped_energy,
    parse_rank,
)
from merging.adapters import relative_error


@st.composite
def products(draw: st.DrawFn) -> Product:
    """Of any shape, also n > d; some with dependent columns, some badly scaled."""
    d_out, d_in, n = draw(st.integers(1, 40)), draw(st.integers(1, 40)), draw(st.integers(1, 24))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    B, A = torch.randn(d_out, n, generator=generator), torch.randn(n, d_in, generator=generator)
    if draw(st.booleans()):
        B[:, n // 2 :] = B[:, : n - n // 2].clone()
    if draw(st.booleans()):
        A *= torch.logspace(0, draw(st.integers(-12, 4)), n)[:, None]
    return Product(B, A)


@given(products(), st.integers(1, 24))
@settings(max_examples=300, deadline=None)
def test_any_rank_is_the_dense_truncated_svd(product: Product, rank: int) -> None:
    full = product.B.double() @ product.A.double()
    U, s, Vt = torch.linalg.svd(full, full_matrices=False)
    svd = Svd(product)
    count = min(len(s), len(svd.singular_values))
    assert torch.allclose(svd.singular_values[:count], s[:count], rtol=0, atol=1e-9 * float(s[0]))
    assert (svd.singular_values[count:] <= 1e-9 * s[0]).all()
    B, A = svd.truncated(rank)
    assert B.dtype == A.dtype == torch.float32
    found = B.double() @ A.double()
    best = (U[:, :rank] * s[:rank]) @ Vt[:rank]
    # Where singular values are (nearly) equal the best approximation isn't unique; how good it is always is.
    assert float((found - full).norm()) == pytest.approx(float((best - full).norm()), abs=1e-6 * float(full.norm()))
    if rank >= len(s) or s[rank - 1] - s[rank] > 1e-3 * s[0]:
        assert relative_error(found, best) < 1e-5


@given(products(), st.integers(1, 24))
@settings(max_examples=200, deadline=None)
def test_gram_matrices_and_svd_come_to_the_same(product: Product, rank: int) -> None:
    fast = Svd(product)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowrank, "_GRAM_LIMIT", 0.0)  # Gram matrices are never safe
        slow = Svd(product)
    count = min(len(fast.singular_values), len(slow.singular_values))
    limit = 1e-9 * float(slow.singular_values[0])
    assert torch.allclose(fast.singular_values[:count], slow.singular_values[:count], rtol=0, atol=limit)
    rank = chosen_rank(slow.singular_values, "exact") if rank > count else rank
    ends = [svd.truncated(rank) for svd in (fast, slow)]
    full = product.B.double() @ product.A.double()
    errors = [float((end.B.double() @ end.A.double() - full).norm()) for end in ends]
    assert errors[0] == pytest.approx(errors[1], abs=1e-6 * float(full.norm()))


@given(products())
@settings(max_examples=200, deadline=None)
def test_exact_loses_only_round_off(product: Product) -> None:
    svd = Svd(product)
    rank = chosen_rank(svd.singular_values, "exact")
    B, A = svd.truncated(rank)
    full = product.B.double() @ product.A.double()
    assert relative_error(B.double() @ A.double(), full) < 2e-7
    # One less would be more than round-off: nothing is kept without need.
    if rank > 1:
        assert dropped_energy(svd.singular_values, rank - 1) > 3e-15


@given(products(), st.floats(0.01, 0.9999))
@settings(max_examples=200, deadline=None)
def test_error_of_a_cut_is_the_dropped_energy(product: Product, share: float) -> None:
    svd = Svd(product)
    rank = chosen_rank(svd.singular_values, share)
    dropped = dropped_energy(svd.singular_values, rank)
    full = product.B.double() @ product.A.double()
    B, A = svd.truncated(rank)
    assert relative_error(B.double() @ A.double(), full) == pytest.approx(dropped**0.5, abs=1e-6)
    assert dropped <= 1 - share + 1e-12
    assert rank == 1 or dropped_energy(svd.singular_values, rank - 1) > 1 - share


def test_updates_that_nearly_cancel_keep_their_digits() -> None:
    torch.manual_seed(0)
    B, A = torch.randn(30, 4), torch.randn(4, 20)
    difference = Product(torch.cat([B, B], 1), torch.cat([A.double(), -A.double() * (1 - 1e-7)]))
    rank = chosen_rank(Svd(difference).singular_values, "exact")
    found_B, found_A = Svd(difference).truncated(rank)
    assert rank == 4
    assert relative_error(found_B.double() @ found_A.double(), 1e-7 * B.double() @ A.double()) < 1e-6


def test_an_update_of_zero_has_rank_one_and_drops_nothing() -> None:
    svd = Svd(Product(torch.zeros(6, 3), torch.randn(3, 5)))
    assert chosen_rank(svd.singular_values, "exact") == chosen_rank(svd.singular_values, 0.9) == 1
    assert dropped_energy(svd.singular_values, 1) == 0
    B, A = svd.truncated(1)
    assert B.shape == (6, 1) and A.shape == (1, 5) and not (B @ A).any()


def test_a_number_is_an_upper_bound() -> None:
    s = torch.tensor([2.0, 1.0, 1e-9], dtype=torch.float64)
    assert [chosen_rank(s, rank) for rank in (1, 2, 3, 99)] == [1, 2, 2, 2]


def test_ranks_as_people_write_them() -> None:
    assert [parse_rank(text) for text in ("exact", "16", "0.999", ".5", "100MB", "1.5 MB", 8, 0.25)] == [
        *("exact", 16, 0.999, 0.5, SizeLimit(100_000_000), SizeLimit(1_500_000), 8, 0.25)
    ]
    for text in ("0", "-1", "1.5", "0.0", "MB", "full", "nan", ""):
        with pytest.raises(UserError, match="is no rank"):
            parse_rank(text)


@given(
    st.lists(st.lists(st.floats(0.01, 10), min_size=2, max_size=5), min_size=1, max_size=4),
    st.integers(1, 20),
)
def test_no_other_choice_of_equally_dear_ranks_keeps_more(values: list[list[float]], ranks_in_all: int) -> None:
    spectra = {str(i): torch.tensor(sorted(v, reverse=True), dtype=torch.float64) for i, v in enumerate(values)}
    dear = dict.fromkeys(spectra, 100)
    limit = 7 + 100 * max(ranks_in_all, len(spectra)) + 99
    ranks = allocated_ranks(spectra, dear, 7, limit)
    assert sum(ranks.values()) == min(max(ranks_in_all, len(spectra)), sum(len(s) for s in spectra.values()))
    last_taken = min((float(s[ranks[m] - 1]) for m, s in spectra.items() if ranks[m] > 1), default=float("inf"))
    best_left = max((float(s[ranks[m]]) for m, s in spectra.items() if ranks[m] < len(s)), default=0.0)
    assert last_taken >= best_left


def test_a_size_below_rank_one_is_refused_with_what_it_takes() -> None:
    with pytest.raises(UserError, match=r"rank 1 takes 0\.30 MB"):
        allocated_ranks({"a": torch.ones(3)}, {"a": 200_000}, 100_000, 250_000)
