/* SPDX-License-Identifier: BSD-2-Clause */
/* tap - see the header. Beside tc.c, and `capture check`, the one file that knows libbpf. */
#include "capture/tap.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/assembly.h"
#include "capture/netns.h"
#include "capture/socket.h"
#include "capture/tc.h"
#include "lib/packet.h"
#include "lib/tap_config.h"
#include "lib/wanted.h"
#include "tap.skel.h"

/* Messages that one drain takes at most: then the caller looks whether it is to stop. */
#define DRAIN_MAX (1u << 18)

struct ws_tap {
	const char *interface;
	int socket_fd;	  /* at tc it takes nothing, and tells when the interface goes away */
	struct ws_tc *tc; /* NULL: the program is at the socket */
	bool is_at_tc;
	int n_cpus;
	struct tap_bpf *program;
	struct ring_buffer *ring;
	struct ws_assembly *assembly;
	struct ws_recfile_writer *writer;
	struct ws_tap_counters *per_cpu; /* n_cpus of them */
	struct ws_tap_facts facts;
	uint32_t n_drained;   /* by the drain under way */
	struct ws_error *err; /* of the drain under way, for the ring buffer's callback */
	int drain_rc;
};

/* Reads the ledger and both clocks into the facts. */
static int read_ledger(struct ws_tap *t, struct ws_error *err)
{
	struct ws_recfile_mark mark = { 0 };
	struct ws_clock_pair now = t->facts.detached.monotonic_ns ? t->facts.detached : ws_clock_read();
	uint64_t n_more = 0;
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(t->program->maps.counters), &zero, t->per_cpu))
		return ws_error(err, -errno, "%s: cannot read the counters: %s", t->interface, strerror(errno));
	for (int cpu = 0; cpu < t->n_cpus; cpu++) {
		for (uint32_t i = 0; i < WS_N_REASONS; i++)
			mark.n_frames[i] += t->per_cpu[cpu].n_frames[i];
		mark.n_ring_full += t->per_cpu[cpu].n_ring_full;
		n_more += t->per_cpu[cpu].n_more;
	}
	ws_assembly_account(t->assembly, mark.n_frames);
	mark.monotonic_ns = now.monotonic_ns;
	mark.realtime_ns = now.realtime_ns;
	t->facts.mark = mark;
	t->facts.n_more = n_more;
	return 0;
}

/* A record for the file. A negative result stops the drain. */
static int keep_record(void *context, const struct ws_record *record)
{
	struct ws_tap *t = context;
	struct ws_record *slot = ws_recfile_slot(t->writer);

	if (!slot) {
		t->drain_rc = ws_tap_checkpoint(t, t->err);
		if (t->drain_rc)
			return t->drain_rc;
		slot = ws_recfile_slot(t->writer);
	}
	*slot = *record;
	t->facts.n_responses += record->reason == WS_REASON_HTTP_RESPONSE;
	return 0;
}

/* The ring buffer hands out one message. A negative result stops the drain. */
static int take_message(void *context, void *data, size_t size)
{
	struct ws_tap *t = context;
	int rc = ws_assembly_take(t->assembly, data, size);

	if (rc)
		return rc;
	return ++t->n_drained < DRAIN_MAX ? 0 : -EAGAIN;
}

/* The entries go on in the tap. */
static int enter_tap(struct ws_tap *t)
{
	const uint32_t zero = 0;
	const int program_fd = bpf_program__fd(t->is_at_tc ? t->program->progs.tap_tc : t->program->progs.tap);

	return bpf_map_update_elem(bpf_map__fd(t->program->maps.programs), &zero, &program_fd, BPF_ANY) ? -errno : 0;
}

