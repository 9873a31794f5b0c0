/* SPDX-License-Identifier: BSD-2-Clause */
/* pages - see pages.h. */
#include "analyze/pages.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the file's header. */
#define HEADER_BYTES	 100
#define PAGE_SIZE_OFF	 16
#define RESERVED_OFF	 20
#define PAGE_SIZE_MIN	 512
#define PAGE_SIZE_MAX	 65536
#define USABLE_BYTES_MIN 480

/* Pages of a table's tree, and where in them things stand. */
#define PAGE_INTERIOR	5
#define PAGE_LEAF	13
#define N_CELLS_OFF	3
#define RIGHTMOST_OFF	8
#define LEAF_HEADER	8
#define INTERIOR_HEADER 12

/* A tree with more levels than this is none. */
#define LEVELS_MAX 20

/* Pages that lie one behind the other are read so many bytes at a time. */
#define WINDOW_BYTES 262144

/* Of a row that goes on in overflow pages, so much is put together. */
#define ROW_BYTES_MAX 4096

#define COLUMNS_MAX 64

struct ws_pages {
	sqlite3_file *file;
	uint32_t root;
	uint32_t n_pages;
	uint32_t page_bytes;
	uint32_t usable_bytes;
	uint32_t n_visited;	    /* of this reading: in a tree, no page is twice */
	uint8_t *level[LEVELS_MAX]; /* the interior pages above */
	uint8_t *window;
	uint32_t window_first; /* page number */
	uint32_t window_n;     /* pages in it */
	uint8_t *row;
};

struct reading {
	struct ws_pages *pages;
	int64_t low, high;
	uint32_t n_columns;
	int (*take)(void *context, const struct ws_cell *cell);
	void *context;
	struct ws_cell cell[COLUMNS_MAX];
};

static uint32_t uint16_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t uint32_at(const uint8_t *at)
{
	return uint16_at(at) << 16 | uint16_at(at + 2);
}

/* Reads a varint before end. Returns what is behind it; NULL: it does not end. */
static inline const uint8_t *varint(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
	uint64_t n = 0;

	if (at < end && *at < 0x80) {
		*value = *at;
		return at + 1;
	}
	for (int i = 0; i < 9 && at < end; i++, at++) {
		if (i == 8) {
			*value = n << 8 | *at;
			return at + 1;
		}
		n = n << 7 | (*at & 0x7f);
		if (*at < 0x80) {
			*value = n;
			return at + 1;
		}
	}
	return NULL;
}

static int read_bytes(struct ws_pages *pages, uint8_t *to, uint32_t n, uint64_t off)
{
	return pages->file->pMethods->xRead(pages->file, to, (int)n, (sqlite3_int64)off) == SQLITE_OK ? 0 : -EIO;
}

static bool is_page(const struct ws_pages *pages, uint32_t number)
{
	return number > 1 && number <= pages->n_pages;
}

static uint64_t page_off(const struct ws_pages *pages, uint32_t number)
{
	return (uint64_t)(number - 1) * pages->page_bytes;
}

/* A leaf, with those behind it if the one before it was read, too. 0 or -EIO. */
static int read_leaf(struct ws_pages *pages, uint32_t number, const uint8_t **leaf)
{
	uint32_t behind = number - pages->window_first;

	if (number < pages->window_first || behind >= pages->window_n) {
		uint32_t n = pages->window_n && behind == pages->window_n ? WINDOW_BYTES / pages->page_bytes : 1;

		if (n > pages->n_pages - number + 1)
			n = pages->n_pages - number + 1;
		pages->window_n = 0;
		if (read_bytes(pages, pages->window, n * pages->page_bytes, page_off(pages, number)))
			return -EIO;
		pages->window_first = number;
		pages->window_n = n;
		behind = 0;
	}
	*leaf = pages->window + (size_t)behind * pages->page_bytes;
	return 0;
}

/* Puts together the beginning of a row of which n bytes lie at at and the rest from an overflow page on. 0 or -EIO. */
static int read_overflow(struct ws_pages *pages, const uint8_t *at, uint32_t n, uint32_t n_wanted, uint32_t next)
{
	memcpy(pages->row, at, n);
	while (n < n_wanted) {
		uint8_t link[4];
		uint32_t n_here = n_wanted - n < pages->usable_bytes - 4 ? n_wanted - n : pages->usable_bytes - 4;

		if (!is_page(pages, next) || read_bytes(pages, link, sizeof(link), page_off(pages, next)) ||
		    read_bytes(pages, pages->row + n, n_here, page_off(pages, next) + sizeof(link)))
			return -EIO;
		next = uint32_at(link);
		n += n_here;
	}
	return 0;
}

/* A big-endian integer with a sign. */
static int64_t integer_at(const uint8_t *at, uint32_t n_bytes)
{
	uint64_t value = n_bytes && *at & 0x80 ? UINT64_MAX : 0;

	for (uint32_t i = 0; i < n_bytes; i++)
		value = value << 8 | at[i];
	return (int64_t)value;
}

