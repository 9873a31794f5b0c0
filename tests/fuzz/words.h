/* SPDX-License-Identifier: BSD-2-Clause */
/* words - what the fuzz targets of command lines share: arguments out of any bytes. */
#ifndef WS_TESTS_WORDS_H
#define WS_TESTS_WORDS_H

#include <stdint.h>
#include <string.h>

#include "tests/fuzz/must.h"

#define ARGUMENTS_MAX 64

static const char *const option[] = {
	"--dir",
	"--point",
	"--netns",
	"--context",
	"--prefer",
	"--search-bytes",
	"--vxlan-port",
	"--filter",
	"--hook",
	"--duration",
	"--pcap",
	"--no-ebpf",
	"--snaplen",
	"--pcap-buffer",
	"--ring-buffer",
	"--cpu",
	"--pcap-cpu",
	"--level",
	"--wakeup",
	"--quiet",
	"--plan",
	"--node",
	"--watch",
	"--responses",
	"--overhead",
	"--treatments",
	"--seed",
	"--help",
	"--pod",
	"--service",
	"--all",
	"--partial",
	"--out",
	"--format",
	"--namespace",
	"--kubeconfig",
	"--jaeger",
	"--traces",
	"--only",
	"--lookback",
	"--timeout",
	"--update",
	"--jobs",
	"--source",
	"--no-figure",
	"--term",
	"--unmatched",
	"--published",
	"--by",
	"--family",
	"--align",
	"--memory",
	"--no-responses",
	"--",
	"-",
	"--no-bpf-stats",
};
#define N_OPTIONS (sizeof(option) / sizeof(*option))

struct words {
	char *argv[ARGUMENTS_MAX + 2];
	int argc;
};

/* An argument in a heap block of its size; a first byte from 0x80 on stands for an option's name. */
static char *make_word(const uint8_t *bytes, size_t len)
{
	const char *start = len && bytes[0] >= 0x80 ? option[(bytes[0] - 0x80u) % N_OPTIONS] : "";
	const size_t n = strlen(start), skipped = *start ? 1 : 0;
	char *word = malloc(n + len - skipped + 1);

	MUST(word);
	memcpy(word, start, n);
	memcpy(word + n, bytes + skipped, len - skipped);
	word[n + len - skipped] = '\0';
	return word;
}

/* Arguments behind the name, each up to a NUL. */
static struct words make_words(const char *name, const uint8_t *bytes, size_t len)
{
	struct words w = { .argc = 1 };

	w.argv[0] = strdup(name);
	MUST(w.argv[0]);
	while (len && w.argc <= ARGUMENTS_MAX) {
		const uint8_t *end = memchr(bytes, 0, len);
		const size_t n = end ? (size_t)(end - bytes) : len;

		w.argv[w.argc++] = make_word(bytes, n);
		bytes += end ? n + 1 : n;
		len -= end ? n + 1 : n;
	}
	return w;
}

static void free_words(struct words *w)
{
	for (int i = 0; i < w->argc; i++)
		free(w->argv[i]);
}

/* A refusal has words; those of an unknown option do not take the program for it. */
static void check_refused(const struct words *w, const char *text)
{
	char wrong[64];

	MUST(*text);
	snprintf(wrong, sizeof(wrong), "no option %s", w->argv[0]);
	MUST(strcmp(text, wrong) != 0);
	snprintf(wrong, sizeof(wrong), "unknown option '%s'", w->argv[0]);
	MUST(strcmp(text, wrong) != 0);
}

#endif
