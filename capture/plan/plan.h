/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan - plan.json: where the tracing points of chosen pods are, node by node, and what is to be recorded there.
 * `capture plan` makes it from a cluster snapshot, `capture run --plan` carries it out, node by node with one file.
 *
 *   {"version": 1,                       of this format; a reader refuses others
 *    "wirespan": "0.3.0",                version of the program that made it
 *    "selection": {"pods": ["default/reviews-1"], "services": [], "all": false, "nodes": []},
 *                                        what was asked for: --pod, --service, --all, --node
 *    "search_bytes": 65536,              bytes of each request's head that are searched
 *    "contexts": "default",              as --context takes them
 *    "snapshot": {"path": "/runs/1/cluster",         the snapshot's directory
 *                 "update": "update-0003",           in it, whose pods count; "": none
 *                 "taken_realtime_ns": 1764000000000000000,   null: not known
 *                 "pods_hash": "..."},   XXH3-128 of names, uids, nodes and addresses of all pods, as xxhsum prints it
 *    "nodes": [
 *      {"node": "node1",
 *       "overlay": "vxlan",              "vxlan", "ipip", "geneve", "none"; "": not known
 *       "overlay_because": "ippools.json: vxlanMode Always",
 *       "vni": 4096,                     null: none, or not known
 *       "vxlan_ports": [4789],           UDP; []: the program's own choice
 *       "filters": [{"filter": "addr=10.244.1.10", "because": "pod default/reviews-1"}],
 *                                        of the points with the role nic; at most 8; as --filter takes them
 *       "watch_filters": [...],          the same for a run that watches: whole networks, for pods to come
 *       "points": [
 *         {"name": "vport-reviews-1",    unique in the plan; stem of its files
 *          "role": "vport",              "nic" or "vport"
 *          "interface": "cali0a1b2c", "ifindex": 12,          ifindex 0: not known
 *          "pod": "default/reviews-1",   NAMESPACE/NAME; "" for a nic
 *          "addresses": ["10.244.1.10"], of the pod
 *          "because": "peer of eth0 (ifindex 3) in the namespace of pid 4711, container abc (crictl)"}],
 *       "notes": ["..."]}],              in words
 *    "notes": ["..."],                   of the whole plan
 *    "unplanned": [{"pod": "default/x", "because": "...",      a chosen pod without a point, and
		    "is_named": true}]}                        whether --pod named it
 *
 * Keys that are not named here are passed over.
 */
#ifndef WS_PLAN_H
#define WS_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/recfile.h"
#include "lib/tap_config.h"

#define WS_PLAN_VERSION 1
/* The largest plan that is read, and the most points that are planned. */
#define WS_PLAN_FILE_MAX   (64u << 20)
#define WS_PLAN_POINTS_MAX 65536
#define WS_PLAN_NODES_MAX  16384
/* Points of one node. */
#define WS_PLAN_NODE_POINTS_MAX 128
#define WS_PLAN_HASH_LEN	33

/* All strings belong to the plan. */
struct ws_plan_texts {
	const char **text;
	uint32_t n;
};

struct ws_plan_filter {
	const char *text;
	const char *because;
	struct ws_filter filter;
};

struct ws_plan_filters {
	struct ws_plan_filter filter[WS_FILTERS_MAX];
	uint32_t n;
};

struct ws_plan_point {
	const char *name;
	const char *role;
	const char *interface;
	uint32_t ifindex; /* 0: not known */
	const char *pod;  /* "" for a nic */
	struct ws_plan_texts addresses;
	const char *because;
};

struct ws_plan_node {
	const char *name;
	const char *overlay;
	const char *overlay_because;
	int64_t vni; /* -1: none, or not known */
	uint16_t vxlan_port[WS_VXLAN_PORTS_MAX];
	uint32_t n_vxlan_ports;
	struct ws_plan_filters filters;
	struct ws_plan_filters watch_filters;
	struct ws_plan_point *point;
	uint32_t n_points;
	struct ws_plan_texts notes;
};

struct ws_plan_unplanned {
	const char *pod;
	const char *because;
	bool is_named;
};

struct ws_plan {
	struct ws_plan_texts pods; /* of the selection */
	struct ws_plan_texts services;
	bool is_all;
	struct ws_plan_texts node_names; /* of the selection */
	uint32_t search_bytes;
	const char *contexts;
	const char *snapshot_path;
	const char *snapshot_update;
	const char *pods_hash;
	struct ws_plan_node *node;
	uint32_t n_nodes;
	struct ws_plan_texts notes;
	struct ws_plan_unplanned *unplanned;
	uint32_t n_unplanned;
	char hash[WS_PLAN_HASH_LEN]; /* of the file's bytes: XXH3-128, as xxhsum prints it; "" if it is from no file */
	json_t *document;	     /* where the strings are */
};

/* Is it a name that a point may have: the stem of its files? len: its length. */
bool ws_plan_is_point_name(const char *name, size_t len);

/* Is it a name that an interface may have? */
bool ws_plan_is_interface_name(const char *name);

/*
 * Reads a plan. Returns 0, or -errno with words that name the file and the key: -EPROTO, it is no plan; -EFBIG. The
 * plan is to be closed.
 */
int ws_plan_read(const char *path, struct ws_plan *plan, struct ws_error *err);

/* Takes over a document, also when it fails. name is for the words. */
int ws_plan_take(json_t *document, const char *name, struct ws_plan *plan, struct ws_error *err);

/* Writes a plan whole, or not at all. Returns 0 or -errno. */
int ws_plan_write(const struct ws_plan *plan, const char *path, struct ws_error *err);

/* The node of that name, or NULL. */
const struct ws_plan_node *ws_plan_node_find(const struct ws_plan *plan, const char *name);

/* All-zero is fine. */
void ws_plan_close(struct ws_plan *plan);

#endif
