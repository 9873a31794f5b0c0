/* SPDX-License-Identifier: BSD-2-Clause */
/* sniffer - see the header. The one file of capture that knows libpcap. */
#include "capture/sniffer.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/affinity.h"
#include "capture/confine.h"
#include "capture/netns.h"
#include "capture/whole_file.h"
#include "lib/still_there.h"
#include "lib/threads.h"

struct ws_sniffer {
	char *path;
	char *part_path;
	const char *interface;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	pthread_t thread;
	bool has_thread;
	sem_t is_set_up;   /* the thread's own affairs are settled */
	sem_t is_released; /* nobody but the thread uses pcap any more */
	bool is_finished;
	int cpu;
	atomic_bool is_stopping;
	atomic_bool has_failed; /* the thread has ended with an error */
	int rc;			/* of the thread, once it has ended */
	struct ws_error err;
	struct ws_sniffer_facts facts;
};

/* Packets read at once: as many as the loop may go on without looking whether it is to stop; and at the end. */
#define DISPATCH_MAX 4096
#define REST_MAX     (1 << 24)

static void write_packet(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct ws_sniffer *s = (struct ws_sniffer *)context;

	if (s->rc)
		return;
	errno = 0;
	pcap_dump((u_char *)s->dumper, header, bytes);
	if (ferror(pcap_dump_file(s->dumper)))
		s->rc = ws_error(&s->err, errno ? -errno : -EIO, "%s: cannot write: %s", s->part_path, strerror(errno));
	else
		s->facts.n_written++;
}

/* What was captured survives a kill; the next packet may be long in coming. */
static void flush(struct ws_sniffer *s)
{
	if (s->rc)
		return;
	errno = 0;
	if (pcap_dump_flush(s->dumper))
		s->rc = ws_error(&s->err, errno ? -errno : -EIO, "%s: cannot write: %s", s->part_path, strerror(errno));
}

/* What the kernel still holds: it hands out a block that is not full only when the block's timeout is over. */
static int take_rest(struct ws_sniffer *s)
{
	const struct timespec pause = { .tv_nsec = 2 * WS_SNIFFER_TIMEOUT_MS * 1000000L };
	char text[PCAP_ERRBUF_SIZE];
	int n;

	if (pcap_setnonblock(s->pcap, 1, text) < 0)
		return ws_error(&s->err, -EIO, "interface %s: packet capture: %s", s->interface, text);
	nanosleep(&pause, NULL);
	do /* a break that the loop before did not meet is still pending */
		n = pcap_dispatch(s->pcap, REST_MAX, write_packet, (u_char *)s);
	while (n == PCAP_ERROR_BREAK);
	if (n == PCAP_ERROR)
		return ws_error(&s->err, -EIO, "interface %s: packet capture: %s", s->interface, pcap_geterr(s->pcap));
	return s->rc; /* of the writing */
}

/* The thread: reads until pcap_breakloop(), and then the rest. */
static void *sniff(void *context)
{
	struct ws_sniffer *s = context;

	s->rc = ws_affinity_set(s->cpu, "--pcap-cpu", &s->err);
	if (s->rc == 0)
		s->rc = ws_confine_thread(&s->err);
	sem_post(&s->is_set_up);
	while (s->rc == 0 && !atomic_load(&s->is_stopping)) {
		if (pcap_dispatch(s->pcap, DISPATCH_MAX, write_packet, (u_char *)s) == PCAP_ERROR)
			s->rc = ws_error(&s->err, -EIO, "interface %s: packet capture: %s", s->interface,
					 pcap_geterr(s->pcap));
		flush(s);
	}
	if (s->rc == 0) {
		while (sem_wait(&s->is_released)) /* pcap_breakloop() uses what pcap_setnonblock() closes */
			;
		s->rc = take_rest(s);
	}
	atomic_store(&s->has_failed, s->rc != 0);
	return NULL;
}

/* A new file, whoever has put a link of that name there. */
static int create(struct ws_sniffer *s, struct ws_error *err)
{
	const int fd = open(s->part_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, WS_CAPTURE_FILE_MODE);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file) {
		const int rc = -errno;

		if (fd >= 0)
			close(fd);
		return ws_error(err, rc, "%s: cannot create: %s%s", s->part_path, strerror(-rc),
				rc == -EEXIST ? "; an earlier recording did not finish: load it, or move it away" : "");
	}
	s->dumper = pcap_dump_fopen(s->pcap, file); /* closes it if it cannot */
	if (!s->dumper)
		return ws_error(err, -EIO, "%s: %s", s->part_path, pcap_geterr(s->pcap));
	setvbuf(file, NULL, _IOFBF, 1 << 20);
	return 0;
}

static int activate(struct ws_sniffer *s, const struct ws_capture_options *o, struct ws_error *err)
{
	char text[PCAP_ERRBUF_SIZE];
	int rc;

	s->pcap = pcap_create(s->interface, text);
	if (!s->pcap)
		return ws_error(err, -EIO, "interface %s: packet capture: %s", s->interface, text);
	pcap_set_snaplen(s->pcap, (int)o->pcap_snaplen);
	pcap_set_promisc(s->pcap, 0);
	pcap_set_timeout(s->pcap, WS_SNIFFER_TIMEOUT_MS);
	pcap_set_buffer_size(s->pcap, (int)o->pcap_buffer_bytes);
	if (pcap_set_tstamp_precision(s->pcap, PCAP_TSTAMP_PRECISION_NANO))
		return ws_error(err, -EIO, "interface %s: no nanosecond stamps here", s->interface);
	rc = pcap_activate(s->pcap);
	if (rc < 0)
		return ws_error(err, -EIO, "interface %s: packet capture: %s: %s", s->interface, pcap_statustostr(rc),
				pcap_geterr(s->pcap));
	return 0;
}

