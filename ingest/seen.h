/* SPDX-License-Identifier: BSD-2-Clause */
/* seen - what has come before, told by its XXH3-128. Not a signature: who wants to can make two that are told the same.
 */
#ifndef WS_SEEN_H
#define WS_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_seen_hash {
	uint64_t low;
	uint64_t high;
};

/* All-zero to begin with; to be closed with ws_seen_free(). */
struct ws_seen {
	struct ws_seen_hash *slot; /* both 0: free */
	uint32_t n_slots;
	uint32_t n;
};

/* Have these bytes come before as the same kind? If not, they have now. A million are kept in mind; of others, and
 * where there is no memory, it is not known: false. */
bool ws_seen_before(struct ws_seen *seen, uint64_t kind, const void *bytes, size_t len);

void ws_seen_free(struct ws_seen *seen);

#endif
