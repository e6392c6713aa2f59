/* An XML answer as JSON, so that the look-ups of core/jsonx.h serve both protocols. The children of the root become
 * the members of an object; an element without child elements is a string (trimmed); an element whose children are all
 * `item` or all `member` (one at least) is an array. A list that is empty is "", whose json_array_size is 0. A name
 * that comes twice beside others becomes an array. Attributes, namespaces and comments are dropped, a DTD is refused.
 * Depth at most 32, elements at most 100,000. Parsed by libexpat. */
#pragma once
#include "core/err.h"
#include <jansson.h>
#include <stddef.h>

/* `what` names the answer in messages. New reference; NULL with ERR_REMOTE when it is not well-formed (truncated). */
json_t *aws_xml_parse(const char *text, size_t len, const char *what, struct err *e) NODISCARD;
/* Name of the root element without its prefix into `ret`, "" when there is none. For texts that aws_xml_parse takes. */
void aws_xml_root(const char *text, char ret[static 128]);
/* First string under `name` at any depth, "" when there is none: error codes stand at different depths. Borrowed. */
const char *aws_xml_any(const json_t *root, const char *name);
