/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_nft - translations in what `nft -j list ruleset` prints (libnftables-json(5)): dnat, snat, redirect and
 * masquerade, through jumps and verdict maps, as kube-proxy's mode nftables has them. Sets of addresses and ports in a
 * rule are not told apart: such a rule is counted as unread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/cluster/cluster_rules.h"

#define FIELDS_MAX 8

/* What an expression looks at in a packet. */
enum field { OTHER, SOURCE, DESTINATION, PORT, PROTOCOL };

/* A rule under way. */
struct parse {
	struct ws_cluster_rule rule;
	const json_t *place; /* of "family" and "table" */
	bool is_other;	     /* for another protocol than TCP */
	bool is_unread;
};

/* Chains and maps of different tables may have one name. */
static const char *name_in_table(struct ws_cluster_draft *d, const json_t *place, const char *kind, const json_t *name)
{
	const char *family = json_string_value(json_object_get(place, "family")),
		   *table = json_string_value(json_object_get(place, "table"));
	char text[WS_CLUSTER_TEXT_MAX + 1];
	int len;

	if (!json_is_string(name))
		return "";
	len = snprintf(text, sizeof(text), "%s %s %s%s", family ? family : "", table ? table : "", kind,
		       json_string_value(name));
	return ws_draft_shared_text(d, text, (size_t)len);
}

/* kube-proxy's "service-ULMVA6XW-default/kubernetes/tcp/https" serves "default/kubernetes:https". */
static const char *service_of(struct ws_cluster_draft *d, const json_t *chain)
{
	const char *text = json_string_value(chain), *slash, *protocol, *port;
	char service[WS_CLUSTER_TEXT_MAX + 1];
	int len;

	if (!text || strncmp(text, "service-", 8) != 0 || !(text = strchr(text + 8, '-')))
		return "";
	slash = strchr(++text, '/');
	protocol = slash ? strchr(slash + 1, '/') : NULL;
	port = protocol ? strchr(protocol + 1, '/') : NULL;
	if (!port)
		return "";
	len = snprintf(service, sizeof(service), "%.*s%s%s", (int)(protocol - text), text, port[1] ? ":" : "",
		       port + 1);
	return ws_draft_shared_text(d, service, (size_t)len);
}

static enum field field_of(const json_t *expression)
{
	const json_t *field = ws_draft_at(expression, "payload", "field", NULL),
		     *protocol = ws_draft_at(expression, "payload", "protocol", NULL);

	if (ws_draft_is(ws_draft_at(expression, "meta", "key", NULL), "l4proto") || ws_draft_is(field, "nexthdr") ||
	    (ws_draft_is(field, "protocol") && ws_draft_is(protocol, "ip")))
		return PROTOCOL;
	if (ws_draft_is(field, "saddr"))
		return SOURCE;
	if (ws_draft_is(field, "daddr"))
		return DESTINATION;
	return ws_draft_is(field, "dport") ? PORT : OTHER;
}

static enum field field_of_type(const json_t *type)
{
	if (ws_draft_is(type, "ipv4_addr") || ws_draft_is(type, "ipv6_addr"))
		return DESTINATION;
	return ws_draft_is(type, "inet_service") ? PORT : ws_draft_is(type, "inet_proto") ? PROTOCOL : OTHER;
}

static bool read_prefix(const json_t *value, struct ws_cluster_prefix *prefix)
{
	const json_t *inner = json_object_get(value, "prefix"), *address = json_object_get(inner, "addr");
	char text[WS_CLUSTER_ADDRESS_TEXT + 8];

	if (json_is_string(value))
		return ws_cluster_prefix_parse(json_string_value(value), false, prefix) == 0;
	if (!json_is_string(address) || json_string_length(address) >= WS_CLUSTER_ADDRESS_TEXT)
		return false;
	snprintf(text, sizeof(text), "%s/%d", json_string_value(address),
		 (int)ws_draft_integer(json_object_get(inner, "len"), 0, 128, 129));
	return ws_cluster_prefix_parse(text, false, prefix) == 0;
}

static bool is_set_name(const json_t *value)
{
	return json_is_string(value) && json_string_value(value)[0] == '@';
}

