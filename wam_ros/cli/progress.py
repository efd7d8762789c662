"""The progress line of long commands."""

from __future__ import annotations

import sys


def show_line(text: str) -> None:
    """One line that is written over; on a pipe every line stays. Empty = the line is done with."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)
    elif text:
        print(text, flush=True)


def show_count(text: str) -> None:
    """A line that counts up, for a terminal only: on a pipe nobody wants every number."""
    if sys.stdout.isatty():
        show_line(text)
