/* The manual page, made of the table of commands and the tables of options, so that it cannot say
 * anything else than --help does.
 *
 * mdoc(7) is what mandoc and groff both read. The page is put together in memory and written at
 * once: a build that fails leaves no half of a page. */

#include <assert.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "command.h"

/* The page has some tens of kB, most of it the configuration. */
enum { MANUAL_BYTES_MAX = 1 << 20 };

/* The same in every build, as packages should come out equal; it changes with the texts. */
static const char date[] = "November 23, 2026";

/* What the tables do not know. `head` is a format for the date; Nm without a name repeats the one
 * that NAME has given. */
static const char head[] = ".Dd %s\n.Dt EVENTCTL 1\n.Os\n"
                           ".Sh NAME\n.Nm eventctl\n.Nd operate the Quenty event workers\n"
                           ".Sh SYNOPSIS\n";

static const char description[] =
        ".Sh DESCRIPTION\n.Nm\n"
        "looks after the databases of the Quenty event workers.\n"
        "The file of the configuration may be given by\n.Fl c\nin front of the command or behind "
        "it, other settings only in front.\n"
        "Its results go to the standard output, what it has to say about its work to the standard "
        "error.\n";

/* Exit codes stand here once more in words, beside enum command_exit: it is the promise to scripts,
 * and a code that changed its meaning would have to be changed in both. */
static const char foot[] =
        ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
        ".It Ev NO_COLOR\nIf set and not empty, nothing is coloured.\n"
        ".It Ev QUENTY_KEY\nSets KEY of the configuration: "
        ".Ev QUENTY_ORDER_DB_CONNINFO\nsets order_db.conninfo.\n.El\n"
        ".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n"
        ".It 0\nDone.\n.It 1\nFailed; a message says what and why.\n"
        ".It 2\nThe command line or the configuration is wrong.\n"
        ".It 3\nRefused, because something would be lost.\n"
        ".It 4\nDifferences were found.\n.El\n"
        ".Sh EXAMPLES\n"
        "Bring a database up to date, look at it, and check it:\n.Bd -literal -offset indent\n"
        "eventctl migrate up order_db\n"
        "eventctl migrate status order_db\n"
        "eventctl migrate verify order_db && echo as it should be\n.Ed\n"
        ".Sh SEE ALSO\n.Xr psql 1\n";

/* mdoc writes one dash for Fl, so a long name brings its second one along. */
static int write_option(struct ev_buffer *out, const struct command_option *option,
                        const char *before)
{
        int r;

        assert(option->name[0] && before);

        r = ev_buffer_printf(out, "%sFl %s%s", before, option->name[1] ? "-" : "", option->name);
        if (r == 0 && option->argument)
                r = ev_buffer_printf(out, " Ar %s", option->argument);
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append_str(out, EV_STR("\n")));
}

/* A synopsis for each command: they share nothing but the name of the program and -c. That one is
 * shown in front, where all settings may stand. */
static int write_synopsis(struct ev_buffer *out, const struct command *command)
{
        int r;

        assert(command->name[0] && command->run);

        r = ev_buffer_printf(out, ".Nm\n.Op Fl c Ar FILE\n.Cm %s\n", command->name);
        for (size_t i = 0; r == 0 && i < command->options_count; ++i)
                r = write_option(out, command->options[i], ".Op ");
        if (r == 0 && command->operand)
                r = ev_buffer_printf(out, ".Ar %s\n", command->operand);
        return ev_trace(r);
}

/* A sentence begins on a line of its own, as mdoc wants it: formatters put the wider space of the
 * language behind it. So a text must not have ". " inside of a sentence. */
static int write_text(struct ev_buffer *out, const char *text)
{
        int r = 0;

        assert(text);

        while (r == 0 && *text) {
                const char *end = strstr(text, ". ");
                size_t size = end ? (size_t)(end - text) + 1 : strlen(text);

                r = ev_buffer_append(out, text, size);
                if (r == 0)
                        r = ev_buffer_append_str(out, EV_STR("\n"));
                text += size;
                text += *text == ' ';
        }
        return ev_trace(r);
}

/* Help texts hold none of mdoc's own characters, which command.h asks for and the test's mandoc
 * -Tlint sees. */
static int write_command(struct ev_buffer *out, const struct command *command)
{
        int r;

        assert(command->help && command->summary);

        r = ev_buffer_printf(out, ".It Cm %s%s%s\n", command->name, command->operand ? " Ar " : "",
                             command->operand ? command->operand : "");
        if (r == 0)
                r = write_text(out, command->help);
        if (r == 0 && command->options_count)
                r = ev_buffer_append_str(out, EV_STR(".Bl -tag -width Ds\n"));
        for (size_t i = 0; r == 0 && i < command->options_count; ++i) {
                r = write_option(out, command->options[i], ".It ");
                if (r == 0)
                        r = write_text(out, command->options[i]->help);
        }
        if (r == 0 && command->options_count)
                r = ev_buffer_append_str(out, EV_STR(".El\n"));
        return ev_trace(r);
}

/* The sections come in the order that mdoc(7) wants; those that it does not know, COMMANDS and
 * CONFIGURATION, stand behind DESCRIPTION, whose parts they are. */
static int write_page(const struct ev_config *config, struct ev_buffer *out)
{
        int r;

        assert(config && commands_count > 0);

        r = ev_buffer_printf(out, head, date);
        for (size_t i = 0; r == 0 && i < commands_count; ++i)
                r = write_synopsis(out, &commands[i]);
        if (r == 0)
                r = ev_buffer_append_str(out, ev_str_of(description));
        if (r == 0)
                r = ev_buffer_append_str(out, EV_STR(".Sh COMMANDS\n.Bl -tag -width Ds\n"));
        for (size_t i = 0; r == 0 && i < commands_count; ++i)
                r = write_command(out, &commands[i]);
        if (r == 0)
                r = ev_buffer_append_str(out, EV_STR(".El\n.Sh CONFIGURATION\n"));
        if (r == 0)
                r = ev_config_write_manual(config, out);
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append_str(out, ev_str_of(foot)));
}

/* Into memory first: a text that is too long or a lack of memory must not leave a page that only
 * looks whole. */
int command_manual(const struct ev_config *config, FILE *file)
{
        _cleanup_buffer_ struct ev_buffer out = EV_BUFFER_INIT(MANUAL_BYTES_MAX);
        int r = write_page(config, &out);

        assert(config && file);

        if (r < 0)
                return ev_trace(r);
        if (fwrite(out.data, 1, out.size, file) != out.size)
                return ev_fail(EV_VERDICT_STOP, "the manual page cannot be written");
        return 0;
}
