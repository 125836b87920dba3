#ifndef EV_BASE_CONFIG_PRIVATE_H
#define EV_BASE_CONFIG_PRIVATE_H

/* What config.c (values), config_load.c (where they come from) and config_text.c (documentation)
 * share. Nobody else includes this. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"

/* Where a value came from. The order is the precedence: a stronger source replaces a weaker one,
 * and the same source twice is an error. */
enum config_source {
        CONFIG_DEFAULT, /* from weak to strong */
        CONFIG_FILE,
        CONFIG_ENVIRONMENT,
        CONFIG_ARGUMENT,
};

/* Where a setting was found. `name` is the key as it was spelled there, for errors. */
struct config_origin {
        enum config_source source;
        unsigned line;    /* of a file, from 1 */
        const char *file; /* of a line */
        const char *name; /* of an environment variable, else NULL */
};

/* One option's effective value, or one setting below a prefix. */
struct config_value {
        const struct ev_option *option;
        char *key;               /* owned; only below a prefix, where the option has no full name */
        char *handed;            /* owned; the key as it is handed on: without prefix and "_file" */
        char *text;              /* owned; as it was written; NULL: not set */
        struct ev_secret secret; /* what stood in the file that `text` names */
        int64_t number;          /* INTEGER; BOOLEAN 0 or 1; CHOICE: its index */
        struct config_origin origin;
};

struct ev_config {
        const struct ev_option_table *tables[EV_CONFIG_TABLES_MAX];
        size_t tables_count;
        struct config_value values[EV_CONFIG_OPTIONS_MAX]; /* one for each option but prefixes */
        size_t values_count;
        struct config_value free_values[EV_CONFIG_FREE_MAX];
        size_t free_values_count;
        char *file; /* owned; the file that was read, NULL: none */
};

/* The longest text of ev_config_describe(). */
enum { CONFIG_DESCRIPTION_MAX = 512 };

/* Sets `key` from a source that is stronger than all before it, after checking. */
int ev_config_give(struct ev_config *config, struct ev_str key, struct ev_str text,
                   const struct config_origin *origin) _must_check_;

/* The full key of a value. */
const char *ev_config_key(const struct config_value *value);

/* Whether the value's file is read: an option of type SECRET, or below a prefix a key that ends
 * with "_file". */
bool ev_config_is_secret(const struct config_value *value);

/* QUENTY_KEY for a key, NUL-terminated, into EV_CONFIG_KEY_MAX + 8 bytes. */
enum { CONFIG_VARIABLE_MAX = EV_CONFIG_KEY_MAX + 8 };
void ev_config_variable_name(const char *key, char *buffer);

/* What an option accepts: "a whole number from 1 to 10000". Returns `buffer`. */
const char *ev_config_describe(const struct ev_option *option, char *buffer);

/* "FILE:LINE", "environment", …, into EV_CONFIG_VALUE_MAX bytes. */
void ev_config_write_origin(const struct config_origin *origin, char *buffer);

/* Fails with the key that nobody knows and the nearest one that exists. */
int ev_config_fail_unknown(const struct ev_config *config, struct ev_str key,
                           const struct config_origin *origin);

bool ev_config_check(const struct ev_config *config);

#endif
