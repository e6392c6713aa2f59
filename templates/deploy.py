"""Deploy flows with Prefect's own deploy: all of them, or none.

stdin: {"mode": "check" | "deploy", "sources": [SOURCE...]}. A source is {"pull": [STEP...], "deployments": [...]}, each
deployment as prefect.yaml has it, or {"directory": DIR, "prefect_file": NAME} for a file of the user's as it is.
stdout: {"deployments": [{"flow", "name", "state", "changes", "kind", "error"}]}; "state" is created, changed,
unchanged, checked or failed; "kind" says what an error is about: spec, net, auth or remote.

Each source is read in a process of its own, for modules of two sources may share a name: its code is fetched by
Prefect's own pull steps, then Prefect's own deploy runs with every call that writes held back. What it would write is
compared with what the server has. Only when nothing is wrong anywhere, what differs is written.
"""

import ast
import asyncio
import importlib
import importlib.util
import io
import json
import multiprocessing
import os
import re
import site
import subprocess
import sys
import tempfile
import traceback
import uuid
from pathlib import Path
from unittest.mock import AsyncMock, patch

import prefect.cli.deploy._core as core
from prefect.cli.deploy._config import _load_deploy_configs_and_actions
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentCreate
from prefect.deployments.steps.core import run_steps
from prefect.exceptions import MissingFlowError, ObjectNotFound, ScriptError
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.schema_tools import validate
from rich.console import Console

SOURCE_SECONDS = 300
VENV = "/var/lib/slipway/venv"  # of runtime systemd: holds what the spec's sources need, and nothing is installed late
NOBODY = uuid.UUID(int=0)
KINDS = (
    ("net", r"resolve host|could not connect|failed to connect|connection refused|timed? ?out|temporary failure|"
            r"unreachable|endpointconnection|servicerequest|connection (reset|aborted)|max retries|"
            r"network connectivity"),
    ("auth", r"authentication failed|could not read (username|password)|prompts disabled|permission denied|\b40[13]\b|"
             r"accesskeyid|denied|signaturedoesnotmatch|forbidden|authenticationfailed|failed to authenticate|"
             r"clientauthentication|invalid_grant|credentials|token permissions"),
    ("spec", r"not found|did not match|no ?such|does not (exist|appear)|not our ref|no module named|"
             r"unable to read tree"),
)


class Trouble(Exception):
    """One sentence for the user, and what it is about."""

    def __init__(self, text, kind="spec"):
        super().__init__(" ".join(str(text).split())[:600].rstrip(". "))
        self.kind = kind


def words(exc):
    """What an error says, without its trimmings."""
    if hasattr(exc, "errors") and callable(exc.errors):  # pydantic
        return exc.errors()[0]["msg"].removeprefix("Value error, ")
    if isinstance(exc, subprocess.CalledProcessError) and exc.stderr:
        return telling(exc.stderr.decode(errors="replace").splitlines())
    if len(exc.args) > 1 and isinstance(exc.args[0], str) and str(exc) == str(exc.args):  # Google's
        return exc.args[0]
    said = getattr(exc, "message", None) or f"{exc or type(exc).__name__}"
    before, found, lines = said.partition(" with exit code 128. git stderr: ")  # Prefect's, of a clone
    return f"{before}: {telling(lines.split(' | '))}" if found else said


def telling(lines):
    """The line that says what is wrong, of what git wrote; of a remote that was not read, the one before says why."""
    lines = [line.strip() for line in lines if line.strip() and not line.startswith("Cloning into")] or ["git failed"]
    last = max((i for i, line in enumerate(lines) if re.match("(fatal|error): ", line)), default=len(lines) - 1)
    why = last - 1 if last and lines[last].startswith("fatal: Could not read from remote") else last
    return lines[why]


def everything(exc):
    """All that an error says, for KINDS."""
    more = exc.stderr.decode(errors="replace") if isinstance(exc, subprocess.CalledProcessError) and exc.stderr else exc
    return f"{type(exc).__name__} {words(exc)} {more}"


