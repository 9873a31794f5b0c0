/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collect_processes - asks for the interfaces in the network namespace of each container, by its process. A process id
 * is only good while that process lives: one that began after its runtime was asked is another's, and is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/collect/collection.h"
#include "capture/netns.h"

/* So many namespaces are open at a time. */
#define NAMESPACES_AT_ONCE 64
#define PID_MAX		   (1 << 22)

struct process {
	int pid;
	uint64_t asked_boottime_ns; /* when its runtime was asked */
};

struct processes {
	struct process *process;
	uint32_t n;
	uint32_t n_room;
	struct stat *seen; /* namespaces that were asked */
	uint32_t n_seen;
	uint32_t n_gone;
};

static int note(struct processes *all, int64_t pid, uint64_t asked_boottime_ns, struct ws_error *err)
{
	if (pid < 1 || pid > PID_MAX)
		return 0;
	for (uint32_t i = 0; i < all->n; i++)
		if (all->process[i].pid == pid)
			return 0;
	if (all->n == all->n_room) {
		uint32_t n_room = all->n_room ? 2 * all->n_room : 64;
		struct process *more = realloc(all->process, n_room * sizeof(*more));

		if (!more)
			return ws_error(err, -ENOMEM, "out of memory");
		all->process = more;
		all->n_room = n_room;
	}
	all->process[all->n++] = (struct process) { .pid = (int)pid, .asked_boottime_ns = asked_boottime_ns };
	return 0;
}

/* crictl: info.pid; docker and nerdctl: an array of one with State.Pid. 0: none. */
static int64_t pid_of(const char *path)
{
	json_t *document = json_load_file(path, JSON_ALLOW_NUL, NULL);
	const json_t *of_crictl = json_object_get(json_object_get(document, "info"), "pid");
	const json_t *of_docker = json_object_get(json_object_get(json_array_get(document, 0), "State"), "Pid");
	int64_t pid = of_crictl ? json_integer_value(of_crictl) : json_integer_value(of_docker);

	json_decref(document);
	return pid;
}

/* `ctr tasks list`: a head, then "TASK PID STATUS". */
static int read_tasks(const struct ws_source *source, struct processes *all, struct ws_error *err)
{
	FILE *file = fopen(source->path, "re");
	char *line = NULL, status[16];
	size_t room = 0;
	long long pid;
	int rc = 0;

	if (!file)
		return ws_error(err, -errno, "%s: cannot be read: %s", source->path, strerror(errno));
	while (rc == 0 && getline(&line, &room, file) >= 0)
		if (sscanf(line, "%*s %lld %15s", &pid, status) == 2 && strcmp(status, "RUNNING") == 0)
			rc = note(all, pid, source->asked_boottime_ns, err);
	free(line);
	fclose(file);
	return rc;
}

/* The containers' processes; pods' sandboxes after them: a container is worth more, its name is known to all runtimes.
 */
static int find_processes(const struct ws_collection *c, struct processes *all, struct ws_error *err)
{
	int rc = 0;

	for (int turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; rc == 0 && i < c->n_sources; i++) {
			const struct ws_source *source = &c->source[i];
			const char *kind = source->kind->name;
			const bool is_sandbox = source->argv[1] && strcmp(source->argv[1], "inspectp") == 0;

			if (source->result.status != WS_COMMAND_OK || !source->file || !*source->file ||
			    is_sandbox != (turn == 1))
				continue;
			if (strcmp(kind, "ctr") == 0)
				rc = read_tasks(source, all, err);
			else if (strcmp(kind, "crictl") == 0 || strcmp(kind, "docker") == 0 ||
				 strcmp(kind, "nerdctl") == 0)
				rc = note(all, pid_of(source->path), source->asked_boottime_ns, err);
		}
	return rc;
}

/* When the process began, from its stat file: field 22, behind a name in brackets that may hold anything. */
static int read_start(int proc_fd, uint64_t *boottime_ns)
{
	const long n_ticks = sysconf(_SC_CLK_TCK);
	char text[1024], *at;
	int fd = openat(proc_fd, "stat", O_RDONLY | O_CLOEXEC);
	uint64_t ticks;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0 || n_ticks <= 0)
		return -ESRCH;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %" SCNu64, &ticks) != 1)
		return -ESRCH;
	*boottime_ns = ticks * (1000000000u / (uint64_t)n_ticks);
	return 0;
}

/*
 * Opens the network namespace of the process, if it is the one that was meant: its directory in /proc stands for one
 * process, whoever gets its id later. -errno if it is not.
 */
