/* The machine image: looked up by the publisher's public SSM parameter, held to the publisher's account. */
#pragma once
#include "aws/aws.h"

struct aws_publisher {
    const char *image;         /* machine.image */
    const char *owner;         /* account that publishes it */
    const char *amd64, *arm64; /* SSM parameters that name its newest image */
};

/* Who publishes machine.image; NULL for the id of an image. */
const struct aws_publisher *aws_publisher_of(const char *image);
/* {"id","name","root_device","owner","arch"}; new reference. ERR_CONFLICT: the image is of another owner than the
 * publisher. */
int aws_image_look(struct run *r, struct aws *a, const char *arch, json_t **ret, struct err *e) NODISCARD;
