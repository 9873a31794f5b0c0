/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_bpf - what the in-kernel program costs a packet, by BPF_PROG_RUN, as a ratio to an empty socket filter and to
 * the paper's search byte by byte. (root)
 *
 *	bench_bpf TAP.BPF.O BYTE_BY_BYTE.BPF.O [ROUNDS [CLASS]]
 *
 * In every round each program runs once for each class of packet, one after the other; the table has medians over the
 * rounds, ratios being taken within a round. Frames longer than BPF_PROG_RUN takes go through a Unix socket to which
 * the program is attached; their time is the kernel's own (bpf_stats_enabled), less what that says of the empty
 * program.
 *
 * With CLASS only the classes whose names contain it, and only with the tap: for a profiler.
 *
 * BPF_PROG_RUN takes at least 14 bytes and hides them from a socket filter: each frame has 14 zero bytes in front. A
 * program at tc sees them: there are none. It sees frames in one piece; on an interface, what an application has sent
 * mostly lies elsewhere than its headers, and is copied by bpf_skb_load_bytes() there, too.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/tap_config.h"
#include "tests/bench/frames.h"
#include "tests/bench/measure.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define SLEEVE_LEN   14
/* With its sleeve a frame must fit a page with the kernel's own needs. */
#define RUN_MAX	     3500
#define REPEAT	     4000
#define SENDS	     1000
#define ROUNDS_MAX   200
#define COLD_ROUNDS  15
#define EVICT_BYTES  (48u << 20)
#define WINDOW	     65536
#define PAPER_WINDOW 800
#define TCP_ACK	     0x10
#define TCP_DATA     0x18

struct class
{
	const char *name;
	double target; /* times the empty program; 0: none */
	uint8_t searches;
	uint32_t len;
	uint8_t frame[FRAME_MAX];
};

enum program {
	EMPTY,
	TAP,	  /* as capture loads it: window of 65536 bytes, ring buffer of 16 MB, read between the runs */
	TAP_HOT,  /* ring buffer of 128 KB, which stays in the cache */
	TAP_FULL, /* ring buffer full: everything but the record */
	TAP_4096, /* window of 4096 bytes */
	BYTE_BY_BYTE,
	PAPER, /* the same with the paper's window */
	EMPTY_TC,
	TC,	 /* the tap at tc, through its entry for what comes in */
	TC_FULL, /* ring buffer full */
	N_PROGRAMS,
};

static const char *const program_name[] = {
	[EMPTY] = "empty program",
	[TAP] = "tap, window 65536",
	[TAP_HOT] = "tap, ring of 128 KB",
	[TAP_FULL] = "tap, ring full",
	[TAP_4096] = "tap, window 4096",
	[BYTE_BY_BYTE] = "byte by byte (bpf_loop)",
	[PAPER] = "the same, 800 bytes",
	[EMPTY_TC] = "empty program at tc",
	[TC] = "tap at tc",
	[TC_FULL] = "tap at tc, ring full",
};

struct loaded {
	int fd;
	uint32_t repeat;
	struct bpf_object *object;
	struct ring_buffer *ring; /* to be drained between runs, or NULL */
};

static struct class class[32];
static uint32_t n_classes;
static struct loaded loaded[N_PROGRAMS];
static const char *only; /* classes with this in their name, or NULL */
static double ns[COUNT(class)][N_PROGRAMS][ROUNDS_MAX];
static double cold_ns[COUNT(class)][BYTE_BY_BYTE][COLD_ROUNDS];
static const char ids[65] = "5af7183fb1d4cf5f0f0e0d0c0b0a0908c0ffee0123456789a1b2c3d4e5f60718";

