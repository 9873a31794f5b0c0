/* SPDX-License-Identifier: BSD-2-Clause */
/* option - words for what getopt_long() refuses. */
#ifndef WS_OPTION_H
#define WS_OPTION_H

#include <getopt.h>

/* Values of long options begin here: smaller ones are letters. */
#define WS_OPTION_LONG 256

/*
 * The option that getopt_long() did not know, as the user wrote it. In the middle of several letters behind one dash,
 * "-xy", the argument is not passed yet, so that the letter has to stand for itself. text: room for it.
 */
static inline const char *ws_option_unknown(char *const *argv, char text[3])
{
	if (optopt == 0 || optopt >= WS_OPTION_LONG)
		return argv[optind - 1];
	text[0] = '-';
	text[1] = (char)(optopt > ' ' && optopt < 0x7f ? optopt : '?'); /* bytes from 0x80 on are negative */
	text[2] = '\0';
	return text;
}

#endif
