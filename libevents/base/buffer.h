#ifndef EV_BASE_BUFFER_H
#define EV_BASE_BUFFER_H

/* A growing row of bytes that is kept and written again: encoded facts, log lines, JSON. */

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"

/* Begins as all zeros but bytes_max; ends with ev_buffer_done(). */
struct ev_buffer {
        uint8_t *data;    /* owned; NULL while capacity is 0 */
        size_t size;      /* bytes written */
        size_t capacity;  /* bytes held from the heap */
        size_t bytes_max; /* size never passes it */
};

/* An empty buffer of at most `max` bytes. It takes no memory before the first append. */
#define EV_BUFFER_INIT(max) ((struct ev_buffer){ .bytes_max = (max) })

/* Frees the bytes; the buffer is empty and may be used again. */
void ev_buffer_done(struct ev_buffer *buffer);
#define _cleanup_buffer_ _cleanup_(ev_buffer_done)

/* Makes room for `size` further bytes. Fails (verdict: the record's fault) when bytes_max would be
 * passed, and without memory. */
int ev_buffer_reserve(struct ev_buffer *buffer, size_t size) _must_check_;

/* Appends. Fails as ev_buffer_reserve(). `data` must not lie in the buffer. */
int ev_buffer_append(struct ev_buffer *buffer, const void *data, size_t size) _must_check_;
int ev_buffer_append_str(struct ev_buffer *buffer, struct ev_str str) _must_check_;
int ev_buffer_printf(struct ev_buffer *buffer, const char *format, ...) _must_check_ _printf_(2, 3);

/* Appends a whole file. Fails with its path (verdict: stop), and as ev_buffer_reserve(). */
int ev_buffer_read_file(struct ev_buffer *buffer, const char *path) _must_check_;

/* What was written, as a slice that is valid until the next append; never null. */
struct ev_str ev_buffer_str(const struct ev_buffer *buffer);

/* Empties the buffer and keeps its memory for the next use. Slices of it are void. */
static inline void ev_buffer_clear(struct ev_buffer *buffer)
{
        buffer->size = 0;
}

#endif
