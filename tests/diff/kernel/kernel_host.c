/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_host - do the in-kernel program and the host's parsers say the same of every frame? (root)
 *
 *	kernel_host TAP.BPF.O [SEED [FRAMES]]
 *	kernel_host --seeds DIR [SEED [FRAMES]]    writes a corpus for tests/fuzz/fuzz_frame.c
 *
 * Both sides share the parsers' text: that they agree proves the compiler, the verifier, and what the program adds to
 * the parsers. Every frame is given to the program as it will see one, in one of two ways:
 *
 * - BPF_PROG_RUN, which takes at least 14 bytes and at most a page less the kernel's own needs (about 3.7 KB), and
 *   hides the first 14 of them from a socket filter (eth_type_trans() pulls them). So 14 zero bytes go in front; with
 *   an EtherType of 0 the kernel looks no further. A frame of 0 bytes can be given so.
 * - a datagram on a Unix socket pair whose receiver has the program attached: every length, the frame from its first
 *   byte, and beyond 16 KB not in one piece. The verdict is 0, so nothing is queued.
 *
 * After each frame exactly one counter must have moved by one, and the ring buffer must hold a record if and only if
 * the frame is a request.
 */
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "tests/diff/kernel/generator.h"
#include "tests/diff/kernel/host_tap.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define SLEEVE_LEN   14
/* Longer frames take the socket: with their sleeve they might not fit BPF_PROG_RUN's page. */
#define RUN_MAX	       3500
#define N_REPORTED_MAX 5

struct setup {
	const char *name;
	struct ws_tap_config config;
};

/* clang-format off */
static const struct setup setups[] = {
	{ "window 1", { .window_bytes = 1, .link_proto = WS_ETHERTYPE_ETHERNET,
			.tunnels = { { 4789, 8472 } }, .point = 1 } },
	{ "window 50", { .window_bytes = 50, .link_proto = WS_ETHERTYPE_ETHERNET,
			 .tunnels = { { 8472 } }, .point = 2 } },
	{ "window 100", { .window_bytes = 100, .link_proto = WS_ETHERTYPE_ETHERNET,
			  .tunnels = { { 4789, 8472 } }, .wakes_reader = 1 } },
	{ "window 200, raw IP", { .window_bytes = 200, .link_proto = 0, .tunnels = { { 4789, 8472 } } } },
	{ "window 800, other VXLAN ports", { .window_bytes = 800, .link_proto = WS_ETHERTYPE_ETHERNET,
					     .tunnels = { { 5555, 4790, 1, 2, 3, 4, 6, 7 } } } },
	{ "window 800, filters on ports and VNI",
	  { .window_bytes = 800, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789 } }, .n_filters = 3,
	    .filter = { { .parts = WS_FILTER_DPORT, .dport = 8080 },
			{ .parts = WS_FILTER_VNI | WS_FILTER_SPORT, .vni = 42, .sport = 50001 },
			{ .parts = WS_FILTER_PORT, .port = 80 } } } },
	{ "window 800, filters on addresses",
	  { .window_bytes = 800, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } }, .n_filters = 8,
	    .filter = { /* 10.0.1.0/24 as source; a host of 2001:db8:: as either; one pair of hosts; never */
			{ .parts = WS_FILTER_SADDR,
			  .saddr = { { 0, 0x0001000affff0000 }, { ~0ull, 0x00ffffffffffffff } } },
			{ .parts = WS_FILTER_ADDR, .addr = { { 0xb80d0120, 1ull << 56 }, { ~0ull, ~0ull } } },
			{ .parts = WS_FILTER_SADDR | WS_FILTER_DADDR,
			  .saddr = { { 0xb80d0120, 2ull << 56 }, { ~0ull, ~0ull } },
			  .daddr = { { 0xb80d0120, 3ull << 56 }, { ~0ull, ~0ull } } },
			{ .parts = WS_FILTER_PORT }, { .parts = WS_FILTER_PORT }, { .parts = WS_FILTER_PORT },
			{ .parts = WS_FILTER_PORT }, { .parts = WS_FILTER_DPORT, .dport = 9080 } } } },
	{ "window 4096", { .window_bytes = 4096, .link_proto = WS_ETHERTYPE_ETHERNET,
			   .tunnels = { { 4789, 8472 } }, .point = 255 } },
	{ "largest window", { .window_bytes = WS_WINDOW_MAX, .link_proto = WS_ETHERTYPE_ETHERNET,
			      .tunnels = { { 4789, 8472 } } } },
};
/* clang-format on */

