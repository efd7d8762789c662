"""Where the package's own files are: config/, msg/, rviz/, in a checkout or an installed prefix."""

from __future__ import annotations

from pathlib import Path

from wam_ros.core.errors import ConfigError


def resource(relative: str) -> Path:
    """The path of a file or folder shipped with the package, such as 'config/planner.param.yaml'.

    Raises:
        ConfigError: It is in none of the places.

    """
    package = Path(__file__).resolve().parents[1]
    tried = []
    for parent in package.parents:
        for candidate in (parent / relative, parent / "share" / "wam_ros" / relative):
            if parent == package.parent or candidate.parts[-len(Path(relative).parts) - 1] == "wam_ros":
                tried.append(candidate)
                if candidate.exists():
                    return candidate
    msg = f"{relative} of wam_ros is not installed; looked for {', '.join(map(str, tried))}"
    raise ConfigError(msg)
