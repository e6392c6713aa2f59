#!/usr/bin/env python3
"""STS, the SSO portal and its OIDC service, IMDSv2, a container's endpoint and GitHub's OIDC, on 127.0.0.1.

What it hands out tells how it was got: the key id of a role names the role, what was asked with it, and who asked.
Every secret is "SECRET" and the key id, so that signatures can be checked and leaks be found.

    credentials_server.py       prints its port; GET /_log gives the requests since the last POST /_set

POST /_set takes {"now": epoch or null, "ttl": seconds, "script": {PART: [{"status": .., "body": ..}, ..]}}: answers
that a part gives before its own. Parts: sts, sso, oidc, imds_token, imds_role, imds_keys, ecs, github."""
import hashlib
import hmac
import http.server
import json
import re
import threading
import time
import urllib.parse


def iso(epoch: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def secret_of(key_id: str) -> str:
    return "SECRET" + key_id


def signed_right(method: str, path: str, headers: dict[str, str], body: bytes) -> str | None:
    """The key id when the signature is right. Written from the AWS General Reference, not from slipway's code."""
    m = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
                     r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", headers.get("authorization", ""))
    if not m:
        return None
    key_id, day, region, service, names, signature = m.groups()
    canonical = "\n".join([method, path, "", *(f"{n}:{' '.join(headers.get(n, '').split())}" for n in names.split(";")),
                           "", names, hashlib.sha256(body).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", headers.get("x-amz-date", ""), f"{day}/{region}/{service}/aws4_request",
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret_of(key_id)).encode()
    for part in (day, region, service, "aws4_request", to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    needed = {"host", "x-amz-date"} | ({"x-amz-security-token"} if "x-amz-security-token" in headers else set())
    right = hmac.compare_digest(key.hex(), signature) and needed <= set(names.split(";")) and service == "sts"
    # Temporary credentials are only accepted with their token.
    right = right and (not key_id.startswith("ASIA") or headers.get("x-amz-security-token") == "SECRETTOKEN" + key_id)
    return key_id if right else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: dict = {}
    log: list = []

    def log_message(self, *args) -> None:
        pass

    def answer(self, status: int, body: str | dict) -> None:
        data = (json.dumps(body) if isinstance(body, dict) else body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def until(self) -> float:
        return (self.state.get("now") or time.time()) + self.state.get("ttl", 3600)

    def keys(self, key_id: str, token: str) -> dict:
        return {"AccessKeyId": key_id, "SecretAccessKey": secret_of(key_id), token: "SECRETTOKEN" + key_id,
                "Expiration": iso(self.until())}

    def sts_error(self, status: int, code: str, message: str) -> None:
        self.answer(status, f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
                            "</Error><RequestId>r</RequestId></ErrorResponse>")

    def sts(self, path: str, body: bytes) -> None:
        form = dict(urllib.parse.parse_qsl(body.decode()))
        name = form.get("RoleArn", "").rsplit("/", 1)[-1]
        action = form.get("Action", "")
        if action == "AssumeRole":
            by = signed_right("POST", path, {k.lower(): v for k, v in self.headers.items()}, body)
            if not by:
                return self.sts_error(403, "SignatureDoesNotMatch", "the signature is wrong")
            how = f"BY-{by}"
        else:
            if self.headers.get("Authorization"):
                return self.sts_error(400, "IncompleteSignature", "this call is not signed")
            how = "WITH-" + form.get("WebIdentityToken", "").removeprefix("SECRET")
        if name == "denied":
            return self.sts_error(403, "AccessDenied", "you may not")
        if form.get("Version") != "2011-06-15" or not 2 <= len(form.get("RoleSessionName", "")) <= 64:
            return self.sts_error(400, "ValidationError", "version or session name")
        key_id = f"ASIA-{name}-{how}"
        for field in ("ExternalId", "DurationSeconds"):
            if field in form:
                key_id += "-" + form[field]
        if not re.match(r"botocore-session-|slipway$", form["RoleSessionName"]):
            key_id += "-" + form["RoleSessionName"]
        k = self.keys(key_id, "SessionToken")
        self.answer(200, f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
                         "<Credentials>" + "".join(f"<{n}>{v}</{n}>" for n, v in k.items()) + "</Credentials>"
                         f"<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/{name}/s</Arn></AssumedRoleUser>"
                         f"</{action}Result></{action}Response>")

    def sso(self, query: dict) -> None:
        if not self.headers.get("x-amz-sso_bearer_token", "").startswith("SECRETSSO"):
            return self.answer(401, {"message": "Session token not found or invalid"})
        key_id = f"ASIA-SSO-{query.get('role_name')}-{query.get('account_id')}-" \
                 + self.headers["x-amz-sso_bearer_token"].removeprefix("SECRET")
        self.answer(200, {"roleCredentials": {"accessKeyId": key_id, "secretAccessKey": secret_of(key_id),
                                              "sessionToken": "SECRETTOKEN" + key_id,
                                              "expiration": int(self.until() * 1000)}})

    def oidc(self, body: bytes) -> None:
        form = json.loads(body)
        if form.get("grantType") != "refresh_token" or form.get("refreshToken") != "SECRETREFRESH":
            return self.answer(400, {"error": "invalid_grant", "error_description": "Invalid refresh token"})
        self.answer(200, {"accessToken": "SECRETSSO-renewed", "expiresIn": 28800, "tokenType": "Bearer",
                          "refreshToken": "SECRETREFRESH2"})

    def part(self, path: str) -> str:
        for prefix, name in (("/sts", "sts"), ("/portal", "sso"), ("/oidc", "oidc"), ("/ecs", "ecs"),
                             ("/github", "github"), ("/imds/latest/api/token", "imds_token")):
            if path.startswith(prefix):
                return name
        return "imds_role" if path.endswith("/security-credentials/") else "imds_keys"

    def go(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, raw = self.path.partition("?")
        if path == "/_set":
            Handler.state = json.loads(body)
            Handler.log = []
            return self.answer(200, {})
        if path == "/_log":
            return self.answer(200, {"requests": Handler.log})
        part, query = self.part(path), dict(urllib.parse.parse_qsl(raw))
        Handler.log.append(f"{self.command} {part}")
        script = self.state.get("script", {}).get(part, [])
        if script:
            step = script.pop(0)
            return self.answer(step["status"], step["body"])
        imds_token = self.headers.get("x-aws-ec2-metadata-token")
        if part == "sts":
            return self.sts(path, body)
        if part == "sso":
            return self.sso(query)
        if part == "oidc":
            return self.oidc(body)
        if part == "ecs":
            auth = self.headers.get("Authorization", "").removeprefix("SECRET")
            return self.answer(200, self.keys("ASIA-ECS" + (f"-{auth}" if auth else ""), "Token"))
        if part == "github":
            if self.headers.get("Authorization") != "Bearer SECRETGH" or query.get("audience") != "sts.amazonaws.com":
                return self.answer(401, {"message": "no"})
            return self.answer(200, {"count": 1, "value": "SECRETJWT-" + query.get("v", "")})
        if part == "imds_token":
            right = self.command == "PUT" and self.headers.get("x-aws-ec2-metadata-token-ttl-seconds") == "21600"
            return self.answer(200 if right else 400, "SECRETIMDS" if right else "")
        if imds_token != "SECRETIMDS":
            return self.answer(401, "")
        if part == "imds_role":
            return self.answer(200, "machine-role")
        return self.answer(200, {"Code": "Success", **self.keys("ASIA-IMDS", "Token")})

    do_GET = do_POST = do_PUT = go


def start() -> http.server.ThreadingHTTPServer:
    http.server.ThreadingHTTPServer.handle_error = lambda *args: None  # clients hang up
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    print(start().server_port, flush=True)
    threading.Event().wait()
