#ifndef EV_BASE_BASE64_H
#define EV_BASE_BASE64_H

/* Base64 with padding and the usual alphabet (RFC 4648, section 4). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Characters for so many bytes; and bytes that so many characters may come to. */
#define EV_BASE64_CHARS(bytes) (((bytes) + 2) / 3 * 4)
#define EV_BASE64_BYTES(chars) ((chars) / 4 * 3)

/* Writes EV_BASE64_CHARS(size) characters and a NUL to `text`; returns their number. */
size_t ev_base64_encode(const void *data, size_t size, char *text);

/* True, and *ret_size bytes at `data`, which has room for EV_BASE64_BYTES(text.size), if the text is
 * what ev_base64_encode() makes of these bytes: padded, nothing between the characters, and no other
 * spelling of the same bytes. Else what was written at `data` means nothing. */
bool ev_base64_decode(struct ev_str text, void *data, size_t *ret_size);

#endif
