/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * program - see the header. A frame is given in one of two ways:
 *
 * - BPF_PROG_RUN, which takes at least 14 bytes and at most a page less the kernel's own needs (about 3.7 KB), and
 *   hides the first 14 of them from a socket filter (eth_type_trans() pulls them). So 14 zero bytes go in front; with
 *   an EtherType of 0 the kernel looks no further. A frame of 0 bytes can be given so.
 * - a datagram on a Unix socket pair whose receiver has the program attached: every length, the frame from its first
 *   byte, and beyond 16 KB not in one piece. The verdict is 0, so nothing is queued.
 *
 * At tc BPF_PROG_RUN hides nothing of them and wants whole IP headers; and in place of the socket there is an
 * interface, over which they come in pieces: see cable.h.
 */
#include "tests/diff/kernel/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#define SLEEVE_LEN 14

void program_die(const char *what)
{
	fprintf(stderr, "kernel_host: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int on_message(void *context, void *data, size_t size)
{
	const struct program *p = context;

	p->take(p->context, data, size);
	return 0;
}

/* The place of config in the read-only data: compilers may put their own constants beside it. */
static uint32_t config_place(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);

	for (int i = 0; section && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(section)[i];
		const struct btf_type *variable = btf__type_by_id(btf, info->type);

		if (strcmp(btf__name_by_offset(btf, variable->name_off), "config"))
			continue;
		if (info->size != sizeof(struct ws_tap_config))
			program_die("config has another size: was the program compiled from these headers?");
		return info->offset;
	}
	program_die("the program has no config");
}

/* Sets the program's configuration before it is loaded. */
static void set_config(struct bpf_object *object, const struct ws_tap_config *config)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	uint32_t place = config_place(bpf_object__btf(object));
	const void *old;
	uint8_t *data;
	size_t size = 0;

	old = map ? bpf_map__initial_value(map, &size) : NULL;
	data = malloc(size);
	if (!old || !data || place + sizeof(*config) > size)
		program_die("the program has no read-only data");
	memcpy(data, old, size);
	memcpy(data + place, config, sizeof(*config));
	if (bpf_map__set_initial_value(map, data, size))
		program_die("cannot set config");
	free(data);
}

static int map_fd(struct bpf_object *object, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);

	if (fd < 0)
		program_die(name);
	return fd;
}

