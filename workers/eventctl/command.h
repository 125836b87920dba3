#ifndef EVENTCTL_COMMAND_H
#define EVENTCTL_COMMAND_H

/* Subcommands as rows of a table: parsing, help and manual page come from it, so that none of them
 * can promise what the others do not know.
 *
 * Talk goes to the standard error and results to the standard output, which holds nothing else: a
 * script may read it without looking for the line where the result begins. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/macro.h"

/* What a script can decide by; the manual page promises it. Only FAILED may be worth another try. A
 * signal is not among them: the shell tells it as 128 and its number. */
enum command_exit {
        COMMAND_DONE = 0,
        COMMAND_FAILED = 1,      /* a server, a file or the output would not */
        COMMAND_USAGE = 2,       /* arguments or configuration; nothing was touched */
        COMMAND_REFUSED = 3,     /* something would be lost, and nobody has allowed it */
        COMMAND_DIFFERENCES = 4, /* looked, and what is there is not what should be */
};

enum {
        COMMAND_OPTIONS_MAX = 16,
        COMMAND_OPERANDS_MAX = 16,
};

/* A flag or an option with a value, to be shared by commands that mean the same by it.
 * Help is full sentences in plain ASCII, without mdoc's special characters at the start of a
 * line. */
struct command_option {
        const char *name;     /* "to" for --to; a single letter, "o", for -o */
        const char *argument; /* "N"; NULL: a flag */
        const char *help;
};

struct command_input;

struct command {
        const char *name; /* one or more words: "migrate up" */
        /* "DATABASE": the one that is required; "DATABASE EVENT_ID": both; "TOPIC ...": one or more;
         * "[DATABASE ...]": any number; NULL: none. */
        const char *operand;
        const char *summary;                         /* a line */
        const char *help;                            /* without the options, which have their own */
        const struct command_option *const *options; /* borrowed, as everything here; NULL: none */
        size_t options_count;                        /* at most COMMAND_OPTIONS_MAX */
        /* Says itself what went wrong; called once, and the process ends with what it returns. */
        enum command_exit (*run)(const struct command_input *input);
};

/* What a command is given. All texts are those of the command line or of the table: they live as
 * long as the process, and nobody frees them. */
struct command_input {
        const struct command *command;
        const struct ev_config *config; /* loaded; borrowed */
        const char *operand;            /* as it was typed, unchecked; NULL: the command has none */
        const char *operands[COMMAND_OPERANDS_MAX]; /* all of them; the first is `operand` */
        size_t operands_count;
        const char *values[COMMAND_OPTIONS_MAX]; /* of its options; NULL: not given; flags: "" */
};

/* In table.c. */
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

/* Reads a time, as 2025-01-31T12:00:00Z, or a day, which begins at its midnight in UTC, as 2025-01-31: µs since
 * 1970. False for anything else, and *ret_instant is not touched. */
bool command_time(const char *text, int64_t *ret_instant);

/* Whether somebody wants the command to end; `stop_fd` is that of ev_settings_stop_fd(). */
bool command_is_stopped(int stop_fd);

/* "eventctl: " and the library's present error, on stderr. Only behind a call that has failed: else
 * there is no error to tell. */
void command_complain(void);

/* The same, for a command that ends by it. */
enum command_exit command_fail(void);

/* The commands. */
enum command_exit migrate_up(const struct command_input *input);
enum command_exit migrate_down(const struct command_input *input);
enum command_exit migrate_status(const struct command_input *input);
enum command_exit migrate_verify(const struct command_input *input);
enum command_exit schema_ids(const struct command_input *input);
enum command_exit topics_plan(const struct command_input *input);
enum command_exit topics_apply(const struct command_input *input);
enum command_exit produce(const struct command_input *input);
enum command_exit tail(const struct command_input *input);
enum command_exit status(const struct command_input *input);
enum command_exit park_ls(const struct command_input *input);
enum command_exit park_show(const struct command_input *input);
enum command_exit park_retry(const struct command_input *input);
enum command_exit park_drop(const struct command_input *input);
enum command_exit dlq_ls(const struct command_input *input);
enum command_exit dlq_show(const struct command_input *input);
enum command_exit dlq_redrive(const struct command_input *input);
enum command_exit dlq_drop(const struct command_input *input);
enum command_exit lane_ls(const struct command_input *input);
enum command_exit lane_resume(const struct command_input *input);
enum command_exit rebuild(const struct command_input *input);
enum command_exit diff(const struct command_input *input);
enum command_exit audit_reconcile(const struct command_input *input);
enum command_exit audit_laws(const struct command_input *input);
enum command_exit replay(const struct command_input *input);
enum command_exit export_facts(const struct command_input *input);
enum command_exit outbox_drop(const struct command_input *input);
enum command_exit trace(const struct command_input *input);
enum command_exit audit_key(const struct command_input *input);
enum command_exit audit_seal(const struct command_input *input);
enum command_exit audit_check(const struct command_input *input);
enum command_exit audit_prove(const struct command_input *input);
enum command_exit audit_consistency(const struct command_input *input);
enum command_exit audit_verify(const struct command_input *input);
enum command_exit order_show(const struct command_input *input);
enum command_exit config_show(const struct command_input *input);

#endif
