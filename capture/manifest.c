/* SPDX-License-Identifier: BSD-2-Clause */
/* manifest - see the header. JSON is written by jansson. */
#include "capture/manifest.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capture/any_text.h"
#include "capture/plan/plan.h"
#include "capture/privilege.h"
#include "capture/sandbox.h"
#include "lib/json_memory.h"
#include "lib/names.h"
#include "lib/version.h"

static json_t *versions(void)
{
	return json_pack("{s:s, s:i, s:i}", "version", WS_VERSION, "record_version", WS_RECORD_VERSION,
			 "recfile_version", WS_RECFILE_VERSION);
}

static json_t *host(void)
{
	struct utsname name = { 0 };

	uname(&name);
	return json_pack("{s:o, s:s, s:s, s:s, s:I}", "hostname", ws_any_text(name.nodename), "kernel", name.release,
			 "kernel_version", name.version, "machine", name.machine, "n_cpus",
			 (json_int_t)sysconf(_SC_NPROCESSORS_ONLN));
}

static json_t *strings(int n, const char *const *text)
{
	json_t *array = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(array, ws_any_text(text[i]));
	return array;
}

static json_t *configuration(const struct ws_capture_options *o)
{
	json_t *ports = json_array(), *filters = strings((int)o->n_filters, o->filter_text), *attached = json_array(),
	       *contexts = json_array();
	char text[WS_FAMILY_TEXT_LEN];

	for (uint32_t i = 0; i < WS_VXLAN_PORTS_MAX && o->tunnels.vxlan_port[i]; i++)
		json_array_append_new(ports, json_integer(o->tunnels.vxlan_port[i]));
	if (o->with_ebpf)
		json_array_append_new(attached, json_string("ebpf"));
	if (o->with_pcap)
		json_array_append_new(attached, json_string("pcap"));
	for (uint32_t rank = 0; rank < WS_MAX_FAMILIES; rank++)
		for (uint8_t f = 0; f < WS_MAX_FAMILIES; f++)
			if ((o->wanted.families & 1u << f) && o->wanted.rank[f] == rank)
				json_array_append_new(contexts,
						      json_string(ws_wanted_family_name(&o->wanted, f, text)));
	return json_pack("{s:o, s:s, s:o, s:s, s:I, s:o, s:o, s:f, s:I, s:i, s:b, s:b, s:b, s:i, s:i, s:I, s:I}",
			 "attached", attached, "hook", o->hook == WS_HOOK_SOCKET ? "socket" : "tc", "contexts",
			 contexts, "prefers", o->wanted.prefers_list ? "list" : "first", "search_bytes",
			 (json_int_t)o->search_bytes, "vxlan_ports", ports, "filters", filters, "duration_s",
			 (double)o->duration_ns / 1e9, "ring_bytes", (json_int_t)o->ring_bytes, "zstd_level",
			 o->zstd_level, "wakes_reader", o->wakes_reader, "bpf_stats", o->with_bpf_stats, "responses",
			 o->records_responses, "reader_cpu", o->reader_cpu, "pcap_cpu", o->pcap_cpu,
			 "pcap_snaplen_bytes", (json_int_t)o->pcap_snaplen, "pcap_buffer_bytes",
			 (json_int_t)o->pcap_buffer_bytes);
}

/* A point's role by its name: "nic" and "vport" and what begins so. */
static const char *role(const char *name)
{
	if (strncmp(name, "nic", 3) == 0)
		return "nic";
	return strncmp(name, "vport", 5) == 0 ? "vport" : "other";
}

static json_t *ledger(const struct ws_recfile_mark *mark)
{
	json_t *reasons = json_object();

	for (uint32_t slot = 0; slot < WS_N_REASONS; slot++)
		if (ws_slot_name(slot))
			json_object_set_new(reasons, ws_slot_name(slot),
					    json_integer((json_int_t)mark->n_frames[slot]));
	return reasons;
}

static const char *stamp(const char *hook)
{
	if (strcmp(hook, "socket") == 0)
		return "bpf_ktime_get_ns in a socket filter at AF_PACKET's taps: receive, before tc ingress; transmit, "
		       "after tc egress";
	return "bpf_ktime_get_ns at tc: receive, at ingress, after AF_PACKET's taps; transmit, at egress, before the "
	       "queueing discipline and before segmentation, ahead of AF_PACKET's taps";
}