static void die(const char *what)
{
	fprintf(stderr, "bench_bpf: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct class *add_class(const char *name, double target)
{
	struct class *c = &class[n_classes++];

	c->name = name;
	c->target = target;
	return c;
}

static struct class *add_tcp(const char *name, double target, enum frame_wrap wrap, const void *payload, uint32_t len,
			     uint8_t tcp_flags)
{
	const struct frame_segment s = {
		.seq = 1000, .ack = 2000, .payload = payload, .payload_len = len, .tcp_flags = tcp_flags
	};
	struct class *c = add_class(name, target);

	c->len = frame_tcp(c->frame, wrap, &s);
	return c;
}

static void add_request(const char *name, double target, enum frame_wrap wrap, enum frame_context context, uint32_t off,
			uint32_t len)
{
	static uint8_t payload[FRAME_MAX];

	len = frame_request(payload, context, off, len, ids);
	add_tcp(name, target, wrap, payload, len, TCP_DATA)->searches = 1;
}

/* Ten requests in one segment, each with its context. */
static void add_pipelined(const char *name)
{
	static uint8_t payload[FRAME_MAX];
	uint32_t len = 0;

	for (int i = 0; i < 10; i++)
		len += frame_request(payload + len, FRAME_W3C, 0, 300, ids);
	add_tcp(name, 0, FRAME_VXLAN, payload, len, TCP_DATA)->searches = 1;
}

static void make_classes(void)
{
	static uint8_t body[1024];
	static const char response[] = "HTTP/1.1 200 OK\r\nserver: envoy\r\ncontent-length: 2000\r\n\r\n";
	struct class *c;

	memset(body, 'b', sizeof(body));
	c = add_class("ARP", 2);
	c->len = frame_arp(c->frame);
	c = add_class("UDP", 2);
	c->len = frame_udp(c->frame, 300);
	add_tcp("bare ACK", 2, FRAME_VXLAN, "", 0, TCP_ACK);
	add_tcp("bare ACK, plain", 2, FRAME_PLAIN, "", 0, TCP_ACK);
	add_tcp("TCP data, not HTTP", 2, FRAME_VXLAN, body, sizeof(body), TCP_DATA);
	add_tcp("HTTP response", 2, FRAME_VXLAN, response, sizeof(response) - 1, TCP_DATA);
	add_request("no context, 300 B", 0, FRAME_VXLAN, FRAME_NO_CONTEXT, 0, 300);
	add_request("no context, 1400 B", 0, FRAME_VXLAN, FRAME_NO_CONTEXT, 0, 1400);
	add_request("B3 at head of 420 B", 6.5, FRAME_VXLAN, FRAME_B3, 0, 420);
	add_request("the same, plain", 6.5, FRAME_PLAIN, FRAME_B3, 0, 420);
	add_request("the same, IP in IP", 6.5, FRAME_IPIP, FRAME_B3, 0, 420);
	add_request("W3C at head of 420 B", 6.5, FRAME_VXLAN, FRAME_W3C, 0, 420);
	add_request("W3C at head of 1400 B", 6.5, FRAME_VXLAN, FRAME_W3C, 0, 1400);
	add_request("W3C 400 B deep", 0, FRAME_VXLAN, FRAME_W3C, 400, 0);
	add_request("W3C 800 B deep", 0, FRAME_VXLAN, FRAME_W3C, 800, 0);
	add_request("W3C 1400 B deep", 13, FRAME_VXLAN, FRAME_W3C, 1400, 0);
	add_request("B3 1400 B deep", 13, FRAME_VXLAN, FRAME_B3, 1400, 0);
	add_request("W3C 3300 B deep", 0, FRAME_VXLAN, FRAME_W3C, 3300, 0);
	add_pipelined("10 requests of 300 B");
	add_request("W3C 15000 B deep", 0, FRAME_VXLAN, FRAME_W3C, 15000, 0);
}

/* The place of a variable in the read-only data. */
static uint32_t place_of(struct bpf_object *object, const char *name)
{
	const struct btf *btf = bpf_object__btf(object);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);

	for (int i = 0; section && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(section)[i];

		if (!strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, info->type)->name_off), name))
			return info->offset;
	}
	die(name);
	return 0;
}