static const char *const slot_name[WS_N_REASONS] = {
	[WS_REASON_NOT_IP] = "not IP",
	[WS_REASON_NOT_TCP] = "not TCP",
	[WS_REASON_FRAGMENT] = "fragment",
	[WS_REASON_BAD_HEADER] = "bad header",
	[WS_REASON_FILTERED] = "filtered",
	[WS_REASON_NO_PAYLOAD] = "no payload",
	[WS_REASON_TLS] = "TLS",
	[WS_REASON_OTHER_PAYLOAD] = "other payload",
	[WS_REASON_HTTP_RESPONSE] = "HTTP response",
	[WS_REASON_BEYOND_WINDOW] = "beyond window",
	[WS_REASON_SPLIT] = "split",
	[WS_REASON_MALFORMED] = "malformed",
	[WS_REASON_INCOMPLETE] = "incomplete",
	[WS_REASON_NO_CONTEXT] = "no context",
	[WS_REASON_CONTEXT + WS_FAMILY_W3C] = "context, W3C",
	[WS_REASON_CONTEXT + WS_FAMILY_B3] = "context, B3",
};

/* The loaded program, and its answer to the last frame. */
struct kernel {
	struct bpf_object *object;
	struct ring_buffer *ring;
	int program_fd, counters_fd;
	int socket[2];
	int n_cpus;
	struct ws_tap_counters total;
	struct ws_tap_counters *per_cpu;
	struct ws_record record;
	uint32_t n_records;
};

/* Counts of the whole test. */
struct tally {
	uint64_t by_setup[COUNT(setups)][WS_N_REASONS];
	uint64_t by_encap[WS_N_ENCAPS];
	uint64_t n_run, n_sent, n_differ;
};

static void die(const char *what)
{
	fprintf(stderr, "kernel_host: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int on_record(void *context, void *data, size_t size)
{
	struct kernel *k = context;

	if (size < sizeof(k->record)) {
		fprintf(stderr, "kernel_host: a record of %zu bytes\n", size);
		exit(1);
	}
	memcpy(&k->record, data, sizeof(k->record));
	k->n_records++;
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
			die("config has another size: was the program compiled from these headers?");
		return info->offset;
	}
	die("the program has no config");
	return 0;
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
		die("the program has no read-only data");
	memcpy(data, old, size);
	memcpy(data + place, config, sizeof(*config));
	if (bpf_map__set_initial_value(map, data, size))
		die("cannot set config");
	free(data);
}

static int map_fd(struct bpf_object *object, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);

	if (fd < 0)
		die(name);
	return fd;
}

static void open_kernel(struct kernel *k, const char *path, const struct ws_tap_config *config)
{
	int size = 1 << 20;

	memset(k, 0, sizeof(*k));
	k->n_cpus = libbpf_num_possible_cpus();
	k->object = bpf_object__open_file(path, NULL);
	if (!k->object)
		die(path);
	set_config(k->object, config);
	if (bpf_map__set_max_entries(bpf_object__find_map_by_name(k->object, "scratches"), (uint32_t)k->n_cpus) ||
	    bpf_object__load(k->object))
		die("cannot load the program (root?)");
	k->program_fd = bpf_program__fd(bpf_object__find_program_by_name(k->object, "tap"));
	k->counters_fd = map_fd(k->object, "counters");
	k->ring = ring_buffer__new(map_fd(k->object, "records"), on_record, k, NULL);
	k->per_cpu = calloc((size_t)k->n_cpus, sizeof(*k->per_cpu));
	if (!k->ring || !k->per_cpu)
		die("ring buffer");
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, k->socket) ||
	    setsockopt(k->socket[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(k->socket[1], SOL_SOCKET, SO_ATTACH_BPF, &k->program_fd, sizeof(k->program_fd)))
		die("cannot attach the program to a socket");
}

