/* SPDX-License-Identifier: BSD-2-Clause */
/* invocation - see invocation.h. */
#include "analyze/invocation.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/option.h"

/* More search spaces than this are a slip of the pen. */
#define SEARCH_BYTES_MAX 100000

/* For sightings while they are joined: with all else that a run of ten million pairs takes it stays below 1 GB. */
#define MEMORY_DEFAULT (UINT64_C(512) << 20)
#define MEMORY_MIN     (UINT64_C(1) << 20)

enum key {
	KEY_DIR = 256,
	KEY_SOURCE,
	KEY_FORMAT,
	KEY_OUT,
	KEY_NO_FIGURE,
	KEY_TERM,
	KEY_UNMATCHED,
	KEY_SEARCH,
	KEY_PUBLISHED,
	KEY_BY,
	KEY_FAMILY,
	KEY_ALIGN,
	KEY_MEMORY,
	KEY_STORE,
	KEY_RUN,
	KEY_PASSWORD_FILE,
	KEY_CA,
	KEY_DROP,
	KEY_HELP
};

static const struct option long_options[] = {
	{ "dir", required_argument, NULL, KEY_DIR },
	{ "source", required_argument, NULL, KEY_SOURCE },
	{ "format", required_argument, NULL, KEY_FORMAT },
	{ "out", required_argument, NULL, KEY_OUT },
	{ "no-figure", no_argument, NULL, KEY_NO_FIGURE },
	{ "term", no_argument, NULL, KEY_TERM },
	{ "unmatched", no_argument, NULL, KEY_UNMATCHED },
	{ "search-bytes", required_argument, NULL, KEY_SEARCH },
	{ "published", required_argument, NULL, KEY_PUBLISHED },
	{ "by", required_argument, NULL, KEY_BY },
	{ "family", required_argument, NULL, KEY_FAMILY },
	{ "align", required_argument, NULL, KEY_ALIGN },
	{ "memory", required_argument, NULL, KEY_MEMORY },
	{ "store", required_argument, NULL, KEY_STORE },
	{ "run", required_argument, NULL, KEY_RUN },
	{ "store-password-file", required_argument, NULL, KEY_PASSWORD_FILE },
	{ "store-ca", required_argument, NULL, KEY_CA },
	{ "drop", required_argument, NULL, KEY_DROP },
	{ "help", no_argument, NULL, KEY_HELP },
	{ NULL, 0, NULL, 0 },
};

/* The bits of which a sub-command needs one to have an option; 0: every one has it. */
static unsigned int needed_bits(int key)
{
	switch (key) {
	case KEY_OUT:
		return WS_OPTION_FIGURE | WS_OPTION_EXPORT;
	case KEY_NO_FIGURE:
		return WS_OPTION_FIGURE;
	case KEY_TERM:
		return WS_OPTION_TERM;
	case KEY_UNMATCHED:
		return WS_OPTION_UNMATCHED;
	case KEY_SEARCH:
		return WS_OPTION_SEARCH_BYTES;
	case KEY_PUBLISHED:
		return WS_OPTION_PUBLISHED;
	case KEY_BY:
		return WS_OPTION_BY | WS_OPTION_BY_NAMES;
	case KEY_FAMILY:
		return WS_OPTION_FAMILY;
	case KEY_ALIGN:
		return WS_OPTION_ALIGN;
	case KEY_MEMORY:
		return WS_OPTION_MEMORY;
	case KEY_DROP:
		return WS_OPTION_STORE;
	default:
		return 0;
	}
}

/* Parses a positive number at *text and moves *text behind it. */
static int parse_number(const char **text, uint32_t *number)
{
	char *end;
	unsigned long n;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoul(*text, &end, 10);
	if (errno || n == 0 || n >= UINT32_MAX)
		return -EINVAL;
	*number = (uint32_t)n;
	*text = end;
	return 0;
}

