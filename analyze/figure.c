/* SPDX-License-Identifier: BSD-2-Clause */
/* figure - see figure.h. */
#include "analyze/figure.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyze/asset.h"
#include "analyze/plotter.h"
#include "analyze/utf8.h"

/* Where gnuplot finds the data: its standard input, opened anew for every curve. */
#define DATA_PATH "/proc/self/fd/0"

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

/* Renders with a terminal of gnuplot's into out_fd. */
static int render(const struct ws_figure *figure, const char *terminal, const char *columns, const char *rows,
		  int out_fd, struct ws_error *err)
{
	const char *x_label = figure->x_label ? figure->x_label : "";
	char name[NAME_MAX + 1], script[2 * PATH_MAX];
	const char *const argument[] = { DATA_PATH, terminal, figure->coverage, columns, rows, x_label, NULL };
	struct ws_error missing = { 0 };
	int rc;

	snprintf(name, sizeof(name), "%s.gp", figure->script ? figure->script : figure->name);
	rc = ws_asset_find(name, script, sizeof(script), &missing);
	if (rc)
		return ws_error(err, rc, "%.900s: no figure was drawn", missing.text);
	if (fflush(figure->data) || ferror(figure->data))
		return ws_error(err, -EIO, "no room for the figure's data");
	return ws_plotter_run(script, argument, fileno(figure->data), out_fd, err);
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

/* How what gnuplot draws with the terminal ends. What ends otherwise is half a picture: gnuplot says nothing of a write
 * that failed. */
static bool is_whole(const char *terminal, const char *picture, size_t len)
{
	const char *end = !strcmp(terminal, "svg") ? "</svg>" : !strcmp(terminal, "pdf") ? "%%EOF" : "";

	while (len && strchr(" \r\n", picture[len - 1]))
		len--;
	return len > strlen(end) && !memcmp(picture + len - strlen(end), end, strlen(end));
}

/*
 * Takes the time of day out of a PDF: cairo writes it, and heeds no SOURCE_DATE_EPOCH. The date keeps its length, so
 * that every offset in the file stays right.
 */
static void forget_date(char *pdf, size_t size)
{
	static const char key[] = "/CreationDate (D:", epoch[] = "19700101000000";
	char *at = memmem(pdf, size, key, strlen(key));

	if (at && at + strlen(key) + strlen(epoch) <= pdf + size)
		memcpy(at + strlen(key), epoch, strlen(epoch));
}

/* Draws into memory: *picture is the caller's, len bytes long with a 0 behind them. */
static int draw(const struct ws_figure *figure, const char *terminal, const char *columns, const char *rows,
		char **picture, size_t *len, struct ws_error *err)
{
	FILE *file = NULL;
	int rc = ws_figure_open(&file, err);

	if (rc)
		return rc;
	rc = render(figure, terminal, columns, rows, fileno(file), err);
	if (!rc) {
		rc = slurp(file, picture, len);
		if (rc)
			ws_error(err, rc, "no room for the picture: %s", strerror(-rc));
	}
	fclose(file);
	if (rc)
		return rc;
	if (!is_whole(terminal, *picture, *len)) {
		free(*picture);
		*picture = NULL;
		return ws_error(err, -EIO, "%s: gnuplot drew nothing, or half of it: no figure was drawn",
				figure->name);
	}
	if (!strcmp(terminal, "pdf"))
		forget_date(*picture, *len);
	return 0;
}

static int publish(const struct ws_figure *figure, const char *terminal, const struct ws_publication *publication,
		   struct ws_error *err)
{
	struct ws_draft draft = { 0 };
	char name[64], *picture = NULL;
	size_t len = 0;
	int rc;

	if (draw(figure, terminal, "0", "0", &picture, &len, err))
		return WS_FIGURE_MISSING;
	snprintf(name, sizeof(name), "%s.%s", figure->name, terminal);
	rc = ws_draft_open(publication, name, &draft, err);
	if (!rc) {
		fwrite(picture, 1, len, draft.file);
		rc = ws_draft_publish(&draft, err);
	}
	ws_draft_close(&draft);
	free(picture);
	return rc;
}

int ws_figure_publish(const struct ws_figure *figure, const struct ws_publication *publication, struct ws_error *err)
{
	int rc = publish(figure, "svg", publication, err);

	return rc ? rc : publish(figure, "pdf", publication, err);
}

int ws_figure_render_svg(const struct ws_figure *figure, char **svg, size_t *len, struct ws_error *err)
{
	return draw(figure, "svg", "0", "0", svg, len, err);
}

int ws_figure_print(const struct ws_figure *figure, FILE *out, struct ws_error *err)
{
	struct winsize size = { 0 };
	const char *width = getenv("COLUMNS");
	unsigned long columns = width ? strtoul(width, NULL, 10) : 0, rows = 0;
	char columns_text[16], rows_text[16], *picture = NULL;
	size_t len = 0;
	int rc;

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
	rc = draw(figure, "dumb", columns_text, rows_text, &picture, &len, err);
	if (!rc)
		fwrite(picture, 1, len, out);
	free(picture);
	return rc;
}
