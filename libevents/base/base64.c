/* Base64, strictly: of each row of bytes there is one text, so that a text that was cut or changed is
 * seen. Pure: nothing is stored. */

#include "base/base64.h"

#include <assert.h>
#include <string.h>

enum { BYTES = 3, CHARS = 4, BITS = 6, MASK = 0x3f }; /* of a group, and of a digit */

/* RFC 4648 §4; the place of a digit is its value. */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One group; the digits behind those that `count` bytes need are padding. */
static void encode_group(const uint8_t *bytes, size_t count, char text[CHARS])
{
        uint32_t group = 0;

        assert(count > 0 && count <= BYTES);

        for (size_t i = 0; i < BYTES; ++i)
                group = group << 8 | (i < count ? bytes[i] : 0);
        for (size_t i = 0; i < CHARS; ++i)
                text[i] = i <= count ? alphabet[group >> BITS * (CHARS - 1 - i) & MASK] : '=';
}

size_t ev_base64_encode(const void *data, size_t size, char *text)
{
        const uint8_t *bytes = data;
        size_t chars = 0;

        assert(text && (data || size == 0));

        for (size_t i = 0; i < size; i += BYTES, chars += CHARS)
                encode_group(bytes + i, size - i < BYTES ? size - i : BYTES, text + chars);
        text[chars] = '\0';
        assert(chars == EV_BASE64_CHARS(size));
        return chars;
}

/* The value of a digit; below 0 for anything else, the padding included. */
static int digit_of(char c)
{
        const char *digit = c ? strchr(alphabet, c) : NULL;

        return digit ? (int)(digit - alphabet) : -1;
}

/* At most two: three would mean a group without a whole byte. */
static size_t count_padding(struct ev_str text)
{
        size_t padding = 0;

        while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
                ++padding;
        return padding;
}

/* Padding is required (RFC 4648 §3.2), so a text that was cut is seen; and bits behind the last byte
 * have to be zeros (§3.5), so that one value has one text. */
bool ev_base64_decode(struct ev_str text, void *data, size_t *ret_size)
{
        size_t padding = count_padding(text), size = 0;
        uint8_t *bytes = data;
        uint32_t group = 0;

        assert(ret_size && (data || text.size == 0));

        if (text.size % CHARS)
                return false;
        for (size_t i = 0; i < text.size; ++i) {
                int digit = i < text.size - padding ? digit_of(text.data[i]) : 0;

                if (digit < 0)
                        return false;
                group = group << BITS | (uint32_t)digit;
                if (i % CHARS != CHARS - 1)
                        continue;
                bytes[size++] = (uint8_t)(group >> 16);
                bytes[size++] = (uint8_t)(group >> 8);
                bytes[size++] = (uint8_t)group;
        }
        if (padding > 0 && group & ((1U << 8 * padding) - 1))
                return false;
        *ret_size = size - padding;
        return true;
}
