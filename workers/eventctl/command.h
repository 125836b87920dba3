#ifndef EVENTCTL_COMMAND_H
#define EVENTCTL_COMMAND_H

/* Subcommands as rows of a table: parsing, help and manual page come from it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/macro.h"

enum command_exit {
        COMMAND_DONE = 0,
        COMMAND_FAILED = 1,
        COMMAND_USAGE = 2,
        COMMAND_REFUSED = 3,
        COMMAND_DIFFERENCES = 4,
};

enum {
        COMMAND_OPTIONS_MAX = 8,
        COMMAND_OPERANDS_MAX = 4,
};

/* Help is full sentences in plain ASCII, without mdoc's special characters at the start of a
 * line. */
struct command_option {
        const char *name;     /* "to" for --to; a single letter, "o", for -o */
        const char *argument; /* "N"; NULL: a flag */
        const char *help;
};

struct command_input;

struct command {
        const char *name;    /* one or more words: "migrate up" */
        const char *operand; /* "DATABASE": the one that is required; NULL: none */
        const char *summary; /* a line */
        const char *help;
        const struct command_option *const *options;
        size_t options_count;
        enum command_exit (*run)(const struct command_input *input);
};

/* What a command is given. */
struct command_input {
        const struct command *command;
        const struct ev_config *config;
        const char *operand;
        const char *values[COMMAND_OPTIONS_MAX]; /* of its options; NULL: not given; flags: "" */
};

/* The table, and what is known of connections and folders (in main.c). */
extern const struct command commands[];
extern const size_t commands_count;

/* The value of an option of this command; "" for a flag that was given, NULL for what was not. */
const char *command_value(const struct command_input *input, const char *name);

/* A whole number of 0..max behind an option, or `fallback` if it was not given. False, after a
 * message, if it is none. */
bool command_number(const struct command_input *input, const char *name, int max, int fallback,
                    int *ret_number);

/* Finds the command that the words begin with and reads the rest of them. NULL and a message if
 * that is not how a command is called. */
const struct command *command_parse(int count, char *const *words, struct command_input *input);

/* Writes the help of every command whose name begins with the words: its whole help if it is one.
 * False if there is none. */
bool command_help(int count, char *const *words, FILE *file);

/* Prints the manual page as mdoc(7). 0 or EV_FAILED. */
int command_manual(const struct ev_config *config, FILE *file) _must_check_;

/* "eventctl: " and the library's present error, on stderr. */
void command_complain(void);

/* The commands. */
enum command_exit migrate_up(const struct command_input *input);
enum command_exit migrate_down(const struct command_input *input);
enum command_exit migrate_status(const struct command_input *input);
enum command_exit migrate_verify(const struct command_input *input);
enum command_exit schema_ids(const struct command_input *input);

#endif
