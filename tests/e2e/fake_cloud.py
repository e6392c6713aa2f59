#!/usr/bin/python3
"""fake_cloud.py PORT_OF_A_SERVER ACCOUNT WORKSPACE KEY CERTIFICATE: a Prefect Cloud in front of a real Prefect server on
127.0.0.1, by TLS; CERTIFICATE is a file with its certificate and key.

Speaks what Prefect's clients expect of the Cloud: everything of a workspace below
/api/accounts/ACCOUNT/workspaces/WORKSPACE, a bearer key, 401 for a wrong key, 404 for another workspace, and
/api/me/workspaces. The server's own basic auth ("user:password") comes on stdin. Each connection carries one request or one
websocket. With an empty CERTIFICATE nothing is checked or changed: the server itself, on another address. Prints its port, serves
until it is ended."""
import base64
import json
import re
import socket
import socketserver
import ssl
import sys
import threading

SERVER, ACCOUNT, WORKSPACE, KEY, CERTIFICATE = int(sys.argv[1]), *sys.argv[2:6]
AUTH = sys.stdin.readline().strip()
BASIC = base64.b64encode(AUTH.encode()).decode()
PREFIX = f"/api/accounts/{ACCOUNT}/workspaces/{WORKSPACE}"


def head_of(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None, b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.decode("latin-1"), rest


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def exactly(connection, n, data=b""):
    while len(data) < n:
        data += connection.recv(n - len(data)) or sys.exit("the server ended in the middle of a frame")
    return data


def open_websocket(client, server):
    """The Cloud knows a websocket's user by its header, a server of one's own by a first message: say it for the
    client, and keep the answer to it from him. Frames: RFC 6455, 5.2; the mask is all zeros."""
    head, rest = head_of(server)
    text = json.dumps({"type": "auth", "token": AUTH}).encode()
    size = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0xFE]) + len(text).to_bytes(2, "big")
    server.sendall(b"\x81" + size + bytes(4) + text)
    frame = exactly(server, 2, rest)
    length = frame[1] & 0x7F
    frame = exactly(server, 2 + length, frame)
    if b"auth_success" not in frame[2:2 + length]:
        sys.exit(f"the server refused the websocket: {frame!r}")
    lines = [h for h in head.split("\r\n") if not h.lower().startswith("sec-websocket-protocol:")]
    client.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + frame[2 + length:])


class Handler(socketserver.BaseRequestHandler):
    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.request.sendall(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
                             f"Connection: close\r\n\r\n".encode() + text)

    def handle(self):
        head, rest = head_of(self.request)
        if head is None:
            return
        line, *headers = head.split("\r\n")
        method, path, _ = line.split(" ", 2)
        websocket = any(re.match(r"(?i)upgrade:\s*websocket", h) for h in headers)
        if f"authorization: bearer {KEY}".lower() not in (h.lower() for h in headers):
            return self.answer("401 Unauthorized", {"detail": "Invalid authentication credentials"})
        if path == "/api/me/workspaces":
            return self.answer("200 OK", [{"account_id": ACCOUNT, "workspace_id": WORKSPACE,
                                           "account_handle": "test", "workspace_handle": "test"}])
        if not path.startswith(PREFIX):
            return self.answer("404 Not Found", {"detail": "Not Found"})
        headers = [h for h in headers if not re.match(r"(?i)(authorization|connection):", h)]
        headers += [f"Authorization: Basic {BASIC}", "Connection: " + ("Upgrade" if websocket else "close")]
        headers += ["Sec-WebSocket-Protocol: prefect"] if websocket else []
        with socket.create_connection(("127.0.0.1", SERVER)) as server:
            head = "\r\n".join([f"{method} /api{path[len(PREFIX):]} HTTP/1.1", *headers]) + "\r\n\r\n"
            server.sendall(head.encode("latin-1") + rest)
            if websocket:
                open_websocket(self.request, server)
            back = threading.Thread(target=pump, args=(server, self.request), daemon=True)
            back.start()
            pump(self.request, server)
            back.join()


class Relay(socketserver.BaseRequestHandler):
    """The server as it is, on an address that machines reach."""

    def handle(self):
        with socket.create_connection(("127.0.0.1", SERVER)) as server:
            back = threading.Thread(target=pump, args=(server, self.request), daemon=True)
            back.start()
            pump(self.request, server)
            back.join()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def finish_request(self, request, client_address):
        if CERTIFICATE:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            request = context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)


with Server(("0.0.0.0", 0), Handler if CERTIFICATE else Relay) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
