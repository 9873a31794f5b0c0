/* SPDX-License-Identifier: BSD-2-Clause */
/* log_read - see the header. */
#include "lib/log/log_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/decimal.h"
#include "lib/log/log_format.h"

#define NS_DIGITS 9

static const struct ws_log_format *const formats[] = {
	&ws_log_h2load, &ws_log_vegeta_csv, &ws_log_vegeta_json, &ws_log_hey_csv, &ws_log_k6_csv, &ws_log_k6_json,
};

int ws_log_wrong(struct ws_log *log, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return ws_error(log->err, -EINVAL, "%s: line %llu is no line of a log of format %s: %s", log->path,
			(unsigned long long)log->line.number, log->format->name, text);
}

int ws_log_give(struct ws_log *log, const struct ws_log_request *r)
{
	struct ws_log_facts *f = &log->facts;

	if (r->status < 0 || r->status > 999)
		return ws_log_wrong(log, "its status is no HTTP status");
	if (r->error_len && memchr(r->error, '\0', r->error_len))
		return ws_log_wrong(log, "its error holds a NUL byte");
	f->n_requests++;
	if (r->status == 0)
		f->n_unanswered++;
	else if (r->status >= 200 && r->status < 300)
		f->n_ok++;
	else
		f->n_not_ok++;
	return log->take(log->context, r);
}

void ws_log_note_digits(struct ws_log *log, uint32_t n_fraction_digits)
{
	int64_t step_ns = ws_power_of_ten(n_fraction_digits < NS_DIGITS ? NS_DIGITS - n_fraction_digits : 0);

	if (step_ns < log->facts.resolution_ns)
		log->facts.resolution_ns = step_ns;
}

/* The next line that is not empty. Returns 1, 0 at the end, or -errno. */
static int next_line(struct ws_log *log)
{
	int rc;

	do
		rc = ws_lines_next(log->lines, &log->line, log->err);
	while (rc == 1 && !log->line.is_cut &&
	       (log->line.len == 0 || (log->line.len == 1 && log->line.text[0] == '\r')));
	return rc;
}

/* The first line says what the log is. */
static int find_format(struct ws_log *log)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i]->is_first(log->line.text, log->line.len)) {
			log->format = formats[i];
			log->facts.format = log->format->name;
			log->facts.clock = log->format->clock;
			log->facts.resolution_ns = log->format->resolution_ns;
			return 0;
		}
	}
	return ws_error(
		log->err, -EINVAL,
		"%s: line %llu: no log of h2load (--log-file), vegeta (encode --to csv or json), hey (-o csv) or "
		"k6 (--out csv or json); load.* is taken for the load generator's log, so rename it if it is not",
		log->path, (unsigned long long)log->line.number);
}

/* Reads rows until the end, or until one that is not whole. */
static int read_rows(struct ws_log *log)
{
	bool is_header = log->format->read_header;
	int rc = 1;

	while (rc == 1 && !log->line.is_cut) {
		rc = is_header ? log->format->read_header(log) : log->format->read_row(log);
		is_header = false;
		if (rc == 0 && !log->line.is_cut)
			rc = next_line(log);
	}
	if (rc >= 0 && log->line.is_cut)
		log->facts.n_unread_lines = log->line.n;
	return rc < 0 ? rc : 0;
}

int ws_log_read(const char *path, ws_log_take take, void *context, struct ws_log_facts *facts, struct ws_error *err)
{
	struct ws_log *log = calloc(1, sizeof(*log));
	int rc;

	if (!log)
		return ws_error(err, -ENOMEM, "out of memory");
	log->path = path;
	log->take = take;
	log->context = context;
	log->err = err;
	rc = ws_lines_open(path, &log->lines, err);
	if (rc)
		goto out;
	rc = next_line(log);
	if (rc == 0)
		rc = ws_error(err, -EINVAL, "%s: empty: no load generator's log; move it away", path);
	if (rc == 1)
		rc = find_format(log);
	if (rc == 0)
		rc = read_rows(log);
	if (rc == 0) {
		log->facts.is_complete = log->facts.n_unread_lines == 0 && !ws_lines_is_cut(log->lines);
		*facts = log->facts;
	}
out:
	ws_lines_close(log->lines);
	free(log);
	return rc;
}
