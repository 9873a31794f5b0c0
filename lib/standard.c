/* SPDX-License-Identifier: BSD-2-Clause */
/* standard - see the header. */
#include "lib/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void ws_standard_keep(void)
{
	int fd;

	/* the lowest that is free is taken; output that was closed is read-only, so that writing to it fails */
	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int ws_standard_flush(struct ws_error *err)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	/* what failed long ago has left its mark, and no reason */
	return errno ? ws_error(err, -errno, "cannot write to standard output: %s", strerror(errno))
		     : ws_error(err, -EIO, "cannot write to standard output");
}
