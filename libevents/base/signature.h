#ifndef EV_BASE_SIGNATURE_H
#define EV_BASE_SIGNATURE_H

/* Ed25519 signatures (RFC 8032): what is signed with a private key verifies with its public one. */

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

enum {
        EV_SIGNATURE_BYTES = 64,
        EV_SIGNATURE_KEY_BYTES = 32, /* of either key; the private one is RFC 8032's seed */
};

/* All of these fail (verdict: stop) if libcrypto does. */

/* A new private key, from the system's random numbers. */
int ev_signature_new_key(uint8_t ret_private[EV_SIGNATURE_KEY_BYTES]) _must_check_;

/* The public key of a private one. */
int ev_signature_public(const uint8_t private_key[EV_SIGNATURE_KEY_BYTES],
                        uint8_t ret_public[EV_SIGNATURE_KEY_BYTES]) _must_check_;

/* Signs `size` bytes. The same bytes and key make the same signature. */
int ev_signature_make(const uint8_t private_key[EV_SIGNATURE_KEY_BYTES], const void *data,
                      size_t size, uint8_t ret_signature[EV_SIGNATURE_BYTES]) _must_check_;

/* 0, or EV_SIGNATURE_WRONG: of other bytes, by another key, or not a signature at all. */
enum { EV_SIGNATURE_WRONG = 1 };
int ev_signature_verify(const uint8_t public_key[EV_SIGNATURE_KEY_BYTES], const void *data,
                        size_t size, const uint8_t signature[EV_SIGNATURE_BYTES]) _must_check_;

#endif
