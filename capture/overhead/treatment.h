/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * treatment - what may be attached to the tracing points while a load runs, and what that saw and cost.
 */
#ifndef WS_TREATMENT_H
#define WS_TREATMENT_H

#include <stdbool.h>

#include "capture/options.h"
#include "capture/overhead/child.h"
#include "lib/error.h"

/* Further arguments of `capture run`. */
#define WS_TREATMENT_ARGUMENTS_MAX 2

enum ws_treatment_way {
	WS_TREAT_NOT,
	WS_TREAT_IDLE,	  /* an idle tap at each point */
	WS_TREAT_CAPTURE, /* `capture run`, as it was asked for, and with further arguments */
	WS_TREAT_TCPDUMP, /* tcpdump at each point */
};

struct ws_treatment {
	const char *name;  /* as lib/trials.h allows */
	const char *words; /* the same in words */
	enum ws_treatment_way way;
	bool is_usual; /* measured unless the user names others */
	const char *argument[WS_TREATMENT_ARGUMENTS_MAX];
};

#define WS_N_TREATMENTS 9
/* The first is nothing: what the others are compared with. */
extern const struct ws_treatment ws_treatment[WS_N_TREATMENTS];

/*
 * Reads a list of names, joined by commas; NULL: the usual ones. The first is always there. Returns 0 or -EINVAL with
 * words; order and repetition do not matter.
 */
int ws_treatments_parse(const char *list, bool is_chosen[WS_N_TREATMENTS], struct ws_error *err);

/* All that a treatment may need to know. */
struct ws_treating {
	const struct ws_capture_options *options;
	char **run_argv; /* `capture run` with all its options, without the load; NULL-terminated */
	const char *dir; /* for its files; exists */
	const volatile sig_atomic_t *stop;
};

/* What is attached. */
struct ws_attached;

/*
 * Attaches, and waits until all of it sees packets. Returns 0; -errno with words; -EINTR without: *stop was set. To be
 * closed with ws_attached_close().
 */
int ws_treatment_attach(const struct ws_treatment *treatment, const struct ws_treating *t,
			struct ws_attached **attached, struct ws_error *err);

/* CPU time of the programs that are attached, and how often their threads were woken, so far. */
uint64_t ws_attached_cpu_ns(const struct ws_attached *a);
uint64_t ws_attached_wakeups(const struct ws_attached *a);

/*
 * Ends it in good order. What it saw and lost, at all points together: -1 where nobody counts. Returns 0; -errno with
 * words, too, if one of its programs had failed meanwhile.
 */
int ws_attached_end(struct ws_attached *a, int64_t *n_frames, int64_t *n_lost, struct ws_error *err);

/* NULL is nothing. */
void ws_attached_close(struct ws_attached *a);

#endif