/* The packet's field has this value. */
static void take_value(struct parse *p, enum field field, const json_t *value)
{
	int64_t port;

	switch (field) {
	case SOURCE:
	case DESTINATION:
		if (is_set_name(value))
			p->rule.is_local |= field == DESTINATION && ws_draft_is(value, "@nodeport-ips");
		else if (!read_prefix(value, field == SOURCE ? &p->rule.from : &p->rule.to))
			p->is_unread = true;
		break;
	case PORT:
		port = ws_draft_integer(value, 1, UINT16_MAX, 0);
		if (port)
			p->rule.port = (uint16_t)port;
		else if (!is_set_name(value))
			p->is_unread = true;
		break;
	case PROTOCOL:
		p->is_other |= !ws_draft_is(value, "tcp") && ws_draft_integer(value, 0, 255, 0) != 6;
		break;
	case OTHER:
		break;
	}
}

static void take_match(struct parse *p, const json_t *match)
{
	const json_t *left = json_object_get(match, "left"), *op = json_object_get(match, "op");
	const json_t *protocol = ws_draft_at(left, "payload", "protocol", NULL);

	if (op && !ws_draft_is(op, "==") && !ws_draft_is(op, "in"))
		return;
	if (ws_draft_is(protocol, "udp") || ws_draft_is(protocol, "sctp"))
		p->is_other = true;
	if (ws_draft_is(ws_draft_at(left, "fib", "result", NULL), "type"))
		p->rule.is_local |= ws_draft_is(json_object_get(match, "right"), "local");
	take_value(p, field_of(left), json_object_get(match, "right"));
}

static void add(struct ws_cluster_draft *d, struct ws_cluster_rules *rules, const struct parse *p)
{
	if (p->is_other)
		return;
	if (p->is_unread)
		d->cluster->n_unread++;
	else
		ws_cluster_rules_add(d, rules, &p->rule);
}

/* "goto" or "jump": leads to a chain. */
static bool take_verdict(struct ws_cluster_draft *d, struct parse *p, const json_t *verdict)
{
	const json_t *to = ws_draft_at(verdict, "jump", "target", NULL);

	if (!to)
		to = ws_draft_at(verdict, "goto", "target", NULL);
	if (!json_is_string(to))
		return false;
	p->rule.target = name_in_table(d, p->place, "", to);
	return true;
}

/* A verdict map's elements, each a rule: [key, verdict], the key's parts as the fields say. */
static void take_elements(struct ws_cluster_draft *d, struct ws_cluster_rules *rules, const struct parse *outer,
			  const enum field *field, size_t n_fields, const json_t *elements)
{
	for (size_t i = 0; i < json_array_size(elements); i++) {
		const json_t *element = json_array_get(elements, i), *key = json_array_get(element, 0), *parts;
		struct parse p = *outer;

		if (json_object_get(key, "elem"))
			key = ws_draft_at(key, "elem", "val", NULL);
		parts = json_object_get(key, "concat");
		if (!take_verdict(d, &p, json_array_get(element, 1)))
			continue;
		if (!parts && n_fields == 1)
			take_value(&p, field[0], key);
		for (size_t k = 0; k < json_array_size(parts) && k < n_fields; k++)
			take_value(&p, field[k], json_array_get(parts, k));
		add(d, rules, &p);
	}
}

static void take_vmap(struct ws_cluster_draft *d, struct ws_cluster_rules *rules, struct parse *p, const json_t *vmap)
{
	const json_t *key = json_object_get(vmap, "key"), *data = json_object_get(vmap, "data");
	const json_t *parts = json_object_get(key, "concat");
	enum field field[FIELDS_MAX] = { field_of(key) };
	size_t n = 1;

	if (is_set_name(data)) {
		struct parse named = *p;

		named.rule.target = name_in_table(d, p->place, "", data);
		add(d, rules, &named);
		return;
	}
	for (size_t i = 0; i < json_array_size(parts) && i < FIELDS_MAX; i++)
		field[i] = field_of(json_array_get(parts, i));
	if (parts)
		n = json_array_size(parts) < FIELDS_MAX ? json_array_size(parts) : FIELDS_MAX;
	take_elements(d, rules, p, field, n, json_object_get(data, "set"));
}

