"""From a request to an answer: which service and action, signature, wire check, rights, handler."""

import datetime
import hashlib
import inspect
import json
import traceback
from dataclasses import dataclass, field
from typing import Any

from . import model, protocol
from .actions import HANDLERS, Call, is_mutating
from .errors import ApiError
from .faults import Faults, Rule
from .lifecycle import tell_changes
from .signature import Key, Scope, scope_of, verify
from .state import World, digest_of
from .wire_check import Checked

REPLACED = ("error", "throttle", "raw", "huge")
UNSIGNED = {"AssumeRoleWithWebIdentity"}


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    code: str = ""


@dataclass
class Asked:
    """One API request, as the log keeps it."""

    number: int
    service: str = "ec2"
    action: str = ""
    region: str = "us-east-1"
    params: dict = field(default_factory=dict)
    dry_run: bool = False
    request_id: str = ""
    acted: bool = False
    key: Key | None = None

    @property
    def mutating(self) -> bool:
        return bool(self.action) and is_mutating(self.action) and not self.dry_run


def is_json(request: Request) -> bool:
    return "x-amz-target" in request.headers


def identify(request: Request, asked: Asked) -> list[tuple[str, str]]:
    """Service and action, before anything is judged: faults go by action. Returns the fields of a Query request."""
    scope = scope_of(request.headers)
    asked.region = scope.region if scope else asked.region
    if is_json(request):
        prefix, _, asked.action = request.headers["x-amz-target"].partition(".")
        asked.service = model.by_target(prefix) or (model.by_signing_name(scope.service) if scope else None) or "ssm"
        return []
    fields = protocol.pairs(request.body)
    named = dict(fields)
    asked.action = named.get("Action", "")
    asked.dry_run = named.get("DryRun") == "true"
    asked.service = (
        model.by_version(named.get("Version", "")) or (model.by_signing_name(scope.service) if scope else None) or "ec2"
    )
    return fields


def _authenticate(world: World, request: Request, asked: Asked, skew: float) -> None:
    if not world.config["signatures"] or asked.action in UNSIGNED:
        return
    now = world.now() + datetime.timedelta(seconds=skew)
    ec2 = asked.service == "ec2"
    scope, key = verify(request.method, request.path, request.headers, request.body, world.keys(), now, ec2)
    _check_scope(scope, asked, ec2)
    asked.key = key


def _check_scope(scope: Scope, asked: Asked, ec2: bool) -> None:
    wanted = model.MODELS[asked.service].signing_name
    if scope.service != wanted:
        raise ApiError(
            "AuthFailure" if ec2 else "SignatureDoesNotMatch",
            f"Credential should be scoped to correct service: '{wanted}'.",
            401 if ec2 else 403,
        )


def _parse(request: Request, asked: Asked, fields: list[tuple[str, str]], violations: list[dict]) -> None:
    check = Checked()
    operation = model.operation(asked.service, asked.action)
    if operation is None:
        check.bad("InvalidAction", f"The action {asked.action} is not valid for this web service.")
    elif is_json(request):
        _parse_json(request, asked, operation, check)
    else:
        _parse_query(request, asked, operation, fields, check)
    if check.problems:
        for problem in check.problems:
            violations.append(
                {"number": asked.number, "action": asked.action, "code": problem.code, "message": problem.message}
            )
        first = check.problems[0]
        raise ApiError(first.code, f"{first.message} (wire check)")


def _parse_json(request: Request, asked: Asked, operation: Any, check: Checked) -> None:
    if request.headers.get("content-type") != "application/x-amz-json-1.1":
        check.bad("SerializationException", "the content type is not application/x-amz-json-1.1")
    try:
        asked.params = json.loads(request.body or b"{}")
    except ValueError:
        check.bad("SerializationException", "the body is not JSON")
        return
    check.json(operation.input_shape, asked.params, "")


def _parse_query(request: Request, asked: Asked, operation: Any, fields: list, check: Checked) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.method != "POST" or request.path != "/" or kind != "application/x-www-form-urlencoded":
        check.bad(
            "MalformedQueryString", f"{request.method} {request.path} {kind}: a Query request is POST / with a form"
        )
    names = [key for key, _ in fields]
    for name in ("Action", "Version"):
        if names.count(name) != 1:
            check.bad("InvalidParameterCombination", f"{name} is given {names.count(name)} times")
    version = dict(fields).get("Version", "")
    if version != model.MODELS[asked.service].api_version:
        check.bad("InvalidAction", f"version {version} is not of this API")
    rest = [(key, value) for key, value in fields if key not in ("Action", "Version")]
    asked.params = protocol.parse_query(operation, rest, check)


