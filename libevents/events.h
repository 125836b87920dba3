#ifndef EVENTS_H
#define EVENTS_H

/* What the author of a worker may use: the only header of the library that a worker includes.
 *
 * A worker decides and folds: it needs rows, facts, numbers and times. Kafka, SQL, settings, the
 * log and metrics are the library's own business and are not in here on purpose; what a decide
 * cannot name, it cannot come to depend on, and a rebuild years later runs the same code without
 * them. */

#include "base/arena.h"
#include "base/clock.h"
#include "base/country.h"
#include "base/currency.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/macro.h"
#include "base/ratio.h"
#include "base/str.h"
#include "base/uuid.h"
#include "flow/worker.h"
#include "store/rows.h"
#include "store/tables.h"

#endif
