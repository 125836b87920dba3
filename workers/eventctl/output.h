#ifndef EVENTCTL_OUTPUT_H
#define EVENTCTL_OUTPUT_H

/* Results as a table for people or as JSON for programs, row by row.
 *
 *      output_begin(&output, members, count, "migrations");
 *      output_row(&output, values, false); …
 *      return output_end(&output) ? COMMAND_DONE : COMMAND_FAILED;
 *
 * A result that ends early, because the process died or the disk is full, is no JSON; a reader that
 * parses it before it acts is safe. Only one result is written in a process. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "command.h"

/* "-o text" and "-o json", for the tables of commands. */
extern const struct command_option output_option;

enum output_format { OUTPUT_TEXT, OUTPUT_JSON };

struct output_column {
        const char *name; /* of the JSON member; in upper case the heading */
        int width;        /* of the text, in characters; 0: the last one */
        bool is_number;   /* written without quotes in JSON */
};

/* A result: a few members and one list of rows. */
struct output {
        enum output_format format; /* with the columns, set by the caller; the rest is ours */
        const struct output_column *columns;
        size_t columns_count;
        size_t rows;  /* written so far: a heading is due before the first, a comma behind it */
        bool is_bare; /* JSON is the list alone, without an object around it */
};

/* Reads -o. False, after a message, if it is neither text nor json. */
bool output_format_of(const struct command_input *input, enum output_format *ret_format);

/* Whether somebody sees colours on the standard output, and wants to. */
bool output_is_coloured(void);

/* Writes a result that was put together elsewhere. False, after a message, if it could not be. */
bool output_text(struct ev_str text);

/* A member of a JSON object that is put together elsewhere; a null slice is null. */
void output_name_text(struct ev_json_writer *writer, const char *name, struct ev_str text);
void output_name_int(struct ev_json_writer *writer, const char *name, int64_t number);

/* Begins the result: in JSON an object with these members, then the list of this name; `list` NULL
 * stands for a bare list, which has no members. Text shows neither. */
struct output_member {
        const char *name;
        const char *value;
};
void output_begin(struct output *output, const struct output_member *members, size_t members_count,
                  const char *list);

/* One value for each column; a null slice is "" or null. `is_alarming` rows are shown in red on a
 * terminal. */
void output_row(struct output *output, const struct ev_str *values, bool is_alarming);

/* A number as a value of a row. */
enum { OUTPUT_NUMBER_MAX = 24 }; /* bytes of its text, with the NUL */
struct ev_str output_number(int64_t value, char text[OUTPUT_NUMBER_MAX]);

/* Ends it. False, after a message, if the standard output could not be written. */
bool output_end(struct output *output);

/* The same with members behind the list, for what is known at the end only; in JSON that is not
 * bare. */
struct output_count {
        const char *name;
        int64_t number;
};
bool output_end_with(struct output *output, const struct output_count *counts, size_t count);

#endif
