/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owners - who had an address at a time: pods, services and nodes by name, from the cluster snapshots that were loaded.
 */
#ifndef WS_ANALYZE_OWNERS_H
#define WS_ANALYZE_OWNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/store.h"
#include "analyze/tuple.h"

enum ws_owner_kind { WS_OWNER_POD, WS_OWNER_SERVICE, WS_OWNER_NODE, WS_N_OWNER_KINDS };

/* Whoever had an address. Texts are the owners' own; "" where nothing is known. */
struct ws_owner {
	uint8_t address[16];
	int64_t from_ns;  /* CLOCK_REALTIME; INT64_MIN: open */
	int64_t until_ns; /* no more his from then on; INT64_MAX: open */
	const char *namespace;
	const char *name;    /* of the pod, service or node */
	const char *service; /* of a pod: the one it serves; of a service: its name; of a node: "" */
	const char *workload;
	const char *node;  /* where it is */
	const char *label; /* what ws_owner_service() says; set by ws_owners_read() */
	uint8_t kind;	   /* enum ws_owner_kind */
};

struct ws_owners {
	struct ws_owner *at; /* by address, from_ns */
	uint32_t n;
	uint32_t room;
	struct ws_text_pool *texts;
};

/* Adds the rows of table owner of a run to owners, which begin all-zero; the same row twice is one. 0, -EIO, -EPROTO or
 * -ENOMEM. To be closed with ws_owners_close(). */
int ws_owners_read(struct ws_store *store, struct ws_owners *owners, struct ws_error *err);

/* NULL is fine. */
void ws_owners_close(struct ws_owners *owners);

/*
 * Who had the address at that time (CLOCK_REALTIME): a pod rather than a service rather than a node. NULL: nobody
 * knows. An address that had an owner only at other times has none.
 */
const struct ws_owner *ws_owners_find(const struct ws_owners *owners, const uint8_t address[16], int64_t realtime_ns);

/* The service that an owner stands for; without one its workload, else its name. */
const char *ws_owner_plain_service(const struct ws_owner *owner);

/*
 * The same, as "NAMESPACE/SERVICE" where the snapshot knows that name in several namespaces. NULL: the address as text.
 * Returns text or a string of the owner's.
 */
#define WS_OWNER_TEXT_MAX 64
const char *ws_owner_service(const struct ws_owner *owner, const uint8_t address[16], char text[WS_OWNER_TEXT_MAX]);

/* "NAMESPACE/NAME" of a pod or service, the node's name, or the address as text; cut at size. Returns text. */
const char *ws_owner_full_name(const struct ws_owner *owner, const uint8_t address[16], char *text, size_t size);

#endif
