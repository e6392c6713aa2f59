"""Elastic Load Balancing, v2 and classic: what a cluster's cloud controller would have made. A balancer holds network
interfaces in its subnets, which go with it."""

from typing import Any

from .actions import Call, action
from .ec2_volume import interface
from .errors import ApiError
from .state import Obj
from .tags import check

_V2, _CLASSIC = "elbv2", "elb"


def _own(call: Call) -> list[Obj]:
    return [each for each in call.region.of("load-balancer") if each.own["api"] == call.service and each.visible]


def _make(call: Call, name: str, tags: list[dict], subnets: list[str], groups: list[str], data: dict[str, Any]) -> Obj:
    if any(each["LoadBalancerName"] == name for each in _own(call)):
        raise ApiError("DuplicateLoadBalancerName", f"A load balancer with the name '{name}' exists")
    places = [call.region.need("subnet", each) for each in subnets]
    guards = [call.region.need("security-group", each) for each in groups]
    data["VpcId" if call.service == _V2 else "VPCId"] = places[0]["VpcId"] if places else "vpc-0"
    balancer = call.region.add("load-balancer", {**data, "LoadBalancerName": name}, check(tags))
    balancer.own["api"] = call.service
    balancer.own["interfaces"] = []
    for place in places:
        eni = interface(call, place, guards, f"ELB {name}", {})
        eni.data.update(Status="in-use", RequesterManaged=True)
        balancer.own["interfaces"].append(eni.id)
    return balancer


def _drop(call: Call, balancer: Obj) -> None:
    for name in balancer.own["interfaces"]:
        eni = call.region.get("network-interface", name)
        if eni is not None:
            call.region.remove(eni)
    call.region.remove(balancer)


@action(_V2, "CreateLoadBalancer")
def create_v2(call: Call, params: dict) -> dict:
    name, kind = params["Name"], params.get("Type", "application")
    number = call.world.random.getrandbits(64)
    short = {"application": "app", "network": "net", "gateway": "gwy"}[kind]
    arn = f"arn:aws:elasticloadbalancing:{call.region.name}:{call.account}:loadbalancer/{short}/{name}/{number:016x}"
    data = {
        "LoadBalancerArn": arn,
        "Type": kind,
        "Scheme": params.get("Scheme", "internet-facing"),
        "DNSName": f"{name}.elb.{call.region.name}.amazonaws.com",
        "State": {"Code": "active"},
        "CreatedTime": call.world.now(),
    }
    made = _make(call, name, params.get("Tags", []), params.get("Subnets", []), params.get("SecurityGroups", []), data)
    return {"LoadBalancers": [made.data]}


@action(_V2, "DescribeLoadBalancers")
def describe_v2(call: Call, params: dict) -> dict:
    found = _own(call)
    for key, name in (("LoadBalancerArns", "LoadBalancerArn"), ("Names", "LoadBalancerName")):
        if params.get(key):
            lacking = set(params[key]) - {each[name] for each in found}
            if lacking:
                raise ApiError("LoadBalancerNotFound", f"Load balancers '{sorted(lacking)}' not found")
            found = [each for each in found if each[name] in params[key]]
    return _page(call, params, found, "LoadBalancers")


def _page(call: Call, params: dict, found: list[Obj], output: str) -> dict:
    size = call.config["page_size"] or params.get("PageSize", 400)
    begin = int(params.get("Marker", "0"))
    result: dict[str, Any] = {output: [each.data for each in found[begin : begin + size]]}
    if begin + size < len(found):
        result["NextMarker"] = str(begin + size)
    return result


@action(_V2, "DescribeTags")
def tags_v2(call: Call, params: dict) -> dict:
    if len(params["ResourceArns"]) > 20:
        raise ApiError("ValidationError", "1 validation error detected: at most 20 resource ARNs")
    return {
        "TagDescriptions": [
            {"ResourceArn": each["LoadBalancerArn"], "Tags": each.tag_list()}
            for each in _by(call, "LoadBalancerArn", params["ResourceArns"], "LoadBalancerNotFound")
        ]
    }


def _by(call: Call, name: str, wanted: list[str], code: str) -> list[Obj]:
    found = {each[name]: each for each in _own(call)}
    lacking = [each for each in wanted if each not in found]
    if lacking:
        raise ApiError(code, f"Load balancer '{lacking[0]}' not found")
    return [found[each] for each in wanted]


@action(_V2, "DeleteLoadBalancer")
def delete_v2(call: Call, params: dict) -> dict:
    for each in _own(call):
        if each["LoadBalancerArn"] == params["LoadBalancerArn"]:
            _drop(call, each)
    return {}


@action(_CLASSIC, "CreateLoadBalancer")
def create_classic(call: Call, params: dict) -> dict:
    name = params["LoadBalancerName"]
    data = {
        "DNSName": f"{name}.{call.region.name}.elb.amazonaws.com",
        "Scheme": params.get("Scheme", "internet-facing"),
        "CreatedTime": call.world.now(),
        "Subnets": params.get("Subnets", []),
    }
    made = _make(call, name, params.get("Tags", []), params.get("Subnets", []), params.get("SecurityGroups", []), data)
    return {"DNSName": made["DNSName"]}


@action(_CLASSIC, "DescribeLoadBalancers")
def describe_classic(call: Call, params: dict) -> dict:
    found = _own(call)
    if params.get("LoadBalancerNames"):
        found = _by(call, "LoadBalancerName", params["LoadBalancerNames"], "LoadBalancerNotFound")
    return _page(call, params, found, "LoadBalancerDescriptions")


@action(_CLASSIC, "DescribeTags")
def tags_classic(call: Call, params: dict) -> dict:
    if len(params["LoadBalancerNames"]) > 20:
        raise ApiError("ValidationError", "1 validation error detected: at most 20 load balancer names")
    return {
        "TagDescriptions": [
            {"LoadBalancerName": each["LoadBalancerName"], "Tags": each.tag_list()}
            for each in _by(call, "LoadBalancerName", params["LoadBalancerNames"], "LoadBalancerNotFound")
        ]
    }


@action(_CLASSIC, "DeleteLoadBalancer")
def delete_classic(call: Call, params: dict) -> dict:
    for each in _own(call):
        if each["LoadBalancerName"] == params["LoadBalancerName"]:
            _drop(call, each)
    return {}
