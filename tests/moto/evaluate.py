"""Decides requests by identity policies as IAM does: every resource that an action touches needs a statement that
allows it, with the condition keys that the Service Authorization Reference lists for action and resource type, and no
others. Operators and forms that are not known here are errors, so that nothing is allowed by oversight."""
import dataclasses
import json
import pathlib
import re
from typing import Any, Callable, Iterable

ID_TYPES = {
    "vpc": "vpc", "igw": "internet-gateway", "subnet": "subnet", "rtb": "route-table", "sg": "security-group",
    "eipalloc": "elastic-ip", "i": "instance", "vol": "volume", "eni": "network-interface", "ami": "image",
    "lt": "launch-template",
}
ID = re.compile(r"^([a-z]+)-[0-9a-f]{8,17}$")
MAKES = {
    "CreateVpc": ["vpc"], "CreateInternetGateway": ["internet-gateway"], "AllocateAddress": ["elastic-ip"],
    "CreateSubnet": ["subnet"], "CreateRouteTable": ["route-table"], "CreateSecurityGroup": ["security-group"],
    "RunInstances": ["instance", "volume", "network-interface"], "CreateLaunchTemplate": ["launch-template"],
}


@dataclasses.dataclass
class Check:
    action: str
    arn: str
    context: dict[str, Any]


@dataclasses.dataclass
class Account:
    """What a request's ids stand for, asked at the moment of the request."""
    number: str
    region: str
    tags: Callable[[str], dict[str, str]]
    owner: Callable[[str], str]
    behind: Callable[[str], list[str]]  # ids behind the id of an association


class Reference:
    def __init__(self, path: pathlib.Path) -> None:
        self.services: dict[str, Any] = json.loads(path.read_text())

    def types(self, service: str, action: str) -> dict[str, set[str]]:
        rows = self.services[service]["privileges"][action]["resource_types"]
        common = set(rows.get("", {}).get("condition_keys", []))
        found = {name: set(row.get("condition_keys", [])) | common for name, row in rows.items() if name}
        return found or {"": common}


def parameters(body: dict[str, str], prefix: str) -> list[str]:
    return [value for key, value in sorted(body.items()) if re.match(prefix, key)]


def tag_specification(body: dict[str, str], kind: str) -> dict[str, str]:
    for key, value in body.items():
        found = re.match(r"^(TagSpecification\.\d+)\.ResourceType$", key)
        if found and value == kind:
            return tag_list(body, found[1] + ".Tag")
    return {}


def tag_list(body: dict[str, str], prefix: str) -> dict[str, str]:
    n, tags = 1, {}
    while f"{prefix}.{n}.Key" in body:
        tags[body[f"{prefix}.{n}.Key"]] = body.get(f"{prefix}.{n}.Value", "")
        n += 1
    return tags


def context_of(keys: set[str], account: Account, request_tags: dict[str, str], resource_tags: dict[str, str],
               more: dict[str, str]) -> dict[str, Any]:
    context: dict[str, Any] = {"aws:RequestedRegion": account.region}
    if "aws:RequestTag/${TagKey}" in keys:
        context |= {f"aws:RequestTag/{k}": v for k, v in request_tags.items()}
    if "aws:TagKeys" in keys and request_tags:
        context["aws:TagKeys"] = sorted(request_tags)
    if "aws:ResourceTag/${TagKey}" in keys:
        context |= {f"aws:ResourceTag/{k}": v for k, v in resource_tags.items()}
    return context | {k: v for k, v in more.items() if k in keys}


