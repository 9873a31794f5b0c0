/* SPDX-License-Identifier: BSD-2-Clause */
/* witness - see the header. */
#include "ingest/witness.h"

#include <errno.h>
#include <string.h>

int ws_witness_begin(struct ws_witness *witness, const char *path, struct ws_error *err)
{
	return stat(path, &witness->before) ? ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno)) : 0;
}

int ws_witness_check(const struct ws_witness *witness, const char *path, struct ws_error *err)
{
	const struct stat *before = &witness->before;
	struct stat now;

	if (stat(path, &now))
		return ws_error(err, -EAGAIN,
				"%s: went away while it was read: nothing of it was loaded; run ingest again", path);
	if (now.st_dev != before->st_dev || now.st_ino != before->st_ino || now.st_size != before->st_size ||
	    now.st_mtim.tv_sec != before->st_mtim.tv_sec || now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return ws_error(
			err, -EAGAIN,
			"%s: changed while it was read: nothing of it was loaded; wait until nothing writes it any "
			"more, and run ingest again",
			path);
	return 0;
}
