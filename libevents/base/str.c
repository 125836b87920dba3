/* Slices of bytes that somebody else owns. Nothing here allocates or fails. The bytes may come from
 * anywhere: no function reads past the slice or expects a NUL, and what is not valid UTF-8 is an
 * answer. Comparisons are of bytes and know no locale, so an order that was stored once stays the
 * order. */

#include "base/str.h"

#include <assert.h>
#include <string.h>

struct ev_str ev_str_of(const char *text)
{
        return (struct ev_str){ text, text ? strlen(text) : 0 };
}

/* Null is compared before memcmp() sees it, to which a NULL is undefined even for size 0. */
bool ev_str_equal(struct ev_str a, struct ev_str b)
{
        assert(a.data || a.size == 0);
        assert(b.data || b.size == 0);

        if (!a.data || !b.data)
                return !a.data && !b.data;
        return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

int ev_str_compare(struct ev_str a, struct ev_str b)
{
        size_t common = a.size < b.size ? a.size : b.size;
        int order;

        assert(a.data || a.size == 0);
        assert(b.data || b.size == 0);

        if (!a.data || !b.data)
                return (a.data != NULL) - (b.data != NULL);
        order = memcmp(a.data, b.data, common);
        return order ? order : (a.size > b.size) - (a.size < b.size);
}

bool ev_str_starts_with(struct ev_str str, struct ev_str prefix)
{
        assert(prefix.data);

        return str.data && str.size >= prefix.size &&
               memcmp(str.data, prefix.data, prefix.size) == 0;
}

uint64_t ev_str_hash(struct ev_str str)
{
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        assert(str.data || str.size == 0);

        for (size_t i = 0; i < str.size; ++i) {
                hash ^= (unsigned char)str.data[i];
                hash *= UINT64_C(0x100000001b3);
        }
        return hash;
}

/* Bytes of the code point that starts here, or 0 if none does (RFC 3629 §4's table of ranges). The
 * second byte's range depends on the first: that is where overlong forms, surrogates and what lies
 * above U+10FFFF are shut out. */
static size_t code_point_size(const unsigned char *c, size_t left)
{
        static const struct {
                unsigned char first_min, first_max, second_min, second_max, size;
        } forms[] = {
                { 0x01, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
                { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
                { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
                { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
                { 0xf4, 0xf4, 0x80, 0x8f, 4 },
        };

        assert(left > 0);

        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); ++i) {
                if (c[0] < forms[i].first_min || c[0] > forms[i].first_max)
                        continue;
                if (forms[i].size > left)
                        return 0;
                if (forms[i].size > 1 && (c[1] < forms[i].second_min || c[1] > forms[i].second_max))
                        return 0;
                for (size_t k = 2; k < forms[i].size; ++k)
                        if ((c[k] & 0xc0) != 0x80)
                                return 0;
                return forms[i].size;
        }
        return 0;
}

bool ev_str_is_text(struct ev_str str)
{
        const unsigned char *c = (const unsigned char *)str.data;
        size_t size;

        assert(str.data || str.size == 0);

        for (size_t i = 0; i < str.size; i += size) {
                size = 1;
                if (c[i] >= 0x01 && c[i] <= 0x7f)
                        continue; /* the common case, without the table */
                size = code_point_size(c + i, str.size - i);
                if (size == 0)
                        return false;
        }
        return true;
}

size_t ev_str_characters(struct ev_str text)
{
        size_t count = 0;

        assert(text.data || text.size == 0);

        for (size_t i = 0; i < text.size; ++i)
                count += ((unsigned char)text.data[i] & 0xc0) != 0x80; /* not a continuation */
        return count;
}

/* Goes back over continuation bytes until the byte behind the cut begins a code point. */
struct ev_str ev_str_cut(struct ev_str text, size_t size)
{
        assert(text.data || text.size == 0);

        if (text.size <= size)
                return text;
        while (size > 0 && ((unsigned char)text.data[size] & 0xc0) == 0x80)
                --size;
        return (struct ev_str){ text.data, size };
}

struct ev_str ev_str_take(struct ev_str *text, char separator)
{
        struct ev_str piece = *text;
        const char *end;

        assert(text->data || text->size == 0);

        if (text->size == 0)
                return EV_STR_NULL;
        end = memchr(text->data, separator, text->size);
        if (end)
                piece.size = (size_t)(end - text->data);
        text->data += piece.size + (end ? 1 : 0);
        text->size -= piece.size + (end ? 1 : 0);
        return piece;
}

/* Not strtoll(): it skips blanks, takes signs, wants a NUL and tells overflow by errno. */
bool ev_str_to_int64(struct ev_str str, int64_t *ret_value)
{
        int64_t value = 0;

        assert(str.data || str.size == 0);
        assert(ret_value);

        if (str.size == 0)
                return false;
        for (size_t i = 0; i < str.size; ++i) {
                if (str.data[i] < '0' || str.data[i] > '9')
                        return false;
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, str.data[i] - '0', &value))
                        return false;
        }
        *ret_value = value;
        return true;
}

/* Whole or not at all: a name that was cut is another name. */
bool ev_str_copy(struct ev_str str, char *buffer, size_t capacity)
{
        assert(buffer);
        assert(capacity > 0);

        buffer[0] = '\0';
        if (!str.data || str.size >= capacity)
                return false;
        memcpy(buffer, str.data, str.size);
        buffer[str.size] = '\0';
        return true;
}
