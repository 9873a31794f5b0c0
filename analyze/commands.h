/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commands - analyze's sub-commands: each does what its name says and speaks to the user. With main the only files that
 * print to standard output and standard error. Each returns the program's exit status.
 */
#ifndef WS_ANALYZE_COMMANDS_H
#define WS_ANALYZE_COMMANDS_H

#include "analyze/campaign.h"
#include "analyze/invocation.h"
#include "analyze/study.h"

enum ws_status { WS_STATUS_DONE = 0, WS_STATUS_FAILED = 1, WS_STATUS_USAGE = 2 };

/* Of a run. */
int ws_command_cdf(const struct ws_invocation *invocation, struct ws_study *study);
int ws_command_pairs(const struct ws_invocation *invocation, struct ws_study *study);
int ws_command_ledger(const struct ws_invocation *invocation, struct ws_study *study);
int ws_command_detect(const struct ws_invocation *invocation, struct ws_study *study);

/* Of a campaign. */
int ws_command_bundle(const struct ws_invocation *invocation, const struct ws_campaign *campaign);
int ws_command_sweep(const struct ws_invocation *invocation, const struct ws_campaign *campaign);
int ws_command_offsets(const struct ws_invocation *invocation, const struct ws_campaign *campaign);
int ws_command_e2e(const struct ws_invocation *invocation, const struct ws_campaign *campaign);
int ws_command_compare(const struct ws_invocation *invocation, const struct ws_campaign *unused);
int ws_command_report(const struct ws_invocation *invocation, const struct ws_campaign *campaign);
int ws_command_overhead(const struct ws_invocation *invocation, const struct ws_campaign *campaign);
int ws_command_audit(const struct ws_invocation *invocation, const struct ws_campaign *campaign);

/* Of all nodes together: they open their own atlas. */
int ws_command_trace(const struct ws_invocation *invocation);
int ws_command_topology(const struct ws_invocation *invocation);
int ws_command_export(const struct ws_invocation *invocation);
int ws_command_runs(const struct ws_invocation *invocation);
int ws_command_clocks(const struct ws_invocation *invocation);
int ws_command_underlay(const struct ws_invocation *invocation);

/* Tells a failure (kind "") or a warning ("warning: "). Standard output first, so that the two come in order. */
void ws_tell(const char *kind, const char *text);

/* Tells of -errno, where nothing else is known. */
void ws_tell_failure(int rc);

/* Tells what came of printing to standard output: 0 or -errno. */
int ws_tell_printed(int rc);

/*
 * Tells what came of writing a command's files: 0; 1: all but a figure, and err says why, which is a warning; -errno.
 * Where the run is somebody else's and nobody said --out, that it cannot be written there is a warning, too.
 */
int ws_tell_published(const struct ws_invocation *invocation, int rc, const struct ws_error *err);

/* Tells that a command has nothing to say of these runs. */
int ws_tell_nothing(const struct ws_invocation *invocation, const char *text);

#endif
