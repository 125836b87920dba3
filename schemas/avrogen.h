#ifndef SCHEMAS_AVROGEN_H
#define SCHEMAS_AVROGEN_H

/* What the files of avrogen share: the list of versions, and the C types made of the newest. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/str.h"
#include "wire/schema.h"
#include "wire/schema_ids.h"

enum {
        AVROGEN_VERSIONS_MAX = 4096, /* lines of `ids` */
        AVROGEN_TYPES_MAX = 4096,
        AVROGEN_CONTEXTS_MAX = 64,           /* folders of schemas, so pairs of generated files */
        AVROGEN_NAME_MAX = 128,              /* bytes of a C name with NUL */
        AVROGEN_PATH_MAX = 1024,             /* bytes of a path with NUL */
        AVROGEN_FILE_MAX = 64 * 1024 * 1024, /* bytes of a file that is written */
};

/* One line of schemas/ids. */
struct avrogen_version {
        struct ev_schema_line line; /* ids are unique; versions of a name are 1, 2, … */
        struct ev_buffer text;      /* of the file; the registry embeds it as it is */
        struct ev_schema *schema;   /* owned */
        uint64_t fingerprint, lock; /* computed from the file */
        bool newest;                /* of its name */
        struct ev_str context;      /* the namespace's last part: the folder and the C file */
};

/* A C struct or enum. */
struct avrogen_type {
        const struct ev_schema_named *named;
        const struct avrogen_version *from; /* the first that defines it */
        bool is_event;                      /* not only a part of one */
        struct ev_str context;
        char name[AVROGEN_NAME_MAX];  /* order_placed */
        char upper[AVROGEN_NAME_MAX]; /* ORDER_PLACED */
};

/* One run of the generator. Some megabytes, so it lies on the heap; nothing in it moves, since
 * slices and pointers into it are everywhere. */
struct avrogen {
        const char *folder;   /* schemas/ */
        struct ev_buffer ids; /* the list's text, which names and files are slices of */
        struct avrogen_version versions[AVROGEN_VERSIONS_MAX];
        size_t versions_count;
        struct avrogen_type types[AVROGEN_TYPES_MAX]; /* parts before what contains them */
        size_t types_count;
        struct ev_str contexts[AVROGEN_CONTEXTS_MAX];
        size_t contexts_count; /* in the order in which `ids` first names them */
};

/* The last part of a dotted name, and the part before it. */
struct ev_str avrogen_short_name(struct ev_str full_name);
struct ev_str avrogen_context(struct ev_str full_name);

/* Lists the C types of all newest versions and gives them names. Fails on two definitions of one
 * name and on C names that collide. */
int avrogen_collect_types(struct avrogen *gen) _must_check_;

/* The type made of a definition; it must have been collected. */
const struct avrogen_type *avrogen_find_type(const struct avrogen *gen, struct ev_str full_name);

/* Appends the header and the source of one context, and those of the table of all schemas. */
int avrogen_write_header(const struct avrogen *gen, struct ev_str context,
                         struct ev_buffer *buffer) _must_check_;
int avrogen_write_source(const struct avrogen *gen, struct ev_str context,
                         struct ev_buffer *buffer) _must_check_;
int avrogen_write_registry_header(struct ev_buffer *buffer) _must_check_;
int avrogen_write_registry_source(const struct avrogen *gen, struct ev_buffer *buffer) _must_check_;

/* Whether a type holds a secret at any depth, and the bytes its shortest value takes. */
bool avrogen_has_secret(const struct ev_schema_named *record);
uint32_t avrogen_wire_min(const struct ev_schema_named *record);

#endif
