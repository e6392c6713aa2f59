"""The instance metadata service of one machine: version 2 with session tokens, the hop limit as the TTL of its answers.
Source: EC2 User Guide, "Use the Instance Metadata Service to access instance metadata"."""
import asyncio
import json
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VERSIONS = ("2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest")
Tree = dict[str, Any]


def tree(instance: dict) -> Tree:
    """What stands below /latest/. A dict is a directory."""
    name, zone, mac = instance["Hostname"], instance["AvailabilityZone"], instance["MacAddress"]
    groups = instance["SecurityGroups"]
    public = {"public-ipv4": instance["PublicIpAddress"]} if instance["PublicIpAddress"] else {}
    card = {
        "device-number": "0", "interface-id": instance["NetworkInterfaceId"], "local-hostname": name,
        "local-ipv4s": instance["PrivateIpAddress"], "mac": mac, "owner-id": instance["OwnerId"],
        "security-group-ids": "\n".join(each["GroupId"] for each in groups),
        "security-groups": "\n".join(each["GroupName"] for each in groups), "subnet-id": instance["SubnetId"],
        "subnet-ipv4-cidr-block": instance["SubnetCidr"], "vpc-id": instance["VpcId"],
        "vpc-ipv4-cidr-block": instance["VpcCidr"],
        **({"public-ipv4s": instance["PublicIpAddress"]} if public else {}),
    }
    data = {
        "ami-id": instance["ImageId"], "ami-launch-index": "0", "ami-manifest-path": "(unknown)",
        "block-device-mapping": {"ami": "/dev/xvda", "root": "/dev/xvda"}, "hostname": name, "instance-action": "none",
        "instance-id": instance["InstanceId"], "instance-life-cycle": "on-demand",
        "instance-type": instance["InstanceType"], "local-hostname": name, "local-ipv4": instance["PrivateIpAddress"],
        "mac": mac, "network": {"interfaces": {"macs": {mac: card}}},
        "placement": {"availability-zone": zone, "region": instance["Region"]}, "profile": "default-hvm",
        "reservation-id": instance["ReservationId"], "security-groups": card["security-groups"],
        "services": {"domain": "amazonaws.com", "partition": "aws"}, **public,
    }
    document = {
        "accountId": instance["OwnerId"], "architecture": instance["Architecture"], "availabilityZone": zone,
        "imageId": instance["ImageId"], "instanceId": instance["InstanceId"], "instanceType": instance["InstanceType"],
        "privateIp": instance["PrivateIpAddress"], "region": instance["Region"], "version": "2017-09-30",
        "pendingTime": "2026-01-01T00:00:00Z", "billingProducts": None, "devpayProductCodes": None, "kernelId": None,
        "marketplaceProductCodes": None, "ramdiskId": None,
    }
    return {"meta-data": data, "dynamic": {"instance-identity": {"document": json.dumps(document)}}}


def look_up(root: Tree, path: list[str]) -> str | None:
    node: Any = root
    for part in path:
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    if isinstance(node, dict):
        return "\n".join(f"{key}/" if isinstance(each, dict) else key for key, each in sorted(node.items()))
    return str(node)


class Metadata:
    """`instance` is asked for at each request: addresses and options change."""

    def __init__(self, instance: Callable[[], dict], user_data: bytes, log: Path):
        self.instance, self.user_data, self.log = instance, user_data, log
        self.tokens: dict[str, float] = {}
        self.server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        self.server = await asyncio.start_server(self._connection, sock=listener)

    def stop(self) -> None:
        if self.server:
            self.server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            hops = int(self.instance()["HttpPutResponseHopLimit"])
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *fields = head.decode("latin-1").split("\r\n")[:-2]
                headers = {key.strip().lower(): value.strip() for key, _, value in (f.partition(":") for f in fields)}
                await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = line.split(" ")
                status, body, more = self.answer(method, target, headers)
                with open(self.log, "a", encoding="utf-8") as f:
                    f.write(f"{self.instance()['InstanceId']} {method} {target} {status}\n")
                writer.write(f"HTTP/1.1 {status} -\r\nContent-Type: text/plain\r\nServer: EC2ws\r\n{more}"
                             f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    def answer(self, method: str, target: str, headers: dict[str, str]) -> tuple[int, bytes, str]:
        instance = self.instance()
        if instance["HttpEndpoint"] == "disabled":
            return 403, b"", ""
        if method == "PUT" and target == "/latest/api/token":
            return self._token(headers)
        if method != "GET":
            return 405, b"", ""
        token = headers.get("x-aws-ec2-metadata-token")
        if token is None and instance["HttpTokens"] == "required":
            return 401, b"", ""
        if token is not None and self.tokens.get(token, 0) < time.monotonic():
            return 401, b"", ""
        path = [part for part in target.split("/") if part]
        if not path:
            return 200, "\n".join(VERSIONS).encode(), ""
        if path[0] not in VERSIONS:
            return 404, b"", ""
        if path[1:] == ["user-data"]:
            return (200, self.user_data, "") if self.user_data else (404, b"", "")
        found = look_up(tree(instance), path[1:])
        return (404, b"", "") if found is None else (200, found.encode(), "")

    def _token(self, headers: dict[str, str]) -> tuple[int, bytes, str]:
        seconds = headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if "x-forwarded-for" in headers:
            return 403, b"", ""
        if not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            return 400, b"", ""
        token = secrets.token_urlsafe(42)
        self.tokens[token] = time.monotonic() + int(seconds)
        return 200, token.encode(), f"X-aws-ec2-metadata-token-ttl-seconds: {seconds}\r\n"
