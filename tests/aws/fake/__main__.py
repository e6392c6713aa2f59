"""python -m fake: see --help and tests/aws/README.md."""

import argparse
import asyncio
import json
import os
import signal
import sys

from . import admin, machine_hook
from .server import Server
from .state import World


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fake",
        description="A stateful EC2, with STS, SSM, Service Quotas, "
        "Elastic Load Balancing and checkip, on 127.0.0.1. State is in memory.",
        epilog="Tests talk to it below /_fake/: see tests/aws/README.md.",
    )
    parser.add_argument("--port-file", metavar="FILE", help="write the port there when it listens (else on stdout)")
    parser.add_argument("--port", type=int, default=0, help="0 (the default): any free one")
    parser.add_argument("--machine", metavar="MODULE", help="what boots behind RunInstances: see fake/machine_hook.py")
    parser.add_argument("--config", metavar="JSON", help="settings, as POST /_fake/config takes them")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin does")
    return parser.parse_args()


def until_end(done: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        done.set()


async def serve(args: argparse.Namespace) -> None:
    server = Server(World(machine_hook.load(args.machine)))
    if args.config:
        admin.merge(server.world.config, json.loads(args.config))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", args.port, limit=1 << 20)
    port = listening.sockets[0].getsockname()[1]
    if args.port_file:
        with open(args.port_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{port}\n")
        os.rename(args.port_file + ".new", args.port_file)
    else:
        print(port, flush=True)
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    if args.with_parent:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), until_end, done)
    await done.wait()
    await admin.reset(server, False)


if __name__ == "__main__":
    sys.exit(asyncio.run(serve(arguments())))
