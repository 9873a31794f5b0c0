/* SPDX-License-Identifier: BSD-2-Clause */
/* load_documents - the JSON documents of a run into its database; see load.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/digest.h"
#include "ingest/load.h"

#define DOCUMENT_MAX   (64u << 20)
#define DOCUMENT_FIRST (1u << 16)

/* All bytes of a file, and a NUL behind them. *text is the caller's, to be freed. */
static int read_all(FILE *file, const char *path, char **text, size_t *len, struct ws_error *err)
{
	char *bytes = NULL;
	size_t cap = 0, n = 0;

	while (!feof(file)) {
		char *grown = realloc(bytes, cap ? cap *= 2 : (cap = DOCUMENT_FIRST));

		if (!grown) {
			free(bytes);
			return ws_error(err, -ENOMEM, "%s: out of memory", path);
		}
		bytes = grown;
		n += fread(bytes + n, 1, cap - n - 1, file);
		if (ferror(file) || n > DOCUMENT_MAX) {
			free(bytes);
			return ws_error(err, -EINVAL, "%s: cannot be read, or is larger than %u MB", path,
					DOCUMENT_MAX >> 20);
		}
	}
	bytes[n] = '\0';
	*text = bytes;
	*len = n;
	return 0;
}

/* Opens a regular file: a FIFO would be waited for. */
static int open_document(const char *path, FILE **file, struct ws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	struct stat st;

	if (fd < 0)
		return ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return ws_error(err, -EINVAL, "%s: not a regular file", path);
	}
	*file = fdopen(fd, "rb");
	if (*file)
		return 0;
	rc = ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	close(fd);
	return rc;
}

/* The document at path, and its hash. *text is the caller's, to be freed. */
static int read_document(const char *path, char **text, char hash[WS_DIGEST_TEXT_LEN], struct ws_error *err)
{
	FILE *file = NULL;
	size_t len = 0;
	int rc = open_document(path, &file, err);

	if (rc)
		return rc;
	rc = read_all(file, path, text, &len, err);
	fclose(file);
	if (rc)
		return rc;
	if (memchr(*text, '\0', len)) {
		free(*text);
		return ws_error(err, -EINVAL, "%s: holds a NUL byte, which JSON does not", path);
	}
	ws_digest_bytes(*text, len, hash);
	return 0;
}

/* What a document that was refused is not, and why; it is not the document's fault if the disk is full. Returns rc. */
static int refused(const char *path, const char *what, int rc, struct ws_error *err)
{
	struct ws_error cause = *err;

	if (rc == -ENOSPC || rc == -EBUSY || rc == -EACCES || rc == -ENOMEM)
		return rc;
	return ws_error(err, rc, "%s: not taken for %s: %.800s", path, what, cause.text);
}

int ws_load_conditions(struct ws_database *db, const char *path, struct ws_error *err)
{
	char hash[WS_DIGEST_TEXT_LEN], *text = NULL;
	int rc = read_document(path, &text, hash, err);

	if (rc)
		return rc;
	rc = ws_database_put_conditions(db, hash, text, err);
	free(text);
	return rc ? refused(path, "conditions", rc, err) : 0;
}

int ws_load_manifest(struct ws_database *db, const char *path, struct ws_error *err)
{
	char hash[WS_DIGEST_TEXT_LEN], *text = NULL;
	int rc = read_document(path, &text, hash, err);

	if (rc)
		return rc;
	rc = ws_database_put_manifest(db, hash, text, err);
	free(text);
	return rc ? refused(path, "a manifest", rc, err) : 0;
}

int ws_load_overhead(struct ws_database *db, const char *path, struct ws_error *err)
{
	char hash[WS_DIGEST_TEXT_LEN], *text = NULL;
	int rc = read_document(path, &text, hash, err);

	if (rc)
		return rc;
	rc = ws_database_put_overhead(db, hash, text, err);
	free(text);
	return rc ? refused(path, "what capturing costs", rc, err) : 0;
}
