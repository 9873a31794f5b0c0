/* SPDX-License-Identifier: BSD-2-Clause */
/* url - see the header. */
#include "lib/clickhouse/url.h"

#include <errno.h>
#include <string.h>

#define SCHEME	   "clickhouse://"
#define SCHEME_TLS "clickhouses://"
#define FORM	   "clickhouse://[USER@]HOST[:PORT][,HOST[:PORT]...]/DATABASE"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* A name without anything that would need quoting. */
static bool is_name(const char *text, size_t len, const char *others)
{
	if (len == 0 || len > WS_URL_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(text[i]) && !strchr(others, text[i]))
			return false;
	return true;
}

static int parse_user(const char *text, size_t len, struct ws_url *url, struct ws_error *err)
{
	if (memchr(text, ':', len))
		return ws_error(
			err, -EINVAL,
			"the store's URL holds a password, which others see in the list of processes; give it in "
			"WIRESPAN_STORE_PASSWORD, or by --store-password-file FILE");
	if (!is_name(text, len, "_-."))
		return ws_error(err, -EINVAL, "the user in the store's URL has 1 to %d letters, digits and _ - .",
				WS_URL_NAME_MAX);
	memcpy(url->user, text, len);
	return 0;
}

static int parse_port(const char *text, size_t len, uint16_t *port, struct ws_error *err)
{
	uint32_t number = 0;

	for (size_t i = 0; i < len && number <= UINT16_MAX; i++) {
		if (text[i] < '0' || text[i] > '9')
			number = UINT16_MAX;
		number = number * 10 + (uint32_t)(text[i] - '0');
	}
	if (number < 1 || number > UINT16_MAX)
		return ws_error(err, -EINVAL, "a port in the store's URL is a number from 1 to 65535");
	*port = (uint16_t)number;
	return 0;
}

/* NAME, NAME:PORT, [ADDRESS] or [ADDRESS]:PORT. */
static int parse_host(const char *text, size_t len, bool is_tls, struct ws_url_host *host, struct ws_error *err)
{
	const bool is_bracketed = len && text[0] == '[';
	const char *end = is_bracketed ? memchr(text, ']', len) : memchr(text, ':', len);
	const char *name = text + is_bracketed, *port = NULL;
	size_t name_len;

	if (is_bracketed && !end)
		return ws_error(err, -EINVAL, "the store's URL: a [ without its ]");
	if (!end)
		end = text + len;
	name_len = (size_t)(end - name);
	end += is_bracketed;
	if (end < text + len && *end == ':')
		port = end + 1;
	else if (end < text + len)
		return ws_error(err, -EINVAL, "the store's URL: behind a ] comes :PORT, a comma or /DATABASE");
	if (name_len == 0 || name_len > WS_URL_HOST_MAX)
		return ws_error(err, -EINVAL, "the store's URL names a server by 1 to %d characters: " FORM,
				WS_URL_HOST_MAX);
	for (size_t i = 0; i < name_len; i++)
		if (!is_alnum(name[i]) && !strchr(is_bracketed ? ":.%" : "_-.", name[i]))
			return ws_error(
				err, -EINVAL,
				"the store's URL: a server's name has letters, digits and _ - .; an IPv6 address "
				"stands in [ ]");
	memcpy(host->name, name, name_len);
	host->name[name_len] = '\0';
	host->port = is_tls ? WS_URL_PORT_HTTPS : WS_URL_PORT_HTTP;
	return port ? parse_port(port, (size_t)(text + len - port), &host->port, err) : 0;
}

static int parse_hosts(const char *text, size_t len, struct ws_url *url, struct ws_error *err)
{
	const char *end = text + len;
	int rc = 0;

	for (const char *comma; rc == 0 && text <= end; text = comma + 1) {
		if (url->n_hosts == WS_URL_HOSTS_MAX)
			return ws_error(err, -EINVAL, "the store's URL names more than %d servers", WS_URL_HOSTS_MAX);
		comma = memchr(text, ',', (size_t)(end - text));
		comma = comma ? comma : end;
		rc = parse_host(text, (size_t)(comma - text), url->is_tls, &url->host[url->n_hosts++], err);
	}
	return rc;
}

int ws_url_parse(const char *text, struct ws_url *url, struct ws_error *err)
{
	const char *slash, *at = NULL;
	struct ws_url u = { 0 };
	int rc = 0;

	u.is_tls = strncmp(text, SCHEME_TLS, strlen(SCHEME_TLS)) == 0;
	if (!u.is_tls && strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return ws_error(err, -EINVAL, "a store's URL is " FORM ", or clickhouses:// over TLS");
	text += strlen(u.is_tls ? SCHEME_TLS : SCHEME);
	/* the last @, and the / behind it: a password may hold either, and is to be refused as one */
	at = strrchr(text, '@');
	slash = strchr(at ? at : text, '/');
	if (at)
		rc = parse_user(text, (size_t)(at - text), &u, err);
	if (rc == 0 && !slash)
		rc = ws_error(err, -EINVAL, "the store's URL names no database: " FORM);
	text = at ? at + 1 : text;
	if (rc == 0)
		rc = parse_hosts(text, (size_t)(slash - text), &u, err);
	if (rc == 0 && !is_name(slash + 1, strlen(slash + 1), "_"))
		rc = ws_error(err, -EINVAL, "the database in the store's URL has 1 to %d letters, digits and _",
			      WS_URL_NAME_MAX);
	if (rc == 0) {
		memcpy(u.database, slash + 1, strlen(slash + 1));
		*url = u;
	}
	return rc;
}

const char *ws_url_host_text(const struct ws_url *url, uint32_t host, char text[WS_URL_HOST_TEXT_LEN])
{
	const struct ws_url_host *h = &url->host[host];
	const bool is_ipv6 = strchr(h->name, ':') != NULL;

	snprintf(text, WS_URL_HOST_TEXT_LEN, "%s://%s%s%s:%u", url->is_tls ? "https" : "http", is_ipv6 ? "[" : "",
		 h->name, is_ipv6 ? "]" : "", h->port);
	return text;
}
