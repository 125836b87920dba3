/* A growing row of bytes. Capacity doubles, so the cost of an append is constant on average; the
 * memory stays until ev_buffer_done(), so a buffer that has warmed up does not call the heap.
 *
 * Guarantees that size ≤ capacity ≤ bytes_max always holds and that a failed append leaves the
 * bytes as they were; what would be too large is the record's fault, since what is written is made
 * from records. Nothing here outlives the process. */

#include "base/buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
        CAPACITY_MIN = 256, /* bytes: a log line or a small event without growing twice */
        FILE_CHUNK_BYTES = 16384,
};

/* What can be relied on between two calls, also of a buffer that was only just initialised. */
static bool buffer_check(const struct ev_buffer *buffer)
{
        return buffer->size <= buffer->capacity && buffer->capacity <= buffer->bytes_max &&
               (buffer->data != NULL) == (buffer->capacity > 0);
}

/* The bound outlives the bytes: a buffer that is used again must not have become unbounded. */
void ev_buffer_done(struct ev_buffer *buffer)
{
        assert(buffer);

        free(buffer->data);
        *buffer = EV_BUFFER_INIT(buffer->bytes_max);
}

/* The bound is compared by subtraction because a sum with a size from outside could wrap. Doubling
 * could do so only for a bytes_max above half of the address space, which no heap can give. */
int ev_buffer_reserve(struct ev_buffer *buffer, size_t size)
{
        size_t capacity = buffer->capacity ? buffer->capacity : CAPACITY_MIN;
        uint8_t *data;

        assert(buffer_check(buffer));

        if (size <= buffer->capacity - buffer->size)
                return 0;
        if (size > buffer->bytes_max - buffer->size)
                return ev_fail(EV_VERDICT_RECORD, "more than %zu bytes to write",
                               buffer->bytes_max);
        while (capacity - buffer->size < size)
                capacity *= 2;
        if (capacity > buffer->bytes_max)
                capacity = buffer->bytes_max;
        data = realloc(buffer->data, capacity);
        if (!data)
                return ev_fail_memory("a buffer");
        buffer->data = data;
        buffer->capacity = capacity;
        assert(buffer_check(buffer));
        return 0;
}

/* Nothing is done for nothing: memcpy() from a NULL of size 0 is undefined (C17 7.24.1p2), and so
 * is arithmetic on a buffer that has no bytes yet. */
int ev_buffer_append(struct ev_buffer *buffer, const void *data, size_t size)
{
        int r;

        assert(buffer);
        assert(data || size == 0);

        if (size == 0)
                return 0;
        if (size > buffer->capacity - buffer->size) {
                r = ev_buffer_reserve(buffer, size);
                if (r < 0)
                        return ev_trace(r);
        }
        memcpy(buffer->data + buffer->size, data, size);
        buffer->size += size;
        return 0;
}

int ev_buffer_append_str(struct ev_buffer *buffer, struct ev_str str)
{
        assert(str.data || str.size == 0);

        return ev_trace(ev_buffer_append(buffer, str.data, str.size));
}

/* Twice through the format: the first pass measures, so that the text is written where it stays and
 * is never cut. The NUL needs a byte of room that does not count as written. */
int ev_buffer_printf(struct ev_buffer *buffer, const char *format, ...)
{
        va_list arguments;
        int size, r;

        assert(buffer && format);

        va_start(arguments, format);
        size = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        assert(size >= 0);

        r = ev_buffer_reserve(buffer, (size_t)size + 1); /* vsnprintf adds a NUL */
        if (r < 0)
                return ev_trace(r);
        va_start(arguments, format);
        vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, arguments);
        va_end(arguments);
        buffer->size += (size_t)size;
        return 0;
}

/* For _cleanup_(), of files that are read: closing them can lose nothing. */
static void close_file(FILE **file)
{
        assert(file);

        if (*file)
                fclose(*file);
}

/* Until the end, whatever the size was when it was opened. */
int ev_buffer_read_file(struct ev_buffer *buffer, const char *path)
{
        _cleanup_(close_file) FILE *file = fopen(path, "re");
        char chunk[FILE_CHUNK_BYTES];
        size_t size;
        int r;

        assert(buffer_check(buffer));

        if (!file)
                return ev_fail(EV_VERDICT_STOP, "cannot open %s: %s", path, strerror(errno));
        while ((size = fread(chunk, 1, sizeof(chunk), file)) > 0) {
                r = ev_buffer_append(buffer, chunk, size);
                if (r < 0)
                        return ev_trace(r);
        }
        if (ferror(file))
                return ev_fail(EV_VERDICT_STOP, "cannot read %s: %s", path, strerror(errno));
        return 0;
}

/* An empty buffer is the empty string and not null: null would mean that there is no value. */
struct ev_str ev_buffer_str(const struct ev_buffer *buffer)
{
        assert(buffer_check(buffer));

        return (struct ev_str){ buffer->data ? (const char *)buffer->data : "", buffer->size };
}
