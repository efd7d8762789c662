"""Small OpenDRIVE texts, as CARLA's own towns are made: several lane sections, lane types, marks, signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Link = tuple[str | None, str | None]  # predecessor and successor lane


def lane(
    number: int,
    link: Link = (None, None),
    *,
    kind: str = "driving",
    width: str = 'a="3.5" b="0" c="0" d="0"',
    mark: str = 'type="broken"',
    more: str = "",
) -> str:
    before, after = link
    links = (f'<predecessor id="{before}"/>' if before else "") + (f'<successor id="{after}"/>' if after else "")
    return (
        f'<lane id="{number}" type="{kind}" level="false"><link>{links}</link><width sOffset="0" {width}/>'
        f'<roadMark sOffset="0" {mark} weight="standard" color="white" width="0.1"/>{more}</lane>'
    )


def section(s: float, lanes: Mapping[int, str], center: str = 'type="solid"') -> str:
    left = "".join(lanes[number] for number in sorted(lanes, reverse=True) if number > 0)
    right = "".join(lanes[number] for number in sorted(lanes, reverse=True) if number < 0)
    mark = f'<roadMark sOffset="0" {center} weight="standard" color="yellow" width="0.1"/>'
    return (
        f'<laneSection s="{s}">'
        + (f"<left>{left}</left>" if left else "")
        + f'<center><lane id="0" type="none" level="false">{mark}</lane></center>'
        + (f"<right>{right}</right>" if right else "")
        + "</laneSection>"
    )


def road(
    number: int,
    x: float,
    length: float,
    sections: Sequence[str],
    *,
    junction: int = -1,
    link: str = "",
    signals: str = "",
    kind: str = "",
    shape: str = "<line/>",
    heading: float = 0.0,
) -> str:
    """A road from (x, 0)."""
    return (
        f'<road name="" length="{length}" id="{number}" junction="{junction}"><link>{link}</link>{kind}'
        f'<planView><geometry s="0" x="{x}" y="0" hdg="{heading}" length="{length}">{shape}</geometry></planView>'
        f'<elevationProfile/><lateralProfile/><lanes><laneOffset s="0" a="0" b="0" c="0" d="0"/>{"".join(sections)}'
        f"</lanes><objects/><signals>{signals}</signals></road>"
    )


def opendrive(*parts: str, header: str = "<geoReference/>") -> str:
    return (
        '<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4" name="" version="1" north="0" south="0"'
        f' east="0" west="0">{header}</header>{"".join(parts)}</OpenDRIVE>'
    )


def town(signals: str = "", inside: str = "") -> str:
    """A road of three sections, a junction of two connections (straight on 2, right on 3), and the roads behind it.

    Lanes 1 and -1 run the whole length; -2 begins at 60 m; between 59.99 m and 60 m is a sliver of a section.
    """
    first = road(
        1,
        0.0,
        100.0,
        [
            section(0.0, {1: lane(1, ("1", "1")), -1: lane(-1, (None, "-1")), -2: lane(-2, kind="sidewalk")}),
            section(59.99, {1: lane(1, ("1", "1")), -1: lane(-1, ("-1", "-1")), -2: lane(-2, kind="shoulder")}),
            section(
                60.0,
                {
                    1: lane(1, ("1", None)),
                    -1: lane(-1, ("-1", None), more='<speed sOffset="0" max="50" unit="km/h"/>'),
                    -2: lane(-2, width='a="3" b="0" c="0" d="0"'),
                    -3: lane(-3, kind="parking"),
                },
            ),
        ],
        link='<successor elementType="junction" elementId="9"/>',
        signals=signals,
        kind='<type s="0" type="town"><speed max="25" unit="mph"/></type>',
    )
    straight = road(
        2,
        100.0,
        20.0,
        [section(0.0, {-1: lane(-1, ("-1", "-1")), -2: lane(-2, ("-2", "-2"))})],
        junction=9,
        link='<predecessor elementType="road" elementId="1" contactPoint="end"/>'
        '<successor elementType="road" elementId="4" contactPoint="start"/>',
        signals=inside,
    )
    right = road(
        3,
        100.0,
        15.7,
        [section(0.0, {-1: lane(-1, ("-2", "-1"))})],
        junction=9,
        link='<predecessor elementType="road" elementId="1" contactPoint="end"/>'
        '<successor elementType="road" elementId="5" contactPoint="start"/>',
        shape='<arc curvature="-0.1"/>',
    ).replace('y="0"', 'y="-3.25"')
    behind = road(
        4,
        120.0,
        50.0,
        [section(0.0, {-1: lane(-1, ("-1", None)), -2: lane(-2, ("-2", None))})],
        link='<predecessor elementType="junction" elementId="9"/>',
    )
    junction = (
        '<junction name="" id="9"><connection id="0" incomingRoad="1" connectingRoad="2" contactPoint="start">'
        '<laneLink from="-1" to="-1"/><laneLink from="-2" to="-2"/></connection>'
        '<connection id="1" incomingRoad="1" connectingRoad="3" contactPoint="start">'
        '<laneLink from="-2" to="-1"/></connection></junction>'
    )
    beside = road(
        5,
        110.0,
        30.0,
        [section(0.0, {-1: lane(-1, ("-1", None))})],
        link='<predecessor elementType="junction" elementId="9"/>',
        heading=-1.5708,
    ).replace('y="0"', 'y="-13.25"')
    return opendrive(first, straight, right, behind, beside, junction)
