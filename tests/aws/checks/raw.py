"""A request that no SDK would send: signed with botocore's signer, or spoiled on purpose."""

import http.client
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .base import KEY, REGION, SECRET

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def form(fields: list[tuple[str, str]]) -> bytes:
    return "&".join(f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}" for key, value in fields).encode()


def signed(
    port: int,
    body: bytes,
    service: str = "ec2",
    secret: str = SECRET,
    spoil: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, str, dict[str, str]]:
    """Send; returns status, body, headers. `spoil` replaces headers after the signature was made ("": left out)."""
    own = {"Host": f"127.0.0.1:{port}", "Content-Type": FORM, **(headers or {})}
    request = AWSRequest(method="POST", url=f"http://127.0.0.1:{port}/", data=body, headers=own)
    SigV4Auth(Credentials(KEY, secret), service, REGION).add_auth(request)
    ready = {name: value for name, value in {**dict(request.headers), **(spoil or {})}.items() if value}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/", body, ready)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


def query(port: int, action: str, *fields: tuple[str, str], version: str = "2016-11-15") -> tuple[int, str]:
    return signed(port, form([("Action", action), ("Version", version), *fields]))[:2]
