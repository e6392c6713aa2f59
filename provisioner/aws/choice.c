#include "aws/choice.h"
#include "aws/facts.h"
#include "aws/image.h"
#include "aws/machine_type.h"
#include "aws/zone.h"
#include "core/jsonx.h"
#include "spec/spec.h"
#include "step/journal.h"
#include <string.h>

static bool is_current(const struct run *r)
{
    const json_t *image = journal_get(r->journal, AWS_FACT_IMAGE);

    return image && strcmp(jsonx_str(image, "wanted"), r->spec->machine.image) == 0 &&
           strcmp(jsonx_str(image, "type"), aws_machine_type(r)) == 0;
}

static int remember(struct run *r, json_t *image, struct err *e)
{
    ui_debug(r->ui, "image %s: %s", jsonx_str(image, "id"), jsonx_str(image, "name"));
    json_object_set_new(image, "wanted", json_string(r->spec->machine.image));
    json_object_set_new(image, "type", json_string(aws_machine_type(r)));
    return journal_set(r->journal, AWS_FACT_IMAGE, image, e);
}

int aws_choose(struct run *r, struct aws *a, struct err *e)
{
    struct aws_machine machine;
    json_t *image = NULL;
    const char *zone;

    if (!is_current(r) && (aws_machine_type_look(r, a, &machine, e) < 0 ||
                           aws_image_look(r, a, machine.arch, &image, e) < 0 || remember(r, image, e) < 0))
        return -1;
    return r->spec->aws.subnet ? 0 : aws_zone(r, a, &zone, e);
}
