#include "aws/doctor.h"
#include "aws/doctor_rows.h"
#include "aws/image.h"
#include "aws/inventory.h"
#include "aws/machine_type.h"
#include "aws/zone.h"
#include "core/jsonx.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

void doctor_row(json_t *rows, const char *check, const char *status, const char *remedy, const char *detail, ...)
{
    va_list ap;

    va_start(ap, detail);
    json_t *text = json_vsprintf(detail, ap);
    va_end(ap);
    json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:s}", "check", check, "status", status, "detail",
                                          text ? text : json_string("what AWS said is not UTF-8"), "remedy", remedy));
}

int doctor_row_error(json_t *rows, const char *check, struct err *e)
{
    bool blind = e->code == ERR_AUTH || e->code == ERR_NET || e->code == ERR_TIMEOUT;

    if (e->code == ERR_CANCELED)
        return -1;
    doctor_row(rows, check, blind ? "unknown" : "fail", e->hint, "%s", e->msg);
    err_clear(e);
    return 0;
}

/* The zones that a bootstrap would try. */
static void zones_tried(const struct spec *s, const json_t *offered, struct sbuf *out)
{
    size_t i;
    json_t *zone;

    json_array_foreach (offered, i, zone) {
        bool wanted = !s->aws.zones.len;
        for (size_t j = 0; j < s->aws.zones.len; j++)
            wanted = wanted || strcmp(s->aws.zones.items[j], json_string_value(zone)) == 0;
        if (wanted)
            sbuf_addf(out, "%s%s", out->len ? ", " : "", json_string_value(zone));
    }
}

static int machine_type(struct run *r, struct aws *a, struct aws_machine *ret, json_t *rows, struct err *e)
{
    const char *type = aws_machine_type(r), *region = aws_client_region(a->client);
    AUTO_SBUF struct sbuf zones = SBUF_INIT(1024);
    AUTO_JSON json_t *offered = NULL;

    if (aws_machine_type_look(r, a, ret, e) < 0 || aws_zones_offering(a, type, &offered, e) < 0)
        return doctor_row_error(rows, "machine type", e);
    zones_tried(r->spec, offered, &zones);
    if (zones.len)
        doctor_row(rows, "machine type", "ok", "", "%s (%d vCPUs, %lld MiB) is offered in %s", type, ret->vcpus,
                   (long long)ret->mem_mib, zones.data);
    else
        doctor_row(rows, "machine type", "fail",
                   "choose another machine.size, or other zones in provider.aws.zones (or none)",
                   "'%s' is offered in no zone of region '%s' that the spec allows", type, region);
    return 0;
}

static int image(struct run *r, struct aws *a, const struct aws_machine *m, json_t **ret, json_t *rows, struct err *e)
{
    if (!*m->arch) {
        doctor_row(rows, "image", "unknown", "", "not looked for: the machine type is not known");
        return 0;
    }
    if (aws_image_look(r, a, m->arch, ret, e) < 0)
        return doctor_row_error(rows, "image", e);
    doctor_row(rows, "image", "ok", "", "%s: %s, by account %s", jsonx_str(*ret, "id"), jsonx_str(*ret, "name"),
               jsonx_str(*ret, "owner"));
    return 0;
}

static void identity(const struct aws *a, json_t *rows)
{
    doctor_row(rows, "credentials", "ok", "", "%s, from %s", a->caller, aws_client_source(a->client));
    /* AWS refuses what was signed more than five minutes ago, or ahead; the refusal says by how much. */
    doctor_row(rows, "clock", "ok", "", "within the five minutes that AWS accepts");
}

/* What is there already; one missing right says enough. */
static int objects(struct run *r, struct aws *a, json_t *rows, struct err *e)
{
    for (int kind = 0; kind < AWS_KINDS; kind++)
        if (aws_look(r, a, (enum aws_kind_id)kind, e) < 0)
            return doctor_row_error(rows, "objects", e);
    return 0;
}

int aws_doctor(struct run *r, struct provider *p, json_t *rows, struct err *e)
{
    struct aws *a = aws_of(p);
    struct aws_machine machine = { .arch = "" };
    AUTO_JSON json_t *found = NULL;

    if (aws_identity(r, a, e) < 0)
        return -1;
    identity(a, rows);
    if (machine_type(r, a, &machine, rows, e) < 0 || image(r, a, &machine, &found, rows, e) < 0)
        return -1;
    if (objects(r, a, rows, e) < 0)
        return -1;
    if (doctor_rights(r, a, jsonx_str(found, "id"), rows, e) < 0 ||
        doctor_quotas(r, a, aws_machine_type(r), machine.vcpus, rows, e) < 0 || doctor_ssh(r, a, rows, e) < 0)
        return -1;
    return doctor_network(r, a, rows, e);
}
