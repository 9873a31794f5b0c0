/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_clocks - what chrony and PTP say of a node's clock.
 *   chrony.txt  `chronyc -c tracking`: fields joined by commas; the fifth is how far the clock is behind NTP time (s,
 *               positive: behind), the eleventh and twelfth the root delay and dispersion. The error is at most the
 *               dispersion and half the delay.
 *   ptp.txt     `pmc 'GET TIME_STATUS_NP'` of linuxptp: master_offset, how far the clock is ahead of its master (ns).
 *               PTP states no bound: the path's delay is taken for one, if `pmc 'GET CURRENT_DATA_SET'` is in the file,
 *               too; else what the clock is off by, and 1 us at least.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cluster/cluster_draft.h"
#include "lib/decimal.h"

#define NS_PER_S	   1e9
#define CHRONY_FIELDS	   14
#define CHRONY_REF_TIME	   3
#define CHRONY_SYSTEM_TIME 4
#define CHRONY_DELAY	   10
#define CHRONY_DISPERSION  11
#define CHRONY_LEAP	   13
/* A clock that is farther off than 30 years is not kept in step. */
#define SECONDS_MAX	 1e9
#define PTP_BOUND_MIN_NS 1000

static bool read_seconds(const char *text, double max, double *seconds)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value) || fabs(value) > max)
		return false;
	*seconds = value;
	return true;
}

/* When the file that is read was asked for; without a word on it, when the snapshot was taken. */
static int64_t asked_ns(const struct ws_cluster_draft *d)
{
	const struct ws_cluster *c = d->cluster;
	const char *file = d->path + strlen(c->dir) + 1;

	for (uint32_t i = 0; i < c->n_sources; i++)
		if (c->source[i].taken_ns != INT64_MIN && strcmp(c->source[i].file, file) == 0)
			return c->source[i].taken_ns;
	return c->taken_ns;
}

static void read_tracking(struct ws_cluster_draft *d, void *context, char *line)
{
	double offset, delay, dispersion;
	struct ws_cluster_clock clock = { .node = d->node, .method = "chrony" };
	const int64_t asked = *(const int64_t *)context;
	char *field[CHRONY_FIELDS] = { line };
	uint32_t n = 1;

	for (char *at = strchr(line, ','); at && n < CHRONY_FIELDS; at = strchr(at + 1, ',')) {
		*at = '\0';
		field[n++] = at + 1;
	}
	if (n < CHRONY_FIELDS ||
	    ws_decimal_read(field[CHRONY_REF_TIME], strlen(field[CHRONY_REF_TIME]), 9, &clock.at_ns, NULL) ||
	    !read_seconds(field[CHRONY_SYSTEM_TIME], SECONDS_MAX, &offset) ||
	    !read_seconds(field[CHRONY_DELAY], SECONDS_MAX, &delay) ||
	    !read_seconds(field[CHRONY_DISPERSION], SECONDS_MAX, &dispersion)) {
		d->cluster->n_unread++;
		return;
	}
	if (strncmp(field[CHRONY_LEAP], "Not synch", 9) == 0)
		return;
	/* the time that is printed is that of the last measurement, which the offset and the bound are past */
	if (asked > clock.at_ns)
		clock.at_ns = asked;
	clock.offset_ns = llround(offset * NS_PER_S);
	clock.bound_ns = (uint64_t)llround((fabs(dispersion) + fabs(delay) / 2) * NS_PER_S);
	ws_draft_add(d, &d->clocks, &clock);
}

int ws_cluster_read_chrony(struct ws_cluster_draft *d)
{
	int64_t asked = asked_ns(d);

	return ws_draft_lines(d, read_tracking, &asked);
}

/* What pmc printed. */
struct status {
	char identity[32]; /* of the clock that answers */
	double offset_ns;
	double delay_ns; /* negative: not said */
	bool has_offset;
	bool is_synchronized;
};

static void read_status(struct ws_cluster_draft *d, void *context, char *line)
{
	struct status *s = context;
	char *rest, *name = strtok_r(line, " \t", &rest), *value = strtok_r(NULL, " \t", &rest);
	size_t len;

	if (!name || !value)
		return;
	if (strcmp(value, "seq") == 0) { /* "90e2ba.fffe.20c7f8-0 seq 0 RESPONSE MANAGEMENT TIME_STATUS_NP" */
		len = strcspn(name, "-");
		snprintf(s->identity, sizeof(s->identity), "%.*s", (int)(len < 31 ? len : 31), name);
	} else if (strcmp(name, "master_offset") == 0) {
		s->has_offset = read_seconds(value, SECONDS_MAX * NS_PER_S, &s->offset_ns);
		d->cluster->n_unread += !s->has_offset;
	} else if (strcmp(name, "meanPathDelay") == 0) {
		if (!read_seconds(value, SECONDS_MAX * NS_PER_S, &s->delay_ns))
			d->cluster->n_unread++;
	} else if (strcmp(name, "gmPresent") == 0) {
		s->is_synchronized |= strcmp(value, "true") == 0;
	} else if (strcmp(name, "gmIdentity") == 0 && *s->identity) { /* the master itself */
		s->is_synchronized |= strcmp(value, s->identity) == 0;
	}
}

int ws_cluster_read_ptp(struct ws_cluster_draft *d)
{
	struct ws_cluster_clock clock = { .node = d->node, .method = "ptp", .at_ns = asked_ns(d) };
	struct status s = { .delay_ns = -1 };
	int rc = ws_draft_lines(d, read_status, &s);

	if (rc || !s.has_offset || !s.is_synchronized)
		return rc;
	clock.offset_ns = -(int64_t)s.offset_ns;
	clock.bound_ns = s.delay_ns >= 0 ? (uint64_t)s.delay_ns : (uint64_t)fabs(s.offset_ns);
	if (clock.bound_ns < PTP_BOUND_MIN_NS)
		clock.bound_ns = PTP_BOUND_MIN_NS;
	ws_draft_add(d, &d->clocks, &clock);
	return 0;
}
