/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_ring - the whole way of a record, from the ring buffer into the record file, through the code that `capture
 *run` uses (ws_tap_drain and what lies behind it), and the packet capture of the same frames beside it. (root)
 *
 *	bench_ring DIR [--tsv] [REQUESTS [ROUNDS]]
 *
 * In a network namespace of its own frames are sent out of an interface: requests with contexts in VXLAN, their
 * acknowledgments, and answers. The in-kernel program is attached to it as always, so that the messages in the ring
 * buffer are the kernel's. Reading takes turns with sending, and only reading is timed: processor time of the thread
 * that reads. Files are written to DIR/bench-ring.* and removed. Medians of the rounds.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/sniffer.h"
#include "capture/tap.h"
#include "tests/bench/frames.h"
#include "tests/bench/measure.h"

#define INTERFACE   "bench0"
#define CONNECTIONS 64
/* Frames of a request: itself, its acknowledgment, the answer, and the acknowledgment of that. */
#define FRAMES	      4
#define BATCH	      64    /* frames that are sent with one call */
#define TURN	      16384 /* requests between two readings: their messages fit the ring buffer of 16 MB */
#define PCAP_TURN     1024  /* the same of a packet capture, which reads while frames are sent */
#define PCAP_PAUSE_US 20000
#define PCAP_SHARE    4 /* of the requests, as files are large */
#define ROUNDS_MAX    99
#define ANSWER_LEN    900

enum way {
	RECORDS,
	PCAP,
	PCAP_256,
	BOTH, /* records, with a packet capture of whole frames beside */
	N_WAYS,
};

static const char *const way_name[] = {
	[RECORDS] = "records",
	[PCAP] = "pcap -s 0",
	[PCAP_256] = "pcap -s 256",
	[BOTH] = "records, with pcap -s 0 beside",
};
static const char *const way_stage[] = {
	[RECORDS] = "capture.records", [PCAP] = "capture.pcap", [PCAP_256] = "capture.pcap_256", [BOTH] = "capture.both"
};

struct traffic {
	uint64_t random;
	uint32_t n; /* requests so far */
	char trace[33];
	char root[17];
	uint32_t seq[CONNECTIONS];
	uint32_t ack[CONNECTIONS];
	int fd;
	struct mmsghdr message[BATCH];
	struct iovec piece[BATCH];
	uint8_t frame[BATCH][4096];
	uint32_t n_frames;	/* in the batch */
	uint64_t request_bytes; /* of frames with a request */
	uint64_t new_id_bytes;	/* of ids that were not there before: nothing can be smaller */
};

/* What came of a way, by rounds. */
struct result {
	double record_ns[ROUNDS_MAX]; /* processor time a record */
	double packet_ns[ROUNDS_MAX]; /* the same a packet of the packet capture */
	double record_bytes;	      /* a record */
	double pcap_bytes;	      /* a request */
	uint64_t n_dropped;
};

static char record_path[4096], pcap_path[4096];
static struct result result[N_WAYS];
static struct traffic traffic;

