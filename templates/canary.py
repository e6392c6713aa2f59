from prefect import flow, task


@task
def add(a, b):
    return a + b


@flow(name="slipway-canary")
def canary():
    if add(19, 23) != 42:
        raise RuntimeError("the task gave a wrong sum")
