#include "support/unit.h"

#include "store/type.h"

UNIT_SUITE(type);

Test(type, is_found_by_name_and_by_both_oids)
{
        const struct ev_type *type = ev_type_by_name(EV_STR("int8"));

        cr_assert_not_null(type);
        cr_expect_eq(type->oid, 20);
        cr_expect_eq(type->array_oid, 1016);
        cr_expect_eq(type->size, 8);
        cr_expect_eq(ev_type_by_oid(20), type);
        cr_expect_eq(ev_type_by_oid(1016), type);
        cr_expect_null(ev_type_by_name(EV_STR("int")));
        cr_expect_null(ev_type_by_name(EV_STR("int88")));
        cr_expect_null(ev_type_by_oid(705));
}

Test(type, arrays_have_elements)
{
        cr_expect_eq(ev_type_element(1016), 20);
        cr_expect_eq(ev_type_element(20), 0);
        cr_expect_eq(ev_type_element(705), 0);
}
