/* The chain: lanes, what is published, what is acknowledged, and how it is saved. */

#include "flow/relay_chain.h"

#include "support/unit.h"

UNIT_SUITE(relay_chain);

static void init(struct ev_chain *chain)
{
        *chain = (struct ev_chain){ 0 };
        cr_assert_eq(ev_chain_add_topic(chain, "orders", 2), 0);
        cr_assert_eq(ev_chain_add_topic(chain, "stock", 3), 0);
        cr_assert_eq(ev_chain_add_source(chain, 1, EV_STR("/a/1")), 0);
}

static void expect_written(const struct ev_chain *chain, const char *expected)
{
        struct ev_buffer _cleanup_buffer_ text = EV_BUFFER_INIT(1000);

        cr_assert_eq(ev_chain_write(chain, &text), 0);
        cr_assert(ev_str_equal(ev_buffer_str(&text), ev_str_of(expected)), "%.*s",
                  EV_STR_ARG(ev_buffer_str(&text)));
}

Test(relay_chain, every_lane_has_a_place_of_its_own_and_leads_back)
{
        _cleanup_(ev_chain_done) struct ev_chain chain;
        size_t expected = 0;

        init(&chain);
        cr_assert_eq(ev_chain_add_source(&chain, 7, EV_STR("/a/2")), 0);
        for (size_t source = 0; source < 2; ++source)
                for (size_t topic = 0; topic < 2; ++topic)
                        for (int32_t p = 0; p < chain.topics[topic].partitions; ++p) {
                                size_t lane = ev_chain_lane(&chain, source, topic, p);
                                int32_t partition;

                                cr_assert_eq(lane, expected++);
                                cr_assert_eq(ev_chain_source_of(&chain, lane),
                                             &chain.sources[source]);
                                cr_assert_eq(ev_chain_topic_of(&chain, lane, &partition),
                                             &chain.topics[topic]);
                                cr_assert_eq(partition, p);
                        }
        cr_assert_eq(ev_chain_lanes(&chain), expected);
}

Test(relay_chain, what_is_saved_is_what_was_acknowledged_and_not_what_was_published)
{
        _cleanup_(ev_chain_done) struct ev_chain chain;

        init(&chain);
        expect_written(&chain, "{\"1\":{\"orders\":[null,null],\"stock\":[null,null,null]}}");
        chain.lanes[ev_chain_lane(&chain, 0, 1, 2)].published = 9;
        chain.lanes[ev_chain_lane(&chain, 0, 1, 2)].acknowledged = 7;
        ev_chain_restore(&chain, ev_chain_lane(&chain, 0, 0, 0), 5);
        expect_written(&chain, "{\"1\":{\"orders\":[5,null],\"stock\":[null,null,7]}}");
        cr_assert_eq(chain.lanes[0].published, 5);
}

Test(relay_chain, a_new_source_begins_without_predecessors_and_leaves_the_others_as_they_are)
{
        _cleanup_(ev_chain_done) struct ev_chain chain;

        init(&chain);
        ev_chain_restore(&chain, 0, 5);
        cr_assert_eq(ev_chain_add_source(&chain, 2, EV_STR("/a/2")), 0);
        cr_assert_eq(ev_chain_add_source(&chain, 2, EV_STR("/a/2")), 0, "known ones stay");
        cr_assert_eq(chain.sources_count, 2);
        cr_assert_eq(chain.lanes[0].published, 5);
        cr_assert_eq(chain.lanes[ev_chain_lane(&chain, 1, 0, 0)].published, 0);
}

Test(relay_chain, names_and_uris_are_found_whole)
{
        _cleanup_(ev_chain_done) struct ev_chain chain;

        init(&chain);
        cr_assert_eq(ev_chain_find_topic(&chain, EV_STR("stock")), 1);
        cr_assert_eq(ev_chain_find_topic(&chain, EV_STR("stoc")), -1);
        cr_assert_eq(ev_chain_find_source(&chain, 1), 0);
        cr_assert_eq(ev_chain_find_source(&chain, 2), -1);
        cr_assert_eq(ev_chain_find_uri(&chain, EV_STR("/a/1")), 0);
        cr_assert_eq(ev_chain_find_uri(&chain, EV_STR("/a/10")), -1);
}

Test(relay_chain, the_check_sees_an_acknowledgement_of_what_was_not_published)
{
        _cleanup_(ev_chain_done) struct ev_chain chain;

        init(&chain);
        cr_assert(ev_chain_check(&chain));
        chain.lanes[1].acknowledged = 3;
        cr_assert_not(ev_chain_check(&chain));
}
