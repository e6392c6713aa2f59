"""The tests' own side, below /_fake/; JSON in and out. See tests/aws/README.md."""

import asyncio
import copy
import inspect
import json
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .answer import Answer, Request
from .state import Obj, Region

if TYPE_CHECKING:
    from .server import Server


KEPT = ("regions", "sessions", "random", "started", "addresses")


class Refused(Exception):
    pass


def merge(old: dict, new: dict, where: str = "") -> None:
    """Settings are those of config.DEFAULTS, of the same type; `quotas` is merged, all else replaced."""
    for key, value in new.items():
        if key not in old:
            raise Refused(f"unknown setting {where}{key}")
        if not isinstance(value, type(old[key])) and not (isinstance(old[key], float) and isinstance(value, int)):
            raise Refused(f"{where}{key} is a {type(old[key]).__name__}")
        if key == "quotas":
            merge(old[key], value, "quotas.")
        else:
            old[key] = value


def is_live(obj: Obj) -> bool:
    """Counts as something left over: not a terminated instance, not what comes and goes with a VPC or a group."""
    if obj.kind == "instance" and obj["State"]["Name"] == "terminated":
        return False
    return not obj.own.get("implicit") and obj.kind != "security-group-rule"


def as_json(region: Region, obj: Obj) -> dict[str, Any]:
    own = {"associations": obj.own["associations"]} if "associations" in obj.own else {}
    return {
        "region": region.name,
        "kind": obj.kind,
        "id": obj.id,
        "tags": obj.tags,
        "data": {**obj.data, **own},
        "visible": obj.visible,
        "live": is_live(obj),
    }


def objects(server: "Server", live: bool) -> list[dict[str, Any]]:
    return [
        as_json(region, obj)
        for region in server.world.regions.values()
        for obj in region.objects.values()
        if not live or is_live(obj)
    ]


def summary(server: "Server") -> dict[str, Any]:
    kinds: dict[str, int] = {}
    for each in objects(server, True):
        kinds[each["kind"]] = kinds.get(each["kind"], 0) + 1
    acted = [entry["action"] for entry in server.log if entry["acted"]]
    return {
        "requests": len(server.log),
        "mutating": len(acted),
        "acted": acted,
        "kinds": kinds,
        "violations": len(server.violations),
        "launched": len(server.world.started),
    }


async def reset(server: "Server", keep_config: bool) -> dict:
    world = server.world
    for region in world.regions.values():
        for obj in region.of("instance"):
            if obj.own.get("task") is not None:
                obj.own["task"].cancel()
                await asyncio.wait([obj.own["task"]])
    await world.hook.finish()
    config = world.config
    world.reset()
    world.started.clear()
    if keep_config:
        world.config = config
    server.forget()
    return {}


def snapshot(server: "Server", name: str) -> dict:
    """Keep what exists under a name; for servers without machines."""
    world = server.world
    for region in world.regions.values():
        for obj in region.of("instance"):
            if obj.own.get("task") is not None:
                raise Refused(f"{obj.id} is still changing")
    server.kept[name] = copy.deepcopy({key: getattr(world, key) for key in KEPT}, {id(world): world})
    return {}


def restore(server: "Server", name: str) -> dict:
    """As it was at the snapshot; log, faults and held request are forgotten, settings and violations stay."""
    if name not in server.kept:
        raise Refused(f"no snapshot '{name}'")
    for key, value in copy.deepcopy(server.kept[name], {id(server.world): server.world}).items():
        setattr(server.world, key, value)
    violations = server.violations
    server.forget()
    server.violations = violations
    return {}


def _config(server: "Server", given: Any) -> dict:
    if given is not None:
        merge(server.world.config, given)
    return server.world.config


def _faults(server: "Server", method: str, given: Any) -> dict:
    if method == "DELETE":
        server.faults = type(server.faults)()
    elif given is not None:
        server.faults.add(given if isinstance(given, list) else given.get("rules", [given]))
    return server.faults.as_json()


def _forget_terminated(server: "Server") -> dict:
    """Terminated instances are no longer shown, as after an hour."""
    for region in server.world.regions.values():
        for obj in region.where("instance"):
            if obj["State"]["Name"] == "terminated":
                region.remove(obj)
    return {}


def _log(server: "Server", method: str) -> list:
    if method == "DELETE":
        server.log.clear()
    return server.log


def _stop_at(server: "Server", given: Any) -> dict:
    server.faults.add([{"stop_at": given}])
    return server.faults.as_json()


# Of (server, method, query, body).
_PATHS: dict[str, Callable[["Server", str, str, Any], Any]] = {
    "log": lambda server, method, query, given: _log(server, method),
    "objects": lambda server, method, query, given: objects(server, query == "live"),
    "summary": lambda server, method, query, given: summary(server),
    "violations": lambda server, method, query, given: server.violations,
    "config": lambda server, method, query, given: _config(server, given),
    "faults": lambda server, method, query, given: _faults(server, method, given),
    "stop_at": lambda server, method, query, given: _stop_at(server, given),
    "reset": lambda server, method, query, given: reset(server, query == "keep-config"),
    "snapshot": lambda server, method, query, given: snapshot(server, given["name"]),
    "restore": lambda server, method, query, given: restore(server, given["name"]),
    "forget-terminated": lambda server, method, query, given: _forget_terminated(server),
}


async def _run(server: "Server", method: str, path: str, given: Any) -> Any:
    name, _, query = path.removeprefix("/_fake/").partition("?")
    if name not in _PATHS:
        raise Refused(f"nothing here is named {name}")
    said = _PATHS[name](server, method, query, given)
    return await said if inspect.isawaitable(said) else said


async def handle(server: "Server", request: Request) -> Answer:
    try:
        given = json.loads(request.body) if request.body else None
        said, status = await _run(server, request.method, request.path, given), 200
    except (Refused, ValueError) as error:
        said, status = {"error": str(error)}, 400
    except Exception as error:  # a defect of ours: say so
        traceback.print_exc()
        said, status = {"error": repr(error)}, 500
    return Answer(status, json.dumps(said, default=str).encode() + b"\n", {"Content-Type": "application/json"})
