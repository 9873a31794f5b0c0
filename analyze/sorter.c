/* SPDX-License-Identifier: BSD-2-Clause */
/* sorter - see sorter.h. A part is what one writer had in memory when it was full, or at the end. */
#include "analyze/sorter.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze/radix.h"
#include "analyze/scratch.h"

/* Whatever the limit. */
#define PART_RECORDS_MIN 16

/* At first, so that what is small stays small. */
#define PART_RECORDS_FIRST 1024

/* Read or written at once. */
#define BUFFER_BYTES_MAX (1 << 18)
#define BUFFER_BYTES_MIN (1 << 12)

/* What radix sort needs of each record: its item, and room for it while it runs. */
#define SORTING_BYTES (2 * sizeof(struct ws_radix_item))

/* Records that are not sorted yet. */
struct writer {
	char *record;
	size_t n;
	size_t room;
	uint64_t n_put;
	struct ws_radix_item *order; /* once sorted: tag is the record's index */
};

/* A sorted part, on its way out. The first n_there records are in memory. */
struct part {
	uint64_t begin_off; /* in the file */
	uint64_t n;	    /* there in all */
	uint64_t off;	    /* of what is not in memory yet */
	uint64_t n_left;    /* of it */
	char *buffer;	    /* NULL: the part is a writer's */
	const struct writer *writer;
	size_t at;
	size_t n_there;
};

struct ws_sorter {
	struct ws_sorter_plan plan;
	size_t n_part_max; /* records a writer may hold */
	struct writer *writer;
	pthread_mutex_t lock; /* over the file's size and the parts while records are put */
	int fd;		      /* -1: not needed yet */
	uint64_t file_bytes;
	struct part *part;
	size_t n_parts;
	size_t buffer_records;
	uint32_t *heap; /* parts that have a record, by that record; the least one first */
	size_t n_heap;
	bool is_shown; /* the least one's record was told */
};

int ws_sorter_open(const struct ws_sorter_plan *plan, struct ws_sorter **sorter)
{
	struct ws_sorter *made = calloc(1, sizeof(*made));
	uint64_t n;

	if (!made)
		return -ENOMEM;
	made->plan = *plan;
	made->fd = -1;
	n = plan->memory_bytes / plan->n_at_once / (plan->record_bytes + SORTING_BYTES);
	made->n_part_max = n < PART_RECORDS_MIN ? PART_RECORDS_MIN : n > UINT32_MAX ? UINT32_MAX : (size_t)n;
	made->writer = calloc(plan->n_writers, sizeof(*made->writer));
	if (!made->writer) {
		free(made);
		return -ENOMEM;
	}
	pthread_mutex_init(&made->lock, NULL);
	*sorter = made;
	return 0;
}

/* What a qsort needs to know. */
struct order {
	const struct ws_sorter *sorter;
	const struct writer *writer;
};

static const char *record_at(const struct ws_sorter *sorter, const struct writer *writer, size_t i)
{
	return writer->record + i * sorter->plan.record_bytes;
}

static int compare_items(const void *a, const void *b, void *context)
{
	const struct ws_radix_item *left = a, *right = b;
	const struct order *order = context;

	return order->sorter->plan.compare(record_at(order->sorter, order->writer, left->tag),
					   record_at(order->sorter, order->writer, right->tag));
}

static int compare_records(const struct ws_sorter *sorter, const void *a, const void *b)
{
	const struct ws_sort_key *left = a, *right = b;

	if (left->major != right->major)
		return left->major < right->major ? -1 : 1;
	if (left->minor != right->minor)
		return left->minor < right->minor ? -1 : 1;
	return sorter->plan.compare(a, b);
}

static const struct ws_sort_key *key_at(const struct ws_sorter *sorter, const struct writer *writer, size_t i)
{
	return (const struct ws_sort_key *)record_at(sorter, writer, i);
}

/* Makes the writer's order. 0 or -ENOMEM. */
static int sort_part(const struct ws_sorter *sorter, struct writer *writer)
{
	struct ws_radix_item *item = malloc((writer->n + 1) * sizeof(*item));
	struct order order = { sorter, writer };
	int rc = item ? 0 : -ENOMEM;

	/* Stable sorts, the least important key first. */
	for (size_t i = 0; i < writer->n && !rc; i++)
		item[i] = (struct ws_radix_item) { key_at(sorter, writer, i)->minor, i };
	rc = rc ? rc : ws_radix_sort_items(item, writer->n);
	for (size_t i = 0; i < writer->n && !rc; i++)
		item[i].key = key_at(sorter, writer, item[i].tag)->major;
	rc = rc ? rc : ws_radix_sort_items(item, writer->n);
	if (rc) {
		free(item);
		return rc;
	}
	for (size_t i = 0, end; i < writer->n; i = end) {
		const struct ws_sort_key *first = key_at(sorter, writer, item[i].tag);

		for (end = i + 1; end < writer->n && item[end].key == first->major &&
				  key_at(sorter, writer, item[end].tag)->minor == first->minor;)
			end++;
		if (end - i > 1)
			qsort_r(item + i, end - i, sizeof(*item), compare_items, &order);
	}
	writer->order = item;
	return 0;
}

