#include "support/unit.h"

#include <jansson.h>
#include <string.h>

#include "base/currency.h"
#include "base/macro.h"

UNIT_SUITE(currency);

/* Codes that ISO 4217 has and the iso-codes package of some Debian release may not have yet. */
static const char *const newer_codes[] = { "XCG", "ZWG" };

static const char *const refused[] = {
        "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND", "CLF", "UYW", "XAG", "XAU",
        "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX",
};

static bool is_among(const char *code, const char *const *codes, size_t count)
{
        for (size_t i = 0; i < count; ++i)
                if (strcmp(code, codes[i]) == 0)
                        return true;
        return false;
}

/* Every code of three letters: what we accept is the list of the iso-codes package without the
 * refused ones. */
Test(currency, the_codes_are_those_of_iso_codes)
{
        json_t *root = json_load_file("/usr/share/iso-codes/json/iso_4217.json", 0, NULL);
        char known[26 * 26 * 26] = { 0 };
        size_t index;
        json_t *row;

        cr_assert_not_null(root);
        json_array_foreach(json_object_get(root, "4217"), index, row)
        {
                const char *code = json_string_value(json_object_get(row, "alpha_3"));

                known[((code[0] - 'A') * 26 + code[1] - 'A') * 26 + code[2] - 'A'] = 1;
        }
        cr_assert_gt(index, 150);
        json_decref(root);
        for (size_t i = 0; i < sizeof(known); ++i) {
                char code[4] = { (char)('A' + i / 676), (char)('A' + i / 26 % 26),
                                 (char)('A' + i % 26), '\0' };
                bool wanted =
                        (known[i] || is_among(code, newer_codes, EV_ARRAY_SIZE(newer_codes))) &&
                        !is_among(code, refused, EV_ARRAY_SIZE(refused));

                cr_assert_eq(ev_currency_is_accepted(ev_str_of(code)), wanted, "%s", code);
        }
}

Test(currency, minor_digits_are_those_of_the_list)
{
        static const char *const without[] = { "BIF", "CLP", "DJF", "GNF", "ISK", "JPY",
                                               "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
                                               "VND", "VUV", "XAF", "XOF", "XPF" };
        static const char *const with_two[] = { "USD", "EUR", "COP", "MXN", "GBP", "MGA",
                                                "MRU", "HUF", "TWD", "IDR", "CHE", "USN" };

        for (size_t i = 0; i < EV_ARRAY_SIZE(without); ++i)
                cr_assert_eq(ev_currency_minor_digits(ev_str_of(without[i])), 0, "%s", without[i]);
        for (size_t i = 0; i < EV_ARRAY_SIZE(with_two); ++i)
                cr_assert_eq(ev_currency_minor_digits(ev_str_of(with_two[i])), 2, "%s",
                             with_two[i]);
}

Test(currency, what_is_no_code_is_refused)
{
        static const struct ev_str codes[] = {
                EV_STR_INIT("usd"),  EV_STR_INIT("Usd"),         EV_STR_INIT("US"),
                EV_STR_INIT(""),     EV_STR_INIT("USDD"),        EV_STR_INIT(" USD"),
                EV_STR_INIT("US\0"), EV_STR_INIT("840"),         EV_STR_INIT("ZZZ"),
                EV_STR_INIT("DEM"),  EV_STR_INIT("USDOLLARSXX"), { NULL, 0 },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(codes); ++i)
                cr_assert_not(ev_currency_is_accepted(codes[i]), "case %zu", i);
}

Test(currency, an_amount_is_not_finer_than_its_currency)
{
        cr_assert(ev_currency_can_pay(EV_STR("USD"), 1250, 2));
        cr_assert(ev_currency_can_pay(EV_STR("USD"), 12500, 3));
        cr_assert_not(ev_currency_can_pay(EV_STR("USD"), 12501, 3));
        cr_assert_not(ev_currency_can_pay(EV_STR("JPY"), 1250, 2));
        cr_assert_not(ev_currency_can_pay(EV_STR("JPY"), -1, 2));
        cr_assert(ev_currency_can_pay(EV_STR("JPY"), 1200, 2));
        cr_assert(ev_currency_can_pay(EV_STR("JPY"), 7, 0));
        cr_assert(ev_currency_can_pay(EV_STR("CLP"), 0, 2));
        cr_assert(ev_currency_can_pay(EV_STR("USD"), 7, 1));
}
