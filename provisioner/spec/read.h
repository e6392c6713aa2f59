/* From the YAML tree to the typed spec, by the field table. */
#pragma once
#include "spec/problems.h"
#include "spec/spec.h"
#include "spec/yaml_tree.h"

/* Fills `s` (s->path is set), defaults included; what is wrong goes to `p`. */
void read_spec(const struct yt_node *root, struct spec *s, struct spec_problems *p);
/* A free mapping as JSON: plain scalars by the YAML 1.2 core schema, all else strings. NULL after a report. */
json_t *read_free(const struct yt_node *n, const char *path, struct spec_problems *p);
/* Frees what the fields of `record` ("" is the spec itself) keep in `base`. */
void read_release(void *base, const char *record);
