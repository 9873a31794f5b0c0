/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * publication - a directory of result files, each of which is there whole or not at all: written under a temporary
 * name, renamed when complete. What a killed process has left of its temporary files goes when the directory is opened
 * the next time.
 */
#ifndef WS_ANALYZE_PUBLICATION_H
#define WS_ANALYZE_PUBLICATION_H

#include <stdio.h>

#include "lib/error.h"

struct ws_publication {
	char *dir;  /* for error texts */
	int dir_fd; /* everything is relative to it: no path is built, none can grow too long */
};

/* A file that is being written. */
struct ws_draft {
	const struct ws_publication *publication;
	char name[64];
	char temporary[128];
	FILE *file; /* write here */
};

/* Opens the directory; makes it, if only it is missing, not its parents. 0 or -errno. */
int ws_publication_open(const char *dir, struct ws_publication *publication, struct ws_error *err);

/* Opens out, or, if that is NULL, dir/reports, which must not be a link: it would lead elsewhere. As above. */
int ws_publication_open_for(const char *out, const char *dir, struct ws_publication *publication, struct ws_error *err);

/* NULL is fine. */
void ws_publication_close(struct ws_publication *publication);

/* Begins the file of that name. 0 or -errno. To be ended with one of the next two. */
int ws_draft_open(const struct ws_publication *publication, const char *name, struct ws_draft *draft,
		  struct ws_error *err);

/*
 * Completes the file: from now on the name means what was written. On failure, what had the name is untouched. -ENOMEM
 * also where jansson was refused memory: something may be missing in the file.
 */
int ws_draft_publish(struct ws_draft *draft, struct ws_error *err);

/* Writes the whole of such a file by write, which returns 0 or -errno. 0 or -errno. */
int ws_publication_write(const struct ws_publication *publication, const char *name,
			 int (*write)(const void *content, FILE *out), const void *content, struct ws_error *err);

/* Forgets what was written; NULL and an ended draft are fine. */
void ws_draft_close(struct ws_draft *draft);

#endif
