/* Every source of credentials against tests/aws/credentials_server.py, which plays the services; the environment, the
 * files, the clock and what it answers are the row's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ctype.h>
#include <unistd.h>

#include "../artifact/server.h"
#include "../core/scratch.h"
#include "aws/credentials.h"
#include "aws/credentials_source.h"
#include "aws/profile.h"
#include "core/jsonx.h"
#include "core/svec.h"
#include "core/ui.h"
#include "net/http.h"

#define KEYS(id) "aws_access_key_id = " id "\naws_secret_access_key = SECRET" id "\n"
#define ENV_KEYS "AWS_ACCESS_KEY_ID=AKIAENV", "AWS_SECRET_ACCESS_KEY=SECRETAKIAENV"
#define ECS_URI  "AWS_CONTAINER_CREDENTIALS_FULL_URI=@URL@/ecs"
#define NO_IMDS  "AWS_EC2_METADATA_DISABLED=true"
#define TOKEN    "AWS_WEB_IDENTITY_TOKEN_FILE=@DIR@/token"
#define ROLE(r)  "arn:aws:iam::1:role/" r
#define SSO_KEYS "sso_account_id = 123\nsso_role_name = admin\n"
#define CORP     "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp\n"
/* sha1 of "corp" and of "https://corp" */
#define CORP_FILE "sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
#define URL_FILE  "sso/cache/17da54e8ec4ee05390f1915bb3ef5fea7ebd238e.json"

static struct server server;
static char *dir; /* HOME of the row */
static char url[64];

struct row {
    const char *name;
    const char *env[8];
    const char *config, *credentials; /* of ~/.aws, or NULL */
    const char *file, *text;          /* another file below ~/.aws, or NULL */
    const char *script;               /* of the server, or NULL */
    const char *want;                 /* key id; NULL: an error */
    enum err_code code;
    const char *says;    /* part of the message; or of the source when it is found */
    int sleeps;          /* how often it waited before another try */
    const char *session; /* its session token, where that is the row's point; "": none */
};

