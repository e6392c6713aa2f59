#!/usr/bin/python3
"""write_lock.py DIR: write DIR/slipway.lock for the files in it; rows come from DIR/rows.json (see make-artifacts)."""
import hashlib
import json
import os
import sys


def digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while chunk := f.read(1 << 20):
            h.update(chunk)
    return h.hexdigest()


def main():
    directory = sys.argv[1]
    with open(os.path.join(directory, "rows.json")) as f:
        rows = json.load(f)
    for row in rows["files"] + rows["images"]:
        path = os.path.join(directory, row["file"])
        row["sha256"], row["size"] = digest(path), os.path.getsize(path)
    for row in rows["files"]:
        row["urls"] = []
    rows["version"] = 1
    with open(os.path.join(directory, "slipway.lock.tmp"), "w") as f:
        json.dump(rows, f, indent=2, sort_keys=True)
        f.write("\n")
    os.rename(os.path.join(directory, "slipway.lock.tmp"), os.path.join(directory, "slipway.lock"))


main()
