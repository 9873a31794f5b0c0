/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_services - services and what stands behind them, as `kubectl get -o json` prints them: Service and Endpoints
 * of Kubernetes' core/v1, EndpointSlice of discovery.k8s.io/v1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cluster/cluster_draft.h"

#define PORTS_MAX 4096

static bool is_tcp(const json_t *port)
{
	const json_t *protocol = json_object_get(port, "protocol");

	return !protocol || json_is_null(protocol) || ws_draft_is(protocol, "TCP");
}

static void add_list(struct ws_cluster_draft *d, const json_t *list, struct ws_draft_addresses *addresses)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		ws_draft_address(d, json_array_get(list, i), addresses);
}

static void read_service_ports(struct ws_cluster_draft *d, const json_t *list, struct ws_cluster_service *service)
{
	struct ws_cluster_port *ports = calloc(PORTS_MAX, sizeof(*ports));
	uint32_t n = 0;

	if (!ports) {
		d->rc = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *port = json_array_get(list, i);
		int64_t number = ws_draft_integer(json_object_get(port, "port"), 1, UINT16_MAX, 0);

		if (!is_tcp(port))
			continue;
		if (!number || n == PORTS_MAX) {
			d->cluster->n_unread++;
			continue;
		}
		ports[n++] = (struct ws_cluster_port) {
			.port = (uint16_t)number,
			.target_port = (uint16_t)ws_draft_integer(json_object_get(port, "targetPort"), 0, UINT16_MAX,
								  0),
			.node_port = (uint16_t)ws_draft_integer(json_object_get(port, "nodePort"), 0, UINT16_MAX, 0),
		};
	}
	service->port = ws_draft_keep(d, ports, n, sizeof(*ports), _Alignof(struct ws_cluster_port));
	service->n_ports = service->port ? n : 0;
	free(ports);
}

void ws_cluster_read_service(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata"), *spec = json_object_get(object, "spec");
	const json_t *ingress = ws_draft_at(object, "status", "loadBalancer", "ingress", NULL);
	struct ws_draft_addresses addresses;
	struct ws_cluster_service service = {
		.namespace = ws_draft_shared(d, json_object_get(metadata, "namespace")),
		.name = ws_draft_shared(d, json_object_get(metadata, "name")),
		.type = ws_draft_shared(d, json_object_get(spec, "type")),
	};

	if (!*service.name) {
		d->cluster->n_unread++;
		return;
	}
	addresses.n = 0;
	ws_draft_address(d, json_object_get(spec, "clusterIP"), &addresses);
	add_list(d, json_object_get(spec, "clusterIPs"), &addresses);
	service.n_cluster_addresses = addresses.n;
	add_list(d, json_object_get(spec, "externalIPs"), &addresses);
	ws_draft_address(d, json_object_get(spec, "loadBalancerIP"), &addresses);
	for (size_t i = 0; i < json_array_size(ingress); i++)
		ws_draft_address(d, json_object_get(json_array_get(ingress, i), "ip"), &addresses);
	service.address = ws_draft_keep(d, addresses.at, addresses.n, sizeof(*addresses.at), 1);
	service.n_addresses = service.address ? addresses.n : 0;
	if (!service.address)
		service.n_cluster_addresses = 0;
	read_service_ports(d, json_object_get(spec, "ports"), &service);
	ws_draft_add(d, &d->services, &service);
}

/* An endpoint for each of its TCP ports; one without a port if none is said. */
static void add_endpoint(struct ws_cluster_draft *d, struct ws_cluster_endpoint *endpoint, const json_t *ports)
{
	if (json_array_size(ports) == 0) {
		endpoint->port = 0;
		ws_draft_add(d, &d->endpoints, endpoint);
	}
	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *port = json_array_get(ports, i);

		if (!is_tcp(port))
			continue;
		endpoint->port = (uint16_t)ws_draft_integer(json_object_get(port, "port"), 0, UINT16_MAX, 0);
		ws_draft_add(d, &d->endpoints, endpoint);
		if (d->rc || *d->endpoints.n == WS_CLUSTER_OBJECTS_MAX) /* ports times addresses would take for ever */
			return;
	}
}

static const char *pod_of(struct ws_cluster_draft *d, const json_t *reference)
{
	return ws_draft_is(json_object_get(reference, "kind"), "Pod")
		       ? ws_draft_shared(d, json_object_get(reference, "name"))
		       : "";
}

static void read_address(struct ws_cluster_draft *d, struct ws_cluster_endpoint *endpoint, const json_t *address,
			 const json_t *reference, const json_t *ports)
{
	endpoint->pod = pod_of(d, reference);
	if (!json_is_string(address) || ws_cluster_address_parse(json_string_value(address), &endpoint->address))
		d->cluster->n_unread++;
	else
		add_endpoint(d, endpoint, ports);
}

void ws_cluster_read_endpoints(struct ws_cluster_draft *d, const json_t *object)
{
	/* what is not ready now is the service's pod all the same */
	static const char *const lists[] = { "addresses", "notReadyAddresses" };
	const json_t *metadata = json_object_get(object, "metadata"), *subsets = json_object_get(object, "subsets");
	struct ws_cluster_endpoint endpoint = {
		.namespace = ws_draft_shared(d, json_object_get(metadata, "namespace")),
		.service = ws_draft_shared(d, json_object_get(metadata, "name")),
	};

	if (!*endpoint.service) {
		d->cluster->n_unread++;
		return;
	}
	for (size_t i = 0; i < json_array_size(subsets); i++) {
		const json_t *subset = json_array_get(subsets, i), *ports = json_object_get(subset, "ports");

		for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
			const json_t *list = json_object_get(subset, lists[l]);

			for (size_t k = 0; k < json_array_size(list) && d->rc == 0; k++) {
				const json_t *address = json_array_get(list, k);

				read_address(d, &endpoint, json_object_get(address, "ip"),
					     json_object_get(address, "targetRef"), ports);
			}
		}
	}
}

void ws_cluster_read_slice(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata"), *list = json_object_get(object, "endpoints");
	struct ws_cluster_endpoint endpoint = {
		.namespace = ws_draft_shared(d, json_object_get(metadata, "namespace")),
		.service = ws_draft_shared(d, ws_draft_at(metadata, "labels", "kubernetes.io/service-name", NULL)),
	};

	if (!*endpoint.service) {
		d->cluster->n_unread++;
		return;
	}
	if (ws_draft_is(json_object_get(object, "addressType"), "FQDN"))
		return;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *element = json_array_get(list, i), *addresses = json_object_get(element, "addresses");

		for (size_t k = 0; k < json_array_size(addresses) && d->rc == 0; k++)
			read_address(d, &endpoint, json_array_get(addresses, k), json_object_get(element, "targetRef"),
				     json_object_get(object, "ports"));
	}
}
