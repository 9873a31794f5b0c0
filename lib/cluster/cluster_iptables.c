/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_iptables - the table nat as `iptables-save` and `ip6tables-save` print it, kube-proxy's chains
 * (KUBE-SERVICES, KUBE-SVC-..., KUBE-SEP-..., KUBE-NODEPORTS) as well as any other; and the virtual servers of `ipvsadm
 * --save -n`.
 */
#include <errno.h>
#include <string.h>

#include "lib/cluster/cluster_rules.h"
#include "lib/decimal.h"

#define WORDS_MAX 128

struct table {
	struct ws_cluster_rules rules;
	bool is_nat;
	bool is_ipv6;
};

/* Splits a line in place: words apart by spaces, a word in quotes with backslashes before what is meant as it is. */
static uint32_t split(char *line, char *word[WORDS_MAX])
{
	char *from = line, *to = line;
	uint32_t n = 0;

	while (n < WORDS_MAX) {
		bool is_quoted = false;

		while (*from == ' ' || *from == '\t')
			from++;
		if (!*from)
			break;
		word[n++] = to;
		for (; *from && (is_quoted || (*from != ' ' && *from != '\t')); from++) {
			if (*from == '"') {
				is_quoted = !is_quoted;
				continue;
			}
			if (is_quoted && *from == '\\' && from[1])
				from++;
			*to++ = *from;
		}
		from += *from != '\0';
		*to++ = '\0';
	}
	return n;
}

/* "default/reviews:http cluster IP" names a service; other comments none. */
static const char *service_of(struct ws_cluster_draft *d, const char *comment)
{
	size_t len = strcspn(comment, " ");

	return memchr(comment, '/', len) ? ws_draft_shared_text(d, comment, len) : "";
}

/* A rule under way, and whether it can be told what it does. */
struct parse {
	struct ws_cluster_rule rule;
	const char *jump;
	const char *target; /* of --to-destination, --to-source, --to-ports */
	bool is_other;	    /* for another protocol than TCP */
	bool is_unread;
};

static void read_port(const char *text, struct parse *p)
{
	int64_t port;

	if (ws_integer_read(text, strlen(text), 0, &port) || port > UINT16_MAX)
		p->is_unread = true; /* a range */
	else
		p->rule.port = (uint16_t)port;
}

static void read_option(struct ws_cluster_draft *d, const struct table *t, const char *option, const char *value,
			bool is_not, struct parse *p)
{
	if (strcmp(option, "-j") == 0 || strcmp(option, "-g") == 0) {
		p->jump = value;
	} else if (strcmp(option, "-s") == 0 || strcmp(option, "-d") == 0) {
		struct ws_cluster_prefix *prefix = option[1] == 's' ? &p->rule.from : &p->rule.to;

		if (!is_not && ws_cluster_prefix_parse(value, t->is_ipv6, prefix))
			p->is_unread = true;
	} else if (strcmp(option, "-p") == 0) {
		p->is_other = !is_not && strcmp(value, "tcp") != 0 && strcmp(value, "6") != 0 &&
			      strcmp(value, "all") != 0;
	} else if (strcmp(option, "--dport") == 0 || strcmp(option, "--dports") == 0) {
		if (!is_not)
			read_port(value, p);
	} else if (strcmp(option, "--comment") == 0) {
		p->rule.service = service_of(d, value);
	} else if (strcmp(option, "--dst-type") == 0) {
		p->rule.is_local = !is_not && strcmp(value, "LOCAL") == 0;
	} else if (strcmp(option, "--to-destination") == 0 || strcmp(option, "--to-source") == 0 ||
		   strcmp(option, "--to-ports") == 0) {
		p->target = value;
	}
}

