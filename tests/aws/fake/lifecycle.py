"""From pending to running, from shutting-down to terminated: by the number of looks and by the machine behind it."""

import asyncio

from .actions import Call
from .describe import seen
from .ec2_address import unmap
from .state import Obj
from .view import instance_view

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
_TASKS: set[asyncio.Task] = set()


def set_state(instance: Obj, name: str) -> None:
    instance.data["State"] = {"Code": CODES[name], "Name": name}


def _start(coroutine) -> asyncio.Task:
    task = asyncio.get_running_loop().create_task(coroutine)
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
    return task


def boot(call: Call, instance: Obj) -> None:
    call.world.started.add(instance.id)
    instance.own["view"] = instance_view(call.region, instance)
    instance.own["task"] = _start(call.world.hook.start(instance.own["view"], instance.own["user_data"]))


def terminate(call: Call, instance: Obj) -> None:
    set_state(instance, "shutting-down")
    instance.data["StateTransitionReason"] = f"User initiated ({call.world.now():%Y-%m-%d %H:%M:%S} GMT)"
    instance.data["StateReason"] = {
        "Code": "Client.UserInitiatedShutdown",
        "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
    }
    instance.own["polls"] = call.config["terminating_describes"]
    instance.own["task"] = _start(_end(call, instance, instance.own.get("task")))


async def _end(call: Call, instance: Obj, starting: asyncio.Task | None) -> None:
    if starting is not None:
        starting.cancel()
        await asyncio.wait([starting])
    await call.world.hook.stop(instance_view(call.region, instance))


async def tell_changes(call: Call) -> None:
    """After each changing call, and once a machine runs: those whose surroundings are not what they were."""
    for instance in call.region.of("instance"):
        if instance["State"]["Name"] == "running":
            view = instance_view(call.region, instance)
            if any(view[key] != instance.own["view"][key] for key in view if key not in ("PublicIpAddress", "Tags")):
                instance.own["view"] = view
                await call.world.hook.changed(view)


async def _gone(call: Call, instance: Obj) -> None:
    set_state(instance, "terminated")
    for address in call.region.where("elastic-ip", InstanceId=instance.id):
        await unmap(call, address)
    for eni in list(call.region.of("network-interface")):
        attachment = eni.get("Attachment") or {}
        if attachment.get("InstanceId") == instance.id:
            eni.data.update(Status="available")
            eni.data.pop("Attachment")
            eni.data.pop("Association", None)
            if attachment["DeleteOnTermination"]:
                call.region.remove(eni)
    for volume in list(call.region.of("volume")):
        mine = [each for each in volume["Attachments"] if each["InstanceId"] == instance.id]
        if mine:
            volume.data.update(State="available", Attachments=[])
            if mine[0]["DeleteOnTermination"]:
                call.region.remove(volume)
    for name in ("SubnetId", "VpcId", "PrivateIpAddress", "PublicIpAddress"):
        instance.data.pop(name, None)


async def _fail(call: Call, instance: Obj, code: str, text: str) -> None:
    await _gone(call, instance)
    instance.data["StateReason"] = {"Code": code, "Message": f"{code}: {text}"}
    instance.data["StateTransitionReason"] = code


async def _advance(call: Call, instance: Obj) -> None:
    state, task = instance["State"]["Name"], instance.own.get("task")
    if state not in ("pending", "shutting-down"):
        return
    if instance.own["polls"] > 0:
        instance.own["polls"] -= 1
        return
    if task is not None and not task.done():
        return
    instance.own["task"] = None
    if state == "shutting-down":
        await _gone(call, instance)
        return
    error = None if task is None or task.cancelled() else task.exception()
    if call.config["launch_fails"] or error is not None:
        await _fail(
            call, instance, call.config["launch_fails"] or "Server.InternalError", str(error or "Internal error")
        )
    else:
        set_state(instance, "running")
        await tell_changes(call)


async def look(call: Call) -> list[Obj]:
    """One Describe of instances: time passes for all of them."""
    await asyncio.sleep(0)
    found = seen(call, "instance")
    for instance in found:
        await _advance(call, instance)
    return found