/* SIZE: a number of bytes, or of K, M or G of them. */
static int parse_memory(const char *text, struct ws_invocation *invocation)
{
	static const char unit[] = "KMG";
	const char *found;
	uint32_t number;
	uint64_t bytes;
	int rc = parse_number(&text, &number);

	if (rc)
		return rc;
	bytes = number;
	found = *text ? strchr(unit, *text) : NULL;
	if (found) {
		bytes <<= 10 * (found - unit + 1);
		text++;
	}
	if (*text || bytes < MEMORY_MIN)
		return -EINVAL;
	invocation->memory_bytes = bytes;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Adds from, from + step ... to. 0, -EINVAL for too many, or -ENOMEM. */
static int add_range(struct ws_invocation *invocation, uint32_t from, uint32_t to, uint32_t step)
{
	uint64_t n = (uint64_t)(to - from) / step + 1;
	uint32_t *grown;

	if (n + invocation->n_search_bytes > SEARCH_BYTES_MAX)
		return -EINVAL;
	grown = realloc(invocation->search_bytes, (invocation->n_search_bytes + n) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	invocation->search_bytes = grown;
	for (uint64_t i = 0; i < n; i++)
		grown[invocation->n_search_bytes++] = (uint32_t)(from + i * step);
	return 0;
}

/* LIST: numbers and FROM:TO:STEP, separated by commas. */
static int parse_search_bytes(const char *text, struct ws_invocation *invocation)
{
	uint32_t n = 0;

	invocation->n_search_bytes = 0;
	for (;; text++) {
		uint32_t from, to, step = 1;
		int rc = parse_number(&text, &from);

		to = from;
		if (!rc && *text == ':') {
			text++;
			rc = parse_number(&text, &to);
			if (!rc)
				rc = *text++ == ':' ? parse_number(&text, &step) : -EINVAL;
		}
		if (!rc)
			rc = to < from ? -EINVAL : add_range(invocation, from, to, step);
		if (rc)
			return rc;
		if (*text != ',')
			break;
	}
	if (*text)
		return -EINVAL;
	qsort(invocation->search_bytes, invocation->n_search_bytes, sizeof(uint32_t), compare);
	for (uint32_t i = 0; i < invocation->n_search_bytes; i++) {
		if (i == 0 || invocation->search_bytes[i] != invocation->search_bytes[n - 1])
			invocation->search_bytes[n++] = invocation->search_bytes[i];
	}
	invocation->n_search_bytes = n;
	return 0;
}

static int parse_source(const char *text, struct ws_invocation *invocation)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		if (!strcmp(text, ws_source_name(source))) {
			invocation->source[WS_SOURCE_EBPF] = source == WS_SOURCE_EBPF;
			invocation->source[WS_SOURCE_PCAP] = source == WS_SOURCE_PCAP;
			invocation->one_source = true;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_format(const char *text, bool exports, struct ws_invocation *invocation)
{
	static const char *const name[] = { "table", "tsv", "json", "otlp", "csv", "jsonl" };

	for (int format = 0; format <= WS_FORMAT_JSONL; format++) {
		if (!strcmp(text, name[format]) && (format > WS_FORMAT_JSON) == exports) {
			invocation->format = format;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_align(const char *text, struct ws_invocation *invocation)
{
	static const char *const name[] = { "none", "packets", "chrony", "ptp" };

	for (int align = 0; align <= WS_ALIGN_PTP; align++) {
		if (!strcmp(text, name[align])) {
			invocation->align = align;
			return 0;
		}
	}
	return -EINVAL;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal, in 32 or 16 digits; dashes, as UUIDs have them, are left out. */
static int parse_trace_id(const char *text, struct ws_invocation *invocation)
{
	uint32_t n_digits = 0;

	memset(invocation->trace_id, 0, sizeof(invocation->trace_id));
	for (; *text; text++) {
		int digit = digit_of(*text);

		if (*text == '-')
			continue;
		if (digit < 0 || n_digits == 32)
			return -EINVAL;
		invocation->trace_id[n_digits / 2] |= (uint8_t)(n_digits % 2 ? digit : digit << 4);
		n_digits++;
	}
	if (n_digits != 32 && n_digits != 16)
		return -EINVAL;
	invocation->trace_id_len = n_digits / 2;
	return 0;
}

/* LIST: what the sub-command can tell apart by, separated by commas. */
static int parse_by(const char *text, unsigned int options, struct ws_invocation *invocation)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} known[] = {
		{ "hop", WS_BY_HOP }, { "family", WS_BY_FAMILY },   { "format", WS_BY_FORMAT }, { "edge", WS_BY_EDGE },
		{ "pod", WS_BY_POD }, { "service", WS_BY_SERVICE }, { "node", WS_BY_NODE },
	};
	const size_t n_known = sizeof(known) / sizeof(*known);
	const unsigned int can = (options & WS_OPTION_BY ? ~WS_BY_NAMES : 0) |
				 (options & WS_OPTION_BY_NAMES ? WS_BY_NAMES : 0);

	invocation->by = 0;
	for (;; text++) {
		size_t len = strcspn(text, ","), i = 0;

		while (i < n_known && (strlen(known[i].name) != len || strncmp(known[i].name, text, len)))
			i++;
		if (i == n_known || !(known[i].bit & can))
			return -EINVAL;
		invocation->by |= known[i].bit;
		text += len;
		if (!*text)
			return 0;
	}
}

static const char *by_words(unsigned int options)
{
	if (!(options & WS_OPTION_BY))
		return "edge, pod, service, node, such as edge,node";
	return options & WS_OPTION_BY_NAMES ? "hop, family, format, edge, pod, service, node, such as hop,family"
					    : "hop, family, format, such as hop,family";
}

/* The options that say where the runs are. */
static int apply_store(int key, const char *value, struct ws_origin *origin, struct ws_error *err)
{
	const char **to = key == KEY_STORE ? &origin->url
			  : key == KEY_RUN ? &origin->run
			  : key == KEY_CA  ? &origin->ca_path
					   : &origin->password_file;

	*to = value;
	return *value ? 0
		      : ws_error(err, -EINVAL, "--%s is empty",
				 key == KEY_STORE ? "store"
				 : key == KEY_RUN ? "run"
				 : key == KEY_CA  ? "store-ca"
						  : "store-password-file");
}

static int apply(int key, const char *value, unsigned int options, struct ws_invocation *invocation,
		 struct ws_error *err)
{
	bool exports = options & WS_OPTION_EXPORT;
	int rc = 0;

	switch (key) {
	case KEY_DIR:
		invocation->dir = value;
		return *value ? 0 : ws_error(err, -EINVAL, "--dir is empty");
	case KEY_SOURCE:
		rc = parse_source(value, invocation);
		return rc ? ws_error(err, rc, "--source %s: it is ebpf or pcap", value) : 0;
	case KEY_FORMAT:
		rc = parse_format(value, exports, invocation);
		return rc ? ws_error(err, rc, "--format %s: it is %s", value,
				     exports ? "otlp, csv or jsonl" : "table, tsv or json")
			  : 0;
	case KEY_OUT:
		invocation->out = value;
		return *value ? 0 : ws_error(err, -EINVAL, "--out is empty");
	case KEY_DROP:
		invocation->drop = value;
		return *value ? 0 : ws_error(err, -EINVAL, "--drop is empty");
	case KEY_PUBLISHED:
		invocation->published = value;
		return *value ? 0 : ws_error(err, -EINVAL, "--published is empty");
	case KEY_BY:
		rc = parse_by(value, options, invocation);
		return rc ? ws_error(err, rc, "--by %s: it is a list of %s", value, by_words(options)) : 0;
	case KEY_ALIGN:
		rc = parse_align(value, invocation);
		return rc ? ws_error(err, rc, "--align %s: it is packets, chrony, ptp or none", value) : 0;
	case KEY_MEMORY:
		rc = parse_memory(value, invocation);
		return rc ? ws_error(err, rc, "--memory %s: it is a size such as 200M or 2G, at least 1M", value) : 0;
	case KEY_FAMILY:
		invocation->family = value;
		return *value ? 0 : ws_error(err, -EINVAL, "--family is empty");
	case KEY_STORE:
	case KEY_RUN:
	case KEY_PASSWORD_FILE:
	case KEY_CA:
		return apply_store(key, value, &invocation->origin, err);
	case KEY_NO_FIGURE:
		invocation->figure = false;
		return 0;
	case KEY_TERM:
		invocation->term = true;
		return 0;
	case KEY_UNMATCHED:
		invocation->unmatched = true;
		return 0;
	case KEY_SEARCH:
		rc = parse_search_bytes(value, invocation);
		if (rc == -EINVAL)
			ws_error(err, rc, "--search-bytes %s: it is a list such as 100,200,800 or FROM:TO:STEP", value);
		return rc;
	default:
		return 0;
	}
}

static int parse(int argc, char **argv, unsigned int options, struct ws_invocation *invocation, struct ws_error *err)
{
	char letter[3];
	int key, index = 0;

	optind = 0; /* from the beginning, whatever was read before */
	while ((key = getopt_long(argc, argv, ":", long_options, &index)) != -1) {
		int rc;

		if (key == KEY_HELP) {
			invocation->help = true;
			return 0;
		}
		if (key == ':')
			return ws_error(err, -EINVAL, "%s needs a value", argv[optind - 1]);
		if (key == '?')
			return ws_error(err, -EINVAL, "unknown option '%s'", ws_option_unknown(argv, letter));
		if (needed_bits(key) && !(needed_bits(key) & options))
			return ws_error(err, -EINVAL, "%s has no option --%s", argv[0], long_options[index].name);
		rc = apply(key, optarg, options, invocation, err);
		if (rc)
			return rc;
	}
	if (options & WS_OPTION_OPERANDS) {
		for (int i = 0; i < 2 && optind < argc; i++)
			invocation->operand[i] = argv[optind++];
		if (!invocation->operand[1])
			return ws_error(err, -EINVAL, "two operands are needed: what to compare with what");
	}
	if (options & WS_OPTION_TRACE_ID) {
		if (optind == argc)
			return ws_error(err, -EINVAL, "the trace's id is missing");
		if (parse_trace_id(argv[optind], invocation))
			return ws_error(err, -EINVAL, "%s: a trace's id has 32 or 16 hexadecimal digits", argv[optind]);
		optind++;
	}
	if (optind < argc)
		return ws_error(err, -EINVAL, "unexpected argument '%s'", argv[optind]);
	if (!invocation->dir && !(options & (WS_OPTION_OPERANDS | WS_OPTION_STORE)))
		return ws_error(err, -EINVAL, "--dir DIR is missing");
	if (!invocation->origin.url && options & WS_OPTION_STORE)
		return ws_error(err, -EINVAL, "--store URL is missing");
	if (!invocation->origin.url &&
	    (invocation->origin.run || invocation->origin.password_file || invocation->origin.ca_path))
		return ws_error(err, -EINVAL, "--run, --store-password-file and --store-ca go with --store URL only");
	invocation->origin.root = invocation->dir;
	if (invocation->term && invocation->format != WS_FORMAT_TABLE)
		return ws_error(err, -EINVAL, "--term goes with --format table only");
	return 0;
}

int ws_invocation_parse(int argc, char **argv, unsigned int options, struct ws_invocation *invocation,
			struct ws_error *err)
{
	struct ws_invocation made = {
		.source = { true, true }, .figure = true, .by = WS_BY_FAMILY, .memory_bytes = MEMORY_DEFAULT
	};
	int rc;

	opterr = 0;
	if (options & WS_OPTION_EXPORT)
		made.format = WS_FORMAT_OTLP;
	rc = parse_search_bytes("100:1600:100", &made);
	if (!rc)
		rc = parse(argc, argv, options, &made, err);
	if (rc)
		ws_invocation_close(&made);
	else
		*invocation = made;
	return rc;
}

void ws_invocation_close(struct ws_invocation *invocation)
{
	if (!invocation)
		return;
	free(invocation->search_bytes);
	*invocation = (struct ws_invocation) { 0 };
}