/* What the rule does, if it is one that changes addresses or leads on. */
static bool read_action(struct ws_cluster_draft *d, struct parse *p)
{
	static const char *const ends[] = { "ACCEPT", "DROP", "RETURN",	 "REJECT", "MARK",   "CONNMARK", "LOG",
					    "NFLOG",  "CT",   "NOTRACK", "TCPMSS", "TPROXY", "TRACE" };
	struct ws_cluster_rule *r = &p->rule;
	int64_t port;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(p->jump, ends[i]) == 0)
			return false;
	if (strcmp(p->jump, "MASQUERADE") == 0) {
		r->kind = WS_CLUSTER_MASQUERADE;
		return true;
	}
	if (strcmp(p->jump, "DNAT") == 0 || strcmp(p->jump, "SNAT") == 0) {
		r->kind = p->jump[0] == 'D' ? WS_CLUSTER_DNAT : WS_CLUSTER_SNAT;
		p->is_unread |= !p->target || ws_cluster_target_parse(p->target, &r->address, &r->target_port);
		return true;
	}
	if (strcmp(p->jump, "REDIRECT") == 0) {
		r->kind = WS_CLUSTER_DNAT;
		p->is_unread |= !p->target || ws_integer_read(p->target, strlen(p->target), 0, &port) ||
				port > UINT16_MAX;
		r->target_port = p->is_unread ? 0 : (uint16_t)port;
		return true;
	}
	r->target = ws_draft_shared_text(d, p->jump, strlen(p->jump));
	return true;
}

static void read_rule(struct ws_cluster_draft *d, struct table *t, char *const *word, uint32_t n)
{
	struct parse p = { .rule = { .service = "" } };
	bool is_not = false;

	p.rule.chain = ws_draft_shared_text(d, word[1], strlen(word[1]));
	p.rule.is_local = strcmp(word[1], "KUBE-NODEPORTS") == 0;
	for (uint32_t i = 2; i + 1 < n; i++) {
		if (word[i][0] == '-') {
			read_option(d, t, word[i], word[i + 1], is_not, &p);
			is_not = false;
		} else {
			is_not = strcmp(word[i], "!") == 0;
		}
	}
	if (p.is_other || !p.jump || !read_action(d, &p))
		return;
	if (p.is_unread)
		d->cluster->n_unread++;
	else
		ws_cluster_rules_add(d, &t->rules, &p.rule);
}

static void read_line(struct ws_cluster_draft *d, void *context, char *line)
{
	struct table *t = context;
	char *word[WORDS_MAX];
	uint32_t n;

	if (line[0] == '*')
		t->is_nat = strcmp(line, "*nat") == 0;
	if (!t->is_nat || (line[0] != '-' && line[0] != '['))
		return;
	if (line[0] == '[') { /* counters, of iptables-save -c */
		line = strchr(line, ']');
		if (!line)
			return;
		line++;
	}
	n = split(line, word);
	if (n >= 3 && strcmp(word[0], "-A") == 0)
		read_rule(d, t, word, n);
	else
		d->cluster->n_unread++;
}

int ws_cluster_read_iptables(struct ws_cluster_draft *d, bool is_ipv6)
{
	struct table t = { .is_ipv6 = is_ipv6 };
	int rc = ws_draft_lines(d, read_line, &t);

	if (rc == 0)
		ws_cluster_rules_follow(d, &t.rules);
	ws_cluster_rules_close(&t.rules);
	return rc == 0 && d->rc ? ws_error(d->err, d->rc, "%s: out of memory", d->path) : rc;
}

/* "-a -t 10.96.0.1:443 -r 172.18.0.2:6443 -m -w 1": a real server of a virtual one. */
static void read_server(struct ws_cluster_draft *d, void *context, char *line)
{
	struct ws_cluster_rule r = { .service = "", .kind = WS_CLUSTER_DNAT };
	const char *virtual = NULL, *real = NULL;
	char *word[WORDS_MAX];
	uint32_t n = split(line, word);

	(void)context;
	if (n == 0 || strcmp(word[0], "-a") != 0)
		return;
	for (uint32_t i = 1; i + 1 < n; i++) {
		if (strcmp(word[i], "-t") == 0)
			virtual = word[i + 1];
		else if (strcmp(word[i], "-r") == 0)
			real = word[i + 1];
		else if (strcmp(word[i], "-u") == 0 || strcmp(word[i], "--sctp-service") == 0)
			return;
	}
	if (!virtual || !real || ws_cluster_target_parse(virtual, &r.to.address, &r.port) ||
	    ws_cluster_target_parse(real, &r.address, &r.target_port)) {
		d->cluster->n_unread++;
		return;
	}
	r.to.n_bits = 128;
	ws_cluster_nat_add(d, &r);
}

int ws_cluster_read_ipvs(struct ws_cluster_draft *d)
{
	return ws_draft_lines(d, read_server, NULL);
}
