#include "aws/failure.h"

#define CONSOLE "https://REGION.console.aws.amazon.com/servicequotas/home/services/"
#define RAISE(service, quota) \
    "raise it in region REGION (" CONSOLE service "/quotas/" quota "), or remove what is not used any more"
#define OFTEN  "the account asks this API too often"
#define LATER  "other programs of the account may use it up; try again later"
#define HEALTH "the AWS Health Dashboard tells of disturbances; run the command again"
#define USED(code, name, service, quota)                                                            \
    {                                                                                               \
        code, AWS_CLASS_QUOTA, "the quota '" name "' (" quota ") is used up", RAISE(service, quota) \
    }
#define STANDARD "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"
#define KEYS     "look at the credentials: `slipway doctor` says which are used and whose they are"
#define FRESH    "log in again for new credentials (`aws sso login`, or whatever gives you yours)"
#define CLOCK    "set this host's clock: `timedatectl set-ntp true`"
#define POLICY   "`slipway policy aws` prints the policy; give it to this user or role"
#define ZONES    "name other zones in provider.aws.zones or another machine type; or try again later"
#define UNFIT                                                                                                        \
    "look at provider.aws and machine in the spec; if nothing there explains it, it is a defect of slipway, please " \
    "report it"
#define DEFECT \
    "AWS_ENDPOINT_URL may name a service that is not EC2's; otherwise it is a defect of slipway, please report it"

