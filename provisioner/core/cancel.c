#include "core/cancel.h"
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t requests;

static void on_signal(int sig)
{
    (void)sig;
    if (requests++ > 0)
        _exit(130);
}

void cancel_install(void)
{
    struct sigaction sa = { .sa_handler = on_signal };

    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
    /* Who started us may have had it ignored, and then no child's exit status could be read. */
    sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
}

bool cancel_requested(void)
{
    return requests > 0;
}

int cancel_check(struct err *e)
{
    return requests > 0 ? err_set(e, ERR_CANCELED, "interrupted") : 0;
}
