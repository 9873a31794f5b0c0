/* SPDX-License-Identifier: BSD-2-Clause */
/* commands - see commands.h: those that look at runs, and campaigns of runs. */
#include "analyze/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/audit.h"
#include "analyze/gallery.h"
#include "analyze/harvest.h"
#include "analyze/ledger.h"
#include "analyze/overhead/toll.h"
#include "analyze/pairs.h"
#include "analyze/pooling.h"
#include "analyze/report.h"
#include "lib/standard.h"

void ws_tell(const char *kind, const char *text)
{
	fflush(stdout);
	fprintf(stderr, "analyze: %s%s\n", kind, text);
}

void ws_tell_failure(int rc)
{
	struct ws_error err = { 0 };

	ws_error_bare(&err, rc);
	ws_tell("", err.text);
}

int ws_tell_printed(int rc)
{
	struct ws_error err = { 0 };
	int written = ws_standard_flush(&err);

	if (!rc && !written)
		return WS_STATUS_DONE;
	ws_tell("", rc == -ENOMEM ? "out of memory" : written ? err.text : "cannot write to standard output");
	return WS_STATUS_FAILED;
}

int ws_tell_published(const struct ws_invocation *invocation, int rc, const struct ws_error *err)
{
	const bool is_foreign = !invocation->out && (rc == -EROFS || rc == -EACCES || rc == -EPERM || rc == -ELOOP);

	if (!rc)
		return WS_STATUS_DONE;
	if (rc > 0 || is_foreign) {
		ws_tell("warning: ", err->text);
		return WS_STATUS_DONE;
	}
	ws_tell("", err->text);
	return WS_STATUS_FAILED;
}

/* Tells if there was nothing to join; or, of commands that join nothing, nothing at all. */
static int checked(const struct ws_invocation *invocation, const struct ws_study *study, bool joins)
{
	struct ws_error err = { 0 };

	if (!(joins ? ws_study_check : ws_study_check_files)(study, invocation, &err))
		return WS_STATUS_DONE;
	ws_tell("", err.text);
	return WS_STATUS_FAILED;
}

static int print_cdf(const struct ws_cdf *cdf, const struct ws_invocation *invocation)
{
	struct ws_error err = { 0 };
	int status = ws_tell_printed(ws_cdf_print(cdf, invocation->format, stdout));

	if (status)
		return status;
	if (invocation->term && ws_gallery_print_cdf(cdf, stdout, &err))
		ws_tell("warning: ", err.text);
	status = checked(invocation, cdf->study, true);
	if (!status)
		status = ws_tell_published(invocation, ws_gallery_cdf(cdf, invocation, &err), &err);
	return status;
}

/* Prints latencies that are told apart by name, and writes their files. */
static int print_strata(const struct ws_strata *strata, const struct ws_invocation *invocation)
{
	struct ws_error err = { 0 };
	int status = ws_tell_printed(ws_strata_print(strata, invocation->format, stdout));

	if (!status && invocation->term && ws_gallery_print_strata(strata, stdout, &err))
		ws_tell("warning: ", err.text);
	return status;
}

static int keep_strata(const struct ws_strata *strata, const struct ws_invocation *invocation)
{
	struct ws_error err = { 0 };

	return ws_tell_published(invocation, ws_gallery_strata(strata, invocation, &err), &err);
}

static int cdf_by(const struct ws_invocation *invocation, struct ws_study *study)
{
	struct ws_strata strata = { 0 };
	int status, rc = ws_harvest_strata(study->harvest, &strata);

	if (rc) {
		ws_tell_failure(rc);
		return WS_STATUS_FAILED;
	}
	status = print_strata(&strata, invocation);
	status = status ? status : checked(invocation, study, true);
	status = status ? status : keep_strata(&strata, invocation);
	ws_strata_close(&strata);
	return status;
}

static int bundle_by(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_strata strata = { 0 };
	int status, rc = ws_pooling_open(campaign, &strata);

	if (rc) {
		ws_tell_failure(rc);
		return WS_STATUS_FAILED;
	}
	status = print_strata(&strata, invocation);
	if (!status && !strata.n)
		status = ws_tell_nothing(invocation, "no run with pairs in it; `analyze ledger` tells why");
	status = status ? status : keep_strata(&strata, invocation);
	ws_strata_close(&strata);
	return status;
}

