#include "aws/act.h"
#include "aws/kinds.h"

int aws_leftover_find(struct run *r, struct provider *p, struct err *e)
{
    (void)r, (void)p, (void)e;
    return 1;
}

/* Both go with the instance; what is still there after it, such as the disk of one that was ended by hand with
 * DeleteOnTermination turned off, is ours to remove. */
static int delete_volume(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    (void)object;
    return aws_delete(r, a, AWS_VOLUME, id, "DeleteVolume", "VolumeId", e);
}

int aws_volume_destroy(struct run *r, struct provider *p, struct err *e)
{
    return aws_each(r, aws_of(p), AWS_VOLUME, delete_volume, e);
}

static int delete_interface(struct run *r, struct aws *a, const json_t *object, const char *id, struct err *e)
{
    (void)object;
    return aws_delete(r, a, AWS_NETWORK_INTERFACE, id, "DeleteNetworkInterface", "NetworkInterfaceId", e);
}

int aws_network_interface_destroy(struct run *r, struct provider *p, struct err *e)
{
    return aws_each(r, aws_of(p), AWS_NETWORK_INTERFACE, delete_interface, e);
}