def outside(exc, what):
    """What a call to somebody else failed with."""
    chain = [exc]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    said = next((words(e) for e in chain if isinstance(e, subprocess.CalledProcessError)), words(chain[-1]))
    text = " ".join(everything(e) for e in chain)
    kind = next((kind for kind, pattern in KINDS if re.search(pattern, text, re.IGNORECASE)), "remote")
    return Trouble(f"{what}: {said}", kind)


def place(exc):
    """"file:line: error" of the line in the source that raised it."""
    frames = [(exc.filename, exc.lineno)] if isinstance(exc, SyntaxError) else [
        (f.filename, f.lineno) for f in traceback.extract_tb(exc.__traceback__)]
    own = [f"{os.path.relpath(file)}:{line}: " for file, line in frames if Path(file).is_relative_to(Path.cwd())]
    return f"{own[-1] if own else ''}{type(exc).__name__}: {exc.msg if isinstance(exc, SyntaxError) else exc}"


def load(entrypoint, lenient):
    """The flow behind an entrypoint; `lenient` forgives packages that only the run's own environment has."""
    path, _, function = str(entrypoint or "").rpartition(":")
    if path.endswith(".py") and not Path(path).is_file():
        raise Trouble(f"entrypoint '{entrypoint}': there is no file '{path}' in the source")
    try:
        return load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    except MissingFlowError as e:
        names = ""
        if path.endswith(".py"):
            names = ", ".join(n.name for n in ast.parse(Path(path).read_text()).body
                              if any("flow" in ast.unparse(d) for d in getattr(n, "decorator_list", [])))
        raise Trouble(f"entrypoint '{entrypoint}': no flow '{function}'; the file has: {names or 'none'}") from e
    except (Exception, SystemExit) as e:
        cause = e.user_exc if isinstance(e, ScriptError) else e
        if lenient and isinstance(cause, ModuleNotFoundError):
            return load_flow_from_entrypoint(entrypoint)
        raise Trouble(f"entrypoint '{entrypoint}': {place(cause)}") from e


