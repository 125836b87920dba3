/* eventctl: the operator's tool. Reads the configuration, finds the command in its table and runs
 * it. Nothing is kept between two calls, so it can be interrupted and called again at any time.
 *
 * The exit code is for scripts: a refusal (3) is not a failure (1), and a difference (4) is an
 * answer and not a fault of the tool. A new command is a row in the table below and a function.
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
#include "output.h"

static const struct command_option option_to = {
        "to", "N", "Stop when N is the highest version that is applied."
};
static const struct command_option option_profile = {
        "profile", "PROFILE",
        "Either full, with every index and foreign key of the original schema document, or core, "
        "with those that the workers' own queries need. Without it a database keeps the profile "
        "it has, and a new one is full. Changing it applies or undoes the files that make the "
        "difference."
};
/* An option of the command, so it is typed each time; see command.c. */
static const struct command_option option_yes = {
        "yes", NULL, "Undo it although rows are lost, or an applied file has changed."
};

/* There is no --yes for `up`: a change of profile that would lose rows is refused. */
static const struct command_option *const up_options[] = { &option_to, &option_profile };
static const struct command_option *const down_options[] = { &option_to, &option_yes };
static const struct command_option *const result_options[] = { &output_option };

/* In the order in which help and manual page show them; no name is the beginning of another. */
const struct command commands[] = {
        { "migrate up", "DATABASE", "apply migrations",
          "Applies the migrations that a database lacks, in the order of their numbers. Each runs "
          "in a transaction of its own together with its row in the version table, so a migrator "
          "that is interrupted leaves none half done. Two migrators wait for each other. Nothing "
          "is done when an applied file has changed or is missing, which is exit status 4.",
          up_options, EV_ARRAY_SIZE(up_options), migrate_up },
        { "migrate down", "DATABASE", "undo migrations",
          "Undoes migrations, the highest number first; all of them unless --to is given. It is "
          "first tried in a transaction that is rolled back: when a table that goes, or loses a "
          "column, has rows that the migrations themselves would not bring back, nothing is "
          "undone and the exit status is 3.",
          down_options, EV_ARRAY_SIZE(down_options), migrate_down },
        { "migrate status", "DATABASE", "show what is applied and what is not",
          "Shows each migration with its state: applied, pending, left out (not part of the "
          "database's profile), changed (the file is another one than was applied) or unknown "
          "(there is no such file). With a changed or an unknown one the exit status is 4.",
          result_options, EV_ARRAY_SIZE(result_options), migrate_status },
        { "migrate verify", "DATABASE", "check that a database is as its migrations made it",
          "Compares a database with its migrations: every file applied and unchanged, every "
          "object there and as it should be, by the statements of the verify.sql files. Shows "
          "what differs; if anything does, the exit status is 4.",
          result_options, EV_ARRAY_SIZE(result_options), migrate_verify },
        { "schema ids", NULL, "list the schemas that this program knows",
          "Lists every schema version that was ever published, by rising id: the id that stands in "
          "the frame of each value, the full name of the event, its version, and the file below "
          "schemas/. It is the list that was compiled in, so it tells what programs of this "
          "version can read; neither database nor configuration is needed.",
          result_options, EV_ARRAY_SIZE(result_options), schema_ids },
};
const size_t commands_count = EV_ARRAY_SIZE(commands);

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
