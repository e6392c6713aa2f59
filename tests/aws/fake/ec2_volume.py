"""Volumes and network interfaces that stand for themselves: leftovers, and what a cluster made."""

from .actions import Call, action
from .describe import describe
from .ec2_vpc import next_address
from .errors import ApiError
from .state import Obj
from .tags import specified


def render_volume(obj: Obj) -> dict:
    attachments = [{**each, "VolumeId": obj.id} for each in obj["Attachments"]]
    return {"VolumeId": obj.id, **obj.data, "Attachments": attachments, "Tags": obj.tag_list()}


@action("ec2", "CreateVolume")
def create_volume(call: Call, params: dict) -> dict:
    token = params.get("ClientToken")
    made = call.region.remembered(call.action, token, params)
    if made is None:
        tags = specified(params, "volume")["volume"]
        if params.get("AvailabilityZone") not in call.region.zones():
            raise ApiError("InvalidZone.NotFound", f"The zone '{params.get('AvailabilityZone')}' does not exist.")
        made = call.region.add(
            "volume",
            {
                "Size": params.get("Size", 8),
                "VolumeType": params.get("VolumeType", "gp2"),
                "State": "available",
                "Encrypted": params.get("Encrypted", False),
                "AvailabilityZone": params["AvailabilityZone"],
                "CreateTime": call.world.now(),
                "Iops": params.get("Iops", 3000),
                "MultiAttachEnabled": False,
                "Attachments": [],
            },
            tags,
        )
        call.region.remember(call.action, token, params, made)
    return render_volume(made)


@action("ec2", "DescribeVolumes")
def describe_volumes(call: Call, params: dict) -> dict:
    known = {
        "volume-id": lambda o: o.id,
        "status": lambda o: o["State"],
        "size": lambda o: o["Size"],
        "attachment.instance-id": lambda o: [each["InstanceId"] for each in o["Attachments"]],
        "attachment.device": lambda o: [each["Device"] for each in o["Attachments"]],
        "attachment.status": lambda o: [each["State"] for each in o["Attachments"]],
        "attachment.delete-on-termination": lambda o: [each["DeleteOnTermination"] for each in o["Attachments"]],
        "availability-zone": lambda o: o["AvailabilityZone"],
        "encrypted": lambda o: o["Encrypted"],
        "volume-type": lambda o: o["VolumeType"],
    }
    return describe(call, params, "volume", "VolumeIds", "Volumes", known, render_volume)


@action("ec2", "AttachVolume")
def attach_volume(call: Call, params: dict) -> dict:
    volume = call.region.need("volume", params["VolumeId"])
    instance = call.region.need("instance", params["InstanceId"])
    if volume["Attachments"]:
        raise ApiError("VolumeInUse", f"{volume.id} is already attached to an instance")
    at = {"Device": params["Device"], "InstanceId": instance.id, "State": "attached", "DeleteOnTermination": False}
    volume.data.update(State="in-use", Attachments=[at])
    return {**at, "VolumeId": volume.id}


@action("ec2", "DetachVolume")
def detach_volume(call: Call, params: dict) -> dict:
    volume = call.region.need("volume", params["VolumeId"])
    if not volume["Attachments"]:
        raise ApiError("IncorrectState", f"Volume '{volume.id}' is in the 'available' state.")
    at = {**volume["Attachments"][0], "State": "detaching", "VolumeId": volume.id}
    volume.data.update(State="available", Attachments=[])
    return at


@action("ec2", "DeleteVolume")
def delete_volume(call: Call, params: dict) -> dict:
    volume = call.region.need("volume", params["VolumeId"])
    if volume["Attachments"]:
        raise ApiError(
            "VolumeInUse", f"Volume {volume.id} is currently attached to {volume['Attachments'][0]['InstanceId']}"
        )
    call.region.remove(volume)
    return {}


def render_interface(obj: Obj) -> dict:
    return {"NetworkInterfaceId": obj.id, **obj.data, "TagSet": obj.tag_list()}


@action("ec2", "CreateNetworkInterface")
def create_interface(call: Call, params: dict) -> dict:
    token = params.get("ClientToken")
    made = call.region.remembered(call.action, token, params)
    if made is None:
        tags = specified(params, "network-interface")["network-interface"]
        subnet = call.region.need("subnet", params["SubnetId"])
        groups = [call.region.need("security-group", name) for name in params.get("Groups", [])]
        made = interface(call, subnet, groups, params.get("Description", ""), tags)
        call.region.remember(call.action, token, params, made)
    return {"NetworkInterface": render_interface(made), "ClientToken": token}


def interface(call: Call, subnet: Obj, groups: list[Obj], text: str, tags: dict) -> Obj:
    return call.region.add(
        "network-interface",
        {
            "SubnetId": subnet.id,
            "VpcId": subnet["VpcId"],
            "AvailabilityZone": subnet["AvailabilityZone"],
            "OwnerId": call.account,
            "Status": "available",
            "RequesterManaged": False,
            "InterfaceType": "interface",
            "PrivateIpAddress": next_address(subnet),
            "Description": text,
            "SourceDestCheck": True,
            "MacAddress": call.world.new_mac(),
            "Groups": [{"GroupId": each.id, "GroupName": each["GroupName"]} for each in groups],
        },
        tags,
    )


@action("ec2", "DescribeNetworkInterfaces")
def describe_interfaces(call: Call, params: dict) -> dict:
    known = {
        "network-interface-id": lambda o: o.id,
        "vpc-id": lambda o: o["VpcId"],
        "subnet-id": lambda o: o["SubnetId"],
        "group-id": lambda o: [each["GroupId"] for each in o["Groups"]],
        "status": lambda o: o["Status"],
        "description": lambda o: o["Description"],
        "requester-managed": lambda o: o["RequesterManaged"],
        "attachment.instance-id": lambda o: (o.get("Attachment") or {}).get("InstanceId"),
        "attachment.status": lambda o: (o.get("Attachment") or {}).get("Status"),
        "attachment.attachment-id": lambda o: (o.get("Attachment") or {}).get("AttachmentId"),
        "availability-zone": lambda o: o["AvailabilityZone"],
        "private-ip-address": lambda o: o["PrivateIpAddress"],
    }
    return describe(
        call, params, "network-interface", "NetworkInterfaceIds", "NetworkInterfaces", known, render_interface
    )


@action("ec2", "DeleteNetworkInterface")
def delete_interface(call: Call, params: dict) -> dict:
    eni = call.region.need("network-interface", params["NetworkInterfaceId"])
    if eni.get("Attachment") or eni["Status"] == "in-use":
        raise ApiError("InvalidNetworkInterface.InUse", f"Network interface '{eni.id}' is currently in use.")
    call.region.remove(eni)
    return {}
