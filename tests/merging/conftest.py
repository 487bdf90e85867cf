"""Fixtures of tests with adapters that PEFT made."""

from peft_models import make_peft

__all__ = ["make_peft"]