static void set_variable(struct bpf_object *object, const char *name, const void *value, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	uint32_t place = place_of(object, name);
	size_t map_size = 0;
	const void *old = map ? bpf_map__initial_value(map, &map_size) : NULL;
	uint8_t *data = malloc(map_size);

	if (!old || !data || place + size > map_size)
		die("read-only data");
	memcpy(data, old, map_size);
	memcpy(data + place, value, size);
	if (bpf_map__set_initial_value(map, data, map_size))
		die("read-only data");
	free(data);
}

static struct bpf_object *open_object(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);

	if (!object)
		die(path);
	return object;
}

static int ignore_record(void *context, void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return 0;
}

static int fd_of(struct bpf_object *object, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

/* The entries at tc go on in the tap. */
static void enter_tap(struct bpf_object *object)
{
	const uint32_t zero = 0;
	const int fd = fd_of(object, "tap_tc");

	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "programs"), &zero, &fd, BPF_ANY))
		die("entry at tc");
}

static void load_tap(enum program program, const char *path, uint32_t window, uint32_t ring_bytes, bool is_drained)
{
	struct ws_tap_config config = { .tunnels = { { FRAME_VXLAN_PORT, 8472 } },
					.window_bytes = window,
					.is_at_tc = program >= TC,
					.link_proto = WS_ETHERTYPE_ETHERNET };
	struct ws_error err = { 0 };
	struct ws_wanted wanted;
	struct loaded *l = &loaded[program];
	struct bpf_program *part;
	int records;

	if (ws_wanted_parse(ws_wanted_default, &wanted, &err))
		die(err.text);
	ws_names_make(&wanted, &config.names);
	l->object = open_object(path);
	set_variable(l->object, "config", &config, sizeof(config));
	bpf_map__set_max_entries(bpf_object__find_map_by_name(l->object, "scratches"),
				 (uint32_t)libbpf_num_possible_cpus());
	bpf_map__set_max_entries(bpf_object__find_map_by_name(l->object, "records"), ring_bytes);
	bpf_object__for_each_program(part, l->object)
		bpf_program__set_autoload(part, config.is_at_tc ? !strncmp(bpf_program__name(part), "tap_", 4) &&
									  strcmp(bpf_program__name(part), "tap_entry")
								: !strcmp(bpf_program__name(part), "tap"));
	if (bpf_object__load(l->object))
		die(path);
	l->fd = fd_of(l->object, config.is_at_tc ? "tap_in" : "tap");
	if (config.is_at_tc)
		enter_tap(l->object);
	l->repeat = REPEAT;
	records = bpf_object__find_map_fd_by_name(l->object, "records");
	if (!is_drained)
		return;
	l->ring = ring_buffer__new(records, ignore_record, NULL, NULL);
	if (!l->ring)
		die("ring buffer");
	if (ring_bytes / 256 < l->repeat)
		l->repeat = ring_bytes / 256; /* a record takes less */
}

static void load_byte_by_byte(enum program program, const char *path, uint32_t window)
{
	struct loaded *l = &loaded[program];
	uint32_t payload_off = frame_headers_len(FRAME_VXLAN);

	l->object = open_object(path);
	set_variable(l->object, "payload_off", &payload_off, sizeof(payload_off));
	set_variable(l->object, "window_bytes", &window, sizeof(window));
	if (bpf_object__load(l->object))
		die(path);
	l->fd = fd_of(l->object, "byte_by_byte");
	l->repeat = REPEAT / 4;
}

/* Returns 0 if programs may not be loaded here. */
static int load_empty(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	loaded[EMPTY].repeat = loaded[EMPTY_TC].repeat = REPEAT;
	loaded[EMPTY_TC].fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty_tc", "GPL", insns, COUNT(insns), NULL);
	loaded[EMPTY].fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "empty", "GPL", insns, COUNT(insns), NULL);
	return loaded[EMPTY].fd >= 0;
}

