"""`wam carla-server`: a town with traffic that any client of CARLA 0.9.16 can use."""

from __future__ import annotations

import argparse
import logging
import signal
from typing import Any

_DEFAULT_PORT = 2000


def add_parser(subparsers: Any) -> None:
    """Add `carla-server`."""
    parser = subparsers.add_parser("carla-server", help="serve an embedded town to clients of CARLA 0.9.16")
    parser.add_argument("--town", default="grid_small", metavar="T", help="name or folder of a town (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of traffic, daylight, houses (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=_DEFAULT_PORT, metavar="P", help="0 = any that is free (%(default)s)"
    )
    parser.add_argument("--streaming-port", type=int, metavar="P", help="default: the port after --port, or any")
    parser.add_argument("--vehicles", type=int, default=25, metavar="N", help="in traffic (%(default)s)")
    parser.add_argument("--pedestrians", type=int, default=15, metavar="N", help="on the way (%(default)s)")
    parser.add_argument("--renderer", choices=("software", "egl"), default="software", help="of cameras (%(default)s)")
    parser.add_argument(
        "--synchronous", action="store_true", help="begin in synchronous mode: the world stands until a client ticks it"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to end; 0 then."""
    from wam_ros.carla_server.server import CarlaServer
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.carla_server.world.world import WorldSettings

    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    streaming_port = args.streaming_port
    if streaming_port is None:
        streaming_port = args.port + 1 if args.port else 0
    settings = WorldSettings(seed=args.seed, vehicles=args.vehicles, pedestrians=args.pedestrians)
    server = CarlaServer(
        Town.load(args.town), settings, args.port, streaming_port, renderer=args.renderer, synchronous=args.synchronous
    )
    received: list[str] = []

    def end(number: int, _frame: object) -> None:
        received.append(signal.Signals(number).name)
        server.stop()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        print(f"carla-server: {args.town}, port {server.port}, streaming port {server.streaming_port}", flush=True)
        server.serve_forever()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        server.close()
    print(f"carla-server: ended by {', '.join(received)}", flush=True)
    return 0
