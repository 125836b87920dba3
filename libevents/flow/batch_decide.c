/* Decides the records of a batch, one by one, in the order of arrival.
 *
 * Everything happens in memory: facts in the batch's arena, rows in its working set. A record sees
 * what those before it did. What cannot be decided is set aside; what can never be, becomes a dead
 * letter. Each record ends in exactly one of them, so that none is lost and none counts twice. If
 * the process dies here, the transaction with the locked rows is rolled back, and nobody has seen
 * anything of it.
 *
 * A failure is never about one record only: what the records before it did lies folded in the same
 * rows. So it fails the batch, and flow/retry.c finds out whose it is by running less. */

#include "flow/batch_private.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "flow/headers.h"
#include "flow/text.h"

/* ---- Setting aside ---- */

/* A record that comes from ev.parked leaves it when it was decided. */
static void leave_parked(struct ev_batch *batch, const struct ev_item *item)
{
        assert(batch->finished_count < batch->count);

        if (item->is_retry)
                batch->finished[batch->finished_count++] = item->raw.place;
}

/* A dead letter holds nothing up: it is not known whose it would have been. */
static int add_dead(struct ev_batch *batch, const struct ev_item *item)
{
        struct ev_dead_letter *letter = &batch->dead[batch->dead_count];
        int r = ev_item_raw(batch->arena, item, &letter->record);

        assert(item->refusal != 0 && !item->is_retry);
        assert(batch->dead_count < batch->count);

        if (r < 0)
                return ev_trace(r);
        letter->reason = ev_str_of(ev_refusal_name(item->refusal));
        letter->detail = ev_text_whole(item->detail);
        ++batch->dead_count;
        ++batch->counts.dead;
        return 0;
}

static int add_parked(struct ev_batch *batch, const struct ev_item *item, const char *reason,
                      struct ev_str detail, bool waits)
{
        struct ev_parked *parked = &batch->parked[batch->parked_count];
        int r = ev_item_raw(batch->arena, item, &parked->record);

        assert(item->aggregate.data); /* empty where the fields name none, never null */
        assert(batch->parked_count < batch->count && !item->is_retry);

        if (r < 0)
                return ev_trace(r);
        parked->subject = item->event.subject;
        parked->aggregate = item->aggregate;
        parked->reason = ev_str_of(reason);
        parked->detail = ev_text_whole(detail);
        parked->has_deadline = waits;
        parked->deadline = waits ? batch->cases.now + batch->wait_max_us : 0;
        ++batch->parked_count;
        return 0;
}

/* A record from ev.parked stays where it is, so that its order among those of its aggregate, which
 * the row knows, is kept also where the record cannot be opened any more. */
static void add_again(struct ev_batch *batch, const struct ev_item *item, const char *reason,
                      struct ev_str detail)
{
        struct ev_parked *again = &batch->again[batch->again_count++];

        assert(item->is_retry);
        assert(batch->again_count <= batch->count);

        again->record.place = item->raw.place;
        again->reason = ev_str_of(reason);
        again->detail = ev_text_whole(detail);
}

/* For a person: without a deadline, and everything later of its aggregate stays behind it. */
static int park(struct ev_batch *batch, struct ev_item *item, const char *reason,
                struct ev_str detail)
{
        assert(item->fate == EV_FATE_DECIDE || item->is_retry);

        item->fate = EV_FATE_PARK;
        ++batch->counts.parked;
        if (item->is_retry) {
                add_again(batch, item, reason, detail);
                return 0;
        }
        return ev_trace(add_parked(batch, item, reason, detail, false));
}

/* A record that waits already stays in ev.parked; its attempt is noted. Its deadline stays too: it
 * counts from the first time. */
static int wait(struct ev_batch *batch, struct ev_item *item, const char *for_what)
{
        assert(!item->is_last_try);

        item->fate = EV_FATE_WAIT;
        ++batch->counts.waiting;
        if (!item->is_retry)
                return ev_trace(add_parked(batch, item, "waiting", ev_str_of(for_what), true));
        batch->postponed[batch->postponed_count++] = item->raw.place;
        return 0;
}

/* Whether an aggregate of this lane was parked for a person earlier in this batch. */
static bool is_parked_here(const struct ev_batch *batch, const struct ev_item *item)
{
        assert(!item->is_retry);

        for (size_t i = 0; i < batch->parked_count; ++i) {
                const struct ev_parked *parked = &batch->parked[i];

                if (!parked->has_deadline &&
                    parked->record.place.partition == item->raw.place.partition &&
                    ev_str_equal(parked->aggregate, item->aggregate) &&
                    ev_str_equal(parked->record.place.topic, item->raw.place.topic))
                        return true;
        }
        return false;
}

