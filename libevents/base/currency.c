/* The list of ISO 4217, and the digits of each minor unit.
 *
 * Source: ISO 4217:2015, table A.1 with its amendments (six-group.com, "List One: Currency, fund
 * and precious metal codes"), typed in because the iso-codes package has the codes but not the
 * digits. A test compares the codes with that package. Codes that were withdrawn lately (HRK, SLL,
 * ANG, CUC) stay: amounts in them stand in old orders. No state.
 *
 * A code comes from outside and is of any length and any bytes; it is either found in the list or
 * refused. The list changes by a release of this program, never at run time: two workers of one
 * version always agree on what can be paid. */

#include "base/currency.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/macro.h"

enum {
        CODE_SIZE = 3,
        NONE = -1, /* "N.A." in the list: no minor unit */
};

struct currency {
        char code[CODE_SIZE + 1]; /* upper case, NUL-terminated */
        signed char minor_digits; /* or NONE */
};

/* In the order of the codes, for bsearch(). */
/* clang-format off */
static const struct currency currencies[] = {
        { "AED", 2 }, { "AFN", 2 }, { "ALL", 2 }, { "AMD", 2 }, { "ANG", 2 }, { "AOA", 2 },
        { "ARS", 2 }, { "AUD", 2 }, { "AWG", 2 }, { "AZN", 2 }, { "BAM", 2 }, { "BBD", 2 },
        { "BDT", 2 }, { "BGN", 2 }, { "BHD", 3 }, { "BIF", 0 }, { "BMD", 2 }, { "BND", 2 },
        { "BOB", 2 }, { "BOV", 2 }, { "BRL", 2 }, { "BSD", 2 }, { "BTN", 2 }, { "BWP", 2 },
        { "BYN", 2 }, { "BZD", 2 }, { "CAD", 2 }, { "CDF", 2 }, { "CHE", 2 }, { "CHF", 2 },
        { "CHW", 2 }, { "CLF", 4 }, { "CLP", 0 }, { "CNY", 2 }, { "COP", 2 }, { "COU", 2 },
        { "CRC", 2 }, { "CUC", 2 }, { "CUP", 2 }, { "CVE", 2 }, { "CZK", 2 }, { "DJF", 0 },
        { "DKK", 2 }, { "DOP", 2 }, { "DZD", 2 }, { "EGP", 2 }, { "ERN", 2 }, { "ETB", 2 },
        { "EUR", 2 }, { "FJD", 2 }, { "FKP", 2 }, { "GBP", 2 }, { "GEL", 2 }, { "GHS", 2 },
        { "GIP", 2 }, { "GMD", 2 }, { "GNF", 0 }, { "GTQ", 2 }, { "GYD", 2 }, { "HKD", 2 },
        { "HNL", 2 }, { "HRK", 2 }, { "HTG", 2 }, { "HUF", 2 }, { "IDR", 2 }, { "ILS", 2 },
        { "INR", 2 }, { "IQD", 3 }, { "IRR", 2 }, { "ISK", 0 }, { "JMD", 2 }, { "JOD", 3 },
        { "JPY", 0 }, { "KES", 2 }, { "KGS", 2 }, { "KHR", 2 }, { "KMF", 0 }, { "KPW", 2 },
        { "KRW", 0 }, { "KWD", 3 }, { "KYD", 2 }, { "KZT", 2 }, { "LAK", 2 }, { "LBP", 2 },
        { "LKR", 2 }, { "LRD", 2 }, { "LSL", 2 }, { "LYD", 3 }, { "MAD", 2 }, { "MDL", 2 },
        { "MGA", 2 }, { "MKD", 2 }, { "MMK", 2 }, { "MNT", 2 }, { "MOP", 2 }, { "MRU", 2 },
        { "MUR", 2 }, { "MVR", 2 }, { "MWK", 2 }, { "MXN", 2 }, { "MXV", 2 }, { "MYR", 2 },
        { "MZN", 2 }, { "NAD", 2 }, { "NGN", 2 }, { "NIO", 2 }, { "NOK", 2 }, { "NPR", 2 },
        { "NZD", 2 }, { "OMR", 3 }, { "PAB", 2 }, { "PEN", 2 }, { "PGK", 2 }, { "PHP", 2 },
        { "PKR", 2 }, { "PLN", 2 }, { "PYG", 0 }, { "QAR", 2 }, { "RON", 2 }, { "RSD", 2 },
        { "RUB", 2 }, { "RWF", 0 }, { "SAR", 2 }, { "SBD", 2 }, { "SCR", 2 }, { "SDG", 2 },
        { "SEK", 2 }, { "SGD", 2 }, { "SHP", 2 }, { "SLE", 2 }, { "SLL", 2 }, { "SOS", 2 },
        { "SRD", 2 }, { "SSP", 2 }, { "STN", 2 }, { "SVC", 2 }, { "SYP", 2 }, { "SZL", 2 },
        { "THB", 2 }, { "TJS", 2 }, { "TMT", 2 }, { "TND", 3 }, { "TOP", 2 }, { "TRY", 2 },
        { "TTD", 2 }, { "TWD", 2 }, { "TZS", 2 }, { "UAH", 2 }, { "UGX", 0 }, { "USD", 2 },
        { "USN", 2 }, { "UYI", 0 }, { "UYU", 2 }, { "UYW", 4 }, { "UZS", 2 }, { "VED", 2 },
        { "VES", 2 }, { "VND", 0 }, { "VUV", 0 }, { "WST", 2 }, { "XAF", 0 }, { "XAG", NONE },
        { "XAU", NONE }, { "XBA", NONE }, { "XBB", NONE }, { "XBC", NONE }, { "XBD", NONE },
        { "XCD", 2 }, { "XCG", 2 }, { "XDR", NONE }, { "XOF", 0 }, { "XPD", NONE }, { "XPF", 0 },
        { "XPT", NONE }, { "XSU", NONE }, { "XTS", NONE }, { "XUA", NONE }, { "XXX", NONE },
        { "YER", 2 }, { "ZAR", 2 }, { "ZMW", 2 }, { "ZWG", 2 }, { "ZWL", 2 },
};
/* clang-format on */

