"""VPCs, subnets, internet gateways."""

import ipaddress

from .actions import Call, action
from .describe import describe
from .errors import ApiError
from .state import Obj, Region
from .tags import specified


def in_use(text: str) -> ApiError:
    return ApiError("DependencyViolation", text)


def network_of(text: str, code: str) -> ipaddress.IPv4Network:
    try:
        net = ipaddress.IPv4Network(text)
    except ValueError:
        raise ApiError("InvalidParameterValue", f"Value ({text}) for parameter cidrBlock is invalid.") from None
    if not 16 <= net.prefixlen <= 28:
        raise ApiError(code, f"The CIDR '{text}' is invalid.")
    return net


def make_vpc(call: Call, cidr: str, tags: dict[str, str], default: bool = False) -> Obj:
    region = call.region
    data = {
        "CidrBlock": cidr,
        "State": "available",
        "IsDefault": default,
        "InstanceTenancy": "default",
        "OwnerId": call.account,
        "DhcpOptionsId": "dopt-0fake",
        "CidrBlockAssociationSet": [
            {"AssociationId": "vpc-cidr-assoc-0fake", "CidrBlock": cidr, "CidrBlockState": {"State": "associated"}}
        ],
    }
    vpc = region.add("vpc", data, tags)
    vpc.own.update(EnableDnsSupport=True, EnableDnsHostnames=default)
    table = region.add("route-table", {"VpcId": vpc.id, "OwnerId": call.account, "Routes": [local_route(cidr)]})
    table.own["associations"] = {call.world.new_id("association"): None}  # None: the main one
    group = {
        "GroupName": "default",
        "Description": "default VPC security group",
        "VpcId": vpc.id,
        "OwnerId": call.account,
    }
    region.add("security-group", group).own["implicit"] = True
    table.own["implicit"] = True
    return vpc


def local_route(cidr: str) -> dict:
    return {"DestinationCidrBlock": cidr, "GatewayId": "local", "State": "active", "Origin": "CreateRouteTable"}


def ensure_default(call: Call) -> None:
    """The VPC that AWS makes in every region, when the test wants one."""
    if call.config["default_vpc"] and not call.region.where("vpc", IsDefault=True):
        vpc = make_vpc(call, "172.31.0.0/16", {}, True)
        for number, zone in enumerate(call.region.zones()):
            make_subnet(call, vpc, f"172.31.{number * 16}.0/20", zone, {}, True)


@action("ec2", "CreateVpc")
def create_vpc(call: Call, params: dict) -> dict:
    tags = specified(params, "vpc")["vpc"]
    net = network_of(params.get("CidrBlock", ""), "InvalidVpc.Range")
    if len(list(call.region.of("vpc"))) >= call.config["quotas"]["vpc"]:
        raise ApiError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    vpc = make_vpc(call, str(net), tags)
    return {"Vpc": {**render_vpc(vpc), "State": "pending"}}


def render_vpc(obj: Obj) -> dict:
    return {"VpcId": obj.id, **obj.data, "Tags": obj.tag_list()}


@action("ec2", "DescribeVpcs")
def describe_vpcs(call: Call, params: dict) -> dict:
    ensure_default(call)
    known = {
        "vpc-id": lambda o: o.id,
        "state": lambda o: o["State"],
        "is-default": lambda o: o["IsDefault"],
        "isDefault": lambda o: o["IsDefault"],
        "cidr": lambda o: o["CidrBlock"],
        "owner-id": lambda o: o["OwnerId"],
        "cidr-block-association.cidr-block": lambda o: o["CidrBlock"],
    }
    return describe(call, params, "vpc", "VpcIds", "Vpcs", known, render_vpc)


def children(region: Region, vpc: str) -> list[Obj]:
    mine = [
        obj
        for obj in region.objects.values()
        if obj.get("VpcId") == vpc
        and not obj.own.get("implicit")
        and obj.kind in ("subnet", "route-table", "security-group", "network-interface")
    ]
    return mine + attached(region, vpc)


def attached(region: Region, vpc: str) -> list[Obj]:
    return [igw for igw in region.of("internet-gateway") if any(at["VpcId"] == vpc for at in igw["Attachments"])]


