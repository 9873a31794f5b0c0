/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overhead - what capturing costs (`capture run --overhead`): the same load under each treatment, in blocks. In a block
 * every treatment has one trial, in random order (randomized complete blocks): what changes slowly on the machine is
 * alike in a block, and what changes quickly meets no treatment more than another. The results go to overhead.json
 * (lib/trials.h); `ingest` and `analyze overhead` go on from there. What is captured meanwhile is thrown away.
 */
#ifndef WS_OVERHEAD_H
#define WS_OVERHEAD_H

#include <signal.h>

#include "capture/options.h"
#include "lib/error.h"
#include "lib/trials.h"

/* In the words of the load command, this stands for the file that it is to write its log to. */
#define WS_OVERHEAD_LOG "{}"

/* Are the options such as --overhead can do with? 0 or -EINVAL with words. */
int ws_overhead_check(const struct ws_capture_options *o, struct ws_error *err);

/* What is told of every trial; position 0: of the first one, which does not count. */
typedef void ws_overhead_tell(const struct ws_trials *trials, const struct ws_trial *trial, uint32_t n_blocks);

/*
 * Measures. argv: the whole command line, from the program's name on. *stop, set by a signal's handler, ends it: the
 * blocks that are whole are written then. Returns 0, or -errno with words: no overhead.json is there then.
 * -EINTR: stopped before the first block was whole.
 */
int ws_overhead_run(const struct ws_capture_options *o, int argc, char **argv, const volatile sig_atomic_t *stop,
		    ws_overhead_tell *tell, struct ws_error *err);

#endif
