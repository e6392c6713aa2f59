#!/usr/bin/env python3
"""crash.py [--workers N] [--all] [--only PREFIX]: kill -9 slipway at every request boundary of a create and of a
teardown against the fake EC2, and see what the next run makes of it.

A boundary is a request that has been sent and not acted upon ("before"), or acted upon and not answered ("after").
For a request that changes nothing both are the same to everyone, so "after" is left out for those unless --all is
given.

After the kill the state directory is kept, or lost. The account's view is prompt, or it lags: for less than the time
that slipway gives it to settle, a new object is not shown by the first two describes of its kind, a deleted one is by
two. In the account are look-alikes: the same deployment with another token, the same token with another deployment.

What must follow: bootstrap again makes the account hold exactly one of each object; teardown, at once or after that,
leaves it empty; the look-alikes stay byte for byte; no request is outside AWS's model. Where only the connection is
cut there, the run itself goes on and ends as if nothing had been. Prints the passes and failures of each variant.
SLIPWAY names the program."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from typing import Any

from checks.base import KEY, SECRET, FakeProcess, Case, tagged

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLIPWAY = os.environ.get("SLIPWAY", str(ROOT / "build/release/slipway"))
SETTLE_S = 1
NO_SSH = 6  # the machine phase is done, nothing answers SSH
SPEC = """apiVersion: slipway/v1
name: demo
provider: {aws: {region: eu-central-1}}
runtime: systemd
timeouts: {ssh: 1, teardown: 30}
"""
LEAST = {
    "vpc",
    "internet-gateway",
    "subnet",
    "route-table",
    "security-group",
    "elastic-ip",
    "instance",
    "volume",
    "network-interface",
}


@dataclass(frozen=True)
class Trial:
    what: str  # "kill", or "cut": only the connection ends
    phase: str  # "create" or "teardown"
    request: int
    when: str  # "before" or "after"
    lost: bool  # the state directory goes with the kill
    view: str  # "prompt" or "lags"
    then: str  # the next command: "bootstrap" or "teardown"

    @property
    def variant(self) -> str:
        if self.what == "cut":
            return f"connection cut in a {self.phase}, view {self.view}"
        return f"{self.phase}, then {self.then}, state {'lost' if self.lost else 'kept'}, view {self.view}"

    @property
    def name(self) -> str:
        return f"{self.variant}: {self.when} request {self.request}"


class Failed(Exception):
    pass


class Lab:
    """One fake, one state directory, used by one trial at a time."""

    def __init__(self, token: str = "") -> None:
        self.fake = FakeProcess()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="slipway-crash."))
        self.home, self.hold, self.spec = self.dir / "home", self.dir / "hold", self.dir / "slipway.yaml"
        self.spec.write_text(SPEC, encoding="utf-8")
        self.text = ""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "SLIPWAY_"))}
        self.env = {
            **clean,
            "AWS_ENDPOINT_URL": self.fake.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "SLIPWAY_ADDRESS_URL": self.fake.url + "/checkip",
            "SLIPWAY_HOME": str(self.home),
            "SLIPWAY_CACHE": os.environ.get("SLIPWAY_CACHE", str(self.dir / "cache")),
            "SLIPWAY_CLOUD_SETTLE_S": str(SETTLE_S),
        }
        self.fake.admin("config", {"hold_file": str(self.hold), "quotas": {"vpc": 10, "eip": 10, "igw": 10}})
        self.token = token or self._our_token()
        self._seed()
        self.fake.admin("snapshot", {"name": "begin"})
        self.strangers = self.account(True)

    def close(self) -> None:
        self.fake.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def _seed(self) -> None:
        """Two look-alikes of everything, each with a running machine."""
        client = None
        for number, (name, token) in enumerate((("demo", "00000000deadbeef"), ("demo2", self.token))):
            steps = Case()
            steps.fake, steps.tags = self.fake, [
                {"Key": "slipway:deployment", "Value": name},
                {"Key": "slipway:token", "Value": token},
                {"Key": "slipway:kind", "Value": "any"},
                {"Key": "Name", "Value": "slipway-demo"},
            ]
            steps.ec2 = client = client or steps.client("ec2")
            vpc = steps.vpc(f"10.{number}.0.0/16")
            steps.gateway(vpc)
            subnet, group = steps.subnet(vpc, f"10.{number}.0.0/24"), steps.group(vpc, "slipway-demo")
            table = steps.table(vpc)
            steps.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
            made = steps.ec2.run_instances(**steps.run_params(subnet, group))["Instances"][0]["InstanceId"]
            steps.wait("instance_running", InstanceIds=[made])
            address = steps.ec2.allocate_address(TagSpecifications=tagged("elastic-ip", steps.tags))["AllocationId"]
            steps.ec2.associate_address(AllocationId=address, InstanceId=made)
            steps.ec2.create_volume(
                AvailabilityZone="eu-central-1a", Size=1, TagSpecifications=tagged("volume", steps.tags)
            )

    def _our_token(self) -> str:
        """Of the deployment, as the tool makes it: read from what it makes."""
        self.command("bootstrap", NO_SSH)
        token = next(each["tags"]["slipway:token"] for each in self.fake.admin("objects?live") if each["kind"] == "vpc")
        self.command("teardown", 0)
        self.fake.admin("forget-terminated", {})
        shutil.rmtree(self.home)
        return token

    def account(self, whole: bool = False) -> dict[str, str]:
        """Every object as text, by id; live ones, or all."""
        found = self.fake.admin("objects" if whole else "objects?live")
        return {each["id"]: json.dumps(each, sort_keys=True) for each in found}

    def ours(self) -> list[dict[str, Any]]:
        return [each for each in self.fake.admin("objects?live") if each["id"] not in self.strangers]

    def start(self, command: str) -> subprocess.Popen:
        line = [SLIPWAY, command, "-f", str(self.spec)] + (["-y"] if command == "teardown" else [])
        return subprocess.Popen(line, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def command(self, command: str, wanted: int) -> None:
        process = self.start(command)
        try:
            self.text, _ = process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failed(f"{command} does not end") from None
        if process.returncode != wanted:
            said = [line for line in self.text.splitlines() if line.startswith("slipway ")] or self.text.splitlines()[
                -1:
            ]
            raise Failed(f"{command}: exit status {process.returncode}, not {wanted}: {' '.join(said)}")

    def killed(self, command: str, request: int, when: str) -> bool:
        """False: it ended before that request."""
        self.hold.unlink(missing_ok=True)
        self.fake.admin("stop_at", {"request": request, "when": when})
        process = self.start(command)
        end = time.monotonic() + 90
        while not self.hold.exists() and process.poll() is None:
            if time.monotonic() > end:
                process.kill()
                process.communicate()
                raise Failed(f"{command} neither ends nor gets to request {request}")
            time.sleep(0.01)
        held = self.hold.exists()
        process.kill()
        process.communicate()
        self.fake.admin("faults", method="DELETE")
        return held

    def begin(self, name: str) -> None:
        """The account and the state directory as they were at the snapshot."""
        self.fake.admin("restore", {"name": name})
        shutil.rmtree(self.home, ignore_errors=True)
        if (self.dir / name).exists():
            shutil.copytree(self.dir / name, self.home, symlinks=True)

    def keep(self, name: str) -> None:
        self.fake.admin("snapshot", {"name": name})
        shutil.copytree(self.home, self.dir / name, symlinks=True)

    def reference(self, command: str, wanted: int) -> list[tuple[str, bool]]:
        """Requests of an undisturbed run: action, does it change anything."""
        before = len(self.fake.admin("log"))
        self.command(command, wanted)
        return [(each["action"], each["mutating"]) for each in self.fake.admin("log")[before:]]

    def whole(self) -> None:
        kinds = sorted(each["kind"] for each in self.ours())
        if len(kinds) != len(set(kinds)) or not set(kinds) >= LEAST:
            raise Failed(f"bootstrap leaves {', '.join(kinds)}: not one of each")

    def empty(self) -> None:
        left = [f"{each['kind']} {each['id']}" for each in self.ours()]
        if left:
            raise Failed(f"teardown leaves {', '.join(left)}")

    def untouched(self) -> None:
        now = self.account(True)
        for name, text in self.strangers.items():
            if now.get(name) != text:
                raise Failed(f"the look-alike {name} was changed: {text} became {now.get(name)}")
        violations = self.fake.admin("violations")
        if violations:
            raise Failed(f"no request of AWS's API: {violations}")

    def trial(self, each: Trial) -> bool:
        """False: the run did not get to that request."""
        self.begin("begin" if each.phase == "create" else "made")
        lag = 0 if each.view == "prompt" else 2
        self.fake.admin("config", {"invisible_describes": lag, "ghost_describes": lag, "lag_at_most": 0.8 * SETTLE_S})
        reached = self.cut(each) if each.what == "cut" else self.kill(each)
        if reached:
            self.command("teardown", 0)
            self.empty()
            self.untouched()
        return reached

    def cut(self, each: Trial) -> bool:
        """The run that it happens to goes on and ends well."""
        self.fake.admin("faults", [{"kind": f"cut_{each.when}", "nth": each.request}])
        if each.phase == "create":
            self.command("bootstrap", NO_SSH)
            self.whole()
        else:
            self.command("teardown", 0)
            self.empty()
        return self.fake.admin("faults")["rules"][0]["used"] == 1

    def kill(self, each: Trial) -> bool:
        held = self.killed("bootstrap" if each.phase == "create" else "teardown", each.request, each.when)
        if held and each.lost:
            shutil.rmtree(self.home, ignore_errors=True)
        if held and each.then == "bootstrap":
            self.command("bootstrap", NO_SSH)
            self.whole()
        return held


def boundaries(requests: list[tuple[str, bool]], every: bool, reads: bool) -> list[tuple[int, str]]:
    """With `reads`: before each request; without: only where the account or the journal may differ from the boundary
    before, which is around changing requests."""
    found = []
    for number, (_, mutating) in enumerate(requests, 1):
        follows = number > 1 and requests[number - 2][1]
        if every or reads or mutating or follows:
            found.append((number, "before"))
        if every or mutating:
            found.append((number, "after"))
    return found


def plan(lab: Lab, every: bool, only: str) -> list[Trial]:
    trials = []
    lab.begin("begin")
    create = lab.reference("bootstrap", NO_SSH)
    lab.keep("made")
    teardown = lab.reference("teardown", 0)
    print(f"undisturbed: {len(create)} requests of a create, {len(teardown)} of a teardown")
    for phase, requests in (("create", create), ("teardown", teardown)):
        for lost, view in ((False, "prompt"), (False, "lags"), (True, "prompt"), (True, "lags")):
            for then in ("bootstrap", "teardown"):
                trials += [
                    Trial("kill", phase, number, when, lost, view, then)
                    for number, when in boundaries(requests, every, view == "prompt")
                ]
        for view in ("prompt", "lags"):
            cuts = boundaries(requests, every, False)
            trials += [Trial("cut", phase, number, when, False, view, "teardown") for number, when in cuts]
    return [each for each in trials if each.name.startswith(only)]


class Run:
    def __init__(self, workers: int):
        self.labs: queue.Queue[Lab] = queue.Queue()
        self.lock = threading.Lock()
        self.tally: dict[str, list[int]] = {}  # variant: passed, failed, not reached
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            first = Lab()
            self.labs.put(first)
            for lab in pool.map(lambda _: Lab(first.token), range(workers - 1)):
                self.labs.put(lab)

    def made(self) -> None:
        """Every lab gets a finished create to tear down."""

        def make(lab: Lab) -> None:
            if not (lab.dir / "made").exists():
                lab.begin("begin")
                lab.command("bootstrap", NO_SSH)
                lab.keep("made")

        with concurrent.futures.ThreadPoolExecutor(len(self.labs.queue)) as pool:
            list(pool.map(make, list(self.labs.queue)))

    def one(self, each: Trial) -> None:
        lab, reached, error = self.labs.get(), False, ""
        try:
            reached = lab.trial(each)
        except Failed as problem:
            error = str(problem)
        except Exception as problem:  # of this script or the fake: as bad as one of slipway
            traceback.print_exc()
            error = repr(problem)
        finally:
            self.labs.put(lab)
        with self.lock:
            counts = self.tally.setdefault(each.variant, [0, 0, 0])
            counts[1 if error else 0 if reached else 2] += 1
            if error:
                print(f"FAIL: {each.name}: {error}", flush=True)

    def report(self) -> int:
        for variant, (passed, failed, unreached) in sorted(self.tally.items()):
            print(f"{passed:4d} of {passed + failed} passed, {unreached} not reached: {variant}")
        passed, failed, unreached = (sum(counts[n] for counts in self.tally.values()) for n in (0, 1, 2))
        print(f"{passed} of {passed + failed} kills and cuts passed ({100 * passed / max(1, passed + failed):.1f} %)")
        if unreached * 20 > passed:
            print(f"FAIL: {unreached} requests of the undisturbed run did not come again")
        return 0 if failed == 0 and 0 < passed and unreached * 20 <= passed else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    run = Run(args.workers)
    try:
        lab = run.labs.get()
        trials = plan(lab, args.all, args.only)
        run.labs.put(lab)
        run.made()
        with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
            list(pool.map(run.one, trials))
        return run.report()
    finally:
        for lab in list(run.labs.queue):
            lab.close()


if __name__ == "__main__":
    sys.exit(main())
