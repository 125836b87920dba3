#ifndef EV_FLOW_SETTINGS_H
#define EV_FLOW_SETTINGS_H

/* Settings that programs share, and what is made of them.
 *
 * Every program knows the tables of all programs, so that one file can serve them all: a key that
 * is another program's is not a mistake, one that is nobody's is. */

#include "base/config.h"
#include "base/error.h"
#include "base/macro.h"
#include "store/db.h"
#include "wire/kafka.h"

extern const struct ev_option_table ev_database_options; /* <database>.conninfo, … */
extern const struct ev_option_table ev_kafka_options;    /* kafka.* */
extern const struct ev_option_table ev_worker_options;   /* batch.max, wait.max_s, … */
extern const struct ev_option_table ev_relay_options;    /* relay.* */
extern const struct ev_option_table ev_tool_options;     /* migrations.directory */

/* All tables: what a program knows. */
enum { EV_PROGRAM_OPTIONS = 6 };
extern const struct ev_option_table *const ev_program_options[EV_PROGRAM_OPTIONS];

/* Where one of the databases ("order_db") is, and the password for it (NULL: none was given). Both
 * live as long as the configuration. */
const char *ev_settings_conninfo(const struct ev_config *config, const char *database);
const char *ev_settings_password_file(const struct ev_config *config, const char *database);

/* A worker's session with its database, not connected yet. At each connect it sets what the worker
 * relies on, whatever role it connects as (in development a superuser): see settings.c. The caller
 * owns *ret_db; the configuration need not outlive it. */
int ev_settings_worker_db(const struct ev_config *config, const char *database,
                          const char *application_name, struct ev_db **ret_db) _must_check_;

/* A session like a worker's with a database that is filled by a replay, not connected yet; a
 * password comes from where libpq looks for it (conninfo, PGPASSFILE). The caller owns *ret_db. */
int ev_settings_replay_db(const char *conninfo, const char *application_name,
                          struct ev_db **ret_db) _must_check_;

/* The operator's kafka.* settings; as many as fit, which is as many as a configuration can have.
 * They live as long as the configuration. */
size_t ev_settings_kafka(const struct ev_config *config,
                         struct ev_kafka_setting settings[EV_CONFIG_FREE_MAX]);

/* SIGTERM and SIGINT as a file that becomes readable. To be called before any thread is made, so
 * that none takes the signal. */
int ev_settings_stop_fd(int *ret_fd) _must_check_;

/* Behind it, where nothing is left that has to be ended in order: from here on the signals end the program at
 * once, and a server that is at work is not waited for. Of the thread that calls. */
int ev_settings_end_at_once(void) _must_check_;

#endif
