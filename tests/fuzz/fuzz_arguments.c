/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_arguments - a libFuzzer target: any words as the arguments of capture run, plan and collect, and of ingest.
 *
 * Input: a byte that says whose, then the arguments, each up to a NUL; one that begins with a byte from 0x80 on begins
 * with an option's name instead. Nothing but the command line is read. What must hold is checked by abort(): wrong
 * usage has words, in which an argument that is no option is named; what is taken is within its bounds; the same words
 * are taken the same twice. Each argument lies in a heap block of its size. seeds.sh writes a corpus to begin with.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "capture/collect/collect.h"
#include "capture/filter.h"
#include "capture/options.h"
#include "capture/overhead/overhead.h"
#include "capture/plan/plan.h"
#include "capture/plan/plan_options.h"
#include "lib/search.h"
#include "tests/fuzz/words.h"

/* what ingest would say is kept */
static FILE *said;
#undef stdout
#undef stderr
#define stdout said
#define stderr said
#include "ingest/arguments.c" /* NOLINT(bugprone-suspicious-include) */

/* The words of --overhead are checked by what attaches programs: tests/unit/test_overhead.c. */
int ws_overhead_check(const struct ws_capture_options *o, struct ws_error *err)
{
	(void)o;
	(void)err;
	return 0;
}

static void check_capture(const struct words *w)
{
	struct ws_capture_options *o = calloc(1, sizeof(*o)), *again = calloc(1, sizeof(*again));
	struct ws_error err = { 0 };
	const int rc = ws_capture_options_parse(w->argc, (char **)w->argv, o, &err);

	MUST(o && again && (rc == 0 || rc == 1 || rc == -EINVAL));
	MUST(ws_capture_options_parse(w->argc, (char **)w->argv, again, NULL) == rc);
	MUST(o->n_points == again->n_points && o->n_filters == again->n_filters);
	MUST(o->search_bytes == again->search_bytes && o->duration_ns == again->duration_ns);
	MUST(o->wanted.families == again->wanted.families && o->command == again->command);
	if (rc == -EINVAL)
		check_refused(w, err.text);
	if (rc == 0) {
		MUST(*o->dir && (o->n_points || o->plan_path) && o->n_points <= WS_POINTS_MAX);
		MUST(o->search_bytes >= 1 && o->search_bytes <= WS_WINDOW_MAX);
		MUST(o->n_filters <= WS_FILTERS_MAX && o->zstd_level >= 1 && o->zstd_level <= 19);
		MUST(o->ring_bytes && !(o->ring_bytes & (o->ring_bytes - 1)));
		MUST(o->with_ebpf || o->with_pcap);
		for (uint32_t i = 0; i < o->n_points; i++)
			MUST(ws_plan_is_point_name(o->point[i].name, strlen(o->point[i].name)));
	}
	free(o);
	free(again);
}

static void check_plan(const struct words *w)
{
	struct ws_plan_options *o = calloc(1, sizeof(*o));
	struct ws_error err = { 0 };
	const int rc = ws_plan_options_parse(w->argc, (char **)w->argv, o, &err);

	MUST(o && (rc == 0 || rc == 1 || rc == -EINVAL));
	if (rc == -EINVAL)
		check_refused(w, err.text);
	if (rc == 0) {
		MUST(o->dir && o->n_pods <= WS_PLAN_NAMES_MAX && o->n_services <= WS_PLAN_NAMES_MAX);
		MUST(o->n_nodes <= WS_PLAN_NAMES_MAX && o->search_bytes <= WS_WINDOW_MAX);
	}
	free(o);
}

static void check_collect(const struct words *w)
{
	struct ws_snapshot_options o = { 0 };
	struct ws_error err = { 0 };
	const int rc = ws_snapshot_options_parse(w->argc, (char **)w->argv, &o, &err);

	MUST(rc == 0 || rc == 1 || rc == -EINVAL);
	if (rc == -EINVAL)
		check_refused(w, err.text);
	if (rc == 0) {
		MUST(*o.dir && *o.node && !strchr(o.node, '/') && o.node[0] != '.');
		MUST(o.timeout_s >= 1 && o.lookback_s >= 1 && o.n_traces <= WS_SNAPSHOT_TRACES_MAX);
		MUST(!o.namespace || (*o.namespace && *o.namespace != '-'));
		MUST(!o.kubeconfig || (*o.kubeconfig && *o.kubeconfig != '-'));
	}
}

static void check_ingest(struct words *w)
{
	static char text[16384];
	struct ws_arguments a;
	char wrong[64];
	int status;

	said = fmemopen(text, sizeof(text), "w");
	MUST(said);
	optind = 0;
	status = ws_arguments_parse(w->argc, w->argv, &a);
	fclose(said);
	MUST(status >= 0 && status <= 2);
	snprintf(wrong, sizeof(wrong), "ingest: no option %s\n", w->argv[0]);
	if (status == 2)
		MUST(strstr(text, "--help") && strncmp(text, wrong, strlen(wrong)) != 0);
	if (status == 0) {
		MUST(a.dir && a.n_jobs >= 1 && a.n_jobs <= WS_JOBS_MAX && a.n_pcaps <= WS_PCAP_OPTIONS_MAX);
		MUST(a.store || !(a.run || a.cluster || a.password_file || a.ca_path));
	}
	for (uint32_t i = 0; i < a.n_pcaps; i++)
		MUST(*a.pcap[i].point && *a.pcap[i].path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const name[] = { "run", "plan", "collect", "ingest" };
	struct words w;

	if (size == 0 || size > 4096)
		return 0;
	w = make_words(name[data[0] % 4], data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		check_capture(&w);
		break;
	case 1:
		check_plan(&w);
		break;
	case 2:
		check_collect(&w);
		break;
	default:
		check_ingest(&w);
	}
	free_words(&w);
	return 0;
}
