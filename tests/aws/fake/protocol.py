"""Query requests to values by the model's input shape, values to XML by its output shape. The reverse of botocore's
serializers and parsers, held to them by fake_test.py."""

import datetime
from typing import Any
from urllib.parse import unquote_plus
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape

from .wire_check import Checked

XMLNS = {
    "ec2": "http://ec2.amazonaws.com/doc/2016-11-15/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "elb": "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/",
    "elbv2": "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
}
Tree = dict[str, Any]


def pairs(body: bytes) -> list[tuple[str, str]]:
    text = body.decode("utf-8")
    split = (each.partition("=") for each in text.split("&") if each)
    return [(unquote_plus(key), unquote_plus(value)) for key, _, value in split]


def tree_of(fields: list[tuple[str, str]], check: Checked) -> Tree:
    """ "A.1.B=x" to {"A": {"1": {"B": "x"}}}."""
    root: Tree = {}
    for key, value in fields:
        node: Any = root
        *path, last = key.split(".")
        for part in path:
            node = node.setdefault(part, {}) if isinstance(node, dict) else None
        if not isinstance(node, dict) or last in node:
            check.bad("InvalidParameterCombination", f"{key}: given twice, or both as a value and as a structure")
        else:
            node[last] = value
    return root


def _is_ec2(operation: OperationModel) -> bool:
    return operation.service_model.protocol == "ec2"


def _input_name(name: str, shape: Shape, ec2: bool) -> str:
    if not ec2:
        return shape.serialization.get("name", name)
    if "queryName" in shape.serialization:
        return shape.serialization["queryName"]
    spelled = shape.serialization.get("name", name)
    return spelled[0].upper() + spelled[1:]


def _value(shape: Shape, node: Any, where: str, ec2: bool, check: Checked) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, node, where, ec2, check)
    if kind == "list":
        return _list(shape, node, where, ec2, check)
    if kind == "map":
        return _map(shape, node, where, ec2, check)
    if isinstance(node, dict):
        check.bad("InvalidParameterValue", f"{where}: a structure, not a {kind}")
        return ""
    return check.scalar(shape, node, where)


def _structure(shape: Shape, node: Any, where: str, ec2: bool, check: Checked) -> Tree:
    if not isinstance(node, dict):
        check.bad("InvalidParameterValue", f"{where}: a value, not a structure")
        return {}
    spelled = {_input_name(name, member, ec2): name for name, member in shape.members.items()}
    value: Tree = {}
    for key, below in node.items():
        if key in spelled:
            name = spelled[key]
            value[name] = _value(shape.members[name], below, f"{where}.{key}".lstrip("."), ec2, check)
        else:
            check.bad("UnknownParameter", f"The parameter {where}.{key} is not recognized".replace(" .", " "))
    check.required(shape, value, f"{where}." if where else "")
    return value


def _numbered(node: Any, where: str, check: Checked) -> list[tuple[str, Any]]:
    if not isinstance(node, dict) or sorted(node) != sorted(str(n + 1) for n in range(len(node))):
        check.bad("InvalidParameterValue", f"{where}: not a list numbered from 1")
        return []
    return [(f"{where}.{n + 1}", node[str(n + 1)]) for n in range(len(node))]


def _list(shape: Shape, node: Any, where: str, ec2: bool, check: Checked) -> list:
    if not ec2 and not shape.serialization.get("flattened"):
        if node == "":
            return []  # botocore's way to send an empty list
        inner = shape.member.serialization.get("name", "member")
        if not isinstance(node, dict) or list(node) != [inner]:
            check.bad("InvalidParameterValue", f"{where}: a list is {where}.{inner}.N")
            return []
        where, node = f"{where}.{inner}", node[inner]
    found = [_value(shape.member, each, place, ec2, check) for place, each in _numbered(node, where, check)]
    check.bounds(shape, len(found), where)
    return found


def _map(shape: Shape, node: Any, where: str, ec2: bool, check: Checked) -> Tree:
    value: Tree = {}
    for place, each in _numbered(node.get("entry") if isinstance(node, dict) else None, where, check):
        if isinstance(each, dict) and set(each) == {"key", "value"}:
            value[each["key"]] = _value(shape.value, each["value"], place, ec2, check)
        else:
            check.bad("InvalidParameterValue", f"{place}: not an entry of key and value")
    return value


def parse_query(operation: OperationModel, fields: list[tuple[str, str]], check: Checked) -> Tree:
    if operation.input_shape is None:
        for key, _ in fields:
            check.bad("UnknownParameter", f"The parameter {key} is not recognized")
        return {}
    return _structure(operation.input_shape, tree_of(fields, check), "", _is_ec2(operation), check)


def _text(shape: Shape, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return escape(str(value))


def _element(name: str, shape: Shape, value: Any, out: list[str]) -> None:
    kind = shape.type_name
    if kind == "list" and shape.serialization.get("flattened"):
        for each in value:
            _element(name, shape.member, each, out)
        return
    if kind in ("list", "structure") and not value:
        out.append(f"<{name}/>")
        return
    out.append(f"<{name}>")
    if kind == "structure":
        _members(shape, value, out)
    elif kind == "list":
        for each in value:
            _element(shape.member.serialization.get("name", "member"), shape.member, each, out)
    elif kind == "map":
        for key, each in value.items():
            out.append(f"<entry><key>{escape(key)}</key>")
            _element("value", shape.value, each, out)
            out.append("</entry>")
    else:
        out.append(_text(shape, value))
    out.append(f"</{name}>")


def _members(shape: Shape, value: Tree, out: list[str]) -> None:
    for name, each in value.items():
        if each is None:
            continue
        member = shape.members[name]  # a KeyError: the fake says what AWS's model does not know
        _element(member.serialization.get("name", name), member, each, out)


def answer_xml(operation: OperationModel, service: str, value: Tree, request_id: str) -> bytes:
    name, shape = operation.name, operation.output_shape
    out = [f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}Response xmlns="{XMLNS[service]}">']
    if service == "ec2":
        out.append(f"<requestId>{request_id}</requestId>")
        if shape is not None:
            _members(shape, value, out)
        if shape is None or ("Return" not in shape.members and not value):
            out.append("<return>true</return>")
    else:
        if shape is not None:
            wrapper = shape.serialization.get("resultWrapper", f"{name}Result")
            out.append(f"<{wrapper}>")
            _members(shape, value, out)
            out.append(f"</{wrapper}>")
        out.append(f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>")
    out.append(f"</{name}Response>")
    return "".join(out).encode()


def error_xml(service: str, code: str, message: str, status: int, request_id: str) -> bytes:
    body = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service == "ec2":
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
            + body
            + f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        ).encode()
    side = "Sender" if status < 500 else "Receiver"
    return (
        f'<ErrorResponse xmlns="{XMLNS[service]}"><Error><Type>{side}</Type>'
        + body
        + f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()
