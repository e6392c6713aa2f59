/* What a bootstrap reports at its end: as text, and as one self-contained HTML page with a timeline.
 * The document is what bootstrap writes to DIR/report.json and prints with -o json:
 *   {"name","provider","result": "done|no change|failed","error","finished": ISO 8601,
 *    "versions": {"k3s","helm","prefect","charts"}, "endpoint": {"host","port","user"},
 *    "machine": {"arch","os","vcpus","mem_mib"} (absent before the machine was reached), "canary_run","changed",
 *    "timing": phases_json()} */
#pragma once
#include "core/err.h"
#include "core/sbuf.h"
#include <jansson.h>

/* Phase table with seconds and idle share, aligned, plain text; ends without a newline. */
int report_text(const json_t *doc, struct sbuf *out, struct err *e) NODISCARD;
/* One page: header, SVG timeline (idle part lighter), table; light and dark; no script, nothing fetched. */
int report_html(const json_t *doc, struct sbuf *out, struct err *e) NODISCARD;
