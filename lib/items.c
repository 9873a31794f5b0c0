/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * items - see the header. A scanner of JSON's grammar (RFC 8259) finds where each element begins and ends, and what is
 * broken; jansson makes a value of one element at a time. The scanner's memory is the element and a bit for each level
 * of nesting.
 */
#include "lib/items.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/json_memory.h"
#include "lib/json_scan.h"

#define CHUNK_LEN     (1u << 16)
#define ELEMENT_FIRST (1u << 14)
/* The values in an element: an empty object of three bytes takes some hundred in memory. */
#define VALUES_MAX (2u << 20)
/* A larger element's buffer is not kept for the next. */
#define ELEMENT_KEPT (1u << 20)

struct walk {
	struct ws_json_scan scan;
	const char *path;
	const char *key;
	bool (*wanted)(void *context, const char *bytes, size_t len); /* NULL: all are */
	int (*visit)(void *context, json_t *element);
	void *context;
	struct ws_error *err;
	char *element; /* the bytes of the element under way */
	size_t len;
	size_t cap;
	uint64_t element_off; /* in the file */
	uint64_t n_values;
	uint32_t element_depth;
	bool is_in_element;
	bool is_in_list; /* in an array that stands under the key */
};

static int broken(const struct walk *w, uint64_t off, const char *what)
{
	return ws_error(w->err, -EPROTO, "%s: byte %llu: %s", w->path, (unsigned long long)off, what);
}

static int append(struct walk *w, const uint8_t *bytes, size_t n)
{
	size_t cap = w->cap ? w->cap : ELEMENT_FIRST;
	char *grown;

	if (w->len + n > WS_ITEMS_ELEMENT_MAX)
		return ws_error(w->err, -EFBIG, "%s: byte %llu: an element of more than %u MB begins here", w->path,
				(unsigned long long)w->element_off, WS_ITEMS_ELEMENT_MAX >> 20);
	while (cap < w->len + n + 1)
		cap *= 2;
	if (cap > w->cap) {
		grown = realloc(w->element, cap);
		if (!grown)
			return ws_error(w->err, -ENOMEM, "%s: out of memory", w->path);
		w->element = grown;
		w->cap = cap;
	}
	memcpy(w->element + w->len, bytes, n);
	w->len += n;
	w->element[w->len] = '\0';
	return 0;
}

/* Is the number, which begins here and is in JSON's grammar, none that jansson can hold? */
static bool is_too_large(const char *number, size_t len)
{
	size_t n_whole = 0;

	while (n_whole < len && !strchr(".eE", number[n_whole]))
		n_whole++;
	if (n_whole < len) {
		double value = strtod(number, NULL);

		return value > __DBL_MAX__ || value < -__DBL_MAX__;
	}
	errno = 0;
	strtoll(number, NULL, 10);
	return errno == ERANGE;
}

/* Makes a null of each number that is too large: one of them should not cost the file. They have five bytes or more. */
static void blunt_numbers(char *text)
{
	bool is_in_string = false;

	while (*text) {
		size_t len = is_in_string ? 0 : strspn(text, "+-.0123456789eE");

		if (len && (*text == '-' || (*text >= '0' && *text <= '9'))) {
			if (is_too_large(text, len)) {
				memset(text, ' ', len);
				memcpy(text, "null", 4);
			}
			text += len;
			continue;
		}
		if (is_in_string && *text == '\\')
			text++;
		else if (*text == '"')
			is_in_string = !is_in_string;
		text++;
	}
}

/* Makes a value of the element under way, and shows it. */
static int show(struct walk *w)
{
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_error_t error;
	json_t *element = json_loadb(w->element, w->len, flags, &error);
	int rc;

	if (!element && json_error_code(&error) == json_error_numeric_overflow) {
		blunt_numbers(w->element);
		element = json_loadb(w->element, w->len, flags, &error);
	}
	if (ws_json_memory_was_short() || (!element && json_error_code(&error) == json_error_out_of_memory)) {
		json_decref(element); /* a text in it may lack its end */
		return ws_error(w->err, -ENOMEM, "%s: out of memory", w->path);
	}
	if (!element)
		return broken(w, w->element_off + (uint64_t)error.position, error.text);
	rc = w->visit(w->context, element);
	json_decref(element);
	return rc;
}