int ws_command_cdf(const struct ws_invocation *invocation, struct ws_study *study)
{
	struct ws_series_set set = { 0 };
	struct ws_cdf cdf = { study, &set, study->has_agreement ? &study->agreement : NULL };
	int rc, status = WS_STATUS_FAILED;

	if (invocation->by & WS_BY_NAMES)
		return cdf_by(invocation, study);
	rc = ws_series_open(study, &set);
	if (rc)
		ws_tell_failure(rc);
	else
		status = print_cdf(&cdf, invocation);
	ws_series_close(&set);
	return status;
}

int ws_command_pairs(const struct ws_invocation *invocation, struct ws_study *study)
{
	int status = ws_tell_printed(invocation->unmatched ? ws_pairs_print_unmatched(study, invocation->format, stdout)
							   : ws_pairs_print(study, invocation->format, stdout));

	return status ? status : checked(invocation, study, true);
}

int ws_command_ledger(const struct ws_invocation *invocation, struct ws_study *study)
{
	int status = ws_tell_printed(ws_ledger_print(study, invocation->format, stdout));
	struct ws_error err;

	if (!status && !ws_ledger_balances(study)) {
		ws_error(&err, 0,
			 "%s/run.db: the ledger does not balance: reasons do not add up to frames: remove the file and "
			 "run `ingest --dir %s` again",
			 invocation->dir, invocation->dir);
		ws_tell("", err.text);
		status = WS_STATUS_FAILED;
	}
	return status ? status : checked(invocation, study, false);
}

int ws_command_detect(const struct ws_invocation *invocation, struct ws_study *study)
{
	struct ws_detection *detection = calloc((size_t)study->catalog.n_files + 1, sizeof(*detection));
	struct ws_subject *subject = calloc((size_t)study->catalog.n_files + 1, sizeof(*subject));
	struct ws_detect detect = {
		.study = study,
		.detection = detection,
		.subject = subject,
		.by = invocation->by,
		.search_bytes = invocation->search_bytes,
		.n_search_bytes = invocation->n_search_bytes,
	};
	struct ws_error err = { 0 };
	int rc = detection && subject ? 0 : ws_error_bare(&err, -ENOMEM), status = WS_STATUS_FAILED;

	rc = rc ? rc : ws_detections_open(study, detection, &detect.n, &err);
	for (uint32_t i = 0; i < detect.n; i++)
		subject[i] = ws_subject_of(&detection[i], &study->conditions);
	if (rc) {
		ws_tell("", err.text);
	} else {
		status = ws_tell_printed(ws_detect_print(&detect, invocation->format, stdout));
		status = status ? status : checked(invocation, study, false);
		if (!status)
			status = ws_tell_published(invocation, ws_gallery_detect(&detect, invocation, &err), &err);
	}
	for (uint32_t i = 0; i < detect.n; i++)
		ws_detection_close(&detection[i]);
	free(detection);
	free(subject);
	return status;
}

int ws_tell_nothing(const struct ws_invocation *invocation, const char *text)
{
	struct ws_error err;

	ws_error(&err, 0, "%s: %s", invocation->dir, text);
	ws_tell("", err.text);
	return WS_STATUS_FAILED;
}

int ws_command_bundle(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 };
	struct ws_bundle bundle;
	int status, rc;

	if (invocation->by & WS_BY_NAMES)
		return bundle_by(invocation, campaign);
	rc = ws_bundle_open(campaign, &bundle);
	if (rc) {
		ws_tell_failure(rc);
		return WS_STATUS_FAILED;
	}
	status = ws_tell_printed(ws_bundle_print(&bundle, invocation->format, stdout));
	if (!status && invocation->term && ws_gallery_print_bundle(&bundle, stdout, &err))
		ws_tell("warning: ", err.text);
	if (!status && !bundle.n)
		status = ws_tell_nothing(invocation, "no run with pairs in it; `analyze ledger` tells why");
	if (!status)
		status = ws_tell_published(invocation, ws_gallery_bundle(&bundle, invocation, &err), &err);
	ws_bundle_close(&bundle);
	return status;
}