def ec2_checks(reference: Reference, action: str, body: dict[str, str], account: Account) -> Iterable[Check]:
    types = reference.types("ec2", action)
    arn = f"arn:aws:ec2:{account.region}:{account.number}:"
    if list(types) == [""]:
        yield Check(f"ec2:{action}", "*", context_of(types[""], account, {}, {}, {}))
        return
    makes = list(MAKES.get(action, []))
    if action == "AuthorizeSecurityGroupIngress" and tag_specification(body, "security-group-rule"):
        makes.append("security-group-rule")
    tagging = reference.types("ec2", "CreateTags")
    for kind in makes:
        tags = tag_specification(body, kind)
        yield Check(f"ec2:{action}", f"{arn}{kind}/*", context_of(types[kind], account, tags, {}, {}))
        if tags:
            yield Check("ec2:CreateTags", f"{arn}{kind}/*",
                        context_of(tagging[kind], account, tags, {}, {"ec2:CreateAction": action}))
    ids = [v for v in body.values() if ID.match(v)]
    ids += [behind for v in body.values() for behind in account.behind(v)]
    for one in dict.fromkeys(ids):
        kind = ID_TYPES.get(ID.match(one)[1], "")  # type: ignore[index]
        if kind not in types or kind in makes:
            continue
        request_tags = tag_list(body, "Tag") if action == "CreateTags" else {}
        where = f"arn:aws:ec2:{account.region}::image/" if kind == "image" else f"{arn}{kind}/"
        more = {"ec2:Owner": account.owner(one)} if kind == "image" else {}
        yield Check(f"ec2:{action}", where + one,
                    context_of(types[kind], account, request_tags, account.tags(one), more))


def checks(reference: Reference, service: str, action: str, body: dict[str, str], account: Account) -> list[Check]:
    region = {"aws:RequestedRegion": account.region}
    if service == "ec2":
        return list(ec2_checks(reference, action, body, account)) or [Check(f"ec2:{action}", "*", region)]
    if (service, action) == ("sts", "GetCallerIdentity"):
        return []
    if (service, action) == ("ssm", "GetParameter"):
        return [Check("ssm:GetParameter", f"arn:aws:ssm:{account.region}::parameter{body['Name']}", region)]
    if service == "elasticloadbalancing" and action.startswith("Delete"):
        arn = body.get("LoadBalancerArn") or (f"arn:aws:elasticloadbalancing:{account.region}:{account.number}:"
                                              f"loadbalancer/{body['LoadBalancerName']}")
        tags = {f"aws:ResourceTag/{k}": v for k, v in account.tags(arn).items()}
        return [Check(f"{service}:{action}", arn, region | tags)]
    return [Check(f"{service}:{action}", "*", region)]


def like(pattern: str, text: str) -> bool:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def arn_matches(pattern: str, arn: str) -> bool:
    if pattern == "*":
        return True
    ours, theirs = pattern.split(":", 5), arn.split(":", 5)
    return len(ours) == len(theirs) and all(like(a, b) for a, b in zip(ours, theirs))


def condition_holds(operator: str, key: str, wanted: list[str], context: dict[str, Any]) -> bool:
    compare = {"StringEquals": lambda a, b: a == b, "StringLike": like}
    prefix, _, plain = operator.rpartition(":")
    test = compare[plain]
    given = context.get(key)
    if prefix == "ForAllValues":
        return all(any(test(w, g) for w in wanted) for g in as_list(given or []))
    if prefix or isinstance(given, list):
        raise NotImplementedError(f"{operator} {key}")
    return given is not None and any(test(w, given) for w in wanted)


def statement_allows(statement: dict[str, Any], check: Check) -> bool:
    if set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"} or statement["Effect"] != "Allow":
        raise NotImplementedError(str(statement))
    if not any(like(a.lower(), check.action.lower()) for a in as_list(statement["Action"])):
        return False
    if not any(arn_matches(r, check.arn) for r in as_list(statement["Resource"])):
        return False
    return all(condition_holds(operator, key, as_list(wanted), check.context)
               for operator, keys in statement.get("Condition", {}).items() for key, wanted in keys.items())


def allowed_by(policies: list[dict[str, Any]], check: Check) -> str | None:
    """Sid of the first statement that allows it."""
    for policy in policies:
        for statement in policy["Statement"]:
            if statement_allows(statement, check):
                return statement.get("Sid", "?")
    return None