static int load_program(struct ws_tap *t, const struct ws_capture_options *o, const struct ws_point_options *p,
			uint16_t proto, struct ws_error *err)
{
	struct ws_tap_config *config;
	int rc;

	t->program = tap_bpf__open();
	if (!t->program)
		return ws_error(err, -errno, "cannot open the in-kernel program: %s", strerror(errno));
	config = (struct ws_tap_config *)&t->program->rodata->config;
	config->tunnels = o->tunnels;
	config->window_bytes = o->search_bytes;
	config->n_filters = p->n_filters ? p->n_filters : o->n_filters;
	memcpy(config->filter, p->n_filters ? p->filter : o->filter, sizeof(config->filter));
	config->link_proto = proto;
	config->wakes_reader = o->wakes_reader;
	config->records_responses = o->records_responses;
	config->is_at_tc = t->is_at_tc;
	ws_names_make(&o->wanted, &config->names);
	bpf_map__set_max_entries(t->program->maps.scratches, (uint32_t)t->n_cpus);
	bpf_map__set_max_entries(t->program->maps.records, p->ring_bytes ? p->ring_bytes : o->ring_bytes);
	bpf_program__set_autoload(t->program->progs.tap, !t->is_at_tc);
	bpf_program__set_autoload(t->program->progs.tap_entry, !t->is_at_tc);
	bpf_program__set_autoload(t->program->progs.tap_tc, t->is_at_tc);
	bpf_program__set_autoload(t->program->progs.tap_in, t->is_at_tc);
	bpf_program__set_autoload(t->program->progs.tap_out, t->is_at_tc);
	rc = tap_bpf__load(t->program);
	if (rc == 0)
		rc = enter_tap(t);
	if (rc)
		return ws_error(err, rc, "the kernel refuses the in-kernel program: %s; run `capture check`",
				strerror(-rc));
	t->ring = ring_buffer__new(bpf_map__fd(t->program->maps.records), take_message, t, NULL);
	if (!t->ring)
		return ws_error(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
	return 0;
}

static int attach_socket(struct ws_tap *t, struct ws_error *err)
{
	const int program_fd = t->is_at_tc ? -1 : bpf_program__fd(t->program->progs.tap);
	int rc = ws_socket_attach(t->socket_fd, t->interface, t->facts.ifindex, program_fd, err);

	if (rc == -ENOMEM) /* a kernel whose sockets take small programs only */
		rc = ws_socket_attach(t->socket_fd, t->interface, t->facts.ifindex,
				      bpf_program__fd(t->program->progs.tap_entry), err);
	return rc;
}

static int attach(struct ws_tap *t, const struct ws_point_options *p, bool wants_clsact, struct ws_error *err)
{
	int home_fd, leave_rc, rc = attach_socket(t, err);

	t->facts.hook = "socket";
	if (rc || !t->is_at_tc)
		return rc;
	rc = ws_netns_enter(p->netns, &home_fd, err);
	if (rc)
		return rc;
	rc = ws_tc_attach(
		t->facts.ifindex, t->interface,
		(const int[]) { bpf_program__fd(t->program->progs.tap_in), bpf_program__fd(t->program->progs.tap_out) },
		wants_clsact, &t->tc, err);
	if (rc == 0)
		t->facts.hook = ws_tc_kind(t->tc);
	leave_rc = ws_netns_leave(home_fd, err);
	return rc ? rc : leave_rc;
}

/* The kernel counts time at the entry, with all that is called from there. */
static void add_run_time(struct ws_tap *t, const struct bpf_program *entry)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(entry), &info, &len))
		return;
	t->facts.run_ns += info.run_time_ns;
	t->facts.n_runs += info.run_cnt;
}

static void read_program_facts(struct ws_tap *t)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	const struct bpf_program *tap = t->is_at_tc ? t->program->progs.tap_tc : t->program->progs.tap;

	if (bpf_obj_get_info_by_fd(bpf_program__fd(tap), &info, &len))
		return;
	for (int i = 0; i < 8; i++)
		snprintf(t->facts.program_tag + 2 * i, 3, "%02x", info.tag[i]);
	t->facts.verified_insns = info.verified_insns;
	t->facts.run_ns = t->facts.n_runs = 0;
	if (t->is_at_tc) {
		add_run_time(t, t->program->progs.tap_in);
		add_run_time(t, t->program->progs.tap_out);
	} else {
		add_run_time(t, tap);
		add_run_time(t, t->program->progs.tap_entry);
	}
}

int ws_tap_open(const struct ws_capture_options *o, uint32_t index, struct ws_tap **tap, struct ws_error *err)
{
	const struct ws_point_options *p = &o->point[index];
	struct ws_tap *t = calloc(1, sizeof(*t));
	uint16_t proto;
	int rc;

	if (!t)
		return ws_error(err, -ENOMEM, "out of memory");
	t->interface = p->interface;
	t->socket_fd = -1;
	t->is_at_tc = o->hook != WS_HOOK_SOCKET;
	t->n_cpus = libbpf_num_possible_cpus();
	if (t->n_cpus > 0)
		t->per_cpu = calloc((size_t)t->n_cpus, sizeof(*t->per_cpu));
	t->assembly = ws_assembly_new(&o->wanted, o->search_bytes, (uint8_t)index, keep_record, t);
	if (!t->per_cpu || !t->assembly) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	rc = ws_socket_open(p, &t->socket_fd, &t->facts.ifindex, &proto, err);
	if (rc)
		goto out;
	t->facts.link_type = proto ? "ethernet" : "ip";
	rc = load_program(t, o, p, proto, err);
out:
	if (rc)
		ws_tap_close(t);
	else
		*tap = t;
	return rc;
}

