/* Writes results to the standard output. Values may come from a database that somebody else filled:
 * in text, control characters become '?', so that no row can move the cursor of a terminal.
 *
 * Rows are written as they come and not collected, so widths are those of the table of columns and
 * a value that is longer shifts the rest of its line. JSON is written by hand because it is
 * strings, numbers and null in one fixed shape; a reader sees a whole object or, if we died, one
 * that does not end, which no parser takes for a result. */

#include "output.h"

#include <assert.h>
#include <inttypes.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command_option output_option = {
        "o",
        "FORMAT",
        "Either text, a table for people, or json, for programs. The default is text.",
};

/* Names are taken whole. Nothing is guessed from whether the output is a terminal: a script that
 * was tried by hand must get the same form when it runs. */
bool output_format_of(const struct command_input *input, enum output_format *ret_format)
{
        const char *value = command_value(input, "o");

        assert(ret_format);

        if (value && strcmp(value, "text") != 0 && strcmp(value, "json") != 0) {
                fprintf(stderr, "eventctl: -o: \"%s\" is neither text nor json\n", value);
                return false;
        }
        *ret_format = value && strcmp(value, "json") == 0 ? OUTPUT_JSON : OUTPUT_TEXT;
        return true;
}

/* RFC 8259, section 7: quote, backslash and what is below U+0020 must be escaped, nothing else has
 * to be. The values are UTF-8: files and databases are checked for it. */
static void print_json_text(struct ev_str text)
{
        assert(text.data || text.size == 0);

        putchar('"');
        for (size_t i = 0; i < text.size; ++i) {
                unsigned char c = (unsigned char)text.data[i];

                if (c == '"' || c == '\\')
                        printf("\\%c", c);
                else if (c < 0x20)
                        printf("\\u%04x", c);
                else
                        putchar(c);
        }
        putchar('"');
}

/* Padded by characters: names and texts may hold letters of several bytes. */
static void print_text(struct ev_str text, int width)
{
        int shown = 0;

        assert(width >= 0);

        for (size_t i = 0; i < text.size; ++i) {
                unsigned char c = (unsigned char)text.data[i];

                putchar(c < 0x20 || c == 0x7f ? '?' : c);
                shown += (c & 0xc0) != 0x80; /* characters, not bytes */
        }
        if (width > 0)
                /* At least two spaces, so that a long value does not touch the next. */
                printf("%*s", shown < width ? width - shown + 2 : 2, "");
}

/* no-color.org: any value but an empty one switches colours off. Asked for each row that wants it,
 * which are few. */
bool output_is_coloured(void)
{
        const char *no_color = getenv("NO_COLOR");

        return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

/* Nothing is shown in text before the first row, which may take its time. The members of an object
 * come first, so that a person who looks at JSON sees what it is about. */
void output_begin(struct output *output, const struct output_member *members, size_t members_count,
                  const char *list)
{
        assert(list || members_count == 0);
        assert(output->columns_count > 0);

        output->rows = 0;
        output->is_bare = !list;
        if (output->format == OUTPUT_TEXT)
                return;
        if (output->is_bare) {
                putchar('[');
                return;
        }
        putchar('{');
        for (size_t i = 0; i < members_count; ++i) {
                print_json_text(ev_str_of(members[i].name));
                putchar(':');
                print_json_text(ev_str_of(members[i].value));
                putchar(',');
        }
        print_json_text(ev_str_of(list));
        fputs(":[", stdout);
}

/* Every row has every member, null where there is no value, so that programs need not ask what
 * is there. */
static void print_json_row(const struct output *output, const struct ev_str *values)
{
        assert(output->columns_count > 0);

        fputs(output->rows ? ",{" : "{", stdout);
        for (size_t i = 0; i < output->columns_count; ++i) {
                if (i)
                        putchar(',');
                print_json_text(ev_str_of(output->columns[i].name));
                putchar(':');
                if (ev_str_is_null(values[i]))
                        fputs("null", stdout);
                else if (output->columns[i].is_number)
                        printf("%.*s", EV_STR_ARG(values[i]));
                else
                        print_json_text(values[i]);
        }
        putchar('}');
}

/* Only above a first row: no rows, no table. The names are ours and ASCII, so toupper() does in any
 * locale what is wanted. */
static void print_heading(const struct output *output)
{
        assert(output->columns);

        for (size_t i = 0; i < output->columns_count; ++i) {
                char heading[64];
                size_t k;

                for (k = 0; output->columns[i].name[k] && k < sizeof(heading) - 1; ++k)
                        heading[k] = (char)toupper((unsigned char)output->columns[i].name[k]);
                print_text((struct ev_str){ heading, k }, output->columns[i].width);
        }
        putchar('\n');
}

/* Colour is put around the whole row and never inside of a value, and only where somebody sees it:
 * a file or a pipe gets none. Failures to write are kept by stdio until output_end(). */
void output_row(struct output *output, const struct ev_str *values, bool is_alarming)
{
        bool is_red = is_alarming && output->format == OUTPUT_TEXT && output_is_coloured();

        assert(output->columns && output->columns_count > 0);
        assert(values);

        if (output->format == OUTPUT_JSON) {
                print_json_row(output, values);
        } else {
                if (output->rows == 0)
                        print_heading(output);
                fputs(is_red ? "\033[31m" : "", stdout);
                for (size_t i = 0; i < output->columns_count; ++i)
                        print_text(values[i], output->columns[i].width);
                fputs(is_red ? "\033[m\n" : "\n", stdout);
        }
        output->rows++;
}

/* A full disk or a reader that went away is found here, at the latest by the flush. It is the only
 * place that looks: stdio remembers an earlier failure in ferror(). */
bool output_end(struct output *output)
{
        return output_end_with(output, NULL, 0);
}

/* Numbers need no escapes, and their names are ours. */
bool output_end_with(struct output *output, const struct output_count *counts, size_t count)
{
        assert(output->columns && (count == 0 || !output->is_bare));

        if (output->format == OUTPUT_JSON) {
                putchar(']');
                for (size_t i = 0; i < count; ++i)
                        printf(",\"%s\":%" PRId64, counts[i].name, counts[i].number);
                fputs(output->is_bare ? "\n" : "}\n", stdout);
        }
        if (fflush(stdout) != 0 || ferror(stdout)) {
                fputs("eventctl: the result could not be written\n", stderr);
                return false;
        }
        return true;
}

/* All at once; nothing else is written in such a call. */
bool output_text(struct ev_str text)
{
        assert(text.data || text.size == 0);

        fwrite(text.data, 1, text.size, stdout);
        if (fflush(stdout) != 0 || ferror(stdout)) {
                fputs("eventctl: the result could not be written\n", stderr);
                return false;
        }
        return true;
}

void output_name_text(struct ev_json_writer *writer, const char *name, struct ev_str text)
{
        assert(name);

        ev_json_write_name(writer, ev_str_of(name));
        ev_json_write_string(writer, text);
}

void output_name_int(struct ev_json_writer *writer, const char *name, int64_t number)
{
        assert(name);

        ev_json_write_name(writer, ev_str_of(name));
        ev_json_write_int(writer, number);
}

struct ev_str output_number(int64_t value, char text[OUTPUT_NUMBER_MAX])
{
        int size = snprintf(text, OUTPUT_NUMBER_MAX, "%" PRId64, value);

        assert(size > 0 && size < OUTPUT_NUMBER_MAX);

        return (struct ev_str){ text, (size_t)size };
}
