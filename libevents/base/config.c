/* The effective settings: tables, values and their checks.
 *
 * Every value passes ev_config_give(), whatever its source, so that a default, a file's line, a
 * variable and an argument obey the same rules. Guarantees that what a getter returns is within the
 * bounds of its row, and that no error and no entry holds the content of a secret. Nothing here
 * outlives the process; secrets are overwritten when the configuration is freed. */

#include "base/config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_private.h"
#include "base/error.h"

/* Settings of librdkafka that are passwords or keys, by a part of their names. Given directly they
 * would stand in a file, an environment or a process list that more people can read. */
static const char *const secret_parts[] = {
        "password", "secret", "ssl.key.pem", "oauthbearer.config", "jaas",
};

/* What can be relied on between two calls. */
bool ev_config_check(const struct ev_config *config)
{
        return config->tables_count <= EV_CONFIG_TABLES_MAX &&
               config->values_count <= EV_CONFIG_OPTIONS_MAX &&
               config->free_values_count <= EV_CONFIG_FREE_MAX;
}

/* Below a prefix the row has only the beginning of the name; the slot keeps what was given. */
const char *ev_config_key(const struct config_value *value)
{
        assert(value->option);

        return value->key ? value->key : value->option->name;
}

/* Whether something stands before that end. */
static bool ends_with(const char *text, const char *end)
{
        size_t text_size = strlen(text), end_size = strlen(end);

        assert(end_size > 0);

        return text_size > end_size && strcmp(text + text_size - end_size, end) == 0;
}

/* Below a prefix the name alone decides, since the table cannot know which of librdkafka's
 * properties somebody will set; give_free() refuses the secrets among them that lack the ending. */
bool ev_config_is_secret(const struct config_value *value)
{
        assert(value && value->option);

        if (value->option->type == EV_OPTION_PREFIX)
                return ends_with(ev_config_key(value), "_file");
        return value->option->type == EV_OPTION_SECRET;
}

/* The mapping loses the difference between '.' and '_'; is_new_name() keeps two options from
 * meeting in one variable. By hand, because toupper() depends on the locale. */
void ev_config_variable_name(const char *key, char *buffer)
{
        char *at = buffer + sizeof("QUENTY_") - 1;

        assert(key && buffer);
        assert(strlen(key) < EV_CONFIG_KEY_MAX);

        memcpy(buffer, "QUENTY_", sizeof("QUENTY_"));
        for (; *key; ++key)
                *at++ = (char)(*key == '.' ? '_' : *key >= 'a' && *key <= 'z' ? *key - 32 : *key);
        *at = '\0';
}

/* For people only: a file's line can be gone to, all other sources are told by their kind. */
void ev_config_write_origin(const struct config_origin *origin, char *buffer)
{
        static const char *const names[] = {
                [CONFIG_DEFAULT] = "default",
                [CONFIG_FILE] = "file",
                [CONFIG_ENVIRONMENT] = "environment",
                [CONFIG_ARGUMENT] = "argument",
        };

        assert(origin && buffer);
        assert(origin->source < EV_ARRAY_SIZE(names));

        if (origin->source == CONFIG_FILE)
                snprintf(buffer, EV_CONFIG_VALUE_MAX, "%s:%u", origin->file, origin->line);
        else
                snprintf(buffer, EV_CONFIG_VALUE_MAX, "%s", names[origin->source]);
}

/* One wording for errors, help and manual, so that they cannot disagree. */
const char *ev_config_describe(const struct ev_option *option, char *buffer)
{
        assert(option && buffer);

        switch (option->type) {
        case EV_OPTION_TEXT:
                snprintf(buffer, CONFIG_DESCRIPTION_MAX, "a text of %lld to %lld bytes",
                         (long long)option->minimum, (long long)option->maximum);
                break;
        case EV_OPTION_INTEGER:
                snprintf(buffer, CONFIG_DESCRIPTION_MAX, "a whole number from %lld to %lld%s%s",
                         (long long)option->minimum, (long long)option->maximum,
                         option->unit ? " " : "", option->unit ? option->unit : "");
                break;
        case EV_OPTION_BOOLEAN: snprintf(buffer, CONFIG_DESCRIPTION_MAX, "true or false"); break;
        case EV_OPTION_CHOICE:
                snprintf(buffer, CONFIG_DESCRIPTION_MAX, "one of %s", option->choices);
                break;
        case EV_OPTION_SECRET:
                snprintf(buffer, CONFIG_DESCRIPTION_MAX,
                         "the absolute path of a file that others cannot read");
                break;
        case EV_OPTION_PREFIX:
                snprintf(buffer, CONFIG_DESCRIPTION_MAX, "settings below %s", option->name);
                break;
        default: assert(false);
        }
        return buffer;
}