int ws_tap_attach(struct ws_tap *t, const struct ws_capture_options *o, uint32_t index, const char *record_path,
		  struct ws_error *err)
{
	struct ws_recfile_head head = { .window_bytes = o->search_bytes, .prefers_list = o->wanted.prefers_list };
	const struct ws_clock_pair now = ws_clock_read();
	int rc;

	memcpy(head.point, o->point[index].name, sizeof(head.point));
	ws_wanted_text(&o->wanted, head.contexts);
	head.monotonic_ns = now.monotonic_ns;
	head.realtime_ns = now.realtime_ns;
	rc = ws_recfile_create(record_path, &head, o->zstd_level, &t->writer, err);
	if (rc)
		return rc;
	rc = attach(t, &o->point[index], o->hook == WS_HOOK_CLSACT, err);
	if (rc)
		ws_recfile_discard(t->writer);
	else
		t->facts.attached = now;
	return rc;
}

/* Records the heads that have waited too long for their next segment. Returns 0 or -errno. */
static int give_up_heads(struct ws_tap *t, uint64_t now_ns, struct ws_error *err)
{
	int rc;

	t->err = err;
	t->drain_rc = 0;
	rc = now_ns == UINT64_MAX ? ws_assembly_finish(t->assembly) : ws_assembly_expire(t->assembly, now_ns);
	if (t->drain_rc || rc == 0)
		return t->drain_rc;
	return ws_error(err, rc, "%s: cannot finish a request: %s", t->interface, strerror(-rc));
}

int ws_tap_drain(struct ws_tap *t, struct ws_error *err)
{
	int n;

	t->err = err;
	t->drain_rc = 0;
	t->n_drained = 0;
	n = ring_buffer__consume(t->ring);
	if (t->drain_rc)
		return t->drain_rc;
	if (n >= 0 || n == -EAGAIN)
		return give_up_heads(t, ws_clock_ns(CLOCK_MONOTONIC), err);
	return ws_error(err, n, "%s: cannot read the ring buffer: %s", t->interface, strerror(-n));
}

int ws_tap_checkpoint(struct ws_tap *t, struct ws_error *err)
{
	int rc = read_ledger(t, err);

	if (rc == 0)
		rc = ws_recfile_flush(t->writer, &t->facts.mark, err);
	if (rc == 0)
		rc = ws_recfile_look(t->writer, err);
	return rc ? rc : ws_tap_look(t, err);
}

int ws_tap_look(struct ws_tap *t, struct ws_error *err)
{
	return t->socket_fd < 0 ? 0 : ws_socket_look(t->socket_fd, t->interface, err);
}

void ws_tap_detach(struct ws_tap *t)
{
	if (t->socket_fd < 0)
		return;
	t->facts.detached = ws_clock_read();
	read_program_facts(t);
	ws_tc_detach(t->tc);
	t->tc = NULL;
	close(t->socket_fd); /* waits until no CPU runs the program for this socket any more */
	t->socket_fd = -1;
}

int ws_tap_finish(struct ws_tap *t, struct ws_error *err)
{
	int rc;

	do
		rc = ws_tap_drain(t, err);
	while (rc == 0 && t->n_drained == DRAIN_MAX);
	if (rc == 0)
		rc = give_up_heads(t, UINT64_MAX, err);
	if (rc == 0)
		rc = read_ledger(t, err);
	if (rc == 0)
		rc = ws_recfile_finish(t->writer, &t->facts.mark, err);
	return rc;
}

const struct ws_tap_facts *ws_tap_facts(struct ws_tap *t)
{
	if (t->socket_fd >= 0)
		read_program_facts(t);
	if (!t->writer)
		return &t->facts;
	t->facts.written_bytes = ws_recfile_written_bytes(t->writer);
	t->facts.n_records = ws_recfile_written_records(t->writer) + ws_recfile_pending(t->writer);
	return &t->facts;
}

void ws_tap_close(struct ws_tap *t)
{
	if (!t)
		return;
	ws_tc_detach(t->tc);
	if (t->socket_fd >= 0)
		close(t->socket_fd);
	ring_buffer__free(t->ring);
	tap_bpf__destroy(t->program);
	ws_recfile_close(t->writer);
	ws_assembly_free(t->assembly);
	free(t->per_cpu);
	free(t);
}
