/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_node_dir - what was asked on one node: the files of node/NODE/ in a snapshot. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cluster/cluster_draft.h"
#include "lib/decimal.h"

#define LINK_SUFFIX "link.json"
#define ADDR_SUFFIX "addr.json"

static int read_routes(struct ws_cluster_draft *d)
{
	return ws_draft_read(d, NULL, ws_cluster_read_route);
}

static int read_routes6(struct ws_cluster_draft *d)
{
	return ws_draft_read(d, NULL, ws_cluster_read_route6);
}

static int read_iptables(struct ws_cluster_draft *d)
{
	return ws_cluster_read_iptables(d, false);
}

static int read_ip6tables(struct ws_cluster_draft *d)
{
	return ws_cluster_read_iptables(d, true);
}

static int read_crictl(struct ws_cluster_draft *d)
{
	return ws_draft_read(d, NULL, ws_cluster_read_crictl);
}

static int read_docker(struct ws_cluster_draft *d)
{
	return ws_draft_read(d, NULL, ws_cluster_read_docker);
}

static int read_nerdctl(struct ws_cluster_draft *d)
{
	return ws_draft_read(d, NULL, ws_cluster_read_nerdctl);
}

/* Files by name, or, where it begins another's name, by "PREFIX*.json". */
static const struct {
	const char *name;
	bool is_prefix;
	int (*read)(struct ws_cluster_draft *draft);
} files[] = {
	{ "route.json", false, read_routes },
	{ "route6.json", false, read_routes6 },
	{ "iptables.txt", false, read_iptables },
	{ "ip6tables.txt", false, read_ip6tables },
	{ "nft.json", false, ws_cluster_read_nft },
	{ "ipvs.txt", false, ws_cluster_read_ipvs },
	{ "ctr-tasks.txt", false, ws_cluster_read_tasks },
	{ "chrony.txt", false, ws_cluster_read_chrony },
	{ "ptp.txt", false, ws_cluster_read_ptp },
	{ "crictl-", true, read_crictl },
	{ "docker-", true, read_docker },
	{ "nerdctl-", true, read_nerdctl },
};

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

/* Links and addresses of one namespace: PATH is "node/NODE/pid-PID.", or "node/NODE/" of the node's own. */
static int read_namespace(struct ws_cluster_draft *d, const char *path, int64_t pid)
{
	char *link_path = NULL, *addr_path = NULL;
	int rc;

	if (asprintf(&link_path, "%s" LINK_SUFFIX, path) < 0 || asprintf(&addr_path, "%s" ADDR_SUFFIX, path) < 0)
		rc = ws_error(d->err, -ENOMEM, "%s: out of memory", path);
	else {
		d->pid = pid;
		rc = ws_cluster_read_links(d, link_path, addr_path);
		d->pid = 0;
	}
	free(link_path);
	free(addr_path);
	return rc;
}

/* "pid-1234.link.json", or "pid-1234.addr.json" without the former. */
static int consider_namespace(struct ws_cluster_draft *d, const char *dir, const char *name)
{
	const char *digits = name + strlen("pid-"), *point = strchr(digits, '.');
	const int n_stem = point ? (int)(point - name) : 0;
	bool is_link = point && strcmp(point + 1, LINK_SUFFIX) == 0;
	char *path = NULL;
	int64_t pid;
	int rc = 0;

	if (!point || (!is_link && strcmp(point + 1, ADDR_SUFFIX) != 0) ||
	    ws_integer_read(digits, (size_t)(point - digits), 0, &pid) || pid == 0) {
		d->cluster->n_unread++;
		return 0;
	}
	if (!is_link) {
		if (asprintf(&path, "%s/%.*s." LINK_SUFFIX, dir, n_stem, name) < 0)
			return ws_error(d->err, -ENOMEM, "%s: out of memory", dir);
		is_link = access(path, F_OK) == 0;
		free(path);
		if (is_link)
			return 0;
	}
	if (asprintf(&path, "%s/%.*s.", dir, n_stem, name) < 0)
		return ws_error(d->err, -ENOMEM, "%s: out of memory", dir);
	rc = read_namespace(d, path, pid);
	free(path);
	return rc;
}

static int consider(struct ws_cluster_draft *d, const char *dir, const char *name)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const size_t len = strlen(files[i].name);
		char *path;
		int rc;

		if (strncmp(name, files[i].name, len) != 0 ||
		    (files[i].is_prefix ? !ends_with(name, ".json") : name[len]))
			continue;
		if (asprintf(&path, "%s/%s", dir, name) < 0)
			return ws_error(d->err, -ENOMEM, "%s: out of memory", dir);
		d->path = path;
		rc = files[i].read(d);
		free(path);
		return rc;
	}
	return strncmp(name, "pid-", 4) == 0 ? consider_namespace(d, dir, name) : 0;
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && !ends_with(entry->d_name, ".part");
}

int ws_cluster_read_node_dir(struct ws_cluster_draft *d, const char *dir)
{
	struct dirent **entries;
	char *path;
	int n, rc;

	if (asprintf(&path, "%s/", dir) < 0)
		return ws_error(d->err, -ENOMEM, "%s: out of memory", dir);
	rc = read_namespace(d, path, 0);
	free(path);
	if (rc)
		return rc;
	n = scandir(dir, &entries, is_file, alphasort);
	if (n < 0)
		return ws_error(d->err, -errno, "%s: cannot read: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = consider(d, dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return rc;
}
