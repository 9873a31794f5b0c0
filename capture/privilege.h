/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privilege - capabilities: which a recording needs, which are missing, and how they are given up for good. Sets of
 * them are bits: 1 << CAP_NET_RAW and so on. By the kernel's own calls: what is needed of a library here is four calls,
 * and a library's idea of them (which sets, which threads) would have to be looked at all the same. Sources:
 * capabilities(7).
 */
#ifndef WS_PRIVILEGE_H
#define WS_PRIVILEGE_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/options.h"
#include "lib/error.h"

/* Names of Linux 5.8 to 5.9, for headers that are older. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF	    39
#endif

#define WS_CAP(number) (1ull << (number))
#define WS_CAP_ALL     UINT64_MAX

/* Room for the names of a set. */
#define WS_PRIVILEGE_TEXT 256

/* The capabilities that this thread may use. */
uint64_t ws_privilege_effective(void);

/* What a recording as the options say has to have when it starts. */
uint64_t ws_privilege_needed(const struct ws_capture_options *o);

/* Are they there? Returns 0; -EPERM, and in words which are not, what each is for, and what to do. */
int ws_privilege_check(const struct ws_capture_options *o, struct ws_error *err);

/* "CAP_BPF, CAP_NET_RAW"; "none". Returns text. */
const char *ws_privilege_names(uint64_t caps, char text[WS_PRIVILEGE_TEXT]);

/* The name of one of those that we have to do with; NULL of any other. */
const char *ws_privilege_name(int number);

/*
 * Of what would be given up, which is needed to go on with the files of dir, and (uses_bpf) with maps that are open?
 * The calling thread tries: it is left with no more than keep in effect.
 */
uint64_t ws_privilege_try_without(uint64_t keep, const char *dir, bool uses_bpf);

/*
 * The calling thread, and what it will ever start, keeps those of keep that it has, and cannot get others any more:
 * bounding set, securebits (both as far as CAP_SETPCAP lets it), no_new_privs. has_children: programs that it starts
 * are to have them, too; else they get none. Other threads keep what they have. Returns 0 or -errno.
 */
int ws_privilege_keep(uint64_t keep, bool has_children, struct ws_error *err);

#endif
