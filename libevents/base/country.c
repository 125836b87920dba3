/* The list of ISO 3166-1 alpha-2.
 *
 * Source: the Debian package iso-codes (iso_3166-1.json), with which a test compares it. It stands
 * here and is not read at start, because a code that is refused on one machine and accepted on
 * another would be a decision that no replay explains; the list changes by a release of this
 * program. No state. */

#include "base/country.h"

#include <assert.h>
#include <string.h>

#include "base/macro.h"

enum { CODE_SIZE = 2 };

/* The second letters, by the first one. No code begins with X. */
static const char *const second_letters[] = {
        ['A' - 'A'] = "DEFGILMOQRSTUWXZ",
        ['B' - 'A'] = "ABDEFGHIJLMNOQRSTVWYZ",
        ['C' - 'A'] = "ACDFGHIKLMNORUVWXYZ",
        ['D' - 'A'] = "EJKMOZ",
        ['E' - 'A'] = "CEGHRST",
        ['F' - 'A'] = "IJKMOR",
        ['G' - 'A'] = "ABDEFGHILMNPQRSTUWY",
        ['H' - 'A'] = "KMNRTU",
        ['I' - 'A'] = "DELMNOQRST",
        ['J' - 'A'] = "EMOP",
        ['K' - 'A'] = "EGHIMNPRWYZ",
        ['L' - 'A'] = "ABCIKRSTUVY",
        ['M' - 'A'] = "ACDEFGHKLMNOPQRSTUVWXYZ",
        ['N' - 'A'] = "ACEFGILOPRUZ",
        ['O' - 'A'] = "M",
        ['P' - 'A'] = "AEFGHKLMNRSTWY",
        ['Q' - 'A'] = "A",
        ['R' - 'A'] = "EOSUW",
        ['S' - 'A'] = "ABCDEGHIJKLMNORSTVXYZ",
        ['T' - 'A'] = "CDFGHJKLMNORTVWZ",
        ['U' - 'A'] = "AGMSYZ",
        ['V' - 'A'] = "ACEGINU",
        ['W' - 'A'] = "FS",
        ['Y' - 'A'] = "ET",
        ['Z' - 'A'] = "AMW",
};

/* A code comes from outside: of any length and any bytes, also those with the highest bit set. */
bool ev_country_is_known(struct ev_str code)
{
        size_t first;

        assert(code.data || code.size == 0);

        if (code.size != CODE_SIZE)
                return false;
        first = (size_t)(unsigned char)code.data[0] - 'A';
        if (first >= EV_ARRAY_SIZE(second_letters) || !second_letters[first])
                return false;
        return code.data[1] != '\0' && strchr(second_letters[first], code.data[1]);
}
