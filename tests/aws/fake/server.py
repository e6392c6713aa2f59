"""HTTP/1.1 on loopback, with keep-alive: API requests, checkip, and /_fake/ for the tests."""

import asyncio
import email.utils
import os
import time
from typing import Any

from . import admin, ec2_address, ec2_catalog, ec2_firewall, ec2_instance, ec2_launch, ec2_routes, ec2_volume, ec2_vpc
from . import ec2_template, elb, other_json, sts, tags
from .answer import Answer, Asked, Request, answer, digest, identify
from .faults import Faults, Rule
from .state import World

HANDLERS_OF = (
    ec2_address,
    ec2_catalog,
    ec2_firewall,
    ec2_instance,
    ec2_launch,
    ec2_routes,
    ec2_template,
    ec2_volume,
    ec2_vpc,
    elb,
    other_json,
    sts,
    tags,
)
BODY_MAX = 1 << 20
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    412: "Precondition Failed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


class Cut(Exception):
    """End the connection without another byte."""


class Server:
    def __init__(self, world: World):
        self.world = world
        self.kept: dict[str, Any] = {}  # snapshots by name
        self.forget()

    def forget(self) -> None:
        """As at the start; the machines of the old instances are ended by admin.reset."""
        self.faults = Faults()
        self.log: list[dict[str, Any]] = []
        self.violations: list[dict[str, Any]] = []
        self.number = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await read_request(reader, writer)
                if request is None:
                    return
                await self.one(request, reader, writer)
                if request.headers.get("connection", "").lower() == "close":
                    return
        except (Cut, ConnectionError, asyncio.IncompleteReadError, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def one(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if request.path.startswith("/_fake/"):
            await send(writer, await admin.handle(self, request), 0)
        elif request.method == "GET" and request.path in ("/", "/checkip"):
            text = self.world.config["caller_address"] + "\n"
            await send(
                writer, Answer(200, text.encode(), {"Content-Type": "text/plain"}), self.world.config["clock_offset"]
            )
        else:
            await self.api(request, reader, writer)

    async def api(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number += 1
        asked = Asked(self.number, request_id=f"{self.number:08x}-fa4e-4000-8000-000000000000")
        began = time.monotonic()
        fields = identify(request, asked)
        entry = {
            "number": asked.number,
            "service": asked.service,
            "action": asked.action,
            "region": asked.region,
            "mutating": asked.mutating,
            "dry_run": asked.dry_run,
            "status": 0,
            "code": "",
            "acted": False,
            "fault": "",
        }
        self.log.append(entry)
        rule, stop = self.faults.meet(asked.action), self.faults.hold()
        entry["fault"] = rule.kind if rule else ""
        if stop and stop.when == "before":
            await self.hold(asked, reader)
        if rule and rule.kind == "cut_before":
            raise Cut
        if rule and rule.kind == "delay":
            await asyncio.sleep(rule.args.get("seconds", 1))
        await asyncio.sleep(self.world.config["latency"])
        said = await answer(self.world, self.faults, self.violations, request, asked, fields, rule)
        entry.update(
            status=said.status,
            code=said.code,
            acted=asked.acted,
            digest=digest(asked),
            params=shown(asked.params),
            seconds=round(time.monotonic() - began, 4),
        )
        if stop:
            await self.hold(asked, reader)
        await self.reply(writer, said, rule)

    async def hold(self, asked: Asked, reader: asyncio.StreamReader) -> None:
        """Say that the request is here, then keep the client waiting until it is gone."""
        name = self.world.config["hold_file"]
        if name:
            with open(name + ".new", "w", encoding="utf-8") as file:
                file.write(f"{asked.number} {asked.action}\n")
            os.rename(name + ".new", name)
        await reader.read(1)
        raise Cut

    async def reply(self, writer: asyncio.StreamWriter, said: Answer, rule: Rule | None) -> None:
        offset = self.world.config["clock_offset"]
        if rule is None:
            await send(writer, said, offset)
        elif rule.kind == "cut_after":
            raise Cut
        elif rule.kind == "truncate":
            await send(writer, said, offset, keep=rule.args.get("keep", len(said.body) // 2))
            raise Cut
        elif rule.kind == "slow_header":
            await send(writer, said, offset, slow=rule.args.get("seconds", 1))
        else:
            await send(writer, said, offset + (rule.args.get("seconds", 0) if rule.kind == "date_skew" else 0))


def shown(params: Any) -> Any:
    """Parameters as the log shows them: user data only by its length."""
    if isinstance(params, dict):
        return {
            key: f"<{len(value)} characters>" if key == "UserData" else shown(value) for key, value in params.items()
        }
    return [shown(each) for each in params] if isinstance(params, list) else params


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    line = await reader.readline()
    if not line.strip():
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    size = int(headers.get("content-length", "0"))
    if size > BODY_MAX:
        raise ValueError("body")
    return Request(method, path, headers, await reader.readexactly(size))


async def send(
    writer: asyncio.StreamWriter, said: Answer, offset: float, keep: int | None = None, slow: float = 0
) -> None:
    now = time.time() + offset
    headers = {"Date": email.utils.formatdate(now, usegmt=True), "Content-Length": str(len(said.body)), **said.headers}
    head = f"HTTP/1.1 {said.status} {REASONS.get(said.status, 'Status')}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    if slow:
        for byte in head.encode():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(slow / len(head))
    else:
        writer.write(head.encode())
    writer.write(said.body if keep is None else said.body[:keep])
    await writer.drain()
