"""machine.py by itself, with real machines: who reaches whom, what the metadata service answers, what a killed run
leaves. Needs root. SLIPWAY_EC2_DIR is its directory."""
import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import machine
import machine_net

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Cidr": f"{machine_net.OPERATOR}/32"}
OTHER = {**SSH, "Cidr": "203.0.113.99/32"}
INSTANCE = {
    "InstanceId": "i-0123456789abcdef0", "ImageId": "ami-1", "InstanceType": "t3.micro", "Architecture": "x86_64",
    "Tags": {}, "Region": "eu-central-1", "AvailabilityZone": "eu-central-1a", "OwnerId": "123456789012",
    "ReservationId": "r-1", "Hostname": "ip-10-77-1-10.eu-central-1.compute.internal", "PrivateIpAddress": "10.77.1.10",
    "PublicIpAddress": "", "MacAddress": "06:00:0a:4d:01:0a", "NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1",
    "SubnetCidr": "10.77.1.0/24", "VpcId": "vpc-1", "VpcCidr": "10.77.0.0/16",
    "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "one"}], "Ingress": [SSH],
    "Egress": [{"IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "Cidr": "0.0.0.0/0"}], "Internet": True,
    "VolumeSize": 8, "HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1,
}
passed = 0


def check(label: str, holds: bool) -> None:
    global passed
    if not holds:
        raise SystemExit(f"FAIL: {label}")
    passed += 1
    print(f"ok {passed} - {label}", flush=True)


def reached(address: str = "", port: int = 22) -> bool:
    try:
        with socket.create_connection((address or machine.address(0), port), 1.5) as s:
            return s.recv(4) == b"SSH-"
    except OSError:
        return False


async def comes_up() -> bool:
    for _ in range(150):
        if await asyncio.to_thread(reached):
            return True
        await asyncio.sleep(0.2)
    return False


def metadata(name: str, method: str, path: str, **headers: str) -> tuple[int, str]:
    """From inside the machine."""
    def ask() -> tuple[int, str]:
        request = urllib.request.Request(f"http://{machine_net.METADATA}{path}", method=method, headers={
            key.replace("_", "-"): value for key, value in headers.items()})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
    return machine_net.in_namespace(name, ask)


async def firewall() -> None:
    check("no public address: not reached", not await asyncio.to_thread(reached, "10.77.1.10"))
    public = machine.address(0)
    await machine.associate(INSTANCE, public)
    check("SSH answers at the public address", await comes_up())

    async def with_rules(**more) -> bool:
        await machine.changed({**INSTANCE, "PublicIpAddress": public, **more})
        return await asyncio.to_thread(reached)

    check("a rule for somebody else keeps us out", not await with_rules(Ingress=[OTHER]))
    check("a rule for another port does too", not await with_rules(Ingress=[{**SSH, "FromPort": 23, "ToPort": 80}]))
    check("no route to the internet: nobody comes in", not await with_rules(Internet=False))
    check("of several rules one is enough", await with_rules(Ingress=[OTHER, {**SSH, "FromPort": 20, "ToPort": 30}]))
    check("all protocols, any address", await with_rules(Ingress=[{**SSH, "IpProtocol": "-1", "Cidr": "0.0.0.0/0"}]))
    await machine.disassociate(public)
    check("an address that was taken away leads nowhere", not await asyncio.to_thread(reached))


async def tokens() -> None:
    name = machine._machines[INSTANCE["InstanceId"]].network.machine

    async def ask(method: str, path: str, **headers: str) -> tuple[int, str]:
        return await asyncio.to_thread(lambda: metadata(name, method, path, **headers))

    ttl = {"X_aws_ec2_metadata_token_ttl_seconds": "60"}
    check("metadata: 401 without a token", (await ask("GET", "/latest/user-data"))[0] == 401)
    check("a token has a life", (await ask("PUT", "/latest/api/token"))[0] == 400)
    long = {"X_aws_ec2_metadata_token_ttl_seconds": "21601"}
    check("of six hours at most", (await ask("PUT", "/latest/api/token", **long))[0] == 400)
    check("a proxy gets none", (await ask("PUT", "/latest/api/token", X_Forwarded_For="10.0.0.1", **ttl))[0] == 403)
    status, token = await ask("PUT", "/latest/api/token", **ttl)
    use = {"X_aws_ec2_metadata_token": token}
    check("with a token: the user data",
          status == 200 and await ask("GET", "/latest/user-data", **use) == (200, "#cloud-config\n{}\n"))
    check("a directory is a list", "instance-id" in (await ask("GET", "/2021-03-23/meta-data/", **use))[1].split("\n"))
    check("no key pair, no role: 404", [(await ask("GET", f"/latest/meta-data/{each}", **use))[0] for each in
                                        ("public-keys/", "iam/")] == [404, 404])
    check("a token of nobody", (await ask("GET", "/latest/meta-data/", X_aws_ec2_metadata_token="x"))[0] == 401)
    await machine.changed({**INSTANCE, "HttpEndpoint": "disabled"})
    check("switched off: 403", (await ask("GET", "/latest/meta-data/", **use))[0] == 403)


async def here() -> None:
    await machine.start(dict(INSTANCE), b"#cloud-config\n{}\n")
    await firewall()
    await tokens()
    check("its console is kept", b"systemd" in machine.console(INSTANCE))
    await machine.stop(dict(INSTANCE))


async def elsewhere() -> None:
    """The child that is killed."""
    await machine.start(dict(INSTANCE), b"")
    print("up", flush=True)
    await asyncio.Event().wait()


def traces() -> str:
    lines = machine_net.ip("netns list") + machine_net.ip("-o link") + machine_net.ip("-4 route show table all")
    lines += "".join(machine_net.run("iptables", "-w", "-t", table, "-S") for table in ("filter", "nat"))
    lines += machine_net.run("losetup", "-a") + "".join(f"{each}\n" for each in sorted(machine.OWNERS.glob("*")))
    id = machine.Machine(INSTANCE, b"", machine._work()).id
    return "\n".join(line for line in lines.split("\n") if id in line)


def killed() -> None:
    before = traces()
    child = subprocess.Popen([sys.executable, __file__, "elsewhere"], stdout=subprocess.PIPE, text=True)
    assert child.stdout and child.stdout.readline() == "up\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    check("a killed run leaves its machine", traces() != before)
    asyncio.run(machine._sweep())
    check("which the next one takes away", traces() == before)
    check("with its disk", not [*machine._work().glob("*.raw"), *machine._work().glob("*.root")])


if __name__ == "__main__":
    if sys.argv[1:] == ["elsewhere"]:
        asyncio.run(elsewhere())
    os.environ.setdefault("SLIPWAY_EC2_DIR", tempfile.mkdtemp(prefix="slipway-ec2."))
    empty = traces()
    asyncio.run(here())
    check("a machine that is ended leaves nothing", traces() == empty)
    killed()
    assert Path(os.environ["SLIPWAY_EC2_DIR"]).is_dir()
    print(f"{passed} passed, 0 failed")
