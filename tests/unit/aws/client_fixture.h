/* A client of the test's own service, with a clock that moves when it is slept on, and an empty home. */
#pragma once
#include "aws/client.h"
#include "core/ui.h"
#include "service.h"

#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

#define MUST(expr)                             \
    do {                                       \
        struct err e_ = ERR_INIT, *e = &e_;    \
        if ((expr) < 0)                        \
            fail_msg("%s: %s", #expr, e->msg); \
    } while (0)

struct fixture {
    char *dir;
    struct service *service;
    struct fake_clock clock;
    struct ui *ui;
    struct aws_client *client;
};

static inline void fixture_environment(const struct fixture *f)
{
    static const char *const off[] = { "AWS_PROFILE",
                                       "AWS_DEFAULT_PROFILE",
                                       "AWS_REGION",
                                       "AWS_DEFAULT_REGION",
                                       "AWS_CA_BUNDLE",
                                       "AWS_SESSION_TOKEN",
                                       "AWS_CREDENTIAL_EXPIRATION",
                                       "AWS_ROLE_ARN",
                                       "AWS_WEB_IDENTITY_TOKEN_FILE",
                                       "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                       "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                       "AWS_ENDPOINT_URL_EC2",
                                       "ACTIONS_ID_TOKEN_REQUEST_URL",
                                       "SSL_CERT_FILE",
                                       "CURL_CA_BUNDLE" };
    AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d", f->service->port);
    AUTO_FREE char *config = fsx_join(f->dir, "config");
    AUTO_FREE char *credentials = fsx_join(f->dir, "credentials");

    for (size_t i = 0; i < ARRAY_LEN(off); i++)
        unsetenv(off[i]);
    setenv("HOME", f->dir, 1);
    setenv("AWS_CONFIG_FILE", config, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", credentials, 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_ENDPOINT_URL", url, 1);
    setenv("AWS_ACCESS_KEY_ID", KEY_ID, 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
}

/* A new client and a service that has nothing to say yet. */
static inline void fixture_again(struct fixture *f)
{
    struct ui_opts quiet = { .quiet = true };
    AUTO_FREE char *log = fsx_join(f->dir, "log");

    aws_client_free(f->client);
    ui_free(f->ui);
    f->client = NULL;
    (void)unlink(log);
    f->clock = (struct fake_clock)FAKE_CLOCK(1000);
    f->ui = ui_new(&quiet, &f->clock.clock);
    MUST(ui_log_to(f->ui, log, e));
    fixture_environment(f);
    service_forget(f->service);
    MUST(aws_client_new(&f->client, "eu-central-1", &f->clock.clock, f->ui, e));
}

static inline int fixture_start(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->dir = scratch_new();
    f->service = service_start();
    fixture_again(f);
    *state = f;
    return 0;
}

static inline int fixture_stop(void **state)
{
    struct fixture *f = *state;

    aws_client_free(f->client);
    ui_free(f->ui);
    service_stop(f->service);
    scratch_free(f->dir);
    free(f);
    return 0;
}

static inline struct step *fixture_says(struct fixture *f, int status, const char *body)
{
    return service_step(f->service, STEP_ANSWER, status, body);
}

static inline struct step *fixture_error(struct fixture *f, int status, const char *code, const char *message)
{
    AUTO_FREE char *body = xasprintf("<?xml version=\"1.0\"?><Response><Errors><Error><Code>%s</Code><Message>%s"
                                     "</Message></Error></Errors><RequestID>req-1</RequestID></Response>",
                                     code, message);

    return fixture_says(f, status, body);
}

#define FIXTURE_OK "<R><requestId>req-2</requestId><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet></R>"
