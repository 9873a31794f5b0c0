/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wakeups - see the header. A wake-up puts the ring buffer into epoll's list of what is ready; messages alone do not.
 * To wake the reader would be part of what is measured.
 */
#include "tests/diff/kernel/wakeups.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tests/diff/kernel/carrier.h"

#define N_REQUESTS 100
/* A wake-up comes from an interrupt that the program raises: long after it. */
#define WAIT_MS	   100
#define SLEEVE_LEN 14 /* see program.c */

static void count(void *context, const void *message, size_t len)
{
	(void)message;
	(void)len;
	++*(uint32_t *)context;
}

/* A request with a context, so often. */
static void give_requests(struct program *p)
{
	static const char request[] = "GET / HTTP/1.1\r\nhost: a\r\n"
				      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
	static uint8_t frame[SLEEVE_LEN + CARRIER_FRAME_MAX];
	/* at tc the program sees the link header itself */
	const uint32_t sleeve_len = p->is_at_tc ? 0 : SLEEVE_LEN;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = N_REQUESTS);
	struct dice d = dice_of(1, 1);
	struct carrier carrier;

	carrier_make(&d, 0, 40000, 8080, &carrier);
	opts.data_size_in = sleeve_len + carrier_frame(&carrier, 1000, 2000, CARRIER_PSH | CARRIER_ACK,
						       (const uint8_t *)request, sizeof(request) - 1,
						       frame + sleeve_len);
	if (bpf_prog_test_run_opts(p->fd, &opts))
		program_die("BPF_PROG_RUN");
}

static void check(uint32_t have, uint32_t want, const char *what, struct tally *t)
{
	if (have == want) {
		t->n_passed++;
		return;
	}
	t->n_failed++;
	printf("FAILED: %s: %u, not %u\n", what, have, want);
}

static void run(const struct subject *subject, bool wakes_reader, struct tally *t)
{
	struct ws_tap_config config = { .tunnels = { { 4789, 8472 } },
					.window_bytes = WS_WINDOW_MAX,
					.link_proto = WS_ETHERTYPE_ETHERNET,
					.wakes_reader = wakes_reader,
					.is_at_tc = subject->is_at_tc };
	uint32_t n_messages = 0;
	struct program p = { .take = count, .context = &n_messages };
	struct ws_error err = { 0 };
	struct epoll_event event;
	struct ws_wanted wanted;
	int n_ready;

	if (ws_wanted_parse(ws_wanted_default, &wanted, &err))
		program_die(err.text);
	ws_names_make(&wanted, &config.names);
	program_open(&p, subject->path, &config);
	give_requests(&p);
	n_ready = epoll_wait(ring_buffer__epoll_fd(p.ring), &event, 1, WAIT_MS);
	check((uint32_t)n_ready, wakes_reader, wakes_reader ? "told to wake: wake-ups" : "wake-ups", t);
	if (ring_buffer__consume(p.ring) < 0)
		program_die("ring buffer");
	check(n_messages, N_REQUESTS, "messages behind no wake-up, or one", t);
	program_close(&p);
}

void wakeups_run(const struct subject *subject, struct tally *t)
{
	run(subject, false, t);
	run(subject, true, t);
}
