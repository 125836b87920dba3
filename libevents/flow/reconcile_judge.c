/* One row and one record: whether they belong together, and what they are if not.
 *
 * A partition has the first occurrences of its rows in the order of seq, and late repetitions between
 * them. So the record of a row is the next of its partition, but for those in front of it, each of which
 * is judged by itself: it is a repetition, or its row is looked up. One whose row comes later stays
 * where it is, and the row in hand is awaited: until its record is met further behind, on another
 * partition, or nowhere. Nothing is stored outside of memory. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "flow/difference.h"
#include "flow/reconcile_private.h"

enum {
        NEAR_ROWS = 256, /* looked up at a time */
        NEAR_BYTES = 1048576,
        DETAIL_MAX = 160,
};

/* What to do next in a lane. A record that is ahead stays where it is, and is not looked up again for each
 * of the rows before its own. */
enum { TAKEN = 0, AHEAD = 1 }; /* the record was judged and taken; or it is that of a later row */

/* What a record says that it is, as slices of it. Anybody who may write to the topic can say anything:
 * it is a claim until a row agrees. */
struct claim {
        const struct ev_message *message;
        int source; /* its place in the chain; -1: none of this database's */
        struct ev_str uri, id;
        int64_t seq;
        struct ev_uuid uuid;
        bool has_uuid;
};

/* ---- Telling ---- */

/* Of a record: where it stands is known, and what it says of itself is told as it says it, so
 * that a person finds it with any tool. */
static void tell(struct ev_reconcile *reconcile, const struct ev_reconcile_lane *lane,
                 const struct claim *claim, enum ev_finding_kind kind, struct ev_str detail)
{
        struct ev_finding finding = {
                .kind = kind,
                .seq = claim->seq,
                .id = claim->id,
                .topic = ev_str_of(reconcile->places.chain.topics[lane->topic].name),
                .partition = lane->partition,
                .offset = claim->message->offset,
                .detail = detail,
        };

        assert(claim->message->offset >= 0);

        ev_reconcile_tell(reconcile, &finding);
}

/* Of a row without a record. Its partition is where the record should be; an offset it has none. */
static void tell_row(struct ev_reconcile *reconcile, const struct ev_reconcile_row *row,
                     enum ev_finding_kind kind, struct ev_str detail)
{
        const struct ev_reconcile_lane *lane = row->lane;
        char id[EV_UUID_TEXT_MAX];
        struct ev_finding finding = {
                .kind = kind,
                .seq = row->fact.seq,
                .id = { id, ev_uuid_format(&row->fact.event_id, id) },
                .partition = lane ? lane->partition : -1,
                .offset = -1,
                .detail = detail,
        };

        assert(row->fact.seq > 0);

        if (lane)
                finding.topic = ev_str_of(reconcile->places.chain.topics[lane->topic].name);
        ev_reconcile_tell(reconcile, &finding);
}

/* ---- What a record says ---- */

/* Nothing of it is believed yet. What is no number counts as none; an id that is no text is
 * left out of the report, which is UTF-8. */
static void read_claim(const struct ev_reconcile *reconcile, const struct ev_message *message,
                       struct claim *claim)
{
        assert(message);

        *claim = (struct claim){
                .message = message,
                .source = -1,
                .uri = ev_message_find(message, EV_STR("ce_source")),
                .id = ev_message_find(message, EV_STR("ce_id")),
        };
        if (!ev_str_to_int64(ev_message_find(message, EV_STR("ce_sequence")), &claim->seq) ||
            claim->seq <= 0)
                claim->seq = 0;
        if (!ev_str_is_null(claim->uri))
                claim->source = ev_chain_find_uri(&reconcile->places.chain, claim->uri);
        claim->has_uuid = ev_uuid_parse(claim->id, &claim->uuid);
        if (!ev_str_is_text(claim->id))
                claim->id = EV_STR_NULL;
}

/* A loop: there is one for each restore that a person has carried out in the life of the
 * database. */
static bool is_void(const struct ev_reconcile *reconcile, struct ev_str uri)
{
        assert(!ev_str_is_null(uri));

        for (size_t i = 0; i < ev_result_rows(reconcile->voids); ++i)
                if (ev_str_equal(ev_result_text(reconcile->voids, i, 0), uri))
                        return true;
        return false;
}

