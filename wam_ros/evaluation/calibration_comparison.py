"""Calibration before and after maps were fitted, side by side. It knows no map."""

from __future__ import annotations

from wam_ros.evaluation.calibration import CalibrationFigures


def comparison_table(before: CalibrationFigures, after: CalibrationFigures) -> str:
    """ECE by belief, of the same plans; beliefs without samples are left out, the interval is that of after."""
    lines = [f"{'ECE':<28}{'n':>9}{'before':>9}{'after':>9}"]
    for old, new in zip(before.errors(), after.errors(), strict=True):
        if old.ece is not None and new.ece is not None:
            interval = "" if new.ci95 is None else f"  95 % [{new.ci95[0]:.3f}, {new.ci95[1]:.3f}]"
            lines.append(f"{new.label:<28}{new.n:>9}{old.ece:>9.3f}{new.ece:>9.3f}{interval}")
    return "\n".join(lines)
