#include "support/unit.h"

#include <string.h>

#include "base/base64.h"
#include "base/macro.h"

UNIT_SUITE(base64);

/* RFC 4648, section 10, and what is special: all ones are slashes, and "+" needs bits of two bytes. */
static const struct {
        struct ev_str bytes;
        const char *text;
} cases[] = {
        { { "", 0 }, "" },
        { { "f", 1 }, "Zg==" },
        { { "fo", 2 }, "Zm8=" },
        { { "foo", 3 }, "Zm9v" },
        { { "foob", 4 }, "Zm9vYg==" },
        { { "fooba", 5 }, "Zm9vYmE=" },
        { { "foobar", 6 }, "Zm9vYmFy" },
        { { "\xff\xff\xff", 3 }, "////" },
        { { "\xfb\xef\xbe", 3 }, "++++" },
        { { "\0", 1 }, "AA==" },
};

Test(base64, texts_are_those_of_the_standard)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                char text[32];

                cr_assert_eq(ev_base64_encode(cases[i].bytes.data, cases[i].bytes.size, text),
                             strlen(cases[i].text));
                cr_assert_str_eq(text, cases[i].text);
        }
}

Test(base64, and_back)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                char bytes[EV_BASE64_BYTES(32)];
                size_t size = 99;

                cr_assert(ev_base64_decode(ev_str_of(cases[i].text), bytes, &size));
                cr_assert_eq(size, cases[i].bytes.size);
                cr_assert_eq(memcmp(bytes, cases[i].bytes.data, size), 0);
        }
}

Test(base64, other_spellings_and_other_texts_are_refused)
{
        static const char *const texts[] = { "Zg",    "Zg=",      "Z===",   "====", "Zh==",
                                             "Zm9=",  "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm-_",
                                             "Zm9vY", "=Zm9",     "Z=m9" };

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i) {
                char bytes[EV_BASE64_BYTES(32)];
                size_t size = 99;

                cr_assert_not(ev_base64_decode(ev_str_of(texts[i]), bytes, &size), "%s", texts[i]);
                cr_assert_eq(size, 99);
        }
        cr_assert_not(ev_base64_decode(EV_STR("Zg\0="), (char[3]){ 0 }, &(size_t){ 0 }));
}
