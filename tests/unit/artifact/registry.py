#!/usr/bin/python3
"""Debian's docker-registry on loopback with images that skopeo pushed, once open and once behind tokens.

Prints three ports: the open registry, the one that wants tokens (same storage), and the token server, which also
answers as a registry that limits how often it is asked (/v2/limited/..., /v2/busy/...).
"""
import base64
import ctypes
import gzip
import hashlib
import http.server
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import urllib.parse

import jwt

DIR = sys.argv[1]
STORE = os.path.join(DIR, "store")
libc = ctypes.CDLL(None)
tried = {}


def die_with_parent():
    libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


die_with_parent()


class Tokens(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def reply(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path.startswith("/v2/limited/"):
            return self.reply(429, {"errors": [{"code": "TOOMANYREQUESTS"}]}, [("Retry-After", "3600")])
        if url.path.startswith("/v2/busy/"):
            tried[url.path] = tried.get(url.path, 0) + 1
            if tried[url.path] == 1:
                return self.reply(429, {}, [("Retry-After", "1")])
            return self.reply(404, {})
        if url.path.startswith("/v2/odd/"):
            return self.reply(401, {}, [("WWW-Authenticate", "Negotiate")])
        kind, name, _ = query["scope"][0].split(":")
        basic = "Basic " + base64.b64encode(b"ann:s3cret pass").decode()
        if name.startswith("private/") and self.headers.get("Authorization") != basic:
            return self.reply(401, {"details": "incorrect username or password"})
        now = int(time.time())
        token = jwt.encode({
            "iss": "test", "sub": "", "aud": query["service"][0], "iat": now - 5, "nbf": now - 5, "exp": now + 300,
            "jti": "%f" % time.time(), "access": [{"type": kind, "name": name, "actions": ["pull"]}]},
            open(os.path.join(DIR, "key"), encoding="ascii").read(), algorithm="RS256",
            headers={"x5c": [CERT]})
        return self.reply(200, {"token": token})


def start_registry(name, auth):
    config = {"version": 0.1, "log": {"level": "info"}, "http": {"addr": "127.0.0.1:0", "secret": "x"},
              "storage": {"filesystem": {"rootdirectory": STORE}}}
    if auth:
        config["auth"] = auth
    path = os.path.join(DIR, name + ".yml")
    with open(path, "w", encoding="ascii") as f:
        json.dump(config, f)  # JSON is YAML
    child = subprocess.Popen(["docker-registry", "serve", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             text=True, preexec_fn=die_with_parent)
    for line in child.stderr:
        if "listening on" in line:
            threading.Thread(target=child.stderr.read, daemon=True).start()
            return int(line.split("listening on ")[1].split('"')[0].split(",")[0].rsplit(":", 1)[1])
    sys.exit("docker-registry did not start")


def put_blob(layout, data):
    hexa = hashlib.sha256(data).hexdigest()
    os.makedirs(os.path.join(layout, "blobs", "sha256"), exist_ok=True)
    with open(os.path.join(layout, "blobs", "sha256", hexa), "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + hexa, "size": len(data)}


def put_image(layout, arch, seed):
    layers, diffs = [], []
    for n in range(2):
        text = (seed * 2000 if n == 0 else seed + arch).encode()
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as tar:
            info = tarfile.TarInfo("etc/file%d" % n)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
        diffs.append("sha256:" + hashlib.sha256(raw.getvalue()).hexdigest())
        layers.append(put_blob(layout, gzip.compress(raw.getvalue(), mtime=0)))
        layers[-1]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip"
    config = put_blob(layout, json.dumps({"architecture": arch, "os": "linux", "config": {},
                                          "rootfs": {"type": "layers", "diff_ids": diffs}}).encode())
    config["mediaType"] = "application/vnd.oci.image.config.v1+json"
    manifest = put_blob(layout, json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
        "layers": layers}).encode())
    manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
    manifest["platform"] = {"architecture": arch, "os": "linux"}
    if arch == "arm64":
        manifest["platform"]["variant"] = "v8"
    return manifest


def put_layout(name, arches):
    layout = os.path.join(DIR, name)
    rows = [put_image(layout, arch, name) for arch in arches]
    top = rows[0]
    if len(rows) > 1:
        top = put_blob(layout, json.dumps({"schemaVersion": 2, "manifests": rows,
                                           "mediaType": "application/vnd.oci.image.index.v1+json"}).encode())
        top["mediaType"] = "application/vnd.oci.image.index.v1+json"
    top["annotations"] = {"org.opencontainers.image.ref.name": "x"}
    with open(os.path.join(layout, "index.json"), "w", encoding="ascii") as f:
        json.dump({"schemaVersion": 2, "manifests": [top]}, f)
    with open(os.path.join(layout, "oci-layout"), "w", encoding="ascii") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    return "oci:%s:x" % layout


def push(source, ref, *options):
    subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", *options, source,
                    "docker://127.0.0.1:%d/%s" % (plain, ref)], check=True, stdin=subprocess.DEVNULL)


subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tokens", "-days", "30",
                "-keyout", os.path.join(DIR, "key"), "-out", os.path.join(DIR, "cert")], check=True,
               stderr=subprocess.DEVNULL)
with open(os.path.join(DIR, "cert"), encoding="ascii") as pem:
    CERT = "".join(pem.read().split("\n")[1:-2])
tokens = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
threading.Thread(target=tokens.serve_forever, daemon=True).start()
plain = start_registry("plain", None)
both = put_layout("both", ["amd64", "arm64"])
push(both, "library/postgres:17", "--all")
push(both, "private/prefect:1", "--all")
push(both, "docker/list:1", "--all", "--format", "v2s2")
push(put_layout("single", ["amd64"]), "only/amd64:1")
guarded = start_registry("guarded", {"token": {
    "realm": "http://127.0.0.1:%d/token" % tokens.server_address[1], "service": "test service", "issuer": "test",
    "rootcertbundle": os.path.join(DIR, "cert")}})
print(plain, guarded, tokens.server_address[1], flush=True)
signal.pause()
