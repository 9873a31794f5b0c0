/* SPDX-License-Identifier: BSD-2-Clause */
/* packets - see the header. The one file of ingest that knows libpcap. */
#include "ingest/packets.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <pcap/sll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/log/unpack.h"
#include "lib/packet.h"

#define BUFFER_LEN (1u << 16) /* stays in the cache; a stream of its own accord reads 4096 bytes at once */

struct ws_packets {
	char *path;
	pcap_t *pcap;
	int link_type;
	bool is_packed;
	bool is_cut;
	uint64_t size_bytes;
	uint64_t whole_bytes; /* up to the end of the last whole packet; plain files only */
	uint64_t n_packets;
	char buffer[BUFFER_LEN]; /* the stream's */
};

int ws_packets_open(const char *path, struct ws_packets **packets, struct ws_error *err)
{
	struct ws_packets *p = calloc(1, sizeof(*p));
	char text[PCAP_ERRBUF_SIZE];
	struct stat st;
	FILE *file;
	int rc = 0;

	if (!p || !(p->path = strdup(path))) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	file = ws_unpack_open(path, &p->is_packed, &p->is_cut);
	if (!file) {
		rc = ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
		goto out;
	}
	setvbuf(file, p->buffer, _IOFBF, sizeof(p->buffer));
	if (!p->is_packed)
		rewind(file); /* the stream knows its offset from here on: ftello() does not ask the kernel */
	p->size_bytes = fstat(fileno(file), &st) == 0 ? (uint64_t)st.st_size : 0;
	p->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!p->pcap) {
		fclose(file);
		rc = ws_error(err, -EINVAL, "%s: no packet capture: %s", path, text);
		goto out;
	}
	p->link_type = pcap_datalink(p->pcap);
	switch (p->link_type) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP:
		break;
	default:
		rc = ws_error(err, -EINVAL, "%s: link type %d (%s) is neither Ethernet, cooked, loopback nor raw IP",
			      path, p->link_type, pcap_datalink_val_to_name(p->link_type));
	}
out:
	if (rc)
		ws_packets_close(p);
	else
		*packets = p;
	return rc;
}

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* What the IP version says of a frame that begins with an IP header; 0 for anything else. */
static uint16_t ip_proto(const uint8_t *at, uint32_t len)
{
	if (len == 0)
		return 0;
	return at[0] >> 4 == 4 ? WS_ETHERTYPE_IPV4 : at[0] >> 4 == 6 ? WS_ETHERTYPE_IPV6 : 0;
}

/* Reads a cooked header, which says direction and EtherType (pcap-linktype(7)). */
static void read_cooked(struct ws_frame *f, uint32_t header_len, uint32_t proto_off, uint32_t type)
{
	f->direction = type == LINUX_SLL_OUTGOING ? WS_DIRECTION_OUT : WS_DIRECTION_IN;
	f->proto = be16(f->bytes + proto_off);
	f->off = header_len;
}

/* Where the parser begins, by the link type. A frame that is shorter than its link header is left to the parser. */
static void find_start(const struct ws_packets *p, struct ws_frame *f)
{
	f->off = 0;
	f->proto = 0;
	f->direction = WS_DIRECTION_UNKNOWN;
	switch (p->link_type) {
	case DLT_EN10MB:
		f->proto = WS_ETHERTYPE_ETHERNET;
		break;
	case DLT_LINUX_SLL:
		if (f->captured_len >= SLL_HDR_LEN)
			read_cooked(f, SLL_HDR_LEN, 14, be16(f->bytes));
		break;
	case DLT_LINUX_SLL2:
		if (f->captured_len >= SLL2_HDR_LEN)
			read_cooked(f, SLL2_HDR_LEN, 0, f->bytes[10]);
		break;
	case DLT_NULL:
	case DLT_LOOP:
		f->off = 4;
		f->proto = f->captured_len > 4 ? ip_proto(f->bytes + 4, f->captured_len - 4) : 0;
		break;
	default:
		f->proto = ip_proto(f->bytes, f->captured_len);
	}
}

/* Is a read error the file's end in mid-packet? libpcap says it in words only. */
static bool is_end_in_packet(const char *text)
{
	return strstr(text, "truncated dump file") != NULL;
}

int ws_packets_next(struct ws_packets *p, struct ws_frame *frame, struct ws_error *err)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int rc;

	if (!p->is_packed) {
		off_t at = ftello(pcap_file(p->pcap));

		p->whole_bytes = at > 0 ? (uint64_t)at : 0;
	}
	rc = pcap_next_ex(p->pcap, &header, &bytes);
	if (rc == PCAP_ERROR_BREAK)
		return 0;
	if (rc != 1) {
		if (!is_end_in_packet(pcap_geterr(p->pcap)))
			return ws_error(err, -EINVAL, "%s: packet %llu, offset %llu: %s", p->path,
					(unsigned long long)p->n_packets + 1, (unsigned long long)p->whole_bytes,
					pcap_geterr(p->pcap));
		p->is_cut = true;
		return 0;
	}
	p->n_packets++;
	frame->bytes = bytes;
	frame->captured_len = header->caplen;
	frame->wire_len = header->len > header->caplen ? header->len : header->caplen;
	frame->ts_ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec;
	find_start(p, frame);
	return 1;
}

bool ws_packets_is_cut(const struct ws_packets *p, uint64_t *unread_bytes)
{
	*unread_bytes = p->is_cut && !p->is_packed && p->size_bytes > p->whole_bytes ? p->size_bytes - p->whole_bytes
										     : 0;
	return p->is_cut;
}

void ws_packets_close(struct ws_packets *p)
{
	if (!p)
		return;
	if (p->pcap)
		pcap_close(p->pcap);
	free(p->path);
	free(p);
}
