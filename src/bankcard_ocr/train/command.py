"""What the commands of this package share: the values that they take, and errors told in one line."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from contextlib import contextmanager


def count(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def seed(text: str) -> int:
    """A whole number from 0 on, for argparse."""
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return number


def positive(text: str) -> float:
    """A finite number above 0, for argparse."""
    if not 0 < (number := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


@contextmanager
def reporting_errors() -> Iterator[None]:
    """Ends the program with a line, instead of a traceback, where a file or what is in it cannot be used."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        raise SystemExit(str(error)) from error
