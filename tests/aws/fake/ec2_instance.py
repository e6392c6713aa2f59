"""Instances after their launch: describe, terminate, stop, start, console."""

import base64

from . import lifecycle
from .actions import Call, action
from .describe import by_filter, paged
from .errors import ApiError
from .state import Obj
from .view import instance_view, primary


def render(call: Call, obj: Obj) -> dict:
    data = {
        "InstanceId": obj.id,
        **obj.data,
        "Tags": obj.tag_list(),
        "BlockDeviceMappings": [],
        "NetworkInterfaces": [],
        "SecurityGroups": [],
    }
    for volume in call.region.of("volume"):
        for at in volume["Attachments"]:
            if at["InstanceId"] == obj.id:
                data["BlockDeviceMappings"].append(
                    {
                        "DeviceName": at["Device"],
                        "Ebs": {
                            "VolumeId": volume.id,
                            "Status": "attached",
                            "AttachTime": volume["CreateTime"],
                            "DeleteOnTermination": at["DeleteOnTermination"],
                        },
                    }
                )
    if obj["State"]["Name"] != "terminated":
        eni = primary(call.region, obj)
        attachment = {key: value for key, value in eni["Attachment"].items() if not key.startswith("Instance")}
        shown = {
            "NetworkInterfaceId": eni.id,
            "SubnetId": eni["SubnetId"],
            "VpcId": eni["VpcId"],
            "Groups": eni["Groups"],
            "PrivateIpAddress": eni["PrivateIpAddress"],
            "Status": "in-use",
            "Attachment": attachment,
            "OwnerId": eni["OwnerId"],
            "MacAddress": eni["MacAddress"],
            "SourceDestCheck": True,
        }
        if eni.get("Association"):
            shown["Association"] = {key: eni["Association"][key] for key in ("IpOwnerId", "PublicIp")}
        data["NetworkInterfaces"], data["SecurityGroups"] = [shown], eni["Groups"]
    return data


def reservation(call: Call, obj: Obj, shown: dict) -> dict:
    return {"ReservationId": obj.own["reservation"], "OwnerId": call.account, "Groups": [], "Instances": [shown]}


def _groups(call: Call, obj: Obj) -> list[str]:
    return (
        []
        if obj["State"]["Name"] == "terminated"
        else [each["GroupId"] for each in primary(call.region, obj)["Groups"]]
    )


@action("ec2", "DescribeInstances")
async def describe_instances(call: Call, params: dict) -> dict:
    objects = await lifecycle.look(call)
    wanted = params.get("InstanceIds")
    if wanted:
        by_id = {obj.id: obj for obj in objects}
        lacking = [name for name in wanted if name not in by_id]
        if lacking:
            plural = "s" if len(lacking) > 1 else ""
            raise ApiError(
                "InvalidInstanceID.NotFound", f"The instance ID{plural} '{', '.join(lacking)}' does not exist"
            )
        objects = [by_id[name] for name in wanted]
    known = {
        "instance-id": lambda o: o.id,
        "instance-state-name": lambda o: o["State"]["Name"],
        "instance-state-code": lambda o: o["State"]["Code"],
        "client-token": lambda o: o["ClientToken"],
        "vpc-id": lambda o: o.get("VpcId"),
        "subnet-id": lambda o: o.get("SubnetId"),
        "network-interface.subnet-id": lambda o: o.get("SubnetId"),
        "network-interface.vpc-id": lambda o: o.get("VpcId"),
        "instance-type": lambda o: o["InstanceType"],
        "image-id": lambda o: o["ImageId"],
        "ip-address": lambda o: o.get("PublicIpAddress"),
        "private-ip-address": lambda o: o.get("PrivateIpAddress"),
        "availability-zone": lambda o: o["Placement"]["AvailabilityZone"],
        "group-id": lambda o: _groups(call, o),
        "instance.group-id": lambda o: _groups(call, o),
        "reservation-id": lambda o: o.own["reservation"],
    }
    found = by_filter(objects, params.get("Filters", []), known)
    page, token = paged(call, params, found, "InstanceIds")
    return {"Reservations": [reservation(call, obj, render(call, obj)) for obj in page], "NextToken": token}


