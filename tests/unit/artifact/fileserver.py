#!/usr/bin/python3
"""An HTTP server that serves one directory well and badly: the first part of the path says how.

Prints its port, then one line for each request: PATH range=... if-range=... auth=...
"""
import http.server
import os
import socketserver
import ssl
import sys
import time

ROOT = sys.argv[1]
LOG = open(sys.argv[2], "a", buffering=1, encoding="ascii")
seen = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self, length, part, status=200, headers=()):
        """Promise `length` bytes, send `part`, close."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(part)
        self.wfile.flush()
        self.close_connection = True

    def serve(self, data, etag, ranges=True):
        headers = [("ETag", etag)] if etag else []
        wanted = self.headers.get("Range")
        held = self.headers.get("If-Range")
        if not ranges or not wanted or (held and held != etag):
            return self.reply(200, data, headers)
        start = int(wanted.split("=")[1].split("-")[0])
        if start >= len(data):
            return self.reply(416, b"", [("Content-Range", "bytes */%d" % len(data))])
        headers.append(("Content-Range", "bytes %d-%d/%d" % (start, len(data) - 1, len(data))))
        return self.reply(206, data[start:], headers)

    def do_GET(self):
        LOG.write("%s range=%s if-range=%s auth=%s\n" % (
            self.path, self.headers.get("Range", "-"), self.headers.get("If-Range", "-"),
            self.headers.get("Authorization", "-")))
        how, _, rest = self.path.lstrip("/").partition("/")
        name = os.path.basename(rest.partition("?")[0])
        try:
            with open(os.path.join(ROOT, name.replace("%2B", "+")), "rb") as f:
                data = f.read()
        except OSError:
            return self.reply(404, b"no such file")
        first = not seen.get(self.path)
        seen[self.path] = True
        port = self.server.server_address[1]
        if how == "ok":
            return self.serve(data, '"one"')
        if how == "other-etag":
            return self.serve(data, '"two"')
        if how == "plain":
            return self.serve(data, None)
        if how == "norange":
            return self.serve(data, '"one"', ranges=False)
        if how == "cut":  # half of what is asked for, then the line drops; whole on the next try
            if first:
                return self.hang_up(len(data), data[:len(data) // 2], headers=[("ETag", '"one"')])
            return self.serve(data, '"one"')
        if how == "cut-always":
            return self.hang_up(len(data), b"")
        if how == "changed":  # the file is another one after the cut, and the server does not notice
            if first:
                return self.hang_up(len(data), b"x" * (len(data) // 2), headers=[("ETag", '"one"')])
            return self.serve(data, '"one"')
        if how == "wrong":
            return self.reply(200, bytes([data[0] ^ 1]) + data[1:])
        if how == "short":
            return self.reply(200, data[:-1])
        if how == "long":
            return self.reply(200, data + b"!")
        if how == "badrange":
            if self.headers.get("Range") and first:
                return self.reply(206, data, [("Content-Range", "bytes 0-%d/%d" % (len(data) - 1, len(data)))])
            return self.serve(data, None)
        if how == "stall":
            self.hang_up(len(data), data[:1000])
            time.sleep(20)
            return None
        if how == "endless":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                for _ in range(4096):
                    self.wfile.write(b"z" * 65536)
            except OSError:
                pass
            return None
        if how == "busy":
            if first:
                return self.reply(503, b"<html>busy</html>")
            return self.serve(data, None)
        if how == "to-http":
            return self.reply(302, b"", [("Location", "http://127.0.0.1:%d/ok/%s" % (port, name))])
        if how == "to-https":
            return self.reply(302, b"", [("Location", "/ok/%s" % name)])
        if how == "to-localhost":
            return self.reply(302, b"", [("Location", "http://localhost:%d/ok/%s" % (port, name))])
        if how == "to-file":
            return self.reply(302, b"", [("Location", "file:///etc/hostname")])
        if how == "loop":
            return self.reply(302, b"", [("Location", self.path)])
        if how.isdigit():
            return self.reply(int(how), b"an error page, not the file")
        return self.reply(404, b"?")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
