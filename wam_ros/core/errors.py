"""The one exception family. Callers at an edge catch WamError; everything else is a programmer's error."""

from __future__ import annotations


class WamError(Exception):
    """Base of every error that wam_ros raises on purpose."""


class ConfigError(WamError, ValueError):
    """A configuration file or parameter is wrong; the text names the key, the value and the remedy."""


class InputError(WamError, ValueError):
    """A sensor message or data value cannot be used; the text names the topic or field and the value."""


class BagError(WamError):
    """A bag cannot be read, written or repaired; the text names the path."""


class PlannerError(WamError, RuntimeError):
    """A planner could not make a plan from a valid observation."""


class WorldError(WamError, RuntimeError):
    """A simulated world cannot be started, reached or changed as asked; the text says what to do."""
