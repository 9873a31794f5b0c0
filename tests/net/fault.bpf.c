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
#define DROPPED_REQUEST 20  /* the number of the request that drop_one takes */
#define HOLD_IFINDEX	901 /* the device whose other end swap.py reads */
#define HOLD_MARK	902 /* the mark of frames that swap.py has let go */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} n_requests SEC(".maps");

/* Finds the payload of a frame to a service (TCP port 9080). Returns its offset, or 0 if it has none or is another. */
static __always_inline __u32 payload_off(struct __sk_buff *skb)
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
	if (tcp.dest != bpf_htons(SERVICE_PORT))
		return 0;
	off += tcp.doff * 4;
	return off < ETH_HLEN + (__u32)bpf_ntohs(ip.tot_len) ? off : 0;
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
