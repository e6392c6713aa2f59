"""Tags: of TagSpecifications in creates, their limits, and CreateTags, DeleteTags, DescribeTags."""

import re

from .actions import Call, action
from .describe import matches, paged
from .errors import ApiError
from .state import NOT_FOUND, PREFIX, Obj

MAX_TAGS = 50
_ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")


def check(tags: list[dict]) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in tags:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not 1 <= len(key) <= 127 or len(value) > 255:
            raise ApiError("InvalidParameterValue", f"Tag key or value has an invalid length: '{key}'")
        if key.lower().startswith("aws:"):
            raise ApiError("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
        if not _ALLOWED.fullmatch(key) or not _ALLOWED.fullmatch(value):
            raise ApiError("InvalidParameterValue", f"Tag '{key}' has characters that are not allowed")
        if key in found:
            raise ApiError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
        found[key] = value
    if len(found) > MAX_TAGS:
        raise ApiError("TagLimitExceeded", f"The maximum number of tags for a resource is {MAX_TAGS}")
    return found


def specified(params: dict, *kinds: str) -> dict[str, dict[str, str]]:
    """{kind: tags} of TagSpecifications; a kind that this call does not make is refused."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
    given: set[str] = set()
    for each in params.get("TagSpecifications", []):
        kind = each.get("ResourceType", "")
        if kind not in kinds:
            raise ApiError(
                "InvalidParameterValue", f"'{kind}' is not a valid taggable resource type for this operation."
            )
        if kind in given:
            raise ApiError("InvalidParameterValue", f"Duplicate resource type '{kind}' in TagSpecification")
        given.add(kind)
        if not each.get("Tags"):
            raise ApiError("InvalidParameterValue", "Tag specification must have at least one tag")
        found[kind] = check(each["Tags"])
    return found


def _kind_of(name: str) -> str:
    prefix = name.rpartition("-")[0]
    kinds = [kind for kind, each in PREFIX.items() if each == prefix]
    if not kinds:
        raise ApiError("InvalidID", f"The ID '{name}' is not valid")
    return kinds[0]


def _targets(call: Call, params: dict) -> list[Obj]:
    found = []
    for name in params["Resources"]:
        kind = _kind_of(name)
        found.append(call.region.need(kind, name, NOT_FOUND.get(kind, "InvalidID")))
    return found


@action("ec2", "CreateTags")
def create_tags(call: Call, params: dict) -> dict:
    tags, targets = check(params["Tags"]), _targets(call, params)
    for obj in targets:
        if len({**obj.tags, **tags}) > MAX_TAGS:
            raise ApiError("TagLimitExceeded", f"The maximum number of tags for a resource is {MAX_TAGS}")
    for obj in targets:
        obj.tags.update(tags)
    return {}


@action("ec2", "DeleteTags")
def delete_tags(call: Call, params: dict) -> dict:
    for obj in _targets(call, params):
        for tag in params.get("Tags") or [{"Key": key} for key in obj.tags]:
            if tag.get("Value", obj.tags.get(tag["Key"])) == obj.tags.get(tag["Key"]):
                obj.tags.pop(tag["Key"], None)
    return {}


@action("ec2", "DescribeTags")
def describe_tags(call: Call, params: dict) -> dict:
    rows = [
        {"ResourceId": obj.id, "ResourceType": obj.kind, "Key": key, "Value": value}
        for obj in call.region.objects.values()
        if obj.visible
        for key, value in sorted(obj.tags.items())
    ]
    names = {"key": "Key", "value": "Value", "resource-id": "ResourceId", "resource-type": "ResourceType"}
    for each in params.get("Filters", []):
        name = each.get("Name", "")
        tag = name.removeprefix("tag:")
        if name.startswith("tag:"):
            rows = [row for row in rows if row["Key"] == tag and matches(row["Value"], each.get("Values", []))]
        elif name in names:
            rows = [row for row in rows if matches(row[names[name]], each.get("Values", []))]
        else:
            raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")
    page, token = paged(call, params, rows)
    return {"Tags": page, "NextToken": token}
