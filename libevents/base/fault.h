#ifndef EV_BASE_FAULT_H
#define EV_BASE_FAULT_H

/* Fault points: places where a test makes the process die, stand still or fail.
 *
 * Crash safety is a claim about every moment between two steps, so the code names those moments:
 *
 *      r = EV_FAULT(commit_sent);
 *      if (r < 0)
 *              return ev_trace(r);
 *
 * They exist only in builds with -DEV_FAULTS=ON; elsewhere EV_FAULT() is the constant 0 and neither
 * code nor name is in the program. A test arms them by the environment:
 *
 *      EV_FAULTS="commit_sent=kill@3;acked_some=stop:15000;begun=error"
 *      EV_FAULTS_COUNTS=/tmp/hits
 *
 * kill     SIGKILL to ourselves.
 * stop:MS  SIGSTOP to ourselves. Waking up is the tester's: who sends SIGCONT has to outlive us,
 *          and a child of ours would keep our connections open, which is what the stop is to test.
 *          MS is how long the tester should wait; it is told in the file of counts.
 * error    the point returns EV_FAILED with the verdict retry, as trouble of a server would.
 * @N       act at the Nth time only (from 1); without it, every time.
 *
 * Each time a point that is armed is reached, one line "PID POINT HIT ACTION MS" is appended to the
 * file named by EV_FAULTS_COUNTS *before* anything happens, so that it is there after a SIGKILL
 * too; ACTION is "none" where @N has not come yet or is over, MS is 0 but for stop. */

#include <stdint.h>

#include "base/macro.h"

/* All points there are: a batch, its transaction, offsets, the relay, start, stop, tools. */
#define EV_FAULT_POINTS(X)                                                                    \
        X(batch_polled)             /* records taken from Kafka, nothing done */              \
        X(batch_decoded)            /* events in the arena */                                 \
        X(transaction_begun)        /* BEGIN sent */                                          \
        X(offsets_locked)           /* the offsets are moved and locked, not committed */     \
        X(inbox_claimed)            /* duplicates are known */                                \
        X(first_write)              /* before the first row of the domain */                  \
        X(last_write)               /* behind the last one */                                 \
        X(outbox_written)           /* facts stand in the outbox, COMMIT not sent */          \
        X(commit_sent)              /* COMMIT sent, reply not read: the outcome is unknown */ \
        X(commit_known)             /* COMMIT confirmed, memory not moved on */               \
        X(before_kafka_commit)      /* offsets not yet shown to Kafka */                      \
        X(in_backoff)               /* waiting after an error */                              \
        X(in_rollback)              /* before ROLLBACK */                                     \
        X(dead_letter_written)      /* before its COMMIT */                                   \
        X(dead_letter_committed)    /* behind its COMMIT */                                   \
        X(revoked_while_collecting) /* partitions taken away while a batch is collected */    \
        X(before_unassign)          /* in the callback that takes partitions away */          \
        X(after_unassign)                                                                     \
        X(epoch_bumped)             /* partitions are ours in the database */                 \
        X(offsets_read)             /* and we know where to go on */                          \
        X(partitions_assigned)      /* and librdkafka knows too */                            \
        X(relay_read)               /* a page of the outbox read */                           \
        X(enqueued_first)           /* the first record handed to the producer */             \
        X(enqueued_all)             /* the page handed over, nothing acknowledged */          \
        X(acked_some)               /* some of it acknowledged */                             \
        X(position_saved)           /* before the COMMIT of the relay's position */           \
        X(position_committed)       /* behind it */                                           \
        X(producer_fatal)           /* the producer reports an error that ends it */          \
        X(leadership_lost)          /* the lock is gone with records in hand */               \
        X(config_loaded)            /* start: settings are known */                           \
        X(database_connected)       /* start */                                               \
        X(migrations_checked)       /* start */                                               \
        X(clients_made)             /* start: Kafka's clients exist */                        \
        X(stop_paused)              /* stop: no new records */                                \
        X(stop_drained)             /* stop: the batch in hand is done */                     \
        X(stop_closed)              /* stop: connections closed */                            \
        X(migration_between)        /* between two statements of a migration */               \
        X(migration_before_version) /* before the row that says it is done */                 \
        X(replay_read)              /* a chunk of facts read */                               \
        X(replay_between_commits)   /* between two chunks */                                  \
        X(archive_written)          /* a new file is whole, and counts for nothing yet */     \
        X(archive_promised)         /* all are, and the new manifest says so */               \
        X(archive_renamed)          /* some of them have their names */                       \
        X(archive_made)             /* all is done, and no database knows of it */            \
        X(outbox_detached)          /* a partition of the outbox is a table of its own */     \
        X(seal_read)                /* the rows of a seal are read, nothing is signed */      \
        X(seal_committed)           /* it stands in its table, and nowhere else */            \
        X(seal_sent)                /* it is on its topic, which is not noted */              \
        X(file_written)             /* beside the one that it is to replace */

#ifdef EV_FAULTS

#define EV_FAULT_ENUMERATOR(name) EV_FAULT_POINT_##name,
enum ev_fault_point { EV_FAULT_POINTS(EV_FAULT_ENUMERATOR) EV_FAULT_POINT_COUNT };
#undef EV_FAULT_ENUMERATOR

#define EV_FAULT(name) ev_fault_reach(EV_FAULT_POINT_##name)

/* Counts, and does what the point is armed with. 0 or EV_FAILED. */
int ev_fault_reach(enum ev_fault_point point) _must_check_;

/* How often the point was reached since ev_fault_init(), armed or not. */
uint64_t ev_fault_hits(enum ev_fault_point point);

#else

#define EV_FAULT(name) (0)

#endif

/* Reads EV_FAULTS; to be called once when a program starts. Fails (verdict: stop) if its syntax is
 * wrong, if it names a point that does not exist, if the file of counts cannot be written, and in a
 * build without fault points if it is set at all: a test that only believes it breaks something
 * proves nothing. */
int ev_fault_init(void) _must_check_;

#endif
