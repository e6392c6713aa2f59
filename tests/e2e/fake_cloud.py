#!/usr/bin/python3
"""fake_cloud.py PORT_OF_A_SERVER ACCOUNT WORKSPACE KEY CERTIFICATE: a Prefect Cloud in front of a real Prefect server on
127.0.0.1, by TLS; CERTIFICATE is a file with its certificate and key.

Speaks what Prefect's clients expect of the Cloud: everything of a workspace below
/api/accounts/ACCOUNT/workspaces/WORKSPACE, a bearer key, 401 for a wrong key, 404 for another workspace, and
/api/me/workspaces. The server's own basic auth ("user:password") comes on stdin. Each connection carries one request or one
websocket. With an empty CERTIFICATE nothing is checked or changed: the server itself, on another address. Prints its port,
serves until it is ended."""
import asyncio
import base64
import json
import re
import ssl
import sys

SERVER, ACCOUNT, WORKSPACE, KEY, CERTIFICATE = int(sys.argv[1]), *sys.argv[2:6]
AUTH = sys.stdin.readline().strip()
BASIC = base64.b64encode(AUTH.encode()).decode()
PREFIX = f"/api/accounts/{ACCOUNT}/workspaces/{WORKSPACE}"


async def pump(source, sink):
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except (OSError, ssl.SSLError):
        pass
    finally:
        sink.close()


async def both_ways(client_in, client_out, server_in, server_out):
    await asyncio.gather(pump(client_in, server_out), pump(server_in, client_out))


async def relay(client_in, client_out):
    server_in, server_out = await asyncio.open_connection("127.0.0.1", SERVER)
    await both_ways(client_in, client_out, server_in, server_out)


async def read_frame(source):
    """The payload of one short frame: RFC 6455, 5.2."""
    frame = await source.readexactly(2)
    size = frame[1] & 0x7F
    if size == 126:
        size = int.from_bytes(await source.readexactly(2), "big")
    mask = await source.readexactly(4) if frame[1] & 0x80 else bytes(4)
    return bytes(b ^ mask[i % 4] for i, b in enumerate(await source.readexactly(size)))


async def open_websocket(by_header, client_in, client_out, server_in, server_out):
    """A server of one's own wants its user in a first message. Where the Cloud's client said the key in its header, say
    it for him and keep the answer to it from him; where he says it in a message too, exchange the one for the other."""
    head = (await server_in.readuntil(b"\r\n\r\n")).decode("latin-1")
    if not by_header:
        client_out.write(head.encode("latin-1"))
        if json.loads(await read_frame(client_in)).get("token") != KEY:
            return client_out.close()
    text = json.dumps({"type": "auth", "token": AUTH}).encode()
    size = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0xFE]) + len(text).to_bytes(2, "big")
    server_out.write(b"\x81" + size + bytes(4) + text)
    if not by_header:
        return
    answer = await read_frame(server_in)
    if b"auth_success" not in answer:
        raise ConnectionError(f"the server refused the websocket: {answer!r}")
    lines = [h for h in head.split("\r\n") if not h.lower().startswith("sec-websocket-protocol:")]
    client_out.write("\r\n".join(lines).encode("latin-1"))


def answer(client_out, status, body):
    text = json.dumps(body).encode()
    client_out.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
                     f"Connection: close\r\n\r\n".encode() + text)
    client_out.close()


async def cloud(client_in, client_out):
    try:
        head = (await client_in.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, OSError):
        return client_out.close()
    line, *headers = head.rstrip("\r\n").split("\r\n")
    method, path, _ = line.split(" ", 2)
    websocket = any(re.match(r"(?i)upgrade:\s*websocket", h) for h in headers)
    says_key = f"authorization: bearer {KEY}".lower() in (h.lower() for h in headers)
    if not says_key and not (websocket and path.endswith("/events/out")):
        return answer(client_out, "401 Unauthorized", {"detail": "Invalid authentication credentials"})
    if path == "/api/me/workspaces":
        return answer(client_out, "200 OK", [{"account_id": ACCOUNT, "workspace_id": WORKSPACE,
                                              "account_handle": "test", "workspace_handle": "test"}])
    if not path.startswith(PREFIX):
        return answer(client_out, "404 Not Found", {"detail": "Not Found"})
    headers = [h for h in headers if not re.match(r"(?i)(authorization|connection|sec-websocket-extensions):", h)]
    headers += [f"Authorization: Basic {BASIC}", "Connection: " + ("Upgrade" if websocket else "close")]
    headers += ["Sec-WebSocket-Protocol: prefect"] if websocket and says_key else []
    server_in, server_out = await asyncio.open_connection("127.0.0.1", SERVER)
    head = "\r\n".join([f"{method} /api{path[len(PREFIX):]} HTTP/1.1", *headers]) + "\r\n\r\n"
    server_out.write(head.encode("latin-1"))
    if websocket:
        await open_websocket(says_key, client_in, client_out, server_in, server_out)
    await both_ways(client_in, client_out, server_in, server_out)


async def main():
    context = None
    if CERTIFICATE:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    server = await asyncio.start_server(cloud if CERTIFICATE else relay, "0.0.0.0", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