/* Takes a value apart. Returns its length in the row, or -1 if it is of no kind that there should be. */
static inline int64_t value_of(uint64_t type, const uint8_t *at, const uint8_t *end, struct ws_cell *cell)
{
	static const uint8_t length[] = { 0, 1, 2, 3, 4, 6, 8 };

	*cell = (struct ws_cell) { 0 };
	if (type < sizeof(length)) {
		cell->is_null = type == 0;
		if (end - at < length[type])
			return -1;
		cell->integer = integer_at(at, length[type]);
		return length[type];
	}
	if (type == 8 || type == 9) {
		cell->integer = type == 9;
		return 0;
	}
	if (type < 12 || (type - 12) / 2 > (uint64_t)(end - at))
		return -1;
	cell->blob = at;
	cell->n_bytes = (uint32_t)((type - 12) / 2);
	return cell->n_bytes;
}

/* Takes a row apart. */
static int take_row(struct reading *reading, const uint8_t *row, const uint8_t *end)
{
	uint64_t n_header, type;
	const uint8_t *at = varint(row, end, &n_header), *value, *header_end;

	if (!at || n_header > (uint64_t)(end - row))
		return -EIO;
	header_end = value = row + n_header;
	for (uint32_t i = 0; i < reading->n_columns; i++) {
		int64_t n;

		at = varint(at, header_end, &type);
		n = at ? value_of(type, value, end, &reading->cell[i]) : -1;
		if (n < 0)
			return -EPROTO;
		value += n;
	}
	return reading->take(reading->context, reading->cell);
}

/* How much of a row of that length lies on the leaf itself. */
static uint32_t local_bytes(const struct ws_pages *pages, uint64_t n_row)
{
	uint32_t most = pages->usable_bytes - 35, least = (pages->usable_bytes - 12) * 32 / 255 - 23;
	uint32_t fit;

	if (n_row <= most)
		return (uint32_t)n_row;
	fit = least + (uint32_t)((n_row - least) % (pages->usable_bytes - 4));
	return fit <= most ? fit : least;
}

static int take_cell(struct reading *reading, const uint8_t *at, const uint8_t *end)
{
	struct ws_pages *pages = reading->pages;
	uint64_t n_row, rowid;
	uint32_t n_local, n_wanted;
	int rc;

	at = varint(at, end, &n_row);
	at = at ? varint(at, end, &rowid) : NULL;
	if (!at)
		return -EIO;
	if ((int64_t)rowid < reading->low || (int64_t)rowid > reading->high)
		return 0;
	n_local = local_bytes(pages, n_row);
	if (n_local > end - at)
		return -EIO;
	if (n_local == n_row)
		return take_row(reading, at, at + n_local);
	if (end - at < n_local + 4)
		return -EIO;
	n_wanted = n_row > ROW_BYTES_MAX ? ROW_BYTES_MAX : (uint32_t)n_row;
	if (n_wanted < n_local)
		n_wanted = n_local;
	rc = read_overflow(pages, at, n_local, n_wanted, uint32_at(at + n_local));
	return rc ? rc : take_row(reading, pages->row, pages->row + n_wanted);
}

static int take_leaf(struct reading *reading, const uint8_t *leaf)
{
	const uint8_t *end = leaf + reading->pages->usable_bytes;
	uint32_t n = uint16_at(leaf + N_CELLS_OFF);

	if (LEAF_HEADER + 2 * n > reading->pages->usable_bytes)
		return -EIO;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t off = uint16_at(leaf + LEAF_HEADER + 2 * i);
		int rc = off < reading->pages->usable_bytes ? take_cell(reading, leaf + off, end) : -EIO;

		if (rc)
			return rc;
	}
	return 0;
}

/* Takes the rows below a page. */
static int take_page(struct reading *reading, uint32_t number, uint32_t depth)
{
	struct ws_pages *pages = reading->pages;
	const uint8_t *page;
	uint32_t n;
	int rc;

	if (depth == LEVELS_MAX || !is_page(pages, number) || pages->n_visited++ > pages->n_pages)
		return -EIO;
	rc = read_leaf(pages, number, &page);
	if (rc || *page == PAGE_LEAF)
		return rc ? rc : take_leaf(reading, page);
	n = uint16_at(page + N_CELLS_OFF);
	if (*page != PAGE_INTERIOR || INTERIOR_HEADER + 2 * n > pages->usable_bytes)
		return -EIO;
	if (!pages->level[depth])
		pages->level[depth] = malloc(pages->page_bytes);
	if (!pages->level[depth])
		return -ENOMEM;
	page = memcpy(pages->level[depth], page, pages->page_bytes);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t off = uint16_at(page + INTERIOR_HEADER + 2 * i);
		uint64_t most;

		if (off + 4 > pages->usable_bytes || !varint(page + off + 4, page + pages->usable_bytes, &most))
			return -EIO;
		/* all rows of the child are at most so high */
		if ((int64_t)most < reading->low)
			continue;
		rc = take_page(reading, uint32_at(page + off), depth + 1);
		if (rc || (int64_t)most >= reading->high)
			return rc;
	}
	return take_page(reading, uint32_at(page + RIGHTMOST_OFF), depth + 1);
}

