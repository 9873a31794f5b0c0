/* SPDX-License-Identifier: BSD-2-Clause */
/* span_parts - what the formats of tracers have in common: identifiers, texts, where a span was made. */
#ifndef WS_SPAN_PARTS_H
#define WS_SPAN_PARTS_H

#include <jansson.h>
#include <stdbool.h>

#include "ingest/spans.h"

#define WS_SPAN_TEXT_MAX 1023

/* A file under way, and the texts of its span. */
struct ws_span_reading {
	const struct ws_cluster *cluster;
	int (*take)(void *context, const struct ws_span *span);
	void *context;
	uint64_t *n_unread;
	uint64_t n_elements; /* of the list */
	struct ws_seen *seen;
	uint64_t format;
	char service[WS_SPAN_TEXT_MAX + 1];
	char operation[WS_SPAN_TEXT_MAX + 1];
	char node[WS_SPAN_TEXT_MAX + 1];
	char pod[WS_SPAN_TEXT_MAX + 1];
};

/* What tags or attributes say of the place; texts borrowed, NULL where nothing is said. */
struct ws_span_place {
	const char *pod;
	const char *namespace;
	const char *node;
	const char *host;    /* may be a pod's name, or a node's */
	const char *istio;   /* sidecar~ADDRESS~POD.NAMESPACE~DOMAIN */
	const char *service; /* of OTLP: service.name */
};

/* Takes note of a tag if it is one of those. */
void ws_span_place_note(struct ws_span_place *place, const char *key, const char *value);

/* Sets node and pod ("NAMESPACE/NAME", or the name where no namespace is said) of the reading and the span. */
void ws_span_place_put(struct ws_span_reading *reading, const struct ws_span_place *place, struct ws_span *span);

/* Copies a text, cleaned and cut; NULL is "". Returns to. */
const char *ws_span_text(const char *text, char to[WS_SPAN_TEXT_MAX + 1]);

/*
 * An identifier of size bytes: up to twice as many hex digits, leading zeros left out or not, or the base64 of size
 * bytes. False if it is none, or zero.
 */
bool ws_span_id(const json_t *text, uint8_t *id, size_t size);

/* "client", "server", "producer", "consumer", "internal", whatever the case; "" for any other. Static. */
const char *ws_span_kind(const char *text);

/* An integer, or its digits as a text; a number with an exponent is rounded. False if it is none, or negative. */
bool ws_span_number(const json_t *value, int64_t *number);

#endif
