#include "support/unit.h"

#include "store/verdict.h"

UNIT_SUITE(verdict);

Test(verdict, each_class_has_its_own)
{
        static const struct {
                const char *sqlstate;
                enum ev_verdict verdict;
        } cases[] = {
                { "22012", EV_VERDICT_RECORD }, /* division_by_zero */
                { "22P02", EV_VERDICT_RECORD }, /* invalid_text_representation */
                { "23502", EV_VERDICT_RECORD }, /* not_null_violation */
                { "23503", EV_VERDICT_RECORD }, /* foreign_key_violation */
                { "23514", EV_VERDICT_RECORD }, /* check_violation */
                { "23505", EV_VERDICT_AGAIN },  /* unique_violation */
                { "23P01", EV_VERDICT_AGAIN },  /* exclusion_violation */
                { "40001", EV_VERDICT_RETRY },  /* serialization_failure */
                { "40P01", EV_VERDICT_RETRY },  /* deadlock_detected */
                { "55P03", EV_VERDICT_RETRY },  /* lock_not_available */
                { "08006", EV_VERDICT_RETRY },  /* connection_failure */
                { "53100", EV_VERDICT_RETRY },  /* disk_full */
                { "53300", EV_VERDICT_RETRY },  /* too_many_connections */
                { "57014", EV_VERDICT_RETRY },  /* query_canceled */
                { "57P01", EV_VERDICT_RETRY },  /* admin_shutdown */
                { "57P05", EV_VERDICT_RETRY },  /* idle_session_timeout */
                { "25P03", EV_VERDICT_RETRY },  /* idle_in_transaction_session_timeout */
                { "25P02", EV_VERDICT_STOP },   /* in_failed_sql_transaction */
                { "55000", EV_VERDICT_STOP },   /* object_not_in_prerequisite_state */
                { "28P01", EV_VERDICT_STOP },   /* invalid_password */
                { "3D000", EV_VERDICT_STOP },   /* invalid_catalog_name */
                { "42P01", EV_VERDICT_STOP },   /* undefined_table */
                { "42501", EV_VERDICT_STOP },   /* insufficient_privilege */
                { "0A000", EV_VERDICT_STOP },   /* feature_not_supported */
                { "P0001", EV_VERDICT_STOP },   /* raise_exception */
                { "XX000", EV_VERDICT_STOP },   /* internal_error */
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
                cr_expect_eq(ev_verdict_of_sqlstate(cases[i].sqlstate, NULL), cases[i].verdict,
                             "%s", cases[i].sqlstate);
                cr_expect_eq(ev_verdict_of_sqlstate(cases[i].sqlstate, "public"), cases[i].verdict,
                             "%s", cases[i].sqlstate);
        }
}

Test(verdict, data_in_the_librarys_own_tables_blames_no_record)
{
        cr_expect_eq(ev_verdict_of_sqlstate("23514", "ev"), EV_VERDICT_STOP);
        cr_expect_eq(ev_verdict_of_sqlstate("23505", "ev"), EV_VERDICT_STOP);
        cr_expect_eq(ev_verdict_of_sqlstate("22003", "ev"), EV_VERDICT_STOP);
        cr_expect_eq(ev_verdict_of_sqlstate("40001", "ev"), EV_VERDICT_RETRY);
        cr_expect_eq(ev_verdict_of_sqlstate("55P03", "ev"), EV_VERDICT_RETRY);
        cr_expect_eq(ev_verdict_of_sqlstate("23514", "event"), EV_VERDICT_RECORD);
}
