#include "cmd/command.h"
#include "core/jsonx.h"
#include "core/util.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HAS(opt) (1u << OPT_##opt)

// clang-format off
const struct command command_table[] = { /* sorted by name */
    { "artifacts", "pull", "fetch everything that is pinned, for a host without a network", 1, 1, false, HAS(OUT) | HAS(ARCH), cmd_artifacts,
      "Writes the K3s binary and images, Helm, the charts and the container images of the spec to a\n"
      "directory with a slipway.lock of its own. Name it as artifacts.dir in the spec there.\n"
      "  slipway artifacts pull -o ./artifacts --arch arm64\n" },
    { "bootstrap", "", "make the platform, or continue where a run stopped", 0, 0, false, HAS(ARTIFACTS) | HAS(NO_CANARY), cmd_bootstrap,
      "Makes the machine, installs K3s, PostgreSQL, the Prefect server and worker, and ends when a canary\n"
      "flow run has COMPLETED. Run again it continues on the same machine; on a converged deployment it\n"
      "says \"no change\" and acts on nothing.\n"
      "  slipway bootstrap -f slipway.yaml\n" },
    { "completion", "bash|zsh|fish", "print the completion script for a shell", 1, 1, false, 0, cmd_completion,
      "  slipway completion bash > /etc/bash_completion.d/slipway\n" },
    { "deploy", "", "make the deployments of the spec's flows", 0, 0, false, HAS(PRUNE), cmd_deploy,
      "Checks every flow first, then runs Prefect's own deploy inside, reads the result back and shows what\n"
      "changed. Deployments that the spec no longer has are listed, and deleted with --prune.\n"
      "  slipway deploy --prune\n" },
    { "doctor", "", "look for what is wrong, and what to do about it", 0, 0, false, HAS(FIX), cmd_doctor,
      "One line for each check: ok, FAIL or fixed. Changes nothing unless --fix is given. Exit status 0 when\n"
      "all is well, 5 when something is wrong, 3 when credentials are refused. For a Prefect server that exists\n"
      "elsewhere it works before there is a machine.\n"
      "  slipway doctor --fix\n" },
    { "help", "[COMMAND]", "show what slipway or a command does", 0, 1, false, 0, cmd_help, "" },
    { "init", "", "write a commented spec for a provider", 0, 0, false, HAS(PROVIDER) | HAS(NAME) | HAS(FORCE), cmd_init,
      "  slipway init --provider local --name flows\n" },
    { "kubeconfig", "[-- COMMAND...]", "write a kubeconfig and hold the tunnel that it needs", 0, 0, true, HAS(PORT) | HAS(OUT), cmd_kubeconfig,
      "The file is 0600 from its first byte and is the deployment's own; yours is not touched. The tunnel\n"
      "stays until Ctrl-C, or while COMMAND runs with KUBECONFIG set.\n"
      "  slipway kubeconfig -- kubectl get pods -A\n" },
    { "list", "", "list the deployments of this user", 0, 0, false, 0, cmd_list, "" },
    { "lock", "", "resolve every artifact to a digest and write slipway.lock", 0, 0, false, 0, cmd_lock,
      "From then on exactly these bytes are demanded.\n" },
    { "logs", "[server|worker|database|health|k3s|run|RUN]", "show the logs of a part, of a flow run, or of slipway's own last run", 0, 1, false, HAS(FOLLOW), cmd_logs,
      "RUN is the id of a flow run, its first 8 or more digits, or its name: what it logged and what its\n"
      "infrastructure printed, in the order of time. `run` is slipway's own last run.\n"
      "  slipway logs server --follow\n"
      "  slipway logs amber-crab\n" },
    { "open", "", "open a tunnel to the Prefect UI and print its address", 0, 0, false, HAS(PORT) | HAS(BROWSER), cmd_open,
      "The user name and the command that shows the password are printed too.\n" },
    { "plan", "", "show what bootstrap would make; change nothing", 0, 0, false, HAS(ARTIFACTS), cmd_plan, "" },
    { "policy", "PROVIDER", "print the least rights that this spec needs of a cloud", 1, 1, false, HAS(TRUST), cmd_policy,
      "A document of the cloud's own: for aws an IAM policy, and with --trust the trust policy of a role that\n"
      "GitHub Actions of a repository may take on. Nothing is asked of the cloud.\n"
      "  slipway policy aws > slipway-policy.json\n"
      "  slipway policy aws --trust example/flows:environment:production\n" },
    { "report", "", "write the last bootstrap's report as one HTML page", 0, 0, false, HAS(OUT), cmd_report, "" },
    { "run", "FLOW/DEPLOYMENT", "start a flow run of a deployment", 1, 1, false, HAS(PARAM) | HAS(WAIT) | HAS(TIMEOUT), cmd_run,
      "Parameters are read as the deployment's schema says: numbers, true and false, lists and mappings as\n"
      "JSON, text as it is. With --wait the logs of the run are shown, and the exit status is 0 when it has\n"
      "COMPLETED, 5 when it FAILED, CRASHED or was CANCELLED, 6 at --timeout. Ctrl-C leaves it running.\n"
      "  slipway run etl/daily -p day=2026-11-21 -p retries=3 --wait\n" },
    { "runs", "", "list flow runs, newest first, with their lateness", 0, 0, false, HAS(LIMIT) | HAS(STATE), cmd_runs,
      "  slipway runs --state late --limit 50\n" },
    { "schema", "", "print the JSON Schema of the spec", 0, 0, false, 0, cmd_schema, "" },
    { "ssh", "[-- COMMAND...]", "a shell on the machine, or a command", 0, 0, true, 0, cmd_ssh,
      "Needs no ssh program. Exits with the command's status.\n"
      "  slipway ssh -- sudo k3s kubectl get nodes\n" },
    { "status", "", "show whether the deployment works", 0, 0, false, 0, cmd_status, "" },
    { "teardown", "", "remove everything that bootstrap made, and prove it", 0, 0, false, HAS(INCLUDE_VOLUMES), cmd_teardown,
      "Asks first, unless -y, and prints what was removed. Exit status 8 when something is left, which is then\n"
      "named. In a cloud it needs no state: spec and credentials are enough. Volumes and load balancers that the\n"
      "cluster made are named, and removed only with --include-volumes.\n" },
    { "validate", "", "check the spec", 0, 0, false, 0, cmd_validate, "" },
    { "version", "", "print the version", 0, 0, false, 0, cmd_version, "" },
    { NULL, NULL, NULL, 0, 0, false, 0, NULL, NULL },
};

// clang-format on

const struct command *command_find(const char *name)
{
    for (const struct command *c = command_table; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

int app_print_json(json_t *doc, struct err *e)
{
    AUTO_FREE char *text = jsonx_text(doc, 2);

    json_decref(doc);
    if (puts(text) < 0 || fflush(stdout) != 0)
        return err_sys(e, ERR_INTERNAL, "write to stdout");
    return 0;
}
