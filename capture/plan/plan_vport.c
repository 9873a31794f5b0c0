/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_vport - see the header. */
#include "capture/plan/plan_vport.h"

#include <errno.h>
#include <string.h>

/* What one witness says. */
struct testimony {
	const struct ws_cluster_link *link; /* NULL: nothing */
	char words[400];
};

/* Both ends of a pair of these are seen: what a pod sends comes out at the other end. */
static bool is_pair(const struct ws_cluster_link *link)
{
	return strcmp(link->kind, "veth") == 0 || strcmp(link->kind, "netkit") == 0 || !*link->kind;
}

static bool holds_address_of(const struct ws_cluster_link *link, const struct ws_cluster_pod *pod)
{
	for (uint32_t i = 0; i < link->n_addresses; i++)
		for (uint32_t k = 0; k < pod->n_addresses; k++)
			if (memcmp(&link->address[i].address, &pod->address[k], sizeof(pod->address[k])) == 0)
				return true;
	return false;
}

/* The interface with the pod's address; where no addresses are known, eth0. */
static const struct ws_cluster_link *pods_link(const struct ws_plan_index *index, const struct ws_cluster_pod *pod,
					       int64_t pid)
{
	const struct ws_cluster_link *eth0 = NULL;
	uint32_t i, end = ws_plan_links(index, pod->node, pid, &i);
	bool has_addresses = false;

	for (; i < end; i++) {
		const struct ws_cluster_link *link = index->link[i];

		if (link->is_loopback)
			continue;
		if (holds_address_of(link, pod))
			return link;
		has_addresses = has_addresses || link->n_addresses;
		if (strcmp(link->name, "eth0") == 0)
			eth0 = link;
	}
	return has_addresses && pod->n_addresses ? NULL : eth0;
}

/* What a process says. Returns 0; -ENOENT and why it says nothing; -EBADMSG. */
static int ask_process(const struct ws_plan_index *index, const struct ws_cluster_pod *pod,
		       const struct ws_cluster_container *c, struct testimony *t, struct ws_error *words)
{
	const struct ws_cluster_link *inner = pods_link(index, pod, c->pid), *outer;
	uint32_t begin;

	if (!inner && ws_plan_links(index, pod->node, c->pid, &begin) == begin)
		return ws_error(
			words, -ENOENT,
			"the interfaces of its process %lld are not in the snapshot (node/%s/pid-%lld.link.json): "
			"it had ended, or root was needed; collect again on the node",
			(long long)c->pid, pod->node, (long long)c->pid);
	if (!inner)
		return ws_error(
			words, -ENOENT,
			"no interface in the namespace of its process %lld has its address: the process belongs "
			"to another pod by now, or the pod was not up; collect again",
			(long long)c->pid);
	/* a macvlan's or ipvlan's number is its parent's: the node's NIC */
	if (!inner->peer_ifindex || !is_pair(inner))
		return ws_error(words, -ENOENT,
				"its interface %s (%s) has no other end on the node, where a tracing point could be",
				inner->name, *inner->kind ? inner->kind : "of an unknown kind");
	outer = ws_plan_link_by_ifindex(index, pod->node, inner->peer_ifindex);
	if (!outer)
		return ws_error(words, -ENOENT,
				"%s in the namespace of pid %lld names the node's interface %u, which link.json of %s "
				"does not have; collect again",
				inner->name, (long long)c->pid, inner->peer_ifindex, pod->node);
	if (outer->peer_ifindex && outer->peer_ifindex != inner->ifindex)
		return ws_error(
			words, -EBADMSG,
			"%s in the namespace of pid %lld has the index %u and names the node's interface %u, but "
			"that one, %s, names %u as its other end; collect again",
			inner->name, (long long)c->pid, inner->ifindex, inner->peer_ifindex, outer->name,
			outer->peer_ifindex);
	t->link = outer;
	snprintf(t->words, sizeof(t->words),
		 "peer of %s (ifindex %u) in the namespace of pid %lld, container %.64s%s%.12s (%s)", inner->name,
		 inner->ifindex, (long long)c->pid, c->name, *c->name ? " " : "", c->id, c->runtime);
	return 0;
}