/* The index of a choice within "a|b|c": programs read it as their own enum, so the order of the
 * choices in the table is the order of the enum. */
static bool find_choice(const char *choices, struct ev_str value, int64_t *ret_index)
{
        const char *at = choices;

        assert(choices && choices[0]);

        for (int64_t index = 0;; ++index) {
                size_t size = strcspn(at, "|");

                if (ev_str_equal((struct ev_str){ at, size }, value)) {
                        *ret_index = index;
                        return true;
                }
                if (at[size] == '\0')
                        return false;
                at += size + 1;
        }
}

/* No plus sign, no spaces, no hexadecimal, no "10k": a number has one spelling. */
static bool parse_integer(struct ev_str value, int64_t *ret_number)
{
        bool is_negative = value.size > 0 && value.data[0] == '-';

        assert(ret_number);

        if (is_negative)
                value = (struct ev_str){ value.data + 1, value.size - 1 };
        if (!ev_str_to_int64(value, ret_number))
                return false;
        if (is_negative)
                *ret_number = -*ret_number;
        return true;
}

/* Settings are shown in logs and listings; nothing in them may act on a terminal. */
static bool is_printable(struct ev_str value)
{
        assert(value.data || value.size == 0);

        for (size_t i = 0; i < value.size; ++i)
                if ((unsigned char)value.data[i] < ' ' || value.data[i] == 0x7f)
                        return false;
        return ev_str_is_text(value);
}

/* Whether the value is one that its option accepts; its number where it has one. */
static bool accepts(const struct ev_option *option, struct ev_str value, int64_t *ret_number)
{
        int64_t size = (int64_t)value.size;

        *ret_number = 0;
        if (value.size > EV_CONFIG_VALUE_MAX || !is_printable(value))
                return false;
        switch (option->type) {
        case EV_OPTION_TEXT: return size >= option->minimum && size <= option->maximum;
        case EV_OPTION_INTEGER:
                return parse_integer(value, ret_number) && *ret_number >= option->minimum &&
                       *ret_number <= option->maximum;
        case EV_OPTION_BOOLEAN: return find_choice("false|true", value, ret_number);
        case EV_OPTION_CHOICE: return find_choice(option->choices, value, ret_number);
        case EV_OPTION_SECRET: /* a path, which set_value() checks for prefixes too */
        case EV_OPTION_PREFIX: return true;
        default: assert(false);
        }
        return false;
}

/* Names the place, the key, the value and what is wanted. A value that should have been a path may
 * be the secret itself, given by mistake: it is not repeated. */
static int fail_value(const struct config_value *value, struct ev_str text,
                      const struct config_origin *origin)
{
        char description[CONFIG_DESCRIPTION_MAX], place[EV_CONFIG_VALUE_MAX];

        assert(value && value->option);

        ev_config_write_origin(origin, place);
        if (ev_config_is_secret(value))
                return ev_fail(EV_VERDICT_STOP, "%s: %s must be %s", place, ev_config_key(value),
                               "the absolute path of a file that others cannot read");
        return ev_fail(EV_VERDICT_STOP, "%s: %s is \"%.*s\", but must be %s", place,
                       ev_config_key(value), (int)(text.size < 100 ? text.size : 100), text.data,
                       ev_config_describe(value->option, description));
}