static void close_kernel(struct kernel *k)
{
	close(k->socket[0]);
	close(k->socket[1]);
	ring_buffer__free(k->ring);
	bpf_object__close(k->object);
	free(k->per_cpu);
}

static void run_program(struct kernel *k, const uint8_t *frame, uint32_t len)
{
	static uint8_t sleeved[SLEEVE_LEN + RUN_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = sleeved, .data_size_in = SLEEVE_LEN + len);

	memcpy(sleeved + SLEEVE_LEN, frame, len);
	if (bpf_prog_test_run_opts(k->program_fd, &opts))
		die("BPF_PROG_RUN");
	if (opts.retval != 0)
		die("the program took a frame");
}

static void send_frame(struct kernel *k, const uint8_t *frame, uint32_t len)
{
	uint8_t byte;

	if (send(k->socket[0], frame, len, 0) != (ssize_t)len)
		die("send");
	if (recv(k->socket[1], &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		die("the program took a frame");
}

/* Which counter moved? Returns its slot, or -1 if it was not exactly one, by one. */
static int moved_slot(struct kernel *k)
{
	struct ws_tap_counters now = { 0 };
	uint32_t zero = 0;
	int slot = -1, n_moved = 0;

	if (bpf_map_lookup_elem(k->counters_fd, &zero, k->per_cpu))
		die("counters");
	for (int cpu = 0; cpu < k->n_cpus; cpu++) {
		for (int i = 0; i < WS_N_REASONS; i++)
			now.n_frames[i] += k->per_cpu[cpu].n_frames[i];
		now.n_ring_full += k->per_cpu[cpu].n_ring_full;
	}
	for (int i = 0; i < WS_N_REASONS; i++) {
		if (now.n_frames[i] == k->total.n_frames[i])
			continue;
		slot = i;
		n_moved += (int)(now.n_frames[i] - k->total.n_frames[i]);
	}
	n_moved += now.n_ring_full != k->total.n_ring_full;
	k->total = now;
	return n_moved == 1 ? slot : -1;
}

static int differs(const char *name, const void *kernel, const void *host, size_t size, int is_told)
{
	if (!memcmp(kernel, host, size))
		return 0;
	if (!is_told)
		return 1;
	printf("    %s:", name);
	for (size_t i = 0; i < size; i++)
		printf(" %02x/%02x", ((const uint8_t *)kernel)[i], ((const uint8_t *)host)[i]);
	printf(" (kernel/host)\n");
	return 1;
}

/* Returns how many fields differ, and may say which. Time and direction are the kernel's own. */
static int compare_records(const struct ws_record *kernel, const struct ws_record *host, int is_told)
{
	int n = 0;

#define FIELD(f) n += differs(#f, &kernel->f, &host->f, sizeof(host->f), is_told)
	FIELD(trace_id);
	FIELD(span_id);
	FIELD(parent_span_id);
	FIELD(saddr);
	FIELD(daddr);
	FIELD(outer_saddr);
	FIELD(outer_daddr);
	FIELD(seq);
	FIELD(vni);
	FIELD(frame_len);
	FIELD(payload_len);
	FIELD(req_off);
	FIELD(ctx_off);
	FIELD(ctx_len);
	FIELD(ids_end_off);
	FIELD(searched_len);
	FIELD(sport);
	FIELD(dport);
	FIELD(vlan);
	FIELD(n_segments);
	FIELD(point);
	FIELD(ip_version);
	FIELD(outer_ip_version);
	FIELD(encap);
	FIELD(tcp_flags);
	FIELD(reason);
	FIELD(family);
	FIELD(sampled);
	FIELD(flags);
	FIELD(zero);
#undef FIELD
	return n;
}

static int is_request(uint32_t slot)
{
	return slot >= WS_REASON_BEYOND_WINDOW && slot != WS_REASON_TRUNCATED;
}

static void dump(const uint8_t *frame, uint32_t len)
{
	for (uint32_t i = 0; i < len && i < 512; i++)
		printf("%s%02x", i % 32 ? "" : "\n    ", frame[i]);
	printf("%s\n", len > 512 ? "\n    ..." : "");
}

/* Gives one frame to both. Returns whether they say the same. */
static int compare(struct kernel *k, const struct ws_tap_config *config, const uint8_t *frame, uint32_t len,
		   int by_socket, struct tally *t, uint64_t slots[WS_N_REASONS])
{
	struct ws_record host;
	uint32_t want = host_tap(config, frame, len, &host);
	uint64_t last_ns = k->record.ts_ns;
	int slot, is_told = t->n_differ < N_REPORTED_MAX;

	k->n_records = 0;
	if (by_socket)
		send_frame(k, frame, len);
	else
		run_program(k, frame, len);
	if (ring_buffer__consume(k->ring) < 0)
		die("ring buffer");
	t->n_sent += (uint64_t)by_socket;
	t->n_run += !by_socket;
	slot = moved_slot(k);
	slots[want]++;
	if (slot != (int)want || k->n_records != (uint32_t)is_request(want)) {
		if (is_told)
			printf("    slot %d/%u, %u record(s) (kernel/host)\n", slot, want, k->n_records);
		return 0;
	}
	if (!k->n_records)
		return 1;
	t->by_encap[host.encap]++;
	if (k->record.ts_ns <= last_ns || k->record.direction != WS_DIRECTION_IN) {
		if (is_told)
			printf("    %llu ns behind %llu ns, direction %u\n", (unsigned long long)k->record.ts_ns,
			       (unsigned long long)last_ns, k->record.direction);
		return 0;
	}
	return compare_records(&k->record, &host, is_told) == 0;
}

/* A configuration: the program is loaded for it, and sees its frames. Returns how many of them got two answers. */
static uint64_t compare_setup(const char *path, uint32_t index, uint64_t seed, uint32_t n_frames, struct tally *t)
{
	static struct generator g;
	const struct setup *s = &setups[index];
	uint64_t n_before = t->n_differ;
	struct kernel k;

	g.window = s->config.window_bytes;
	g.vxlan_port = s->config.tunnels.vxlan_port[0];
	g.is_raw_ip = s->config.link_proto == 0;
	open_kernel(&k, path, &s->config);
	for (uint32_t i = 0; i < n_frames; i++) {
		uint32_t len = generator_frame(&g, seed * COUNT(setups) + index, i);
		int by_socket = len > RUN_MAX || i % 8 == 0;

		if (compare(&k, &s->config, g.bytes + g.start, len, by_socket, t, t->by_setup[index]))
			continue;
		if (t->n_differ++ < N_REPORTED_MAX) {
			printf("  %s, frame %u of seed %llu, %u bytes by %s:", s->name, i, (unsigned long long)seed,
			       len, by_socket ? "socket" : "BPF_PROG_RUN");
			dump(g.bytes + g.start, len);
		}
	}
	close_kernel(&k);
	return t->n_differ - n_before;
}

static void print_tally(const struct tally *t)
{
	uint64_t sum;

	printf("\n%-15s", "");
	for (size_t i = 0; i < COUNT(setups); i++)
		printf(" %8c", 'a' + (int)i);
	printf(" %8s\n", "all");
	for (int slot = 0; slot < WS_N_REASONS; slot++) {
		if (!slot_name[slot])
			continue;
		printf("%-15s", slot_name[slot]);
		sum = 0;
		for (size_t i = 0; i < COUNT(setups); i++) {
			printf(" %8llu", (unsigned long long)t->by_setup[i][slot]);
			sum += t->by_setup[i][slot];
		}
		printf(" %8llu\n", (unsigned long long)sum);
	}
	for (size_t i = 0; i < COUNT(setups); i++)
		printf("%c: %s\n", 'a' + (int)i, setups[i].name);
	printf("requests by encapsulation: none %llu, VXLAN %llu, IP in IP %llu, Geneve %llu, GRE %llu\n",
	       (unsigned long long)t->by_encap[WS_ENCAP_NONE], (unsigned long long)t->by_encap[WS_ENCAP_VXLAN],
	       (unsigned long long)t->by_encap[WS_ENCAP_IPIP], (unsigned long long)t->by_encap[WS_ENCAP_GENEVE],
	       (unsigned long long)t->by_encap[WS_ENCAP_GRE]);
	printf("%llu frames by BPF_PROG_RUN, %llu by socket\n", (unsigned long long)t->n_run,
	       (unsigned long long)t->n_sent);
}

/* Frames of one slot in all configurations. */
static uint64_t sum_of(const struct tally *t, int slot)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT(setups); i++)
		sum += t->by_setup[i][slot];
	return sum;
}

