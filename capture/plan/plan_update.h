/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_update - the newest update of a snapshot. */
#ifndef WS_PLAN_UPDATE_H
#define WS_PLAN_UPDATE_H

#include <limits.h>
#include <stdbool.h>

/* Is it the name of an update's directory: update-NNNN? */
bool ws_plan_is_update(const char *name);

/* The name of the newest complete update in the snapshot's directory; "" if it has none. */
void ws_plan_update_find(const char *dir, char name[NAME_MAX + 1]);

#endif
