/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * fault - what goes wrong on the way between two tracing points: programs for tc (clsact, direct action), attached by
 * the tests where a frame of a pod passes without a tunnel.
 *
 * At egress tc comes before the transmit tap and at ingress after the receive tap: a frame that is taken at a vport
 * on its way to the pod has been seen at the NIC only; one taken on its way from the pod, at the vport only.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SERVICE_PORT	9080
#define HTTP2_PORT	9090 /* server.conf */
#define HTTP1_PORT	9091
#define DROPPED_REQUEST 20  /* the number of the request that drop_one takes */
#define DROPPED_STREAM	41  /* the HTTP/2 stream whose HEADERS drop_stream takes */
#define HOLD_IFINDEX	901 /* the device whose other end swap.py reads */
#define HOLD_MARK	902 /* the mark of frames that swap.py has let go */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} n_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} dropped SEC(".maps"); /* by sequence number */

/*
 * Finds the payload of a frame to a TCP port. Returns its offset, or 0 if it has none or is another; *seq: of its first
 * byte.
 */
static __always_inline __u32 payload_of(struct __sk_buff *skb, __u16 port, __u32 *seq)
{
	struct iphdr ip;
	struct tcphdr tcp;
	__u32 off;

	if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return 0;
	if (ip.version != 4 || ip.ihl < 5 || ip.protocol != IPPROTO_TCP)
		return 0;
	off = ETH_HLEN + ip.ihl * 4;
	if (bpf_skb_load_bytes(skb, off, &tcp, sizeof(tcp)))
		return 0;
	if (tcp.dest != bpf_htons(port))
		return 0;
	*seq = bpf_ntohl(tcp.seq);
	off += tcp.doff * 4;
	return off < ETH_HLEN + (__u32)bpf_ntohs(ip.tot_len) ? off : 0;
}

static __always_inline __u32 payload_off(struct __sk_buff *skb)
{
	__u32 seq;

	return payload_of(skb, SERVICE_PORT, &seq);
}

/* Drops what has this sequence number for the first time; what is sent again passes. */
static __always_inline int drop_once(__u32 seq)
{
	__u32 one = 1;

	return bpf_map_update_elem(&dropped, &seq, &one, BPF_NOEXIST) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* Drops every segment that begins with "x-drop", once. */
SEC("tc/drop_marked")
int drop_marked(struct __sk_buff *skb)
{
	__u32 seq, off = payload_of(skb, HTTP1_PORT, &seq);
	char start[6];

	if (!off || bpf_skb_load_bytes(skb, off, start, sizeof(start)))
		return TC_ACT_UNSPEC;
	if (start[0] != 'x' || start[1] != '-' || start[2] != 'd' || start[3] != 'r' || start[4] != 'o' ||
	    start[5] != 'p')
		return TC_ACT_UNSPEC;
	return drop_once(seq);
}

/* Drops the segment that begins with the HEADERS frame of a certain stream, once. */
SEC("tc/drop_stream")
int drop_stream(struct __sk_buff *skb)
{
	__u32 seq, off = payload_of(skb, HTTP2_PORT, &seq);
	__u8 frame[9];

	if (!off || bpf_skb_load_bytes(skb, off, frame, sizeof(frame)))
		return TC_ACT_UNSPEC;
	if (frame[3] != 1 || frame[5] || frame[6] || frame[7] || frame[8] != DROPPED_STREAM)
		return TC_ACT_UNSPEC;
	return drop_once(seq);
}

/* Drops one request, once; what is sent again passes. */
SEC("tc/drop_one")
int drop_one(struct __sk_buff *skb)
{
	__u32 off = payload_off(skb), zero = 0, *n = bpf_map_lookup_elem(&n_requests, &zero);
	char start[4];

	if (!off || !n || bpf_skb_load_bytes(skb, off, start, sizeof(start)))
		return TC_ACT_UNSPEC;
	if (start[0] != 'G' || start[1] != 'E' || start[2] != 'T' || start[3] != ' ')
		return TC_ACT_UNSPEC;
	return __sync_fetch_and_add(n, 1) + 1 == DROPPED_REQUEST ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/* Hands every frame of a request to swap.py, but not those that come from it. */
SEC("tc/hold")
int hold(struct __sk_buff *skb)
{
	if (skb->mark == HOLD_MARK || !payload_off(skb))
		return TC_ACT_UNSPEC;
	return (int)bpf_redirect(HOLD_IFINDEX, 0);
}

char fault_license[] SEC("license") = "Dual BSD/GPL";
