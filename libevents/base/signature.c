/* Ed25519 by libcrypto. Nothing is kept: a key is made for each call, which is rare (a checkpoint
 * every so many seconds). Private keys are never part of an error's text. */

#include "base/signature.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/error.h"

EV_DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
EV_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)

static int fail(const char *what)
{
        assert(what);

        return ev_fail(EV_VERDICT_STOP, "libcrypto could not %s; see openssl.cnf", what);
}

int ev_signature_new_key(uint8_t ret_private[EV_SIGNATURE_KEY_BYTES])
{
        assert(ret_private);

        if (RAND_priv_bytes(ret_private, EV_SIGNATURE_KEY_BYTES) != 1)
                return fail("make random numbers");
        return 0;
}

static EVP_PKEY *private_of(const uint8_t private_key[EV_SIGNATURE_KEY_BYTES])
{
        assert(private_key);

        return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key,
                                            EV_SIGNATURE_KEY_BYTES);
}

int ev_signature_public(const uint8_t private_key[EV_SIGNATURE_KEY_BYTES],
                        uint8_t ret_public[EV_SIGNATURE_KEY_BYTES])
{
        _cleanup_(EVP_PKEY_free_p) EVP_PKEY *key = private_of(private_key);
        size_t size = EV_SIGNATURE_KEY_BYTES;

        assert(ret_public);

        if (!key || EVP_PKEY_get_raw_public_key(key, ret_public, &size) != 1)
                return fail("make an Ed25519 key");
        assert(size == EV_SIGNATURE_KEY_BYTES);
        return 0;
}

int ev_signature_make(const uint8_t private_key[EV_SIGNATURE_KEY_BYTES], const void *data,
                      size_t size, uint8_t ret_signature[EV_SIGNATURE_BYTES])
{
        _cleanup_(EVP_PKEY_free_p) EVP_PKEY *key = private_of(private_key);
        _cleanup_(EVP_MD_CTX_free_p) EVP_MD_CTX *context = EVP_MD_CTX_new();
        size_t made = EV_SIGNATURE_BYTES;

        assert(ret_signature && (data || size == 0));

        if (!key || !context || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
            EVP_DigestSign(context, ret_signature, &made, data, size) != 1)
                return fail("sign with Ed25519");
        assert(made == EV_SIGNATURE_BYTES);
        return 0;
}

/* A public key that is no point of the curve verifies nothing; libcrypto takes it all the same and
 * says so only when it verifies. */
int ev_signature_verify(const uint8_t public_key[EV_SIGNATURE_KEY_BYTES], const void *data,
                        size_t size, const uint8_t signature[EV_SIGNATURE_BYTES])
{
        _cleanup_(EVP_PKEY_free_p) EVP_PKEY *key =
                EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key,
                                            EV_SIGNATURE_KEY_BYTES);
        _cleanup_(EVP_MD_CTX_free_p) EVP_MD_CTX *context = EVP_MD_CTX_new();

        assert(public_key && signature && (data || size == 0));

        if (!key || !context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1)
                return fail("verify with Ed25519");
        return EVP_DigestVerify(context, signature, EV_SIGNATURE_BYTES, data, size) == 1
                       ? 0
                       : EV_SIGNATURE_WRONG;
}