/* What is known of its source's facts on its partition: `published`, the last row; `acknowledged`, the
 * last one whose record was met; `tail`, the last record that has no row there. */
static struct ev_lane *link_of(struct ev_reconcile *reconcile, const struct ev_reconcile_lane *lane,
                               const struct claim *claim)
{
        struct ev_chain *chain = &reconcile->places.chain;

        assert(claim->source >= 0);

        return &chain->lanes[ev_chain_lane(chain, (size_t)claim->source, lane->topic,
                                           lane->partition)];
}

/* A record without a row. Of an earlier timeline it is void, once somebody has said so. Under
 * the present one nobody can say so: numbers would have been given away twice, and the relay
 * halts at that, too. */
static void tell_lost(struct ev_reconcile *reconcile, const struct ev_reconcile_lane *lane,
                      const struct claim *claim)
{
        bool is_present = ev_str_equal(claim->uri, ev_str_of(reconcile->now));

        assert(claim->seq > 0);

        if (!is_present && is_void(reconcile, claim->uri))
                tell(reconcile, lane, claim, EV_FINDING_VOID, claim->uri);
        else
                tell(reconcile, lane, claim, EV_FINDING_MISSING_ROW,
                     is_present ? EV_STR_NULL : claim->uri);
}

/* Judges what is no record of ours, whatever the rows are. False: it is one. */
static bool is_strange(struct ev_reconcile *reconcile, const struct ev_reconcile_lane *lane,
                       const struct claim *claim)
{
        struct ev_str home = { reconcile->now, reconcile->home_bytes };

        assert(claim->message);

        if (ev_str_is_null(claim->uri) || !ev_str_is_text(claim->uri))
                tell(reconcile, lane, claim, EV_FINDING_UNREADABLE, EV_STR("no ce_source"));
        else if (claim->seq == 0)
                tell(reconcile, lane, claim, EV_FINDING_UNREADABLE, EV_STR("no ce_sequence"));
        else if (claim->source >= 0)
                return false;
        else if (ev_str_starts_with(claim->uri, home))
                tell_lost(reconcile, lane, claim);
        else
                tell(reconcile, lane, claim, EV_FINDING_FOREIGN, claim->uri);
        return true;
}

/* Whether the row is the record's: by its source, or else by its id, so that a change of one of them
 * is told as a change. */
static bool is_its_row(const struct ev_reconcile *reconcile, const struct claim *claim,
                       const struct ev_feed_fact *fact)
{
        assert(claim->source >= 0);

        if (claim->seq != fact->seq)
                return false;
        return reconcile->places.chain.sources[claim->source].id == fact->source_id ||
               (claim->has_uuid && ev_uuid_compare(&claim->uuid, &fact->event_id) == 0);
}

/* ---- Comparing ---- */

/* The fact before it on its partition, if nobody has kept it: the record's own word is taken. */
static int64_t claimed_previous(const struct claim *claim)
{
        int64_t previous;

        assert(claim->seq > 0);

        if (!ev_str_to_int64(ev_message_find(claim->message, EV_STR("ce_previoussequence")),
                             &previous) ||
            previous < 0 || previous >= claim->seq)
                return 0;
        return previous;
}

/* The record is made anew from the row, by the very function that the relay uses: if the two
 * agree, the relay would publish this row with these bytes again. `same`: what is told of a
 * record that agrees; EV_FINDINGS: nothing. */
static int compare(struct ev_reconcile *reconcile, const struct ev_reconcile_row *row,
                   const struct claim *claim, int64_t previous, enum ev_finding_kind same)
{
        struct ev_outgoing expected = { 0 };
        int r = ev_relay_make_fact(&reconcile->record, &row->fact, &row->place.names, previous,
                                   &expected);

        assert(row->lane);

        ev_arena_reset(reconcile->arena);
        if (r == 0)
                r = ev_difference_find(claim->message, &expected, reconcile->arena,
                                       &reconcile->text);
        if (r == EV_DIFFERENCE_FOUND)
                tell(reconcile, row->lane, claim, EV_FINDING_CHANGED,
                     ev_buffer_str(&reconcile->text));
        else if (r == 0 && same != EV_FINDINGS)
                tell(reconcile, row->lane, claim, same, EV_STR_NULL);
        return r < 0 ? ev_trace(r) : 0;
}