static json_t *ebpf_facts(struct ws_tap *tap, const char *name)
{
	const struct ws_tap_facts *f = ws_tap_facts(tap);
	char file[WS_RECFILE_NAME_MAX + 16];
	uint64_t n_frames = 0;
	json_t *object;

	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		n_frames += f->mark.n_frames[i];
	snprintf(file, sizeof(file), "%s.rec.zst", name);
	object = json_pack("{s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:{s:I}}", "file", file, "stamp",
			   stamp(f->hook ? f->hook : "socket"), "ifindex", (json_int_t)f->ifindex, "link_type",
			   f->link_type, "attached_monotonic_ns", (json_int_t)f->attached.monotonic_ns,
			   "detached_monotonic_ns", (json_int_t)f->detached.monotonic_ns, "verified_instructions",
			   (json_int_t)f->verified_insns, "n_records", (json_int_t)f->n_records, "written_bytes",
			   (json_int_t)f->written_bytes, "frames", (json_int_t)n_frames, "reasons", ledger(&f->mark),
			   "lost", "ring_full", (json_int_t)f->mark.n_ring_full);
	json_object_set_new(object, "hook", json_string(f->hook ? f->hook : "socket"));
	json_object_set_new(object, "n_responses", json_integer((json_int_t)f->n_responses));
	json_object_set_new(object, "frames_with_more_requests", json_integer((json_int_t)f->n_more));
	json_object_set_new(object, "program_tag", json_string(f->program_tag));
	if (f->n_runs) {
		json_object_set_new(object, "bpf_run_ns", json_integer((json_int_t)f->run_ns));
		json_object_set_new(object, "bpf_runs", json_integer((json_int_t)f->n_runs));
		json_object_set_new(object, "bpf_ns_per_frame", json_real((double)f->run_ns / (double)f->n_runs));
	}
	return object;
}

static json_t *pcap_facts(const struct ws_sniffer *sniffer, const char *name)
{
	const struct ws_sniffer_facts *f = ws_sniffer_facts(sniffer);
	char file[WS_RECFILE_NAME_MAX + 16];

	snprintf(file, sizeof(file), "%s.pcap", name);
	return json_pack("{s:s, s:s, s:I, s:I, s:{s:I, s:I}}", "file", file, "stamp",
			 "skb->tstamp if set, else the clock in tpacket_rcv", "received", (json_int_t)f->n_received,
			 "written", (json_int_t)f->n_written, "lost", "dropped", (json_int_t)f->n_dropped,
			 "interface_dropped", (json_int_t)f->n_interface_dropped);
}

static json_t *points(const struct ws_run_facts *run)
{
	json_t *array = json_array();
	struct utsname host_name = { 0 };

	uname(&host_name);
	for (uint32_t i = 0; i < run->options->n_points; i++) {
		const struct ws_point_options *p = &run->options->point[i];
		json_t *point = json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", p->name, "role",
					  p->role ? p->role : role(p->name), "node",
					  ws_any_text(p->node ? p->node : host_name.nodename), "interface",
					  ws_any_text(p->interface), "netns", ws_any_text(p->netns));

		if (p->pod && *p->pod)
			json_object_set_new(point, "pod", ws_any_text(p->pod));
		if (run->is_gone[i])
			json_object_set_new(point, "ended_early", json_true());
		if (p->n_filters)
			json_object_set_new(point, "filters", strings((int)p->n_filters, p->filter_text));

		if (run->tap[i])
			json_object_set_new(point, "ebpf", ebpf_facts(run->tap[i], p->name));
		if (run->sniffer[i])
			json_object_set_new(point, "pcap", pcap_facts(run->sniffer[i], p->name));
		json_array_append_new(array, point);
	}
	return array;
}

static json_t *clock_pairs(const struct ws_run_facts *run)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < run->n_clock_pairs; i++)
		json_array_append_new(array, json_pack("{s:I, s:I}", "monotonic_ns",
						       (json_int_t)run->clock_pair[i].monotonic_ns, "realtime_ns",
						       (json_int_t)run->clock_pair[i].realtime_ns));
	return array;
}

