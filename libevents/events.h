#ifndef EVENTS_H
#define EVENTS_H

/* What the author of a worker may use: the only header of the library that a worker includes. */

#include "base/arena.h"
#include "base/clock.h"
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
