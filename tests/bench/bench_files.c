/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_files - how fast records become record files and record files records, on one core, and how large they are;
 * against the same blocks of structs as they lie in memory, through the same zstd.
 *
 *	bench_files DIR [RECORDS [ROUNDS]]
 *
 * Writes DIR/bench-files.* and removes them. Times are the processor's, so that the disk does not count; files are not
 * synced. The ways take turns in every round; medians.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/recfile.h"
#include "tests/bench/measure.h"
#include "tests/bench/traffic.h"

#define LEVEL	   3
#define ROUNDS_MAX 99

enum way {
	COPY, /* records into the block and no further: what the bench itself costs */
	WRITE_STRUCTS,
	WRITE_FILE,
	READ_STRUCTS,
	READ_FILE,
	N_WAYS,
};

static const char *const way_name[] = {
	[COPY] = "copy into the block",
	[WRITE_STRUCTS] = "structs as they are, zstd -3: write",
	[WRITE_FILE] = "record file, zstd -3: write",
	[READ_STRUCTS] = "structs as they are, zstd -3: read",
	[READ_FILE] = "record file, zstd -3: read",
};

static struct ws_record *records;
static uint32_t n_records;
static char file_path[4096], structs_path[4096];
static uint64_t sum; /* of what was read, so that it is */