/* For bsearch(); the key is not NUL-terminated. */
static int compare_codes(const void *key, const void *row)
{
        assert(key && row);

        return memcmp(key, ((const struct currency *)row)->code, CODE_SIZE);
}

/* The row of an accepted currency, else NULL. */
static const struct currency *find_accepted(struct ev_str code)
{
        const struct currency *row;

        assert(code.data || code.size == 0);

        if (code.size != CODE_SIZE)
                return NULL;
        row = bsearch(code.data, currencies, EV_ARRAY_SIZE(currencies), sizeof(currencies[0]),
                      compare_codes);
        if (!row || row->minor_digits < 0 || row->minor_digits > EV_CURRENCY_MINOR_DIGITS_MAX)
                return NULL;
        return row;
}

/* A shape that is wrong and a code that is unknown are the same refusal to a producer. */
bool ev_currency_is_accepted(struct ev_str code)
{
        return find_accepted(code) != NULL;
}

/* Asking for the digits of what was not accepted first is a bug: an amount in an unknown currency
 * has no right number of digits to fall back to. */
unsigned ev_currency_minor_digits(struct ev_str code)
{
        const struct currency *row = find_accepted(code);

        assert(row);
        return (unsigned)row->minor_digits;
}

/* Checked and not rounded: who asks for 12.505 USD must be told, since whichever way it were
 * rounded somebody's sum would be off by a cent. */
bool ev_currency_can_pay(struct ev_str code, int64_t unscaled, unsigned scale)
{
        unsigned digits = ev_currency_minor_digits(code);

        assert(scale <= EV_DECIMAL_SCALE_MAX);

        /* Exact: digits that the currency does not have must be zeros. */
        for (; scale > digits; --scale) {
                if (unscaled % 10 != 0)
                        return false;
                unscaled /= 10;
        }
        return true;
}