class Item:
    """One deployment: what Prefect's deploy would write, and what the server has."""

    def __init__(self, config, error=None):
        self.config, self.error = config, error
        self.flow, self.name = "", str(config.get("name") or "")
        self.want, self.have, self.triggers, self.changes = {}, None, [], []

    async def dry_run(self, client, actions):
        """Prefect's deploy as if this were its first time; the calls that write only note what they were to write."""
        with (patch.object(PrefectClient, "read_deployment_by_name", AsyncMock(side_effect=ObjectNotFound(None))),
              patch.object(PrefectClient, "create_flow_from_name", AsyncMock(return_value=NOBODY)),
              patch.object(PrefectClient, "create_deployment", AsyncMock(return_value=NOBODY)) as deployment,
              patch.object(core, "_create_deployment_triggers", AsyncMock()) as triggers):
            await core._run_single_deploy(self.config, actions, {}, client, console=Console(file=io.StringIO()),
                                          is_interactive=lambda: False)
        self.want, self.triggers = dict(deployment.await_args.kwargs), triggers.await_args.args[2]
        self.want["description"] = self.want["description"] or ""  # None would be stored as "None"

    async def check(self, client, actions):
        pool_name = (self.config.get("work_pool") or {}).get("name")
        self.flow = load(self.config.get("entrypoint"), self.config.pop("requirements", False)).name
        try:
            pool = await client.read_work_pool(pool_name) if pool_name else None
        except ObjectNotFound as e:
            pools = ", ".join(sorted(p.name for p in await client.read_work_pools()))
            raise Trouble(f"there is no work pool '{pool_name}' on the server; it has: {pools or 'none'}") from e
        try:
            await self.dry_run(client, actions)
        except Exception as e:
            raise Trouble(f"Prefect's deploy refuses it: {words(e)}") from e
        await self.check_values(client, pool)
        try:
            self.have = await client.read_deployment_by_name(f"{self.flow}/{self.name}")
            self.changes = await self.differences(client)
        except ObjectNotFound:
            pass

    async def check_values(self, client, pool):
        queue = self.want.get("work_queue_name")
        try:
            if queue:
                await client.read_work_queue_by_name(queue, work_pool_name=pool.name)
        except ObjectNotFound as e:
            raise Trouble(f"work pool '{pool.name}' has no queue '{queue}'") from e
        create = DeploymentCreate(flow_id=NOBODY, name=self.name, job_variables=self.want["job_variables"])
        try:
            create.check_valid_configuration(pool.base_job_template)
        except Exception as e:
            raise Trouble(f"job_variables do not fit work pool '{pool.name}': {words(e)}") from e
        schema = self.want["parameter_openapi_schema"]
        scheduled = [(f"schedule '{s.slug or ''}': ", s.parameters, not s.active) for s in self.want["schedules"] or []]
        for where, more, partial in [("", {}, True), *scheduled]:
            parameters = {**self.want["parameters"], **more}
            for name in parameters.keys() - schema.get("properties", {}).keys():
                raise Trouble(f"{where}flow '{self.flow}' has no parameter '{name}'")
            try:
                validate(parameters, schema, raise_on_error=True, ignore_required=partial)
            except Exception as e:
                raise Trouble(f"{where}parameters of flow '{self.flow}': {words(e)}") from e

    async def differences(self, client):
        """Names of the fields in which the server differs from what is wanted."""
        want, have = self.want, self.have
        anchored = {s.get("slug") for s in self.config.get("schedules") or [] if s.get("anchor_date")}

        def plain(value):
            value = value.model_dump(mode="json", exclude_none=True) if hasattr(value, "model_dump") else value
            return json.loads(json.dumps(value, default=str)) or None

        def schedules(rows):  # an anchor that nobody wrote is the moment of the deploy
            return sorted(json.dumps([s.slug, s.active, s.parameters, s.schedule.model_dump(
                mode="json", exclude=set() if s.slug in anchored else {"anchor_date"})], sort_keys=True) for s in rows)

        def variables(value):  # see apply
            return {name: v for name, v in (value or {}).items() if name != "env" or v}

        def triggers(rows):
            fields = {"name", "description", "enabled", "trigger", "actions"}
            dumps = (json.dumps(row.model_dump(mode="json", include=fields), sort_keys=True) for row in rows)
            return {re.sub(r'"id": "[^"]*",? ?', "", dump) for dump in dumps}

        pairs = {name: (plain(want.get(name)), plain(getattr(have, name)))
                 for name in ("version", "description", "parameters", "path", "entrypoint", "pull_steps", "tags",
                              "work_pool_name", "parameter_openapi_schema", "enforce_parameter_schema",
                              "concurrency_options")}
        pairs["schedules"] = schedules(want["schedules"] or []), schedules(have.schedules)
        pairs["job_variables"] = variables(want["job_variables"]), variables(have.job_variables)
        pairs["work_queue_name"] = want.get("work_queue_name") or "default", have.work_queue_name
        pairs["paused"] = have.paused if want.get("paused") is None else want["paused"], have.paused
        limit = have.global_concurrency_limit
        pairs["concurrency_limit"] = want.get("concurrency_limit"), limit.limit if limit else None
        for trigger in self.triggers:
            trigger.set_deployment_id(have.id)
        related = await client.read_resource_related_automations(f"prefect.deployment.{have.id}")
        own = {t.name for t in self.triggers} | {f"{self.name}__automation_{i}" for i in range(1, 100)}  # not a user's
        pairs["triggers"] = (triggers(t.as_automation() for t in self.triggers),
                             triggers(a for a in related if a.name in own))
        return sorted(name for name, (a, b) in pairs.items() if a != b)

    async def apply(self, client):
        if self.have and self.have.job_variables and not self.want["job_variables"]:
            self.want["job_variables"] = {"env": {}}  # given none, the server keeps the old ones
        self.want["flow_id"] = await client.create_flow_from_name(self.flow)
        await core._create_deployment_triggers(client, await client.create_deployment(**self.want), self.triggers)

    def report(self, mode):
        state = "failed" if self.error else "created" if not self.have else "changed" if self.changes else "unchanged"
        return {"flow": self.flow, "name": self.name, "changes": self.changes,
                "state": "checked" if mode == "check" and state != "failed" else state,
                "kind": self.error.kind if self.error else "", "error": str(self.error or "")}


