"""serve.py ADDRESS INSTALLED WORK: the storage servers, on free ports of ADDRESS, each with its own copy of flow/.

Git behind TLS and a token (its certificate from WORK/ca.pem and WORK/ca.key), S3 by moto with its access control on,
GCS by gcs_server.py, Azure Blob by Azurite; INSTALLED is what `prepare` made. WORK/storage.env says where they are and
what opens them, for a shell; it is there when all are ready. They run until this program is ended. What they were asked
is in WORK/storage.log.
"""

import base64
import json
import logging
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

import boto3
import gcs_server
import git_server
from azure.storage.blob import ContainerClient
from google.cloud.storage import Client as GoogleClient
from google.oauth2.service_account import Credentials
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "slipway-flows"
FOLDER = "team/flows"
REGION = "eu-west-1"
# Beside the folder, with a name that begins like it: a pull by prefix alone takes it along.
DECOY = "team/flows-old/origin.py"
ADDRESS, INSTALLED, WORK = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
LOG = open(WORK / "storage.log", "w", buffering=1)


def log(text):
    LOG.write(text + "\n")


def flow_files(source):
    """The files of flow/ as they lie in `source`: path below it, content."""
    root = Path(__file__).parent / "flow"
    files = {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*.py"))}
    return {**files, "source.txt": f"{source}\n".encode()}


def objects(source):
    return {DECOY: b"raise SystemExit('not this folder')\n",
            **{f"{FOLDER}/{path}": content for path, content in flow_files(source).items()}}


def write_folder(directory, source):
    for path, content in flow_files(source).items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def in_background(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stdout}")
    return done.stdout.strip()


def start_git():
    repositories, tree = WORK / "repositories", WORK / "tree"
    author = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
    author |= {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", "test"), ("EMAIL", "test@example.com"), ("DATE", "2026-01-01T00:00:00Z"))}

    def git(*words):
        return run("git", "-C", tree, *words, env=author)

    # The default branch has no flow: a pull that forgets the branch, tag or commit is seen.
    tree.mkdir()
    git("init", "-q", "-b", "main")
    (tree / "README").write_text("The flows are on branch flows/stable.\n")
    git("add", ".")
    git("commit", "-q", "-m", "Begin")
    git("checkout", "-q", "-b", "flows/stable")
    write_folder(tree, "git at a commit")
    git("add", ".")
    git("commit", "-q", "-m", "Add the flows")
    commit = git("rev-parse", "HEAD")
    for source, tag in (("git at a tag", ["tag", "v1.0"]), ("git on a branch", None)):
        write_folder(tree, source)
        git("commit", "-q", "-a", "-m", source)
        if tag:
            git(*tag)
    git("checkout", "-q", "main")
    run("git", "clone", "-q", "--bare", tree, repositories / "team" / "flows.git", env=author)
    run("git", "-C", repositories / "team" / "flows.git", "config", "uploadpack.allowFilter", "true", env=author)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=storage", "-addext", f"subjectAltName=IP:{ADDRESS}", "-addext", "basicConstraints=CA:FALSE",
        "-CA", WORK / "ca.pem", "-CAkey", WORK / "ca.key", "-keyout", WORK / "git.key", "-out", WORK / "git.pem")
    token = secrets.token_hex(20)
    server = in_background(git_server.Server(ADDRESS, str(repositories), token, WORK / "git.pem", WORK / "git.key", log))
    return {"GIT_URL": server.url("team/flows.git"), "GIT_TOKEN": token, "GIT_COMMIT": commit}


def of_region(application):
    """moto does not look at the region of a signature; stores do."""
    refusal = b"<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message></Error>"

    def answer(environ, start_response):
        signed = environ.get("HTTP_AUTHORIZATION", "")
        if "/s3/aws4_request" in signed and f"/{REGION}/s3/" not in signed:
            start_response("400 Bad Request", [("Content-Type", "application/xml"),
                                               ("Content-Length", str(len(refusal)))])
            return [refusal]
        return application(environ, start_response)

    return answer


def start_s3():
    server = in_background(make_server(ADDRESS, 0, of_region(DomainDispatcherApplication(create_backend_app)),
                                       threaded=True))
    url = f"http://{ADDRESS}:{server.port}"
    anybody = {"endpoint_url": url, "region_name": REGION, "aws_access_key_id": "root",
               "aws_secret_access_key": "root"}
    iam, s3 = boto3.client("iam", **anybody), boto3.client("s3", **anybody)
    iam.create_user(UserName="flows")
    read = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}]}
    iam.put_user_policy(UserName="flows", PolicyName="read", PolicyDocument=json.dumps(read))
    key = iam.create_access_key(UserName="flows")["AccessKey"]
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for name, content in objects("s3").items():
        s3.put_object(Bucket=BUCKET, Key=name, Body=content)
    # From here on signatures and policies count.
    request = urllib.request.Request(f"{url}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(request, timeout=30).close()
    names = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return {"S3_URL": url, "S3_REGION": REGION, "S3_CREDENTIALS": json.dumps(names),
            "S3_WRONG": json.dumps({**names, "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"})}


def start_gcs():
    server = in_background(gcs_server.Server(ADDRESS, log))
    os.environ["STORAGE_EMULATOR_HOST"] = server.url
    account = server.service_account()
    scope = "https://www.googleapis.com/auth/cloud-platform"
    client = GoogleClient(project=None, credentials=Credentials.from_service_account_info(account, scopes=[scope]))
    bucket = client.create_bucket(BUCKET)
    for name, content in objects("gcs").items():
        bucket.blob(name).upload_from_string(content)
    other = gcs_server.Server(ADDRESS, log)  # gives a key that the first one does not know
    other.server_close()
    return {"GCS_URL": server.url, "GCS_KEY": json.dumps(account),
            "GCS_WRONG": json.dumps({**account, "private_key": other.service_account()["private_key"]})}


def start_azure():
    account, key = "flows", base64.b64encode(secrets.token_bytes(48)).decode()
    program = INSTALLED / "azurite/node_modules/azurite/dist/src/blob/main.js"
    directory = tempfile.mkdtemp(dir=WORK)
    child = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "node", program, "--blobHost", ADDRESS, "--blobPort", "0",
                              "--silent", "--disableTelemetry", "--inMemoryPersistence", "--skipApiVersionCheck"],
                             cwd=directory, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env={"PATH": os.environ["PATH"], "HOME": directory, "AZURITE_ACCOUNTS": f"{account}:{key}"})
    for line in child.stdout:
        log("azure: " + line.rstrip())
        if found := re.search(r"successfully listens on (http://\S+)", line):
            break
    else:
        sys.exit(f"Azurite ended with status {child.wait()}")
    threading.Thread(target=lambda: [log("azure: " + line.rstrip()) for line in child.stdout], daemon=True).start()

    def connection(key):
        return (f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};"
                f"BlobEndpoint={found[1]}/{account};")

    with ContainerClient.from_connection_string(connection(key), BUCKET) as client:
        client.create_container()
        for name, content in objects("azure").items():
            client.upload_blob(name, content)
    return child, {"AZURE_CONNECTION": connection(key),
                   "AZURE_WRONG": connection(base64.b64encode(bytes(48)).decode())}


def refuse():
    """A port that is taken and refuses every connection: nobody else can come to listen on it."""
    held = socket.socket()
    held.bind((ADDRESS, 0))
    return held, {"REFUSED": f"{ADDRESS}:{held.getsockname()[1]}"}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.basicConfig(stream=LOG, level=logging.WARNING)
    moto = logging.StreamHandler(LOG)
    moto.setFormatter(logging.Formatter("s3: %(message)s"))
    logging.getLogger("werkzeug").addHandler(moto)
    logging.getLogger("werkzeug").setLevel(logging.INFO)
    logging.getLogger("werkzeug").propagate = False
    write_folder(WORK / "local", "local")
    held, values = refuse()
    child, azure = start_azure()
    try:
        values |= {"BUCKET": BUCKET, "FOLDER": FOLDER, **azure, **start_git(), **start_s3(), **start_gcs()}
        draft = WORK / "storage.env.tmp"
        draft.touch(0o600)
        draft.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))
        draft.rename(WORK / "storage.env")
        child.wait()
        sys.exit("Azurite has ended")
    finally:
        child.terminate()
        held.close()


main()