static void die(const char *what)
{
	fprintf(stderr, "bench_files: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void copy_records(void)
{
	static struct ws_record block[WS_RECFILE_BLOCK_RECORDS];

	for (uint32_t i = 0; i < n_records; i++) {
		struct ws_record *to = &block[i % WS_RECFILE_BLOCK_RECORDS];

		*to = records[i];
		asm volatile("" : : "r"(to) : "memory");
	}
}

static void write_structs(void)
{
	const size_t cap = ZSTD_compressBound(WS_RECFILE_BLOCK_RECORDS * sizeof(struct ws_record));
	static struct ws_record block[WS_RECFILE_BLOCK_RECORDS];
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	uint8_t *frame = malloc(cap);
	int fd = open(structs_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (!zstd || !frame || fd < 0)
		die(structs_path);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	for (uint32_t i = 0, n = 0; i < n_records; i++) {
		block[n++] = records[i];
		if (n < WS_RECFILE_BLOCK_RECORDS && i + 1 < n_records)
			continue;

		size_t len = ZSTD_compress2(zstd, frame, cap, block, n * sizeof(*block));

		if (ZSTD_isError(len) || write(fd, frame, len) != (ssize_t)len)
			die(structs_path);
		n = 0;
	}
	close(fd);
	free(frame);
	ZSTD_freeCCtx(zstd);
}

static void write_file(void)
{
	const struct ws_recfile_head head = { .point = "nic", .window_bytes = 16384, .contexts = "w3c,b3" };
	const struct ws_recfile_mark mark = { 0 };
	struct ws_recfile_writer *w;
	struct ws_error err = { 0 };
	int rc = ws_recfile_create(file_path, &head, LEVEL, &w, &err);

	for (uint32_t i = 0; rc == 0 && i < n_records; i++) {
		struct ws_record *slot = ws_recfile_slot(w);

		if (!slot) {
			rc = ws_recfile_flush(w, &mark, &err);
			slot = ws_recfile_slot(w);
		}
		*slot = records[i];
	}
	if (rc == 0)
		rc = ws_recfile_flush(w, &mark, &err);
	if (rc)
		die(err.text);
	ws_recfile_close(w); /* keeps its temporary name: nothing is synced */
}

static void read_structs(void)
{
	static struct ws_record block[WS_RECFILE_BLOCK_RECORDS];
	int fd = open(structs_path, O_RDONLY | O_CLOEXEC);
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	struct stat st;
	uint8_t *bytes;
	size_t at = 0, len;

	if (fd < 0 || fstat(fd, &st) || !zstd || !(bytes = malloc((size_t)st.st_size)) ||
	    read(fd, bytes, (size_t)st.st_size) != st.st_size)
		die(structs_path);
	while (at < (size_t)st.st_size) {
		len = ZSTD_findFrameCompressedSize(bytes + at, (size_t)st.st_size - at);
		if (ZSTD_isError(len) || ZSTD_isError(ZSTD_decompressDCtx(zstd, block, sizeof(block), bytes + at, len)))
			die(structs_path);
		sum += block[0].ts_ns;
		at += len;
	}
	close(fd);
	free(bytes);
	ZSTD_freeDCtx(zstd);
}

static void read_file(void)
{
	char path[sizeof(file_path) + 8];
	struct ws_recfile_reader *r;
	const struct ws_record *block;
	struct ws_error err = { 0 };
	uint64_t n_read = 0;
	uint32_t n;
	int rc;

	snprintf(path, sizeof(path), "%s" WS_RECFILE_PART_SUFFIX, file_path);
	rc = ws_recfile_open(path, &r, &err);
	if (rc)
		die(err.text);
	while ((rc = ws_recfile_next(r, &block, &n, &err)) == 0 && n) {
		if (memcmp(&block[0], &records[n_read], sizeof(*block)) ||
		    memcmp(&block[n - 1], &records[n_read + n - 1], sizeof(*block)))
			die("records are not what they were");
		n_read += n;
	}
	if (rc || n_read != n_records)
		die("records are missing");
	ws_recfile_reader_close(r);
}

/* Lines for bench.py. */
static void tell(const double seconds[N_WAYS][ROUNDS_MAX], uint32_t n_rounds, const uint64_t size[N_WAYS])
{
	const double bytes = (double)size[WRITE_FILE] / n_records, structs = (double)size[WRITE_STRUCTS] / n_records;
	double rate[N_WAYS][ROUNDS_MAX];
	char rows[32];
	struct measure_figure f = { .stage = "record file", .size = rows, .baseline = "structs, zstd -3" };

	snprintf(rows, sizeof(rows), "%u records", n_records);
	for (uint32_t way = 0; way < N_WAYS; way++)
		for (uint32_t i = 0; i < n_rounds; i++)
			rate[way][i] = n_records / seconds[way][i] / 1e6;
	f.quantity = "written, CPU";
	f.unit = "M records/s";
	f.target = "value >= 6";
	measure_tell(&f, rate[WRITE_FILE], rate[WRITE_STRUCTS], n_rounds);
	f.quantity = "read, CPU";
	f.target = "";
	measure_tell(&f, rate[READ_FILE], rate[READ_STRUCTS], n_rounds);
	f.quantity = "size";
	f.unit = "B/record";
	f.target = "value <= 23";
	measure_tell(&f, &bytes, &structs, 1);
}

static uint64_t file_size(const char *path, const char *suffix)
{
	char whole[sizeof(file_path) + 8];
	struct stat st;

	snprintf(whole, sizeof(whole), "%s%s", path, suffix);
	return stat(whole, &st) ? 0 : (uint64_t)st.st_size;
}

static void remove_files(void)
{
	char part[sizeof(file_path) + 8];

	snprintf(part, sizeof(part), "%s" WS_RECFILE_PART_SUFFIX, file_path);
	unlink(part);
	unlink(structs_path);
}

int main(int argc, char **argv)
{
	static void (*const way[])(void) = { copy_records, write_structs, write_file, read_structs, read_file };
	static double seconds[N_WAYS][ROUNDS_MAX];
	uint32_t n_rounds = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 7;
	struct traffic traffic = { .random = 42 };
	double median[N_WAYS];
	uint64_t size[N_WAYS] = { 0 };

	n_records = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000000;
	if (argc < 2 || argc > 4 || n_records == 0 || n_rounds == 0 || n_rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench_files DIR [RECORDS [ROUNDS]]\n");
		return 2;
	}
	snprintf(file_path, sizeof(file_path), "%s/bench-files.rec.zst", argv[1]);
	snprintf(structs_path, sizeof(structs_path), "%s/bench-files.structs.zst", argv[1]);
	records = malloc((size_t)n_records * sizeof(*records));
	if (!records)
		die("records");
	for (uint32_t i = 0; i < n_records; i++)
		traffic_next(&traffic, &records[i]);
	for (uint32_t round = 0; round < n_rounds; round++) {
		remove_files();
		for (uint32_t i = 0; i < N_WAYS; i++) {
			double start = measure_cpu();

			way[i]();
			seconds[i][round] = measure_cpu() - start;
		}
	}
	size[WRITE_STRUCTS] = file_size(structs_path, "");
	size[WRITE_FILE] = file_size(file_path, WS_RECFILE_PART_SUFFIX);
	remove_files();
	tell(seconds, n_rounds, size);
	printf("\n%u records of %zu bytes, 8 connections, B3 in VXLAN; one core; medians of %u rounds\n", n_records,
	       sizeof(*records), n_rounds);
	printf("%-38s %14s %10s\n", "", "M records/s", "B/record");
	for (uint32_t i = 0; i < N_WAYS; i++) {
		median[i] = measure_median(seconds[i], n_rounds);
		printf("%-38s %14.2f", way_name[i], n_records / median[i] / 1e6);
		if (size[i])
			printf(" %10.2f", (double)size[i] / n_records);
		printf("\n");
	}
	printf("record file against structs: write %.2f x as fast, read %.2f x, size %.2f x\n",
	       median[WRITE_STRUCTS] / median[WRITE_FILE], median[READ_STRUCTS] / median[READ_FILE],
	       (double)size[WRITE_FILE] / (double)size[WRITE_STRUCTS]);
	printf("targets: write >= 6 M records/s, <= 23 B/record; prototypes: 2.5 x as fast, 0.76 x the size\n");
	free(records);
	return sum == 1; /* never: keeps the reads */
}