/* A place for a part's records in the file, and for the part among the parts. 0 or -errno. */
static int reserve(struct ws_sorter *sorter, size_t n, uint64_t *off)
{
	struct part *grown;
	int rc = 0;

	pthread_mutex_lock(&sorter->lock);
	grown = realloc(sorter->part, (sorter->n_parts + 1) * sizeof(*grown));
	if (!grown)
		rc = -ENOMEM;
	else
		sorter->part = grown;
	if (!rc && sorter->fd < 0)
		rc = ws_scratch_open(&sorter->fd);
	if (!rc) {
		*off = sorter->file_bytes;
		sorter->part[sorter->n_parts++] = (struct part) { .begin_off = *off, .n = n };
		sorter->file_bytes += n * sorter->plan.record_bytes;
	}
	pthread_mutex_unlock(&sorter->lock);
	return rc;
}

/* Sorts what the writer has into the file. */
static int spill(struct ws_sorter *sorter, struct writer *writer)
{
	const size_t bytes = sorter->plan.record_bytes, n_at_once = BUFFER_BYTES_MAX / bytes + 1;
	char *buffer = malloc(n_at_once * bytes);
	uint64_t off = 0;
	int rc = buffer ? sort_part(sorter, writer) : -ENOMEM;

	rc = rc ? rc : reserve(sorter, writer->n, &off);
	for (size_t i = 0, n = 0; i < writer->n && !rc; i++) {
		memcpy(buffer + n++ * bytes, record_at(sorter, writer, writer->order[i].tag), bytes);
		if (n == n_at_once || i + 1 == writer->n) {
			rc = ws_scratch_write(sorter->fd, buffer, n * bytes, off);
			off += n * bytes;
			n = 0;
		}
	}
	free(writer->order);
	writer->order = NULL;
	writer->n = 0;
	free(buffer);
	return rc;
}

int ws_sorter_put(struct ws_sorter *sorter, uint32_t number, const void *record)
{
	struct writer *writer = &sorter->writer[number];

	if (writer->n == writer->room) {
		size_t room = writer->room ? 2 * writer->room : PART_RECORDS_FIRST;
		int rc = 0;

		room = room > sorter->n_part_max ? sorter->n_part_max : room;
		if (room > writer->room) {
			char *grown = realloc(writer->record, room * sorter->plan.record_bytes);

			if (!grown)
				return -ENOMEM;
			writer->record = grown;
			writer->room = room;
		} else {
			rc = spill(sorter, writer);
		}
		if (rc)
			return rc;
	}
	memcpy(writer->record + writer->n++ * sorter->plan.record_bytes, record, sorter->plan.record_bytes);
	writer->n_put++;
	return 0;
}

/* The record that the part is at. */
static const void *front(const struct ws_sorter *sorter, const struct part *part)
{
	if (part->writer)
		return record_at(sorter, part->writer, part->writer->order[part->at].tag);
	return part->buffer + part->at * sorter->plan.record_bytes;
}

/* Reads on, if the part's buffer is used up. Its n_there is 0 at its end. */
static int refill(const struct ws_sorter *sorter, struct part *part)
{
	size_t n = part->n_left < sorter->buffer_records ? (size_t)part->n_left : sorter->buffer_records;
	int rc = 0;

	if (part->at < part->n_there)
		return 0;
	if (n)
		rc = ws_scratch_read(sorter->fd, part->buffer, n * sorter->plan.record_bytes, part->off);
	if (rc)
		return rc;
	part->off += n * sorter->plan.record_bytes;
	part->n_left -= n;
	part->n_there = n;
	part->at = 0;
	return 0;
}

static bool is_before(const struct ws_sorter *sorter, uint32_t a, uint32_t b)
{
	return compare_records(sorter, front(sorter, &sorter->part[a]), front(sorter, &sorter->part[b])) < 0;
}

