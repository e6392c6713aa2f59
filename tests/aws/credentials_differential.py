#!/usr/bin/env python3
"""The same environments through botocore and through slipway: which key does each find?

    tests/aws/prepare DIR && DIR/venv/bin/python tests/aws/credentials_differential.py [--driver PROGRAM]

Both talk to credentials_server.py, whose key ids tell how they were got. Without --driver the driver is built from
tests/aws/credentials_driver.c with build/release/libslipway.a. Prints "N passed, N failed"; exit 1 when any failed."""
import argparse
import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import credentials_server

ROOT = Path(__file__).resolve().parents[2]
NONE = "-"


@dataclasses.dataclass
class Case:
    name: str
    env: dict[str, str] = dataclasses.field(default_factory=dict)
    config: str = ""
    credentials: str = ""
    files: dict[str, str] = dataclasses.field(default_factory=dict)  # below HOME
    differs: str = ""  # why slipway refuses what botocore takes; "" when both must agree


def keys(key_id: str) -> str:
    return f"aws_access_key_id = {key_id}\naws_secret_access_key = SECRET{key_id}\n"


def role(name: str) -> str:
    return f"role_arn = arn:aws:iam::1:role/{name}\n"


def sso_file(name: str, **fields: str) -> dict[str, str]:
    content = {"accessToken": "SECRETSSO", "expiresAt": "2099-01-01T00:00:00Z", **fields}
    return {f".aws/sso/cache/{hashlib.sha1(name.encode()).hexdigest()}.json": json.dumps(content)}


ENV = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "SECRETAKIAENV"}
ECS = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@URL@/ecs"}
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "@HOME@/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/web"}
TOKEN = {"token": "SECRETWEB"}
PROCESS = '{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "SECRETAKIAPROCESS"}'
CORP = "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp\n"
SSO = "sso_account_id = 123\nsso_role_name = admin\n"
RENEWABLE = {"expiresAt": "2020-01-01T00:00:00Z", "refreshToken": "SECRETREFRESH", "clientId": "i",
             "clientSecret": "SECRETC", "registrationExpiresAt": "2099-01-01T00:00:00Z"}
FILE = "[default]\n" + keys("AKIAFILE")