@action("ec2", "DeleteVpc")
def delete_vpc(call: Call, params: dict) -> dict:
    vpc = call.region.need("vpc", params["VpcId"])
    if children(call.region, vpc.id):
        raise in_use(f"The vpc '{vpc.id}' has dependencies and cannot be deleted.")
    for obj in [each for each in call.region.objects.values() if each.get("VpcId") == vpc.id]:
        call.region.remove(obj)
    call.region.remove(vpc)
    return {}


@action("ec2", "ModifyVpcAttribute")
def modify_vpc(call: Call, params: dict) -> dict:
    vpc = call.region.need("vpc", params["VpcId"])
    given = {key: each["Value"] for key, each in params.items() if key not in ("VpcId", "DryRun")}
    if len(given) != 1:
        raise ApiError("InvalidParameterCombination", "You may modify only one attribute at a time")
    vpc.own.update(given)
    return {}


@action("ec2", "DescribeVpcAttribute")
def vpc_attribute(call: Call, params: dict) -> dict:
    vpc = call.region.need("vpc", params["VpcId"])
    name = params["Attribute"][0].upper() + params["Attribute"][1:]
    return {"VpcId": vpc.id, name: {"Value": vpc.own.get(name, False)}}


def make_subnet(call: Call, vpc: Obj, cidr: str, zone: str, tags: dict[str, str], public: bool = False) -> Obj:
    net = ipaddress.IPv4Network(cidr)
    data = {
        "VpcId": vpc.id,
        "CidrBlock": cidr,
        "AvailabilityZone": zone,
        "AvailabilityZoneId": zone_id(zone),
        "State": "available",
        "AvailableIpAddressCount": net.num_addresses - 5,
        "DefaultForAz": public,
        "MapPublicIpOnLaunch": public,
        "OwnerId": call.account,
        "AssignIpv6AddressOnCreation": False,
    }
    obj = call.region.add("subnet", data, tags)
    obj.own["used"] = set()
    obj.data["SubnetArn"] = f"arn:aws:ec2:{call.region.name}:{call.account}:subnet/{obj.id}"
    return obj


def zone_id(zone: str) -> str:
    return f"{zone[:2]}{zone.split('-')[1][0]}{zone.split('-')[2][0]}-az{'abcdef'.index(zone[-1]) + 1}"


def next_address(subnet: Obj) -> str:
    hosts = list(ipaddress.IPv4Network(subnet["CidrBlock"]).hosts())[3:]
    free = next((str(host) for host in hosts if str(host) not in subnet.own["used"]), None)
    if free is None:
        raise ApiError(
            "InsufficientFreeAddressesInSubnet", f"There are not enough free addresses in subnet '{subnet.id}'"
        )
    subnet.own["used"].add(free)
    return free


@action("ec2", "CreateSubnet")
def create_subnet(call: Call, params: dict) -> dict:
    tags = specified(params, "subnet")["subnet"]
    vpc = call.region.need("vpc", params["VpcId"])
    net = network_of(params.get("CidrBlock", ""), "InvalidSubnet.Range")
    zone = params.get("AvailabilityZone") or call.region.zones()[0]
    if zone not in call.region.zones():
        raise ApiError(
            "InvalidParameterValue",
            f"Value ({zone}) for parameter availabilityZone is invalid. Subnets can "
            f"currently only be created in the following availability zones: {', '.join(call.region.zones())}.",
        )
    if not net.subnet_of(ipaddress.IPv4Network(vpc["CidrBlock"])):
        raise ApiError("InvalidSubnet.Range", f"The CIDR '{net}' is invalid.")
    for other in call.region.where("subnet", VpcId=vpc.id):
        if net.overlaps(ipaddress.IPv4Network(other["CidrBlock"])):
            raise ApiError("InvalidSubnet.Conflict", f"The CIDR '{net}' conflicts with another subnet")
    return {"Subnet": render_subnet(make_subnet(call, vpc, str(net), zone, tags))}


def render_subnet(obj: Obj) -> dict:
    return {"SubnetId": obj.id, **obj.data, "Tags": obj.tag_list()}


