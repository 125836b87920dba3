/* Sessions of commands. For those that only look READ ONLY is set on the session, so that no mistake in a
 * statement changes a row; a statement that runs for a minute is given up, because it competes with
 * the workers. */

#include "database.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "flow/settings.h"

enum {
        KEY_MAX = 64,
        CONNECT_MS = 5000,
        WAIT_MS = 65000,      /* above statement_timeout: the server speaks first */
        COMPARE_MS = 3605000, /* likewise */
};

const char *const database_names[DATABASES] = { "customer_db", "order_db", "intl_shipping_db" };

static const struct ev_db_setting looking[] = {
        { "default_transaction_read_only", "on" },
        { "statement_timeout", "60s" },
        { "lock_timeout", "5s" },
        { "timezone", "UTC" },
        { "jit", "off" },
        /* Pages are asked for again and again; a plan for any of them would be one for none. */
        { "plan_cache_mode", "force_custom_plan" },
};

/* What is asked for in a session with other defaults must be on the disk too when it is told. */
static const struct ev_db_setting changing[] = {
        { "default_transaction_read_only", "off" },
        { "synchronous_commit", "on" },
        { "statement_timeout", "60s" },
        { "lock_timeout", "5s" },
        { "idle_in_transaction_session_timeout", "10s" },
        { "timezone", "UTC" },
        { "jit", "off" },
};

/* For what looks at all rows, as they were at one moment. A statement may take minutes, and ends soon after the
 * command that was interrupted. */
static const struct ev_db_setting comparing[] = {
        { "client_connection_check_interval", "2s" },
        { "default_transaction_read_only", "on" },
        { "default_transaction_isolation", "repeatable read" },
        { "statement_timeout", "1h" },
        { "idle_in_transaction_session_timeout", "0" }, /* while another one catches up */
        { "lock_timeout", "5s" },
        { "timezone", "UTC" },
        { "jit", "off" },
};

int database_find(const char *name)
{
        assert(name);

        for (int i = 0; i < DATABASES; ++i)
                if (strcmp(database_names[i], name) == 0)
                        return i;
        fprintf(stderr, "eventctl: \"%s\" is none of customer_db, order_db and intl_shipping_db\n",
                name);
        return -1;
}

bool database_is_given(const struct ev_config *config, const char *name)
{
        struct ev_config_entry entry;
        size_t position = 0;
        char key[KEY_MAX];

        assert(name);

        snprintf(key, sizeof(key), "%s.conninfo", name);
        while (ev_config_next_entry(config, &position, &entry))
                if (strcmp(entry.name, key) == 0)
                        return strcmp(entry.origin, "default") != 0;
        return false;
}

bool database_is_configured(const struct ev_config *config, const char *name)
{
        bool any = false;

        assert(config && name);

        for (size_t i = 0; i < DATABASES; ++i)
                any = any || database_is_given(config, database_names[i]);
        return !any || database_is_given(config, name);
}

static int open_with(const struct ev_db_options *options, struct ev_db **ret_db)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        int r = ev_db_new(&db, options);

        assert(ret_db);

        if (r == 0)
                r = ev_db_connect(db);
        if (r < 0)
                return ev_trace(r);
        *ret_db = db;
        db = NULL;
        return 0;
}

static struct ev_db_options options_of(const struct ev_config *config, const char *name)
{
        assert(name);

        return (struct ev_db_options){
                .conninfo = ev_settings_conninfo(config, name),
                .password_file = ev_settings_password_file(config, name),
                .application_name = "eventctl",
                .connect_ms = CONNECT_MS,
                .wait_ms = WAIT_MS,
        };
}

int database_open(const struct ev_config *config, const char *name, struct ev_db **ret_db)
{
        struct ev_db_options options = options_of(config, name);

        assert(config && name);

        options.settings = looking;
        options.settings_count = EV_ARRAY_SIZE(looking);
        return ev_trace(open_with(&options, ret_db));
}

int database_open_to_change(const struct ev_config *config, const char *name, struct ev_db **ret_db)
{
        struct ev_db_options options = options_of(config, name);

        assert(config && name);

        options.settings = changing;
        options.settings_count = EV_ARRAY_SIZE(changing);
        return ev_trace(open_with(&options, ret_db));
}

int database_open_to_compare(const struct ev_config *config, const char *name, const char *conninfo,
                             struct ev_db **ret_db)
{
        struct ev_db_options options = options_of(config, name);

        assert(config && name);

        if (conninfo) {
                options.conninfo = conninfo;
                options.password_file = NULL;
        }
        options.wait_ms = COMPARE_MS;
        options.settings = comparing;
        options.settings_count = EV_ARRAY_SIZE(comparing);
        return ev_trace(open_with(&options, ret_db));
}
