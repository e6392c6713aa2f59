"""Route tables, routes, associations."""

from .actions import Call, action
from .describe import describe
from .ec2_vpc import attached, in_use, local_route
from .errors import ApiError
from .state import Obj
from .tags import specified


def render(obj: Obj) -> dict:
    associations = [
        {
            "RouteTableAssociationId": name,
            "RouteTableId": obj.id,
            "Main": subnet is None,
            "AssociationState": {"State": "associated"},
            **({"SubnetId": subnet} if subnet else {}),
        }
        for name, subnet in obj.own["associations"].items()
    ]
    return {"RouteTableId": obj.id, **obj.data, "Associations": associations, "Tags": obj.tag_list()}


@action("ec2", "CreateRouteTable")
def create(call: Call, params: dict) -> dict:
    token = params.get("ClientToken")
    made = call.region.remembered(call.action, token, params)
    if made is None:
        tags = specified(params, "route-table")["route-table"]
        vpc = call.region.need("vpc", params["VpcId"])
        made = call.region.add(
            "route-table", {"VpcId": vpc.id, "OwnerId": call.account, "Routes": [local_route(vpc["CidrBlock"])]}, tags
        )
        made.own["associations"] = {}
        call.region.remember(call.action, token, params, made)
    return {"RouteTable": render(made), "ClientToken": token}


@action("ec2", "DescribeRouteTables")
def describe_tables(call: Call, params: dict) -> dict:
    known = {
        "route-table-id": lambda o: o.id,
        "vpc-id": lambda o: o["VpcId"],
        "owner-id": lambda o: o["OwnerId"],
        "association.main": lambda o: None in o.own["associations"].values(),
        "association.subnet-id": lambda o: list(o.own["associations"].values()),
        "association.route-table-association-id": lambda o: list(o.own["associations"]),
        "association.route-table-id": lambda o: o.id if o.own["associations"] else None,
        "route.gateway-id": lambda o: [route.get("GatewayId") for route in o["Routes"]],
        "route.destination-cidr-block": lambda o: [route["DestinationCidrBlock"] for route in o["Routes"]],
    }
    return describe(call, params, "route-table", "RouteTableIds", "RouteTables", known, render)


@action("ec2", "DeleteRouteTable")
def delete(call: Call, params: dict) -> dict:
    table = call.region.need("route-table", params["RouteTableId"])
    if table.own["associations"]:
        raise in_use(f"The routeTable '{table.id}' has dependencies and cannot be deleted.")
    call.region.remove(table)
    return {}


def _gateway(call: Call, table: Obj, params: dict) -> dict:
    igw = call.region.need("internet-gateway", params.get("GatewayId", ""), "InvalidGatewayID.NotFound")
    if igw not in attached(call.region, table["VpcId"]):
        raise ApiError(
            "InvalidParameterValue",
            f"route table {table.id} and network gateway {igw.id} belong to different " "networks",
        )
    return {
        "DestinationCidrBlock": params["DestinationCidrBlock"],
        "GatewayId": igw.id,
        "State": "active",
        "Origin": "CreateRoute",
    }


def _route(table: Obj, params: dict) -> dict | None:
    return next(
        (route for route in table["Routes"] if route["DestinationCidrBlock"] == params.get("DestinationCidrBlock")),
        None,
    )


@action("ec2", "CreateRoute")
def create_route(call: Call, params: dict) -> dict:
    table = call.region.need("route-table", params["RouteTableId"])
    if "DestinationCidrBlock" not in params:
        raise ApiError("MissingParameter", "The request must contain the parameter destinationCidrBlock")
    if _route(table, params):
        raise ApiError(
            "RouteAlreadyExists", f"The route identified by {params['DestinationCidrBlock']} already exists."
        )
    table["Routes"].append(_gateway(call, table, params))
    return {"Return": True}


@action("ec2", "ReplaceRoute")
def replace_route(call: Call, params: dict) -> dict:
    table = call.region.need("route-table", params["RouteTableId"])
    route = _route(table, params)
    if route is None:
        raise ApiError("InvalidParameterValue", f"There is no route defined for '{params.get('DestinationCidrBlock')}'")
    route.update(_gateway(call, table, params))
    return {}


@action("ec2", "DeleteRoute")
def delete_route(call: Call, params: dict) -> dict:
    table = call.region.need("route-table", params["RouteTableId"])
    route = _route(table, params)
    if route is None:
        raise ApiError(
            "InvalidRoute.NotFound", f"no route with destination-cidr-block {params.get('DestinationCidrBlock')}"
        )
    table["Routes"].remove(route)
    return {}


@action("ec2", "AssociateRouteTable")
def associate(call: Call, params: dict) -> dict:
    table = call.region.need("route-table", params["RouteTableId"])
    subnet = call.region.need("subnet", params.get("SubnetId", ""))
    if subnet["VpcId"] != table["VpcId"]:
        raise ApiError(
            "InvalidParameterValue", f"Route table {table.id} and subnet {subnet.id} belong to different networks"
        )
    for other in call.region.of("route-table"):
        for name, associated in other.own["associations"].items():
            if associated == subnet.id:
                raise ApiError(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {table.id} "
                    f"conflicts with an existing association {name}",
                )
    name = call.world.new_id("association")
    table.own["associations"][name] = subnet.id
    return {"AssociationId": name, "AssociationState": {"State": "associated"}}


@action("ec2", "DisassociateRouteTable")
def disassociate(call: Call, params: dict) -> dict:
    name = params["AssociationId"]
    table = next((each for each in call.region.of("route-table") if name in each.own["associations"]), None)
    if table is None:
        raise ApiError("InvalidAssociationID.NotFound", f"The association ID '{name}' does not exist")
    if table.own["associations"][name] is None:
        raise ApiError("InvalidParameterValue", f"cannot disassociate the main route table association {name}")
    del table.own["associations"][name]
    return {}