/* All processes of the pod that say something have to say the same. */
static int ask_processes(const struct ws_plan_index *index, const struct ws_cluster_pod *pod, struct testimony *t,
			 struct ws_error *words)
{
	uint32_t i, end = ws_plan_containers(index, pod, &i);
	bool was_asked = false;

	for (; i < end; i++) {
		const struct ws_cluster_container *c = index->container[i];
		struct testimony one = { 0 };
		int rc;

		if (c->pid <= 0 || (*c->pod_uid && *pod->uid && strcmp(c->pod_uid, pod->uid) != 0))
			continue;
		was_asked = true;
		rc = ask_process(index, pod, c, &one, words);
		if (rc == -EBADMSG)
			return rc;
		if (rc == 0 && t->link && t->link != one.link)
			return ws_error(words, -EBADMSG, "its containers disagree: %s is %s, but %s is %s", t->words,
					t->link->name, one.words, one.link->name);
		if (rc == 0 && !t->link)
			*t = one;
	}
	if (t->link)
		return 0;
	if (!was_asked)
		ws_error(words, -ENOENT,
			 "no process of it is known: no runtime (crictl, docker, nerdctl, ctr) told one on %s; run "
			 "`capture "
			 "collect` as root on that node",
			 *pod->node ? pod->node : "its node");
	return -ENOENT;
}

/* One route to an address of the pod and no other. Returns 0 or -EBADMSG. */
static int ask_route(const struct ws_plan_index *index, const struct ws_cluster_route *route, struct testimony *t,
		     struct ws_error *words)
{
	const struct ws_cluster_link *link;
	char text[WS_CLUSTER_ADDRESS_TEXT];

	if (*route->kind && strcmp(route->kind, "unicast") != 0)
		return 0;
	link = ws_plan_link_by_name(index, route->node, route->interface);
	if (!link || !is_pair(link) || link->is_loopback || link == t->link)
		return 0;
	if (t->link)
		return ws_error(words, -EBADMSG,
				"the node's routes disagree: %s (%s), but there is one through %s, too", t->words,
				t->link->name, link->name);
	t->link = link;
	snprintf(t->words, sizeof(t->words), "the route to %s alone goes through it",
		 ws_cluster_address_text(&route->to.address, text));
	return 0;
}

/* The node's routes to the pod's addresses and no others. */
static int ask_routes(const struct ws_plan_index *index, const struct ws_cluster_pod *pod, struct testimony *t,
		      struct ws_error *words)
{
	int rc = 0;

	for (uint32_t k = 0; k < pod->n_addresses; k++) {
		uint32_t i, end = ws_plan_host_routes(index, pod->node, &pod->address[k], &i);

		for (; rc == 0 && i < end; i++)
			rc = ask_route(index, index->route[i], t, words);
	}
	return rc ? rc : t->link ? 0 : -ENOENT;
}

int ws_plan_vport(const struct ws_plan_view *view, const struct ws_cluster_pod *pod,
		  const struct ws_cluster_link **link, struct ws_error *words)
{
	const struct ws_plan_index *index = ws_plan_view_of(view, pod->node);
	struct testimony process = { 0 }, route = { 0 };
	struct ws_error why = { 0 };
	int process_rc = ask_processes(index, pod, &process, &why);
	int route_rc = process_rc == -EBADMSG ? -ENOENT : ask_routes(index, pod, &route, words);

	if (process_rc == -EBADMSG)
		return ws_error(words, process_rc, "%s", why.text);
	if (route_rc == -EBADMSG)
		return route_rc;
	if (process_rc && route_rc)
		return ws_error(words, -ENOENT, "%s", why.text);
	if (process.link && route.link && process.link != route.link)
		return ws_error(
			words, -EBADMSG,
			"two witnesses disagree: %s is %s, but %s: %s; collect again, and look which of them is wrong",
			process.words, process.link->name, route.words, route.link->name);
	*link = process.link ? process.link : route.link;
	if (process.link)
		ws_error(words, 0, "%s%s%s", process.words, route.link ? "; " : "", route.link ? route.words : "");
	else
		ws_error(words, 0, "%s; %s", route.words, "no process says otherwise");
	return 0;
}