static const struct row rows[] = {
    /* What is found, by itself and before its neighbour in the walk. */
    { .name = "environment before role",
      .env = { ENV_KEYS },
      .config = "[default]\nrole_arn = " ROLE("r") "\ncredential_source = Environment\n",
      .want = "AKIAENV",
      .says = "environment" },
    { .name = "environment with a profile named",
      .env = { ENV_KEYS, "AWS_PROFILE=p" },
      .credentials = "[p]\n" KEYS("AKIAP"),
      .want = "AKIAENV" },
    { .name = "environment with a session token",
      .env = { ENV_KEYS, "AWS_SESSION_TOKEN=SECRETONE" },
      .want = "AKIAENV",
      .session = "SECRETONE" },
    { .name = "environment with both names of the token",
      .want = "AKIAENV",
      .session = "SECRETTWO",
      .env = { ENV_KEYS, "AWS_SESSION_TOKEN=SECRETONE", "AWS_SECURITY_TOKEN=SECRETTWO" } },
    { .name = "file with an empty session token",
      .want = "AKIAFILE",
      .session = "",
      .credentials = "[default]\n" KEYS("AKIAFILE") "aws_session_token =\n" },
    { .name = "file with both names of the token",
      .want = "AKIAFILE",
      .session = "SECRETTWO",
      .credentials = "[default]\n" KEYS("AKIAFILE") "aws_session_token = SECRETONE\naws_security_token = SECRETTWO\n" },
    { .name = "role before web identity",
      .env = { TOKEN, "AWS_ROLE_ARN=" ROLE("web") },
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = base\n",
      .credentials = "[base]\n" KEYS("AKIABASE"),
      .file = "../token",
      .text = "SECRETWEB",
      .want = "ASIA-r-BY-AKIABASE",
      .says = "profile 'default', role" },
    { .name = "web identity before SSO",
      .env = { TOKEN, "AWS_ROLE_ARN=" ROLE("web") },
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .file = "../token",
      .text = "SECRETWEB\n",
      .want = "ASIA-web-WITH-WEB",
      .says = "web identity (token file)" },
    { .name = "web identity of the profile",
      .config =
          "[default]\nrole_arn = " ROLE("web") "\nweb_identity_token_file = @DIR@/token\nrole_session_name = me\n",
      .file = "../token",
      .text = "SECRETWEB",
      .want = "ASIA-web-WITH-WEB-me" },
    { .name = "GitHub before SSO",
      .env = { "ACTIONS_ID_TOKEN_REQUEST_URL=@URL@/github?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=SECRETGH",
               "AWS_ROLE_ARN=" ROLE("ci"), "AWS_ROLE_SESSION_NAME=run-7" },
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .want = "ASIA-ci-WITH-JWT-2-run-7",
      .says = "GitHub OIDC" },
    { .name = "token file before GitHub",
      .env = { "ACTIONS_ID_TOKEN_REQUEST_URL=@URL@/github?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=SECRETGH", TOKEN,
               "AWS_ROLE_ARN=" ROLE("ci") },
      .file = "../token",
      .text = "SECRETWEB",
      .want = "ASIA-ci-WITH-WEB" },
    { .name = "GitHub without a role is none",
      .env = { "ACTIONS_ID_TOKEN_REQUEST_URL=@URL@/github?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=SECRETGH" },
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .want = "AKIAFILE" },
    { .name = "SSO before the credentials file",
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .file = CORP_FILE,
      .text = "{\"accessToken\":\"SECRETSSO\",\"expiresAt\":\"2030-01-01T00:00:00Z\"}",
      .want = "ASIA-SSO-admin-123-SSO",
      .says = "SSO of profile 'default'" },
    { .name = "SSO without a session",
      .config = "[default]\nsso_start_url = https://corp\nsso_region = eu-west-1\n" SSO_KEYS,
      .file = URL_FILE,
      .text = "{\"accessToken\":\"SECRETSSO\",\"expiresAt\":\"2030-01-01T00:00:00UTC\"}",
      .want = "ASIA-SSO-admin-123-SSO" },
    { .name = "SSO renewed",
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .file = CORP_FILE,
      .text =
          "{\"accessToken\":\"SECRETSSO\",\"expiresAt\":\"2023-11-14T22:13:19Z\",\"refreshToken\":\"SECRETREFRESH\","
          "\"clientId\":\"i\",\"clientSecret\":\"SECRETC\",\"registrationExpiresAt\":\"2030-01-01T00:00:00Z\"}",
      .want = "ASIA-SSO-admin-123-SSO-renewed" },
    { .name = "SSO not renewed yet",
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .file = CORP_FILE,
      .text = "{\"accessToken\":\"SECRETSSO\",\"expiresAt\":\"2023-11-14T22:20:00Z\",\"refreshToken\":\"SECRETOTHER\","
              "\"clientId\":\"i\",\"clientSecret\":\"SECRETC\",\"registrationExpiresAt\":\"2030-01-01T00:00:00Z\"}",
      .want = "ASIA-SSO-admin-123-SSO" },
    { .name = "credentials file before process",
      .config = "[default]\ncredential_process = /bin/sh -c 'exit 9'\n",
      .credentials = "[default]\n" KEYS("AKIAFILE") "aws_session_token = SECRETT\n",
      .want = "AKIAFILE",
      .says = "/.aws/credentials" },
    { .name = "credentials file before a session of aws login",
      .config = "[default]\nlogin_session = arn:x\n",
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .want = "AKIAFILE" },
    { .name = "session of aws login before process",
      .code = ERR_AUTH,
      .says = "aws login",
      .config = "[default]\nlogin_session = arn:x\ncredential_process = cat @DIR@/k\n" KEYS("AKIACONFIG") },
    { .name = "process before config file",
      .config = "[default]\ncredential_process = sh \"-c\" 'cat \"$0\"' @DIR@/my\\ keys\n" KEYS("AKIACONFIG"),
      .file = "../my keys",
      .text = "{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"SECRETP\"}",
      .want = "AKIAPROCESS",
      .says = "credential_process of profile 'default'" },
    { .name = "process has the user's PATH and variables",
      .env = { "AWS_PROFILE=p", "PATH=@DIR@/bin:/usr/bin:/bin", "AWS_MINE=AKIAMINE" },
      .config = "[profile p]\ncredential_process = mine\n",
      .file = "../bin/mine",
      .text = "#!/bin/sh\necho touch the key >&2\n"
              "echo '{\"Version\":1,\"AccessKeyId\":\"'$AWS_MINE'\",\"SecretAccessKey\":\"SECRETP\","
              "\"SessionToken\":\"SECRETT\",\"Expiration\":\"2030-01-01T00:00:00+01:00\"}'\n",
      .want = "AKIAMINE" },
    { .name = "config file before container",
      .env = { ECS_URI },
      .config = "[default]\n" KEYS("AKIACONFIG"),
      .want = "AKIACONFIG",
      .says = "/.aws/config" },
    { .name = "container before instance metadata", .env = { ECS_URI }, .want = "ASIA-ECS", .says = "container" },
    { .name = "container, relative",
      .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/ecs/x", ECS_URI "/not" },
      .want = "ASIA-ECS" },
    { .name = "container with a token",
      .env = { ECS_URI, "AWS_CONTAINER_AUTHORIZATION_TOKEN=SECRETA" },
      .want = "ASIA-ECS-A" },
    { .name = "container with a token's file",
      .file = "../auth",
      .text = "SECRETB",
      .env = { ECS_URI, "AWS_CONTAINER_AUTHORIZATION_TOKEN=SECRETA",
               "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=@DIR@/auth" },
      .want = "ASIA-ECS-B" },
    { .name = "instance metadata", .want = "ASIA-IMDS", .says = "role 'machine-role'" },

    /* Roles. */
    { .name = "role with everything",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = b\nexternal_id = ext/1\nduration_seconds = 900\n"
                                                   "role_session_name = me@x\n[profile b]\n" KEYS("AKIAB"),
      .want = "ASIA-r-BY-AKIAB-ext/1-900-me@x" },
    { .name = "role of a role of a role",
      .config = "[default]\nrole_arn = " ROLE("c") "\nsource_profile = b\n[profile b]\nrole_arn = " ROLE(
          "b") "\nsource_profile = a\n[profile a]\nrole_arn = " ROLE("a") "\nsource_profile = k\n",
      .credentials = "[k]\n" KEYS("AKIAK"),
      .want = "ASIA-c-BY-ASIA-b-BY-ASIA-a-BY-AKIAK" },
    { .name = "role on its own keys",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\n" KEYS("AKIASELF"),
      .want = "ASIA-r-BY-AKIASELF" },
    { .name = "role on a profile that has keys and a role",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = b\n[profile b]\nrole_arn = " ROLE(
          "x") "\nsource_profile = default\n" KEYS("AKIAB"),
      .want = "ASIA-r-BY-AKIAB" },
    { .name = "role on the environment",
      .env = { ENV_KEYS, "AWS_PROFILE=p" },
      .want = "AKIAENV",
      .config = "[profile p]\nrole_arn = " ROLE("r") "\ncredential_source = Environment\n" },
    { .name = "role on the container",
      .env = { ECS_URI },
      .want = "ASIA-r-BY-ASIA-ECS",
      .config = "[default]\nrole_arn = " ROLE("r") "\ncredential_source = EcsContainer\n" },
    { .name = "role on instance metadata",
      .want = "ASIA-r-BY-ASIA-IMDS",
      .config = "[default]\nrole_arn = " ROLE("r") "\ncredential_source = Ec2InstanceMetadata\n" },
    { .name = "role on a web identity of the profile, not of the environment",
      .env = { "AWS_WEB_IDENTITY_TOKEN_FILE=/nonexistent", "AWS_ROLE_ARN=" ROLE("no") },
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = w\n[profile w]\nrole_arn = " ROLE(
          "web") "\nweb_identity_token_file = @DIR@/token\n",
      .file = "../token",
      .text = "SECRETWEB",
      .want = "ASIA-r-BY-ASIA-web-WITH-WEB" },
    { .name = "role on a process",
      .config =
          "[default]\nrole_arn = " ROLE("r") "\nsource_profile = p\n[profile p]\ncredential_process = cat @DIR@/k\n",
      .file = "../k",
      .text = "{\"Version\":1,\"AccessKeyId\":\"AKIAPR\",\"SecretAccessKey\":\"SECRETAKIAPR\"}",
      .want = "ASIA-r-BY-AKIAPR" },
    { .name = "circle of roles",
      .code = ERR_AUTH,
      .says = "circle: default > b > default",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = b\n[profile b]\nrole_arn = " ROLE(
          "x") "\nsource_profile = default\n" },
    { .name = "circle of one",
      .code = ERR_AUTH,
      .says = "circle: default > default",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\n" },
    { .name = "source_profile is missing",
      .code = ERR_AUTH,
      .says = "its source_profile 'gone' is neither in",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = gone\n" },
    { .name = "source_profile without credentials",
      .code = ERR_AUTH,
      .says = "source profile 'b' has no credentials",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = b\n[profile b]\nregion = x\n" },
    { .name = "neither source",
      .code = ERR_AUTH,
      .says = "neither source_profile nor credential_source",
      .config = "[default]\nrole_arn = " ROLE("r") "\n",
      .credentials = "[default]\n" KEYS("AKIAFILE") },
    { .name = "both sources",
      .code = ERR_AUTH,
      .says = "both source_profile and credential_source",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\ncredential_source = Environment\n" },
    { .name = "unknown source",
      .code = ERR_AUTH,
      .says = "'environment' is not known",
      .config = "[default]\nrole_arn = " ROLE("r") "\ncredential_source = environment\n" },
    { .name = "credential_source that has none",
      .code = ERR_AUTH,
      .says = "'EcsContainer' has none",
      .config = "[default]\nrole_arn = " ROLE("r") "\ncredential_source = EcsContainer\n" },
    { .name = "a second factor",
      .code = ERR_AUTH,
      .says = "mfa_serial",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\nmfa_serial = arn:x\n" KEYS("AKIAB") },
    { .name = "duration is no number",
      .code = ERR_AUTH,
      .says = "duration_seconds '1h'",
      .config =
          "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\nduration_seconds = 1h\n" KEYS("AKIAB") },
    { .name = "role denied",
      .code = ERR_AUTH,
      .says = "HTTP 403: AccessDenied: you may not",
      .config = "[default]\nrole_arn = " ROLE("denied") "\nsource_profile = default\n" KEYS("AKIAB") },
    { .name = "wrong secret",
      .code = ERR_AUTH,
      .says = "SignatureDoesNotMatch",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\naws_access_key_id = AKIAB\n"
                                                   "aws_secret_access_key = SECRETwrong\n" },
    { .name = "STS is busy at first",
      .want = "ASIA-r-BY-AKIAB",
      .sleeps = 2,
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\n" KEYS("AKIAB"),
      .script = "{\"sts\":[{\"status\":503,\"body\":\"busy\"},{\"status\":429,\"body\":\"\"}]}" },
    { .name = "STS stays broken",
      .code = ERR_REMOTE,
      .says = "STS: HTTP 500",
      .sleeps = 3,
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\n" KEYS("AKIAB"),
      .script =
          "{\"sts\":[{\"status\":500,\"body\":\"\"},{\"status\":500,\"body\":\"\"},{\"status\":500,\"body\":\"\"},"
          "{\"status\":500,\"body\":\"\"}]}" },
    { .name = "STS cannot be reached",
      .env = { "AWS_ENDPOINT_URL_STS=http://127.0.0.1:1" },
      .code = ERR_NET,
      .says = "role '" ROLE("r") "'",
      .sleeps = 3,
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\n" KEYS("AKIAB") },
    { .name = "STS says rubbish",
      .code = ERR_REMOTE,
      .says = "not the XML",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\n" KEYS("AKIAB"),
      .script = "{\"sts\":[{\"status\":200,\"body\":\"<a><b>SECRETX</b>\"}]}" },
    { .name = "STS gives no keys",
      .code = ERR_AUTH,
      .says = "the access key id is missing",
      .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\n" KEYS("AKIAB"),
      .script = "{\"sts\":[{\"status\":200,\"body\":\"<a><b>SECRETX</b></a>\"}]}" },

    /* Web identity. */
    { .name = "STS did not reach the issuer at first",
      .env = { TOKEN, "AWS_ROLE_ARN=" ROLE("web") },
      .file = "../token",
      .text = "SECRETWEB",
      .want = "ASIA-web-WITH-WEB",
      .sleeps = 1,
      .script = "{\"sts\":[{\"status\":400,\"body\":\"<E><Code>IDPCommunicationError</Code></E>\"}]}" },
    { .name = "token file without a role",
      .env = { TOKEN },
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .code = ERR_AUTH,
      .says = "but no role" },
    { .name = "token file is missing",
      .env = { TOKEN, "AWS_ROLE_ARN=" ROLE("web") },
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .code = ERR_AUTH,
      .says = "No such file" },
    { .name = "token file is empty",
      .env = { TOKEN, "AWS_ROLE_ARN=" ROLE("web") },
      .file = "../token",
      .text = "\n",
      .code = ERR_AUTH,
      .says = "is empty" },
    { .name = "GitHub refuses",
      .env = { "ACTIONS_ID_TOKEN_REQUEST_URL=@URL@/github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=SECRETOLD",
               "AWS_ROLE_ARN=" ROLE("ci") },
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .code = ERR_AUTH,
      .says = "GitHub OIDC token: HTTP 401: no" },
    { .name = "GitHub is busy at first, no query in its URL",
      .env = { "ACTIONS_ID_TOKEN_REQUEST_URL=@URL@/github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=SECRETGH",
               "AWS_ROLE_ARN=" ROLE("ci") },
      .want = "ASIA-ci-WITH-JWT-",
      .sleeps = 1,
      .script = "{\"github\":[{\"status\":500,\"body\":\"\"}]}" },
    { .name = "GitHub by plain http elsewhere",
      .env = { "ACTIONS_ID_TOKEN_REQUEST_URL=http://169.254.169.254/x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=SECRETGH",
               "AWS_ROLE_ARN=" ROLE("ci") },
      .code = ERR_AUTH,
      .says = "neither https nor loopback" },
    { .name = "GitHub bearer with a line break",
      .env = { "ACTIONS_ID_TOKEN_REQUEST_URL=@URL@/github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=SECRETGH\r\nX-Evil: 1",
               "AWS_ROLE_ARN=" ROLE("ci") },
      .code = ERR_AUTH,
      .says = "holds a line break" },
    { .name = "GitHub answers rubbish",
      .env = { "ACTIONS_ID_TOKEN_REQUEST_URL=@URL@/github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=SECRETGH",
               "AWS_ROLE_ARN=" ROLE("ci") },
      .code = ERR_REMOTE,
      .says = "not a JSON object",
      .script = "{\"github\":[{\"status\":200,\"body\":\"SECRETX\"}]}" },

    /* SSO. */
    { .name = "SSO: nobody logged in",
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .code = ERR_AUTH,
      .says = "nobody has logged in" },
    { .name = "SSO: expired",
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .file = CORP_FILE,
      .text = "{\"accessToken\":\"SECRETSSO\",\"expiresAt\":\"2023-11-14T22:13:19Z\"}",
      .code = ERR_AUTH,
      .says = "the token has expired" },
    { .name = "SSO: expired and not renewed",
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .file = CORP_FILE,
      .text = "{\"accessToken\":\"SECRETSSO\",\"expiresAt\":\"2023-11-14T22:13:19Z\",\"refreshToken\":\"SECRETOTHER\","
              "\"clientId\":\"i\",\"clientSecret\":\"SECRETC\",\"registrationExpiresAt\":\"2030-01-01T00:00:00Z\"}",
      .code = ERR_AUTH,
      .says = "HTTP 400: Invalid refresh token" },
    { .name = "SSO: rubbish in the cache",
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .file = CORP_FILE,
      .text = "{\"accessToken\":\"SECRETSSO\"",
      .code = ERR_AUTH,
      .says = "does not hold a token" },
    { .name = "SSO: refused",
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .file = CORP_FILE,
      .text = "{\"accessToken\":\"SECRETOLD\",\"expiresAt\":\"2030-01-01T00:00:00Z\"}",
      .code = ERR_AUTH,
      .says = "HTTP 401: Session token not found" },
    { .name = "SSO: token with a line break",
      .config = CORP "[default]\nsso_session = corp\n" SSO_KEYS,
      .file = CORP_FILE,
      .text = "{\"accessToken\":\"SECRETSSO\\r\\nX: 1\",\"expiresAt\":\"2030-01-01T00:00:00Z\"}",
      .code = ERR_AUTH,
      .says = "holds a line break" },
    { .name = "SSO: no such session",
      .config = "[default]\nsso_session = corp\n" SSO_KEYS,
      .code = ERR_AUTH,
      .says = "no sso-session 'corp'" },
    { .name = "SSO: half of it",
      .config = "[default]\nsso_role_name = admin\nsso_region = r\n",
      .code = ERR_AUTH,
      .says = "sso_account_id is missing" },
    { .name = "SSO: two regions",
      .code = ERR_AUTH,
      .says = "sso_region differs",
      .config = CORP "[default]\nsso_session = corp\nsso_region = us-east-1\n" SSO_KEYS },

    /* Files and processes. */
    { .name = "id without secret in the environment",
      .env = { "AWS_ACCESS_KEY_ID=AKIAENV" },
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .code = ERR_AUTH,
      .says = "AWS_SECRET_ACCESS_KEY is not" },
    { .name = "line break in the environment's secret",
      .code = ERR_AUTH,
      .says = "secret access key holds a blank",
      .env = { "AWS_ACCESS_KEY_ID=AKIAENV", "AWS_SECRET_ACCESS_KEY=SECRETAKIAENV\n" } },
    { .name = "line break in the key id",
      .code = ERR_AUTH,
      .says = "access key id holds a blank",
      .env = { "AWS_ACCESS_KEY_ID=AKIAENV\r\nX: 1", "AWS_SECRET_ACCESS_KEY=SECRETAKIAENV" } },
    { .name = "the environment's have expired",
      .env = { ENV_KEYS, "AWS_CREDENTIAL_EXPIRATION=2023-11-14T22:13:20Z" },
      .code = ERR_AUTH,
      .says = "expired, at 2023-11-14T22:13:20Z" },
    { .name = "the environment's expiry is no time",
      .env = { ENV_KEYS, "AWS_CREDENTIAL_EXPIRATION=soon" },
      .code = ERR_AUTH,
      .says = "'soon' is not a time" },
    { .name = "id without secret in a file",
      .credentials = "[default]\naws_access_key_id = AKIAFILE\n",
      .code = ERR_AUTH,
      .config = "[default]\n" KEYS("AKIACONFIG"),
      .says = "the secret access key is missing" },
    { .name = "session of aws login",
      .config = "[default]\nlogin_session = arn:x\n",
      .code = ERR_AUTH,
      .says = "aws login" },
    { .name = "profile does not exist",
      .env = { ENV_KEYS, "AWS_PROFILE=gone" },
      .code = ERR_AUTH,
      .credentials = "[default]\n" KEYS("AKIAFILE"),
      .says = "the profile 'gone' is neither in" },
    { .name = "process exits 3",
      .config = "[default]\ncredential_process = sh -c 'echo broken >&2; echo SECRETX; exit 3'\n",
      .code = ERR_AUTH,
      .says = "ended with status 3: broken" },
    { .name = "process prints rubbish",
      .config = "[default]\ncredential_process = echo 'KEY=SECRETX'\n",
      .code = ERR_AUTH,
      .says = "not a JSON object" },
    { .name = "process prints half a document",
      .config = "[default]\ncredential_process = echo '{\"Version\":1,\"SecretAccessKey\":\"SECRETX'\n",
      .code = ERR_AUTH,
      .says = "not a JSON object" },
    { .name = "process of another version",
      .config = "[default]\ncredential_process = echo '{\"Version\":2,\"SecretAccessKey\":\"SECRETX\"}'\n",
      .code = ERR_AUTH,
      .says = "Version" },
    { .name = "process prints an expired set",
      .code = ERR_AUTH,
      .says = "expired, at 2023-01-01T00:00:00Z",
      .config = "[default]\ncredential_process = cat @DIR@/k\n",
      .file = "../k",
      .text = "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRETX\",\"Expiration\":\"2023-01-01T00:00:"
              "00Z\"}" },
    { .name = "process is not there",
      .config = "[default]\ncredential_process = /nonexistent/program\n",
      .code = ERR_AUTH,
      .says = "/nonexistent/program" },
    { .name = "process with an open quote",
      .config = "[default]\ncredential_process = echo 'a\n",
      .code = ERR_AUTH,
      .says = "a quote is left open" },

    /* Container and machine. */
    { .name = "container at a foreign host",
      .env = { "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/x" },
      .code = ERR_AUTH,
      .says = "'192.0.2.1' is neither https" },
    { .name = "container at the machine's address",
      .env = { "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.169.254/x" },
      .code = ERR_AUTH,
      .says = "is neither https" },
    { .name = "container at no URL",
      .env = { "AWS_CONTAINER_CREDENTIALS_FULL_URI=x y" },
      .code = ERR_AUTH,
      .says = "is neither https" },
    { .name = "container, relative with a host in it",
      .env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@evil.org/x" },
      .code = ERR_AUTH,
      .says = "does not begin with '/'" },
    { .name = "container token with a line break",
      .env = { ECS_URI, "AWS_CONTAINER_AUTHORIZATION_TOKEN=SECRETA\r\nX: 1" },
      .code = ERR_AUTH,
      .says = "holds a line break" },
    { .name = "container token's file with a line break",
      .file = "../auth",
      .text = "SECRETB\n",
      .env = { ECS_URI, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=@DIR@/auth" },
      .code = ERR_AUTH,
      .says = "holds a line break" },
    { .name = "container token's file is missing",
      .env = { ECS_URI, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=@DIR@/auth" },
      .code = ERR_AUTH,
      .says = "No such file" },
    { .name = "container refuses",
      .env = { ECS_URI },
      .code = ERR_AUTH,
      .says = "HTTP 404: not yours",
      .script = "{\"ecs\":[{\"status\":404,\"body\":\"{\\\"message\\\":\\\"not yours\\\"}\"}]}" },
    { .name = "container is busy at first",
      .env = { ECS_URI },
      .want = "ASIA-ECS",
      .sleeps = 1,
      .script = "{\"ecs\":[{\"status\":429,\"body\":\"\"}]}" },
    { .name = "container without keys",
      .env = { ECS_URI },
      .code = ERR_AUTH,
      .says = "access key id is missing",
      .script = "{\"ecs\":[{\"status\":200,\"body\":\"{\\\"SecretAccessKey\\\":\\\"SECRETX\\\"}\"}]}" },
    { .name = "machine's role is refused with status 200",
      .code = ERR_AUTH,
      .says = "AssumeRoleUnauthorizedAccess: no trust",
      .script = "{\"imds_keys\":[{\"status\":200,\"body\":\"{\\\"Code\\\":\\\"AssumeRoleUnauthorizedAccess\\\","
                "\\\"Message\\\":\\\"no trust\\\"}\"}]}" },
    { .name = "machine has no role",
      .code = ERR_AUTH,
      .says = "the instance has no role (HTTP 404)",
      .script = "{\"imds_role\":[{\"status\":404,\"body\":\"\"}]}" },
    { .name = "machine gives no token",
      .code = ERR_AUTH,
      .says = "gave no token (HTTP 403)",
      .script = "{\"imds_token\":[{\"status\":403,\"body\":\"\"}]}" },
    { .name = "machine's role has a strange name",
      .code = ERR_REMOTE,
      .says = "not the name of a role",
      .script = "{\"imds_role\":[{\"status\":200,\"body\":\"../../x\"}]}" },
    { .name = "machine's keys are rubbish",
      .code = ERR_REMOTE,
      .says = "not a JSON object",
      .script = "{\"imds_keys\":[{\"status\":200,\"body\":\"SECRETX\"}]}" },
    { .name = "machine's token has a line break",
      .code = ERR_AUTH,
      .says = "holds a line break",
      .script = "{\"imds_token\":[{\"status\":200,\"body\":\"SECRETX\\r\\nX: 1\"}]}" },
    { .name = "nobody answers",
      .env = { "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1" },
      .code = ERR_AUTH,
      .says = "instance metadata did not answer" },
    { .name = "nothing at all", .env = { NO_IMDS }, .code = ERR_AUTH, .says = "AWS_ACCESS_KEY_ID is not set; " },
};

/* ---- a row's world ---- */

static char *filled(const char *text)
{
    struct sbuf out = SBUF_INIT(1 << 16);

    for (; *text; text++) {
        bool is_url = strncmp(text, "@URL@", 5) == 0, is_dir = strncmp(text, "@DIR@", 5) == 0;
        if (!is_url && !is_dir) {
            sbuf_addch(&out, *text);
            continue;
        }
        sbuf_addstr(&out, is_url ? url : dir);
        text += 4;
    }
    return sbuf_take(&out);
}

static void put_below_aws(const char *name, const char *text)
{
    AUTO_FREE char *path = xasprintf("%s/.aws/%s", dir, name);
    AUTO_FREE char *parent = fsx_dirname(path);
    AUTO_FREE char *full = filled(text);
    struct err e = ERR_INIT;

    assert_int_equal(fsx_mkdirs(parent, 0700, &e), 0);
    scratch_write(path, full, strlen(full));
    assert_int_equal(chmod(path, 0700), 0);
}

static void clear_environment(void)
{
    AUTO_SVEC struct svec names = SVEC_INIT;

    for (char **v = environ; *v; v++)
        if (strncmp(*v, "AWS_", 4) == 0 || strncmp(*v, "ACTIONS_", 8) == 0)
            svec_addf(&names, "%.*s", (int)strcspn(*v, "="), *v);
    for (size_t i = 0; i < names.len; i++)
        unsetenv(names.items[i]);
}

static void set_variable(const char *assignment)
{
    AUTO_FREE char *full = filled(assignment);
    char *equals = strchr(full, '=');

    *equals = '\0';
    setenv(full, equals + 1, 1);
}

/* Sends 169.254.170.2, which is not ours to have, to the server. */
struct detour {
    struct http base;
    struct http *real;
};

static int detour_send(struct http *h, const struct http_req *req, struct http_resp *ret, struct err *e)
{
    static const char ecs[] = "http://169.254.170.2";
    struct http_req there = *req;
    AUTO_FREE char *to = NULL;

    if (strncmp(req->url, ecs, strlen(ecs)) == 0) {
        to = xasprintf("%s%s", url, req->url + strlen(ecs));
        there.url = to;
    }
    return http_send(((struct detour *)h)->real, &there, ret, e);
}

struct world {
    struct fake_clock clock;
    int sleeps;
    struct ui *ui;
    struct detour http;
    struct aws_profiles *profiles;
    struct aws_chain *chain;
};

static int *sleeps;

static int counting_sleep(struct clock *c, int64_t ms, struct err *e)
{
    assert_true(ms > 0 && ms <= 20000);
    ++*sleeps;
    return fake_sleep_ms(c, ms, e);
}

static void tell_server(const struct world *w, const char *path, const char *body, struct http_resp *resp)
{
    AUTO_FREE char *to = xasprintf("%s%s", url, path);
    const struct http_req req = { .method = body ? "POST" : "GET", .url = to, .body = body, .timeout_ms = 10000 };
    struct err e = ERR_INIT;

    if (http_send(w->http.real, &req, resp, &e) < 0)
        fail_msg("%s", e.msg);
}

static void set_server(const struct world *w, int64_t ttl_s, const char *script)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(1 << 16);
    AUTO_FREE char *body = xasprintf("{\"now\":%lld,\"ttl\":%lld,\"script\":%s}", (long long)w->clock.wall / 1000,
                                     (long long)ttl_s, script ? script : "{}");

    tell_server(w, "/_set", body, &resp);
    assert_int_equal(resp.status, 200);
}

/* Requests that the parts had, "GET imds_role PUT imds_token "; without the detail of which when `part` is NULL. */
static int requests(const struct world *w, const char *part)
{
    AUTO_HTTP_RESP struct http_resp resp = HTTP_RESP_INIT(1 << 16);
    struct err e = ERR_INIT;
    json_t *each;
    size_t i;
    int n = 0;

    tell_server(w, "/_log", NULL, &resp);
    AUTO_JSON json_t *log = jsonx_parse(resp.body.data, resp.body.len, "log", &e);
    json_array_foreach (json_object_get(log, "requests"), i, each)
        n += !part || strstr(json_string_value(each), part);
    return n;
}

static void world_open(struct world *w, const struct row *row)
{
    struct err e = ERR_INIT;

    *w = (struct world){ .clock = FAKE_CLOCK(0), .http = { .base = { .send = detour_send } } };
    w->clock.clock.sleep_ms = counting_sleep;
    sleeps = &w->sleeps;
    dir = scratch_new();
    clear_environment();
    setenv("HOME", dir, 1);
    set_variable("AWS_ENDPOINT_URL_STS=@URL@/sts");
    set_variable("AWS_ENDPOINT_URL_SSO=@URL@/portal");
    set_variable("AWS_ENDPOINT_URL_SSO_OIDC=@URL@/oidc");
    set_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT=@URL@/imds");
    for (size_t i = 0; i < ARRAY_LEN(row->env) && row->env[i]; i++)
        set_variable(row->env[i]);
    put_below_aws("config", row->config ? row->config : "");
    put_below_aws("credentials", row->credentials ? row->credentials : "");
    if (row->file)
        put_below_aws(row->file, row->text);
    w->ui = ui_new(&(struct ui_opts){ .quiet = true }, &w->clock.clock);
    AUTO_FREE char *log = fsx_join(dir, "log");
    assert_int_equal(ui_log_to(w->ui, log, &e), 0);
    w->http.real = http_new(&w->clock.clock);
    if (aws_profiles_load(&w->profiles, &e) < 0)
        fail_msg("%s: %s", row->name, e.msg);
    w->chain = aws_chain_new(&(struct aws_chain_opts){ .profiles = w->profiles,
                                                       .region = "eu-central-1",
                                                       .http = &w->http.base,
                                                       .clock = &w->clock.clock,
                                                       .ui = w->ui });
    set_server(w, 3600, row->script);
}

/* The secrets of these tests begin with it; the name of a variable may be said. */
static bool leaks(const char *text)
{
    while ((text = strstr(text, "SECRET")) && strncmp(text, "SECRET_ACCESS", 13) == 0)
        text++;
    return text != NULL;
}

static void world_close(struct world *w)
{
    AUTO_FREE char *path = fsx_join(dir, "log");

    aws_chain_free(w->chain);
    aws_profiles_free(w->profiles);
    http_free(w->http.real);
    ui_free(w->ui);
    AUTO_FREE char *log = scratch_read(path, NULL);
    assert_false(leaks(log));
    scratch_free(dir);
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
}

static void check_row(const struct row *row)
{
    const struct aws_credentials *got = NULL;
    struct err e = ERR_INIT;
    struct world w;

    world_open(&w, row);
    int rc = aws_chain_get(w.chain, &got, &e);
    if (rc == 0 && !row->want)
        fail_msg("%s: found %s (%s)", row->name, got->key_id, got->source);
    if (rc < 0 && row->want)
        fail_msg("%s: %s", row->name, e.msg);
    if (rc == 0 && strcmp(got->key_id, row->want) != 0)
        fail_msg("%s: got %s, want %s", row->name, got->key_id, row->want);
    if (rc < 0 && e.code != row->code)
        fail_msg("%s: error '%s': %s", row->name, err_name(e.code), e.msg);
    if (row->says && !strstr(rc == 0 ? got->source : e.msg, row->says))
        fail_msg("%s: '%s' is not in '%s'", row->name, row->says, rc == 0 ? got->source : e.msg);
    if (leaks(e.msg) || leaks(e.hint) || strstr(e.msg, "\n"))
        fail_msg("%s: a secret or a line break in: %s", row->name, e.msg);
    if (w.sleeps != row->sleeps)
        fail_msg("%s: waited %d times, want %d", row->name, w.sleeps, row->sleeps);
    if (rc == 0 && row->session && strcmp(got->session ? got->session : "", row->session) != 0)
        fail_msg("%s: session token '%s'", row->name, got->session);
    if (rc == 0 && strncmp(got->key_id, "ASIA", 4) == 0) {
        AUTO_FREE char *token = xasprintf("SECRETTOKEN%s", got->key_id);
        assert_string_equal(got->session, token);
        assert_int_equal(got->expires_ms, w.clock.wall - w.clock.mono + INT64_C(3600000));
    }
    if (rc == 0 && !strstr(row->name, "machine") && !strstr(row->want, "IMDS"))
        assert_int_equal(requests(&w, "imds"), 0); /* it costs nothing when another source has some */
    world_close(&w);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
    print_message("%zu environments\n", ARRAY_LEN(rows));
}

/* ---- time ---- */

static const char *get(struct world *w)
{
    const struct aws_credentials *got = NULL;
    struct err e = ERR_INIT;

    if (aws_chain_get(w->chain, &got, &e) < 0)
        fail_msg("%s", e.msg);
    return got->key_id;
}

static void pass(struct world *w, int64_t seconds)
{
    w->clock.mono += seconds * 1000;
    w->clock.wall += seconds * 1000;
}

static const char busy[] = "{\"ecs\":[{\"status\":404,\"body\":\"\"}]}";

static void test_refresh(void **state)
{
    const struct row row = { .name = "refresh", .env = { ECS_URI } };
    const struct aws_credentials *got = NULL;
    struct err e = ERR_INIT;
    struct world w;

    (void)state;
    world_open(&w, &row);
    assert_string_equal(get(&w), "ASIA-ECS");
    /* 15 min and 1 s before the end: kept. */
    pass(&w, 3600 - 901);
    assert_string_equal(get(&w), "ASIA-ECS");
    assert_int_equal(requests(&w, "ecs"), 1);
    /* 14 min 59 s: tried, failed, kept, and not tried again for a minute. */
    pass(&w, 2);
    set_server(&w, 3600, busy);
    assert_string_equal(get(&w), "ASIA-ECS");
    assert_string_equal(get(&w), "ASIA-ECS");
    assert_int_equal(requests(&w, "ecs"), 1);
    AUTO_FREE char *path = fsx_join(dir, "log");
    AUTO_FREE char *log = scratch_read(path, NULL);
    assert_non_null(strstr(log, "could not be renewed yet"));
    pass(&w, 60);
    set_server(&w, 3600, busy);
    assert_string_equal(get(&w), "ASIA-ECS");
    assert_int_equal(requests(&w, "ecs"), 1);
    /* Below 10 min: demanded. */
    pass(&w, 899 - 60 - 599);
    set_server(&w, 3600, busy);
    assert_int_equal(aws_chain_get(w.chain, &got, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    set_server(&w, 3600, NULL);
    err_clear(&e);
    assert_int_equal(aws_chain_get(w.chain, &got, &e), 0);
    assert_int_equal(got->expires_ms, w.clock.wall + 3600000);
    /* After the end: anew, with an error when that fails. */
    pass(&w, 3601);
    set_server(&w, 3600, busy);
    assert_int_equal(aws_chain_get(w.chain, &got, &e), -1);
    err_clear(&e);
    assert_string_equal(get(&w), "ASIA-ECS");
    world_close(&w);
}

/* Sets that live shorter than the limits are not fetched for every request. */
static void test_short_life(void **state)
{
    const struct row row = { .name = "short life", .env = { ECS_URI } };
    struct world w;

    (void)state;
    world_open(&w, &row);
    set_server(&w, 300, NULL);
    for (int i = 0; i < 5; i++)
        assert_string_equal(get(&w), "ASIA-ECS");
    assert_int_equal(requests(&w, "ecs"), 1);
    pass(&w, 61);
    assert_string_equal(get(&w), "ASIA-ECS");
    assert_int_equal(requests(&w, "ecs"), 2);
    world_close(&w);
}

static void test_expire(void **state)
{
    static const struct {
        struct row row;
        const char *part;
        bool renews;
    } cases[] = {
        { { .name = "environment", .env = { ENV_KEYS } }, "ecs", false },
        { { .name = "file", .credentials = "[default]\n" KEYS("AKIAFILE") }, "ecs", false },
        { { .name = "container", .env = { ECS_URI } }, "ecs", true },
        { { .name = "machine" }, "imds_keys", true },
        { { .name = "role", .config = "[default]\nrole_arn = " ROLE("r") "\nsource_profile = default\n" KEYS("AKIAB") },
          "sts",
          true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        world_open(&w, &cases[i].row);
        assert_false(aws_chain_expire(w.chain)); /* nothing was found yet */
        AUTO_FREE char *first = xstrdup(get(&w));
        int before = requests(&w, cases[i].part);
        assert_string_equal(get(&w), first);
        assert_int_equal(requests(&w, cases[i].part), before);
        assert_int_equal(aws_chain_expire(w.chain), cases[i].renews);
        assert_string_equal(get(&w), first);
        assert_int_equal(requests(&w, cases[i].part), cases[i].renews ? before + 1 : before);
        world_close(&w);
    }
}

/* What was there and is not any more: an error that names it, not another source. */
static void test_source_stays(void **state)
{
    const struct row row = { .name = "machine" };
    const struct aws_credentials *got = NULL;
    struct err e = ERR_INIT;
    struct world w;

    (void)state;
    world_open(&w, &row);
    assert_string_equal(get(&w), "ASIA-IMDS");
    set_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI=@URL@/ecs");
    assert_true(aws_chain_expire(w.chain));
    set_server(&w, 3600, "{\"imds_role\":[{\"status\":404,\"body\":\"\"}]}");
    assert_int_equal(aws_chain_get(w.chain, &got, &e), -1);
    assert_int_equal(e.code, ERR_AUTH);
    assert_non_null(strstr(e.msg, "instance metadata: there are none any more"));
    world_close(&w);
}

static void test_sso_cache_is_kept(void **state)
{
    const struct row *row = rows;
    struct world w;

    (void)state;
    while (strcmp(row->name, "SSO renewed") != 0)
        row++;
    world_open(&w, row);
    (void)get(&w);
    AUTO_FREE char *path = xasprintf("%s/.aws/%s", dir, CORP_FILE);
    AUTO_FREE char *text = scratch_read(path, NULL);
    assert_non_null(strstr(text, "SECRETSSO-renewed"));
    assert_non_null(strstr(text, "SECRETREFRESH2"));
    assert_non_null(strstr(text, "\"expiresAt\":\"2023-11-15T06:13:20Z\""));
    assert_non_null(strstr(text, "registrationExpiresAt"));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    world_close(&w);
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } cases[] = {
        { "2023-11-14T22:13:20Z", 1700000000000 },
        { "2023-11-14T22:13:20.123456Z", 1700000000000 },
        { "2023-11-14T22:13:20+00:00", 1700000000000 },
        { "2023-11-14T23:43:20+01:30", 1700000000000 },
        { "2023-11-14T14:13:20-0800", 1700000000000 },
        { "2023-11-14 22:13:20", 1700000000000 },
        { "2023-11-14T22:13:20UTC", 1700000000000 },
        { "2023-11-14", -1 },
        { "2023-13-14T22:13:20Z", -1 },
        { "2023-11-14T22:13:20CET", -1 },
        { "2023-11-14T22:13:20+01:00x", -1 },
        { "", -1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 0;
        int rc = aws_time_parse(cases[i].text, &got);
        if (rc != (cases[i].want < 0 ? -1 : 0) || (rc == 0 && got != cases[i].want))
            fail_msg("'%s': %d, %lld", cases[i].text, rc, (long long)got);
    }
}

static int set_up(void **state)
{
    const char *argv[] = { "python3", "tests/aws/credentials_server.py", NULL };

    (void)state;
    server = server_start(argv);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", server.port);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_refresh),      cmocka_unit_test(test_short_life),
        cmocka_unit_test(test_expire), cmocka_unit_test(test_source_stays), cmocka_unit_test(test_sso_cache_is_kept),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