static void die(const char *what)
{
	fprintf(stderr, "bench_ring: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

static void put_hex(char *to, uint32_t n_words, uint64_t *state)
{
	for (uint32_t i = 0; i < n_words; i++)
		sprintf(to + 16 * i, "%016llx", (unsigned long long)measure_random(state));
}

static void send_batch(struct traffic *t)
{
	for (uint32_t sent = 0; sent < t->n_frames;) {
		int n = sendmmsg(t->fd, t->message + sent, t->n_frames - sent, 0);

		if (n < 0)
			die("cannot send");
		sent += (uint32_t)n;
	}
	t->n_frames = 0;
}

static uint32_t add_frame(struct traffic *t, uint32_t connection, const void *payload, uint32_t len, bool is_answer)
{
	const struct frame_segment s = { .seq = is_answer ? t->ack[connection] : t->seq[connection],
					 .ack = is_answer ? t->seq[connection] : t->ack[connection],
					 .payload = payload,
					 .payload_len = len,
					 .stream = (uint16_t)connection,
					 .is_answer = is_answer,
					 .tcp_flags = len ? 0x18 : 0x10 };
	uint32_t i = t->n_frames++;

	t->piece[i] = (struct iovec) { t->frame[i], frame_tcp(t->frame[i], FRAME_VXLAN, &s) };
	t->message[i].msg_hdr = (struct msghdr) { .msg_iov = &t->piece[i], .msg_iovlen = 1 };
	if (is_answer)
		t->ack[connection] += len;
	else
		t->seq[connection] += len;
	len = (uint32_t)t->piece[i].iov_len;
	if (t->n_frames == BATCH)
		send_batch(t);
	return len;
}

/* A request of one of three services, its answer, and the acknowledgments. Three requests have a trace in common. */
static void exchange(struct traffic *t)
{
	static const char status[] = "HTTP/1.1 200 OK\r\ncontent-length: 800\r\n\r\n";
	static const uint16_t head_len[] = { 1243, 1391, 1417 };
	static uint8_t payload[FRAME_MAX], answer[ANSWER_LEN];
	const uint32_t part = t->n++ % 3, connection = (uint32_t)(measure_random(&t->random) % CONNECTIONS);
	const uint32_t jitter = (uint32_t)(measure_random(&t->random) & 3);
	char ids[65];
	uint32_t len;

	if (part == 0) {
		put_hex(t->trace, 2, &t->random);
		put_hex(t->root, 1, &t->random);
	}
	memcpy(ids, t->trace, 32);
	if (part == 0) {
		memcpy(ids + 32, t->root, 16);
		put_hex(ids + 48, 1, &t->random); /* the sender's span */
	} else {
		put_hex(ids + 32, 1, &t->random);
		memcpy(ids + 48, t->root, 16);
	}
	t->new_id_bytes += part == 0 ? 32 : 8;
	len = frame_request(payload, FRAME_B3, part ? 900 : 36, head_len[part] + jitter, ids);
	t->request_bytes += add_frame(t, connection, payload, len, false);
	add_frame(t, connection, "", 0, true);
	memset(answer, 'b', sizeof(answer));
	memcpy(answer, status, sizeof(status) - 1);
	add_frame(t, connection, answer, sizeof(answer), true);
	add_frame(t, connection, "", 0, false);
}

static void open_sender(struct traffic *t)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };

	if (unshare(CLONE_NEWNET))
		die("cannot make a network namespace (root?)");
	if (system("ip link add " INTERFACE " mtu 9000 type veth peer name " INTERFACE
		   "p mtu 9000 && ip link set " INTERFACE "p up && ip link set " INTERFACE " up"))
		die("cannot make a pair of interfaces");
	address.sll_ifindex = (int)if_nametoindex(INTERFACE);
	t->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (t->fd < 0 || bind(t->fd, (struct sockaddr *)&address, sizeof(address)))
		die("cannot open a packet socket");
}

/* As `capture run` sets them without options. */
static void set_options(const char *dir, struct ws_capture_options *o)
{
	static char *argv[] = { "capture", "--dir", NULL, "--point", "nic=" INTERFACE, NULL };
	struct ws_error err = { 0 };

	argv[2] = (char *)dir;
	if (ws_capture_options_parse(5, argv, o, &err))
		die(err.text);
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : (uint64_t)st.st_size;
}