/* ns a run, or -1 if BPF_PROG_RUN is refused. */
static double run_once(const struct loaded *l, const uint8_t *frame, uint32_t len, uint32_t repeat)
{
	static uint8_t sleeved[SLEEVE_LEN + RUN_MAX];
	const uint32_t sleeve_len = l - loaded >= EMPTY_TC ? 0 : SLEEVE_LEN;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = sleeved, .data_size_in = sleeve_len + len,
		    .repeat = (int)repeat);
	double start, wall;

	memcpy(sleeved + sleeve_len, frame, len);
	start = measure_wall();
	if (bpf_prog_test_run_opts(l->fd, &opts))
		return -1;
	wall = (measure_wall() - start) * 1e9 / repeat;
	if (l->ring)
		ring_buffer__consume(l->ring);
	return opts.duration ? opts.duration : wall;
}

static void info_of(int fd, struct bpf_prog_info *info)
{
	uint32_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(fd, info, &len))
		die("program info");
}

/* ns a run by the kernel's own account, with its clock readings in it. */
static double send_many(const struct loaded *l, const uint8_t *frame, uint32_t len)
{
	struct bpf_prog_info before, after;
	int pair[2], size = 1 << 20;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) ||
	    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_BPF, &l->fd, sizeof(l->fd)))
		die("cannot attach to a socket");
	info_of(l->fd, &before);
	for (uint32_t i = 0; i < SENDS; i++)
		if (send(pair[0], frame, len, 0) != (ssize_t)len)
			die("send");
	info_of(l->fd, &after);
	close(pair[0]);
	close(pair[1]);
	if (l->ring)
		ring_buffer__consume(l->ring);
	if (after.run_cnt - before.run_cnt != SENDS)
		die("bpf statistics");
	return (double)(after.run_time_ns - before.run_time_ns) / SENDS;
}

static double measure_long(enum program program, const struct class *c, double empty_ns)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	double all, of_empty;

	if (stats < 0)
		die("bpf statistics");
	of_empty = send_many(&loaded[EMPTY], c->frame, c->len);
	all = program == EMPTY ? of_empty : send_many(&loaded[program], c->frame, c->len);
	close(stats);
	return all - of_empty + empty_ns;
}

static int is_measured(enum program program, const struct class *c)
{
	const int is_basic = program == EMPTY || program == TAP || program == EMPTY_TC || program == TC;

	if (program >= EMPTY_TC && c->len > RUN_MAX)
		return 0;
	if (only && (!is_basic || !strstr(c->name, only)))
		return 0;
	if (is_basic)
		return 1;
	if (program == BYTE_BY_BYTE || program == PAPER)
		return c->searches && c->len > frame_headers_len(FRAME_VXLAN) &&
		       !memcmp(c->frame + frame_headers_len(FRAME_VXLAN), "GET", 3);
	if (program == TAP_4096)
		return c->searches && c->len < 4096;
	return c->searches;
}

/* Walks over more memory than the caches hold. */
static void evict(void)
{
	static uint8_t *memory;

	if (!memory && !(memory = malloc(EVICT_BYTES)))
		die("memory");
	for (uint32_t i = 0; i < EVICT_BYTES; i += 64)
		memory[i]++;
}

/* ns of one run whose instructions and data come from memory, as they do where requests are few. */
static void measure_cold(uint32_t round)
{
	for (uint32_t i = 0; i < n_classes; i++) {
		for (uint32_t p = EMPTY; p <= TAP; p++) {
			if (!is_measured(p, &class[i]) || class[i].len > RUN_MAX)
				continue;
			evict();
			cold_ns[i][p][round] = run_once(&loaded[p], class[i].frame, class[i].len, 1);
		}
	}
}

/* Whether the kernel times programs, as it does while anybody's recording asks for it: two clock readings a run. */
static bool is_timed_by_kernel(void)
{
	struct bpf_prog_info before, after;

	info_of(loaded[EMPTY].fd, &before);
	run_once(&loaded[EMPTY], class[0].frame, class[0].len, 1);
	info_of(loaded[EMPTY].fd, &after);
	return after.run_cnt != before.run_cnt;
}

/* Waits a second at most for a moment in which it does not. Returns whether there was one. */
static bool wait_untimed(void)
{
	for (int i = 0; i < 100 && is_timed_by_kernel(); i++)
		usleep(10000);
	return !is_timed_by_kernel();
}