/* Lets the part at that place of the heap sink to where it belongs. */
static void sink(struct ws_sorter *sorter, size_t at)
{
	uint32_t *heap = sorter->heap, moved = heap[at];

	for (size_t child; (child = 2 * at + 1) < sorter->n_heap; at = child) {
		if (child + 1 < sorter->n_heap && is_before(sorter, heap[child + 1], heap[child]))
			child++;
		if (!is_before(sorter, heap[child], moved))
			break;
		heap[at] = heap[child];
	}
	heap[at] = moved;
}

int ws_sorter_rewind(struct ws_sorter *sorter)
{
	int rc = 0;

	for (size_t i = 0; i < sorter->n_parts && !rc; i++) {
		struct part *part = &sorter->part[i];

		part->at = 0;
		sorter->heap[i] = (uint32_t)i;
		part->n_there = part->writer ? part->writer->n : 0;
		if (part->writer)
			continue;
		part->off = part->begin_off;
		part->n_left = part->n;
		rc = refill(sorter, part);
	}
	sorter->n_heap = sorter->n_parts;
	sorter->is_shown = false;
	for (size_t i = sorter->n_heap / 2; i-- > 0 && !rc;)
		sink(sorter, i);
	return rc;
}

int ws_sorter_sort(struct ws_sorter *sorter)
{
	const size_t n_in_file = sorter->n_parts, bytes = sorter->plan.record_bytes;
	struct part *grown = realloc(sorter->part, (n_in_file + sorter->plan.n_writers + 1) * sizeof(*grown));
	uint64_t buffer_bytes = sorter->plan.memory_bytes / (n_in_file + 1);
	int rc = grown ? 0 : -ENOMEM;

	sorter->part = grown ? grown : sorter->part;
	buffer_bytes = buffer_bytes > BUFFER_BYTES_MAX	 ? BUFFER_BYTES_MAX
		       : buffer_bytes < BUFFER_BYTES_MIN ? BUFFER_BYTES_MIN
							 : buffer_bytes;
	sorter->buffer_records = (size_t)(buffer_bytes / bytes) + 1;
	for (uint32_t i = 0; i < sorter->plan.n_writers && !rc; i++) {
		struct writer *writer = &sorter->writer[i];

		if (!writer->n)
			continue;
		/* what is sorted into a file needs the room more */
		rc = n_in_file ? spill(sorter, writer) : sort_part(sorter, writer);
		if (n_in_file) {
			free(writer->record);
			writer->record = NULL;
			writer->room = 0;
		} else if (!rc) {
			sorter->part[sorter->n_parts++] = (struct part) { .writer = writer, .n_there = writer->n };
		}
	}
	sorter->heap = rc ? NULL : malloc((sorter->n_parts + 1) * sizeof(*sorter->heap));
	rc = rc ? rc : sorter->heap ? 0 : -ENOMEM;
	for (size_t i = 0; i < sorter->n_parts && !rc; i++) {
		struct part *part = &sorter->part[i];

		if (!part->writer) {
			part->buffer = malloc(sorter->buffer_records * bytes);
			rc = part->buffer ? 0 : -ENOMEM;
		}
	}
	return rc ? rc : ws_sorter_rewind(sorter);
}

int ws_sorter_next(struct ws_sorter *sorter, const void **record)
{
	int rc;

	if (sorter->is_shown) {
		struct part *part = &sorter->part[sorter->heap[0]];

		part->at++;
		rc = refill(sorter, part);
		if (rc)
			return rc;
		if (!part->n_there)
			sorter->heap[0] = sorter->heap[--sorter->n_heap];
		if (sorter->n_heap)
			sink(sorter, 0);
	}
	sorter->is_shown = sorter->n_heap > 0;
	*record = sorter->is_shown ? front(sorter, &sorter->part[sorter->heap[0]]) : NULL;
	return 0;
}

uint64_t ws_sorter_n(const struct ws_sorter *sorter)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < sorter->plan.n_writers; i++)
		n += sorter->writer[i].n_put;
	return n;
}

void ws_sorter_close(struct ws_sorter *sorter)
{
	if (!sorter)
		return;
	for (uint32_t i = 0; i < sorter->plan.n_writers; i++) {
		free(sorter->writer[i].record);
		free(sorter->writer[i].order);
	}
	for (size_t i = 0; i < sorter->n_parts; i++)
		free(sorter->part[i].buffer);
	free(sorter->part);
	free(sorter->heap);
	free(sorter->writer);
	if (sorter->fd >= 0)
		close(sorter->fd);
	pthread_mutex_destroy(&sorter->lock);
	free(sorter);
}