/* What the record of this row names as the one before it: the row before it on its partition. One that
 * is missing on either side is told by itself, and its successor is not told for it: also right are the
 * last row whose record was met, and the last record that has no row. Where reading did not begin with
 * the first record of the partition, the first of them is believed if it names one from before. */
static int64_t previous_of(const struct ev_reconcile *reconcile, const struct ev_reconcile_row *row,
                           const struct claim *claim)
{
        int64_t claimed = claimed_previous(claim);
        const struct ev_lane *link = row->link;

        assert(row->lane && link);

        if (link->published == 0 && !row->lane->is_whole)
                return claimed < reconcile->counts.from ? claimed : 0;
        if (claimed == link->acknowledged || (claimed == link->tail && claimed > 0))
                return claimed;
        return link->published;
}

/* The first occurrence of a row, where it should be. Its predecessor is noted for the repetitions that may
 * follow, and they are compared as strictly as the first. */
static int take_first(struct ev_reconcile *reconcile, const struct ev_reconcile_row *row,
                      const struct claim *claim)
{
        int64_t previous = previous_of(reconcile, row, claim);
        int r;

        assert(row->fact.seq > row->link->published);

        ev_ledger_note(reconcile->ledger, row->fact.seq, previous);
        r = compare(reconcile, row, claim, previous, EV_FINDINGS);
        row->link->published = row->link->acknowledged = row->fact.seq;
        return ev_trace(r);
}

/* One more of a row that was compared, or the first of one that was awaited. Very late ones, whose
 * predecessor was forgotten, are believed in that one header and compared in all else. */
static int take_late(struct ev_reconcile *reconcile, const struct ev_reconcile_row *row,
                     const struct claim *claim, enum ev_finding_kind kind)
{
        int64_t previous;

        assert(row->lane);

        if (!ev_ledger_previous(reconcile->ledger, row->fact.seq, &previous))
                previous = claimed_previous(claim);
        return ev_trace(compare(reconcile, row, claim, previous, kind));
}

/* ---- Looking up ---- */

/* By halves: rows of a page are in order of seq. */
static bool find_near(const struct ev_reconcile_near *near, int64_t seq, size_t *ret_at)
{
        size_t low = 0, high = ev_result_rows(near->rows);

        assert(seq >= near->first && seq <= near->last);

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (ev_feed_seq(near->rows, middle) < seq)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret_at = low;
        return low < ev_result_rows(near->rows) && ev_feed_seq(near->rows, low) == seq;
}

/* The row of a number, with some that follow it, since what is looked up comes in order. Slices are
 * valid until the next call. */
static int look_up(struct ev_reconcile *reconcile, int64_t seq, struct ev_reconcile_row *row,
                   bool *ret_found)
{
        struct ev_reconcile_near *near = &reconcile->near;
        size_t at, count;
        int r;

        assert(seq > 0 && ret_found);

        if (!near->rows || seq < near->first || seq > near->last) {
                near->rows = ev_result_free(near->rows);
                r = ev_feed_page(&reconcile->feed, EV_FEED_OUTBOX, seq - 1, NEAR_ROWS, NEAR_BYTES,
                                 &near->rows);
                if (r < 0)
                        return ev_trace(r);
                count = ev_result_rows(near->rows);
                near->first = seq;
                near->last = count > 0 ? ev_feed_seq(near->rows, count - 1) : seq;
        }
        *ret_found = find_near(near, seq, &at);
        if (!*ret_found)
                return 0;
        ev_feed_fact(near->rows, at, &row->fact);
        return ev_trace(ev_reconcile_locate(reconcile, row));
}

/* ---- Judging ---- */

/* One finding, not two: its row is not told as missing as well. Whose key was changed in the
 * table has the same fault as whose record was sent elsewhere; the detail says where the row
 * wants it. */