/* Did the frames exercise everything? Returns the number of checks that failed, of *n_checks. */
static uint32_t check_coverage(const struct tally *t, uint32_t *n_checks)
{
	uint64_t n_requests = 0, n_all = 0;
	uint32_t n_failed = 0;

	for (int slot = 0; slot < WS_N_REASONS; slot++) {
		n_all += sum_of(t, slot);
		n_requests += is_request((uint32_t)slot) ? sum_of(t, slot) : 0;
		if (!slot_name[slot])
			continue;
		++*n_checks;
		if (sum_of(t, slot))
			continue;
		printf("FAILED: no frame was counted as %s\n", slot_name[slot]);
		n_failed++;
	}
	for (int encap = 0; encap < WS_N_ENCAPS; encap++) {
		++*n_checks;
		if (t->by_encap[encap])
			continue;
		printf("FAILED: no request in encapsulation %d\n", encap);
		n_failed++;
	}
	++*n_checks;
	if (n_requests * 2 < n_all) {
		printf("FAILED: %llu requests in %llu frames\n", (unsigned long long)n_requests,
		       (unsigned long long)n_all);
		n_failed++;
	}
	return n_failed;
}

/* tests/fuzz/fuzz_frame.c takes four bytes before the frame: see there. */
static int write_seeds(const char *dir, uint64_t seed, uint32_t n_frames)
{
	static struct generator g = { .vxlan_port = 4789 };
	char path[4096];

	for (uint32_t i = 0; i < n_frames; i++) {
		uint8_t control[4] = { (uint8_t)(i % 4 == 3), 0, 0, 0 };
		uint32_t len;
		FILE *f;

		g.window = (const uint32_t[]) { 50, 200, 800 }[i % 3];
		g.is_raw_ip = control[0];
		control[2] = (uint8_t)g.window;
		control[3] = (uint8_t)(g.window >> 8);
		len = generator_frame(&g, seed, i);
		snprintf(path, sizeof(path), "%s/frame-%llu-%u", dir, (unsigned long long)seed, i);
		f = fopen(path, "wb");
		if (!f || fwrite(control, sizeof(control), 1, f) != 1 || fwrite(g.bytes + g.start, 1, len, f) != len ||
		    fclose(f))
			die(path);
	}
	return 0;
}

