/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * naming - who sent a packet and whom it went to, by name: from its addresses at the vport and its time.
 *
 * Of a packet that was seen at both sides, of the addresses of either end the one counts that says most: that of a pod,
 * rather than of a service, rather than of a node.
 */
#ifndef WS_ANALYZE_NAMING_H
#define WS_ANALYZE_NAMING_H

#include "analyze/catalog.h"
#include "analyze/numbers.h"
#include "analyze/owners.h"
#include "analyze/sighting.h"
#include "analyze/tuple.h"

/* One end of a packet's way. */
struct ws_party {
	const struct ws_owner *owner; /* NULL: nobody had the address at that time */
	uint8_t address[16];
	bool is_outside; /* names are known, and nobody ever had the address */
};

/* Whom a packet came from and whom it went to. */
struct ws_parties {
	struct ws_party caller;
	struct ws_party callee;
};

/* What is known of a tuple, and how long it holds. */
struct ws_naming_memo {
	int64_t from_ns; /* CLOCK_REALTIME; from until_ns on no more; all-zero: nothing */
	int64_t until_ns;
	struct ws_party caller;
	struct ws_party callee;
};

struct ws_naming {
	struct ws_owners owners;
	int64_t *offset_ns; /* one a file: what its stamps are moved by to be CLOCK_REALTIME */
	bool *has_offset;   /* false: the file's clock was never read */
	int64_t latest_ns;  /* CLOCK_REALTIME that stands for all stamps of such a file */
	struct ws_naming_memo *memo;
	uint32_t n_memos;
};

/*
 * Reads the names that the run knows, and what its clocks say. 0, -EIO, -EPROTO or -ENOMEM. To be closed with
 * ws_naming_close().
 */
int ws_naming_open(struct ws_store *store, const struct ws_catalog *catalog, struct ws_naming *naming,
		   struct ws_error *err);

/* NULL and all-zero are fine. */
void ws_naming_close(struct ws_naming *naming);

/* Is anybody known by name? */
static inline bool ws_naming_is_known(const struct ws_naming *naming)
{
	return naming->owners.n > 0;
}

/* The stamp as CLOCK_REALTIME. */
int64_t ws_naming_realtime(const struct ws_naming *naming, const struct ws_sighting *sighting);

/*
 * Adds to at_ns each moment (CLOCK_REALTIME) at which an address became somebody's, or was so no more, after the first
 * of two stamps of a file and not after the last: between two of them names do not change. 0 or -ENOMEM.
 */
int ws_naming_changes(const struct ws_naming *naming, uint32_t file, int64_t first_ns, int64_t last_ns,
		      struct ws_numbers *at_ns);

/*
 * Whom the packet of a sighting came from and went to. other: the same packet at the other side, or NULL. Remembers
 * what it found. 0 or -ENOMEM.
 */
int ws_naming_parties(struct ws_naming *naming, const struct ws_tuples *tuples, const struct ws_sighting *sighting,
		      const struct ws_sighting *other, struct ws_parties *parties);

/*
 * The service that a caller or a callee stands for; of an address without an owner the address, of a caller from
 * outside "outside". Returns text or a string of the owner's.
 */
const char *ws_naming_caller(const struct ws_party *party, char text[WS_OWNER_TEXT_MAX]);
const char *ws_naming_callee(const struct ws_party *party, char text[WS_OWNER_TEXT_MAX]);

/* Room for an edge; what does not fit is cut. */
#define WS_EDGE_WORDS_MAX 512

/* "productpage -> reviews". Returns text. */
const char *ws_naming_edge(const struct ws_parties *parties, char text[WS_EDGE_WORDS_MAX]);

#endif
