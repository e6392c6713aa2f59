"""Resolve Prefect with pip, and say which group needs which package.

Run by the Python of a fresh venv: lock-wheels.py CONSTRAINTS GROUP=REQUIREMENT[,REQUIREMENT...]...
CONSTRAINTS is a file or "". On stdout one JSON object: {"GROUP": {"NAME": "VERSION"}}, the first group whole, the
others without what the first one has.

pip reads environment markers as the Python that runs it. The machine's may be another: so every marker is read again
for each Python that there are wheels for, and what only those need is resolved as well."""
import json
import os
import re
import subprocess
import sys
import tempfile

from pip._vendor.packaging.requirements import Requirement

MINORS = range(11, 14)
ENVIRONMENTS = [
    {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.{patch}",
        "implementation_name": "cpython",
        "implementation_version": f"3.{minor}.{patch}",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": machine,
    }
    for minor in MINORS
    for patch in (0, 99)
    for machine in ("x86_64", "aarch64")
]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(requirement, extras):
    if not requirement.marker:
        return True
    names = {""} | extras | {normal(e) for e in extras}
    return any(requirement.marker.evaluate({**env, "extra": e}) for env in ENVIRONMENTS for e in names)


def resolve(constraints, requirements):
    with tempfile.TemporaryDirectory() as scratch:
        report = os.path.join(scratch, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--only-binary", ":all:", "--report", report]
        command += ["--constraint", constraints] if constraints else []
        done = subprocess.run(command + ["--", *requirements], stdout=sys.stderr)
        if done.returncode:
            sys.exit(done.returncode)
        with open(report, encoding="utf-8") as f:
            rows = [row["metadata"] for row in json.load(f)["install"]]
    return {normal(m["name"]): m for m in rows}


def closure(packages, roots):
    """Names that `roots` need, and the requirements that nothing in `packages` answers."""
    queue = [Requirement(r) for r in roots]
    seen, missing = set(), set()
    while queue:
        requirement = queue.pop()
        name, extras = normal(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        if name not in packages:
            missing.add(f"{requirement.name}{requirement.specifier}")
            continue
        for text in packages[name].get("requires_dist", []):
            further = Requirement(text)
            if needed(further, extras):
                queue.append(further)
    return {name for name, _ in seen if name in packages}, missing


def main():
    constraints = sys.argv[1]
    groups = {name: roots.split(",") for name, roots in (arg.split("=", 1) for arg in sys.argv[2:])}
    more = set()
    while True:
        packages = resolve(constraints, [r for roots in groups.values() for r in roots] + sorted(more))
        found, missing = {}, set()
        for name, roots in groups.items():
            found[name], lacking = closure(packages, roots)
            missing |= lacking
        if missing <= more:
            break
        more |= missing
    first = found[next(iter(groups))]
    out = {
        group: {name: packages[name]["version"] for name in names if names is first or name not in first}
        for group, names in found.items()
    }
    json.dump(out, sys.stdout, sort_keys=True)


main()
