#include "core/ui.h"
#include "core/base64.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/svec.h"
#include "core/ui_text.h"
#include "core/util.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define REDRAW_MS 100

struct ui {
    struct ui_opts opts;
    struct clock *clock;
    struct svec secrets;
    int log_fd;
    bool live;        /* stderr is a terminal that can redraw a line */
    bool drawn;       /* the live line is on the screen */
    char phase[64];   /* running phase, "" none */
    int64_t phase_ms; /* when it began */
    int64_t drawn_ms;
    char note[512];
};

static bool can_redraw(const struct ui_opts *o)
{
    const char *term = getenv("TERM");

    return !o->quiet && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

struct ui *ui_new(const struct ui_opts *o, struct clock *clock)
{
    struct ui *ui = xcalloc(1, sizeof(*ui));

    ui->opts = *o;
    ui->clock = clock;
    ui->log_fd = -1;
    ui->live = can_redraw(o);
    const char *no_color = getenv("NO_COLOR");
    if (!isatty(STDERR_FILENO) || (no_color && *no_color))
        ui->opts.color = false;
    return ui;
}

static void put(const char *text, size_t len)
{
    struct err lost = ERR_INIT;

    /* A reader of stderr that went away must not stop a bootstrap. */
    if (fsx_write_all(STDERR_FILENO, text, len, &lost) < 0)
        return;
}

static void erase(struct ui *ui)
{
    if (ui->drawn)
        put("\r\033[K", 4);
    ui->drawn = false;
}

void ui_free(struct ui *ui)
{
    if (!ui)
        return;
    erase(ui);
    for (size_t i = 0; i < ui->secrets.len; i++)
        secret_wipe(ui->secrets.items[i], strlen(ui->secrets.items[i]));
    svec_done(&ui->secrets);
    if (ui->log_fd >= 0)
        close(ui->log_fd);
    free(ui);
}

int ui_log_to(struct ui *ui, const char *path, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return err_sys(e, ERR_INTERNAL, "open log '%s'", path);
    if (ui->log_fd >= 0)
        close(ui->log_fd);
    ui->log_fd = fd;
    return 0;
}

void ui_secret(struct ui *ui, const char *value)
{
    AUTO_SBUF struct sbuf coded = SBUF_INIT(64 << 10);

    if (strlen(value) < 4) /* masking "a" would mask everything */
        return;
    base64_encode(&coded, value, strlen(value));
    svec_add(&ui->secrets, value);
    svec_add(&ui->secrets, coded.data);
}

static void log_line(struct ui *ui, const char *level, const char *text)
{
    char time[21];
    struct err lost = ERR_INIT;

    if (ui->log_fd < 0)
        return;
    clock_iso8601(ui->clock->wall_ms(ui->clock), time);
    AUTO_FREE char *line = xasprintf("%s %-5s %s\n", time, level, text);
    if (fsx_write_all(ui->log_fd, line, strlen(line), &lost) < 0)
        return; /* the journal is what must be kept; a full disk shows there */
}

static int width(void)
{
    struct winsize ws;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 20 ? ws.ws_col : 80;
}

static void draw(struct ui *ui)
{
    int64_t now = ui->clock->mono_ms(ui->clock);
    char line[1024];

    if (!ui->live || !*ui->phase)
        return;
    (void)snprintf(line, sizeof(line), "%-10s %5.1f s  %s", ui->phase, (double)(now - ui->phase_ms) / 1000, ui->note);
    ui_text_cut(line, (size_t)width() - 1);
    erase(ui);
    put(line, strlen(line));
    ui->drawn = true;
    ui->drawn_ms = now;
}

static void print(struct ui *ui, const char *color, const char *prefix, const char *text)
{
    AUTO_FREE char *line =
        xasprintf("%s%s%s%s\n", ui->opts.color ? color : "", prefix, text, ui->opts.color && *color ? "\033[0m" : "");

    erase(ui);
    put(line, strlen(line));
    draw(ui);
}

static char *__attribute__((format(printf, 2, 0))) format(const struct ui *ui, const char *fmt, va_list ap)
{
    AUTO_SECRET char *raw = xvasprintf(fmt, ap);
    size_t size = strlen(raw) * 4 + 64;
    char *safe = xcalloc(size, 1);

    ui_text_safe(raw, svec_argv(&ui->secrets), safe, size);
    return safe;
}

void ui_safe(const struct ui *ui, const char *text, char *ret, size_t size)
{
    ui_text_safe(text, svec_argv(&ui->secrets), ret, size);
}

void ui_info(struct ui *ui, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    AUTO_FREE char *text = format(ui, fmt, ap);
    va_end(ap);
    log_line(ui, "info", text);
    print(ui, "", "", text);
}

void ui_warn(struct ui *ui, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    AUTO_FREE char *text = format(ui, fmt, ap);
    va_end(ap);
    log_line(ui, "warn", text);
    print(ui, "\033[33m", "warning: ", text);
}

void ui_debug(struct ui *ui, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    AUTO_FREE char *text = format(ui, fmt, ap);
    va_end(ap);
    log_line(ui, "debug", text);
    if (ui->opts.verbose)
        print(ui, "\033[2m", "", text);
}

void ui_phase(struct ui *ui, const char *name)
{
    if (strcmp(ui->phase, name) == 0)
        return;
    (void)snprintf(ui->phase, sizeof(ui->phase), "%s", name);
    ui->phase_ms = ui->clock->mono_ms(ui->clock);
    ui->note[0] = '\0';
    draw(ui);
}

void ui_note(struct ui *ui, const char *fmt, ...)
{
    char before[sizeof(ui->note)];
    va_list ap;

    va_start(ap, fmt);
    AUTO_FREE char *text = format(ui, fmt, ap);
    va_end(ap);
    memcpy(before, ui->note, sizeof(before));
    (void)snprintf(ui->note, sizeof(ui->note), "%s", text);
    if (strcmp(before, ui->note) != 0)
        log_line(ui, "note", text);
    if (ui->clock->mono_ms(ui->clock) - ui->drawn_ms >= REDRAW_MS)
        draw(ui);
}

void ui_phase_end(struct ui *ui, bool ok, int64_t elapsed_ms)
{
    AUTO_FREE char *text =
        xasprintf("%-10s %s %6.1f s", ui->phase, ok ? "done  " : "FAILED", (double)elapsed_ms / 1000);

    log_line(ui, "phase", text);
    ui->phase[0] = '\0';
    print(ui, ok ? "" : "\033[31m", "", text);
}