/* dnat, snat, redirect, masquerade. */
static bool take_translation(struct parse *p, const json_t *statement)
{
	static const struct {
		const char *name;
		enum ws_cluster_nat_kind kind;
	} kinds[] = { { "dnat", WS_CLUSTER_DNAT },
		      { "redirect", WS_CLUSTER_DNAT },
		      { "snat", WS_CLUSTER_SNAT },
		      { "masquerade", WS_CLUSTER_MASQUERADE } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const json_t *what = json_object_get(statement, kinds[i].name),
			     *address = json_object_get(what, "addr"), *port = json_object_get(what, "port");

		if (!what)
			continue;
		p->rule.kind = kinds[i].kind;
		p->rule.target_port = (uint16_t)ws_draft_integer(port, 1, UINT16_MAX, 0);
		if (address && (!json_is_string(address) ||
				ws_cluster_address_parse(json_string_value(address), &p->rule.address)))
			p->is_unread = true;
		if ((port && !p->rule.target_port) || (!address && (i == 0 || i == 2)))
			p->is_unread = true;
		return true;
	}
	return false;
}

static void read_rule(struct ws_cluster_draft *d, struct ws_cluster_rules *rules, const json_t *rule)
{
	const json_t *chain = json_object_get(rule, "chain"), *statements = json_object_get(rule, "expr"),
		     *comment = json_object_get(rule, "comment");
	struct parse p = { .place = rule };

	p.rule.chain = name_in_table(d, rule, "", chain);
	p.rule.service = service_of(d, chain);
	if (!*p.rule.service && json_is_string(comment) &&
	    memchr(json_string_value(comment), '/', strcspn(json_string_value(comment), " ")))
		p.rule.service = ws_draft_shared_text(d, json_string_value(comment),
						      strcspn(json_string_value(comment), " "));
	for (size_t i = 0; i < json_array_size(statements); i++) {
		const json_t *statement = json_array_get(statements, i), *match = json_object_get(statement, "match");

		if (match)
			take_match(&p, match);
		else if (json_object_get(statement, "vmap"))
			take_vmap(d, rules, &p, json_object_get(statement, "vmap"));
		else if (take_translation(&p, statement) || take_verdict(d, &p, statement))
			add(d, rules, &p);
	}
}

/* A named map of verdicts is a chain of its own. */
static void read_map(struct ws_cluster_draft *d, struct ws_cluster_rules *rules, const json_t *map)
{
	const json_t *type = json_object_get(map, "type");
	enum field field[FIELDS_MAX] = { field_of_type(type) };
	struct parse p = { .place = map };
	size_t n = 1;

	if (!ws_draft_is(json_object_get(map, "map"), "verdict"))
		return;
	for (size_t i = 0; i < json_array_size(type) && i < FIELDS_MAX; i++)
		field[i] = field_of_type(json_array_get(type, i));
	if (json_is_array(type))
		n = json_array_size(type) < FIELDS_MAX ? json_array_size(type) : FIELDS_MAX;
	p.rule.chain = name_in_table(d, map, "@", json_object_get(map, "name"));
	p.rule.service = "";
	take_elements(d, rules, &p, field, n, json_object_get(map, "elem"));
}

static void read_object(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *rule = json_object_get(object, "rule"), *map = json_object_get(object, "map");

	if (rule)
		read_rule(d, d->rules, rule);
	else if (map)
		read_map(d, d->rules, map);
}

int ws_cluster_read_nft(struct ws_cluster_draft *d)
{
	struct ws_cluster_rules rules = { 0 };
	int rc;

	d->rules = &rules;
	rc = ws_draft_read(d, "nftables", read_object);
	d->rules = NULL;
	if (rc == 0)
		ws_cluster_rules_follow(d, &rules);
	ws_cluster_rules_close(&rules);
	return rc == 0 && d->rc ? ws_error(d->err, d->rc, "%s: out of memory", d->path) : rc;
}