static int give(struct walk *w)
{
	int rc = 0;

	w->is_in_element = false;
	if (w->n_values > VALUES_MAX)
		return ws_error(w->err, -EFBIG, "%s: byte %llu: an element of more than %u values begins here", w->path,
				(unsigned long long)w->element_off, VALUES_MAX);
	if (!w->wanted || w->wanted(w->context, w->element, w->len))
		rc = show(w);
	if (w->cap > ELEMENT_KEPT) {
		free(w->element);
		w->element = NULL;
		w->cap = 0;
	}
	return rc;
}

/* A value begins: is it an element, or the list of elements? */
static int begin(struct walk *w, uint8_t first)
{
	const struct ws_json_scan *s = &w->scan;
	bool is_element;

	if (s->depth == 0 && first != '{' && (first != '[' || w->key))
		return broken(w, s->off,
			      w->key ? "an object should begin here" : "an array or object should begin here");
	w->n_values++;
	if (w->is_in_element)
		return 0;
	if (w->key)
		is_element = w->is_in_list && s->depth == 2;
	else
		is_element = s->depth == 0 ? first == '{' : s->depth == 1;
	if (w->key && s->depth == 1)
		w->is_in_list = first == '[' && ws_json_scan_is_key(s, w->key);
	if (is_element) {
		w->is_in_element = true;
		w->element_depth = s->depth;
		w->element_off = s->off;
		w->n_values = 1;
		w->len = 0;
	}
	return 0;
}

static int read_chunk(struct walk *w, const uint8_t *bytes, size_t len)
{
	size_t kept = 0, at = 0; /* bytes before kept are in the element */
	int rc = 0;

	while (at < len && rc == 0) {
		enum ws_json_event event = ws_json_scan(&w->scan, bytes, len, &at);

		switch (event) {
		case WS_JSON_BEGIN: /* before the value's first byte */
			rc = begin(w, bytes[at]);
			if (w->is_in_element && w->element_off == w->scan.off)
				kept = at;
			break;
		case WS_JSON_END: /* behind its last */
			if (!w->is_in_element || w->scan.depth != w->element_depth)
				break;
			rc = append(w, bytes + kept, at - kept);
			if (rc == 0)
				rc = give(w);
			break;
		case WS_JSON_BROKEN:
			return broken(w, w->scan.off, w->scan.why);
		case WS_JSON_MORE:
			break;
		}
	}
	if (rc == 0 && w->is_in_element)
		rc = append(w, bytes + kept, len - kept);
	return rc;
}

static int read_file(struct walk *w, int fd, uint8_t *chunk)
{
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = read(fd, chunk, CHUNK_LEN)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ws_error(w->err, -errno, "%s: cannot read: %s", w->path, strerror(errno));
		rc = read_chunk(w, chunk, (size_t)n);
	}
	if (rc == 0 && !ws_json_scan_is_complete(&w->scan))
		rc = broken(w, w->scan.off, "the file ends in the middle of its JSON");
	return rc;
}

int ws_items_visit(const char *path, const char *key, int (*visit)(void *context, json_t *element), void *context,
		   struct ws_error *err)
{
	return ws_items_visit_wanted(path, key, NULL, visit, context, err);
}

int ws_items_visit_wanted(const char *path, const char *key,
			  bool (*wanted)(void *context, const char *bytes, size_t len),
			  int (*visit)(void *context, json_t *element), void *context, struct ws_error *err)
{
	struct walk w = { .path = path, .key = key, .wanted = wanted, .visit = visit, .context = context, .err = err };
	uint8_t *chunk = malloc(CHUNK_LEN);
	struct stat st;
	int fd = -1, rc;

	if (!chunk) {
		rc = ws_error(err, -ENOMEM, "%s: out of memory", path);
		goto out;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		rc = ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
		goto out;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		rc = ws_error(err, -EINVAL, "%s: not a regular file", path);
		goto out;
	}
	rc = read_file(&w, fd, chunk);
out:
	if (fd >= 0)
		close(fd);
	free(w.element);
	free(chunk);
	return rc;
}
