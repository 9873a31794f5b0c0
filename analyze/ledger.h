/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger - prints the account of every frame and what became of every sighting: `analyze ledger`.
 */
#ifndef WS_ANALYZE_LEDGER_H
#define WS_ANALYZE_LEDGER_H

#include <stdbool.h>
#include <stdio.h>

#include "analyze/invocation.h"
#include "analyze/study.h"

/* Do the reasons add up to the frames that passed, at every point? */
bool ws_ledger_balances(const struct ws_study *study);

/* 0, -ENOMEM or -EIO. */
int ws_ledger_print(const struct ws_study *study, enum ws_format format, FILE *out);

#endif