int ws_sniffer_open(const struct ws_capture_options *o, uint32_t index, const char *path, struct ws_sniffer **sniffer,
		    struct ws_error *err)
{
	struct ws_sniffer *s = calloc(1, sizeof(*s));
	int home_fd, rc, leave_rc;

	if (!s)
		return ws_error(err, -ENOMEM, "out of memory");
	sem_init(&s->is_set_up, 0, 0);
	sem_init(&s->is_released, 0, 0);
	s->interface = o->point[index].interface;
	s->cpu = o->pcap_cpu;
	s->path = strdup(path);
	if (!s->path || asprintf(&s->part_path, "%s" WS_RECFILE_PART_SUFFIX, path) < 0) {
		s->part_path = NULL;
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	if (ws_whole_file_is_there(path)) {
		rc = ws_error(err, -EEXIST, "%s: exists already; record into another directory, or move it away", path);
		goto out;
	}
	rc = ws_netns_enter(o->point[index].netns, &home_fd, err);
	if (rc)
		goto out;
	rc = activate(s, o, err);
	leave_rc = ws_netns_leave(home_fd, err);
	rc = rc ? rc : leave_rc;
	if (rc)
		goto out;
	rc = create(s, err);
	if (rc)
		goto out;
	fcntl(pcap_fileno(s->pcap), F_SETFD, FD_CLOEXEC);
	flush(s); /* the head: a file without it is no packet capture */
	if (s->rc) {
		rc = ws_error(err, s->rc, "%s", s->err.text);
		goto out;
	}
	rc = -pthread_create(&s->thread, NULL, sniff, s);
	if (rc)
		ws_error(err, rc, "cannot start a thread: %s", ws_thread_words(-rc));
	s->has_thread = rc == 0;
	while (s->has_thread && sem_wait(&s->is_set_up)) /* before anybody forbids it what it needs for that */
		;
out:
	if (rc && s->dumper)
		unlink(s->part_path); /* it would be in the way of the next attempt */
	if (rc)
		ws_sniffer_close(s);
	else
		*sniffer = s;
	return rc;
}

static void stop_thread(struct ws_sniffer *s)
{
	if (!s->has_thread)
		return;
	atomic_store(&s->is_stopping, true);
	pcap_breakloop(s->pcap); /* a read without packets would wait for one */
	sem_post(&s->is_released);
	pthread_join(s->thread, NULL);
	s->has_thread = false;
}

static void note_facts(struct ws_sniffer *s)
{
	struct pcap_stat stat;

	s->is_finished = true;
	if (pcap_stats(s->pcap, &stat) == 0) {
		s->facts.n_received = stat.ps_recv;
		s->facts.n_dropped = stat.ps_drop;
		s->facts.n_interface_dropped = stat.ps_ifdrop;
	}
}

int ws_sniffer_finish(struct ws_sniffer *s, struct ws_error *err)
{
	stop_thread(s);
	if (s->rc == 0)
		return ws_sniffer_complete(s, err);
	note_facts(s);
	return ws_error(err, s->rc, "%s", s->err.text);
}

int ws_sniffer_complete(struct ws_sniffer *s, struct ws_error *err)
{
	int rc;

	stop_thread(s);
	note_facts(s);
	if (pcap_dump_flush(s->dumper) || ferror(pcap_dump_file(s->dumper)))
		return ws_error(err, -EIO, "%s: cannot write: %s", s->part_path, strerror(errno));
	if (fsync(fileno(pcap_dump_file(s->dumper)))) /* some file systems say only then that there was no room */
		return ws_error(err, -errno, "%s: cannot sync: %s", s->part_path, strerror(errno));
	rc = ws_sniffer_look(s, err);
	if (rc)
		return rc;
	if (ws_recfile_give_name(s->part_path, s->path))
		return ws_error(err, -errno, "%s: cannot rename to %s: %s", s->part_path, s->path, strerror(errno));
	return 0;
}

bool ws_sniffer_has_failed(struct ws_sniffer *s)
{
	return atomic_load(&s->has_failed);
}

int ws_sniffer_look(const struct ws_sniffer *s, struct ws_error *err)
{
	return ws_still_there(fileno(pcap_dump_file(s->dumper)), s->part_path, err);
}

const struct ws_sniffer_facts *ws_sniffer_facts(const struct ws_sniffer *s)
{
	static const struct ws_sniffer_facts nothing_yet;

	return s->is_finished ? &s->facts : &nothing_yet;
}

void ws_sniffer_close(struct ws_sniffer *s)
{
	if (!s)
		return;
	stop_thread(s);
	if (s->dumper)
		pcap_dump_close(s->dumper);
	if (s->pcap)
		pcap_close(s->pcap);
	sem_destroy(&s->is_set_up);
	sem_destroy(&s->is_released);
	free(s->path);
	free(s->part_path);
	free(s);
}
