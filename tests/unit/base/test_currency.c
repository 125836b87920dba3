#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/currency.h"
#include "base/json.h"
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

/* The list of the iso-codes package. */
static struct ev_json *load_iso_codes(void)
{
        static char text[1024 * 1024];
        FILE *file = fopen("/usr/share/iso-codes/json/iso_4217.json", "re");
        struct ev_json *root = NULL;
        size_t size;

        cr_assert_not_null(file);
        size = fread(text, 1, sizeof(text), file);
        fclose(file);
        cr_assert_eq(ev_json_parse((struct ev_str){ text, size }, sizeof(text), &root), 0);
        return root;
}

/* Every code of three letters: what we accept is the list of the iso-codes package without the
 * refused ones. */
Test(currency, the_codes_are_those_of_iso_codes)
{
        _cleanup_(ev_json_free_p) struct ev_json *root = load_iso_codes();
        const struct ev_json *rows = ev_json_get(root, EV_STR("4217"));
        char known[26 * 26 * 26] = { 0 };

        cr_assert_gt(ev_json_count(rows), 150);
        for (size_t i = 0; i < ev_json_count(rows); ++i) {
                struct ev_str code =
                        ev_json_string(ev_json_get(ev_json_item(rows, i), EV_STR("alpha_3")));

                cr_assert_eq(code.size, 3);
                known[((code.data[0] - 'A') * 26 + code.data[1] - 'A') * 26 + code.data[2] - 'A'] =
                        1;
        }
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
