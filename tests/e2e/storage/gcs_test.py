"""The storage server of gcs_server.py against Google's own client: what it must do, and what it must refuse."""

import os
import sys
import threading
import unittest
import urllib.error
import urllib.request

import google.auth.exceptions
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from gcs_server import PAGE, Server
from google.api_core import exceptions
from google.cloud.storage import Client
from google.oauth2.service_account import Credentials

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Test(unittest.TestCase):
    def setUp(self):
        self.server = Server("127.0.0.1", lambda text: None)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        os.environ["STORAGE_EMULATOR_HOST"] = self.server.url  # the way that a flow run finds it
        self.client = self.as_key(self.server.service_account())

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def as_key(self, info):
        return Client(project=None, credentials=Credentials.from_service_account_info(info, scopes=[SCOPE]))

    def test_round_trip(self):
        bucket = self.client.create_bucket("flows")
        files = {f"team/{n}/a b%{n}.txt": os.urandom(n * 1000) for n in range(PAGE * 2 + 1)} | {"teams": b"", "a/": b""}
        for name, content in files.items():
            bucket.blob(name).upload_from_string(content)
        want = {name: content for name, content in files.items() if name.startswith("team/")}
        pages = list(self.client.list_blobs("flows", prefix="team/").pages)
        self.assertEqual(len(pages), 3)
        have = {b.name: b.download_as_bytes() for b in self.client.list_blobs("flows", prefix="team/")}
        self.assertEqual(have, want)
        self.assertEqual(len(list(self.client.list_blobs("flows"))), len(files))

    def test_download_is_checked(self):
        bucket = self.client.create_bucket("flows")
        bucket.blob("x").upload_from_string(b"right")
        about = self.server.describe("flows", "x")
        self.server.describe = lambda *_: about
        self.server.buckets["flows"]["x"] = b"wrong"
        with self.assertRaisesRegex(Exception, "[Cc]hecksum"):
            bucket.blob("x").download_as_bytes()

    def test_absent(self):
        with self.assertRaises(exceptions.NotFound):
            list(self.client.list_blobs("nowhere"))
        with self.assertRaises(exceptions.NotFound):
            self.client.create_bucket("flows").blob("nothing").download_as_bytes()
        with self.assertRaises(exceptions.Conflict):
            self.client.create_bucket("flows")

    def test_other_key(self):
        pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        client = self.as_key({**self.server.service_account(), "private_key": pem.decode()})
        with self.assertRaisesRegex(google.auth.exceptions.RefreshError, "invalid_grant"):
            list(client.list_blobs("flows"))

    def test_other_account(self):
        client = self.as_key({**self.server.service_account(), "client_email": "other@example.com"})
        with self.assertRaisesRegex(google.auth.exceptions.RefreshError, "invalid_grant"):
            list(client.list_blobs("flows"))

    def test_no_token(self):
        for authorization in ("", "Bearer ", "Bearer made-up"):
            request = urllib.request.Request(f"{self.server.url}/storage/v1/b/flows/o",
                                             headers={"Authorization": authorization})
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request, timeout=10)
            self.assertEqual(caught.exception.code, 401)


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False).result.wasSuccessful())
