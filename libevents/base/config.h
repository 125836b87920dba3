#ifndef EV_BASE_CONFIG_H
#define EV_BASE_CONFIG_H

/* Settings of a program, described by tables.
 *
 * A program names its tables of options; what it accepts, checks, shows, helps with and documents
 * comes from them. A value is, from weak to strong:
 *
 *      the table's default
 *      a line "key = value" of the file given by -c
 *      the environment variable QUENTY_KEY: the key in upper case, dots as underscores
 *      an argument --key=value or --key value
 *
 * so that a deployment overrides the packaged file and a person at the prompt overrides both. What
 * nobody knows is an error that names the nearest key, never ignored.
 *
 * A key carries its unit ("backoff.max_ms"); its value is a plain number. A secret is never a
 * value: its key ends with "_file" and names a file, which is read once at the start. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/str.h"

enum {
        EV_CONFIG_TABLES_MAX = 16,
        EV_CONFIG_OPTIONS_MAX = 256,
        EV_CONFIG_FREE_MAX = 128,        /* settings below a prefix, e.g. of kafka.* */
        EV_CONFIG_KEY_MAX = 96,          /* bytes with the NUL */
        EV_CONFIG_VALUE_MAX = 4096,      /* bytes */
        EV_CONFIG_FILE_MAX = 256 * 1024, /* bytes */
        EV_CONFIG_SECRET_MAX = 16384,    /* bytes of a secret's file */
};

enum ev_option_type {
        EV_OPTION_TEXT,    /* any text of minimum..maximum bytes */
        EV_OPTION_INTEGER, /* a whole number within minimum..maximum */
        EV_OPTION_BOOLEAN, /* "true" or "false" */
        EV_OPTION_CHOICE,  /* one of `choices` */
        EV_OPTION_SECRET,  /* the absolute path of a file; its content is the value */
        EV_OPTION_PREFIX,  /* a name such as "kafka.": any key below it, handed on unchecked */
};

/* A row of a table. Names are lower-case words of letters and digits, joined by '.' and '_'. */
struct ev_option {
        const char *name; /* of a SECRET it ends with "_file", of a PREFIX with '.' */
        enum ev_option_type type;
        bool is_required;         /* without a default: it must be given */
        const char *fallback;     /* the default as it would be written; NULL: none */
        int64_t minimum, maximum; /* INTEGER: of the value; TEXT: of its bytes */
        const char *unit;         /* for people: "ms", "bytes", "records"; NULL: none */
        const char *choices;      /* CHOICE: "logfmt|json" */
        const char *help;         /* full sentences in plain ASCII */
};

struct ev_option_table {
        const char *title; /* the heading of this group in help and manual: "Logging" */
        const struct ev_option *options;
        size_t options_count;
};

struct ev_config;

/* What stands in a secret's file. A type of its own, so that it cannot get into a log line, an error
 * or a listing by passing it like any other text: whoever needs it has to write "revealed". */
struct ev_secret {
        char *revealed; /* NUL-terminated; NULL: none */
        size_t size;    /* without the NUL and the newline at the end */
};

/* Reads a secret now. `key` is the setting that names the file; an error names both, and nothing of
 * the content. The caller owns what is read (ev_secret_done); verdict: stop. */
int ev_secret_read(const char *key, const char *path, struct ev_secret *ret_secret) _must_check_;

/* Overwrites it and gives its memory back. */
void ev_secret_done(struct ev_secret *secret);
#define _cleanup_secret_ _cleanup_(ev_secret_done)

/* Conditions of ev_config_load(): the caller prints what was asked for and ends with 0. */
enum {
        EV_CONFIG_HELP_WANTED = 1,
        EV_CONFIG_VERSION_WANTED,
};

/* Borrows the tables for as long as it lives; a wrong table is a bug and fails an assert. The
 * caller owns *ret_config (ev_config_free). All failures of this header have the verdict stop. */
int ev_config_new(struct ev_config **ret_config, const struct ev_option_table *const *tables,
                  size_t tables_count) _must_check_;

/* Overwrites the secrets. Accepts NULL; returns NULL. */
struct ev_config *ev_config_free(struct ev_config *config);
EV_DEFINE_CLEANUP(struct ev_config *, ev_config_free)

/* Reads arguments, the file that "-c FILE" (or "--config FILE") names, the environment
 * ("NAME=value" strings, NULL at the end) and the files of secrets, and checks everything.
 * Arguments end at the first that does not begin with '-', or behind "--"; *ret_operand is its
 * index in argv (argc if there is none). "-h", "--help" and "--version" are conditions, whatever
 * else is wrong. */
int ev_config_load(struct ev_config *config, int argc, char *const *argv, char *const *environment,
                   int *ret_operand) _must_check_;

/* The effective values. The option must be in a table and of that type. Text is NULL where nothing
 * was given and there is no default, and lives as long as the configuration. An integer or boolean
 * has a default or is required. Of a secret it is the path: ev_config_load() has read the file, so
 * that a wrong one is found at the start, and who needs what is in it reads it then
 * (ev_secret_read()), for it may be another one by now. */
const char *ev_config_text(const struct ev_config *config, const char *name);
int64_t ev_config_integer(const struct ev_config *config, const char *name);
bool ev_config_boolean(const struct ev_config *config, const char *name);
const char *ev_config_secret_file(const struct ev_config *config, const char *name);

/* The index of the choice that holds, in the order of the table. */
size_t ev_config_choice(const struct ev_config *config, const char *name);

/* What was given below a prefix, one setting a call, for a library that takes settings as texts:
 * names without the prefix, as they are to be handed on; "kafka.sasl.password_file" comes as
 * "sasl.password" with the content of the file. */
struct ev_config_setting {
        const char *name;
        const char *value; /* lives as long as the configuration */
        bool is_secret;    /* never shown or logged */
};

/* Begin with *position 0; false at the end. */
bool ev_config_next_free(const struct ev_config *config, const char *prefix, size_t *position,
                         struct ev_config_setting *ret_setting);

/* One effective setting for people (`eventctl config`). Of a secret it shows the file's path; there
 * is no way to its content from here. */
struct ev_config_entry {
        const char *name;
        const char *value; /* NULL: not set */
        bool is_secret;
        char origin[EV_CONFIG_VALUE_MAX]; /* "default", "FILE:LINE", "environment", "argument" */
};

/* Iterates all options in the order of the tables, then what stands below prefixes. Begin with
 * *position 0; false at the end. */
bool ev_config_next_entry(const struct ev_config *config, size_t *position,
                          struct ev_config_entry *ret_entry);

/* Documentation from the same tables: plain text for --help, the body of an mdoc(7) section for the
 * manual page, and a commented sample file in which every line is a default. */
int ev_config_write_help(const struct ev_config *config, struct ev_buffer *buffer) _must_check_;
int ev_config_write_manual(const struct ev_config *config, struct ev_buffer *buffer) _must_check_;
int ev_config_write_sample(const struct ev_config *config, struct ev_buffer *buffer) _must_check_;

#endif
