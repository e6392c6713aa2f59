"""Signature V4 of a request, made anew with botocore's signer and compared."""

import datetime
import hmac
import re
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .errors import ApiError

WINDOW_S = 300
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([^/, ]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, *"
    r"SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})"
)


@dataclass
class Key:
    secret: str
    session: str = ""  # of temporary ones
    expires: datetime.datetime | None = None
    arn: str = ""


@dataclass
class Scope:
    key_id: str
    region: str
    service: str


def scope_of(headers: dict[str, str]) -> Scope | None:
    match = _HEADER.fullmatch(headers.get("authorization", ""))
    return Scope(match[1], match[3], match[4]) if match else None


def _refused(message: str, ec2: bool) -> ApiError:
    return ApiError("AuthFailure", message, 401) if ec2 else ApiError("SignatureDoesNotMatch", message, 403)


def verify(
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    keys: dict[str, Key],
    now: datetime.datetime,
    ec2: bool,
) -> tuple[Scope, Key]:
    match = _HEADER.fullmatch(headers.get("authorization", ""))
    if match is None:
        code = "MissingAuthenticationToken" if not headers.get("authorization") else "IncompleteSignature"
        raise ApiError(code, "The request is not signed, or the Authorization header cannot be read", 403)
    key_id, date, region, service, signed, signature = match.groups()
    key = keys.get(key_id)
    if key is None:
        raise (
            ApiError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
            if ec2
            else ApiError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        )
    names = signed.split(";")
    stamp = headers.get("x-amz-date", "")
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or not stamp.startswith(date):
        raise ApiError("IncompleteSignature", "X-Amz-Date is missing or of another day than the scope")
    lacking = [name for name in ("host", "x-amz-date") if name not in names]
    if lacking or any(name not in headers for name in names) or names != sorted(names):
        raise _refused(f"the headers {lacking or names} are not signed, not there or not in order", ec2)
    if headers.get("x-amz-security-token", "") != key.session:
        raise (
            ApiError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
            if ec2
            else ApiError("InvalidClientTokenId", "The security token included in the request is invalid", 403)
        )
    _check_signature(method, path, headers, body, key, match, stamp, ec2)
    _check_time(stamp, key, now, ec2)
    return Scope(key_id, region, service), key


def _check_signature(
    method: str, path: str, headers: dict[str, str], body: bytes, key: Key, match: re.Match, stamp: str, ec2: bool
) -> None:
    key_id, _, region, service, signed, signature = match.groups()
    request = AWSRequest(
        method=method,
        url=f"http://{headers['host']}{path}",
        data=body,
        headers={name: headers[name] for name in signed.split(";")},
    )
    request.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials(key_id, key.secret, key.session or None), service, region)
    canonical = signer.canonical_request(request)
    text = signer.string_to_sign(request, canonical)
    if not hmac.compare_digest(signer.signature(text, request), signature):
        message = "The request signature we calculated does not match the signature you provided."
        raise _refused(f"{message}\n{canonical}", ec2)


def _check_time(stamp: str, key: Key, now: datetime.datetime, ec2: bool) -> None:
    sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs((now - sent).total_seconds()) > WINDOW_S:
        text = f"Signature expired or not yet current: {stamp} is not within 5 minutes of {now:%Y%m%dT%H%M%SZ}"
        raise (
            ApiError("RequestExpired", "Request has expired.", 400)
            if ec2
            else ApiError("SignatureDoesNotMatch", text, 403)
        )
    if key.expires is not None and now >= key.expires:
        raise (
            ApiError("RequestExpired", "The security token included in the request is expired", 400)
            if ec2
            else ApiError("ExpiredToken", "The security token included in the request is expired", 403)
        )
