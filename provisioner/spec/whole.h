/* Rules over more than one field, and the defaults that follow from another field. */
#pragma once
#include "spec/problems.h"
#include "spec/spec.h"
#include "spec/yaml_tree.h"

struct whole {
    const struct yt_node *root;
    struct spec *s;
    struct spec_problems *p;
    bool runtime_known; /* false: a wrong word was reported; what would follow from the default only confuses */
};

/* Completes `s` (pool types, queue priorities, slugs, folders) and reports what does not go together. */
void whole_check(const struct yt_node *root, struct spec *s, struct spec_problems *p);
/* The parts of it: the machine by what its provider has, and `flows`. */
void whole_check_machine(const struct whole *w);
/* For providers whose machines face the Internet: warns of a range in access.ssh_from that is all of it. */
void whole_warn_of_everywhere(const struct whole *w);
void whole_check_flows(const struct whole *w);
/* The default of a slug: from the schedule's text and time zone, [a-z0-9-], at most 57 characters. Caller frees. */
char *whole_slug(const struct spec_schedule *s);
/* A problem at the field `path`, such as "flows.deployments[2].pool", or at the nearest section that is written. */
void whole_say(const struct whole *w, const char *path, const char *fmt, ...) PRINTF_LIKE(3, 4);
void whole_warn(const struct whole *w, const char *path, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Warns of a secret's file that others can read; `path` is the field that holds env or file. */
void whole_secret(const struct whole *w, const struct spec_secret *s, const char *path);
/* Did the user write that field, with a value? */
bool whole_given(const struct whole *w, const char *path);
/* The node there when it is of that kind, or NULL. */
const struct yt_node *whole_node(const struct whole *w, const char *path, enum yt_kind kind);