static int open_namespace(const struct process *process, int *fd)
{
	uint64_t start_ns = 0;
	char path[32];
	int proc_fd, rc;

	snprintf(path, sizeof(path), "/proc/%d", process->pid);
	proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return -errno;
	rc = read_start(proc_fd, &start_ns);
	if (rc == 0 && start_ns > process->asked_boottime_ns)
		rc = -ESRCH;
	if (rc == 0) {
		*fd = openat(proc_fd, "ns/net", O_RDONLY | O_CLOEXEC);
		rc = *fd < 0 ? -errno : 0;
	}
	close(proc_fd);
	return rc;
}

/* Was the namespace asked before, or is it the node's own? If not, it is noted. */
static bool is_known(struct processes *all, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return true;
	for (uint32_t i = 0; i < all->n_seen; i++)
		if (all->seen[i].st_dev == st.st_dev && all->seen[i].st_ino == st.st_ino)
			return true;
	all->seen[all->n_seen++] = st;
	return false;
}

static int note_own_namespace(const struct ws_collection *c, struct processes *all, struct ws_error *err)
{
	int home_fd;
	int rc = ws_netns_enter(c->o->netns, &home_fd, err);

	if (rc)
		return rc;
	if (stat("/proc/thread-self/ns/net", &all->seen[0]) == 0)
		all->n_seen = 1;
	return ws_netns_leave(home_fd, err);
}

static int ask(struct ws_collection *c, const struct ws_source_kind *kind, int pid, const char *netns,
	       struct ws_error *err)
{
	static const char *const argv[2][7] = { { "ip", "-j", "-d", "link", "show" }, { "ip", "-j", "addr", "show" } };
	int rc = 0;

	for (int i = 0; rc == 0 && i < 2; i++) {
		char name[48], file[64];
		const struct ws_question question = {
			.kind = kind,
			.name = name,
			.file = file,
			.argv = argv[i],
			.netns = netns,
			.max_bytes = WS_COLLECTION_ITEM_BYTES,
			.mode = 0644,
		};

		snprintf(name, sizeof(name), "pid-%d.%s", pid, i ? "addr" : "link");
		snprintf(file, sizeof(file), "%s.json", name);
		rc = ws_collection_add(c, &question, err);
	}
	return rc;
}

/* Asks for up to NAMESPACES_AT_ONCE namespaces, from process number *next on. */
static int ask_some(struct ws_collection *c, const struct ws_source_kind *kind, struct processes *all, uint32_t *next,
		    struct ws_error *err)
{
	char netns[NAMESPACES_AT_ONCE][32];
	int fd[NAMESPACES_AT_ONCE];
	uint32_t n_open = 0;
	int rc = 0;

	for (; rc == 0 && *next < all->n && n_open < NAMESPACES_AT_ONCE; ++*next) {
		const struct process *process = &all->process[*next];

		if (open_namespace(process, &fd[n_open])) {
			all->n_gone++;
			continue;
		}
		if (is_known(all, fd[n_open])) {
			close(fd[n_open]);
			continue;
		}
		snprintf(netns[n_open], sizeof(netns[n_open]), "/proc/self/fd/%d", fd[n_open]);
		rc = ask(c, kind, process->pid, netns[n_open], err);
		n_open++;
	}
	if (rc == 0)
		rc = ws_collection_run(c, err);
	while (n_open)
		close(fd[--n_open]);
	return rc;
}

int ws_collect_processes(struct ws_collection *c, struct ws_error *err)
{
	const struct ws_source_kind *kind = ws_source_kind_find("pid", 3);
	const uint32_t first = c->n_sources;
	struct processes all = { 0 };
	char words[128];
	uint32_t next = 0;
	int rc;

	if (!ws_collection_wants(c, kind))
		return 0;
	rc = find_processes(c, &all, err);
	if (rc == 0) {
		all.seen = calloc(all.n + 1, sizeof(*all.seen));
		rc = all.seen ? note_own_namespace(c, &all, err) : ws_error(err, -ENOMEM, "out of memory");
	}
	while (rc == 0 && next < all.n)
		rc = ask_some(c, kind, &all, &next, err);
	snprintf(words, sizeof(words), "%s",
		 all.n ? "every process is gone, or in the node's own namespace"
		       : "no process is known: it needs a container runtime");
	if (rc == 0 && c->n_sources == first)
		rc = ws_collection_skip(c, kind, words, err);
	else if (rc == 0 && all.n_gone)
		snprintf(c->source[first].result.words, sizeof(c->source[first].result.words),
			 "%u processes were gone when they were asked", all.n_gone);
	free(all.process);
	free(all.seen);
	return rc;
}
