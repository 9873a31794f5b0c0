/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * program - the in-kernel program, loaded as capture loads it but not attached to an interface: frames are given to it
 * one by one, and what it says of each is handed on.
 */
#ifndef WS_TEST_PROGRAM_H
#define WS_TEST_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/tap_config.h"
#include "tests/diff/kernel/cable.h"

struct bpf_object;
struct ring_buffer;

/* What is tested: the object file, and the program in it. */
struct subject {
	const char *path;
	bool is_at_tc; /* else the one at a packet socket */
};

/* Takes a message of the ring buffer. */
typedef void program_take(void *context, const void *message, size_t len);

struct program {
	struct bpf_object *object;
	struct ring_buffer *ring;
	int fd, counters_fd, flows_fd;
	int socket[2];
	bool is_at_tc;
	struct cable cable; /* at tc, in place of the socket */
	int n_cpus;
	struct ws_tap_counters *per_cpu;
	program_take *take;
	void *context;
	uint64_t n_run, n_sent; /* frames given by BPF_PROG_RUN, and by the socket */
};

/* Ends the process with what and errno's words. */
__attribute__((noreturn)) void program_die(const char *what);

/* Loads the program of the object file that the configuration is for. Ends the process if it cannot. */
void program_open(struct program *p, const char *path, const struct ws_tap_config *config);

/* Frames longer than this go through the socket, or over the cable, whatever the caller says. */
#define PROGRAM_RUN_MAX 3500
/* At tc there are no shorter ones, and those shorter than the second go over the cable. */
#define PROGRAM_TC_MIN	   14
#define PROGRAM_TC_RUN_MIN 54

/* Gives it a frame, and hands on its messages. */
void program_give(struct program *p, const uint8_t *frame, uint32_t len, int by_socket);

/* The sum of the counters of all CPUs. */
void program_count(const struct program *p, struct ws_tap_counters *sum);

/* Forgets what is known of flows. Returns how many there were. */
uint32_t program_forget(const struct program *p);

void program_close(struct program *p);

#endif
