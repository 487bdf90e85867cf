"""Tests for housebrain.evaluation.memory."""

import time

import psutil
import torch

from housebrain.evaluation.memory import INTERVAL_SECONDS, PeakMemory


def test_memory_that_was_held_for_a_while_is_seen_after_it_is_gone() -> None:
    before_gb = psutil.Process().memory_info().rss / 1e9
    with PeakMemory() as memory:
        block = torch.ones(50_000_000)  # 0.2 GB
        time.sleep(10 * INTERVAL_SECONDS)
        del block
    assert memory.peak_gb - before_gb > 0.15


def test_memory_of_before_is_not_counted() -> None:
    block = torch.ones(50_000_000)
    with_block_gb = psutil.Process().memory_info().rss / 1e9
    del block
    with PeakMemory() as memory:
        pass
    assert memory.peak_gb < with_block_gb - 0.15
