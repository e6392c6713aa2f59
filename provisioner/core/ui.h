/* What a person sees, on stderr, and the log of the run. Results go to stdout and are the command's business.
 * On a terminal one live line for the running phase (name, elapsed, last thing seen); otherwise plain lines.
 * Every line also goes to the log file, with a time stamp. Registered secrets (and their base64) are shown as ***;
 * control characters from the other side are made visible, so a remote cannot write to the terminal. */
#pragma once
#include "core/clock.h"
#include "core/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ui;

struct ui_opts {
    bool color;   /* allowed; used only on a terminal and without NO_COLOR */
    bool verbose; /* -v: ui_debug goes to stderr too */
    bool quiet;   /* -o json: still prints to stderr, but never a live line */
};

struct ui *ui_new(const struct ui_opts *o, struct clock *clock);
void ui_free(struct ui *ui);
/* Append the log of the run to `path` (0600) from now on. */
int ui_log_to(struct ui *ui, const char *path, struct err *e) NODISCARD;
/* Values that must never be printed or logged; copied. */
void ui_secret(struct ui *ui, const char *value);

/* The text as the lines below would show it; for what goes elsewhere, such as into JSON. Always valid UTF-8. */
void ui_safe(const struct ui *ui, const char *text, char *ret, size_t size);

void ui_info(struct ui *ui, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ui_warn(struct ui *ui, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ui_debug(struct ui *ui, const char *fmt, ...) PRINTF_LIKE(2, 3); /* log file; stderr with -v */

/* The live line. `ui_note` is the last thing seen in the phase; cheap to call often. */
void ui_phase(struct ui *ui, const char *name);
void ui_note(struct ui *ui, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ui_phase_end(struct ui *ui, bool ok, int64_t elapsed_ms);
