"""A small Google Cloud Storage: the parts of its JSON API that google-cloud-storage uses to make a bucket, upload, list
and download, and the OAuth endpoint where a service account's key buys a token. Lists come in pages of PAGE, so that a
client has to turn them. Nothing is answered without a token that this server gave out."""

import base64
import hashlib
import json
import secrets
import threading
import time
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

import google_crc32c
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PAGE = 2
TOKEN_SECONDS = 3600
AUDIENCE = "https://oauth2.googleapis.com/token"  # what the client signs for, whatever the key's token_uri is
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/devstorage.full_control")


class Refused(Exception):
    def __init__(self, status, text, body=None):
        super().__init__(text)
        self.status = status
        self.body = body or {"error": {"code": status, "message": text, "errors": [{"message": text}]}}


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, status, content, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send_json(self, document, status=200):
        self.send(status, json.dumps(document).encode(), [("Content-Type", "application/json; charset=UTF-8")])

    def answer(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            with self.server.lock:
                self.route(url.path, query, body)
        except Refused as e:
            self.send_json(e.body, e.status)

    do_GET = do_POST = answer

    def route(self, path, query, body):
        if (self.command, path) == ("POST", "/token"):
            return self.send_json(self.server.token(parse_qs(body.decode())))
        self.server.check(self.headers.get("Authorization", ""))
        parts = [unquote(part) for part in path.split("/")]
        if (self.command, path) == ("POST", "/storage/v1/b"):
            return self.send_json(self.server.make_bucket(json.loads(body)["name"]))
        if self.command == "GET" and parts[:4] == ["", "storage", "v1", "b"] and len(parts) == 5:
            self.server.bucket(parts[4])
            return self.send_json({"kind": "storage#bucket", "id": parts[4], "name": parts[4]})
        if self.command == "POST" and parts[:5] == ["", "upload", "storage", "v1", "b"] and parts[6:] == ["o"]:
            return self.send_json(self.upload(parts[5], query, body))
        if self.command == "GET" and parts[:4] == ["", "storage", "v1", "b"] and parts[5:] == ["o"]:
            return self.send_json(self.server.objects(parts[4], query))
        if self.command == "GET" and parts[:5] == ["", "download", "storage", "v1", "b"] and parts[6:7] == ["o"]:
            return self.download(parts[5], "/".join(parts[7:]))
        raise Refused(501, f"this server does not know {self.command} {path}")

    def upload(self, bucket, query, body):
        if query.get("uploadType") != "multipart":
            raise Refused(501, "only uploadType=multipart")
        message = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        about, content = message.iter_parts()
        return self.server.put(bucket, json.loads(about.get_payload(decode=True))["name"],
                               content.get_payload(decode=True))

    def download(self, bucket, name):
        content = self.server.content(bucket, name)
        about = self.server.describe(bucket, name)
        self.send(200, content, [("Content-Type", "application/octet-stream"),
                                 ("X-Goog-Hash", f"crc32c={about['crc32c']}"), ("X-Goog-Hash", f"md5={about['md5Hash']}")])

    def log_message(self, form, *args):
        self.server.log("gcs: " + form % args)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, log):
        super().__init__((address, 0), Handler)
        self.log, self.lock = log, threading.Lock()
        self.url = f"http://{self.server_address[0]}:{self.server_address[1]}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.email = "flows@example-project.iam.gserviceaccount.com"
        self.tokens, self.buckets = {}, {}

    def service_account(self):
        """The key file of the one service account, as Google's console gives it."""
        pem = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption())
        return {"type": "service_account", "project_id": "example-project", "private_key_id": "1",
                "private_key": pem.decode(), "client_email": self.email, "client_id": "1",
                "token_uri": f"{self.url}/token"}

    def token(self, form):
        """RFC 7523: the assertion must be signed with the key that we gave out, for us, and be valid now."""
        wrong = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        if form.get("grant_type") != [GRANT]:
            raise Refused(400, "grant_type", {"error": "unsupported_grant_type"})
        signed, _, signature = form["assertion"][0].rpartition(".")
        try:
            self.key.public_key().verify(from_base64url(signature), signed.encode(), padding.PKCS1v15(),
                                         hashes.SHA256())
        except InvalidSignature as e:
            raise Refused(400, "signature", wrong) from e
        header, claims = (json.loads(from_base64url(part)) for part in signed.split("."))
        good = (header["alg"] == "RS256" and claims["iss"] == self.email and claims["aud"] == AUDIENCE and
                claims["iat"] <= time.time() + 60 and claims["exp"] > time.time() and
                any(scope in SCOPES for scope in claims["scope"].split()))
        if not good:
            raise Refused(400, "claims", {**wrong, "error_description": f"Invalid claims: {claims}"})
        token = secrets.token_urlsafe(24)
        self.tokens[token] = time.monotonic() + TOKEN_SECONDS
        return {"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}

    def check(self, authorization):
        if self.tokens.get(authorization.removeprefix("Bearer "), 0) < time.monotonic():
            raise Refused(401, "Anonymous caller does not have storage.objects.list access")

    def make_bucket(self, name):
        if name in self.buckets:
            raise Refused(409, "Your previous request to create the named bucket succeeded and you already own it.")
        self.buckets[name] = {}
        return {"kind": "storage#bucket", "id": name, "name": name}

    def bucket(self, name):
        if name not in self.buckets:
            raise Refused(404, "The specified bucket does not exist.")
        return self.buckets[name]

    def content(self, bucket, name):
        if name not in self.bucket(bucket):
            raise Refused(404, f"No such object: {bucket}/{name}")
        return self.bucket(bucket)[name]

    def put(self, bucket, name, content):
        self.bucket(bucket)[name] = content
        return self.describe(bucket, name)

    def describe(self, bucket, name):
        content = self.content(bucket, name)
        crc = google_crc32c.value(content).to_bytes(4, "big")
        path = f"b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"
        return {"kind": "storage#object", "id": f"{bucket}/{name}/1", "name": name, "bucket": bucket, "generation": "1",
                "size": str(len(content)), "contentType": "application/octet-stream",
                "crc32c": base64.b64encode(crc).decode(),
                "md5Hash": base64.b64encode(hashlib.md5(content).digest()).decode(),
                "selfLink": f"{self.url}/storage/v1/{path}",
                "mediaLink": f"{self.url}/download/storage/v1/{path}?generation=1&alt=media"}

    def objects(self, bucket, query):
        """By name in bytes; a page's token is the last name that was told."""
        after = base64.urlsafe_b64decode(query.get("pageToken", "")).decode()
        names = sorted(n for n in self.bucket(bucket) if n.startswith(query.get("prefix", "")) and n > after)
        size = min(PAGE, int(query.get("maxResults", PAGE)))
        answer = {"kind": "storage#objects", "items": [self.describe(bucket, n) for n in names[:size]]}
        if len(names) > size:
            answer["nextPageToken"] = base64.urlsafe_b64encode(names[size - 1].encode()).decode()
        return answer
