/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_invocation - a libFuzzer target: any words as the arguments of analyze's commands.
 *
 * Input: a byte that says which command's options are allowed, then the arguments as in words.h. Nothing but the
 * command line is read. What must hold is checked by abort(): wrong usage has words, and what is taken is within its
 * bounds. seeds.sh writes a corpus to begin with.
 */
#include <errno.h>
#include <stdint.h>

#include "analyze/invocation.h"
#include "tests/fuzz/words.h"

static void check_analyze(const struct words *w, unsigned int options)
{
	struct ws_invocation v = { 0 };
	struct ws_error err = { 0 };
	const int rc = ws_invocation_parse(w->argc, (char **)w->argv, options, &v, &err);

	MUST(rc == 0 || rc == -EINVAL);
	if (rc) {
		check_refused(w, err.text);
		return;
	}
	if (!v.help) {
		MUST((v.dir && *v.dir) || (options & WS_OPTION_OPERANDS));
		MUST(!(options & WS_OPTION_OPERANDS) || (v.operand[0] && v.operand[1]));
		MUST(!(options & WS_OPTION_TRACE_ID) || v.trace_id_len == 8 || v.trace_id_len == 16);
		for (uint32_t i = 1; i < v.n_search_bytes; i++)
			MUST(v.search_bytes[i - 1] < v.search_bytes[i]);
		MUST(v.format <= WS_FORMAT_JSON || (options & WS_OPTION_EXPORT));
	}
	ws_invocation_close(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of cdf, pairs, detect, compare, trace, export; and all that there are */
	static const unsigned int options[] = {
		WS_OPTION_FIGURE | WS_OPTION_TERM | WS_OPTION_FAMILY | WS_OPTION_BY_NAMES | WS_OPTION_MEMORY,
		WS_OPTION_UNMATCHED | WS_OPTION_FAMILY,
		WS_OPTION_FIGURE | WS_OPTION_SEARCH_BYTES | WS_OPTION_BY | WS_OPTION_BY_NAMES | WS_OPTION_FAMILY,
		WS_OPTION_FIGURE | WS_OPTION_OPERANDS,
		WS_OPTION_FIGURE | WS_OPTION_ALIGN | WS_OPTION_TRACE_ID,
		WS_OPTION_ALIGN | WS_OPTION_EXPORT,
		0x1fff,
	};
	struct words w;

	if (size == 0 || size > 4096)
		return 0;
	w = make_words("cdf", data + 1, size - 1);
	check_analyze(&w, options[data[0] % (sizeof(options) / sizeof(*options))]);
	free_words(&w);
	return 0;
}
