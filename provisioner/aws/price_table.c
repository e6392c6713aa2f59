#include "aws/price_table.h"

/* Instances: AWS's price list (AmazonEC2, on demand, Linux, shared tenancy) as of 2025-03-02, as Apache Libcloud 3.9.1
 * ships it in libcloud/data/pricing.json. There a size may hold the price of a dedicated instance, which is 6 or 10 %
 * higher; the lower figure is the shared one, and at least one size of each family had it. Held against the tables of
 * karpenter-provider-aws of 2026-01-19 (us-east-1: all equal), and within a region c6i = c5, m6i = m5, r6i = r5,
 * m7i = 1.05 m5, m6a = 0.9 m5. c6i in eu-west-3 is missing: the source had the dedicated price alone.
 * Disks: aws.amazon.com/ebs/pricing as of 2021-07-14, gp3 (0.8 of gp2); eu-central-1, eu-north-1, ap-southeast-1 and
 * -2, us-east-1 and -2 found unchanged in price lists of 2026. Addresses: AWS, "Public IPv4 Address Charge", since
 * 2024-02-01 the same in every region. */
const char price_table_date[] = "2025-03-02";
const double price_address_hour = 0.005;

// clang-format off
const struct price_size price_size_table[] = {
    { "nano", 1.0 / 16 }, { "micro", 1.0 / 8 }, { "small", 1.0 / 4 }, { "medium", 1.0 / 2 },
    { "large", 1 }, { "xlarge", 2 }, { "2xlarge", 4 }, { "4xlarge", 8 },
    { NULL, 0 },
};

const struct price_family price_family_table[] = {
    { "c5", "large", "4xlarge" },   { "c6i", "large", "4xlarge" }, { "c7g", "medium", "4xlarge" },
    { "m5", "large", "4xlarge" },   { "m6a", "large", "4xlarge" }, { "m6g", "medium", "4xlarge" },
    { "m6i", "large", "4xlarge" },  { "m7g", "medium", "4xlarge" }, { "m7i", "large", "4xlarge" },
    { "r5", "large", "4xlarge" },   { "r6i", "large", "4xlarge" },
    { "t3", "nano", "2xlarge" },    { "t3a", "nano", "2xlarge" },  { "t4g", "nano", "2xlarge" },
    { NULL, NULL, NULL },
};

/*                                c5     c6i     c7g       m5     m6a     m6g     m6i    m7g       m7i      r5     r6i    t3      t3a       t4g */
const struct price_region price_region_table[] = {
    { "ap-northeast-1", 0.096,  { 0.107, 0.107,  0.090963, 0.124, 0.1116, 0.099,  0.124, 0.1054,   0.1302,  0.152, 0.152, 0.1088, 0.097925, 0.0864 } },
    { "ap-southeast-1", 0.096,  { 0.098, 0.098,  0.0833,   0.12,  0.108,  0.096,  0.12,  0.102,    0.126,   0.152, 0.152, 0.1056, 0.0944,   0.0848 } },
    { "ap-southeast-2", 0.096,  { 0.111, 0.111,  0.094359, 0.12,  0.108,  0.096,  0.12,  0.102,    0.126,   0.151, 0.151, 0.1056, 0.09505,  0.0848 } },
    { "ca-central-1",   0.088,  { 0.093, 0.093,  0.079059, 0.107, 0.0963, 0.0856, 0.107, 0.090959, 0.11235, 0.138, 0.138, 0.0928, 0.083525, 0.0736 } },
    { "eu-central-1",   0.0952, { 0.097, 0.097,  0.08245,  0.115, 0.1035, 0.092,  0.115, 0.097759, 0.12075, 0.152, 0.152, 0.096,  0.0864,   0.0768 } },
    { "eu-north-1",     0.0836, { 0.091, 0.091,  0.077359, 0.102, 0,      0.082,  0.102, 0.0867,   0.1071,  0.134, 0.134, 0.0864, 0,        0.0688 } },
    { "eu-west-1",      0.088,  { 0.096, 0.0912, 0.077519, 0.107, 0.0963, 0.086,  0.107, 0.09095,  0.11235, 0.141, 0.141, 0.0912, 0.0816,   0.0736 } },
    { "eu-west-2",      0.0928, { 0.101, 0.101,  0.085858, 0.111, 0.0999, 0.0888, 0.111, 0.094359, 0.11655, 0.148, 0.148, 0.0944, 0.08495,  0.0752 } },
    { "eu-west-3",      0.0928, { 0.101, 0,      0.085858, 0.112, 0.1008, 0.09,   0.112, 0.0952,   0.1176,  0.148, 0.148, 0.0944, 0.08495,  0.0752 } },
    { "us-east-1",      0.08,   { 0.085, 0.085,  0.0725,   0.096, 0.0864, 0.077,  0.096, 0.0816,   0.1008,  0.126, 0.126, 0.0832, 0.0752,   0.0672 } },
    { "us-east-2",      0.08,   { 0.085, 0.085,  0.072258, 0.096, 0.0864, 0.077,  0.096, 0.0816,   0.1008,  0.126, 0.126, 0.0832, 0.0752,   0.0672 } },
    { "us-west-1",      0.096,  { 0.106, 0.106,  0.0901,   0.112, 0.1008, 0.0896, 0.112, 0.0952,   0.1176,  0.14,  0.14,  0.0992, 0.089275, 0.08 } },
    { "us-west-2",      0.08,   { 0.085, 0.085,  0.0725,   0.096, 0.0864, 0.077,  0.096, 0.0816,   0.1008,  0.126, 0.126, 0.0832, 0.0752,   0.0672 } },
    { NULL, 0, { 0 } },
};

/* vCPUs and memory: EC2 User Guide, "Instance type specifications". In the order of the price in us-east-1. */
const struct price_shape price_shape_table[] = {
    { "t4g.micro", 2, 1, true },     { "t3.micro", 2, 1, false },
    { "t4g.small", 2, 2, true },     { "t3.small", 2, 2, false },
    { "t4g.medium", 2, 4, true },    { "t3.medium", 2, 4, false },
    { "t4g.large", 2, 8, true },     { "t3.large", 2, 8, false },
    { "r6i.large", 2, 16, false },   { "t4g.xlarge", 4, 16, true },
    { "t3.xlarge", 4, 16, false },   { "r6i.xlarge", 4, 32, false },
    { "t4g.2xlarge", 8, 32, true },  { "t3.2xlarge", 8, 32, false },
    { "r6i.2xlarge", 8, 64, false }, { "c7g.4xlarge", 16, 32, true },
    { "m7g.4xlarge", 16, 64, true }, { "c6i.4xlarge", 16, 32, false },
    { "m6i.4xlarge", 16, 64, false }, { "r6i.4xlarge", 16, 128, false },
    { NULL, 0, 0, false },
};
// clang-format on
