"""A machine without the package tokenizers."""

from __future__ import annotations

import builtins
from typing import Any

import pytest


def hide_tokenizers(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_tokenizers(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "tokenizers":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_tokenizers)