/* Empties a slot. A secret is overwritten, so that it is not in the memory that is given back. */
static void forget(struct config_value *value)
{
        ev_secret_done(&value->secret);
        free(value->text);
        free(value->key);
        free(value->handed);
        *value = (struct config_value){ 0 };
}

/* Puts a text into a slot whose option and key are set. A source that gives one key twice is in
 * doubt about its value, which is an error; a stronger source replaces what a weaker one gave. */
static int set_value(struct config_value *value, struct ev_str text,
                     const struct config_origin *origin)
{
        char *copy;
        int64_t number;

        assert(value && value->option);

        if (value->text && value->origin.source == origin->source &&
            origin->source != CONFIG_DEFAULT) {
                char place[EV_CONFIG_VALUE_MAX], before[EV_CONFIG_VALUE_MAX];

                ev_config_write_origin(origin, place);
                ev_config_write_origin(&value->origin, before);
                return ev_fail(EV_VERDICT_STOP, "%s: %s is given twice, before by %s", place,
                               ev_config_key(value), before);
        }
        if (!accepts(value->option, text, &number) ||
            (ev_config_is_secret(value) && (text.size == 0 || text.data[0] != '/')))
                return fail_value(value, text, origin);
        copy = strndup(text.data, text.size);
        if (!copy)
                return ev_fail_memory("a setting");
        free(value->text);
        value->text = copy;
        value->number = number;
        value->origin = *origin;
        return 0;
}

/* The index of the key's value, or values_count. */
static size_t find_value(const struct ev_config *config, struct ev_str key)
{
        size_t i = 0;

        assert(ev_config_check(config));

        while (i < config->values_count &&
               !ev_str_equal(ev_str_of(config->values[i].option->name), key))
                ++i;
        return i;
}

/* The row of type PREFIX that the key lies below. */
static const struct ev_option *find_prefix(const struct ev_config *config, struct ev_str key)
{
        assert(ev_config_check(config));

        for (size_t t = 0; t < config->tables_count; ++t)
                for (size_t i = 0; i < config->tables[t]->options_count; ++i) {
                        const struct ev_option *option = &config->tables[t]->options[i];

                        if (option->type == EV_OPTION_PREFIX && key.size > strlen(option->name) &&
                            ev_str_starts_with(key, ev_str_of(option->name)))
                                return option;
                }
        return NULL;
}

/* The size of a key without "_file": two keys that are handed on under one name share a slot. */
static size_t handed_size(struct ev_str key)
{
        static const size_t end_size = sizeof("_file") - 1;

        assert(key.data);

        if (key.size > end_size && memcmp(key.data + key.size - end_size, "_file", end_size) == 0)
                return key.size - end_size;
        return key.size;
}

/* The slot of what is handed on under that name: the one that it has, else the next free one. */
static int take_free_slot(struct ev_config *config, struct ev_str handed,
                          struct config_value **ret_value)
{
        for (size_t i = 0; i < config->free_values_count; ++i)
                if (ev_str_equal(ev_str_of(config->free_values[i].handed), handed)) {
                        *ret_value = &config->free_values[i];
                        return 0;
                }
        if (config->free_values_count == EV_CONFIG_FREE_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d settings below prefixes",
                               EV_CONFIG_FREE_MAX);
        *ret_value = &config->free_values[config->free_values_count++];
        return 0;
}

/* Takes a setting below a prefix. It is not ours to know whether it is right, only whether it is a
 * secret. */
static int give_free(struct ev_config *config, const struct ev_option *prefix, struct ev_str key,
                     struct ev_str text, const struct config_origin *origin)
{
        struct config_value *value = NULL;
        char place[EV_CONFIG_VALUE_MAX];
        size_t skipped = strlen(prefix->name);
        int r;

        assert(prefix->type == EV_OPTION_PREFIX && key.size > skipped);

