/* Provider aws in the spec: what is accepted, what is warned of, and the table of what each provider has. What is
 * refused is in tests/data/spec/bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mem.h"
#include "core/util.h"
#include "spec/fields.h"
#include "spec/provider_facts.h"
#include "spec/spec.h"
#include <cmocka.h>

#define HEAD   "apiVersion: slipway/v1\nname: flows\n"
#define SUBNET "subnet-0123456789abcdef0"

static struct spec *must_parse(const char *rest)
{
    AUTO_FREE char *text = xasprintf(HEAD "%s", rest);
    struct err e = ERR_INIT;
    struct spec *s = NULL;

    if (spec_parse("slipway.yaml", text, strlen(text), &s, &e) < 0)
        fail_msg("%s\n%s", e.msg, text);
    return s;
}

static void defaults_are_applied(void **state)
{
    static const char *const empty[] = { "provider: {aws: {}}\n", "provider:\n  aws:\n",
                                         "provider: {aws: {region: ~, zones: [], subnet: ~, security_group: ~}}\n" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        AUTO_SPEC struct spec *s = must_parse(empty[i]);
        assert_string_equal(s->provider, "aws");
        assert_null(s->aws.region);
        assert_int_equal(s->aws.zones.len, 0);
        assert_string_equal(s->aws.cidr, "10.77.0.0/16");
        assert_null(s->aws.subnet);
        assert_null(s->aws.security_group);
        assert_string_equal(s->machine.size, "auto");
        assert_string_equal(s->machine.image, "debian-12");
        assert_int_equal(s->warnings.len, 0);
    }
}

static void all_is_read(void **state)
{
    AUTO_SPEC struct spec *own = must_parse("provider:\n  aws:\n    region: us-gov-west-1\n    cidr: 172.31.255.0/24\n"
                                            "    zones: [us-gov-west-1c, us-gov-west-1a]\n"
                                            "machine: {size: m7i-flex.xlarge, image: ubuntu-24.04, disk_gib: 40}\n");
    AUTO_SPEC struct spec *shared = must_parse("provider: {aws: {subnet: " SUBNET ", security_group: sg-01234567}}\n"
                                               "machine: {size: 4x16, image: ami-0123456789abcdef0}\n");

    (void)state;
    assert_string_equal(own->aws.region, "us-gov-west-1");
    assert_string_equal(own->aws.cidr, "172.31.255.0/24");
    assert_int_equal(own->aws.zones.len, 2);
    assert_string_equal(own->aws.zones.items[0], "us-gov-west-1c"); /* in the order of the spec */
    assert_string_equal(own->aws.zones.items[1], "us-gov-west-1a");
    assert_string_equal(own->machine.size, "m7i-flex.xlarge");
    assert_string_equal(own->machine.image, "ubuntu-24.04");
    assert_string_equal(shared->aws.subnet, SUBNET);
    assert_string_equal(shared->aws.security_group, "sg-01234567");
    assert_string_equal(shared->machine.size, "4x16");
    assert_string_equal(shared->machine.image, "ami-0123456789abcdef0");
}

static void good_specs_are_accepted(void **state)
{
    static const char *const good[] = {
        "provider: {aws: {region: eu-central-1}}\n",
        "provider: {aws: {region: eusc-de-east-1, zones: [eusc-de-east-1a]}}\n",
        "provider: {aws: {region: cn-north-1}}\n",
        "provider: {aws: {region: cn-northwest-1}}\n",
        "provider: {aws: {region: us-isob-east-1}}\n",
        "provider: {aws: {region: ap-southeast-7}}\n",
        "provider: {aws: {region: ca-west-12}}\n",
        "provider: {aws: {zones: [eu-central-1a, eu-central-1c]}}\n", /* the region is the environment's */
        "provider: {aws: {cidr: 10.0.0.0/16}}\n",
        "provider: {aws: {cidr: 10.255.255.0/24}}\n",
        "provider: {aws: {cidr: 172.16.0.0/16}}\n",
        "provider: {aws: {cidr: 192.168.0.0/16}}\n",
        "provider: {aws: {cidr: 10.41.0.0/16}}\n", /* beside pods and services */
        "provider: {aws: {cidr: 10.44.0.0/16}}\n",
        "provider: {aws: {cidr: 10.42.0.0/16}}\nruntime: systemd\n", /* which has neither */
        "provider: {aws: {cidr: 10.43.0.0/16}}\nk3s: {config: {service-cidr: 10.200.0.0/16}}\n",
        "provider: {aws: {cidr: 10.42.0.0/16}}\nk3s: {config: {cluster-cidr: '10.20.0.0/16,fd00:42::/56'}}\n",
        "provider: {aws: {cidr: 10.42.0.0/16}}\nk3s: {config: {cluster-cidr: 'fd00:42::/56'}}\n",
        "provider: {aws: {subnet: subnet-01234567}}\n", /* with a group of its own */
        "provider: {aws: {subnet: " SUBNET "}}\nk3s: {config: {cluster-cidr: 10.77.0.0/16}}\n", /* no network is made */
        "provider: {aws: {}}\nmachine: {image: debian-13}\n",
        "provider: {aws: {}}\nmachine: {image: ami-01234567}\n",
        "provider: {aws: {}}\nmachine: {size: u7i-12tb.224xlarge}\n",
        "provider: {aws: {}}\nmachine: {size: c7gn.metal-48xl}\n",
        "provider: {aws: {}}\nmachine: {size: x1e.xlarge}\n",
        ("provider: {ssh: {host: h, host_key: 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}}\n"
         "machine: {size: 4x8, image: ubuntu-24.04}\n"), /* said and of no use, as ever */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        AUTO_SPEC struct spec *s = must_parse(good[i]);
        if (s->warnings.len)
            fail_msg("%s: %s", good[i], s->warnings.items[0]);
    }
}

