"""RunInstances: what is refused, and what is made."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from .actions import Call, action
from .catalog import IMAGES, TYPES, Image, InstanceType, no_capacity, not_offered, parameter
from .ec2_instance import render, reservation
from .ec2_vpc import ensure_default, next_address
from .errors import ApiError
from .lifecycle import boot
from .state import Obj
from .tags import specified

USER_DATA_MAX = 16384


@dataclass
class Plan:
    image: Image
    type: InstanceType
    subnet: Obj
    groups: list[Obj]
    interface: dict[str, Any]
    user_data: bytes


def _image(call: Call, params: dict) -> Image:
    name = params.get("ImageId", "")
    if not name:
        raise ApiError("MissingParameter", "The request must contain the parameter ImageId")
    if name.startswith("resolve:ssm:"):
        name = parameter(name.removeprefix("resolve:ssm:")) or name
    if name not in IMAGES:
        code = "InvalidAMIID.NotFound" if name.startswith("ami-") else "InvalidAMIID.Malformed"
        raise ApiError(code, f"The image id '[{name}]' does not exist")
    return IMAGES[name]


def _user_data(params: dict) -> bytes:
    try:
        data = base64.b64decode(params.get("UserData", ""), validate=True)
    except binascii.Error:
        raise ApiError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.") from None
    if len(data) > USER_DATA_MAX:
        raise ApiError("InvalidParameterValue", "User data is limited to 16384 bytes")
    return data


def _network(call: Call, params: dict) -> tuple[Obj, list[Obj], dict]:
    interfaces = params.get("NetworkInterfaces", [])
    if interfaces and any(
        params.get(name) for name in ("SubnetId", "SecurityGroupIds", "SecurityGroups", "PrivateIpAddress")
    ):
        raise ApiError(
            "InvalidParameterCombination",
            "Network interfaces and an instance-level subnet ID or security groups "
            "may not be specified on the same request",
        )
    interface: dict[str, Any] = (
        interfaces[0] if interfaces else {"SubnetId": params.get("SubnetId"), "Groups": params.get("SecurityGroupIds")}
    )
    if interfaces and interface.get("DeviceIndex") != 0:
        raise ApiError("InvalidParameterValue", "The primary network interface needs DeviceIndex 0")
    if len(interfaces) > 1:
        raise ApiError("InvalidParameterValue", "the fake knows one interface")
    ensure_default(call)
    if interface.get("SubnetId"):
        subnet = call.region.need("subnet", interface["SubnetId"])
    else:
        zone = params.get("Placement", {}).get("AvailabilityZone")
        default = [
            each for each in call.region.where("subnet", DefaultForAz=True) if zone in (None, each["AvailabilityZone"])
        ]
        if not default:
            raise ApiError("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
        subnet = default[0]
    names = interface.get("Groups") or []
    groups = [call.region.need("security-group", name) for name in names] or call.region.where(
        "security-group", VpcId=subnet["VpcId"], GroupName="default"
    )
    for group in groups:
        if group["VpcId"] != subnet["VpcId"]:
            raise ApiError(
                "InvalidParameter", f"Security group {group.id} and subnet {subnet.id} belong to different networks."
            )
    return subnet, groups, interface


def _vcpus_in_use(call: Call) -> int:
    return sum(
        TYPES[each["InstanceType"]].vcpus
        for each in call.region.of("instance")
        if each["State"]["Name"] in ("pending", "running", "shutting-down")
    )


def _plan(call: Call, params: dict) -> Plan:
    image, data = _image(call, params), _user_data(params)
    kind = params.get("InstanceType", "m1.small")
    if kind not in TYPES:
        raise ApiError("InvalidParameterValue", f"Invalid value '{kind}' for InstanceType.")
    if params["MinCount"] != 1 or params["MaxCount"] != 1:
        raise ApiError("InvalidParameterValue", "the fake starts one instance at a time")
    if params.get("KeyName"):
        raise ApiError("InvalidKeyPair.NotFound", f"The key pair '{params['KeyName']}' does not exist")
    subnet, groups, interface = _network(call, params)
    zone = subnet["AvailabilityZone"]
    asked = params.get("Placement", {}).get("AvailabilityZone", zone)
    if asked != zone:
        raise ApiError("InvalidParameterValue", f"The availability zone '{asked}' is not that of subnet '{subnet.id}'")
    if TYPES[kind].architecture != image.architecture:
        raise ApiError(
            "InvalidParameterValue",
            f"The architecture '{TYPES[kind].architecture}' of the specified instance type "
            f"does not match the architecture '{image.architecture}' of the specified AMI.",
        )
    _check_hardware(params)
    if not_offered(call.config, kind, zone):
        raise ApiError(
            "Unsupported",
            f"Your requested instance type ({kind}) is not supported in your requested Availability "
            f"Zone ({zone}). Please retry your request by not specifying an Availability Zone or choosing another.",
        )
    limit = call.config["quotas"]["vcpu"]
    if _vcpus_in_use(call) + TYPES[kind].vcpus > limit:
        raise ApiError(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {limit} "
            "allows for the instance bucket that the specified instance type belongs to.",
        )
    if no_capacity(call.config, kind, zone):
        raise ApiError(
            "InsufficientInstanceCapacity",
            f"We currently do not have sufficient {kind} capacity in the " f"Availability Zone you requested ({zone}).",
            500,
        )
    return Plan(image, TYPES[kind], subnet, groups, interface, data)


def _check_hardware(params: dict) -> None:
    hops = params.get("MetadataOptions", {}).get("HttpPutResponseHopLimit", 1)
    if not 1 <= hops <= 64:
        raise ApiError("InvalidParameterValue", f"Value ({hops}) for parameter HttpPutResponseHopLimit is invalid.")
    for each in params.get("BlockDeviceMappings", []):
        size, kind = each.get("Ebs", {}).get("VolumeSize"), each.get("Ebs", {}).get("VolumeType", "gp2")
        if "DeviceName" not in each:
            raise ApiError("MissingParameter", "The request must contain the parameter deviceName")
        if size is not None and kind in ("gp2", "gp3") and not 1 <= size <= 65536:
            raise ApiError("InvalidParameterValue", f"Volume of {size}GiB is not between 1 and 65536")
    if params.get("InstanceMarketOptions") or params.get("LaunchTemplate") or params.get("IamInstanceProfile"):
        raise ApiError("InvalidParameterValue", "the fake knows no spot, launch template or instance profile")


def _interface(call: Call, plan: Plan, instance: Obj, tags: dict) -> Obj:
    region, given = call.region, plan.interface
    data = {
        "SubnetId": plan.subnet.id,
        "VpcId": plan.subnet["VpcId"],
        "AvailabilityZone": plan.subnet["AvailabilityZone"],
        "OwnerId": call.account,
        "Status": "in-use",
        "RequesterManaged": False,
        "InterfaceType": "interface",
        "PrivateIpAddress": given.get("PrivateIpAddress") or next_address(plan.subnet),
        "Description": given.get("Description", ""),
        "SourceDestCheck": True,
        "MacAddress": call.world.new_mac(),
        "Groups": [{"GroupId": group.id, "GroupName": group["GroupName"]} for group in plan.groups],
        "Attachment": {
            "AttachmentId": call.world.new_id("attachment"),
            "DeviceIndex": 0,
            "InstanceId": instance.id,
            "InstanceOwnerId": call.account,
            "Status": "attached",
            "DeleteOnTermination": given.get("DeleteOnTermination", True),
        },
    }
    eni = region.add("network-interface", data, tags)
    if given.get("AssociatePublicIpAddress", plan.subnet["MapPublicIpOnLaunch"]):
        eni.data["Association"] = {"IpOwnerId": "amazon", "PublicIp": call.world.new_address()}
        instance.data["PublicIpAddress"] = eni["Association"]["PublicIp"]
    instance.data["PrivateIpAddress"] = eni["PrivateIpAddress"]
    return eni


def _volumes(call: Call, plan: Plan, params: dict, instance: Obj, tags: dict) -> None:
    wanted: dict[str, dict[str, Any]] = {plan.image.root: {"VolumeSize": plan.image.size_gib, "VolumeType": "gp3"}}
    for each in params.get("BlockDeviceMappings", []):
        wanted[each["DeviceName"]] = {**wanted.get(each["DeviceName"], {}), **each.get("Ebs", {})}
    for device, ebs in wanted.items():
        if device == plan.image.root and ebs["VolumeSize"] < plan.image.size_gib:
            raise ApiError(
                "InvalidBlockDeviceMapping",
                f"Volume of size {ebs['VolumeSize']}GB is smaller than snapshot "
                f"'snap-0{plan.image.id[5:]}', expect size >= {plan.image.size_gib}GB",
            )
        if "VolumeSize" not in ebs:
            raise ApiError("MissingParameter", "The request must contain the parameter size or snapshotId")
    for device, ebs in wanted.items():
        keep = not ebs.get("DeleteOnTermination", device == plan.image.root)
        data = {
            "Size": ebs["VolumeSize"],
            "VolumeType": ebs.get("VolumeType", "gp2"),
            "State": "in-use",
            "Encrypted": ebs.get("Encrypted", False),
            "AvailabilityZone": plan.subnet["AvailabilityZone"],
            "CreateTime": call.world.now(),
            "Iops": ebs.get("Iops", 3000),
            "MultiAttachEnabled": False,
            "Attachments": [
                {"Device": device, "InstanceId": instance.id, "State": "attached", "DeleteOnTermination": not keep}
            ],
        }
        if ebs.get("KmsKeyId"):
            data["KmsKeyId"] = ebs["KmsKeyId"]
        call.region.add("volume", data, tags)


def _make(call: Call, plan: Plan, params: dict) -> Obj:
    tags = specified(params, "instance", "volume", "network-interface")
    options = {
        "State": "applied",
        "HttpTokens": "optional",
        "HttpPutResponseHopLimit": 1,
        "HttpEndpoint": "enabled",
        "HttpProtocolIpv6": "disabled",
        "InstanceMetadataTags": "disabled",
        **params.get("MetadataOptions", {}),
    }
    data = {
        "ImageId": plan.image.id,
        "InstanceType": plan.type.name,
        "Architecture": plan.image.architecture,
        "State": {"Code": 0, "Name": "pending"},
        "LaunchTime": call.world.now(),
        "AmiLaunchIndex": 0,
        "RootDeviceName": plan.image.root,
        "RootDeviceType": "ebs",
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "Placement": {"AvailabilityZone": plan.subnet["AvailabilityZone"], "Tenancy": "default"},
        "Monitoring": {"State": "disabled"},
        "SubnetId": plan.subnet.id,
        "VpcId": plan.subnet["VpcId"],
        "MetadataOptions": options,
        "EbsOptimized": params.get("EbsOptimized", False),
        "EnaSupport": True,
        "SourceDestCheck": True,
        "StateTransitionReason": "",
        "ClientToken": params.get("ClientToken", ""),
    }
    instance = Obj("instance", call.world.new_id("instance"), data, tags["instance"])
    instance.own.update(
        user_data=plan.user_data,
        reservation=call.world.new_id("reservation"),
        protected=params.get("DisableApiTermination", False),
        polls=call.config["pending_describes"],
    )
    _volumes(call, plan, params, instance, tags["volume"])
    call.region.add("instance", data, tags["instance"], instance.id).own = instance.own
    made = call.region.objects[instance.id]
    _interface(call, plan, made, tags["network-interface"])
    boot(call, made)
    return made


@action("ec2", "RunInstances")
def run(call: Call, params: dict) -> dict:
    token = params.get("ClientToken")
    made = call.region.remembered(call.action, token, params)
    if made is None:
        made = _make(call, _plan(call, params), params)
        call.region.remember(call.action, token, params, made)
    return reservation(call, made, render(call, made))