@action("ec2", "DescribeSubnets")
def describe_subnets(call: Call, params: dict) -> dict:
    ensure_default(call)
    known = {
        "subnet-id": lambda o: o.id,
        "vpc-id": lambda o: o["VpcId"],
        "state": lambda o: o["State"],
        "availability-zone": lambda o: o["AvailabilityZone"],
        "default-for-az": lambda o: o["DefaultForAz"],
        "cidr-block": lambda o: o["CidrBlock"],
        "owner-id": lambda o: o["OwnerId"],
        "map-public-ip-on-launch": lambda o: o["MapPublicIpOnLaunch"],
    }
    return describe(call, params, "subnet", "SubnetIds", "Subnets", known, render_subnet)


@action("ec2", "ModifySubnetAttribute")
def modify_subnet(call: Call, params: dict) -> dict:
    subnet = call.region.need("subnet", params["SubnetId"])
    given = {key: each for key, each in params.items() if key != "SubnetId"}
    if len(given) != 1:
        raise ApiError("InvalidParameterCombination", "You may modify only one subnet attribute at a time")
    subnet.data.update({key: each["Value"] if isinstance(each, dict) else each for key, each in given.items()})
    return {}


@action("ec2", "DeleteSubnet")
def delete_subnet(call: Call, params: dict) -> dict:
    subnet = call.region.need("subnet", params["SubnetId"])
    if call.region.where("network-interface", SubnetId=subnet.id):
        raise in_use(f"The subnet '{subnet.id}' has dependencies and cannot be deleted.")
    for table in call.region.of("route-table"):
        kept = {key: each for key, each in table.own["associations"].items() if each != subnet.id}
        table.own["associations"] = kept
    call.region.remove(subnet)
    return {}


def render_gateway(obj: Obj) -> dict:
    return {"InternetGatewayId": obj.id, **obj.data, "Tags": obj.tag_list()}


@action("ec2", "CreateInternetGateway")
def create_gateway(call: Call, params: dict) -> dict:
    tags = specified(params, "internet-gateway")["internet-gateway"]
    if len(list(call.region.of("internet-gateway"))) >= call.config["quotas"]["igw"]:
        raise ApiError("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.")
    igw = call.region.add("internet-gateway", {"Attachments": [], "OwnerId": call.account}, tags)
    return {"InternetGateway": render_gateway(igw)}


@action("ec2", "DescribeInternetGateways")
def describe_gateways(call: Call, params: dict) -> dict:
    known = {
        "internet-gateway-id": lambda o: o.id,
        "owner-id": lambda o: o["OwnerId"],
        "attachment.vpc-id": lambda o: [at["VpcId"] for at in o["Attachments"]],
        "attachment.state": lambda o: [at["State"] for at in o["Attachments"]],
    }
    return describe(call, params, "internet-gateway", "InternetGatewayIds", "InternetGateways", known, render_gateway)


@action("ec2", "AttachInternetGateway")
def attach_gateway(call: Call, params: dict) -> dict:
    igw = call.region.need("internet-gateway", params["InternetGatewayId"])
    vpc = call.region.need("vpc", params["VpcId"])
    if igw["Attachments"]:
        raise ApiError(
            "Resource.AlreadyAssociated",
            f"resource {igw.id} is already attached to network {igw['Attachments'][0]['VpcId']}",
        )
    if attached(call.region, vpc.id):
        raise ApiError("InvalidParameterValue", f"Network {vpc.id} already has an internet gateway attached")
    igw.data["Attachments"] = [{"VpcId": vpc.id, "State": "available"}]
    return {}


@action("ec2", "DetachInternetGateway")
def detach_gateway(call: Call, params: dict) -> dict:
    igw = call.region.need("internet-gateway", params["InternetGatewayId"])
    vpc = call.region.need("vpc", params["VpcId"])
    if igw not in attached(call.region, vpc.id):
        raise ApiError("Gateway.NotAttached", f"resource {igw.id} is not attached to network {vpc.id}")
    if any(eni.get("Association") for eni in call.region.where("network-interface", VpcId=vpc.id)):
        raise in_use(
            f"Network {vpc.id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway."
        )
    igw.data["Attachments"] = []
    return {}


@action("ec2", "DeleteInternetGateway")
def delete_gateway(call: Call, params: dict) -> dict:
    igw = call.region.need("internet-gateway", params["InternetGatewayId"])
    if igw["Attachments"]:
        raise in_use(f"The internetGateway '{igw.id}' has dependencies and cannot be deleted.")
    call.region.remove(igw)
    return {}
