/* eventctl: the operator's tool. Reads the configuration, finds the command in its table and runs
 * it. Nothing is kept between two calls, so it can be interrupted and called again at any time.
 *
 * The exit code is for scripts: a refusal (3) is not a failure (1), and a difference (4) is an
 * answer and not a fault of the tool. A new command is a row in table.c and a function.
 *
 * The configuration is that of the workers, read by the same code: what an operator tries by hand
 * is what a worker would do with the same file. What a command needs of it is checked by the
 * command, so that a tool for one database does not ask where the others are. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/macro.h"
#include "flow/settings.h"
#include "command.h"

/* -h as well, though no other option of one letter is known in front of a command but -c. */
static bool is_help(const char *word)
{
        assert(word);

        return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* --help works wherever it stands, and before anything else is looked at: the words in front of it
 * that are no options tell what about. */
static bool wants_help(int argc, char *const *argv, int *ret_first, int *ret_count)
{
        int first = argc;

        assert(argc > 0 && ret_first && ret_count);

        for (int i = 1; i < argc; ++i) {
                if (is_help(argv[i])) {
                        *ret_first = first < i ? first : i;
                        *ret_count = i - *ret_first;
                        return true;
                }
                if (argv[i][0] != '-' && first == argc)
                        first = i;
        }
        return false;
}

/* For the program as a whole the configuration is listed too; a command shows its own options
 * only. */
static int print_help(const struct ev_config *config, int count, char *const *words)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(1 << 20);

        assert(config && count >= 0);

        if (!command_help(count, words, stdout)) {
                fputs("eventctl: there is no such command; --help lists them\n", stderr);
                return COMMAND_USAGE;
        }
        if (count > 0)
                return COMMAND_DONE;
        if (ev_config_write_help(config, &text) < 0) {
                command_complain();
                return COMMAND_FAILED;
        }
        printf("\nConfiguration:\n%.*s", EV_STR_ARG(ev_buffer_str(&text)));
        return COMMAND_DONE;
}

/* How many words the file of the configuration takes at this place: 0 if it does not stand here. A
 * -c at the very end has no file and is left where it is, where it is refused. */
static int words_of_file(int argc, char *const *argv, int at)
{
        const char *word = argv[at];

        assert(at > 0 && at < argc);

        if (strncmp(word, "--config=", strlen("--config=")) == 0)
                return 1;
        if (strcmp(word, "-c") != 0 && strcmp(word, "--config") != 0)
                return 0;
        return at + 1 < argc ? 2 : 0;
}

/* Moves the file of the configuration in front of the command. The configuration ends at the first
 * word that is no option, because what follows belongs to the command; -c alone is known to all
 * programs and people write it wherever they remember it. Its place in front changes nothing: a
 * file is the weakest source, wherever it is named. Words keep their order otherwise, and behind
 * "--" nothing is an option. ret_words has room for argc words and a NULL. */
static void move_file_forward(int argc, char *const *argv, char **ret_words)
{
        int next = 1, end = 1;

        assert(argc > 0 && ret_words);

        ret_words[0] = argv[0];
        while (end < argc && strcmp(argv[end], "--") != 0)
                ++end;
        for (int i = 1, size; i < end; i += size ? size : 1) {
                size = words_of_file(end, argv, i);
                for (int k = 0; k < size; ++k)
                        ret_words[next++] = argv[i + k];
        }
        for (int i = 1, size; i < argc; i += size ? size : 1) {
                size = i < end ? words_of_file(end, argv, i) : 0;
                if (!size)
                        ret_words[next++] = argv[i];
        }
        ret_words[next] = NULL;
        assert(next == argc);
}

/* What is wrong with arguments or configuration is exit code 2 before anything is touched. */
static int run(struct ev_config *config, int argc, char **argv)
{
        struct command_input input = { .config = config };
        const struct command *command;
        int operand, r;

        assert(config && argc > 0);

        r = ev_config_load(config, argc, argv, environ, &operand);
        if (r == EV_CONFIG_VERSION_WANTED) {
                puts("eventctl " EV_VERSION);
                return COMMAND_DONE;
        }
        if (r < 0) {
                command_complain();
                return COMMAND_USAGE;
        }
        /* A call without a command asks for the list, but a script that lost a variable must
         * not take it for a success. */
        if (operand == argc) {
                command_help(0, NULL, stderr);
                return COMMAND_USAGE;
        }
        command = command_parse(argc - operand, argv + operand, &input);
        return (int)(command ? command->run(&input) : COMMAND_USAGE);
}

/* --man needs neither configuration nor database: the build calls it. */
int main(int argc, char **argv)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        _cleanup_free_ char **words = NULL;
        int first, count, r;

        assert(argc > 0);

        words = calloc((size_t)argc + 1, sizeof(*words));
        r = words ? ev_fault_init() : ev_fail_memory("the command line");
        if (r == 0)
                r = ev_config_new(&config, ev_program_options, EV_PROGRAM_OPTIONS);
        if (r == 0 && argc == 2 && strcmp(argv[1], "--man") == 0) {
                r = command_manual(config, stdout);
                if (r == 0)
                        return COMMAND_DONE;
        }
        if (r < 0) {
                command_complain();
                return COMMAND_FAILED;
        }
        /* Before the configuration is read: who asks for help may have come because of a
         * mistake in it. */
        if (wants_help(argc, argv, &first, &count))
                return print_help(config, count, argv + first);
        move_file_forward(argc, argv, words);
        return run(config, argc, words);
}
