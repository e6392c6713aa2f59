"""Every request held against the service's model: unknown member, wrong type, missing required, enumeration. A request
with a problem is answered 400 and recorded as a violation: no client of AWS would have sent it.

What a spec's author types freely (an instance type) is not the client's fault and is left to the handlers."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from botocore.model import Shape

FREE = {"InstanceType"}
_NUMBERS = {"integer", "long", "float", "double"}


@dataclass
class Problem:
    code: str
    message: str


class Checked:
    """Turns the strings of a Query request into values by their shapes, and gathers what is wrong on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def bad(self, code: str, message: str) -> None:
        self.problems.append(Problem(code, message))

    def scalar(self, shape: Shape, text: str, where: str) -> Any:
        kind = shape.type_name
        if kind == "boolean":
            if text not in ("true", "false"):
                self.bad("InvalidParameterValue", f"{where}: '{text}' is not a boolean")
            return text == "true"
        if kind in _NUMBERS:
            pattern = r"-?[0-9]{1,19}" if kind in ("integer", "long") else r"-?[0-9]+(\.[0-9]+)?"
            if not re.fullmatch(pattern, text):
                self.bad("InvalidParameterValue", f"{where}: '{text}' is not a number ({kind})")
                return 0
            number = int(text) if kind in ("integer", "long") else float(text)
            self.bounds(shape, number, where)
            return number
        if kind == "blob":
            return self.blob(text, where)
        if kind == "timestamp" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
            self.bad("InvalidParameterValue", f"{where}: '{text}' is not a time")
        self.bounds(shape, len(text), where)
        self.enum(shape, text, where)
        return text

    def bounds(self, shape: Shape, size: float, where: str) -> None:
        """Of a number itself, of a string's or a list's length."""
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and size < low) or (high is not None and size > high):
            self.bad("InvalidParameterValue", f"{where}: {size} is not between {low} and {high}")

    def blob(self, text: str, where: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            self.bad("InvalidParameterValue", f"{where}: not base64")
            return b""

    def enum(self, shape: Shape, text: str, where: str) -> None:
        values = getattr(shape, "enum", None)
        if values and shape.name not in FREE and text not in values:
            self.bad("InvalidParameterValue", f"{where}: '{text}' is none of {', '.join(values[:12])}")

    def required(self, shape: Shape, value: dict, where: str) -> None:
        for name in shape.required_members:
            if name not in value:
                self.bad("MissingParameter", f"The request must contain the parameter {where}{name}")

    def json(self, shape: Shape, value: Any, where: str) -> None:
        """A JSON document against its shape."""
        kind = shape.type_name
        fits: Any = {
            "structure": dict,
            "map": dict,
            "list": list,
            "string": str,
            "boolean": bool,
            "integer": int,
            "long": int,
            "float": (int, float),
            "double": (int, float),
            "timestamp": (int, float),
            "blob": str,
        }[kind]
        if not isinstance(value, fits) or (isinstance(value, bool) and kind != "boolean"):
            self.bad("SerializationException", f"{where or 'the document'} is no {kind}")
        elif kind == "structure":
            for name, each in value.items():
                if name in shape.members:
                    self.json(shape.members[name], each, f"{where}{name}.")
                else:
                    self.bad("SerializationException", f"unknown member {where}{name}")
            self.required(shape, value, where)
        elif kind == "list":
            self.bounds(shape, len(value), where)
            for n, each in enumerate(value):
                self.json(shape.member, each, f"{where}{n}.")
        elif kind == "string":
            self.bounds(shape, len(value), where)
            self.enum(shape, value, where)