/* By one that was parked in an earlier batch, which the database has said, or in this one. */
static bool is_held(const struct ev_batch *batch, const struct ev_item *item)
{
        assert(item->held == SIZE_MAX || item->held < batch->held_count);

        if (item->held == SIZE_MAX)
                return false;
        return batch->held[item->held].is_held || is_parked_here(batch, item);
}

/* ---- Repeats ---- */

/* Natural key, type and content: the key of ev.request. */
static bool same_request(const struct ev_request *a, const struct ev_request *b)
{
        assert(a != b);

        return memcmp(a->content_hash, b->content_hash, sizeof(a->content_hash)) == 0 &&
               ev_str_equal(a->natural_key, b->natural_key) && ev_str_equal(a->type, b->type);
}

/* The accepted request that this one would repeat: one of this batch, else one that the database
 * knew, else NULL. */
static const struct ev_request *find_first(const struct ev_batch *batch,
                                           const struct ev_request *request, uint64_t hash)
{
        assert(hash == ev_str_hash(request->natural_key));

        for (size_t i = batch->accepted_count; i-- > 0;)
                if (batch->accepted_hashes[i] == hash && same_request(&batch->accepted[i], request))
                        return &batch->accepted[i];
        return request->is_known ? request : NULL;
}

/* As a …RequestRepeated names it: ids as text. */
static int describe_first(struct ev_batch *batch, const struct ev_request *first,
                          struct ev_first_request *ret_first)
{
        char text[EV_UUID_TEXT_MAX];

        assert(first->event_id.data && first->outcome_type.data);

        ev_uuid_format(&first->outcome_event_id, text);
        ret_first->event_id = first->event_id;
        ret_first->outcome_type = first->outcome_type;
        return ev_trace(ev_arena_copy(batch->arena, ev_str_of(text), &ret_first->outcome_event_id));
}

/* Decided afresh in the same batch, after its outcome was undone: the later one stands. */
static void remember_accepted(struct ev_batch *batch, const struct ev_item *item,
                              const struct ev_announced *outcome, uint64_t hash)
{
        struct ev_request accepted = batch->requests[item->request];
        size_t at = batch->accepted_count;

        assert(outcome->outcome == EV_OUTCOME_ACCEPTED);
        assert(at < batch->count);

        /* The slices are the record's and the fact's, which live until the batch is saved. */
        accepted.event_id = item->event.id;
        accepted.outcome_event_id = outcome->id;
        accepted.outcome_type = outcome->record->name;
        for (size_t i = 0; i < batch->accepted_count; ++i)
                if (batch->accepted_hashes[i] == hash &&
                    same_request(&batch->accepted[i], &accepted))
                        at = i;
        batch->accepted[at] = accepted;
        batch->accepted_hashes[at] = hash;
        batch->accepted_count += at == batch->accepted_count;
}

/* ---- Deciding ---- */

/* Decided: by its route, or as a repeat. */
static void finish(struct ev_batch *batch, struct ev_item *item)
{
        assert(item->fate == EV_FATE_DECIDE);

        item->fate = EV_FATE_DECIDED;
        ++batch->counts.decided;
        leave_parked(batch, item);
}

/* One that waited for a route that this program has not any more ends its wait too: left in
 * ev.parked, it would be tried again for ever. */
static void ignore(struct ev_batch *batch, struct ev_item *item)
{
        assert(item->fate == EV_FATE_IGNORE);

        ++batch->counts.ignored;
        leave_parked(batch, item);
}

/* Only what was accepted is remembered: a refusal leaves nothing, and the same again is decided
 * afresh. */