def failed(source, error):
    return [Item(config, error) for config in source.get("deployments") or [{"name": source.get("prefect_file")}]]


def lacking(source):
    """What is wrong when the venv of this machine is older than the spec's sources; elsewhere a step may run pip."""
    steps = (source.get("pull") or []) if sys.prefix == VENV else []
    for module in (name.partition(".")[0] for step in steps for name in step):
        if importlib.util.find_spec(module) is None:
            return Trouble(f"the venv has no {module} yet; run `slipway bootstrap`")
    return None


async def fetch(source, directory):
    """The code of a source in the working directory; its deployments, and Prefect's actions."""
    said, actions = io.StringIO(), {"build": [], "push": [], "pull": []}
    configs, pull = source.get("deployments"), source.get("pull")
    if source.get("prefect_file"):
        os.chdir(source["directory"])
        console = Console(file=said, width=400)
        configs, actions = _load_deploy_configs_and_actions(Path(source["prefect_file"]), console=console)
        pull = actions["pull"]
        if not configs:
            raise Trouble(f"'{source['prefect_file']}' has no deployments: {said.getvalue()}")
        if "git_clone" not in json.dumps(pull):
            return configs, actions  # directories that it names may be there only in the run's own container
    os.chdir(directory)
    for config in configs:  # such as the address of a store
        env = ((config.get("work_pool") or {}).get("job_variables") or {}).get("env")
        env = env if isinstance(env, dict) else {}
        os.environ.update({k: v for k, v in env.items() if isinstance(v, str) and not k.startswith("PREFECT_")})
    try:
        out = await run_steps(pull, print_function=lambda *_, **__: None)
    except Exception as e:
        raise outside(e, "the source cannot be fetched") from e
    os.chdir(source.get("directory") or out.get("directory") or directory)
    sys.path.append(site.getusersitepackages())  # a pull step may have installed packages
    importlib.invalidate_caches()
    return configs, actions


async def read(source, directory):
    async with get_client() as client:
        configs, actions = await fetch(source, directory)
        items = [Item(config) for config in configs]
        for item in items:
            try:
                await item.check(client, actions)
            except Trouble as e:
                item.error = e
    return items


def child(source, directory, pipe):
    try:
        pipe.send(asyncio.run(read(source, directory)))
    except BaseException as e:
        pipe.send(failed(source, e if isinstance(e, Trouble) else outside(e, "the check failed")))
    os._exit(0)  # whatever threads the modules of the flows have started


def read_apart(source):
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as directory:
        process = context.Process(target=child, args=(source, directory, there), daemon=True)
        process.start()
        there.close()
        try:
            if here.poll(SOURCE_SECONDS):
                return here.recv()
            return failed(source, Trouble(f"its code was not fetched and imported in {SOURCE_SECONDS} s", "net"))
        except EOFError:
            return failed(source, Trouble("the process that imports its code died", "remote"))
        finally:
            process.kill()
            process.join()


async def deploy(items):
    async with get_client() as client:
        for item in items:
            if item.changes or not item.have:
                try:
                    await item.apply(client)
                except Exception as e:
                    item.error = outside(e, "the server refuses it")


def main():
    os.environ.update(GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="true", PYTHONDONTWRITEBYTECODE="1")
    document = json.load(sys.stdin)
    answer = os.dup(1)
    os.dup2(2, 1)  # what modules print is no answer
    sources = document["sources"]
    items = [item for source in sources if (error := lacking(source)) for item in failed(source, error)]
    items = items or [item for source in sources for item in read_apart(source)]
    mode = "check" if any(item.error for item in items) else document["mode"]
    if mode == "deploy":
        asyncio.run(deploy(items))
    rows = [item.report(mode) for item in items]
    os.write(answer, (json.dumps({"deployments": rows}) + "\n").encode())


main()