int ws_pages_read(struct ws_pages *pages, int64_t low, int64_t high, uint32_t n_columns,
		  int (*take)(void *context, const struct ws_cell *cell), void *context)
{
	struct reading reading = { pages, low, high, n_columns, take, context, { { 0 } } };

	if (n_columns > COLUMNS_MAX)
		return -EPROTO;
	pages->n_visited = 0;
	return take_page(&reading, pages->root, 0);
}

/* Does the table have these columns, each stored? */
static bool has_columns(sqlite3 *db, const char *table, const char *const *column, uint32_t n_columns)
{
	sqlite3_stmt *row = NULL;
	uint32_t n = 0;
	bool same = true;

	if (sqlite3_prepare_v2(db, "SELECT name, hidden FROM pragma_table_xinfo(?) ORDER BY cid", -1, &row, NULL) !=
	    SQLITE_OK)
		return false;
	sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
	for (; sqlite3_step(row) == SQLITE_ROW; n++) {
		const char *name = (const char *)sqlite3_column_text(row, 0);

		same &= !sqlite3_column_int(row, 1) && (n >= n_columns || (name && !strcmp(name, column[n])));
	}
	sqlite3_finalize(row);
	return same && n >= n_columns;
}

/* The first page of the table; 0: none. */
static uint32_t find_root(sqlite3 *db, const char *table)
{
	sqlite3_stmt *row = NULL;
	uint32_t root = 0;

	if (sqlite3_prepare_v2(db, "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?", -1, &row,
			       NULL) == SQLITE_OK) {
		sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
		if (sqlite3_step(row) == SQLITE_ROW)
			root = (uint32_t)sqlite3_column_int64(row, 0);
	}
	sqlite3_finalize(row);
	return root;
}

/* Learns the sizes from the file's header. 0 or -ENOTSUP. */
static int read_header(struct ws_pages *pages)
{
	uint8_t header[HEADER_BYTES];
	sqlite3_int64 n_bytes;

	if (pages->file->pMethods->xFileSize(pages->file, &n_bytes) != SQLITE_OK ||
	    read_bytes(pages, header, sizeof(header), 0) || memcmp(header, "SQLite format 3", 16) != 0)
		return -ENOTSUP;
	pages->page_bytes = uint16_at(header + PAGE_SIZE_OFF);
	if (pages->page_bytes == 1)
		pages->page_bytes = PAGE_SIZE_MAX;
	if (pages->page_bytes < PAGE_SIZE_MIN || (pages->page_bytes & (pages->page_bytes - 1)) ||
	    pages->page_bytes - header[RESERVED_OFF] < USABLE_BYTES_MIN)
		return -ENOTSUP;
	pages->usable_bytes = pages->page_bytes - header[RESERVED_OFF];
	if (n_bytes / pages->page_bytes > UINT32_MAX - 1)
		return -ENOTSUP;
	pages->n_pages = (uint32_t)(n_bytes / pages->page_bytes);
	return 0;
}

int ws_pages_open(struct sqlite3 *db, const char *table, const char *const *column, uint32_t n_columns,
		  struct ws_pages **pages)
{
	struct ws_pages *made = calloc(1, sizeof(*made));
	uint8_t type;
	int rc;

	if (!made)
		return -ENOMEM;
	made->window = malloc(WINDOW_BYTES);
	made->row = malloc(PAGE_SIZE_MAX + ROW_BYTES_MAX);
	rc = made->window && made->row ? 0 : -ENOMEM;
	if (!rc && (!has_columns(db, table, column, n_columns) ||
		    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &made->file) != SQLITE_OK ||
		    !made->file || !made->file->pMethods))
		rc = -ENOTSUP;
	rc = rc ? rc : read_header(made);
	if (!rc) {
		made->root = find_root(db, table);
		/* a table without rowid is another kind of tree */
		if (!is_page(made, made->root) || read_bytes(made, &type, 1, page_off(made, made->root)) ||
		    (type != PAGE_LEAF && type != PAGE_INTERIOR))
			rc = -ENOTSUP;
	}
	if (rc)
		ws_pages_close(made);
	else
		*pages = made;
	return rc;
}

void ws_pages_close(struct ws_pages *pages)
{
	if (!pages)
		return;
	for (int i = 0; i < LEVELS_MAX; i++)
		free(pages->level[i]);
	free(pages->window);
	free(pages->row);
	free(pages);
}
