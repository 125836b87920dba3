/* Finds a command in the table by its words, and its options behind them. Options and operands may
 * stand in any order behind the name. Whatever is not understood is an error: a misspelled option
 * of a tool that changes databases must not be passed over.
 *
 * What belongs to one call (how far, which format) is an option of the command; what belongs to an
 * installation (where the databases are) is configuration and stands in front of the command; only
 * its file, -c, may stand anywhere (main.c). So --yes can never come from a file or an environment
 * that somebody set long ago.
 *
 * Nothing here has an effect; if the process dies, nothing has happened. */

#include "command.h"

#include <assert.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

/* The narrowest terminal that is usual has 80 columns, and some break a line that fills them all.
 */
enum { LINE_WIDTH = 79, DAY_SIZE = 10 };

/* By name, as the place in the table may change. Asking for an option that the command does not
 * have is not an error: helpers such as output_format_of() serve many commands. */
const char *command_value(const struct command_input *input, const char *name)
{
        const struct command *command = input->command;

        assert(name);
        assert(command->options_count <= COMMAND_OPTIONS_MAX);

        for (size_t i = 0; i < command->options_count; ++i)
                if (strcmp(command->options[i]->name, name) == 0)
                        return input->values[i];
        return NULL;
}

/* Without a sign, without spaces: what a person types is taken as it stands or refused. A minus is
 * refused as well, so no range has to be looked at but the end; `--to -1` would else be an int. */
bool command_number(const struct command_input *input, const char *name, int max, int fallback,
                    int *ret_number)
{
        const char *text = command_value(input, name);
        int64_t number = fallback;

        assert(fallback >= 0 && max >= fallback);

        if (text && (!ev_str_to_int64(ev_str_of(text), &number) || number > max)) {
                fprintf(stderr, "eventctl: --%s: \"%s\" is not a number from 0 to %d\n", name, text,
                        max);
                return false;
        }
        *ret_number = (int)number;
        return true;
}

/* How many of the words the name consists of: 0 if they do not begin with it, or, for a name of
 * which they are only the beginning, -1. Whole words are compared and no abbreviations taken: what
 * is short for one command today could be short for two when the next one is added. */
static int match(const char *name, int count, char *const *words)
{
        int matched = 0;

        assert(name && count >= 0);

        while (*name) {
                size_t size = strcspn(name, " ");

                /* The name goes on where the words end. */
                if (matched == count)
                        return -1;
                if (strlen(words[matched]) != size || strncmp(words[matched], name, size) != 0)
                        return 0;
                matched++;
                name += size;
                name += *name == ' ';
        }
        return matched;
}

/* The first that fits: no name of the table is the beginning of another one. With a dozen rows
 * there is nothing to gain from an order. */
static const struct command *find(int count, char *const *words, int *ret_matched)
{
        assert(count > 0 && ret_matched);

        for (size_t i = 0; i < commands_count; ++i) {
                int matched = match(commands[i].name, count, words);

                if (matched > 0) {
                        *ret_matched = matched;
                        return &commands[i];
                }
        }
        return NULL;
}

/* Takes the option at words[*at] and its argument; false after a message. One that is given twice
 * counts as it stands last, as in most tools: so a script's own can be overridden at its end. An
 * argument may begin with '-', since it is known here that one has to follow. */
static bool take_option(struct command_input *input, int count, char *const *words, int *at)
{
        const struct command *command = input->command;
        const char *word = words[*at];
        const char *name = word + (word[1] == '-' ? 2 : 1);
        size_t size = strcspn(name, "=");

        assert(word[0] == '-' && *at < count);
        assert(command->options_count <= COMMAND_OPTIONS_MAX);

        for (size_t i = 0; i < command->options_count; ++i) {
                const struct command_option *option = command->options[i];
                /* -o is not --o, and --to is not -to. */
                bool is_long = strlen(option->name) > 1;

                if (strlen(option->name) != size || strncmp(option->name, name, size) != 0 ||
                    is_long != (word[1] == '-'))
                        continue;
                if (!option->argument && !name[size])
                        input->values[i] = "";
                else if (option->argument && name[size])
                        input->values[i] = name + size + 1;
                else if (option->argument && *at + 1 < count)
                        input->values[i] = words[++*at];
                else
                        break;
                return true;
        }
        fprintf(stderr,
                "eventctl %s: %s is no option of it, or lacks its value, or has one too "
                "many; --help shows them\n",
                command->name, word);
        return false;
}

/* Words of the table's operand: as many are required, but "..." is none and takes several, and so is what
 * begins with a bracket: without it all that there are are meant, so only commands that change nothing
 * have it. The table's texts are what help shows, so they cannot promise other operands than are taken. */
static size_t operands_wanted(const struct command *command, size_t *ret_max)
{
        const char *word = command->operand;
        size_t count = 0;
        bool is_open = false;

        assert(ret_max);

        while (word && *word) {
                size_t size = strcspn(word, " ");

                is_open = strncmp(word, "...", strlen("...")) == 0;
                count += !is_open && word[0] != '[';
                word += size;
                word += *word == ' ';
        }
        *ret_max = is_open ? COMMAND_OPERANDS_MAX : count;
        return count;
}

