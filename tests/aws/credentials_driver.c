/* The credentials that this environment gives, through the real code: prints "KEY-ID<tab>SOURCE", or "-<tab>ERROR" and
 * ends with 1. For tests/aws/credentials_differential.py; prints no secret. */
#include "aws/credentials.h"
#include "aws/profile.h"
#include "core/cancel.h"
#include "core/ui.h"
#include "net/http.h"
#include <stdio.h>

int main(void)
{
    struct clock *clock = clock_real();
    struct ui *ui = ui_new(&(struct ui_opts){ .quiet = true }, clock);
    struct http *http = http_new(clock);
    struct aws_profiles *profiles = NULL;
    struct aws_chain *chain = NULL;
    const struct aws_credentials *got = NULL;
    struct err e = ERR_INIT;

    cancel_install();
    int rc = aws_profiles_load(&profiles, &e);
    if (rc == 0) {
        chain = aws_chain_new(&(struct aws_chain_opts){
            .profiles = profiles, .region = "eu-central-1", .http = http, .clock = clock, .ui = ui });
        rc = aws_chain_get(chain, &got, &e);
    }
    if (rc == 0)
        (void)printf("%s\t%s\n", got->key_id, got->source);
    else
        (void)printf("-\t%s\n", e.msg);
    aws_chain_free(chain);
    aws_profiles_free(profiles);
    http_free(http);
    ui_free(ui);
    return rc == 0 ? 0 : 1;
}