static int tell_elsewhere(struct ev_reconcile *reconcile, const struct ev_reconcile_lane *lane,
                          const struct claim *claim, const struct ev_reconcile_row *row)
{
        char text[DETAIL_MAX] = "its row belongs nowhere";

        assert(row->lane != lane);

        if (row->lane)
                snprintf(text, sizeof(text), "belongs on %s [%d]",
                         reconcile->places.chain.topics[row->lane->topic].name,
                         row->lane->partition);
        link_of(reconcile, lane, claim)->tail = claim->seq;
        ev_ledger_meet(reconcile->ledger, claim->seq);
        tell(reconcile, lane, claim, EV_FINDING_WRONG_PARTITION, ev_str_of(text));
        return TAKEN;
}

/* A record that is not the one of the row in hand. `known`: the rows up to this number have been
 * compared. */
static int judge(struct ev_reconcile *reconcile, struct ev_reconcile_lane *lane,
                 const struct claim *claim, int64_t known)
{
        struct ev_reconcile_row row = { 0 };
        bool is_found = false;
        int r = look_up(reconcile, claim->seq, &row, &is_found);

        assert(claim->source >= 0);

        if (r < 0)
                return ev_trace(r);
        if (!is_found || !is_its_row(reconcile, claim, &row.fact)) {
                link_of(reconcile, lane, claim)->tail = claim->seq;
                tell_lost(reconcile, lane, claim);
                return TAKEN;
        }
        if (row.lane != lane)
                return tell_elsewhere(reconcile, lane, claim, &row);
        if (claim->seq > known)
                return AHEAD;
        if (!ev_ledger_is_awaited(reconcile->ledger, claim->seq))
                return ev_trace(take_late(reconcile, &row, claim, EV_FINDING_REPEATED));
        ev_ledger_meet(reconcile->ledger, claim->seq);
        tell(reconcile, lane, claim, EV_FINDING_REORDERED, EV_STR_NULL);
        return ev_trace(take_late(reconcile, &row, claim, EV_FINDINGS));
}

/* Of what lies before the comparison only the last number of each source is kept: the first row behind
 * it names it. */
static void pass_over(struct ev_reconcile *reconcile, const struct ev_reconcile_lane *lane,
                      const struct claim *claim)
{
        struct ev_lane *link = link_of(reconcile, lane, claim);

        assert(claim->seq < reconcile->counts.from);

        if (claim->seq > link->published)
                link->published = link->acknowledged = claim->seq;
        ++reconcile->counts.before;
}

/* Whether the next one is ahead is not known before it was looked at. */
static void take(struct ev_reconcile *reconcile, struct ev_reconcile_lane *lane)
{
        assert(ev_tap_peek(&lane->tap));

        ev_tap_take(&lane->tap);
        lane->is_ahead = false;
        ++reconcile->counts.records;
}

/* The next record that may be a row's; what is in front of it is told or passed over. False: the lane
 * has come to its end. */
static int next_claim(struct ev_reconcile *reconcile, struct ev_reconcile_lane *lane,
                      struct claim *claim, bool *ret_has)
{
        assert(lane->is_read);

        for (;;) {
                int r = ev_tap_fill(&lane->tap);
                const struct ev_message *message = ev_tap_peek(&lane->tap);

                *ret_has = message;
                if (r < 0 || !message)
                        return ev_trace(r);
                read_claim(reconcile, message, claim);
                if (!is_strange(reconcile, lane, claim)) {
                        if (claim->seq >= reconcile->counts.from)
                                return 0;
                        pass_over(reconcile, lane, claim);
                }
                take(reconcile, lane);
        }
}

/* Whatever follows on its partition names it as its predecessor if it was published there, and
 * the one before it if it was not; previous_of() takes both. */
static int await(struct ev_reconcile *reconcile, struct ev_reconcile_row *row)
{
        assert(row->fact.seq > row->link->published);

        ev_ledger_note(reconcile->ledger, row->fact.seq, row->link->published);
        row->link->published = row->fact.seq;
        if (!ev_ledger_await(reconcile->ledger, row->fact.seq))
                tell_row(reconcile, row, EV_FINDING_MISSING_RECORD, EV_STR_NULL);
        return 0;
}

/* Ends with the record of the row, or without: when the lane is at its end, or the next record
 * is that of a later row. Every turn but the last takes one record, so it ends. */