/* Whether an operand names anything is for the command to find out. */
static bool take_operand(struct command_input *input, const char *word)
{
        size_t max;

        assert(input->operands_count <= COMMAND_OPERANDS_MAX);

        operands_wanted(input->command, &max);
        if (input->operands_count == max) {
                fprintf(stderr, "eventctl %s: \"%s\" is too much\n", input->command->name, word);
                return false;
        }
        input->operands[input->operands_count++] = word;
        input->operand = input->operands[0];
        return true;
}

/* Words are read once from left to right. Nothing is guessed: a second operand is as much of a
 * mistake as a missing one, because "migrate down customer_db order_db" may mean either. */
const struct command *command_parse(int count, char *const *words, struct command_input *input)
{
        const struct command *command;
        size_t max;
        int matched = 0;

        assert(words && input);
        assert(count > 0);

        command = find(count, words, &matched);
        if (!command) {
                fprintf(stderr, "eventctl: there is no command \"%s%s%s\"; --help lists them\n",
                        words[0], count > 1 ? " " : "", count > 1 ? words[1] : "");
                return NULL;
        }
        input->command = command;
        for (int i = matched; i < count; ++i) {
                /* A lone "-" is an operand, as everywhere. */
                bool is_option = words[i][0] == '-' && words[i][1];

                if (!(is_option ? take_option(input, count, words, &i)
                                : take_operand(input, words[i])))
                        return NULL;
        }
        if (input->operands_count < operands_wanted(command, &max)) {
                fprintf(stderr, "eventctl %s: %s is missing; --help tells more\n", command->name,
                        command->operand);
                return NULL;
        }
        return command;
}

/* In the order in which the table has them; required operands stand last, where they are easily
 * changed when a command is called again. */
static void print_synopsis(const struct command *command, FILE *file)
{
        assert(command && file);

        fprintf(file, "eventctl %s", command->name);
        for (size_t i = 0; i < command->options_count; ++i) {
                const struct command_option *option = command->options[i];

                fprintf(file, " [%s%s%s%s]", option->name[1] ? "--" : "-", option->name,
                        option->argument ? " " : "", option->argument ? option->argument : "");
        }
        fprintf(file, "%s%s\n", command->operand ? " " : "",
                command->operand ? command->operand : "");
}

/* Breaks lines at spaces. Texts in the table are one long line, because help and manual page break
 * them differently; a word that is longer than a line stands on one of its own. */
static void print_wrapped(const char *text, int indent, FILE *file)
{
        int column = 0;

        assert(text && indent >= 0 && indent < LINE_WIDTH);

        while (*text) {
                int size = (int)strcspn(text, " ");

                if (column > 0 && column + 1 + size > LINE_WIDTH) {
                        fputc('\n', file);
                        column = 0;
                }
                fprintf(file, "%*s%.*s", column ? 1 : indent, "", size, text);
                column += (column ? 1 : indent) + size;
                text += size;
                text += *text == ' ';
        }
        fputc('\n', file);
}

/* Everything about one command; the configuration is told by the program's own help. */
static void print_help(const struct command *command, FILE *file)
{
        assert(command && file);

        fputs("usage: ", file);
        print_synopsis(command, file);
        fputc('\n', file);
        print_wrapped(command->help, 0, file);
        for (size_t i = 0; i < command->options_count; ++i) {
                const struct command_option *option = command->options[i];

                fprintf(file, "\n  %s%s%s%s\n", option->name[1] ? "--" : "-", option->name,
                        option->argument ? " " : "", option->argument ? option->argument : "");
                print_wrapped(option->help, 8, file);
        }
}

/* Words that only begin a name list what they could become: "migrate --help" shows all of migrate.
 * No words at all begin every name, which makes the list of the whole program. */
bool command_help(int count, char *const *words, FILE *file)
{
        bool has_any = false;
        int matched;
        const struct command *command = count ? find(count, words, &matched) : NULL;

        assert(file && count >= 0);

        if (command) {
                print_help(command, file);
                return true;
        }
        for (size_t i = 0; i < commands_count; ++i) {
                if (match(commands[i].name, count, words) == 0)
                        continue;
                if (!has_any)
                        fputs("usage: eventctl [-c FILE] [--KEY=VALUE] COMMAND\n\n", file);
                has_any = true;
                fprintf(file, "  %-18s %s\n", commands[i].name, commands[i].summary);
        }
        return has_any;
}

/* The library's text is one line and holds no secret; the trail is for a log. Its texts say what to
 * do about it already, so nothing is added here but who speaks. */
void command_complain(void)
{
        const struct ev_error *error = ev_error_last();

        assert(error->text[0]);

        fprintf(stderr, "eventctl: %s\n", error->text);
}

enum command_exit command_fail(void)
{
        command_complain();
        return COMMAND_FAILED;
}

/* Days are those of the files of an archive. */
bool command_time(const char *text, int64_t *ret_instant)
{
        char whole[EV_INSTANT_TEXT_MAX];

        assert(ret_instant);

        if (strlen(text) == DAY_SIZE) {
                snprintf(whole, sizeof(whole), "%.*sT00:00:00Z", DAY_SIZE, text);
                text = whole;
        }
        return ev_instant_parse(ev_str_of(text), ret_instant);
}

bool command_is_stopped(int stop_fd)
{
        struct pollfd file = { stop_fd, POLLIN, 0 };

        assert(stop_fd >= 0);

        return poll(&file, 1, 0) > 0;
}
