"""How the page looks: light, dark, on paper, from 360 px up. No font and no picture from elsewhere."""

from __future__ import annotations

from pathlib import Path


def style() -> str:
    """The style sheet, as it lies beside this file."""
    return Path(__file__).with_name("report.css").read_text(encoding="utf-8")