static json_t *cost(const struct ws_run_facts *run)
{
	return json_pack("{s:f, s:f, s:f, s:f}", "reader_user_s", (double)run->reader_user_ns / 1e9, "reader_system_s",
			 (double)run->reader_system_ns / 1e9, "process_user_s", (double)run->process_user_ns / 1e9,
			 "process_system_s", (double)run->process_system_ns / 1e9);
}

static json_t *watch(const struct ws_run_facts *run)
{
	const struct ws_watch_facts *f = run->watch;

	return json_pack("{s:I, s:I, s:I, s:o, s:f, s:f, s:s, s:I, s:I}", "interval_s", (json_int_t)f->interval_s,
			 "plans", (json_int_t)f->n_plans, "failed", (json_int_t)f->n_failed, "last_failure",
			 *f->failure ? ws_any_text(f->failure) : json_null(), "user_s", (double)f->user_ns / 1e9,
			 "system_s", (double)f->system_ns / 1e9, "scheduling", "idle class, nice 19", "points_failed",
			 (json_int_t)run->n_changes_failed, "changes_not_listed", (json_int_t)run->n_changes_more);
}

static json_t *changes(const struct ws_run_facts *run)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < run->n_changes; i++) {
		const struct ws_run_change *c = &run->change[i];

		json_array_append_new(array,
				      json_pack("{s:I, s:I, s:s, s:s, s:o, s:o}", "monotonic_ns",
						(json_int_t)c->at.monotonic_ns, "realtime_ns",
						(json_int_t)c->at.realtime_ns, "event", c->event, "point", c->point,
						"pod", ws_any_text(c->pod), "because", ws_any_text(c->because)));
	}
	return array;
}

/* Of the recording itself, once it has begun. */
static json_t *privileges(const struct ws_confinement *c)
{
	json_t *kept = json_array();
	int first;
	const uint64_t n_refused = ws_sandbox_refused(&first);
	char name[64];

	for (int number = 0; number < 64; number++)
		if ((c->kept & WS_CAP(number)) && ws_privilege_name(number))
			json_array_append_new(kept, json_string(ws_privilege_name(number)));
	return json_pack("{s:o, s:b, s:s?, s:s?, s:I, s:s?}", "capabilities", kept, "no_new_privs", 1, "seccomp",
			 c->filter, "no_seccomp_because", c->filter ? NULL : c->words, "refused_calls",
			 (json_int_t)n_refused, "first_refused", n_refused ? ws_sandbox_call_name(first, name) : NULL);
}

int ws_manifest_write(struct ws_whole_file *file, const struct ws_run_facts *run, struct ws_error *err)
{
	json_t *document;
	char *text = NULL;
	int rc = 0;

	document = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "state", run->state, "ended_by",
			     ws_any_text(run->ended_by), "wirespan", versions(), "host", host(), "command_line",
			     strings(run->argc, (const char *const *)run->argv), "configuration",
			     configuration(run->options), "points", points(run), "cost", cost(run), "clock_pairs",
			     clock_pairs(run), "command_status",
			     run->command_status < 0 ? json_null() : json_integer(run->command_status));
	if (document && run->options->plan)
		json_object_set_new(document, "plan",
				    json_pack("{s:o, s:s, s:o}", "file", ws_any_text(run->options->plan_path), "hash",
					      run->options->plan->hash, "snapshot",
					      ws_any_text(run->options->plan->snapshot_path)));
	if (document && run->failure)
		json_object_set_new(document, "failure", ws_any_text(run->failure));
	if (document && run->n_clock_steps)
		json_object_set_new(document, "clock_steps",
				    json_pack("{s:I, s:I}", "n", (json_int_t)run->n_clock_steps, "together_ns",
					      (json_int_t)run->clock_step_ns));
	if (document && run->watch) {
		json_object_set_new(document, "watch", watch(run));
		json_object_set_new(document, "changes", changes(run));
	}
	if (!document) {
		rc = ws_error(err, -ENOMEM, "%s: cannot put the manifest together", file->path);
		goto out;
	}
	if (run->confinement.is_confined)
		json_object_set_new(document, "privileges", privileges(&run->confinement));
	text = json_dumps(document, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	rc = text ? ws_whole_file_put(file, text, err) : ws_error(err, -ENOMEM, "out of memory");
	if (rc == 0 && ws_json_memory_was_short())
		rc = ws_error(err, -ENOMEM, "%s: out of memory: something may be missing in it", file->path);
out:
	json_decref(document);
	free(text);
	return rc;
}