static int find_record(struct ev_reconcile *reconcile, struct ev_reconcile_row *row)
{
        struct ev_reconcile_lane *lane = row->lane;
        struct claim claim;
        bool has_claim = false;
        int r;

        assert(lane && lane->is_read);

        for (;;) {
                r = next_claim(reconcile, lane, &claim, &has_claim);
                if (r < 0)
                        return ev_trace(r);
                if (has_claim && is_its_row(reconcile, &claim, &row->fact)) {
                        r = take_first(reconcile, row, &claim);
                        take(reconcile, lane);
                        return ev_trace(r);
                }
                if (has_claim && !lane->is_ahead) {
                        r = judge(reconcile, lane, &claim, row->fact.seq);
                        if (r < 0)
                                return ev_trace(r);
                        lane->is_ahead = r == AHEAD;
                        /* Sources that were learnt meanwhile may have moved what the row points to. */
                        r = ev_reconcile_locate(reconcile, row);
                        if (r < 0)
                                return ev_trace(r);
                }
                if (!has_claim || lane->is_ahead)
                        return ev_trace(await(reconcile, row));
                take(reconcile, lane);
        }
}

/* A row that belongs to no partition that is read cannot have been published by a relay of
 * this database: it would have halted at it. */
int ev_reconcile_row(struct ev_reconcile *reconcile, struct ev_reconcile_row *row)
{
        assert(row->fact.seq <= reconcile->counts.to);

        if (row->lane && row->lane->is_read)
                return ev_trace(find_record(reconcile, row));
        tell_row(reconcile, row, EV_FINDING_MISSING_RECORD,
                 row->lane ? EV_STR("its partition is another shard's")
                           : ev_str_of(ev_error_last()->text));
        return 0;
}

/* ---- Behind the last row ---- */

/* A fact behind the position: the row was looked up, and stands where it should. They are
 * published in order, too. Those of them that are not published yet are nobody's fault, and
 * nobody looks for them. */
static int take_later(struct ev_reconcile *reconcile, const struct claim *claim)
{
        struct ev_reconcile_row row = { 0 };
        bool is_found = false;
        int64_t previous;
        int r = look_up(reconcile, claim->seq, &row, &is_found);

        if (r < 0)
                return ev_trace(r);
        assert(is_found && row.link);
        if (row.fact.seq > row.link->published) {
                ++reconcile->counts.later;
                return ev_trace(take_first(reconcile, &row, claim));
        }
        if (ev_ledger_previous(reconcile->ledger, row.fact.seq, &previous))
                return ev_trace(take_late(reconcile, &row, claim, EV_FINDING_REPEATED));
        tell(reconcile, row.lane, claim, EV_FINDING_REORDERED, EV_STR_NULL);
        return ev_trace(take_late(reconcile, &row, claim, EV_FINDINGS));
}

/* What is left of a lane: late repetitions, records whose rows are gone, and facts that were
 * committed after the position was read. Of those the row is there, since it was committed
 * before it was published. */
int ev_reconcile_drain(struct ev_reconcile *reconcile, struct ev_reconcile_lane *lane)
{
        struct claim claim;
        bool has_claim = lane->is_read;
        int r = 0;

        assert(reconcile->next == INT64_MAX);

        while (r == 0 && has_claim) {
                r = next_claim(reconcile, lane, &claim, &has_claim);
                if (r < 0 || !has_claim)
                        break;
                r = judge(reconcile, lane, &claim, reconcile->counts.to);
                if (r == AHEAD)
                        r = take_later(reconcile, &claim);
                if (r == 0)
                        take(reconcile, lane);
        }
        return ev_trace(r);
}

/* Looked up once more for what a person needs to know of it. If it has gone meanwhile, its
 * partition was dropped, and the whole run is void (check_span()). */
int ev_reconcile_tell_missing(struct ev_reconcile *reconcile, int64_t seq)
{
        struct ev_reconcile_row row = { .fact.seq = seq };
        bool is_found = false;
        int r = look_up(reconcile, seq, &row, &is_found);

        assert(seq > 0);

        if (r < 0)
                return ev_trace(r);
        if (is_found)
                tell_row(reconcile, &row, EV_FINDING_MISSING_RECORD, EV_STR_NULL);
        return 0;
}
