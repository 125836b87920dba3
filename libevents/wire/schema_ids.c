/* Lines of a list of versions. They are written by people and by `avrogen --lock`; a mistake is
 * quoted and never guessed at. Nothing is stored. */

#include "wire/schema_ids.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "wire/schema.h"

enum {
        COLUMNS_MIN = 4, /* id, name, version, file */
        COLUMNS_MAX = 6, /* and both locks */
        HEX_DIGITS = 16,
};

/* Exactly as `--lock` writes it: a digit more or less was somebody's hand. */
static bool parse_hex(struct ev_str text, uint64_t *ret_value)
{
        uint64_t value = 0;

        assert(text.data || text.size == 0);
        assert(ret_value);

        if (text.size != HEX_DIGITS)
                return false;
        for (size_t i = 0; i < text.size; ++i) {
                const char *digits = "0123456789abcdef";
                const char *digit = text.data[i] ? strchr(digits, text.data[i]) : NULL;

                if (!digit)
                        return false;
                value = value << 4 | (uint64_t)(digit - digits);
        }
        *ret_value = value;
        return true;
}

static bool parse_number(struct ev_str text, uint32_t *ret_number)
{
        int64_t number;

        assert(ret_number);

        if (!ev_str_to_int64(text, &number) || number < 1 || number > UINT32_MAX)
                return false;
        *ret_number = (uint32_t)number;
        return true;
}

/* A list may come from elsewhere: what it names must lie where it lies. */
static bool is_inside(struct ev_str file)
{
        struct ev_str rest = file, part;

        if (file.size == 0 || file.data[0] == '/' || memchr(file.data, '\0', file.size))
                return false;
        while (!ev_str_is_null(part = ev_str_take(&rest, '/')))
                if (ev_str_equal(part, EV_STR("..")))
                        return false;
        assert(rest.size == 0);
        return true;
}

/* Both locks or none: one alone would be a line that somebody wrote by hand. Blanks are not merged,
 * so that a column that is missing is seen and not filled by the next one. */
static int parse_line(struct ev_str text, struct ev_schema_line *line)
{
        struct ev_str columns[COLUMNS_MAX] = { { 0 } }, rest = text;
        size_t count = 0;

        assert(line);

        while (rest.size > 0 && count < COLUMNS_MAX)
                columns[count++] = ev_str_take(&rest, ' ');
        if (rest.size > 0 || (count != COLUMNS_MIN && count != COLUMNS_MAX) ||
            !parse_number(columns[0], &line->id) || !ev_schema_is_full_name(columns[1]) ||
            !parse_number(columns[2], &line->version) || !is_inside(columns[3]))
                return ev_fail(EV_VERDICT_STOP,
                               "ids: not \"id name version file [fingerprint lock]\": %.*s",
                               EV_STR_ARG(text));
        line->is_locked = count == COLUMNS_MAX;
        if (line->is_locked &&
            (!parse_hex(columns[4], &line->fingerprint) || !parse_hex(columns[5], &line->lock)))
                return ev_fail(EV_VERDICT_STOP, "ids: two locks of 16 hexadecimal digits: %.*s",
                               EV_STR_ARG(text));
        line->name = columns[1];
        line->file = columns[3];
        return 0;
}

int ev_schema_ids_next(struct ev_str *list, struct ev_schema_line *ret_line)
{
        struct ev_str text;

        assert(list && ret_line);

        do {
                text = ev_str_take(list, '\n');
                if (ev_str_is_null(text))
                        return EV_SCHEMA_IDS_END;
        } while (text.size == 0 || text.data[0] == '#');

        *ret_line = (struct ev_schema_line){ 0 };
        return ev_trace(parse_line(text, ret_line));
}
