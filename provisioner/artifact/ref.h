/* Image references: "postgres:17", "docker.io/library/postgres:17-bookworm", "127.0.0.1:5000/a/b@sha256:...".
 * Grammar: distribution/reference; short names mean docker.io, as for docker and the kubelet. */
#pragma once
#include "core/err.h"
#include <stdbool.h>

struct ref {
    char host[128]; /* "docker.io", "127.0.0.1:5000" */
    char repo[256]; /* "library/postgres" */
    char tag[129];  /* "latest" when neither tag nor digest is given; "" with only a digest */
    char digest[72];
};

int ref_parse(const char *text, struct ref *ret, struct err *e) NODISCARD;
/* "HOST/REPO:TAG" (a digest alone: "HOST/REPO@DIGEST"); caller frees. */
char *ref_text(const struct ref *r);
/* "HOST/REPO@DIGEST"; caller frees. */
char *ref_pinned(const struct ref *r, const char *digest);
/* "sha256:" and 64 lower-case hex digits. */
bool ref_is_digest(const char *text);
/* 64 lower-case hex digits. */
bool ref_is_sha256(const char *text);
