#include "aws/choice.h"
#include "aws/facts.h"
#include "aws/image.h"
#include "aws/machine_type.h"
#include "aws/zone.h"
#include "core/jsonx.h"
#include "spec/spec.h"
#include "step/journal.h"

int aws_choose(struct run *r, struct aws *a, struct err *e)
{
    struct aws_machine machine;
    const json_t *image;
    const char *zone;

    if (!journal_get(r->journal, AWS_FACT_IMAGE) &&
        (aws_machine_type_look(r, a, &machine, e) < 0 || aws_image(r, a, machine.arch, &image, e) < 0))
        return -1;
    return r->spec->aws.subnet ? 0 : aws_zone(r, a, &zone, e);
}
