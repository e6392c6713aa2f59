"""Security groups and their rules."""

import ipaddress
import re
from typing import Any

from .actions import Call, action
from .describe import describe
from .ec2_vpc import ensure_default, in_use
from .errors import ApiError
from .state import Obj
from .tags import specified

_NAME = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def rules_of(call: Call, group: Obj, egress: bool) -> list[Obj]:
    return [rule for rule in call.region.where("security-group-rule", GroupId=group.id) if rule["IsEgress"] == egress]


def _permissions(rules: list[Obj]) -> list[dict]:
    found: dict[tuple, dict] = {}
    for rule in rules:
        key = (rule["IpProtocol"], rule["FromPort"], rule["ToPort"])
        entry = found.setdefault(key, {"IpProtocol": key[0]})
        if key[0] != "-1":
            entry.update(FromPort=key[1], ToPort=key[2])
        text = {"Description": rule["Description"]} if rule.get("Description") else {}
        if rule.get("CidrIpv4"):
            entry.setdefault("IpRanges", []).append({"CidrIp": rule["CidrIpv4"], **text})
        elif rule.get("CidrIpv6"):
            entry.setdefault("Ipv6Ranges", []).append({"CidrIpv6": rule["CidrIpv6"], **text})
        else:
            other = rule["ReferencedGroupInfo"]
            entry.setdefault("UserIdGroupPairs", []).append({**other, **text})
    return list(found.values())


def render_group(call: Call, obj: Obj) -> dict:
    return {
        "GroupId": obj.id,
        **obj.data,
        "Tags": obj.tag_list(),
        "IpPermissions": _permissions(rules_of(call, obj, False)),
        "IpPermissionsEgress": _permissions(rules_of(call, obj, True)),
    }


def render_rule(obj: Obj) -> dict:
    return {"SecurityGroupRuleId": obj.id, **obj.data, "Tags": obj.tag_list()}


