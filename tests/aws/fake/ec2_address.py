"""Elastic addresses, and the public side of network interfaces."""

from .actions import Call, action
from .describe import describe
from .ec2_vpc import attached
from .errors import ApiError
from .state import Obj
from .tags import specified
from .view import instance_view, primary


def render(obj: Obj) -> dict:
    return {"AllocationId": obj.id, **obj.data, "Tags": obj.tag_list()}


@action("ec2", "AllocateAddress")
def allocate(call: Call, params: dict) -> dict:
    tags = specified(params, "elastic-ip")["elastic-ip"]
    if len(list(call.region.of("elastic-ip"))) >= call.config["quotas"]["eip"]:
        raise ApiError("AddressLimitExceeded", "The maximum number of addresses has been reached.")
    data = {
        "PublicIp": call.world.new_address(),
        "Domain": "vpc",
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": call.region.name,
    }
    obj = call.region.add("elastic-ip", data, tags)
    return {"AllocationId": obj.id, **data}


@action("ec2", "DescribeAddresses")
def describe_addresses(call: Call, params: dict) -> dict:
    known = {
        "allocation-id": lambda o: o.id,
        "domain": lambda o: o["Domain"],
        "public-ip": lambda o: o["PublicIp"],
        "instance-id": lambda o: o.get("InstanceId"),
        "association-id": lambda o: o.get("AssociationId"),
        "network-interface-id": lambda o: o.get("NetworkInterfaceId"),
    }
    if params.get("PublicIps"):
        params.setdefault("Filters", []).append({"Name": "public-ip", "Values": params["PublicIps"]})
    return describe(call, params, "elastic-ip", "AllocationIds", "Addresses", known, render)


@action("ec2", "AssociateAddress")
async def associate(call: Call, params: dict) -> dict:
    address = call.region.need("elastic-ip", params.get("AllocationId", ""))
    instance = call.region.need("instance", params.get("InstanceId", ""))
    state = instance["State"]["Name"]
    if state not in ("running", "stopped"):
        raise ApiError(
            "IncorrectInstanceState" if state != "terminated" else "InvalidInstanceID",
            f"The {state} instance '{instance.id}' is not in a valid state for this operation.",
        )
    eni = primary(call.region, instance)
    if not attached(call.region, eni["VpcId"]):
        raise ApiError("Gateway.NotAttached", f"Network {eni['VpcId']} is not attached to any internet gateway")
    held = address.get("NetworkInterfaceId")
    if held == eni.id:
        return {"AssociationId": address["AssociationId"]}
    if held and not params.get("AllowReassociation", True):
        raise ApiError("Resource.AlreadyAssociated", f"resource {address.id} is already associated with {held}")
    other = (eni.get("Association") or {}).get("AllocationId")
    if other and not params.get("AllowReassociation", True):
        raise ApiError("Resource.AlreadyAssociated", f"resource {eni.id} is already associated with address {other}")
    if other:
        await unmap(call, call.region.objects[other])
    if held:
        await unmap(call, address)
    name = call.world.new_id("address-association")
    address.data.update(
        AssociationId=name,
        InstanceId=instance.id,
        NetworkInterfaceId=eni.id,
        NetworkInterfaceOwnerId=call.account,
        PrivateIpAddress=eni["PrivateIpAddress"],
    )
    eni.data["Association"] = {
        "AllocationId": address.id,
        "AssociationId": name,
        "IpOwnerId": call.account,
        "PublicIp": address["PublicIp"],
    }
    instance.data["PublicIpAddress"] = address["PublicIp"]
    await call.world.hook.associate(instance_view(call.region, instance), address["PublicIp"])
    return {"AssociationId": name}


async def unmap(call: Call, address: Obj) -> None:
    eni = call.region.get("network-interface", address.get("NetworkInterfaceId"))
    instance = call.region.get("instance", address.get("InstanceId"))
    for name in ("AssociationId", "InstanceId", "NetworkInterfaceId", "NetworkInterfaceOwnerId", "PrivateIpAddress"):
        address.data.pop(name, None)
    if eni is not None:
        eni.data.pop("Association", None)
    if instance is not None:
        instance.data.pop("PublicIpAddress", None)
    await call.world.hook.disassociate(address["PublicIp"])


@action("ec2", "DisassociateAddress")
async def disassociate(call: Call, params: dict) -> dict:
    name = params.get("AssociationId", "")
    address = next((each for each in call.region.of("elastic-ip") if each.get("AssociationId") == name), None)
    if address is None or not name:
        raise ApiError("InvalidAssociationID.NotFound", f"The association ID '{name}' does not exist")
    await unmap(call, address)
    return {}


@action("ec2", "ReleaseAddress")
def release(call: Call, params: dict) -> dict:
    address = call.region.need("elastic-ip", params.get("AllocationId", ""))
    if address.get("AssociationId"):
        raise ApiError("InvalidIPAddress.InUse", f"Address {address['PublicIp']} is in use.")
    call.region.remove(address)
    return {}
