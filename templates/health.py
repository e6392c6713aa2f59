"""Restart each of slipway's units that is active but does not answer on its health port. Run by slipway-health.timer."""
import glob
import http.client
import os
import subprocess
import time
import urllib.request

GRACE_S = 120  # a unit that has just begun is left alone
ATTEMPTS, TIMEOUT_S = 3, 10


def units():
    if os.path.exists("/etc/systemd/system/slipway-prefect-server.service"):
        yield "slipway-prefect-server.service", "http://127.0.0.1:4200/api/health"
    for path in glob.glob("/etc/slipway/worker-*.env"):
        pool = os.path.basename(path)[len("worker-"):-len(".env")]
        with open(path, encoding="utf-8") as f:
            values = dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)
        port = values.get("PREFECT_WORKER_WEBSERVER_PORT", "").strip('"')
        if port:
            yield f"slipway-prefect-worker@{pool}.service", f"http://127.0.0.1:{port}/health"
        else:
            print(f"{path}: no port for health: slipway bootstrap writes it anew")


def active_s(unit):
    """Seconds since the unit became active, or None."""
    show = ["systemctl", "show", "--value", "-p", "ActiveState", "-p", "ActiveEnterTimestampMonotonic", unit]
    values = subprocess.run(show, capture_output=True, text=True, check=True).stdout.split()
    if "active" not in values:
        return None
    since = next(int(v) for v in values if v.isdigit())
    return time.clock_gettime(time.CLOCK_MONOTONIC) - since / 1e6


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
            return response.status == 200
    except (OSError, http.client.HTTPException):
        return False


def main():
    for unit, url in units():
        age = active_s(unit)
        if age is None or age < GRACE_S:
            continue
        if not any(answers(url) for _ in range(ATTEMPTS)):
            print(f"{unit}: no healthy answer from {url} in {ATTEMPTS} attempts: restarting it")
            subprocess.run(["systemctl", "restart", "--no-block", unit], check=True)


main()