const struct aws_code aws_code_table[] = {
    { "DryRunOperation", AWS_CLASS_DRY_RUN, "it would have been allowed", NULL },

    /* Asked too often: before the *LimitExceeded of quotas. */
    { "RequestLimitExceeded", AWS_CLASS_THROTTLED, OFTEN, LATER },
    { "ConcurrentMutationLimitExceeded", AWS_CLASS_THROTTLED, "too many changes at once", LATER },
    { "BandwidthLimitExceeded", AWS_CLASS_THROTTLED, OFTEN, LATER },
    { "Throttl*", AWS_CLASS_THROTTLED, OFTEN, LATER },
    { "EC2ThrottledException", AWS_CLASS_THROTTLED, OFTEN, "try again later" },
    { "RequestThrottled*", AWS_CLASS_THROTTLED, OFTEN, LATER },
    { "TooManyRequestsException", AWS_CLASS_THROTTLED, OFTEN, LATER },
    { "PriorRequestNotComplete", AWS_CLASS_THROTTLED, "an earlier request is still being worked on", LATER },

    /* Of an instance that ended while it started: in nearly all cases its encrypted disk. */
    { "Client.InternalError", AWS_CLASS_RIGHTS,
      "the machine could not start, probably for want of a right to the disk's key",
      "look at the default key of EBS encryption in region REGION and its key policy" },
    { "InternalError", AWS_CLASS_TRANSIENT, "AWS failed", HEALTH },
    { "InternalFailure", AWS_CLASS_TRANSIENT, "AWS failed", HEALTH },
    { "InternalServerError", AWS_CLASS_TRANSIENT, "AWS failed", HEALTH },
    { "ServiceUnavailable*", AWS_CLASS_TRANSIENT, "the service is not available", HEALTH },
    { "Unavailable", AWS_CLASS_TRANSIENT, "the service is not available", HEALTH },
    { "RequestTimeout*", AWS_CLASS_TRANSIENT, "the request did not reach AWS in time",
      "look at this host's network; run the command again" },
    { "ConcurrentTagAccess", AWS_CLASS_TRANSIENT, NULL, NULL },
    { "IDPCommunicationError", AWS_CLASS_TRANSIENT, "AWS could not ask the identity provider", NULL },

    { "VcpuLimitExceeded", AWS_CLASS_QUOTA,
      "the quota of vCPUs is used up ('" STANDARD "', L-1216C47A; other families have their own)",
      "take a smaller machine or another region, or raise it in region REGION: " CONSOLE "ec2/quotas/L-1216C47A" },
    USED("InstanceLimitExceeded", STANDARD, "ec2", "L-1216C47A"),
    { "VpcLimitExceeded", AWS_CLASS_QUOTA, "the quota 'VPCs per Region' (L-F678F1CE) is used up",
      "take an existing network (provider.aws.subnet), or raise it in region REGION: " CONSOLE
      "vpc/quotas/L-F678F1CE" },
    USED("AddressLimitExceeded", "EC2-VPC Elastic IPs", "ec2", "L-0263D0A3"),
    USED("InternetGatewayLimitExceeded", "Internet gateways per Region", "vpc", "L-A4707A72"),
    USED("SecurityGroupLimitExceeded", "VPC security groups per Region", "vpc", "L-E79EC296"),
    { "RulesPerSecurityGroupLimitExceeded", AWS_CLASS_QUOTA,
      "the quota 'Inbound or outbound rules per security group' (L-0EA8095F) is used up",
      "name fewer networks in access.ssh_from, or raise it in region REGION: " CONSOLE "vpc/quotas/L-0EA8095F" },
    USED("SubnetLimitExceeded", "Subnets per VPC", "vpc", "L-407747CB"),
    USED("RouteTableLimitExceeded", "Route tables per VPC", "vpc", "L-589F43AA"),
    USED("RouteLimitExceeded", "Routes per route table", "vpc", "L-93826ACB"),
    USED("NetworkInterfaceLimitExceeded", "Network interfaces per Region", "vpc", "L-DF5E4CA3"),
    USED("VolumeLimitExceeded", "Storage for General Purpose SSD (gp3) volumes, in TiB", "ebs", "L-7A658B76"),
    { "MaxIOPSLimitExceeded", AWS_CLASS_QUOTA, "the quota of disk operations per second is used up",
      "quotas of region REGION: " CONSOLE "ebs/quotas" },
    { "*LimitExceeded", AWS_CLASS_QUOTA, "a quota of the account is used up",
      "quotas of region REGION: " CONSOLE "ec2/quotas" },

    { "InsufficientFreeAddressesInSubnet", AWS_CLASS_CAPACITY, "the subnet has no free address left",
      "name another one in provider.aws.subnet" },
    { "InsufficientAddressCapacity", AWS_CLASS_CAPACITY, "AWS has no public address left here",
      "try again later, or take another region" },
    { "InsufficientVolumeCapacity", AWS_CLASS_CAPACITY, "AWS has no disk of this kind left in this zone", ZONES },
    { "Insufficient*", AWS_CLASS_CAPACITY, "AWS has no machine of this type left in this zone", ZONES },
    { "VolumeTypeNotAvailableInZone", AWS_CLASS_CAPACITY, "this zone does not have disks of this kind", ZONES },
    { "Unsupported", AWS_CLASS_CAPACITY, "this zone does not have what was asked for", ZONES },

    { "UnauthorizedOperation", AWS_CLASS_RIGHTS, NULL, POLICY },
    { "AccessDenied*", AWS_CLASS_RIGHTS, NULL, POLICY },
    { "AuthFailure", AWS_CLASS_RIGHTS, "AWS does not accept the credentials (SOURCE)", KEYS },
    { "InvalidClientTokenId", AWS_CLASS_RIGHTS, "AWS does not know this access key (SOURCE)", KEYS },
    { "UnrecognizedClientException", AWS_CLASS_RIGHTS, "AWS does not know this access key (SOURCE)", KEYS },
    { "InvalidAccessKeyId", AWS_CLASS_RIGHTS, "AWS does not know this access key (SOURCE)", KEYS },
    { "SignatureDoesNotMatch", AWS_CLASS_RIGHTS, "the secret access key does not belong to this access key (SOURCE)",
      KEYS },
    { "InvalidSignatureException", AWS_CLASS_RIGHTS,
      "the secret access key does not belong to this access key (SOURCE)", KEYS },
    { "IncompleteSignature*", AWS_CLASS_RIGHTS, "no signature can be made of the credentials (SOURCE)", KEYS },
    { "MissingAuthenticationToken*", AWS_CLASS_RIGHTS, "the request came without credentials",
      "a proxy may have taken its headers away" },
    { "ExpiredToken*", AWS_CLASS_RIGHTS, "the credentials (SOURCE) have expired", FRESH },
    { "RequestExpired", AWS_CLASS_RIGHTS, "the request or the credentials (SOURCE) have expired", FRESH },
    { "RequestTimeTooSkewed", AWS_CLASS_RIGHTS, "this host's clock is wrong", CLOCK },
    { "InvalidIdentityToken", AWS_CLASS_RIGHTS, "AWS does not accept the identity token",
      "look at the role's trust policy and the identity provider in IAM; `slipway policy aws` prints the trust policy "
      "for GitHub" },
    { "IDPRejectedClaim", AWS_CLASS_RIGHTS, "the identity provider does not accept the token", "take a new one" },
    { "RegionDisabledException", AWS_CLASS_RIGHTS, "the region is switched off for this account",
      "switch region REGION on in the account's settings, or take another one" },
    { "OptInRequired", AWS_CLASS_RIGHTS, "the account is not signed up for this service, region or image",
      "switch region REGION on in the account's settings, complete its registration, or subscribe to the image" },
    { "PendingVerification", AWS_CLASS_RIGHTS, "AWS is still verifying the account",
      "it takes up to 4 hours as a rule; AWS writes an e-mail when it is done" },
    { "Blocked", AWS_CLASS_RIGHTS, "the account is blocked",
      "only AWS Support can change that: https://console.aws.amazon.com/support/home" },
    { "TagPolicyViolation*", AWS_CLASS_RIGHTS, "a tag policy of the organization forbids slipway's tags",
      "ask those who administer it to allow the keys slipway:deployment, slipway:token, slipway:kind, "
      "slipway:creator" },
    { "InvalidKMSKey*", AWS_CLASS_RIGHTS, "the disk's encryption key cannot be used",
      "look at the default key of EBS encryption in region REGION and its key policy" },

    { "IdempotentInstanceTerminated", AWS_CLASS_CONFLICT, "the instance of this creation has been terminated",
      "`slipway teardown`, then bootstrap again" },
    { "IdempotentParameterMismatch", AWS_CLASS_CONFLICT, "the client token was used for another request before",
      "something changed between two runs of one creation; `slipway teardown`, then bootstrap again" },

    /* Of the image first: it is the spec's, not something that was just made. */
    { "InvalidAMIID.*", AWS_CLASS_SPEC, "the image does not exist in this region, or the account may not use it",
      "look at machine.image; ids of images differ from region to region" },
    { "InvalidAvailabilityZone", AWS_CLASS_SPEC, "there is no such zone", "look at provider.aws.zones" },
    { "InvalidZone.NotFound", AWS_CLASS_SPEC, "there is no such zone", "look at provider.aws.zones" },
    { "InvalidInstanceType", AWS_CLASS_SPEC, "there is no such machine type", "look at the types of region REGION" },
    { "InvalidUserData.*", AWS_CLASS_SPEC, "AWS does not accept the user data", NULL },
    { "InvalidVpc.Range", AWS_CLASS_SPEC, "AWS does not accept the network's range", "look at provider.aws.cidr" },
    { "InvalidSubnet.Range", AWS_CLASS_SPEC, "AWS does not accept the subnet's range", "look at provider.aws.cidr" },
    { "InvalidBlockDeviceMapping", AWS_CLASS_SPEC, "AWS does not accept the disk",
      "the disk cannot be smaller than the image's; look at machine.disk_gib" },
    { "InvalidParameter*", AWS_CLASS_SPEC, "AWS does not accept what was asked for", UNFIT },
    { "MissingParameter", AWS_CLASS_SPEC, "AWS does not accept what was asked for", UNFIT },
    { "UnsupportedOperation", AWS_CLASS_SPEC, "AWS does not accept what was asked for", UNFIT },
    { "ValidationE*", AWS_CLASS_SPEC, "AWS does not accept what was asked for", UNFIT },
    { "VPCIdNotSpecified", AWS_CLASS_SPEC, "the account has no default network", NULL },
    { "*.Malformed", AWS_CLASS_SPEC, "an id that AWS cannot read", NULL },

    { "DependencyViolation", AWS_CLASS_DEPENDENCY, "something still uses it",
      "remove what is in it or attached to it, then run `slipway teardown` again" },
    { "IncorrectState*", AWS_CLASS_DEPENDENCY, "it is not in the state for this yet", NULL },
    { "IncorrectInstanceState", AWS_CLASS_DEPENDENCY, "the instance is not in the state for this yet", NULL },
    { "ResourceNotReady", AWS_CLASS_DEPENDENCY, "it is not ready yet", NULL },
    { "InvalidInstanceID", AWS_CLASS_DEPENDENCY, "the instance is not in the state for this yet", NULL },
    { "InvalidGroup.InUse", AWS_CLASS_DEPENDENCY, "the security group is still used",
      "remove it from what uses it, then run `slipway teardown` again" },
    { "InvalidIPAddress.InUse", AWS_CLASS_DEPENDENCY, "the address is still used", NULL },
    { "*InUse", AWS_CLASS_DEPENDENCY, "it is still used",
      "remove it from what uses it, then run `slipway teardown` again" },

    { "*.Duplicate", AWS_CLASS_EXISTS, "it exists already", NULL },
    { "InvalidSubnet.Conflict", AWS_CLASS_EXISTS, "a subnet with this range exists already in the network", NULL },
    { "Resource.Already*", AWS_CLASS_EXISTS, "it is connected to something else already", NULL },
    { "*AlreadyExists", AWS_CLASS_EXISTS, "it exists already", NULL },
    { "*AlreadyExistsException", AWS_CLASS_EXISTS, "it exists already", NULL },

    { "*NotFound", AWS_CLASS_ABSENT, "it does not exist", NULL },
    { "Gateway.NotAttached", AWS_CLASS_ABSENT, "it is not attached", NULL },
    { "NoSuch*", AWS_CLASS_ABSENT, "it does not exist", NULL },

    { "OperationNotPermitted", AWS_CLASS_OTHER,
      "AWS refuses it, perhaps for the sake of a protection against termination",
      "switch the protection off in the console, then run the command again" },
    { "InvalidAction", AWS_CLASS_OTHER, "the service does not know the call", DEFECT },
    { "MissingAction", AWS_CLASS_OTHER, "the service does not know the call", DEFECT },
    { "UnknownParameter", AWS_CLASS_OTHER, "the service does not know a parameter", DEFECT },
    { "UnknownOperationException", AWS_CLASS_OTHER, "the service does not know the call", DEFECT },
    { NULL, AWS_CLASS_OTHER, NULL, NULL },
};