def _authorize(world: World, faults: Faults, asked: Asked) -> None:
    if faults.denies(asked.action, world.config["denied"]):
        arn = asked.key.arn if asked.key else world.config["caller_arn"]
        text = f"User: {arn} is not authorized to perform: {asked.service}:{asked.action}"
        if asked.service == "ec2":
            raise ApiError("UnauthorizedOperation", f"You are not authorized to perform this operation. {text}", 403)
        json_code = "AccessDeniedException" if asked.service in ("ssm", "service-quotas") else "AccessDenied"
        raise ApiError(json_code, text, 400 if json_code.endswith("Exception") else 403)
    if asked.dry_run:
        raise ApiError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


async def _act(world: World, asked: Asked, violations: list[dict]) -> dict:
    handler = HANDLERS.get((asked.service, asked.action))
    if handler is None:
        violations.append(
            {"number": asked.number, "action": asked.action, "code": "NotBuilt", "message": "the fake does not know it"}
        )
        raise ApiError("UnsupportedOperation", f"the fake does not know {asked.service}:{asked.action}")
    call = Call(world, world.region(asked.region), asked.service, asked.action, asked.key)
    value = handler(call, asked.params)
    value = await value if inspect.isawaitable(value) else value
    asked.acted = asked.mutating
    if asked.acted and asked.service == "ec2":
        await tell_changes(call)
    return value


def failed(asked: Asked, error: ApiError) -> Answer:
    if asked.service in ("ssm", "service-quotas"):
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        return Answer(
            error.status,
            body,
            {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": asked.request_id, **error.headers},
            error.code,
        )
    body = protocol.error_xml(asked.service, error.code, error.message, error.status, asked.request_id)
    return Answer(error.status, body, {"Content-Type": "text/xml;charset=UTF-8", **error.headers}, error.code)


def _succeeded(asked: Asked, value: dict) -> Answer:
    if asked.service in ("ssm", "service-quotas"):
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": asked.request_id}
        return Answer(200, json.dumps(value).encode(), headers)
    operation = model.operation(asked.service, asked.action)
    assert operation is not None
    body = protocol.answer_xml(operation, asked.service, value, asked.request_id)
    return Answer(200, body, {"Content-Type": "text/xml;charset=UTF-8", "x-amzn-RequestId": asked.request_id})


async def answer(
    world: World,
    faults: Faults,
    violations: list[dict],
    request: Request,
    asked: Asked,
    fields: list[tuple[str, str]],
    rule: Rule | None,
) -> Answer:
    """The answer that AWS would give. A rule's error that does not act is given once the request has been judged: a
    request that is wrong in itself is refused before anything else goes wrong."""
    skew = rule.args.get("seconds", 0) if rule and rule.kind == "date_skew" else 0
    try:
        _authenticate(world, request, asked, skew)
        _parse(request, asked, fields, violations)
        _authorize(world, faults, asked)
        replacing = rule if rule and rule.kind in REPLACED else None
        if replacing and not replacing.args.get("after"):
            return instead(asked, replacing)
        value = await _act(world, asked, violations)
        if replacing:
            return instead(asked, replacing)
        return _succeeded(asked, value)
    except ApiError as error:
        return failed(asked, error)
    except Exception as error:  # a defect of ours must not look like AWS's answer
        traceback.print_exc()
        violations.append(
            {"number": asked.number, "action": asked.action, "code": "FakeBroken", "message": repr(error)}
        )
        return failed(asked, ApiError("FakeBroken", repr(error), 500))


def instead(asked: Asked, rule: Rule) -> Answer:
    args = rule.args
    if rule.kind == "raw":
        headers = {"Content-Type": "text/html", **args.get("headers", {})}
        return Answer(args.get("status", 200), args.get("body", "").encode(), headers, "raw")
    if rule.kind == "huge":
        return Answer(
            200, b"<x>" + b"y" * args.get("bytes", 64 << 20), {"Content-Type": "text/xml;charset=UTF-8"}, "huge"
        )
    if rule.kind == "throttle":
        return failed(asked, ApiError("RequestLimitExceeded", "Request limit exceeded.", 503, args.get("headers")))
    return failed(
        asked,
        ApiError(
            args.get("code", "InternalError"),
            args.get("message", "An internal error has occurred"),
            args.get("status", 500),
            args.get("headers"),
        ),
    )


def digest(asked: Asked) -> str:
    return digest_of(asked.params) if asked.params else hashlib.sha256(b"").hexdigest()