        ev_config_write_origin(origin, place);
        for (size_t i = 0; i < EV_ARRAY_SIZE(secret_parts); ++i)
                if (handed_size(key) == key.size &&
                    memmem(key.data, key.size, secret_parts[i], strlen(secret_parts[i])))
                        return ev_fail(EV_VERDICT_STOP,
                                       "%s: %.*s is a secret; write it to a file and name that in "
                                       "%.*s_file",
                                       place, EV_STR_ARG(key), EV_STR_ARG(key));
        if (handed_size(key) <= skipped)
                return ev_trace(ev_config_fail_unknown(config, key, origin));
        r = take_free_slot(config,
                           (struct ev_str){ key.data + skipped, handed_size(key) - skipped },
                           &value);
        if (r < 0)
                return ev_trace(r);
        free(value->key);
        free(value->handed);
        value->option = prefix;
        value->key = strndup(key.data, key.size);
        value->handed = strndup(key.data + skipped, handed_size(key) - skipped);
        if (!value->key || !value->handed)
                return ev_fail_memory("a setting");
        return ev_trace(set_value(value, text, origin));
}

/* The one door: a known key, else one below a prefix, else an error. */
int ev_config_give(struct ev_config *config, struct ev_str key, struct ev_str text,
                   const struct config_origin *origin)
{
        size_t index = find_value(config, key);
        const struct ev_option *prefix;

        assert(ev_config_check(config));
        assert(!ev_str_is_null(key) && !ev_str_is_null(text));

        if (index < config->values_count)
                return ev_trace(set_value(&config->values[index], text, origin));
        prefix = find_prefix(config, key);
        if (prefix && key.size < EV_CONFIG_KEY_MAX && is_printable(key))
                return ev_trace(give_free(config, prefix, key, text, origin));
        return ev_trace(ev_config_fail_unknown(config, key, origin));
}

/* Whether a row is well formed. The name tells people what a value is, so it has to tell the truth:
 * "_file" on a secret and on nothing else, '.' at the end of a prefix and of nothing else. */
static bool option_check(const struct ev_option *option)
{
        size_t size = strlen(option->name);

        if (size == 0 || size >= EV_CONFIG_KEY_MAX || !option->help ||
            strspn(option->name, "abcdefghijklmnopqrstuvwxyz0123456789._") != size)
                return false;
        if ((option->type == EV_OPTION_SECRET) != ends_with(option->name, "_file"))
                return false;
        if ((option->type == EV_OPTION_PREFIX) != (option->name[size - 1] == '.'))
                return false;
        return option->minimum <= option->maximum &&
               (option->type == EV_OPTION_CHOICE) == (option->choices != NULL);
}

/* Whether no earlier name makes the same variable: "a.b_c" and "a_b.c" are both QUENTY_A_B_C, so a
 * program must not have both. */
static bool is_new_name(const struct ev_config *config, const char *name)
{
        char mine[CONFIG_VARIABLE_MAX], other[CONFIG_VARIABLE_MAX];

        assert(name);

        ev_config_variable_name(name, mine);
        for (size_t i = 0; i < config->values_count; ++i) {
                ev_config_variable_name(config->values[i].option->name, other);
                if (strcmp(mine, other) == 0)
                        return false;
        }
        return true;
}

/* Makes a slot for a row, with its default in it. A row that has none is either required or may be
 * absent, which only texts and secrets may. */
static int add_option(struct ev_config *config, const struct ev_option *option)
{
        static const struct config_origin origin = { .source = CONFIG_DEFAULT };
        struct config_value *value;
        int r;

        assert(option_check(option));

        if (option->type == EV_OPTION_PREFIX)
                return 0;
        assert(is_new_name(config, option->name));
        assert(config->values_count < EV_CONFIG_OPTIONS_MAX);
        assert(!(option->is_required && option->fallback));
        assert(option->is_required || option->fallback || option->type == EV_OPTION_TEXT ||
               option->type == EV_OPTION_SECRET);
        value = &config->values[config->values_count++];
        value->option = option;
        if (!option->fallback)
                return 0;
        r = set_value(value, ev_str_of(option->fallback), &origin);
        assert(r == 0); /* a default that its own row refuses is a bug */
        return ev_trace(r);
}

/* The defaults go through the same door as everything else, so a table whose default its own row
 * refuses fails at the first start of any build and not at the first use of that option. */
