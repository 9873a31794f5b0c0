/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_run_points - a run's end, when the interface of a packet capture went away just before it. The packet captures
 * are this file's own: they fail, or do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/run_points.h"
#include "capture/sniffer.h"

struct ws_sniffer {
	int rc;
	uint32_t n_completed;
};

int ws_sniffer_open(const struct ws_capture_options *o, uint32_t index, const char *path, struct ws_sniffer **sniffer,
		    struct ws_error *err)
{
	(void)o, (void)index, (void)path, (void)sniffer;
	return ws_error(err, -ENOSYS, "not here");
}

int ws_sniffer_finish(struct ws_sniffer *s, struct ws_error *err)
{
	if (s->rc)
		return ws_error(err, s->rc, "the interface disappeared");
	return ws_sniffer_complete(s, err);
}

int ws_sniffer_complete(struct ws_sniffer *s, struct ws_error *err)
{
	(void)err;
	s->n_completed++;
	return 0;
}

bool ws_sniffer_has_failed(struct ws_sniffer *s)
{
	return s->rc != 0;
}

int ws_sniffer_look(const struct ws_sniffer *s, struct ws_error *err)
{
	(void)s, (void)err;
	return 0;
}

const struct ws_sniffer_facts *ws_sniffer_facts(const struct ws_sniffer *s)
{
	static const struct ws_sniffer_facts nothing;

	(void)s;
	return &nothing;
}

void ws_sniffer_close(struct ws_sniffer *s)
{
	(void)s;
}

struct end {
	struct ws_run_facts *run;
	bool is_gone;
	uint32_t n_asked;
};

static bool is_over(void *context, uint32_t index, const char *words)
{
	struct end *end = context;

	end->n_asked++;
	assert_int_equal(index, 1);
	assert_string_equal(words, "the interface disappeared");
	return end->is_gone && ws_run_points_end(end->run, index, NULL) == 0;
}

static int finish(bool is_gone, bool is_watching, struct ws_sniffer sniffer[3], struct ws_error *err)
{
	struct ws_capture_options *o = calloc(1, sizeof(*o));
	struct ws_run_facts *run = calloc(1, sizeof(*run));
	struct end end = { .run = run, .is_gone = is_gone };
	int rc;

	assert_non_null(o);
	assert_non_null(run);
	o->n_points = 3;
	run->options = o;
	for (uint32_t i = 0; i < 3; i++)
		run->sniffer[i] = &sniffer[i];
	rc = ws_run_points_finish(run, is_watching ? is_over : NULL, &end, err);
	assert_int_equal(end.n_asked, is_watching);
	assert_int_equal(run->is_gone[1], is_gone && is_watching);
	free(run);
	free(o);
	return rc;
}

static void interface_gone_at_the_end(void **state)
{
	struct ws_sniffer sniffer[3] = { [1] = { .rc = -EIO } };
	struct ws_error err = { 0 };

	(void)state;
	assert_int_equal(finish(true, true, sniffer, &err), 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(sniffer[i].n_completed, 1);
}

static void other_failures_stay_failures(void **state)
{
	struct ws_sniffer sniffer[3] = { [1] = { .rc = -EIO } };
	struct ws_error err = { 0 };

	(void)state;
	assert_int_equal(finish(false, true, sniffer, &err), -EIO);
	assert_string_equal(err.text, "the interface disappeared");
	assert_int_equal(finish(false, false, sniffer, &err), -EIO);
	assert_int_equal(sniffer[1].n_completed, 0);
	assert_int_equal(sniffer[2].n_completed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interface_gone_at_the_end),
		cmocka_unit_test(other_failures_stay_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
