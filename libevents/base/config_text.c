/* Documentation of the options, made from their tables: --help, manual page, sample file.
 *
 * One row is described once; the three forms differ in their marks only. Pure text: nothing here
 * matters if the process dies. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/config_private.h"
#include "base/error.h"

enum {
        WIDTH_MAX = 79,  /* of a terminal of 80 columns, whose last one many leave free */
        INDENT_HELP = 8, /* columns */
};

/* Writes words, broken into lines of at most WIDTH_MAX bytes that begin with `lead`. */
static int write_wrapped(struct ev_buffer *buffer, const char *lead, const char *text)
{
        size_t used = 0, size;
        int r = 0;

        assert(lead && text);

        for (; *text && r == 0; text += size + (text[size] == ' ')) {
                size = strcspn(text, " ");
                if (used > 0 && used + 1 + size > WIDTH_MAX) {
                        r = ev_buffer_printf(buffer, "\n");
                        used = 0;
                }
                if (r == 0)
                        r = ev_buffer_printf(buffer, "%s%.*s", used > 0 ? " " : lead, (int)size,
                                             text);
                used += (used > 0 ? 1 : strlen(lead)) + size;
        }
        if (r == 0)
                r = ev_buffer_printf(buffer, "\n");
        return ev_trace(r);
}

/* "A whole number from 1 to 10000 records, 200 unless given." A sentence from the row alone, so
 * that nobody has to write a default into a help text, where it would grow old. */
static void summarise(const struct ev_option *option, char *summary, size_t capacity)
{
        char description[CONFIG_DESCRIPTION_MAX];

        ev_config_describe(option, description);
        assert(description[0] >= 'a' && description[0] <= 'z');

        description[0] = (char)(description[0] - 32);
        if (option->type == EV_OPTION_PREFIX)
                snprintf(summary, capacity,
                         "%s are handed on with the prefix taken off; one that ends with _file "
                         "names a file whose content is the value.",
                         description);
        else if (option->is_required)
                snprintf(summary, capacity, "%s; required.", description);
        else if (option->fallback)
                snprintf(summary, capacity, "%s; the default is %s.", description,
                         option->fallback[0] ? option->fallback : "empty");
        else
                snprintf(summary, capacity, "%s; not set by default.", description);
}

/* One form of documentation: how it begins a table and what it makes of a row. */
struct form {
        int (*write_title)(struct ev_buffer *buffer, const char *title);
        int (*write_option)(struct ev_buffer *buffer, const struct ev_option *option,
                            const char *summary);
        int (*write_end)(struct ev_buffer *buffer);
};

/* Goes through all tables. The three forms are three sets of functions, so that no form can leave
 * an option out. */
static int write_tables(const struct ev_config *config, const struct form *form,
                        struct ev_buffer *buffer)
{
        char summary[2 * CONFIG_DESCRIPTION_MAX];
        int r;

        assert(config && ev_config_check(config));
        assert(buffer);