@action("ec2", "CreateSecurityGroup")
def create(call: Call, params: dict) -> dict:
    tags = specified(params, "security-group")["security-group"]
    name, text = params["GroupName"], params["Description"]
    ensure_default(call)
    if "VpcId" in params:
        vpc = call.region.need("vpc", params["VpcId"])
    else:
        default = call.region.where("vpc", IsDefault=True)
        if not default:
            raise ApiError("VPCIdNotSpecified", "No default VPC for this user")
        vpc = default[0]
    if not _NAME.fullmatch(name) or not _NAME.fullmatch(text) or name.startswith("sg-"):
        raise ApiError(
            "InvalidParameterValue",
            f"Value ({name}: {text}) for parameter GroupName or GroupDescription is "
            "invalid. Character sets beyond ASCII are not supported.",
        )
    if call.region.where("security-group", VpcId=vpc.id, GroupName=name):
        raise ApiError("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc.id}'")
    if len(list(call.region.of("security-group"))) >= call.config["quotas"]["sg"]:
        raise ApiError("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
    data = {"GroupName": name, "Description": text, "VpcId": vpc.id, "OwnerId": call.account}
    group = call.region.add("security-group", data, tags)
    group.data["SecurityGroupArn"] = f"arn:aws:ec2:{call.region.name}:{call.account}:security-group/{group.id}"
    anywhere = {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"}
    _add(call, group, True, anywhere, {})
    return {"GroupId": group.id, "Tags": group.tag_list(), "SecurityGroupArn": group["SecurityGroupArn"]}


def _add(call: Call, group: Obj, egress: bool, source: dict, tags: dict) -> Obj:
    return call.region.add(
        "security-group-rule", {"GroupId": group.id, "GroupOwnerId": call.account, "IsEgress": egress, **source}, tags
    )


@action("ec2", "DescribeSecurityGroups")
def describe_groups(call: Call, params: dict) -> dict:
    ensure_default(call)
    known: dict[str, Any] = {
        "group-id": lambda o: o.id,
        "group-name": lambda o: o["GroupName"],
        "vpc-id": lambda o: o["VpcId"],
        "description": lambda o: o["Description"],
        "owner-id": lambda o: o["OwnerId"],
        "ip-permission.cidr": lambda o: [rule.get("CidrIpv4") for rule in rules_of(call, o, False)],
        "ip-permission.from-port": lambda o: [rule["FromPort"] for rule in rules_of(call, o, False)],
    }
    return describe(
        call, params, "security-group", "GroupIds", "SecurityGroups", known, lambda obj: render_group(call, obj)
    )


@action("ec2", "DescribeSecurityGroupRules")
def describe_rules(call: Call, params: dict) -> dict:
    known = {"group-id": lambda o: o["GroupId"], "security-group-rule-id": lambda o: o.id}
    return describe(
        call, params, "security-group-rule", "SecurityGroupRuleIds", "SecurityGroupRules", known, render_rule
    )


@action("ec2", "DeleteSecurityGroup")
def delete(call: Call, params: dict) -> dict:
    group = call.region.need("security-group", params.get("GroupId", ""))
    if group["GroupName"] == "default":
        raise ApiError("CannotDelete", 'the specified group: "default" cannot be deleted by a user')
    used = any(each["GroupId"] == group.id for eni in call.region.of("network-interface") for each in eni["Groups"])
    named = any(
        (rule.get("ReferencedGroupInfo") or {}).get("GroupId") == group.id and rule["GroupId"] != group.id
        for rule in call.region.of("security-group-rule")
    )
    if used or named:
        raise in_use(f"resource {group.id} has a dependent object")
    for rule in call.region.where("security-group-rule", GroupId=group.id):
        call.region.remove(rule)
    call.region.remove(group)
    return {}


def _cidr(text: str, version: type, name: str) -> str:
    try:
        net = version(text, strict=False)
    except ValueError:
        raise ApiError("InvalidParameterValue", f"CIDR block {text} is malformed") from None
    if str(net) != text:
        raise ApiError("InvalidParameterValue", f"{name} {text}: host bits are set, or it is not canonical")
    return text


def _sources(call: Call, params: dict) -> list[dict]:
    """One flat source per rule, whichever way it was written."""
    found = []
    for each in params.get("IpPermissions", []):
        base = {
            "IpProtocol": each.get("IpProtocol"),
            "FromPort": each.get("FromPort", -1),
            "ToPort": each.get("ToPort", -1),
        }
        _check_ports(base)
        for where in each.get("IpRanges", []):
            found.append(
                {
                    **base,
                    "CidrIpv4": _cidr(where.get("CidrIp", ""), ipaddress.IPv4Network, "CidrIp"),
                    "Description": where.get("Description"),
                }
            )
        for where in each.get("Ipv6Ranges", []):
            found.append(
                {
                    **base,
                    "CidrIpv6": _cidr(where.get("CidrIpv6", ""), ipaddress.IPv6Network, "CidrIpv6"),
                    "Description": where.get("Description"),
                }
            )
        for where in each.get("UserIdGroupPairs", []):
            other = call.region.need("security-group", where.get("GroupId", ""))
            found.append(
                {
                    **base,
                    "ReferencedGroupInfo": {"GroupId": other.id, "UserId": call.account},
                    "Description": where.get("Description"),
                }
            )
    if params.get("CidrIp"):
        base = {
            "IpProtocol": params.get("IpProtocol"),
            "FromPort": params.get("FromPort", -1),
            "ToPort": params.get("ToPort", -1),
            "Description": None,
        }
        _check_ports(base)
        found.append({**base, "CidrIpv4": _cidr(params["CidrIp"], ipaddress.IPv4Network, "CidrIp")})
    if not found:
        raise ApiError("MissingParameter", "The request must contain the parameter ipPermissions with a source")
    return found


def _check_ports(base: dict) -> None:
    if base["IpProtocol"] not in ("tcp", "udp", "icmp", "icmpv6", "-1"):
        raise ApiError("InvalidPermission.Malformed", f"Invalid IP protocol '{base['IpProtocol']}'")
    if base["IpProtocol"] in ("tcp", "udp") and not 0 <= base["FromPort"] <= base["ToPort"] <= 65535:
        raise ApiError("InvalidParameterValue", f"Invalid port range {base['FromPort']}-{base['ToPort']}")


def _key(source: Any) -> tuple:
    other = source.get("ReferencedGroupInfo") or {}
    return (
        source.get("IpProtocol"),
        source.get("FromPort"),
        source.get("ToPort"),
        source.get("CidrIpv4"),
        source.get("CidrIpv6"),
        other.get("GroupId"),
    )


@action("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def authorize(call: Call, params: dict) -> dict:
    egress = call.action.endswith("Egress")
    tags = specified(params, "security-group-rule")["security-group-rule"]
    group = call.region.need("security-group", params.get("GroupId", ""))
    sources, old = _sources(call, params), {_key(rule) for rule in rules_of(call, group, egress)}
    for source in sources:
        for text in [source.get("Description") or ""]:
            if not re.fullmatch(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}", text):
                raise ApiError("InvalidParameterValue", f"Invalid rule description '{text}'")
        if _key(source) in old:
            raise ApiError(
                "InvalidPermission.Duplicate",
                f'the specified rule "peer: {source.get("CidrIpv4")}, '
                f'{source["IpProtocol"]}, from port: {source["FromPort"]}, to port: {source["ToPort"]}, ALLOW" '
                "already exists",
            )
        old.add(_key(source))
    if len(old) > call.config["quotas"]["rules"]:
        raise ApiError(
            "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached."
        )
    made = [
        _add(call, group, egress, {key: value for key, value in each.items() if value is not None}, tags)
        for each in sources
    ]
    return {"Return": True, "SecurityGroupRules": [render_rule(rule) for rule in made]}


@action("ec2", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress")
def revoke(call: Call, params: dict) -> dict:
    group = call.region.need("security-group", params.get("GroupId", ""))
    rules = rules_of(call, group, call.action.endswith("Egress"))
    wanted = {_key(each) for each in _sources(call, params)} if not params.get("SecurityGroupRuleIds") else set()
    gone = [rule for rule in rules if rule.id in params.get("SecurityGroupRuleIds", []) or _key(rule) in wanted]
    if len(gone) < max(len(wanted), len(params.get("SecurityGroupRuleIds", []))):
        raise ApiError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    for rule in gone:
        call.region.remove(rule)
    return {"Return": True}