@action("ec2", "DescribeInstanceStatus")
async def status(call: Call, params: dict) -> dict:
    objects = await lifecycle.look(call)
    rows = [
        {
            "InstanceId": obj.id,
            "InstanceState": obj["State"],
            "AvailabilityZone": obj["Placement"]["AvailabilityZone"],
            "InstanceStatus": {"Status": "ok"},
            "SystemStatus": {"Status": "ok"},
        }
        for obj in objects
        if (obj["State"]["Name"] == "running" or params.get("IncludeAllInstances"))
        and obj.id in params.get("InstanceIds", [obj.id])
    ]
    page, token = paged(call, params, rows, "InstanceIds")
    return {"InstanceStatuses": page, "NextToken": token}


def _wanted(call: Call, params: dict) -> list[Obj]:
    return [call.region.need("instance", name) for name in params["InstanceIds"]]


def _change(obj: Obj, before: dict) -> dict:
    return {"InstanceId": obj.id, "PreviousState": before, "CurrentState": obj["State"]}


@action("ec2", "TerminateInstances")
def terminate(call: Call, params: dict) -> dict:
    objects = _wanted(call, params)
    for obj in objects:
        if obj.own["protected"]:
            raise ApiError(
                "OperationNotPermitted",
                f"The instance '{obj.id}' may not be terminated. Modify its "
                "'disableApiTermination' instance attribute and try again.",
            )
    rows = []
    for obj in objects:
        before = obj["State"]
        if before["Name"] not in ("shutting-down", "terminated"):
            lifecycle.terminate(call, obj)
        rows.append(_change(obj, before))
    return {"TerminatingInstances": rows}


@action("ec2", "StopInstances", "StartInstances")
def stop_or_start(call: Call, params: dict) -> dict:
    old, new = ("running", "stopped") if call.action == "StopInstances" else ("stopped", "running")
    rows = []
    for obj in _wanted(call, params):
        before = obj["State"]
        if before["Name"] not in (old, new):
            raise ApiError(
                "IncorrectInstanceState", f"The instance '{obj.id}' is not in a state from which it can be changed."
            )
        lifecycle.set_state(obj, new)
        rows.append(_change(obj, before))
    return {"StoppingInstances" if new == "stopped" else "StartingInstances": rows}


@action("ec2", "RebootInstances")
async def reboot(call: Call, params: dict) -> dict:
    for obj in _wanted(call, params):
        if obj["State"]["Name"] != "running":
            raise ApiError("IncorrectInstanceState", f"The instance '{obj.id}' is not in the 'running' state.")
        await call.world.hook.reboot(instance_view(call.region, obj))
    return {}


@action("ec2", "ModifyInstanceMetadataOptions")
def modify_metadata(call: Call, params: dict) -> dict:
    obj = call.region.need("instance", params["InstanceId"])
    obj["MetadataOptions"].update({key: each for key, each in params.items() if key != "InstanceId"})
    return {"InstanceId": obj.id, "InstanceMetadataOptions": {**obj["MetadataOptions"], "State": "pending"}}


@action("ec2", "ModifyInstanceAttribute")
def modify(call: Call, params: dict) -> dict:
    obj = call.region.need("instance", params["InstanceId"])
    if "DisableApiTermination" in params:
        obj.own["protected"] = params["DisableApiTermination"].get("Value", False)
    return {}


@action("ec2", "GetConsoleOutput")
def console(call: Call, params: dict) -> dict:
    obj = call.region.need("instance", params["InstanceId"])
    text = call.world.hook.console(obj.own["view"])
    return {"InstanceId": obj.id, "Timestamp": call.world.now(), "Output": base64.encodebytes(text).decode()}  # in lines, as EC2's