static int program_fd(struct bpf_object *object, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

/* The entries go on in the tap. */
static void enter_tap(struct bpf_object *object, bool is_at_tc)
{
	const uint32_t zero = 0;
	const int fd = program_fd(object, is_at_tc ? "tap_tc" : "tap");

	if (bpf_map_update_elem(map_fd(object, "programs"), &zero, &fd, BPF_ANY))
		program_die("entry");
}

/* The program, or where it is too large for a socket its entry. */
static void attach(struct program *p)
{
	const int entry_fd = program_fd(p->object, "tap_entry");

	if (setsockopt(p->socket[1], SOL_SOCKET, SO_ATTACH_BPF, &p->fd, sizeof(p->fd)) &&
	    (errno != ENOMEM || setsockopt(p->socket[1], SOL_SOCKET, SO_ATTACH_BPF, &entry_fd, sizeof(entry_fd))))
		program_die("cannot attach the program to a socket");
}

static bool is_for_socket(const struct bpf_program *part)
{
	return !strcmp(bpf_program__name(part), "tap") || !strcmp(bpf_program__name(part), "tap_entry");
}

void program_open(struct program *p, const char *path, const struct ws_tap_config *config)
{
	int size = 1 << 20;
	struct bpf_program *part;

	p->is_at_tc = config->is_at_tc;
	p->n_cpus = libbpf_num_possible_cpus();
	p->object = bpf_object__open_file(path, NULL);
	if (!p->object)
		program_die(path);
	set_config(p->object, config);
	bpf_object__for_each_program(part, p->object)
		bpf_program__set_autoload(part, is_for_socket(part) != p->is_at_tc);
	if (bpf_map__set_max_entries(bpf_object__find_map_by_name(p->object, "scratches"), (uint32_t)p->n_cpus) ||
	    bpf_object__load(p->object))
		program_die("cannot load the program (root?)");
	p->fd = program_fd(p->object, p->is_at_tc ? "tap_in" : "tap");
	p->counters_fd = map_fd(p->object, "counters");
	p->flows_fd = map_fd(p->object, "flows");
	p->ring = ring_buffer__new(map_fd(p->object, "records"), on_message, p, NULL);
	p->per_cpu = calloc((size_t)p->n_cpus, sizeof(*p->per_cpu));
	if (!p->ring || !p->per_cpu)
		program_die("ring buffer");
	enter_tap(p->object, p->is_at_tc);
	if (p->is_at_tc) {
		cable_open(&p->cable, p->fd);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, p->socket) ||
	    setsockopt(p->socket[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		program_die("cannot open a socket pair");
	attach(p);
}

static void run(struct program *p, const uint8_t *frame, uint32_t len)
{
	static uint8_t sleeved[SLEEVE_LEN + PROGRAM_RUN_MAX];
	const uint32_t sleeve_len = p->is_at_tc ? 0 : SLEEVE_LEN;
	const int verdict = p->is_at_tc ? -1 : 0; /* TC_ACT_UNSPEC: go on as if nothing had been */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = sleeved, .data_size_in = sleeve_len + len);

	memcpy(sleeved + sleeve_len, frame, len);
	if (bpf_prog_test_run_opts(p->fd, &opts))
		program_die("BPF_PROG_RUN");
	if ((int)opts.retval != verdict)
		program_die("the program took a frame");
	p->n_run++;
}

static void send_frame(struct program *p, const uint8_t *frame, uint32_t len)
{
	uint8_t byte;

	p->n_sent++;
	if (p->is_at_tc) {
		cable_give(&p->cable, frame, len, p->n_sent);
		return;
	}
	if (send(p->socket[0], frame, len, 0) != (ssize_t)len)
		program_die("send");
	if (recv(p->socket[1], &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		program_die("the program took a frame");
}

void program_give(struct program *p, const uint8_t *frame, uint32_t len, int by_socket)
{
	if (by_socket || len > PROGRAM_RUN_MAX || (p->is_at_tc && len < PROGRAM_TC_RUN_MIN))
		send_frame(p, frame, len);
	else
		run(p, frame, len);
	if (ring_buffer__consume(p->ring) < 0)
		program_die("ring buffer");
}

void program_count(const struct program *p, struct ws_tap_counters *sum)
{
	uint32_t zero = 0;

	memset(sum, 0, sizeof(*sum));
	if (bpf_map_lookup_elem(p->counters_fd, &zero, p->per_cpu))
		program_die("counters");
	for (int cpu = 0; cpu < p->n_cpus; cpu++) {
		for (int i = 0; i < WS_N_REASONS; i++)
			sum->n_frames[i] += p->per_cpu[cpu].n_frames[i];
		sum->n_ring_full += p->per_cpu[cpu].n_ring_full;
		sum->n_more += p->per_cpu[cpu].n_more;
	}
}

uint32_t program_forget(const struct program *p)
{
	uint8_t key[256];
	uint32_t n = 0;

	while (bpf_map_get_next_key(p->flows_fd, NULL, key) == 0) {
		if (bpf_map_delete_elem(p->flows_fd, key))
			program_die("flows");
		n++;
	}
	return n;
}

void program_close(struct program *p)
{
	if (p->is_at_tc) {
		cable_close(&p->cable);
	} else {
		close(p->socket[0]);
		close(p->socket[1]);
	}
	ring_buffer__free(p->ring);
	bpf_object__close(p->object);
	free(p->per_cpu);
}
