"""A small pipeline: fetch rows that fail now and then, clean them, report a total."""

import random

from prefect import flow, get_run_logger, task


@task(retries=3, retry_delay_seconds=2)
def extract(rows: int, fail_rate: float) -> list[int]:
    """Stands for a source that is down at times."""
    if random.random() < fail_rate:
        raise ConnectionError("the source did not answer; Prefect tries again")
    return [random.randint(-10, 100) for _ in range(rows)]


@task(retries=2, retry_delay_seconds=1)
def clean(values: list[int]) -> list[int]:
    """Keeps what makes sense."""
    return [value for value in values if value >= 0]


@flow(log_prints=True)
def etl(rows: int = 100, fail_rate: float = 0.2) -> int:
    """Extract, clean, add up."""
    values = clean(extract(rows, fail_rate))
    get_run_logger().info("%d of %d rows kept", len(values), rows)
    print(f"total {sum(values)}")
    return sum(values)


if __name__ == "__main__":
    etl()
