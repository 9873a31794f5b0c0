/* SPDX-License-Identifier: BSD-2-Clause */
/* confine - see the header. */
#include "capture/confine.h"

#include <errno.h>
#include <string.h>

#include "capture/privilege.h"
#include "capture/sandbox.h"

#define WATCHING                                                                                                       \
	(WS_CAP(CAP_BPF) | WS_CAP(CAP_PERFMON) | WS_CAP(CAP_NET_RAW) | WS_CAP(CAP_NET_ADMIN) | WS_CAP(CAP_SYS_ADMIN) | \
	 WS_CAP(CAP_SYS_PTRACE) | WS_CAP(CAP_KILL) | WS_CAP(CAP_DAC_OVERRIDE) | WS_CAP(CAP_DAC_READ_SEARCH))

int ws_confine(const struct ws_capture_options *o, pid_t command, bool has_clsact, struct ws_confinement *made,
	       struct ws_error *err)
{
	const struct ws_sandbox_needs needs = { .has_children = o->watch_s != 0,
						.removes_filters = has_clsact,
						.command = command };
	struct ws_error why = { 0 };
	uint64_t keep = o->watch_s ? WATCHING : 0;
	int rc;

	if (command)
		keep |= WS_CAP(CAP_KILL);
	if (has_clsact)
		keep |= WS_CAP(CAP_NET_ADMIN) | WS_CAP(CAP_SYS_ADMIN);
	keep = ws_privilege_try_without(keep, o->dir, o->with_ebpf);
	rc = ws_privilege_keep(keep, needs.has_children, err);
	if (rc)
		return rc;
	made->is_confined = true;
	made->kept = keep;
	made->filter = needs.has_children ? "watching" : "recording";
#ifdef WS_SANDBOX_SANITIZED
	rc = ws_error(&why, -ENOSYS, "built with a sanitizer, which could not end");
#else
	rc = ws_sandbox_enter(&needs, &why);
#endif
	if (rc) {
		made->filter = NULL;
		snprintf(made->words, sizeof(made->words), "%.199s", why.text);
	}
	return 0;
}

int ws_confine_thread(struct ws_error *err)
{
	return ws_privilege_keep(0, false, err);
}
