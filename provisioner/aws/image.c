#include "aws/image.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/spec.h"
#include <stdio.h>
#include <string.h>

/* Sources: wiki.debian.org/Cloud/AmazonEC2Image, and Ubuntu's "Find images with SSM" page. */
static const struct aws_publisher publishers[] = {
    { "debian-12", "136693071363", "/aws/service/debian/release/12/latest/amd64",
      "/aws/service/debian/release/12/latest/arm64" },
    { "debian-13", "136693071363", "/aws/service/debian/release/13/latest/amd64",
      "/aws/service/debian/release/13/latest/arm64" },
    { "ubuntu-24.04", "099720109477",
      "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
      "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id" },
};

const struct aws_publisher *aws_publisher_of(const char *image)
{
    for (size_t i = 0; i < ARRAY_LEN(publishers); i++)
        if (strcmp(publishers[i].image, image) == 0)
            return &publishers[i];
    return NULL;
}

static int parameter(struct aws *a, const char *name, char ret[static 64], struct err *e)
{
    AUTO_JSON json_t *args = json_pack("{s:s}", "Name", name), *reply = NULL;

    if (aws_call_json(a->client, "GetParameter", args, &reply, e) < 0)
        return err_wrap(e, "image by parameter '%s'", name);
    (void)snprintf(ret, 64, "%.63s", jsonx_str(reply, "Parameter.Value"));
    return strncmp(ret, "ami-", 4) == 0 ? 0 : err_set(e, ERR_REMOTE, "parameter '%s' holds no image id", name);
}

static int describe(struct aws *a, const char *id, const struct aws_publisher *p, json_t **ret, struct err *e)
{
    AUTO_AWS_QUERY struct aws_query q = AWS_QUERY_INIT;
    AUTO_JSON json_t *rows = NULL;

    aws_query_add(&q, "ImageId.1", id);
    if (p)
        aws_query_add(&q, "Owner.1", p->owner);
    if (aws_call_all(a->client, "DescribeImages", &q, "imagesSet", &rows, e) < 0)
        return err_wrap(e, "image '%s'", id);
    const json_t *image = json_array_get(rows, 0);
    if (!image && p)
        return err_set(e, ERR_CONFLICT, "image '%s', which the parameter for %s names, is not of account %s", id,
                       p->image, p->owner);
    if (!image)
        return err_set(e, ERR_SPEC, "machine.image '%s' is not in region '%s'", id, aws_client_region(a->client));
    *ret = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "name", jsonx_str(image, "name"), "root_device",
                     jsonx_str(image, "rootDeviceName"), "owner", jsonx_str(image, "imageOwnerId"), "arch",
                     jsonx_str(image, "architecture"));
    return 0;
}

int aws_image_look(struct run *r, struct aws *a, const char *arch, json_t **ret, struct err *e)
{
    const char *wanted = r->spec->machine.image;
    const struct aws_publisher *p = aws_publisher_of(wanted);
    AUTO_JSON json_t *image = NULL;
    char id[64];

    (void)snprintf(id, sizeof(id), "%.63s", wanted);
    if (p && parameter(a, strcmp(arch, "arm64") == 0 ? p->arm64 : p->amd64, id, e) < 0)
        return -1;
    if (describe(a, id, p, &image, e) < 0)
        return -1;
    if (strcmp(jsonx_str(image, "arch"), arch) != 0)
        return err_set(e, ERR_SPEC, "image '%s' is for %s, and the machine is %s", id, jsonx_str(image, "arch"), arch);
    *ret = TAKE_PTR(image);
    return 0;
}