int ws_command_sweep(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 };
	struct ws_sweep sweep;
	int status, rc = ws_sweep_open(campaign, invocation, &sweep);

	if (rc) {
		ws_tell_failure(rc);
		return WS_STATUS_FAILED;
	}
	status = ws_tell_printed(ws_sweep_print(&sweep, invocation->format, stdout));
	if (!status && !sweep.n)
		status = ws_tell_nothing(invocation, "no run with records or captures in it");
	if (!status)
		status = ws_tell_published(invocation, ws_gallery_sweep(&sweep, invocation, &err), &err);
	ws_sweep_close(&sweep);
	return status;
}

int ws_command_offsets(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 };
	struct ws_offsets offsets = { 0 };
	struct ws_sweep sweep;
	int status, rc = ws_sweep_open(campaign, invocation, &sweep);

	if (!rc) {
		rc = ws_offsets_open(&sweep, &offsets);
		if (rc)
			ws_sweep_close(&sweep);
	}
	if (rc) {
		ws_tell_failure(rc);
		return WS_STATUS_FAILED;
	}
	status = ws_tell_printed(ws_offsets_print(&offsets, invocation->format, stdout));
	if (!status && !offsets.n)
		status = ws_tell_nothing(invocation,
					 "no context was found; `analyze detect` and `analyze ledger` tell why");
	if (!status)
		status = ws_tell_published(invocation, ws_gallery_offsets(&offsets, invocation, &err), &err);
	ws_offsets_close(&offsets);
	ws_sweep_close(&sweep);
	return status;
}

int ws_command_e2e(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 };
	struct ws_e2e e2e;
	int status, rc = ws_e2e_open(campaign, &e2e);

	if (rc) {
		ws_tell_failure(rc);
		return WS_STATUS_FAILED;
	}
	status = ws_tell_printed(ws_e2e_print(&e2e, invocation->format, stdout));
	if (!status && invocation->term && ws_gallery_print_e2e(&e2e, stdout, &err))
		ws_tell("warning: ", err.text);
	if (!status && !e2e.n)
		status = ws_tell_nothing(invocation,
					 "no load log (load.*) was loaded: add it to the run and run ingest again");
	if (!status)
		status = ws_tell_published(invocation, ws_gallery_e2e(&e2e, invocation, &err), &err);
	ws_e2e_close(&e2e);
	return status;
}

int ws_command_compare(const struct ws_invocation *invocation, const struct ws_campaign *unused)
{
	struct ws_selection selection[2] = { 0 };
	struct ws_compare compare = { 0 };
	struct ws_error err = { 0 };
	int status = WS_STATUS_FAILED, rc = 0;

	(void)unused;
	for (int i = 0; i < 2 && !rc; i++)
		rc = ws_selection_open(invocation->operand[i], invocation->dir, invocation, &selection[i], &err);
	rc = rc ? rc : ws_compare_open(&selection[0], &selection[1], &compare, &err);
	if (rc) {
		ws_tell("", err.text);
	} else {
		status = ws_tell_printed(ws_compare_print(&compare, invocation->format, stdout));
		if (!status)
			status = ws_tell_published(invocation, ws_gallery_compare(&compare, invocation, &err), &err);
	}
	ws_compare_close(&compare);
	for (int i = 0; i < 2; i++)
		ws_selection_close(&selection[i]);
	return status;
}

int ws_command_report(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	struct ws_error err = { 0 }, missing = { 0 };

	if (ws_report_write(campaign, invocation, &missing, &err)) {
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	if (*missing.text)
		ws_tell("warning: ", missing.text);
	printf("%s%s/report.html\n%s%s/report.md\n", invocation->out ? invocation->out : invocation->dir,
	       invocation->out ? "" : "/reports", invocation->out ? invocation->out : invocation->dir,
	       invocation->out ? "" : "/reports");
	return ws_tell_printed(0);
}

int ws_command_overhead(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	int status = ws_tell_printed(ws_toll_print(campaign, invocation->format, stdout));

	if (!status && !ws_toll_n_runs(campaign))
		status = ws_tell_nothing(invocation,
					 "no trials (overhead.json, by `capture run --overhead`) were loaded");
	return status;
}

int ws_command_audit(const struct ws_invocation *invocation, const struct ws_campaign *campaign)
{
	int status = ws_tell_printed(ws_audit_print(campaign, invocation->format, stdout));

	if (!status && !ws_audit_all_balance(campaign))
		status = ws_tell_nothing(invocation,
					 "a ledger does not balance: reasons do not add up to frames: remove the "
					 "run.db of that run and run ingest again");
	return status;
}