        for (size_t t = 0; t < config->tables_count; ++t) {
                r = form->write_title(buffer, config->tables[t]->title);
                if (r < 0)
                        return ev_trace(r);
                for (size_t i = 0; i < config->tables[t]->options_count; ++i) {
                        const struct ev_option *option = &config->tables[t]->options[i];

                        summarise(option, summary, sizeof(summary));
                        r = form->write_option(buffer, option, summary);
                        if (r < 0)
                                return ev_trace(r);
                }
                r = form->write_end(buffer);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* The form of --help: the option as it is typed, and its texts beneath. */
static int help_title(struct ev_buffer *buffer, const char *title)
{
        assert(buffer && title);

        return ev_trace(ev_buffer_printf(buffer, "%s:\n", title));
}

/* A prefix stands as "kafka.NAME": what may be given below it is another program's
 * documentation. */
static int help_option(struct ev_buffer *buffer, const struct ev_option *option,
                       const char *summary)
{
        static const char lead[INDENT_HELP + 1] = "        ";
        int r;

        assert(option->help[0]);

        r = ev_buffer_printf(buffer, "  --%s%s=VALUE\n", option->name,
                             option->type == EV_OPTION_PREFIX ? "NAME" : "");
        if (r == 0)
                r = write_wrapped(buffer, lead, option->help);
        if (r == 0)
                r = write_wrapped(buffer, lead, summary);
        return ev_trace(r);
}

static int blank_line(struct ev_buffer *buffer)
{
        assert(buffer);

        return ev_trace(ev_buffer_printf(buffer, "\n"));
}

int ev_config_write_help(const struct ev_config *config, struct ev_buffer *buffer)
{
        static const struct form form = { help_title, help_option, blank_line };

        assert(config && buffer);

        return ev_trace(write_tables(config, &form, buffer));
}

/* Writes one word with a backslash as \e. At the start of a line, '.' and '\'' would make it a
 * request of roff. */
static int write_roff_word(struct ev_buffer *buffer, const char *word, size_t size,
                           bool is_line_start)
{
        int r = 0;

        assert(size > 0);

        if (is_line_start && (word[0] == '.' || word[0] == '\''))
                r = ev_buffer_printf(buffer, "\\&");
        for (size_t i = 0; i < size && r == 0; ++i)
                r = word[i] == '\\' ? ev_buffer_printf(buffer, "\\e")
                                    : ev_buffer_append(buffer, &word[i], 1);
        return ev_trace(r);
}

/* Writes text for mdoc(7), whose readers expect each sentence to begin a line. */
static int write_roff(struct ev_buffer *buffer, const char *text)
{
        size_t used = 0, size;
        bool is_sentence_end = false;
        int r = 0;

        assert(text[0]);

        for (; *text && r == 0; text += size + (text[size] == ' ')) {
                size = strcspn(text, " ");
                if (is_sentence_end || used + 1 + size > WIDTH_MAX) {
                        r = ev_buffer_printf(buffer, "\n");
                        used = 0;
                } else if (used > 0) {
                        r = ev_buffer_printf(buffer, " ");
                }
                if (r == 0)
                        r = write_roff_word(buffer, text, size, used == 0);
                used += size + 1;
                is_sentence_end = size > 0 && strchr(".?!", text[size - 1]);
        }
        if (r == 0)
                r = ev_buffer_printf(buffer, "\n");
        return ev_trace(r);
}

/* The form of a manual page: a subsection a table, and a tagged list of its options. */
static int manual_title(struct ev_buffer *buffer, const char *title)
{
        assert(buffer && title);

        return ev_trace(ev_buffer_printf(buffer, ".Ss %s\n.Bl -tag -width Ds\n", title));
}

/* "\&" ends the word, so that the '.' at the end of a prefix is not taken for punctuation, which
 * mdoc(7) would set outside of the macro. */
static int manual_option(struct ev_buffer *buffer, const struct ev_option *option,
                         const char *summary)
{
        int r;

        assert(option->help[0]);

        r = ev_buffer_printf(buffer, ".It Ic %s%s\n", option->name,
                             option->type == EV_OPTION_PREFIX ? "\\& Ns Ar name" : "");
        if (r == 0)
                r = write_roff(buffer, option->help);
        if (r == 0)
                r = write_roff(buffer, summary);
        return ev_trace(r);
}

static int manual_end(struct ev_buffer *buffer)
{
        assert(buffer);

        return ev_trace(ev_buffer_printf(buffer, ".El\n"));
}

int ev_config_write_manual(const struct ev_config *config, struct ev_buffer *buffer)
{
        static const struct form form = { manual_title, manual_option, manual_end };

        assert(config && buffer);

        return ev_trace(write_tables(config, &form, buffer));
}

/* The form of a configuration file. */
static int sample_title(struct ev_buffer *buffer, const char *title)
{
        assert(buffer && title);

        return ev_trace(ev_buffer_printf(buffer, "# ---- %s ----\n\n", title));
}

/* A default stands there commented out, so that an upgrade that changes it changes it here too. */
static int sample_option(struct ev_buffer *buffer, const struct ev_option *option,
                         const char *summary)
{
        int r;

        assert(option->help[0]);

        r = write_wrapped(buffer, "# ", option->help);
        if (r == 0)
                r = write_wrapped(buffer, "# ", summary);
        if (r == 0)
                r = ev_buffer_printf(buffer, "#%s%s = %s\n\n", option->name,
                                     option->type == EV_OPTION_PREFIX ? "NAME" : "",
                                     option->fallback ? option->fallback : "");
        return ev_trace(r);
}

/* A row of the sample ends with its own blank line. */
static int nothing(struct ev_buffer *buffer)
{
        assert(buffer);

        return 0;
}

int ev_config_write_sample(const struct ev_config *config, struct ev_buffer *buffer)
{
        static const struct form form = { sample_title, sample_option, nothing };

        assert(config && buffer);

        return ev_trace(write_tables(config, &form, buffer));
}
