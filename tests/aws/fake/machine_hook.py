"""What stands behind an instance. `--machine MODULE` names a module with any of the functions below; what it lacks is
taken from here, where there is no machine: public addresses come from 127.77.0.0/16, on which nothing listens, so
that SSH is refused at once and nothing leaves this host.

`instance` is a dict, made anew for each call (view.py): InstanceId, ImageId, InstanceType, Architecture, Tags (a
dict), Region, AvailabilityZone, OwnerId, ReservationId, Hostname, PrivateIpAddress, PublicIpAddress ("" without),
MacAddress, NetworkInterfaceId, SubnetId, SubnetCidr, VpcId, VpcCidr, SecurityGroups [{GroupId, GroupName}], Ingress
and Egress [{IpProtocol, FromPort, ToPort, Cidr}] of all its groups, Internet (its subnet has a default route to an
internet gateway that is attached), VolumeSize (GiB, of the root), HttpTokens, HttpEndpoint, HttpPutResponseHopLimit."""

import importlib
import types
from typing import Any


async def start(instance: dict, user_data: bytes) -> None:
    """Boot it. The instance is `pending` until this returns, then `running`. An exception: it goes to `terminated` with
    the state reason Server.InternalError and the exception's text."""


async def stop(instance: dict) -> None:
    """End it and take everything of it away. `shutting-down` until this returns, then `terminated`."""


def address(number: int) -> str:
    """The public address number `number` (from 0, never twice): of AllocateAddress, or of an instance that has
    AssociatePublicIpAddress."""
    return f"127.77.{number // 250 % 250}.{number % 250 + 1}"


async def associate(instance: dict, public: str) -> None:
    """`public` leads to this machine from now on. Done when AssociateAddress answers."""


async def disassociate(public: str) -> None:
    """`public` leads nowhere from now on."""


async def reboot(instance: dict) -> None:
    """RebootInstances."""


async def changed(instance: dict) -> None:
    """Something of the view other than PublicIpAddress and Tags is not what it was at the last call: rules, routes,
    metadata options."""


async def finish() -> None:
    """The server ends, or was reset: every machine is to go."""


def console(instance: dict) -> bytes:
    """For GetConsoleOutput."""
    return b""


NAMES = ("start", "stop", "address", "associate", "disassociate", "reboot", "changed", "finish", "console")


def load(name: str | None) -> Any:
    hook = types.SimpleNamespace(**{each: globals()[each] for each in NAMES})
    if name:
        module = importlib.import_module(name)
        for each in NAMES:
            setattr(hook, each, getattr(module, each, getattr(hook, each)))
    return hook
