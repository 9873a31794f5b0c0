/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_plan_file - plan.json written and read again, whoever wrote it; what it makes of the options of a recording; and
 * what a newer plan changes while one goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/plan/plan_apply.h"
#include "capture/plan/plan_update.h"
#include "capture/watch_points.h"
#include "capture/watch_snapshot.h"
#include "tests/unit/plan_fixture.h"

/* A running recording and a newer plan: what is new, and under which name. */
static void watching(void **state)
{
	struct fixture *f = two_nodes();
	static struct ws_capture_options o = { .watch_s = 10 };
	struct ws_plan first, second;
	bool is_gone[WS_POINTS_MAX] = { false };
	struct ws_point_options p;
	struct ws_error err = { 0 };
	uint32_t next = 0;

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	make_well(f, NULL, &first);
	o.node = "n1";
	o.plan_path = "plan.json";
	assert_int_equal(ws_plan_apply(&first, &o, &err), 0);
	assert_int_equal(o.n_points, 2);
	assert_string_equal(o.point[0].filter_text[0], "addr=10.244.1.0/24"); /* room for pods to come */
	assert_int_equal(o.point[1].n_filters, 0);			      /* a vport needs none */
	assert_int_equal(ws_watch_next_new(&first.node[0], &o, is_gone, &next, &p), UINT32_MAX);
	assert_true(ws_watch_nics_select(&o, is_gone, "10.244.1.77"));
	assert_false(ws_watch_nics_select(&o, is_gone, "10.99.1.77"));
	/* its pod comes back behind another interface, and a second one with it */
	f->link[f->cluster.n_links - 2].peer_ifindex = 14;
	f->link[f->cluster.n_links - 1].ifindex = 14;
	add_pod(f, "b", "n1", "10.244.1.11", 2, "cali2", 15);
	make_well(f, NULL, &second);
	is_gone[1] = true;
	next = 0;
	assert_int_equal(ws_watch_next_new(&second.node[0], &o, is_gone, &next, &p), 1);
	assert_string_equal(p.name, "vport-a.2");
	assert_int_equal(p.ifindex, 14);
	o.point[o.n_points++] = p;
	assert_int_equal(ws_watch_next_new(&second.node[0], &o, is_gone, &next, &p), 2);
	assert_string_equal(p.name, "vport-b");
	o.point[o.n_points++] = p;
	next = 0;
	assert_int_equal(ws_watch_next_new(&second.node[0], &o, is_gone, &next, &p), UINT32_MAX);
	ws_plan_close(&first);
	ws_plan_close(&second);
	free(f);
}

/* What the command line says wins over the plan. */
static void options_win(void **state)
{
	struct fixture *f = two_nodes();
	static struct ws_capture_options o = { .node = "n1", .plan_path = "plan.json" }, own;
	struct ws_error err = { 0 };
	struct ws_plan plan;

	(void)state;
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	make_well(f, NULL, &plan);
	own = o;
	own.search_bytes = 200;
	own.has_search_bytes = true;
	own.n_filters = 1;
	own.ring_bytes = 1 << 20;
	own.has_ring_bytes = true;
	assert_int_equal(ws_plan_apply(&plan, &o, &err), 0);
	assert_int_equal(o.search_bytes, 4096);
	assert_int_equal(o.ring_bytes, 16 << 20);
	assert_int_equal(o.wanted.families, 1 << WS_FAMILY_W3C | 1 << WS_FAMILY_B3);
	assert_int_equal(o.point[0].n_filters, 1);
	assert_int_equal(ws_plan_apply(&plan, &own, &err), 0);
	assert_int_equal(own.search_bytes, 200);
	assert_int_equal(own.ring_bytes, 1 << 20);
	assert_int_equal(own.point[0].n_filters, 0);
	own.node = "n7";
	assert_int_equal(ws_plan_apply(&plan, &own, &err), -ENOENT);
	ws_plan_close(&plan);
	free(f);
}

static char *file_text(const char *path)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n > 0);
	text[n] = '\0';
	close(fd);
	return strdup(text);
}

static void written_and_read(void **state)
{
	char path[] = "/tmp/test_plan.XXXXXX", *first, *second;
	struct fixture *f = two_nodes();
	struct ws_error err = { 0 };
	struct ws_plan plan, again;

	(void)state;
	close(mkstemp(path));
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	add_pod(f, "b \"\\\xc3\xa4", "n2", "10.244.2.10", 2, "cali2", 13);
	fixture_pod(f, "default", "c", "n2", "10.244.2.11");
	make_well(f, NULL, &plan);
	assert_int_equal(ws_plan_write(&plan, path, &err), 0);
	first = file_text(path);
	if (ws_plan_read(path, &again, &err))
		fail_msg("%s", err.text);
	assert_int_equal(strlen(again.hash), 32);
	assert_string_equal(again.node[1].point[1].pod, "default/b \"\\\xc3\xa4");
	assert_int_equal(again.n_unplanned, 1);
	assert_int_equal(ws_plan_write(&again, path, &err), 0);
	second = file_text(path);
	assert_string_equal(first, second);
	ws_plan_close(&plan);
	ws_plan_close(&again);
	assert_int_equal(ws_plan_write(&plan, "/nonexistent/plan.json", &err), -ENOMEM); /* closed: nothing to write */
	unlink(path);
	free(first);
	free(second);
	free(f);
}