static void measure_round(uint32_t round)
{
	for (uint32_t i = 0; i < n_classes; i++) {
		for (uint32_t p = 0; p < N_PROGRAMS; p++) {
			double *to = &ns[i][p][round];

			if (!is_measured(p, &class[i]))
				continue;
			if (class[i].len > RUN_MAX && p != EMPTY) {
				*to = measure_long(p, &class[i], ns[i][EMPTY][round]);
				continue;
			}
			*to = run_once(&loaded[p], class[i].frame, class[i].len > RUN_MAX ? 64 : class[i].len,
				       loaded[p].repeat);
			if (*to < 0)
				die("BPF_PROG_RUN");
		}
	}
}

static double ratio(uint32_t i, enum program over, enum program under, uint32_t n_rounds)
{
	double value[ROUNDS_MAX];

	for (uint32_t r = 0; r < n_rounds; r++)
		value[r] = ns[i][over][r] / ns[i][under][r];
	return measure_median(value, n_rounds);
}

static void print_ratio(uint32_t i, enum program over, enum program under, uint32_t n_rounds)
{
	if (is_measured(over, &class[i]) && is_measured(under, &class[i]))
		printf(" %9.2f", ratio(i, over, under, n_rounds));
	else
		printf(" %9s", "-");
}

static void print_times(uint32_t n_rounds)
{
	printf("\nns a packet, and times the empty program; VXLAN unless said; medians of %u rounds\n", n_rounds);
	printf("%-24s %8s %8s | %9s %9s | %9s %9s %9s | %9s %9s | %9s %9s %9s | %9s %10s\n", "", "empty ns", "tap ns",
	       "tap", "target", "hot ring", "no record", "4 KB win.", "byte-wise", "800 bytes", "tc", "no record",
	       "tc / tap", "cold ns", "cold empty");
	for (uint32_t i = 0; i < n_classes; i++) {
		double value[ROUNDS_MAX];
		double median[2];

		if (!is_measured(TAP, &class[i]))
			continue;
		for (uint32_t p = EMPTY; p <= TAP; p++) {
			memcpy(value, ns[i][p], sizeof(value));
			median[p] = measure_median(value, n_rounds);
		}
		printf("%-24s %8.1f %8.1f |", class[i].name, median[EMPTY], median[TAP]);
		print_ratio(i, TAP, EMPTY, n_rounds);
		if (class[i].target > 0)
			printf("   <= %4.1f |", class[i].target);
		else
			printf(" %9s |", "");
		print_ratio(i, TAP_HOT, EMPTY, n_rounds);
		print_ratio(i, TAP_FULL, EMPTY, n_rounds);
		print_ratio(i, TAP_4096, EMPTY, n_rounds);
		printf(" |");
		print_ratio(i, BYTE_BY_BYTE, TAP, n_rounds);
		print_ratio(i, PAPER, TAP, n_rounds);
		printf(" |");
		print_ratio(i, TC, EMPTY_TC, n_rounds);
		print_ratio(i, TC_FULL, EMPTY_TC, n_rounds);
		print_ratio(i, TC, TAP, n_rounds);
		if (class[i].len > RUN_MAX)
			printf(" | (by socket)\n");
		else
			printf(" | %9.0f %10.0f\n", measure_median(cold_ns[i][TAP], COLD_ROUNDS),
			       measure_median(cold_ns[i][EMPTY], COLD_ROUNDS));
	}
	printf("targets: tap <= 2 (no request), <= 6.5 (context at the head; \"no record\" <= 3.5), <= 13 (1400 B "
	       "deep);\n"
	       "byte-wise: the paper's search in times of the tap, >= 10 at 1400 B; 800 bytes: with the paper's "
	       "window, beyond which it finds nothing;\n"
	       "tc: times the empty program at tc; tc / tap: ns of the one to ns of the other; cold: one run, caches "
	       "evicted\n");
}

