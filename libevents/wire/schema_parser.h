#ifndef EV_WIRE_SCHEMA_PARSER_H
#define EV_WIRE_SCHEMA_PARSER_H

/* What the files schema*.c share while a schema is read. Nobody else includes this. */

#include "base/json.h"
#include "wire/schema.h"

enum { EV_SCHEMA_PATH_MAX = 512 };

struct ev_schema_parser {
        struct ev_schema *schema; /* what is being filled; the caller owns it */
        struct ev_schema_named *open[EV_DEPTH_MAX + 2]; /* records being read: recursion */
        unsigned open_count;                            /* of `open` */
        unsigned depth;                                 /* records and arrays around what is read */
        char path[EV_SCHEMA_PATH_MAX]; /* of the field that is read, e.g. "lines[].sku" */
        size_t path_size;
};

/* Fails with the path before the text. */
int ev_schema_refuse(const struct ev_schema_parser *parser, const char *format, ...) _printf_(2, 3);

/* Memory of the schema; NULL with the error set when it becomes too large. */
void *ev_schema_take(struct ev_schema_parser *parser, size_t count, size_t size) _must_check_;

/* Copies a string; a node that is no string gives null. */
int ev_schema_copy_string(struct ev_schema_parser *parser, const struct ev_json *node,
                          struct ev_str *ret_copy) _must_check_;

/* Copies a list of at most `max` strings; absent gives none. `what` names it in errors. */
int ev_schema_copy_strings(struct ev_schema_parser *parser, const struct ev_json *node,
                           const char *what, size_t max, const struct ev_str **ret_strings,
                           uint32_t *ret_count) _must_check_;

/* Whether it is [A-Za-z_][A-Za-z0-9_]*. */
bool ev_schema_is_name(struct ev_str name);

/* Reads the definition at the top into schema->record. */
int ev_schema_parse_top(struct ev_schema_parser *parser, const struct ev_json *node) _must_check_;

/* Reads a field's default, by the field's type. */
int ev_schema_parse_default(struct ev_schema_parser *parser, const struct ev_json *node,
                            const struct ev_schema_type *type,
                            struct ev_default *ret_default) _must_check_;

/* Reads the attribute "quenty" of schema->record. */
int ev_schema_parse_contract(struct ev_schema_parser *parser,
                             const struct ev_json *node) _must_check_;

#endif
