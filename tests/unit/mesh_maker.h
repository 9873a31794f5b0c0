/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mesh_maker - hand-made atlases and calls: three nodes with a NIC each, and the vports of pods on them.
 */
#ifndef WS_TESTS_MESH_MAKER_H
#define WS_TESTS_MESH_MAKER_H

#include <stdio.h>
#include <string.h>

#include "analyze/mesh/calls.h"

#define N_MESH_NODES 3
#define N_MESH_PODS  4
#define MESH_MAX     256

/* Points: NICs first, by node; then the pods' vports. Pods "a" and "d" are on node 0, "b" on 1, "c" on 2. */
enum { POD_A, POD_B, POD_C, POD_D };
static const uint32_t mesh_node_of[N_MESH_PODS] = { 0, 1, 2, 0 };

struct mesh {
	struct ws_atlas atlas;
	struct ws_calls calls;
	char *node[N_MESH_NODES];
	struct ws_atlas_point point[N_MESH_NODES + N_MESH_PODS];
	struct ws_owner owner[N_MESH_PODS];
	struct ws_passage passage[MESH_MAX];
	struct ws_call call[MESH_MAX];
	struct ws_mesh_span span[MESH_MAX];
	struct ws_claim claim[MESH_MAX];
	struct ws_tuple tuple[1];
	int64_t offset_ns[N_MESH_NODES]; /* of the nodes' clocks: added to what is stamped from then on */
};

static inline void mesh_begin(struct mesh *mesh)
{
	static char *node[] = { "node0", "node1", "node2" };
	static char *nic[] = { "nic0", "nic1", "nic2" }, *vport[] = { "vport-a", "vport-b", "vport-c", "vport-d" };
	static char *pod[] = { "ns/a", "ns/b", "ns/c", "ns/d" };
	static const char *name[] = { "a", "b", "c", "d" };

	memset(mesh, 0, sizeof(*mesh));
	for (uint32_t i = 0; i < N_MESH_NODES + N_MESH_PODS; i++) {
		bool is_nic = i < N_MESH_NODES;

		mesh->point[i] = (struct ws_atlas_point) {
			.run = "",
			.name = is_nic ? nic[i] : vport[i - N_MESH_NODES],
			.pod = is_nic ? "" : pod[i - N_MESH_NODES],
			.interface = "",
			.node = is_nic ? i : mesh_node_of[i - N_MESH_NODES],
			.role = is_nic ? WS_ROLE_NIC : WS_ROLE_VPORT,
			.first_ns = INT64_MIN,
			.has_responses = true,
			.last_ns = INT64_MAX,
		};
	}
	for (uint32_t i = 0; i < N_MESH_PODS; i++) {
		mesh->owner[i] = (struct ws_owner) {
			.address = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)(i + 1) },
			.from_ns = INT64_MIN,
			.until_ns = INT64_MAX,
			.namespace = "ns",
			.name = name[i],
			.service = name[i],
			.workload = "",
			.node = node[mesh_node_of[i]],
		};
	}
	memcpy(mesh->node, node, sizeof(node));
	mesh->atlas = (struct ws_atlas) {
		.point = mesh->point,
		.n_points = N_MESH_NODES + N_MESH_PODS,
		.node = mesh->node,
		.n_nodes = N_MESH_NODES,
		.passage = mesh->passage,
		.tuples = { .at = mesh->tuple, .n = 1 },
		.owners = { .at = mesh->owner, .n = N_MESH_PODS },
		.span = mesh->span,
		.claim = mesh->claim,
	};
	mesh->calls.at = mesh->call;
}

/* A passage of the call at a point, at a time of the truth; WS_NO_PASSAGE for a negative time. */
static inline uint32_t mesh_pass(struct mesh *mesh, uint32_t call, uint32_t point, int64_t at_ns, bool is_response)
{
	struct ws_passage *passage = &mesh->passage[mesh->atlas.n_passages];

	if (at_ns < 0)
		return WS_NO_PASSAGE;
	*passage = (struct ws_passage) {
		.ts_ns = at_ns,
		.realtime_ns = at_ns + mesh->offset_ns[mesh->point[point].node],
		.point = point,
		.status = is_response ? 200 : 0,
		.kind = is_response ? WS_PASSAGE_RESPONSE : WS_PASSAGE_REQUEST,
	};
	if (!is_response)
		passage->identity = (struct ws_identity) {
			.trace_id = { 1 }, .span_id = { [7] = (uint8_t)(call + 1) }, .seq = call, .trace_id_len = 16
		};
	return mesh->atlas.n_passages++;
}

/*
 * Adds a call from one pod to another with its stamps: request at the caller's vport and NIC, the callee's NIC and
 * vport, then the response at these from the last to the first; negative: not seen. Between pods of one node, the
 * NICs' are left out. Returns its number.
 */
static inline uint32_t mesh_call(struct mesh *mesh, uint32_t parent, int from, int to, const int64_t at_ns[8])
{
	uint32_t index = mesh->calls.n++;
	struct ws_call *call = &mesh->call[index];
	uint32_t point[WS_N_STATIONS] = { N_MESH_NODES + (uint32_t)from, mesh_node_of[from], mesh_node_of[to],
					  N_MESH_NODES + (uint32_t)to };

	*call = (struct ws_call) { .parent = parent, .caller = &mesh->owner[from], .callee = &mesh->owner[to] };
	for (int i = 0; i < WS_N_STATIONS; i++) {
		call->request[i] = mesh_pass(mesh, index, point[i], at_ns[i], false);
		call->response[i] = mesh_pass(mesh, index, point[i], at_ns[7 - i], true);
	}
	if (parent != WS_NO_CALL)
		mesh->call[parent].n_children++;
	return index;
}

/* A span of the tracer in the trace; parent 0: none. Ids: their last byte. */
static inline void mesh_span(struct mesh *mesh, uint8_t id, uint8_t parent, const char *service, const char *kind,
			     int64_t start_ns, int64_t duration_ns)
{
	mesh->span[mesh->atlas.n_spans++] = (struct ws_mesh_span) {
		.trace_id = { 1 },
		.span_id = { [7] = id },
		.parent_span_id = { [7] = parent },
		.has_parent = parent != 0,
		.start_ns = start_ns,
		.duration_ns = duration_ns,
		.service = service,
		.kind = kind,
		.operation = "",
		.node = "",
		.pod = "",
	};
}

#endif
