"""Prove that the packages of this Python make a working Prefect, not only one that can be imported: a new database, a
deployment with a schedule, the scheduler's own loop, and runs that are there afterwards. Prints nothing when all is well."""
import asyncio
import os
import sys
import tempfile

scratch = tempfile.TemporaryDirectory()
os.environ["PREFECT_HOME"] = scratch.name
os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{scratch.name}/proof.db"
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
os.environ.pop("PREFECT_API_URL", None)

import prefect.server.api.server  # noqa: E402, F401  # the whole server must import
import prefect.workers.process  # noqa: E402, F401
from prefect.server import models, schemas  # noqa: E402
from prefect.server.database import provide_database_interface  # noqa: E402
from prefect.server.services.scheduler import schedule_deployments  # noqa: E402


async def main():
    db = provide_database_interface()
    await db.create_db()
    async with db.session_context(begin_transaction=True) as session:
        flow = await models.flows.create_flow(session=session, flow=schemas.core.Flow(name="proof"))
        schedule = schemas.schedules.CronSchedule(cron="* * * * *", timezone="UTC")
        rows = [schemas.core.DeploymentSchedule(schedule=schedule, active=True)]
        deployment = schemas.core.Deployment(name="proof", flow_id=flow.id, schedules=rows)
        await models.deployments.create_deployment(session=session, deployment=deployment)
    try:
        await schedule_deployments()
    except Exception as e:
        sys.exit(f"the scheduler made no run: {type(e).__name__}: {str(e).splitlines()[0][:200]}")
    async with db.session_context() as session:
        runs = await models.flow_runs.count_flow_runs(session=session)
    if runs < 1:
        sys.exit("the scheduler made no run for a deployment with a schedule")


asyncio.run(main())
