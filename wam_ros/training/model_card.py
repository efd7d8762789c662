"""The model card of a training, filled with what was measured. It leaves no figure to be believed."""

from __future__ import annotations

from collections.abc import Mapping

from wam_ros.training.training_config import TrainingConfig

_CARD = """# {title}

{what}

## Data
{data}

## Recipe
`{command}`

| setting | value |
|---|---|
{settings}

## Measured
{measured}

| figure | value |
|---|---|
{figures}

## Limits
- Trained and measured in simulated towns only, on the expert's own view of what is right there.
- It sees one camera and the present image: nothing behind, nothing beside, no memory.
- Its confidence is {calibration}.

## Safety
For research in simulation. It is not fit to move a vehicle among people; nothing here replaces a safety driver, the
plan monitor or the command guard.
"""

_CALIBRATION = "as the network believes it, or as the maps say that `wam calibrate` left in config.json"


def model_card(config: TrainingConfig, figures: Mapping[str, str]) -> str:
    """Markdown of a stage's result; `figures` by name, of which `Data` and `Command` have their own places."""
    is_stem = config.stage == "stem"
    rest = {name: value for name, value in figures.items() if name not in {"Data", "Command"}}
    measured = (
        "Open loop, on towns that were not trained on. These figures do not say how it drives: see docs/results.md."
        if "ade" in figures
        else "Nothing: no town was held out."
    )
    return _CARD.format(
        title="Regression baseline" if is_stem else f"Masked-diffusion planner, preset {config.preset}",
        what="A convolutional stem and one regression of the plan: what the planner is compared with."
        if is_stem
        else "Plans 4 s from one image, ego state and route by masked diffusion over number tokens.",
        data=figures.get("Data", "not told"),
        command=figures.get("Command", "not told"),
        settings=_rows({name: f"{value}" for name, value in config.as_dict().items()}),
        measured=measured,
        figures=_rows(rest),
        calibration="none" if is_stem else _CALIBRATION,
    )


def _rows(values: Mapping[str, str]) -> str:
    return "\n".join(f"| {name} | {value} |" for name, value in values.items())
