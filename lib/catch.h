/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * catch - what the in-kernel program puts into the ring buffer: of one TCP segment what belongs to one request head, or
 * to one HTTP/2 frame that carries headers; or, of a response, where it begins. Behind it follow the notes of the
 * header lines (struct ws_notes, as many words as there are), or the piece of the HTTP/2 frame.
 */
#ifndef WS_CATCH_H
#define WS_CATCH_H

#include "lib/notes.h"
#include "lib/record.h"

enum ws_catch_kind {
	WS_CATCH_HEAD = 1,	    /* a head and its first segment; notes follow */
	WS_CATCH_HEAD_MORE = 2,	    /* the next segment of that head; notes follow */
	WS_CATCH_HEAD_GAP = 3,	    /* a segment behind the one that the head waits for; nothing of it was searched */
	WS_CATCH_HTTP2_PREFACE = 4, /* an HTTP/2 connection begins */
	WS_CATCH_HTTP2 = 5,	    /* a piece of a HEADERS or CONTINUATION frame; its bytes follow */
	WS_CATCH_HTTP2_LOST = 6,    /* a segment of the connection did not pass: nothing behind it can be decoded */
	WS_CATCH_HTTP2_AGAIN =
		7, /* a segment, payload_len bytes from seq on, that had passed before, or a part of it */
	WS_CATCH_HTTP2_BLIND =
		8,	       /* a segment of a connection that cannot be decoded any more; its first bytes follow */
	WS_CATCH_RESPONSE = 9, /* a status line begins with the segment; nothing follows */
};

/* Integers and addresses as in struct ws_record. Of a response to_off, head_len and end say nothing. */
struct ws_catch {
	uint64_t ts_ns;
	uint8_t saddr[16];
	uint8_t daddr[16];
	uint8_t outer_saddr[16];
	uint8_t outer_daddr[16];
	uint32_t seq; /* of a head: its request line's first byte; of HTTP/2: the piece's first byte; of a response:
			 its status line's */
	uint32_t vni;
	uint32_t frame_len;
	uint32_t payload_len;
	uint32_t req_off; /* where the head, or the piece, begins in the segment's payload; modulo 2^32, as a frame's
			     header may have begun in an earlier segment */
	union {
		uint32_t from_off; /* which part of the head, or of the HTTP/2 frame, the segment carried: from here */
		uint32_t ack;	   /* of a response: the TCP acknowledgment number */
	};
	uint32_t to_off;   /* to here; of a head: as far as it was searched */
	uint32_t head_len; /* payload from the request line on that has passed, searched or not */
	uint16_t sport;
	uint16_t dport;
	uint16_t vlan;
	union {
		uint16_t segment; /* of a head: its number, from 1; of HTTP/2: this message's, modulo 2^16 */
		uint16_t status;  /* of a response: as in the record */
	};
	uint8_t direction;
	uint8_t ip_version;
	uint8_t outer_ip_version;
	uint8_t encap;
	uint8_t tcp_flags;
	uint8_t kind;	      /* enum ws_catch_kind */
	uint8_t end;	      /* enum ws_search_end: of the search as far as this segment */
	uint8_t counts_frame; /* 1: the tap leaves it to the reader to say for what reason the frame is counted */
};

_Static_assert(sizeof(struct ws_catch) == 120, "no implicit padding");

/* The most bytes of an HTTP/2 frame in one message. */
#define WS_CATCH_PIECE_MAX 2048

#endif