static void print_sizes(void)
{
	printf("\n%-24s %12s %12s %14s\n", "program", "instructions", "jited bytes", "verified insns");
	for (uint32_t p = 0; p < N_PROGRAMS; p++) {
		struct bpf_prog_info info;

		if (p == TAP_HOT || p == TAP_FULL || p == TC_FULL)
			continue;
		info_of(p == TC ? fd_of(loaded[p].object, "tap_tc") : loaded[p].fd, &info);
		printf("%-24s %12u %12u %14u\n", program_name[p], info.xlated_prog_len / 8, info.jited_prog_len,
		       info.verified_insns);
	}
}

static void pin(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* Lines for bench.py: what the tap costs, without a record where the context is at the head, and the paper's search. */
static void tell(uint32_t n_rounds)
{
	char target[32], name[64];
	struct measure_figure f = { .stage = "kernel", .unit = "ns/packet" };

	for (uint32_t i = 0; i < n_classes; i++) {
		if (!is_measured(TAP, &class[i]))
			continue;
		snprintf(target, sizeof(target), "ratio <= %g", class[i].target);
		f.size = "1 packet";
		f.quantity = class[i].name;
		f.baseline = "empty program";
		f.target = class[i].target > 0 ? target : "";
		measure_tell(&f, ns[i][TAP], ns[i][EMPTY], n_rounds);
		snprintf(name, sizeof(name), "%s, no record", class[i].name);
		f.quantity = name;
		f.target = "ratio <= 3.5";
		if (class[i].target == 6.5 && is_measured(TAP_FULL, &class[i]))
			measure_tell(&f, ns[i][TAP_FULL], ns[i][EMPTY], n_rounds);
		snprintf(name, sizeof(name), "%s, at tc", class[i].name);
		f.baseline = "empty program at tc";
		f.target = class[i].target > 0 ? target : "";
		if (is_measured(TC, &class[i]))
			measure_tell(&f, ns[i][TC], ns[i][EMPTY_TC], n_rounds);
		snprintf(name, sizeof(name), "%s, byte by byte", class[i].name);
		f.baseline = "tap";
		f.target = "ratio >= 10";
		if (class[i].target == 13 && is_measured(BYTE_BY_BYTE, &class[i]))
			measure_tell(&f, ns[i][BYTE_BY_BYTE], ns[i][TAP], n_rounds);
	}
}

int main(int argc, char **argv)
{
	uint32_t n_rounds = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 41, n_timed = 0;

	if (argc < 3 || argc > 5 || n_rounds < 1 || n_rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench_bpf TAP.BPF.O BYTE_BY_BYTE.BPF.O [ROUNDS [CLASS]]\n");
		return 2;
	}
	only = argc > 4 ? argv[4] : NULL;
	pin();
	make_classes();
	if (!load_empty() || run_once(&loaded[EMPTY], class[0].frame, class[0].len, 1) < 0) {
		printf("bench_bpf: skipped: BPF_PROG_RUN is not permitted (%s); it needs root\n", strerror(errno));
		return 0;
	}
	load_tap(TAP, argv[1], WINDOW, 1 << 24, true);
	load_tap(TAP_HOT, argv[1], WINDOW, 1 << 17, true);
	load_tap(TAP_FULL, argv[1], WINDOW, 4096, false);
	load_tap(TAP_4096, argv[1], 4096, 1 << 24, true);
	load_tap(TC, argv[1], WINDOW, 1 << 24, true);
	load_tap(TC_FULL, argv[1], WINDOW, 4096, false);
	load_byte_by_byte(BYTE_BY_BYTE, argv[2], 16384);
	load_byte_by_byte(PAPER, argv[2], PAPER_WINDOW);
	for (uint32_t round = 0; round < n_rounds; round++) {
		n_timed += !wait_untimed();
		measure_round(round);
	}
	for (uint32_t round = 0; round < COLD_ROUNDS; round++)
		measure_cold(round);
	if (n_timed)
		printf("note\tkernel: somebody else has the kernel time programs (bpf_stats): %u of %u rounds have two "
		       "clock "
		       "readings in every run\n",
		       n_timed, n_rounds);
	tell(n_rounds);
	print_times(n_rounds);
	print_sizes();
	return 0;
}