int ev_config_new(struct ev_config **ret_config, const struct ev_option_table *const *tables,
                  size_t tables_count)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        int r;

        assert(ret_config);
        assert(tables_count <= EV_CONFIG_TABLES_MAX);

        config = calloc(1, sizeof(*config));
        if (!config)
                return ev_fail_memory("the configuration");
        for (size_t t = 0; t < tables_count; ++t) {
                config->tables[config->tables_count++] = tables[t];
                for (size_t i = 0; i < tables[t]->options_count; ++i) {
                        r = add_option(config, &tables[t]->options[i]);
                        if (r < 0)
                                return ev_trace(r);
                }
        }
        assert(ev_config_check(config));
        *ret_config = config;
        config = NULL;
        return 0;
}

/* Secrets first of all: nothing below can fail and leave one behind. */
struct ev_config *ev_config_free(struct ev_config *config)
{
        if (!config)
                return NULL;
        for (size_t i = 0; i < config->values_count; ++i)
                forget(&config->values[i]);
        for (size_t i = 0; i < config->free_values_count; ++i)
                forget(&config->free_values[i]);
        free(config->file);
        free(config);
        return NULL;
}

/* The value of an option that a program asks for; asking for another type, or for what is in no
 * table, is a bug that the first run shows. Programs ask at their start and keep what they need, so
 * a search through all rows is fast enough. */
static const struct config_value *get(const struct ev_config *config, const char *name,
                                      enum ev_option_type type)
{
        size_t index = find_value(config, ev_str_of(name));

        assert(index < config->values_count);
        assert(config->values[index].option->type == type);
        return &config->values[index];
}

/* The only getter that may answer with nothing: a text may have no default and not be required. */
const char *ev_config_text(const struct ev_config *config, const char *name)
{
        return get(config, name, EV_OPTION_TEXT)->text;
}

int64_t ev_config_integer(const struct ev_config *config, const char *name)
{
        const struct config_value *value = get(config, name, EV_OPTION_INTEGER);

        assert(value->text);
        return value->number;
}

bool ev_config_boolean(const struct ev_config *config, const char *name)
{
        const struct config_value *value = get(config, name, EV_OPTION_BOOLEAN);

        assert(value->text);
        return value->number != 0;
}

size_t ev_config_choice(const struct ev_config *config, const char *name)
{
        const struct config_value *value = get(config, name, EV_OPTION_CHOICE);

        assert(value->text);
        return (size_t)value->number;
}

const char *ev_config_secret_file(const struct ev_config *config, const char *name)
{
        const struct config_value *value = get(config, name, EV_OPTION_SECRET);

        assert((value->secret.revealed != NULL) == (value->text != NULL));
        return value->text;
}

/* What is handed on to a library is its names and values; which of ours they came from is told in
 * listings only. */
bool ev_config_next_free(const struct ev_config *config, const char *prefix, size_t *position,
                         struct ev_config_setting *ret_setting)
{
        const struct config_value *value;

        assert(config && ev_config_check(config));
        assert(prefix && position && ret_setting);

        while (*position < config->free_values_count) {
                value = &config->free_values[(*position)++];
                if (strcmp(value->option->name, prefix) != 0)
                        continue;
                *ret_setting = (struct ev_config_setting){
                        .name = value->handed,
                        .value = value->secret.revealed ? value->secret.revealed : value->text,
                        .is_secret = value->secret.revealed != NULL,
                };
                return true;
        }
        return false;
}

/* The one listing of settings. It takes `text`, which of a secret is a path, and never `secret`. */
bool ev_config_next_entry(const struct ev_config *config, size_t *position,
                          struct ev_config_entry *ret_entry)
{
        const struct config_value *value;
        size_t index = *position;

        assert(config && position);
        assert(ret_entry);

        if (index < config->values_count)
                value = &config->values[index];
        else if (index - config->values_count < config->free_values_count)
                value = &config->free_values[index - config->values_count];
        else
                return false;
        ++*position;
        ret_entry->name = ev_config_key(value);
        ret_entry->value = value->text;
        ret_entry->is_secret = ev_config_is_secret(value);
        ev_config_write_origin(&value->origin, ret_entry->origin);
        return true;
}
