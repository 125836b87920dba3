/* Where settings come from: arguments, a file, the environment, files of secrets.
 *
 * Everything is read once at the start. Guarantees that nothing unknown, doubtful or out of bounds
 * is passed over in silence, and that no error text holds what stood in a secret's file. A process
 * that dies here has changed nothing. */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config_private.h"
#include "base/error.h"

/* Ours alone: no variable with this prefix may be left unexplained, which a prefix shared with
 * other software would not allow. */
#define VARIABLE_PREFIX "QUENTY_"

enum {
        NEAR_DISTANCE = 3, /* edits; a key further away is no suggestion */
        READ_MAX = EV_CONFIG_FILE_MAX > EV_CONFIG_SECRET_MAX ? EV_CONFIG_FILE_MAX
                                                             : EV_CONFIG_SECRET_MAX,
};

static size_t minimum(size_t a, size_t b)
{
        return a < b ? a : b;
}

/* Levenshtein's distance, with one row of the table (Wagner and Fischer, "The String-to-String
 * Correction Problem", JACM 1974): insertions, deletions and replacements. */
static size_t edit_distance(struct ev_str a, struct ev_str b)
{
        size_t row[CONFIG_VARIABLE_MAX + 1];
        size_t diagonal, above;

        assert(b.size <= CONFIG_VARIABLE_MAX);

        for (size_t k = 0; k <= b.size; ++k)
                row[k] = k;
        for (size_t i = 1; i <= a.size; ++i) {
                diagonal = row[0];
                row[0] = i;
                for (size_t k = 1; k <= b.size; ++k) {
                        above = row[k];
                        row[k] = minimum(minimum(row[k], row[k - 1]) + 1,
                                         diagonal + (a.data[i - 1] != b.data[k - 1]));
                        diagonal = above;
                }
        }
        return row[b.size];
}

/* Keeps `candidate` in `nearest` if it is nearer to `key` than `*distance`. Of equally near ones
 * the first in the tables wins, so that an error reads the same at every start. */
static void prefer_nearer(struct ev_str key, const char *candidate, size_t *distance, char *nearest)
{
        size_t d = edit_distance(key, ev_str_of(candidate));

        assert(strlen(candidate) < CONFIG_VARIABLE_MAX);

        if (d >= *distance)
                return;
        *distance = d;
        memcpy(nearest, candidate, strlen(candidate) + 1);
}

/* The nearest of all keys is told, but only if it is near: at most NEAR_DISTANCE edits and at most
 * half of what was written, or every short key would be "near" to every other. A variable is
 * compared and told as a variable, for that is what the person sees. */
int ev_config_fail_unknown(const struct ev_config *config, struct ev_str key,
                           const struct config_origin *origin)
{
        char nearest[CONFIG_VARIABLE_MAX] = "", name[CONFIG_VARIABLE_MAX];
        char place[EV_CONFIG_VALUE_MAX];
        struct ev_str spelled = origin->name ? ev_str_of(origin->name) : key;
        size_t distance;

        assert(origin && !ev_str_is_null(key));
        assert(ev_config_check(config));

        if (spelled.size >= CONFIG_VARIABLE_MAX)
                spelled.size = CONFIG_VARIABLE_MAX - 1;
        distance = minimum(NEAR_DISTANCE, spelled.size / 2) + 1;
        for (size_t i = 0; i < config->values_count; ++i) {
                if (origin->name)
                        ev_config_variable_name(config->values[i].option->name, name);
                else
                        snprintf(name, sizeof(name), "%s", config->values[i].option->name);
                prefer_nearer(spelled, name, &distance, nearest);
        }
        ev_config_write_origin(origin, place);
        return ev_fail(EV_VERDICT_STOP, "%s: unknown %s \"%.*s\"%s%s%s", place,
                       origin->name ? "variable" : "key", EV_STR_ARG(spelled),
                       nearest[0] ? "; nearest is \"" : "; --help lists all", nearest,
                       nearest[0] ? "\"" : "");
}

/* Reads all of an open file, NUL-terminated. The caller owns *ret_text and knows what to say about
 * a failure: false with errno, which is EFBIG above `max` bytes. What was read of a secret is
 * overwritten also when the reading fails half way. */
