#ifndef EV_BASE_DIGEST_H
#define EV_BASE_DIGEST_H

/* SHA-256 (FIPS 180-4), for content hashes, fingerprints and checkpoints. */

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

enum {
        EV_DIGEST_BYTES = 32,
        EV_DIGEST_TEXT_MAX = 65, /* bytes of the hexadecimal form with the NUL */
};

/* Takes bytes piece by piece; one is made at the start and used again for every hash. Ours
 * allocates nothing then; libcrypto 3.0 itself takes and gives back about 100 bytes a hash. */
struct ev_digest;

/* Fails (verdict: stop) without memory, and where libcrypto's configuration forbids SHA-256.
 * The caller owns *ret_digest (ev_digest_free). */
int ev_digest_new(struct ev_digest **ret_digest) _must_check_;

/* Accepts NULL; returns NULL. */
struct ev_digest *ev_digest_free(struct ev_digest *digest);
EV_DEFINE_CLEANUP(struct ev_digest *, ev_digest_free)

/* Begins a hash; what was added before is forgotten. */
void ev_digest_begin(struct ev_digest *digest);

/* Adds bytes to the hash that was begun. `data` may be NULL for size 0. */
void ev_digest_add(struct ev_digest *digest, const void *data, size_t size);

/* Ends the hash. Fails (verdict: stop) if libcrypto failed in this or an earlier step. */
int ev_digest_end(struct ev_digest *digest, uint8_t ret_hash[EV_DIGEST_BYTES]) _must_check_;

/* All at once, for start-up and tools. Fails as ev_digest_new(). */
int ev_digest_once(const void *data, size_t size, uint8_t ret_hash[EV_DIGEST_BYTES]) _must_check_;

/* Writes lower-case hexadecimal digits, NUL-terminated, into EV_DIGEST_TEXT_MAX bytes; returns the
 * length. */
size_t ev_digest_format(const uint8_t hash[EV_DIGEST_BYTES], char *buffer);

#endif