/* Only where SSH faces the Internet: on this host a range lets in whom this host lets in. */
static void the_whole_internet_is_a_warning(void **state)
{
    static const struct {
        const char *text, *warning; /* of the list's last element; NULL: none */
    } cases[] = {
        { "provider: {aws: {}}\naccess: {ssh_from: [auto, 0.0.0.0/0]}\n",
          "slipway.yaml:4:27: 'access.ssh_from[1]' is 0.0.0.0/0: the whole internet may try to log in by SSH; name the "
          "ranges that you log in from, or auto" },
        { "provider: {aws: {}}\naccess: {ssh_from: ['::/0']}\n",
          "slipway.yaml:4:21: 'access.ssh_from[0]' is ::/0: the whole internet may try to log in by SSH; name the "
          "ranges that you log in from, or auto" },
        { "provider: {aws: {}}\naccess: {ssh_from: [10.0.0.0/8, 203.0.113.0/24, '2001:db8::/32']}\n", NULL },
        { "provider: {local: {}}\naccess: {ssh_from: [0.0.0.0/0]}\n", NULL },
        { "provider: {aws: {subnet: " SUBNET ", security_group: sg-01234567}}\naccess: {ssh_from: [0.0.0.0/0]}\n",
          "slipway.yaml:4:20: 'access.ssh_from' is not applied: the rules of 'provider.aws.security_group' are used as "
          "they are" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_SPEC struct spec *s = must_parse(cases[i].text);
        assert_int_equal(s->warnings.len, cases[i].warning != NULL);
        if (cases[i].warning)
            assert_string_equal(s->warnings.items[0], cases[i].warning);
    }
}

static void each_provider_has_its_facts(void **state)
{
    size_t n = 0;

    (void)state;
    for (const struct field *f = NULL; (f = field_child("provider", f)); n++) {
        const struct spec s = { .provider = xstrdup(field_leaf(f)) };
        AUTO_FREE char *name = s.provider;
        const struct provider_facts *facts = provider_facts_of(&s);
        if (!facts)
            fail_msg("%s: is a field, but has no facts", name);
        /* What is made has an image, and the default is one of them. */
        if (facts->images)
            assert_string_equal(facts->images[0], field_find("machine.image")->otherwise);
        assert_true(facts->images || !facts->image_id);
    }
    for (const struct provider_facts *f = provider_facts; f->name; f++)
        n--;
    assert_int_equal(n, 0);
    assert_null(provider_facts_of(&(struct spec){ .provider = NULL }));
}

static void images_in_words(void **state)
{
    static const struct {
        const char *provider, *want;
    } cases[] = {
        { "local", "debian-12" },
        { "ssh", "" },
        { "aws", "debian-12, debian-13, ubuntu-24.04 and ids of its images, ami-..." },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *name = xstrdup(cases[i].provider);
        AUTO_FREE char *got = provider_facts_images(provider_facts_of(&(struct spec){ .provider = name }));
        assert_string_equal(got, cases[i].want);
    }
}

/* No key takes credentials, and what was put there in the hope is not repeated. */
static void credentials_stay_out_of_messages(void **state)
{
    static const char *const texts[] = {
        "provider: {aws: {access_key: HUNTER2}}",
        "provider: {aws: {secret_access_key: HUNTER2}}",
        "provider: {aws: {session_token: HUNTER2, credentials: {a: HUNTER2}, password: HUNTER2}}",
        "provider: {aws: {region: \"-----BEGIN X-----HUNTER2-e-1a\"}}",
        "provider: {aws: {zones: [\"-----BEGIN X-----HUNTER2-az1\"]}}",
        "provider: {aws: {cidr: \"-----BEGIN X-----HUNTER2\"}}",
        "provider: {aws: {cidr: \"-----BEGIN X-----HUNTER2:/\"}}",
        "provider: {aws: {subnet: \"-----BEGIN X-----HUNTER2\"}}",
        "provider: {aws: {}}\nmachine: {image: \"-----BEGIN X-----HUNTER2\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO_FREE char *text = xasprintf(HEAD "%s\n", texts[i]);
        AUTO_SPEC struct spec *s = NULL;
        struct err e = ERR_INIT;
        assert_int_equal(spec_parse("slipway.yaml", text, strlen(text), &s, &e), -1);
        if (strstr(e.msg, "HUNTER2"))
            fail_msg("%s", e.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_applied),
        cmocka_unit_test(all_is_read),
        cmocka_unit_test(good_specs_are_accepted),
        cmocka_unit_test(the_whole_internet_is_a_warning),
        cmocka_unit_test(each_provider_has_its_facts),
        cmocka_unit_test(images_in_words),
        cmocka_unit_test(credentials_stay_out_of_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
