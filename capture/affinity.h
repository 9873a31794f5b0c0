/* SPDX-License-Identifier: BSD-2-Clause */
/* affinity - keeps the calling thread on one CPU. */
#ifndef WS_AFFINITY_H
#define WS_AFFINITY_H

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "lib/error.h"

/* cpu: -1 leaves the thread where it is. option: what the user asked it with. Returns 0 or -errno. */
static inline int ws_affinity_set(int cpu, const char *option, struct ws_error *err)
{
	cpu_set_t cpus;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return ws_error(err, -errno, "%s %d: %s", option, cpu, strerror(errno));
	return 0;
}

#endif
