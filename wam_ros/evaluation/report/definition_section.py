"""What the figures mean, and whose definitions they are."""

from __future__ import annotations

from wam_ros.evaluation.report.markup import tag
from wam_ros.evaluation.report.section import Section

_TERMS = (
    ("Route completion", "Share of the route driven, in percent; 100 where the goal was reached. CARLA Leaderboard."),
    (
        "Driving score",
        (
            "Route completion times infraction penalty, mean over routes; a crashed route counts 0. Versions 1.0, "
            "2.0: penalties multiply; 2.1: they add up in the divisor; Bench2Drive 0.0.4: 2.0 without the minimum "
            "speed. Source: the public code of CARLA Leaderboard and Bench2Drive (Jia et al., NeurIPS 2024)."
        ),
    ),
    ("Success", "The goal was reached and nothing happened but low speed. Bench2Drive."),
    (
        "Efficiency, comfort",
        (
            "Mean speed in percent of the traffic's, can exceed 100; share of stretches within the bounds of "
            "comfort. Bench2Drive."
        ),
    ),
    (
        "Collisions at fault",
        (
            "Collisions that the own vehicle caused by the rule of NAVSIM's NC (Dauner et al., NeurIPS 2024), "
            "over kilometres driven. The driving score counts every collision."
        ),
    ),
    (
        "Stopped at green",
        (
            "Standing for over 5 s before a green light with nothing ahead. An event of ours, without a price in "
            "the score."
        ),
    ),
    ("Late plans", "Plans that took effect later than the plan delay of the run."),
    (
        "Plan time",
        (
            "Wall time is of the machine of the run, under whatever load it had. Virtual time is by a stored "
            "table of step times and decides when plans take effect; it is the same on every machine."
        ),
    ),
    (
        "Status",
        (
            "FULL: all planned steps. ANYTIME: complete, cut by the deadline. REUSED: the previous plan moved to "
            "now. STOP: a comfortable stop."
        ),
    ),
    (
        "95 % interval",
        (
            "Percentile bootstrap over routes, open loop over stretches of 10 s, seeded (Efron, 1979). What was "
            "driven is the sample: intervals say nothing of other towns."
        ),
    ),
    (
        "ECE",
        (
            "Expected calibration error: mean gap between belief and share that came true, weighted by samples, "
            "ten bins. Guo et al., ICML 2017."
        ),
    ),
    (
        "AUSE",
        (
            "Area between the curves of the error left when the least confident, or the worst, plans are removed "
            "first; 0 is best. Ilg et al., ECCV 2018."
        ),
    ),
    (
        "AUROC",
        (
            "Chance that of two plans, one followed by an infraction within 4 s, that one had the lower "
            "confidence; 0.5 tells nothing."
        ),
    ),
    (
        "ADE, FDE",
        "Mean distance of all waypoints from where the vehicle was at their time, and that of the last waypoint.",
    ),
    (
        "PDMS, EPDMS",
        (
            "NAVSIM's predictive driver model score (v1.1): progress, time to collision and comfort, times no "
            "collision at fault and drivable area; its extension (v2.2) adds lights, direction, lane keeping and "
            "the plan before. Dauner et al., NeurIPS 2024; Cao et al., CoRL 2025."
        ),
    ),
)


def definition_section() -> Section:
    """For every report the same."""
    parts = (part for term, meaning in _TERMS for part in (tag("dt", term), tag("dd", meaning)))
    return Section.of("definitions", "Definitions", tag("dl", *parts, class_="terms"))