static double thread_cpu(void)
{
	return measure_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* One recording of n requests. */
static void record(const struct ws_capture_options *options, enum way way, uint32_t n, uint32_t round)
{
	const bool with_pcap = way != RECORDS, with_records = way == RECORDS || way == BOTH;
	struct ws_capture_options o = *options;
	double reading = 0, process = measure_cpu(), thread = thread_cpu(), start;
	struct ws_sniffer *sniffer = NULL;
	struct result *to = &result[way];
	struct ws_error err = { 0 };
	struct ws_tap *tap = NULL;
	int rc = 0;

	o.pcap_snaplen = way == PCAP_256 ? 256 : o.pcap_snaplen;
	errno = 0;
	if (with_records)
		rc = ws_tap_open(&o, 0, &tap, &err);
	if (with_records && rc == 0)
		rc = ws_tap_attach(tap, &o, 0, record_path, &err);
	if (with_pcap && rc == 0)
		rc = ws_sniffer_open(&o, 0, pcap_path, &sniffer, &err);
	process = measure_cpu();
	thread = thread_cpu();
	for (uint32_t i = 1; i <= n && rc == 0; i++) {
		exchange(&traffic);
		if (i % (with_pcap ? PCAP_TURN : TURN) != 0 && i < n)
			continue;
		send_batch(&traffic);
		start = thread_cpu();
		if (tap)
			rc = ws_tap_drain(tap, &err);
		reading += thread_cpu() - start;
		if (with_pcap)
			usleep(PCAP_PAUSE_US);
	}
	if (sniffer && rc == 0) {
		rc = ws_sniffer_finish(sniffer, &err);
		process = measure_cpu() - process - (thread_cpu() - thread);
		to->packet_ns[round] = process * 1e9 / ((double)n * FRAMES);
		to->pcap_bytes = (double)size_of(pcap_path) / n;
		to->n_dropped += ws_sniffer_facts(sniffer)->n_dropped;
	}
	if (tap && rc == 0) {
		start = thread_cpu();
		ws_tap_detach(tap);
		rc = ws_tap_finish(tap, &err);
		reading += thread_cpu() - start;
		to->record_ns[round] = reading * 1e9 / n;
		to->record_bytes = (double)ws_tap_facts(tap)->written_bytes / n;
		errno = 0;
		if (rc == 0 && (ws_tap_facts(tap)->n_records != n || ws_tap_facts(tap)->mark.n_ring_full))
			die("records are missing");
	}
	if (rc)
		die(err.text);
	ws_tap_close(tap);
	ws_sniffer_close(sniffer);
	unlink(record_path);
	unlink(pcap_path);
}

static void print_tsv(const char *stage, const char *quantity, const char *unit, double value)
{
	printf("%s\t%s\t%s\t%.6g\n", stage, quantity, unit, value);
}

static void print_results(bool as_tsv, uint32_t n, uint32_t n_rounds, double request_bytes, double id_bytes)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	if (!as_tsv)
		printf("\n%u requests a round, %u connections, B3 in VXLAN, %d frames a request (packet captures: a "
		       "quarter of "
		       "them); one core a reader; medians of %u rounds\n%-32s %12s %10s %12s %10s\n",
		       n, CONNECTIONS, FRAMES, n_rounds, "", "M records/s", "B/record", "M packets/s", "B/request");
	for (int way = 0; way < N_WAYS; way++) {
		struct result *r = &result[way];
		const double record_ns = measure_median(r->record_ns, n_rounds);
		const double packet_ns = measure_median(r->packet_ns, n_rounds);

		if (as_tsv && record_ns > 0) {
			print_tsv(way_stage[way], "rate", "records/s", 1e9 / record_ns);
			print_tsv(way_stage[way], "cpu", "ns/record", record_ns);
			print_tsv(way_stage[way], "size", "B/record", r->record_bytes);
		}
		if (as_tsv && packet_ns > 0) {
			print_tsv(way_stage[way], "pcap rate", "packets/s", 1e9 / packet_ns);
			print_tsv(way_stage[way], "pcap cpu", "ns/packet", packet_ns);
			print_tsv(way_stage[way], "pcap size", "B/request", r->pcap_bytes);
			print_tsv(way_stage[way], "pcap dropped", "packets", (double)r->n_dropped);
		}
		if (as_tsv)
			continue;
		printf("%-32s", way_name[way]);
		if (record_ns > 0)
			printf(" %12.2f %10.2f", 1e3 / record_ns, r->record_bytes);
		else
			printf(" %12s %10s", "", "");
		if (packet_ns > 0)
			printf(" %12.2f %10.1f", 1e3 / packet_ns, r->pcap_bytes);
		if (r->n_dropped)
			printf("   dropped: %llu", (unsigned long long)r->n_dropped);
		printf("\n");
	}
	if (as_tsv) {
		print_tsv("capture.records", "new ids", "B/record", id_bytes);
		print_tsv("capture.records", "pcap -s 0 to records", "x",
			  result[PCAP].pcap_bytes / result[RECORDS].record_bytes);
		print_tsv("capture.records", "pcap -s 0 of the requests' frames alone to records", "x",
			  (request_bytes + 16) / result[RECORDS].record_bytes);
		print_tsv("capture", "peak memory", "MB", (double)usage.ru_maxrss / 1024);
		return;
	}
	printf("records are %.0f times smaller than pcap -s 0, %.0f times than a pcap of the requests' frames alone; "
	       "of a record "
	       "%.2f B are new ids; peak memory of all %.0f MB\n",
	       result[PCAP].pcap_bytes / result[RECORDS].record_bytes,
	       (request_bytes + 16) / result[RECORDS].record_bytes, id_bytes, (double)usage.ru_maxrss / 1024);
	printf("targets: >= 6 M records/s, <= 23 B/record, >= 50 times smaller than pcap -s 0\n");
}

int main(int argc, char **argv)
{
	const bool as_tsv = argc > 2 && strcmp(argv[2], "--tsv") == 0;
	const uint32_t n = argc > 2 + as_tsv ? (uint32_t)strtoul(argv[2 + as_tsv], NULL, 10) : 200000;
	const uint32_t n_rounds = argc > 3 + as_tsv ? (uint32_t)strtoul(argv[3 + as_tsv], NULL, 10) : 5;
	static struct ws_capture_options options;

	if (argc < 2 || argc > 4 + as_tsv || n < PCAP_SHARE || n_rounds == 0 || n_rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench_ring DIR [--tsv] [REQUESTS [ROUNDS]]\n");
		return 2;
	}
	if (geteuid()) {
		fprintf(stderr, "bench_ring: skipped: needs root\n");
		return 0;
	}
	snprintf(record_path, sizeof(record_path), "%s/bench-ring.rec.zst", argv[1]);
	snprintf(pcap_path, sizeof(pcap_path), "%s/bench-ring.pcap", argv[1]);
	set_options(argv[1], &options);
	open_sender(&traffic);
	traffic.random = 42;
	for (uint32_t round = 0; round < n_rounds; round++)
		for (int way = 0; way < N_WAYS; way++)
			record(&options, way, way == RECORDS ? n : n / PCAP_SHARE, round);
	print_results(as_tsv, n, n_rounds, (double)traffic.request_bytes / traffic.n,
		      (double)traffic.new_id_bytes / traffic.n);
	return 0;
}
