"""What exists: objects with tags, per region; who may see them yet; which tokens were used."""

import copy
import datetime
import hashlib
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .config import DEFAULTS
from .errors import ApiError
from .signature import Key

PREFIX = {
    "vpc": "vpc",
    "internet-gateway": "igw",
    "subnet": "subnet",
    "route-table": "rtb",
    "security-group": "sg",
    "security-group-rule": "sgr",
    "elastic-ip": "eipalloc",
    "instance": "i",
    "volume": "vol",
    "network-interface": "eni",
    "association": "rtbassoc",
    "address-association": "eipassoc",
    "attachment": "eni-attach",
    "reservation": "r",
    "load-balancer": "lb",
    "launch-template": "lt",
}
NOT_FOUND = {
    "vpc": "InvalidVpcID.NotFound",
    "internet-gateway": "InvalidInternetGatewayID.NotFound",
    "subnet": "InvalidSubnetID.NotFound",
    "route-table": "InvalidRouteTableID.NotFound",
    "security-group": "InvalidGroup.NotFound",
    "security-group-rule": "InvalidSecurityGroupRuleId.NotFound",
    "elastic-ip": "InvalidAllocationID.NotFound",
    "instance": "InvalidInstanceID.NotFound",
    "volume": "InvalidVolume.NotFound",
    "network-interface": "InvalidNetworkInterfaceID.NotFound",
    "load-balancer": "LoadBalancerNotFound",
    "launch-template": "InvalidLaunchTemplateId.NotFound",
}


@dataclass
class Obj:
    kind: str
    id: str
    data: dict[str, Any]  # as the output shape spells it, without tags
    tags: dict[str, str] = field(default_factory=dict)
    hidden: int = 0  # describes until it is seen
    seen_at: float = 0.0  # monotonic: not seen before
    shown_at: float = float("inf")  # monotonic: seen from then on, whatever was looked at
    own: dict[str, Any] = field(default_factory=dict)  # the fake's own notes, never answered

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.data.get(name, default)

    @property
    def visible(self) -> bool:
        now = time.monotonic()
        return (self.hidden <= 0 and now >= self.seen_at) or now >= self.shown_at

    def tag_list(self) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())]


class Region:
    def __init__(self, name: str, world: "World"):
        self.name, self.world = name, world
        self.objects: dict[str, Obj] = {}
        self.ghosts: dict[str, Obj] = {}  # deleted, and still described
        self.tokens: dict[tuple[str, str], tuple[str, Any]] = {}

    def of(self, kind: str) -> Iterator[Obj]:
        return (each for each in list(self.objects.values()) if each.kind == kind)

    def where(self, kind: str, **data: Any) -> list[Obj]:
        return [each for each in self.of(kind) if all(each.get(key) == value for key, value in data.items())]

    def add(self, kind: str, data: dict[str, Any], tags: dict[str, str] | None = None, name: str = "") -> Obj:
        config = self.world.config
        obj = Obj(
            kind,
            name or self.world.new_id(kind),
            data,
            dict(tags or {}),
            config["invisible_describes"],
            time.monotonic() + config["invisible_seconds"],
            self.world.lag_end(),
        )
        self.objects[obj.id] = obj
        return obj

    def remove(self, obj: Obj) -> None:
        obj.own["ghost"] = self.world.config["ghost_describes"]
        obj.own["ghost_until"] = self.world.lag_end()
        if self.objects.pop(obj.id, None) is not None and obj.own["ghost"] > 0:
            self.ghosts[obj.id] = obj

    def get(self, kind: str, name: str | None) -> Obj | None:
        obj = self.objects.get(name or "")
        return obj if obj is not None and obj.kind == kind else None

    def need(self, kind: str, name: str, code: str = "") -> Obj:
        """For a changing call: *.NotFound when it is not there, or not seen yet and the test wants that."""
        obj = self.get(kind, name)
        if obj is not None and self.world.config["invisible_to_changes"] and not obj.visible:
            obj.hidden -= 1
            obj = None
        if obj is None:
            raise ApiError(code or NOT_FOUND[kind], f"The {kind} ID '{name}' does not exist")
        return obj

    def zones(self) -> list[str]:
        return [self.name + letter for letter in self.world.config["zones"].get(self.name, "abc")]

    def remembered(self, action: str, token: str | None, params: dict) -> Any:
        """What this client token made; None when it is new. Other parameters: IdempotentParameterMismatch."""
        if not token:
            return None
        if len(token) > 64 or not token.isascii():
            raise ApiError("InvalidParameterValue", "Client token must be at most 64 ASCII characters")
        digest, result = self.tokens.get((action, token), ("", None))
        if result is not None and digest != digest_of(params):
            raise ApiError(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
            )
        return result

    def remember(self, action: str, token: str | None, params: dict, result: Any) -> None:
        if token:
            self.tokens[action, token] = (digest_of(params), result)


def digest_of(params: dict) -> str:
    plain = {key: value for key, value in params.items() if key != "DryRun"}
    text = json.dumps(
        plain, sort_keys=True, default=lambda value: value.hex() if isinstance(value, bytes) else str(value)
    )
    return hashlib.sha256(text.encode()).hexdigest()


class World:
    def __init__(self, hook: Any):
        self.hook = hook
        self.started: set[str] = set()
        self.addresses = 0
        self.reset()

    def reset(self) -> None:
        self.config = copy.deepcopy(DEFAULTS)
        self.regions: dict[str, Region] = {}
        self.sessions: dict[str, Key] = {}
        self.balancers: dict[str, Obj] = {}
        self.random = random.Random(20260101)  # the same ids in each run

    def region(self, name: str) -> Region:
        if name not in self.regions:
            self.regions[name] = Region(name, self)
        return self.regions[name]

    def new_id(self, kind: str) -> str:
        return f"{PREFIX[kind]}-{self.random.getrandbits(68):017x}"

    def lag_end(self) -> float:
        return time.monotonic() + (self.config["lag_at_most"] or float("inf"))

    def new_mac(self) -> str:
        return "06:" + ":".join(f"{self.random.getrandbits(8):02x}" for _ in range(5))

    def new_address(self) -> str:
        self.addresses += 1
        return self.hook.address(self.addresses - 1)

    def now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.config["clock_offset"])

    def keys(self) -> dict[str, Key]:
        lasting = {key_id: Key(secret, arn=self.config["caller_arn"]) for key_id, secret in self.config["keys"].items()}
        return {**lasting, **self.sessions}
