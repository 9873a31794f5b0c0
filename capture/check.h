/* SPDX-License-Identifier: BSD-2-Clause */
/* check - can this kernel, with these privileges, do what `capture run` needs? */
#ifndef WS_CHECK_H
#define WS_CHECK_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Tries each thing that a recording needs, and prints a line for each to out, with what to do where it fails. Returns
 * whether a recording with eBPF is possible.
 */
bool ws_check(FILE *out);

#endif