static int decide_item(struct ev_batch *batch, struct ev_item *item)
{
        struct ev_first_request first;
        struct ev_case c = { .cases = &batch->cases,
                             .routed = item->routed,
                             .event = &item->event,
                             .value = item->value,
                             .last_try = item->is_last_try };
        const struct ev_request *request = NULL;
        uint64_t hash = 0;
        int r;

        assert(item->routed && item->value);

        if (item->request != SIZE_MAX) {
                hash = ev_str_hash(batch->requests[item->request].natural_key);
                request = find_first(batch, &batch->requests[item->request], hash);
        }
        if (request) {
                r = describe_first(batch, request, &first);
                if (r < 0)
                        return ev_trace(r);
                c.first_request = &first;
        }
        /* What it announces is folded by the time it returns. */
        r = ev_case_decide(&c);
        if (r == EV_WAITS)
                return ev_trace(wait(batch, item, c.reason));
        if (r == EV_PARKS)
                return ev_trace(park(batch, item, "decide", ev_str_of(c.reason)));
        if (r < 0)
                return ev_trace(r);

        if (c.is_ignored) {
                item->fate = EV_FATE_IGNORE;
                item->why_ignored = c.reason;
                ++batch->counts.disallowed;
                ignore(batch, item);
                return 0;
        }
        if (item->request != SIZE_MAX && c.outcome->outcome == EV_OUTCOME_ACCEPTED)
                remember_accepted(batch, item, c.outcome, hash);
        finish(batch, item);
        return 0;
}

/* What the inbox said of the claims, brought to their records: by the tag, because the claims have
 * been sorted. */
static void apply_claims(struct ev_batch *batch)
{
        assert(batch->claim_count <= batch->count);

        for (size_t i = 0; i < batch->claim_count; ++i) {
                struct ev_item *item = &batch->items[batch->claims[i].tag];

                switch (batch->claims[i].claimed) {
                case EV_CLAIMED_NEW: break;
                case EV_CLAIMED_SEEN:
                        item->fate = EV_FATE_IGNORE;
                        ++batch->counts.duplicates;
                        break;
                case EV_CLAIMED_REUSED:
                        item->fate = EV_FATE_DEAD;
                        item->refusal = EV_ID_REUSED;
                        item->detail = EV_STR("ce_id was seen before with another type or value");
                        break;
                }
        }
}

/* Records from ev.parked that a person has removed since they were looked up, or is about to: they
 * are not decided, or their effect would come although they are gone. */
static void leave_gone(struct ev_batch *batch)
{
        size_t k = 0;

        for (size_t i = 0; i < batch->count; ++i)
                if (batch->items[i].is_retry)
                        batch->items[i].is_gone = !batch->is_there[k++];
        assert(k == batch->retried_count);
}

/* A database of which a fact is missing is no rebuilt one. */
static int refuse_unread(const struct ev_item *item)
{
        assert(item->fate == EV_FATE_DEAD);

        return ev_fail(EV_VERDICT_STOP, "%.*s [%d] @%lld cannot be read: %.*s",
                       EV_STR_ARG(item->raw.place.topic), item->raw.place.partition,
                       (long long)item->raw.place.offset, EV_STR_ARG(item->detail));
}

/* A record that was at fault is parked before anything else is looked at: a decide that fails, or
 * that ends the process, must not be run again. */
static int settle_item(struct ev_batch *batch, struct ev_item *item)
{
        assert(!item->is_poison || item->poison);

        if (item->is_gone) {
                item->fate = EV_FATE_IGNORE;
                ++batch->counts.ignored;
                return 0;
        }
        switch (item->fate) {
        case EV_FATE_DEAD:
                if (batch->is_replay)
                        return ev_trace(refuse_unread(item));
                /* What was set aside once is a person's to give up, not ours: its aggregate is
                 * known, and others may be held behind it. */
                if (item->is_retry)
                        return ev_trace(
                                park(batch, item, ev_refusal_name(item->refusal), item->detail));
                return ev_trace(add_dead(batch, item));
        case EV_FATE_DECIDE:
                if (item->is_poison)
                        return ev_trace(park(batch, item, "poison", ev_str_of(item->poison)));
                if (is_held(batch, item))
                        return ev_trace(
                                park(batch, item, "held", EV_STR("behind a parked record")));
                return ev_trace(decide_item(batch, item));
        case EV_FATE_IGNORE: ignore(batch, item); return 0;
        case EV_FATE_PARK:
        case EV_FATE_WAIT:
        case EV_FATE_DECIDED: break;
        }
        assert(item->fate == EV_FATE_DECIDE); /* a record is settled once a run */
        return 0;
}

/* In the order of the items, which is that of arrival in each lane. */
int ev_batch_decide(struct ev_batch *batch)
{
        int r;

        assert(batch->cases.count == 0);

        leave_gone(batch);
        apply_claims(batch);
        r = ev_batch_check_marks(batch);
        if (r != 0)
                return r;
        for (size_t i = 0; i < batch->count; ++i) {
                r = settle_item(batch, &batch->items[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        batch->counts.facts = batch->cases.count;
        return 0;
}
