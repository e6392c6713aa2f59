"""What all Describes share: ids, filters, pages, and objects that cannot be seen yet."""

import base64
import binascii
import fnmatch
import json
import re
import time
from typing import Any, Callable

from .actions import Call
from .errors import ApiError
from .model import operation
from .state import NOT_FOUND, Obj

Filters = dict[str, Callable[[Obj], Any]]  # to the value or a list of values


def matches(value: Any, patterns: list[str]) -> bool:
    values = value if isinstance(value, (list, set, tuple)) else [value]
    texts = [
        {True: "true", False: "false"}.get(each, str(each)) if isinstance(each, bool) else str(each)
        for each in values
        if each is not None
    ]
    # EC2 knows * and ?, and backslash; brackets are only themselves.
    return any(fnmatch.fnmatchcase(text, re.sub(r"\[", "[[]", pattern)) for text in texts for pattern in patterns)


def by_filter(objects: list[Obj], given: list[dict], known: Filters) -> list[Obj]:
    for each in given:
        name, values = each.get("Name"), each.get("Values")
        if not name or not values:
            raise ApiError("InvalidParameterValue", f"The filter '{name}' has no name or no values")
        if len(values) > 200:
            raise ApiError("FilterLimitExceeded", "The maximum number of filter values is 200")
        if name.startswith("tag:"):
            key = name[4:]
            objects = [obj for obj in objects if key in obj.tags and matches(obj.tags[key], values)]
        elif name == "tag-key":
            objects = [obj for obj in objects if matches(list(obj.tags), values)]
        elif name in known:
            objects = [obj for obj in objects if matches(known[name](obj), values)]
        else:
            raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return objects


def seen(call: Call, kind: str) -> list[Obj]:
    """One look at a kind: those that can be seen, after which the others are one look nearer to it."""
    found = []
    for obj in call.region.of(kind):
        if obj.visible:
            found.append(obj)
        obj.hidden = max(0, obj.hidden - 1)
    return found + ghosts(call, kind)


def ghosts(call: Call, kind: str) -> list[Obj]:
    """Those that are gone and still shown; each look is one less. Changing calls do not know them."""
    kept = [obj for obj in call.region.ghosts.values() if obj.kind == kind]
    for obj in kept:
        obj.own["ghost"] -= 1
        if obj.own["ghost"] <= 0 or time.monotonic() >= obj.own["ghost_until"]:
            del call.region.ghosts[obj.id]
    return [obj for obj in kept if time.monotonic() < obj.own["ghost_until"]]


def select(call: Call, params: dict, kind: str, ids: str, known: Filters, code: str = "") -> list[Obj]:
    objects = seen(call, kind)
    wanted = params.get(ids)
    if wanted:
        by_id = {obj.id: obj for obj in objects}
        lacking = [name for name in wanted if name not in by_id]
        if lacking:
            names = ", ".join(lacking)
            raise ApiError(code or NOT_FOUND[kind], f"The {kind} ID '{names}' does not exist")
        objects = [by_id[name] for name in dict.fromkeys(wanted)]
    return by_filter(objects, params.get("Filters", []), known)


def paged(call: Call, params: dict, rows: list, ids: str = "") -> tuple[list, str | None]:
    """The page that was asked for, and the token of the next one (None: that was the last)."""
    shape = operation(call.service, call.action)
    if shape is None or "NextToken" not in shape.output_shape.members:
        return rows, None
    asked, token = params.get("MaxResults"), params.get("NextToken")
    if asked is not None and params.get(ids):
        raise ApiError("InvalidParameterCombination", "The parameter MaxResults cannot be used with a list of ids")
    size = call.config["page_size"] or asked or len(rows) or 1
    if asked is not None and not 5 <= asked <= 1000:
        raise ApiError(
            "InvalidParameterValue", f"Value ( {asked} ) for parameter maxResults is invalid. Expecting 5 to 1000."
        )
    begin = 0
    if token:
        try:
            name, begin = json.loads(base64.b64decode(token, validate=True))
        except (binascii.Error, ValueError, TypeError):
            name = ""
        if name != call.action:
            raise ApiError(
                "InvalidPaginationToken" if call.service == "ec2" else "InvalidNextToken",
                "The specified pagination token is invalid.",
            )
    rest = begin + size < len(rows)
    following = base64.b64encode(json.dumps([call.action, begin + size]).encode()).decode() if rest else None
    return rows[begin : begin + size], following


def describe(
    call: Call,
    params: dict,
    kind: str,
    ids: str,
    output: str,
    known: Filters,
    render: Callable[[Obj], dict],
    code: str = "",
) -> dict:
    objects = select(call, params, kind, ids, known, code)
    page, token = paged(call, params, objects, ids)
    result: dict[str, Any] = {output: [render(obj) for obj in page]}
    if token is not None:
        result["NextToken"] = token
    return result
