/* Shared by the files that hold the rows of the field table: fields_provider.c, fields_machine.c, fields_prefect.c,
 * fields_flows.c, and field_table.c, which puts them in order. */
#pragma once
#include "core/util.h"
#include "spec/checks.h"
#include "spec/fields.h"
#include "spec/spec.h"

struct field_family {
    const struct field *rows;
    size_t n;
};
extern const struct field_family fields_provider, fields_machine, fields_prefect, fields_flows;

#define AT(member)         offsetof(struct spec, member)
#define OF(record, member) offsetof(struct spec_##record, member)
#define WORDS(...)         ((const char *const[]){ __VA_ARGS__, NULL })
#define FROM_PIN           "the lock's, else the built-in pin's"

// clang-format off
/* A secret is named, never written down: {env: NAME} or {file: PATH}. */
#define SECRET(path_, at_, member_, env_, without_, says)                                                             \
    { .path = path_, .type = FIELD_CHOICE, .hush = true, without_, .offset = FIELD_NOWHERE,                           \
      .example = "{env: " env_ "}", .summary = says ": {env: NAME} or {file: PATH}, never the value itself" },        \
    { .path = path_ ".env", .type = FIELD_STRING, .hush = true, .pattern = "^[A-Za-z_][A-Za-z0-9_]*$",                \
      .wants = "the name of an environment variable", .accept = check_env_name, .example = env_,                      \
      .offset = at_(member_.env), .summary = "environment variable of this host that holds it when slipway runs" },       \
    { .path = path_ ".file", .type = FIELD_STRING, .hush = true, .wants = "the path of a file",                       \
      .accept = check_secret_file, .example = "~/.config/slipway/secret", .offset = at_(member_.file),                 \
      .summary = "file of this host that holds it, relative to this file; only you should be able to read it" }

#define NAME_PATTERN      "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
#define NAME_WANTS        "1 to 40 of a-z, 0-9 and '-', no '-' at the ends"
/* The characters that Prefect refuses in names. */
#define FREE_NAME_PATTERN "^[^/%&<>]{1,100}$"
#define FREE_NAME_WANTS   "1 to 100 characters, none of / % & < >"

#define HOST_PATTERN "([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?"
#define URL_PATTERN  "^https?://" HOST_PATTERN "(/[A-Za-z0-9._~/%+-]*)?$"
// clang-format on
