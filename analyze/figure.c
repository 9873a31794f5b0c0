/* SPDX-License-Identifier: BSD-2-Clause */
/* figure - see figure.h. */
#include "analyze/figure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyze/asset.h"
#include "analyze/utf8.h"

/* Where gnuplot finds the data: its standard input, opened anew for every curve. */
#define DATA_PATH "/proc/self/fd/0"

/* Where messages are taken from. */
#define MESSAGE_MAX 256

/* Terminals without a size. */
#define COLUMNS_DEFAULT 100
#define ROWS_DEFAULT	30

int ws_figure_open(FILE **data, struct ws_error *err)
{
	int fd = memfd_create("figure", MFD_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");

	if (!file) {
		int rc = -errno;

		if (fd >= 0)
			close(fd);
		return ws_error(err, rc, "no room for the figure's data: %s", strerror(-rc));
	}
	*data = file;
	return 0;
}

void ws_figure_put_name(FILE *data, const char *name)
{
	const char *end = name + strlen(name);

	if (name[strspn(name, " \t\r\n")] == '#')
		fputs("\u00a0", data);
	while (name < end) {
		uint32_t c = ws_utf8_take(&name, end);
		char encoded[4];

		if (c == '\\')
			putc('\\', data);
		c = c == '"' ? '\'' : c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
		fwrite(encoded, 1, ws_utf8_put(encoded, c), data);
	}
}

/* The environment, with what would make two renderings differ taken out or fixed. To be freed, not its strings. */
static char **environment(void)
{
	static const char *const fixed[] = { "SOURCE_DATE_EPOCH=0", "LC_ALL=C.UTF-8", "TZ=UTC" };
	size_t n = 0, n_fixed = sizeof(fixed) / sizeof(*fixed);
	char **made;

	while (environ[n])
		n++;
	made = calloc(n + n_fixed + 1, sizeof(*made));
	if (!made)
		return NULL;
	n = 0;
	for (char **variable = environ; *variable; variable++) {
		size_t i = 0;

		while (i < n_fixed && strncmp(*variable, fixed[i], (size_t)(strchr(fixed[i], '=') - fixed[i]) + 1))
			i++;
		if (i == n_fixed && strncmp(*variable, "GNUPLOT_", 8))
			made[n++] = *variable;
	}
	for (size_t i = 0; i < n_fixed; i++)
		made[n++] = (char *)fixed[i];
	return made;
}

/* Starts gnuplot with the given standard output and error. 0 or -errno. */
static int start(char *const argv[], int data_fd, int out_fd, int message_fd, pid_t *pid)
{
	char **envp = environment();
	posix_spawn_file_actions_t actions;
	int rc;

	if (!envp || posix_spawn_file_actions_init(&actions)) {
		free(envp);
		return -ENOMEM;
	}
	/* Those of ours are above 2: main sees to it. */
	rc = -posix_spawn_file_actions_adddup2(&actions, data_fd, STDIN_FILENO);
	rc = rc ? rc : -posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	rc = rc ? rc : -posix_spawn_file_actions_adddup2(&actions, message_fd, STDERR_FILENO);
	rc = rc ? rc : -posix_spawnp(pid, "gnuplot", &actions, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	free(envp);
	return rc;
}

/* Waits for gnuplot. 0, or -EIO with the last line of what it said: warnings come before the error. */
static int finish(pid_t pid, FILE *message, const char *script, struct ws_error *err)
{
	char line[MESSAGE_MAX], last[MESSAGE_MAX] = "";
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return ws_error(err, -errno, "gnuplot got lost: %s", strerror(errno));
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	rewind(message);
	while (fgets(line, sizeof(line), message)) {
		line[strcspn(line, "\n")] = 0;
		if (line[strspn(line, " \t")])
			memcpy(last, line, sizeof(last));
	}
	return ws_error(err, -EIO, "%s: gnuplot failed (status %d): %s", script,
			WIFEXITED(status) ? WEXITSTATUS(status) : -1, last);
}

/* Renders with a terminal of gnuplot's into out_fd. */
static int render(const struct ws_figure *figure, const char *terminal, const char *columns, const char *rows,
		  int out_fd, struct ws_error *err)
{
	const char *x_label = figure->x_label ? figure->x_label : "";
	char name[NAME_MAX + 1], script[2 * PATH_MAX];
	char *argv[] = { "gnuplot",
			 "-d",
			 "-c",
			 script,
			 DATA_PATH,
			 (char *)terminal,
			 (char *)figure->coverage,
			 (char *)columns,
			 (char *)rows,
			 (char *)x_label,
			 NULL };
	struct ws_error missing = { 0 };
	FILE *message = NULL;
	pid_t pid;
	int rc;

	snprintf(name, sizeof(name), "%s.gp", figure->script ? figure->script : figure->name);
	rc = ws_asset_find(name, script, sizeof(script), &missing);
	if (rc)
		return ws_error(err, rc, "%.900s: no figure was drawn", missing.text);
	if (fflush(figure->data) || ferror(figure->data))
		return ws_error(err, -EIO, "no room for the figure's data");
	rc = ws_figure_open(&message, err);
	if (rc)
		return rc;
	rc = start(argv, fileno(figure->data), out_fd, fileno(message), &pid);
	if (rc == -ENOENT)
		ws_error(err, rc, "gnuplot is not there: no figure was drawn; install the package gnuplot-nox");
	else if (rc)
		ws_error(err, rc, "cannot start gnuplot: %s: no figure was drawn", strerror(-rc));
	else
		rc = finish(pid, message, script, err);
	fclose(message);
	return rc;
}

/*
 * Takes the time of day out of a PDF: cairo writes it, and heeds no SOURCE_DATE_EPOCH. The date keeps its length, so
 * that every offset in the file stays right. 0 or -errno.
 */
static int forget_date(int fd)
{
	static const char key[] = "/CreationDate (D:", epoch[] = "19700101000000";
	off_t size = lseek(fd, 0, SEEK_END);
	char *pdf, *at;

	if (size <= 0)
		return size < 0 ? -errno : 0;
	pdf = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pdf == MAP_FAILED)
		return -errno;
	at = memmem(pdf, (size_t)size, key, strlen(key));
	if (at && at + strlen(key) + strlen(epoch) <= pdf + size)
		memcpy(at + strlen(key), epoch, strlen(epoch));
	munmap(pdf, (size_t)size);
	return 0;
}

static int publish(const struct ws_figure *figure, const char *terminal, const struct ws_publication *publication,
		   struct ws_error *err)
{
	struct ws_draft draft = { 0 };
	char name[64];
	int rc;

	snprintf(name, sizeof(name), "%s.%s", figure->name, terminal);
	rc = ws_draft_open(publication, name, &draft, err);
	if (rc)
		return rc;
	rc = render(figure, terminal, "0", "0", fileno(draft.file), err);
	if (!rc && !strcmp(terminal, "pdf")) {
		rc = forget_date(fileno(draft.file));
		if (rc)
			ws_error(err, rc, "%s/%s: %s", publication->dir, name, strerror(-rc));
	}
	rc = rc ? rc : ws_draft_publish(&draft, err);
	ws_draft_close(&draft);
	return rc;
}

int ws_figure_publish(const struct ws_figure *figure, const struct ws_publication *publication, struct ws_error *err)
{
	int rc = publish(figure, "svg", publication, err);

	return rc ? rc : publish(figure, "pdf", publication, err);
}

/* The file's whole contents. 0 or -errno. */
static int slurp(FILE *file, char **text, size_t *len)
{
	off_t size = lseek(fileno(file), 0, SEEK_END);
	char *made;

	if (size < 0)
		return -errno;
	made = malloc((size_t)size + 1);
	if (!made)
		return -ENOMEM;
	for (off_t at = 0; at < size;) {
		ssize_t n = pread(fileno(file), made + at, (size_t)(size - at), at);

		if (n <= 0 && !(n < 0 && errno == EINTR)) {
			int rc = n < 0 ? -errno : -EIO;

			free(made);
			return rc;
		}
		at += n > 0 ? n : 0;
	}
	made[size] = 0;
	*text = made;
	*len = (size_t)size;
	return 0;
}

int ws_figure_render_svg(const struct ws_figure *figure, char **svg, size_t *len, struct ws_error *err)
{
	FILE *file = NULL;
	int rc = ws_figure_open(&file, err);

	if (rc)
		return rc;
	rc = render(figure, "svg", "0", "0", fileno(file), err);
	if (!rc) {
		rc = slurp(file, svg, len);
		if (rc)
			ws_error(err, rc, "no room for the picture: %s", strerror(-rc));
	}
	fclose(file);
	return rc;
}

int ws_figure_print(const struct ws_figure *figure, FILE *out, struct ws_error *err)
{
	struct winsize size = { 0 };
	const char *width = getenv("COLUMNS");
	unsigned long columns = width ? strtoul(width, NULL, 10) : 0, rows = 0;
	char columns_text[16], rows_text[16];

	fflush(out);
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0) {
		rows = size.ws_row;
		columns = columns ? columns : size.ws_col;
	}
	/* Half a line of room for the prompt; below 40 by 15 nothing can be read, above 500 nothing is gained. */
	columns = columns < 40 || columns > 500 ? COLUMNS_DEFAULT : columns;
	rows = rows < 15 || rows > 200 ? ROWS_DEFAULT : rows - 1;
	snprintf(columns_text, sizeof(columns_text), "%lu", columns);
	snprintf(rows_text, sizeof(rows_text), "%lu", rows);
	return render(figure, "dumb", columns_text, rows_text, fileno(out), err);
}