/* The good plan with one thing changed, and what the words for it name. */
static void hostile_plans(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		const char *words;
	} changes[] = {
		{ "\"version\": 1", "\"version\": 2", "version 2" },
		{ "\"version\": 1", "\"version\": \"1\"", "version" },
		{ "\"search_bytes\": 4096", "\"search_bytes\": 0", "search_bytes" },
		{ "\"search_bytes\": 4096", "\"search_bytes\": 65537", "search_bytes" },
		{ "\"contexts\": \"w3c,b3\"", "\"contexts\": \"w3c,,\"", "contexts" },
		{ "\"name\": \"vport-a\"", "\"name\": \"../x\"", "nodes[0].points[1].name" },
		{ "\"name\": \"vport-a\"", "\"name\": \"\"", "nodes[0].points[1].name" },
		{ "\"name\": \"vport-a\"", "\"name\": 5", "nodes[0].points[1].name" },
		{ "\"name\": \"vport-a\"", "\"name\": \"nic-n1\"", "two points" },
		{ "\"role\": \"vport\"", "\"role\": \"other\"", "role" },
		{ "\"interface\": \"cali1\"", "\"interface\": \"../cali1\"", "interface" },
		{ "\"interface\": \"cali1\"", "\"interface\": \"abcdefghijklmnop\"", "interface" },
		{ "\"interface\": \"cali1\"", "\"interface\": \"\"", "interface" },
		{ "\"ifindex\": 12", "\"ifindex\": -1", "nodes[0].points[1].ifindex" },
		{ "\"ifindex\": 12", "\"ifindex\": 4294967296", "nodes[0].points[1].ifindex" },
		{ "\"ifindex\": 12", "\"ifindex\": 1.5", "nodes[0].points[1].ifindex" },
		{ "\"pod\": \"default/a\"", "\"pod\": \"a\\u001b[31m\"", "control character" },
		{ "\"pod\": \"default/a\"", "\"pod\": \"a\\u009b31m\"", "control character" },
		{ "addr=10.244.1.10", "addr=10.244.1", "nodes[0].filters[0]" },
		{ "\"vxlan_ports\": []", "\"vxlan_ports\": [0]", "vxlan_ports[0]" },
		{ "\"vxlan_ports\": []", "\"vxlan_ports\": [1,2,3,4,5,6,7,8,9]", "vxlan_ports" },
		{ "\"vxlan_ports\": []", "\"vxlan_ports\": {}", "vxlan_ports" },
		{ "\"vni\": null", "\"vni\": \"x\"", "vni" },
		{ "\"all\": true", "\"all\": 1", "selection.all" },
		{ "\"unplanned\": []", "\"unplanned\": [5]", "unplanned[0].pod" },
		{ "\"selection\"", "\"snapshot\"", "no JSON" }, /* a key twice */
		{ "{", "[", "no JSON" },
	};
	char path[] = "/tmp/test_plan.XXXXXX", *good;
	struct fixture *f = two_nodes();
	struct ws_error err = { 0 };
	struct ws_plan plan;

	(void)state;
	close(mkstemp(path));
	add_pod(f, "a", "n1", "10.244.1.10", 1, "cali1", 12);
	make_well(f, NULL, &plan);
	assert_int_equal(ws_plan_write(&plan, path, &err), 0);
	ws_plan_close(&plan);
	good = file_text(path);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *at = strstr(good, changes[i].from);
		FILE *file = fopen(path, "w");

		assert_non_null(at);
		fprintf(file, "%.*s%s%s", (int)(at - good), good, changes[i].to, at + strlen(changes[i].from));
		fclose(file);
		memset(&plan, 0xa5, sizeof(plan));
		if (ws_plan_read(path, &plan, &err) != -EPROTO || !strstr(err.text, changes[i].words) ||
		    !strstr(err.text, path))
			fail_msg("%s: '%s'", changes[i].to, err.text);
	}
	for (size_t len = 0; len + 2 < strlen(good); len += 7) { /* cut off */
		assert_int_equal(truncate(path, 0), 0);
		FILE *file = fopen(path, "w");

		fwrite(good, 1, len, file);
		fclose(file);
		assert_int_equal(ws_plan_read(path, &plan, &err), -EPROTO);
	}
	unlink(path);
	assert_int_equal(ws_plan_read(path, &plan, &err), -ENOENT);
	assert_int_equal(ws_plan_read("/tmp", &plan, &err), -EINVAL);
	assert_int_equal(mkfifo(path, 0600), 0); /* does not wait for a writer */
	assert_int_equal(ws_plan_read(path, &plan, &err), -EINVAL);
	unlink(path);
	free(good);
	free(f);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!text) {
		assert_int_equal(mkdir(path, 0755), 0);
		return;
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static bool is_there(const char *dir, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

/* Of updates the newest whole one counts; numbers have any length. */
static void newest_update(void **state)
{
	char dir[] = "/tmp/test_plan.XXXXXX", name[NAME_MAX + 1], command[100];

	(void)state;
	assert_non_null(mkdtemp(dir));
	ws_plan_update_find(dir, name);
	assert_string_equal(name, "");
	put(dir, "update-0002", NULL);
	put(dir, "update-0002/snapshot.json", "{\"state\": \"complete\"}");
	put(dir, "update-10000", NULL); /* made by hand: without a snapshot.json */
	put(dir, "update-10001", NULL);
	put(dir, "update-10001/snapshot.json", "{\"state\": \"running\"}");
	put(dir, "update-x", NULL);
	put(dir, "update-", NULL);
	put(dir, "update-9999999999.part", NULL);
	ws_plan_update_find(dir, name);
	assert_string_equal(name, "update-10000");
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

/* A run that watches has a snapshot of its own, without the updates of the one that it comes from. */
static void own_snapshot(void **state)
{
	char dir[] = "/tmp/test_plan.XXXXXX", run_dir[64], plan_path[64], command[100];
	static const struct ws_plan plan = { .snapshot_path = "/nonexistent/cluster" };
	static struct ws_capture_options o = { .plan = &plan };
	struct ws_error err = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(run_dir, sizeof(run_dir), "%s/n1", dir);
	snprintf(plan_path, sizeof(plan_path), "%s/plan.json", dir);
	o.dir = run_dir;
	o.plan_path = plan_path;
	put(dir, "n1", NULL);
	assert_int_equal(ws_watch_snapshot(&o, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/cluster"));
	put(dir, "cluster", NULL);
	put(dir, "cluster/pods.json", "{}");
	put(dir, "cluster/node", NULL);
	put(dir, "cluster/node/n1", NULL);
	put(dir, "cluster/node/n1/link.json", "[]");
	put(dir, "cluster/update-0001", NULL);
	put(dir, "cluster/update-0001/pods.json", "{}");
	put(dir, "cluster/.n1.lock", "");
	put(dir, "cluster/.update.n2.part", NULL);
	put(dir, "cluster/nodes.json.n2.part", "{");
	assert_int_equal(ws_watch_snapshot(&o, &err), 0);
	assert_false(is_there(dir, "n1/cluster/.n1.lock")); /* a link would be the same lock */
	assert_false(is_there(dir, "n1/cluster/.update.n2.part"));
	assert_false(is_there(dir, "n1/cluster/nodes.json.n2.part"));
	assert_true(is_there(dir, "n1/cluster/pods.json"));
	assert_true(is_there(dir, "n1/cluster/node/n1/link.json"));
	assert_false(is_there(dir, "n1/cluster/update-0001"));
	assert_false(is_there(dir, "n1/cluster.part"));
	put(dir, "n1/cluster/update-0007", NULL);
	put(dir, "n1/cluster/update-0007/pods.json", "{}");
	assert_int_equal(ws_watch_snapshot(&o, &err), 0); /* there is one already */
	ws_watch_remove_update(run_dir, "update-0007/../node");
	ws_watch_remove_update(run_dir, "");
	assert_true(is_there(dir, "n1/cluster/node/n1/link.json"));
	assert_true(is_there(dir, "n1/cluster/update-0007/pods.json"));
	ws_watch_remove_update(run_dir, "update-0007");
	assert_false(is_there(dir, "n1/cluster/update-0007"));
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

/* On another file system the snapshot is copied: what only its owner may read stays so. */
static void own_snapshot_elsewhere(void **state)
{
	char dir[] = "/tmp/test_plan.XXXXXX", run_dir[] = "/dev/shm/test_plan.XXXXXX", plan_path[64], path[100],
	     command[100];
	static const struct ws_plan plan = { .snapshot_path = "" };
	static struct ws_capture_options o = { .plan = &plan };
	struct ws_error err = { 0 };
	struct stat st;

	(void)state;
	if (!mkdtemp(run_dir))
		skip();
	assert_non_null(mkdtemp(dir));
	snprintf(plan_path, sizeof(plan_path), "%s/plan.json", dir);
	o.dir = run_dir;
	o.plan_path = plan_path;
	put(dir, "cluster", NULL);
	put(dir, "cluster/crictl-a.json", "{\"env\": \"secret\"}");
	snprintf(path, sizeof(path), "%s/cluster/crictl-a.json", dir);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(ws_watch_snapshot(&o, &err), 0);
	snprintf(path, sizeof(path), "%s/cluster/crictl-a.json", run_dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(command, sizeof(command), "rm -r %s %s", dir, run_dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watching),
		cmocka_unit_test(options_win),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(hostile_plans),
		cmocka_unit_test(newest_update),
		cmocka_unit_test(own_snapshot),
		cmocka_unit_test(own_snapshot_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
