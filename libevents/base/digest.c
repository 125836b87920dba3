/* SHA-256 by libcrypto's EVP interface; the only file beside signature.c that knows libcrypto.
 *
 * A failure in the middle is remembered and told at the end, so that hashing a record's fields is
 * not an error path for each field. Nothing here outlives the process. */

#include "base/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"

struct ev_digest {
        EVP_MD *algorithm;   /* fetched once: a fetch looks through all providers */
        EVP_MD_CTX *context; /* owned; used again for each hash */
        bool has_begun;      /* between begin and end */
        bool has_failed;     /* since begin; told by end */
};

/* Fetched by name and not taken as EVP_sha256(): where a policy takes the algorithm away, the
 * program says so at its start and not in the middle of a batch. */
int ev_digest_new(struct ev_digest **ret_digest)
{
        _cleanup_(ev_digest_free_p) struct ev_digest *digest = NULL;

        assert(ret_digest);

        digest = calloc(1, sizeof(*digest));
        if (!digest)
                return ev_fail_memory("a hash");
        digest->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
        if (!digest->algorithm)
                return ev_fail(EV_VERDICT_STOP, "libcrypto offers no SHA-256; see openssl.cnf");
        assert(EVP_MD_get_size(digest->algorithm) == EV_DIGEST_BYTES);
        digest->context = EVP_MD_CTX_new();
        if (!digest->context)
                return ev_fail_memory("a hash");
        *ret_digest = digest;
        digest = NULL;
        return 0;
}

struct ev_digest *ev_digest_free(struct ev_digest *digest)
{
        if (!digest)
                return NULL;
        EVP_MD_CTX_free(digest->context);
        EVP_MD_free(digest->algorithm);
        free(digest);
        return NULL;
}

/* An EVP_MD_CTX may be begun anew without being ended: what it held is dropped. So a record that
 * was given up half way leaves nothing in the next one's hash. */
void ev_digest_begin(struct ev_digest *digest)
{
        assert(digest);

        digest->has_begun = true;
        digest->has_failed = EVP_DigestInit_ex2(digest->context, digest->algorithm, NULL) != 1;
}

void ev_digest_add(struct ev_digest *digest, const void *data, size_t size)
{
        assert(digest && digest->has_begun);
        assert(data || size == 0);

        if (!digest->has_failed && size > 0)
                digest->has_failed = EVP_DigestUpdate(digest->context, data, size) != 1;
}

/* A hash that was ended must be begun again: adding to it would be undefined in libcrypto, so
 * has_begun turns that bug into a failed assert. */
int ev_digest_end(struct ev_digest *digest, uint8_t ret_hash[EV_DIGEST_BYTES])
{
        assert(digest && digest->has_begun);
        assert(ret_hash);

        digest->has_begun = false;
        if (digest->has_failed || EVP_DigestFinal_ex(digest->context, ret_hash, NULL) != 1)
                return ev_fail(EV_VERDICT_STOP, "libcrypto could not compute a SHA-256");
        return 0;
}

/* Makes and frees a context each time, which is too slow for records. */
int ev_digest_once(const void *data, size_t size, uint8_t ret_hash[EV_DIGEST_BYTES])
{
        _cleanup_(ev_digest_free_p) struct ev_digest *digest = NULL;
        int r;

        assert(data || size == 0);
        assert(ret_hash);

        r = ev_digest_new(&digest);
        if (r < 0)
                return ev_trace(r);
        ev_digest_begin(digest);
        ev_digest_add(digest, data, size);
        return ev_trace(ev_digest_end(digest, ret_hash));
}

size_t ev_digest_format(const uint8_t hash[EV_DIGEST_BYTES], char *buffer)
{
        static const char digits[] = "0123456789abcdef";

        assert(hash);
        assert(buffer);

        for (size_t i = 0; i < EV_DIGEST_BYTES; ++i) {
                buffer[2 * i] = digits[hash[i] >> 4];
                buffer[2 * i + 1] = digits[hash[i] & 0xf];
        }
        buffer[EV_DIGEST_TEXT_MAX - 1] = '\0';
        return EV_DIGEST_TEXT_MAX - 1;
}
