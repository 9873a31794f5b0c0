/* SPDX-License-Identifier: BSD-2-Clause */
/* series - see series.h. */
#include "analyze/series.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/radix.h"

/* Adds the series of a source and direction, if it has any pair. */
static int add(struct ws_view *view, enum ws_source source, enum ws_way way, struct ws_series_set *set)
{
	const struct ws_join *join = &view->join;
	struct ws_series made = { .source = source, .way = way };

	for (unsigned int class = 0; class < WS_N_CLASSES; class ++)
		made.n += join->n_class[way][class];
	if (!made.n)
		return 0;
	made.latency_ns = view->latency_ns[way];
	view->latency_ns[way] = NULL;
	if (ws_radix_sort(made.latency_ns, made.n)) {
		free(made.latency_ns);
		return -ENOMEM;
	}
	made.summary = ws_summarize(made.latency_ns, made.n);
	set->at[set->n++] = made;
	return 0;
}

int ws_series_open(struct ws_study *study, struct ws_series_set *set)
{
	struct ws_series_set made = { .rounding = study->rounding };
	int rc = 0;

	for (int source = 0; source < WS_N_SOURCES; source++) {
		for (int way = 0; way < WS_N_WAYS && study->view[source].joined && !rc; way++)
			rc = add(&study->view[source], source, way, &made);
	}
	if (rc)
		ws_series_close(&made);
	else
		*set = made;
	return rc;
}

void ws_series_close(struct ws_series_set *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; i < set->n; i++)
		free(set->at[i].latency_ns);
	*set = (struct ws_series_set) { 0 };
}