static bool read_all(int fd, size_t max, char **ret_text, size_t *ret_size)
{
        char *text = malloc(max + 1);
        size_t size = 0;
        ssize_t n = 1;

        assert(ret_text && ret_size);
        assert(max <= READ_MAX);

        while (text && n > 0 && size <= max) {
                n = read(fd, text + size, max + 1 - size);
                if (n < 0 && errno == EINTR)
                        n = 1;
                else if (n > 0)
                        size += (size_t)n;
        }
        if (!text || n < 0 || size > max) {
                if (text && n >= 0)
                        errno = EFBIG;
                if (text)
                        explicit_bzero(text, size);
                free(text);
                return false;
        }
        text[size] = '\0';
        *ret_text = text;
        *ret_size = size;
        return true;
}

/* For _cleanup_(); a file that could not be opened is -1. */
static void close_p(const int *fd)
{
        assert(fd);

        if (*fd >= 0)
                close(*fd);
}

/* What was opened is what is checked and read: between a check of the name and an open of it,
 * somebody could put another file there. O_NONBLOCK, so that a FIFO is refused instead of waited
 * for. */
int ev_secret_read(const char *key, const char *path, struct ev_secret *ret_secret)
{
        _cleanup_(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        _cleanup_secret_ struct ev_secret secret = { 0 };
        struct stat status;

        assert(key && path && ret_secret);

        if (fd < 0 || fstat(fd, &status) < 0)
                return ev_fail(EV_VERDICT_STOP, "%s: cannot read %s: %s", key, path,
                               strerror(errno));
        if (!S_ISREG(status.st_mode))
                return ev_fail(EV_VERDICT_STOP, "%s: %s is not a file", key, path);
        if (status.st_mode & S_IRWXO)
                return ev_fail(EV_VERDICT_STOP, "%s: everybody may use %s (mode %03o); chmod o= it",
                               key, path, (unsigned)status.st_mode & 0777);
        if (!read_all(fd, EV_CONFIG_SECRET_MAX, &secret.revealed, &secret.size))
                return ev_fail(EV_VERDICT_STOP, "%s: cannot read %s: %s", key, path,
                               strerror(errno));
        if (secret.size > 0 && secret.revealed[secret.size - 1] == '\n')
                secret.revealed[--secret.size] = '\0';
        if (secret.size == 0 || strlen(secret.revealed) != secret.size)
                return ev_fail(EV_VERDICT_STOP, "%s: %s is empty or holds a NUL byte", key, path);
        *ret_secret = secret;
        secret.revealed = NULL;
        return 0;
}

void ev_secret_done(struct ev_secret *secret)
{
        assert(secret);

        if (secret->revealed)
                explicit_bzero(secret->revealed, secret->size);
        free(secret->revealed);
        *secret = (struct ev_secret){ 0 };
}

/* Takes blanks off both ends, and the CR of a file that came from Windows. strchr() finds the NUL
 * of its own list too, hence the second question: a NUL byte is no blank and must stay, to be
 * refused. */
static struct ev_str trim(struct ev_str text)
{
        assert(text.data || text.size == 0);

        while (text.size > 0 && strchr(" \t\r", text.data[0]) && text.data[0])
                text = (struct ev_str){ text.data + 1, text.size - 1 };
        while (text.size > 0 && strchr(" \t\r", text.data[text.size - 1]) &&
               text.data[text.size - 1])
                --text.size;
        return text;
}

/* A '#' begins a comment at the start of a line only: values may hold one. */
static int read_line(struct ev_config *config, struct ev_str line,
                     const struct config_origin *origin)
{
        const char *equals;
        struct ev_str key, value;

        assert(origin->source == CONFIG_FILE && origin->line > 0);

        line = trim(line);
        if (line.size == 0 || line.data[0] == '#')
                return 0;
        equals = memchr(line.data, '=', line.size);
        if (!equals)
                return ev_fail(EV_VERDICT_STOP, "%s:%u: a line is \"key = value\" or begins with #",
                               origin->file, origin->line);
        key = trim((struct ev_str){ line.data, (size_t)(equals - line.data) });
        value = trim((struct ev_str){ equals + 1, line.size - (size_t)(equals + 1 - line.data) });
        return ev_trace(ev_config_give(config, key, value, origin));
}

/* The whole file first: a file that is edited meanwhile is seen as it was at one moment. */
static int read_file(struct ev_config *config)
{
        _cleanup_(close_p) int fd = open(config->file, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *text = NULL;
        struct config_origin origin = { .source = CONFIG_FILE, .file = config->file };
        size_t size, line_size;
        int r;

        assert(config->file);

        if (fd < 0 || !read_all(fd, EV_CONFIG_FILE_MAX, &text, &size))
                return ev_fail(EV_VERDICT_STOP, "cannot read the configuration %s: %s",
                               config->file, strerror(errno));
        for (const char *at = text; at < text + size; at += line_size + 1) {
                const char *end = memchr(at, '\n', size - (size_t)(at - text));

                line_size = end ? (size_t)(end - at) : size - (size_t)(at - text);
                ++origin.line;
                r = read_line(config, (struct ev_str){ at, line_size }, &origin);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* The key that a variable stands for. Below a prefix the underscores are dots, which is what the
 * names of librdkafka's properties have, but for the end "_FILE" that marks a secret. */
static bool find_key(const struct ev_config *config, const char *variable, char *key)
{
        char name[CONFIG_VARIABLE_MAX];
        size_t size = strlen(variable);

        assert(size < CONFIG_VARIABLE_MAX);

        for (size_t i = 0; i < config->values_count; ++i) {
                ev_config_variable_name(config->values[i].option->name, name);
                if (strcmp(name, variable) == 0) {
                        snprintf(key, EV_CONFIG_KEY_MAX, "%s", config->values[i].option->name);
                        return true;
                }
        }
        size -= sizeof(VARIABLE_PREFIX) - 1;
        variable += sizeof(VARIABLE_PREFIX) - 1;
        if (size >= EV_CONFIG_KEY_MAX)
                return false;
        for (size_t i = 0; i < size; ++i) {
                char c = variable[i];

                key[i] = (char)(c == '_' ? '.' : c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
        key[size] = '\0';
        if (size > 5 && strcmp(key + size - 5, ".file") == 0)
                key[size - 5] = '_';
        return true;
}

/* Takes every variable with our prefix. One that matches nothing is an error like a key in a file:
 * a setting that somebody made and that does not act is the harder fault to find. */
static int read_environment(struct ev_config *config, char *const *environment)
{
        char variable[CONFIG_VARIABLE_MAX], key[EV_CONFIG_KEY_MAX];
        struct config_origin origin = { .source = CONFIG_ENVIRONMENT, .name = variable };
        int r;

        assert(environment);

        for (; *environment; ++environment) {
                const char *entry = *environment;
                size_t size = strcspn(entry, "=");

                if (!ev_str_starts_with(ev_str_of(entry), EV_STR(VARIABLE_PREFIX)) || !entry[size])
                        continue;
                snprintf(variable, sizeof(variable), "%.*s", (int)size, entry);
                if (size >= sizeof(variable) || !find_key(config, variable, key))
                        return ev_trace(
                                ev_config_fail_unknown(config, ev_str_of(variable), &origin));
                r = ev_config_give(config, ev_str_of(key), ev_str_of(entry + size + 1), &origin);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* An argument of the form -c VALUE, --key VALUE or --key=VALUE. */
struct argument {
        struct ev_str key;
        struct ev_str value;
        int next; /* index of the argument behind it */
};

/* No bundles of letters and no optional values: -c is the only letter, so that a mistyped "-cfile"
 * is refused instead of being read as something else. A value may begin with '-', as numbers do. */
static int parse_argument(int argc, char *const *argv, int index, struct argument *ret_argument)
{
        const char *text = argv[index];
        struct argument argument = { .next = index + 1 };
        size_t size;

        assert(index < argc && ret_argument);
        assert(text[0] == '-');

        if (strcmp(text, "-c") == 0)
                text = "--config";
        if (text[1] != '-')
                return ev_fail(EV_VERDICT_STOP, "unknown argument \"%s\"; --help lists all", text);
        text += 2;
        size = strcspn(text, "=");
        argument.key = (struct ev_str){ text, size };
        if (text[size] == '=')
                argument.value = ev_str_of(text + size + 1);
        else if (argument.next < argc)
                argument.value = ev_str_of(argv[argument.next++]);
        else
                return ev_fail(EV_VERDICT_STOP, "\"%s\" needs a value", argv[index]);
        *ret_argument = argument;
        return 0;
}

/* "-" alone is an operand by custom: standard input. */
static bool is_operand(const char *argument)
{
        return argument[0] != '-' || argument[1] == '\0';
}

/* Looks for what is done instead of work. Before everything else, so that a person whose file is
 * broken can still read the help. */
static int find_wish(int argc, char *const *argv)
{
        assert(argc >= 1 && argv);

        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; ++i) {
                if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
                        return EV_CONFIG_HELP_WANTED;
                if (strcmp(argv[i], "--version") == 0)
                        return EV_CONFIG_VERSION_WANTED;
        }
        return 0;
}

/* Remembers the file of -c; two of them would leave open which is stronger. */
static int set_file(struct ev_config *config, struct ev_str path)
{
        assert(config && path.data);

        if (config->file)
                return ev_fail(EV_VERDICT_STOP, "-c is given twice");
        config->file = strndup(path.data, path.size);
        return config->file ? 0 : ev_fail_memory("a file's name");
}

/* Goes through the arguments twice: for the file, which is weaker than they are, and then for what
 * they set themselves. */
static int read_arguments(struct ev_config *config, int argc, char *const *argv, bool is_for_file,
                          int *ret_operand)
{
        static const struct config_origin origin = { .source = CONFIG_ARGUMENT };
        struct argument argument = { .next = argc };
        int i = 1, r = 0;

        assert(argc >= 1 && ret_operand);

        for (; i < argc && !is_operand(argv[i]); i = argument.next) {
                if (strcmp(argv[i], "--") == 0) {
                        ++i;
                        break;
                }
                r = parse_argument(argc, argv, i, &argument);
                if (r == 0 && ev_str_equal(argument.key, EV_STR("config")) == is_for_file) {
                        if (!is_for_file)
                                r = ev_config_give(config, argument.key, argument.value, &origin);
                        else
                                r = set_file(config, argument.value);
                }
                if (r < 0)
                        return ev_trace(r);
        }
        *ret_operand = i;
        return 0;
}

/* All three ways to give it stand in the error: whoever sees it does not have to look them up. */
static int check_required(const struct ev_config *config)
{
        char variable[CONFIG_VARIABLE_MAX];

        assert(ev_config_check(config));

        for (size_t i = 0; i < config->values_count; ++i) {
                const struct ev_option *option = config->values[i].option;

                if (!option->is_required || config->values[i].text)
                        continue;
                ev_config_variable_name(option->name, variable);
                return ev_fail(EV_VERDICT_STOP,
                               "%s is not set; give it in the file, as %s, or as --%s",
                               option->name, variable, option->name);
        }
        return 0;
}

/* Only now, when it is known which source has won: a file that a stronger source replaces need not
 * exist. */
static int read_secrets(struct config_value *values, size_t count)
{
        int r;

        assert(values);

        for (size_t i = 0; i < count; ++i)
                if (ev_config_is_secret(&values[i]) && values[i].text) {
                        r = ev_secret_read(ev_config_key(&values[i]), values[i].text,
                                           &values[i].secret);
                        if (r < 0)
                                return ev_trace(r);
                }
        return 0;
}

/* From weak to strong, so that each source only has to replace; then what can be judged only when
 * all have spoken. */
int ev_config_load(struct ev_config *config, int argc, char *const *argv, char *const *environment,
                   int *ret_operand)
{
        int operand, r;

        assert(config && ev_config_check(config) && !config->file);
        assert(argc >= 1 && argv && environment && ret_operand);

        r = find_wish(argc, argv);
        if (r > 0)
                return r;
        r = read_arguments(config, argc, argv, true, &operand);
        if (r == 0 && config->file)
                r = read_file(config);
        if (r == 0)
                r = read_environment(config, environment);
        if (r == 0)
                r = read_arguments(config, argc, argv, false, &operand);
        if (r == 0)
                r = check_required(config);
        if (r == 0)
                r = read_secrets(config->values, config->values_count);
        if (r == 0)
                r = read_secrets(config->free_values, config->free_values_count);
        if (r < 0)
                return ev_trace(r);
        *ret_operand = operand;
        return 0;
}
