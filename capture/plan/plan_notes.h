/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_notes - what a reader of the plan should know besides: offloads, encryption, what the snapshot does not have. */
#ifndef WS_PLAN_NOTES_H
#define WS_PLAN_NOTES_H

#include <jansson.h>

#include "capture/plan/plan_choose.h"
#include "capture/plan/plan_filters.h"
#include "capture/plan/plan_nic.h"

/* A text as JSON; bytes that are not UTF-8 become '?'. NULL without memory. */
json_t *ws_plan_json_text(const char *text);

/* Adds a note to a list of texts. */
__attribute__((format(printf, 2, 3))) void ws_plan_note(json_t *notes, const char *format, ...);

/* Of a node's NIC: what kind of interface it is, and its offloads. */
void ws_plan_note_nic(json_t *notes, const struct ws_plan_view *view, const char *node, const struct ws_plan_nic *nic);

/* Of the whole plan: mutual TLS, pods left out, sources that the snapshot does not have. */
void ws_plan_note_snapshot(json_t *notes, const struct ws_plan_view *view, const struct ws_plan_choice *choice);

/* XXH3-128 of names, uids, nodes and addresses of all pods, as xxhsum prints it. */
void ws_plan_pods_hash(const struct ws_cluster *pods, char text[33]);

#endif