CASES = [
    # The order of the walk.
    Case("environment before all", {**ENV, **WEB, **ECS}, "[default]\n" + keys("AKIACONFIG"), FILE, TOKEN),
    Case("environment and a named profile", {**ENV, "AWS_PROFILE": "p"}, "", "[p]\n" + keys("AKIAP")),
    Case("role before web identity", WEB, "[default]\n" + role("r") + "source_profile = default\n" + keys("AKIAB"),
         "", TOKEN),
    Case("web identity before SSO", WEB, CORP + "[default]\nsso_session = corp\n" + SSO, FILE,
         {**TOKEN, **sso_file("corp")}),
    Case("SSO before the credentials file", {}, CORP + "[default]\nsso_session = corp\n" + SSO, FILE, sso_file("corp")),
    Case("credentials file before process", {}, "[default]\ncredential_process = false\n", FILE),
    Case("process before config file", {}, "[default]\ncredential_process = cat @HOME@/k\n" + keys("AKIACONFIG"), "",
         {"k": PROCESS}),
    Case("config file before container", ECS, "[default]\n" + keys("AKIACONFIG")),
    Case("container before instance metadata", ECS),
    Case("instance metadata"),
    Case("instance metadata switched off", {"AWS_EC2_METADATA_DISABLED": "TRUE"}),
    Case("instance metadata that is absent", {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"}),
    Case("instance metadata with a slash", {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "@URL@/imds/"}),
    Case("instance metadata from the profile", {"AWS_EC2_METADATA_SERVICE_ENDPOINT": ""},
         "[default]\nec2_metadata_service_endpoint = @URL@/imds\n"),
    # Environment.
    Case("id without secret", {"AWS_ACCESS_KEY_ID": "AKIAENV"}, "", FILE),
    Case("secret without id", {"AWS_SECRET_ACCESS_KEY": "SECRETX"}, "", FILE),
    Case("empty variables", {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "", FILE),
    Case("not expired", {**ENV, "AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00+02:00"}),
    Case("expired", {**ENV, "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}, "", FILE),
    # Which profile, and the files.
    Case("AWS_PROFILE", {"AWS_PROFILE": "p"}, "[profile p]\n" + keys("AKIAP"), FILE),
    Case("both names", {"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "q"}, "",
         "[p]\n" + keys("AKIAP") + "[q]\n" + keys("AKIAQ")),
    Case("profile that is not there", {"AWS_PROFILE": "gone", **ENV}, "", FILE),
    Case("default named, not there", {"AWS_PROFILE": "default", **ECS}, "", ""),
    Case("profile of the config file only by its full name", {"AWS_PROFILE": "p"}, "[p]\n" + keys("AKIAP"), FILE),
    Case("quoted name", {"AWS_PROFILE": "my dev"}, '[profile "my dev"]\n' + keys("AKIADEV")),
    Case("later of two headings", {}, "[profile default]\n" + keys("AKIAONE") + "[default]\n" + keys("AKIATWO")),
    Case("odd white space", {}, "", "[default]\r\n aws_access_key_id=AKIAFILE\r\n"
         " aws_secret_access_key   :   SECRETAKIAFILE  \r\n"),
    Case("upper case keys", {}, "", "[default]\nAWS_ACCESS_KEY_ID=AKIAUP\nAWS_SECRET_ACCESS_KEY=SECRETAKIAUP\n"),
    Case("comments", {}, "", "# a\n[default]\n; b\n" + keys("AKIAFILE") + "  # c\n"),
    Case("keys of [DEFAULT]", {}, "", "[DEFAULT]\n" + keys("AKIACOMMON") + "[default]\nregion = x\n"),
    Case("nested values", {}, "[default]\ns3 =\n  a = b\n  aws_access_key_id = AKIANESTED\n" + keys("AKIACONFIG")),
    Case("bad line", {}, "[default]\nno delimiter\n", FILE),
    Case("section twice", {}, "", FILE + FILE),
    Case("key twice", {}, "", FILE + keys("AKIAOTHER")),
    Case("before the first section", {}, keys("AKIAX"), FILE),
    Case("other files", {"AWS_CONFIG_FILE": "~/c", "AWS_SHARED_CREDENTIALS_FILE": "@HOME@/s"}, "", FILE,
         {"c": "[default]\ncredential_process = cat @HOME@/k\n", "k": PROCESS}),
    Case("file without a secret", {}, "[default]\n" + keys("AKIACONFIG"), "[default]\naws_access_key_id = AKIAX\n"),
    # Roles.
    Case("role with everything", {}, "[default]\n" + role("r") + "source_profile = b\nexternal_id = e/1\n"
         "duration_seconds = 900\nrole_session_name = me@x\n[profile b]\n" + keys("AKIAB")),
    Case("three roles", {}, "[default]\n" + role("c") + "source_profile = b\n[profile b]\n" + role("b")
         + "source_profile = a\n[profile a]\n" + role("a") + "source_profile = k\n", "[k]\n" + keys("AKIAK")),
    Case("role in the credentials file", {}, "[profile k]\n" + keys("AKIAK"),
         "[default]\n" + role("r") + "source_profile = k\n"),
    Case("the credentials file is stronger", {}, "[default]\n" + role("config") + "source_profile = k\n",
         "[default]\n" + role("credentials") + "[k]\n" + keys("AKIAK")),
    Case("role on its own keys", {}, "[default]\n" + role("r") + "source_profile = default\n" + keys("AKIASELF")),
    Case("role on keys beside a role", {}, "[default]\n" + role("r") + "source_profile = b\n[profile b]\n" + role("x")
         + "source_profile = default\n" + keys("AKIAB")),
    Case("circle of two", {}, "[default]\n" + role("r") + "source_profile = b\n[profile b]\n" + role("x")
         + "source_profile = default\n", ""),
    Case("circle of one", {}, "[default]\n" + role("r") + "source_profile = default\n", ""),
    Case("source is missing", {}, "[default]\n" + role("r") + "source_profile = gone\n", ""),
    Case("source is empty", {}, "[default]\n" + role("r") + "source_profile = b\n[profile b]\nregion = x\n", ""),
    Case("neither source", {}, "[default]\n" + role("r"), FILE),
    Case("both sources", {}, "[default]\n" + role("r") + "source_profile = default\ncredential_source = Environment\n"
         + keys("AKIAB")),
    Case("Environment, with keys", {**ENV, "AWS_PROFILE": "p"},
         "[profile p]\n" + role("r") + "credential_source = Environment\n"),
    Case("Environment, without", {}, "[default]\n" + role("r") + "credential_source = Environment\n"),
    Case("EcsContainer", ECS, "[default]\n" + role("r") + "credential_source = EcsContainer\n"),
    Case("EcsContainer that is none", {}, "[default]\n" + role("r") + "credential_source = EcsContainer\n"),
    Case("Ec2InstanceMetadata", ECS, "[default]\n" + role("r") + "credential_source = Ec2InstanceMetadata\n"),
    Case("another case of letters", ECS, "[default]\n" + role("r") + "credential_source = ecscontainer\n"),
    Case("role on a process", {}, "[default]\n" + role("r") + "source_profile = p\n[profile p]\n"
         "credential_process = cat @HOME@/k\n", "", {"k": PROCESS}),
    Case("role on SSO", {}, CORP + "[default]\n" + role("r") + "source_profile = s\n[profile s]\nsso_session = corp\n"
         + SSO, "", sso_file("corp")),
    Case("role on a web identity", {}, "[default]\n" + role("r") + "source_profile = w\n[profile w]\n" + role("web")
         + "web_identity_token_file = @HOME@/token\n", "", TOKEN),
    Case("role, not on the environment's web identity", WEB, "[default]\n" + role("r") + "source_profile = b\n"
         "[profile b]\nregion = x\n", "", TOKEN),
    Case("role denied", {}, "[default]\n" + role("denied") + "source_profile = default\n" + keys("AKIAB")),
    Case("wrong secret", {}, "[default]\n" + role("r") + "source_profile = default\naws_access_key_id = AKIAB\n"
         "aws_secret_access_key = SECRETno\n"),
    # Web identity.
    Case("web identity of the environment", WEB, "", "", TOKEN),
    Case("web identity with a session name", {**WEB, "AWS_ROLE_SESSION_NAME": "me"}, "", "", TOKEN),
    Case("web identity of the profile", {}, "[default]\n" + role("web") + "web_identity_token_file = @HOME@/token\n"
         "role_session_name = you\n", "", TOKEN),
    Case("variable before key", {"AWS_ROLE_ARN": "arn:aws:iam::1:role/env"}, "[default]\n" + role("web")
         + "web_identity_token_file = @HOME@/token\n", "", TOKEN),
    Case("no role", {"AWS_WEB_IDENTITY_TOKEN_FILE": "@HOME@/token"}, "", FILE, TOKEN),
    Case("no file", WEB, "", FILE),
    # SSO.
    Case("SSO without a session", {}, "[default]\nsso_start_url = https://corp\nsso_region = eu-west-1\n" + SSO, "",
         sso_file("https://corp")),
    Case("SSO, nobody logged in", {}, CORP + "[default]\nsso_session = corp\n" + SSO, FILE),
    Case("SSO, expired", {}, CORP + "[default]\nsso_session = corp\n" + SSO, FILE,
         sso_file("corp", expiresAt="2020-01-01T00:00:00Z")),
    Case("SSO, renewed", {}, CORP + "[default]\nsso_session = corp\n" + SSO, FILE, sso_file("corp", **RENEWABLE)),
    Case("SSO, not renewed", {}, CORP + "[default]\nsso_session = corp\n" + SSO, FILE,
         sso_file("corp", **{**RENEWABLE, "refreshToken": "SECRETOTHER"})),
    Case("SSO, registration over", {}, CORP + "[default]\nsso_session = corp\n" + SSO, FILE,
         sso_file("corp", **{**RENEWABLE, "registrationExpiresAt": "2020-01-01T00:00:00Z"})),
    Case("SSO, refused", {}, CORP + "[default]\nsso_session = corp\n" + SSO, FILE,
         sso_file("corp", accessToken="SECRETOLD")),
    Case("SSO, two regions", {}, CORP + "[default]\nsso_session = corp\nsso_region = us-east-1\n" + SSO, FILE,
         sso_file("corp")),
    Case("SSO, no such session", {}, "[default]\nsso_session = corp\n" + SSO, FILE, sso_file("corp")),
    Case("SSO, half of it", {}, "[default]\nsso_role_name = admin\n", FILE),
    # Processes.
    Case("process with quotes", {}, "[default]\ncredential_process = sh -c 'cat \"$0\"' \"@HOME@/a b\"\n", "",
         {"a b": PROCESS}),
    Case("process with the environment", {"AWS_MINE": "AKIAMINE"}, "[default]\ncredential_process = "
         "sh -c \"cat $HOME/k | sed s/AKIAPROCESS/$AWS_MINE/\"\n", "", {"k": PROCESS}),
    Case("process fails", {}, "[default]\ncredential_process = sh -c 'exit 3'\n" + keys("AKIACONFIG")),
    Case("process prints rubbish", {}, "[default]\ncredential_process = echo hello\n" + keys("AKIACONFIG")),
    Case("process of version 2", {}, "[default]\ncredential_process = cat @HOME@/k\n", "",
         {"k": PROCESS.replace("1", "2", 1)}),
    Case("process with an expired set", {}, "[default]\ncredential_process = cat @HOME@/k\n", "",
         {"k": PROCESS.replace("}", ', "Expiration": "2020-01-01T00:00:00Z", "SessionToken": "SECRETT"}')}),
    Case("process with a set that lasts", {}, "[default]\ncredential_process = cat @HOME@/k\n", "",
         {"k": PROCESS.replace("}", ', "Expiration": "2099-01-01T00:00:00Z", "SessionToken": "SECRETT"}')}),
    Case("process without a secret", {}, "[default]\ncredential_process = cat @HOME@/k\n", "",
         {"k": '{"Version": 1, "AccessKeyId": "AKIAX"}'}),
    # Container.
    Case("container with a token", {**ECS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "SECRETA"}),
    Case("container, the file before the variable", {**ECS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "SECRETA",
         "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "@HOME@/auth"}, files={"auth": "SECRETB"}),
    Case("container token with a line break", {**ECS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "SECRETA\nX: 1"}),
    Case("container at a foreign host", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"}),
    Case("container by name of this host", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@URLNAME@/ecs"}),
    # Where slipway says no and botocore goes on.
    Case("duration that is no number", {}, "[default]\n" + role("r") + "source_profile = default\n"
         "duration_seconds = 1h\n" + keys("AKIAB"), differs="an order that was given must not be lost"),
    Case("blank in a key", {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "SECRETAKIAENV "}, "", FILE,
         differs="a key with a blank can only be refused by AWS, with a message about signatures"),
]


def theirs() -> str:
    import botocore.session
    try:
        found = botocore.session.Session().get_credentials()
        return found.get_frozen_credentials().access_key if found else NONE
    except Exception as reason:  # every kind of refusal
        return f"{NONE}\t{type(reason).__name__}: {reason}"


def run(argv: list[str], env: dict[str, str]) -> tuple[str, str]:
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120)
    first, _, rest = (done.stdout.splitlines() or [f"(no output)\t{done.stderr[-600:]}"])[0].partition("\t")
    return first, rest


def in_a_home(case: Case, url: str, argv: list[str]) -> tuple[str, str]:
    """Each program gets a home of its own: an SSO token may be renewed in it."""
    home = Path(tempfile.mkdtemp(prefix="slipway-credentials-"))

    def filled(text: str) -> str:
        by_name = url.replace("127.0.0.1", "localhost")
        return text.replace("@URLNAME@", by_name).replace("@URL@", url).replace("@HOME@", str(home))
    for name, text in {".aws/config": case.config, ".aws/credentials": case.credentials, **case.files}.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(text))
    if case.env.get("AWS_SHARED_CREDENTIALS_FILE"):
        shutil.move(home / ".aws/credentials", home / "s")
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "AWS_REGION": "eu-central-1",
           "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ENDPOINT_URL_STS": "@URL@/sts",
           "AWS_ENDPOINT_URL_SSO": "@URL@/portal", "AWS_ENDPOINT_URL_SSO_OIDC": "@URL@/oidc",
           "AWS_EC2_METADATA_SERVICE_ENDPOINT": "@URL@/imds", **case.env}
    try:
        unset = [k for k in ("AWS_EC2_METADATA_SERVICE_ENDPOINT",) if not env[k]]
        return run(argv, {k: filled(v) for k, v in env.items() if k not in unset})
    finally:
        shutil.rmtree(home)


def build_driver(into: Path) -> str:
    driver = into / "driver"
    subprocess.run(["make", "-s", "-j2", "-C", ROOT, "build/release/libslipway.a"], check=True)
    subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-Iprovisioner", "-o", driver,
                    "tests/aws/credentials_driver.c", "build/release/libslipway.a", "-lcurl", "-lssh2", "-ljansson",
                    "-lyaml", "-lexpat", "-lmbedcrypto"], check=True, cwd=ROOT)
    return str(driver)


def compare(case: Case, url: str, driver: str) -> tuple[str, str]:
    """What slipway found, and what is wrong with it, "" when nothing is."""
    ours, our_reason = in_a_home(case, url, [driver])
    botocore, their_reason = in_a_home(case, url, [sys.executable, __file__, "--botocore"])
    if case.differs:
        right = ours == NONE and botocore != NONE
    else:
        right = ours == botocore
    return ours, "" if right else f"slipway {ours} ({our_reason}), botocore {botocore} ({their_reason})"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--botocore", action="store_true", help="print what botocore finds here")
    args = parser.parse_args()
    if args.botocore:
        print(theirs().replace("\n", " "))
        return 0
    import botocore
    failed = found = 0
    with tempfile.TemporaryDirectory(prefix="slipway-differential-") as work:
        driver = args.driver or build_driver(Path(work))
        url = f"http://127.0.0.1:{credentials_server.start().server_port}"
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for case, (ours, wrong) in zip(CASES, pool.map(lambda c: compare(c, url, driver), CASES)):
                if wrong or args.verbose:
                    print(f"{'FAIL' if wrong else 'ok  '} {case.name}: {wrong or ours}")
                failed += bool(wrong)
                found += ours != NONE
    print(f"{len(CASES)} environments, {found} with credentials, botocore {botocore.__version__}")
    if found < len(CASES) // 3:  # two programs that find nothing would agree
        print("FAIL too few of them have credentials: is the server there?")
        failed += 1
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