static void pin_to_one_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus); /* only makes it faster */
}

static int compare_all(const char *path, uint64_t seed, uint32_t n_frames)
{
	static struct tally t;
	uint32_t n_failed = 0, n_checks = 0;

	pin_to_one_cpu();
	printf("seed %llu, %u frames\n", (unsigned long long)seed, n_frames);
	for (uint32_t i = 0; i < COUNT(setups); i++) {
		uint64_t n = compare_setup(path, i, seed, (uint32_t)(n_frames / COUNT(setups)), &t);

		n_checks++;
		n_failed += n > 0;
		printf("%s: %s, %llu frames with two answers\n", n ? "FAILED" : "ok", setups[i].name,
		       (unsigned long long)n);
	}
	print_tally(&t);
	n_failed += check_coverage(&t, &n_checks);
	printf("%u passed, %u failed\n", n_checks - n_failed, n_failed);
	return n_failed != 0;
}

int main(int argc, char **argv)
{
	int writes_seeds = argc > 1 && !strcmp(argv[1], "--seeds");
	int at = writes_seeds ? 2 : 1;
	uint64_t seed = argc > at + 1 ? strtoull(argv[at + 1], NULL, 0) : 20240917;
	uint32_t n_frames = argc > at + 2 ? (uint32_t)strtoul(argv[at + 2], NULL, 0) : writes_seeds ? 500 : 270000;

	if (argc <= at || argc > at + 3) {
		fprintf(stderr, "usage: kernel_host TAP.BPF.O [SEED [FRAMES]] | --seeds DIR [SEED [FRAMES]]\n");
		return 2;
	}
	return writes_seeds ? write_seeds(argv[2], seed, n_frames) : compare_all(argv[1], seed, n_frames);
}
