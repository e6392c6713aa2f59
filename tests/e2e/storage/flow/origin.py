"""Says which copy of this folder it was loaded from. The copies differ in source.txt alone."""

from pathlib import Path

from prefect import flow, get_run_logger, task
from words.greeting import GREETING

HERE = Path(__file__).parent


@task
def read_source():
    return (HERE / "source.txt").read_text().strip()


@flow
def origin(times: int = 1):
    source = read_source()
    for n in range(1, times + 1):
        get_run_logger().info("%s from the copy in %s, %d of %d", GREETING, source, n, times)
    return source
