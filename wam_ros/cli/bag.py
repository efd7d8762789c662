"""`wam bag`: make, show and repair bags. Composes; what it prints is also in its JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.core.errors import BagError

if TYPE_CHECKING:
    from wam_ros.bags.reader import BagReader

Subparsers = Any  # argparse keeps the type of its sub-parser collection private


def add_parser(subparsers: Subparsers) -> None:
    """Add `bag` with its sub-commands; each sets `run`, a function of the parsed arguments that gives an exit code."""
    parser = subparsers.add_parser("bag", help="make, show and repair bags")
    commands = parser.add_subparsers(dest="bag_command", required=True)
    _add_from_kitti(commands)
    info = commands.add_parser("info", help="what is in a bag")
    info.add_argument("bag", type=Path, metavar="BAG", help="rosbag2 folder, .mcap or .db3 file")
    info.add_argument("--json", type=Path, metavar="OUT", help="write the same as JSON")
    info.set_defaults(run=run_info)
    repair = commands.add_parser("repair", help="make a bag readable whose recorder was killed")
    repair.add_argument("bag", type=Path, metavar="BAG", help="rosbag2 folder or .mcap file")
    repair.set_defaults(run=run_repair)
    film = commands.add_parser("film", help="an MP4 of a drive: camera with the plan drawn in, map, figures")
    film.add_argument("bag", type=Path, metavar="BAG", help="rosbag2 folder, .mcap or .db3 file")
    film.add_argument("out", type=Path, metavar="OUT", help="the .mp4 file")
    film.add_argument("--vehicle", default="passenger_car", help="name or YAML file (%(default)s)")
    film.set_defaults(run=run_film)


def _add_from_kitti(commands: Subparsers) -> None:
    parser = commands.add_parser("from-kitti", help="turn a KITTI odometry sequence into a bag")
    parser.add_argument("sequence", type=Path, metavar="DIR", help="folder with images, calib.txt, poses, times.txt")
    parser.add_argument("out", type=Path, metavar="OUT", help="bag to make; must not exist")
    parser.add_argument("--camera", metavar="NAME", help="image folder, such as image_2; default: the first there is")
    parser.add_argument(
        "--route-extension",
        type=float,
        default=60.0,
        metavar="M",
        help="straight on past the last pose [m] (%(default)s)",
    )
    parser.add_argument(
        "--mounting",
        type=float,
        nargs=3,
        metavar=("X", "Y", "Z"),
        help="left gray camera: before the rear axle, left of it, over the road [m]; default: that of KITTI's car",
    )
    parser.add_argument("--compression", choices=("none", "zstd", "lz4"), default="none", help="(%(default)s)")
    parser.set_defaults(run=run_from_kitti)


def run_from_kitti(args: argparse.Namespace) -> int:
    """`wam bag from-kitti DIR OUT`."""
    import numpy as np

    from wam_ros.bags.kitti import KITTI_MOUNTING, import_kitti
    from wam_ros.core.geometry import SE3

    mounting = KITTI_MOUNTING if args.mounting is None else SE3(KITTI_MOUNTING.rotation, np.array(args.mounting))
    report = import_kitti(
        args.sequence,
        args.out,
        camera=args.camera,
        mounting=mounting,
        route_extension=args.route_extension,
        compression=args.compression,
    )
    print(report)
    return 0


def run_info(args: argparse.Namespace) -> int:
    """`wam bag info BAG`."""
    from wam_ros.bags.reader import BagReader

    with BagReader(args.bag) as reader:
        info = bag_info(reader)
    print(_info_text(info))
    if args.json is not None:
        try:
            args.json.write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")
        except OSError as err:
            msg = f"{args.json}: cannot be written: {err.strerror}"
            raise BagError(msg) from err
    return 0


def run_repair(args: argparse.Namespace) -> int:
    """`wam bag repair BAG`."""
    from wam_ros.bags.repair import repair

    print(repair(args.bag))
    return 0


def bag_info(reader: BagReader) -> dict[str, Any]:
    """What is in a bag, as plain values; null = it has no messages, or too few to tell."""
    first, last = reader.first_ns, reader.last_ns
    duration = None if first is None or last is None else (last - first) / 1e9
    return {
        "path": str(reader.path),
        "messages": reader.message_count,
        "first_ns": first,
        "last_ns": last,
        "duration_s": duration,
        "topics": [
            {
                "name": topic.name,
                "type": topic.type_name,
                "messages": topic.count,
                "rate_hz": (topic.count - 1) / duration if duration and topic.count > 1 else None,
                "latched": topic.latched,
                "rihs01": topic.rihs01,
            }
            for topic in reader.topics.values()
        ],
    }


def _info_text(info: dict[str, Any]) -> str:
    span = "no messages" if info["duration_s"] is None else f"{info['messages']} messages, {info['duration_s']:.3f} s"
    if info["duration_s"] is not None:
        span += f", from {info['first_ns']} ns to {info['last_ns']} ns"
    lines = [f"{info['path']}: {span}"]
    width = max((len(topic["name"]) for topic in info["topics"]), default=0)
    for topic in info["topics"]:
        rate = "" if topic["rate_hz"] is None else f"  {topic['rate_hz']:.1f} Hz"
        latched = "  latched" if topic["latched"] else ""
        lines.append(f"  {topic['name']:<{width}}  {topic['messages']:>7}  {topic['type']}{rate}{latched}")
    return "\n".join(lines)


def run_film(args: argparse.Namespace) -> int:
    """`wam bag film BAG OUT`."""
    from wam_ros.bags.film import film
    from wam_ros.planning.catalog import load_vehicle

    frames = film(args.bag, args.out, load_vehicle(args.vehicle))
    print(f"wrote {args.out}: {frames} frames")
    return 0
