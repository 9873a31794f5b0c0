/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ipip - IP-in-IP (RFC 2003) between the testbed's nodes, for kernels without the ipip module: two programs for a
 * node's NIC, attached with tc (clsact, direct action).
 *
 * ipip_encapsulate, at egress, puts an outer IPv4 header before what one node's pods send to another node's.
 * ipip_decapsulate, at ingress, takes it off. Node N is 192.168.77.N and its pods are 10.244.N.0/24, so the outer
 * addresses follow from the inner ones and there is no map to fill. Everything else passes as it is: the client's
 * traffic, ARP, IPv6, and protocol 4 whose two layers do not name the same two nodes.
 *
 * A socket at the NIC's taps sees protocol 4 both ways: tc egress comes before the transmit tap, the receive tap before
 * tc ingress. Veths carry TCP super-packets: their segment size is left as TCP chose it (the pods' MTU is 20 below the
 * NIC's), and whoever cuts them later fixes total length, identification and checksum of each segment's outer header.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define POD_NET	     0x0af40000u /* 10.244.0.0/16: node N's pods are 10.244.N.0/24 */
#define POD_NET_MASK 0xffff0000u
#define NODE_NET     0xc0a84d00u /* 192.168.77.0/24: node N is 192.168.77.N */
#define IPV4_DF	     0x4000
#define IPV4_FRAG    0x3fff /* more fragments, fragment offset */
#define IPV4_LEN_MAX 65535u

/* The underlay address of the node that pod address addr (network order) lies on; 0 if it is no pod's. */
static __always_inline __be32 node_of(__be32 addr)
{
	__u32 pod = bpf_ntohl(addr);

	if ((pod & POD_NET_MASK) != POD_NET)
		return 0;
	return bpf_htonl(NODE_NET | ((pod >> 8) & 0xff));
}

/* Copies the IPv4 header at off. Returns 0, or -1 if there is none. The copy is bounds-checked by the kernel. */
static __always_inline int load_header(struct __sk_buff *skb, __u32 off, struct iphdr *ip)
{
	if (bpf_skb_load_bytes(skb, off, ip, sizeof(*ip)))
		return -1;
	return ip->version == 4 && ip->ihl >= 5 ? 0 : -1;
}

/* The header checksum (RFC 1071); its own field counts as it is, and must be 0. */
static __always_inline __u16 checksum(const struct iphdr *ip)
{
	const __u16 *word = (const __u16 *)ip;
	__u32 sum = 0;

#pragma unroll
	for (unsigned int i = 0; i < sizeof(*ip) / sizeof(*word); i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

SEC("tc/egress")
int ipip_encapsulate(struct __sk_buff *skb)
{
	struct iphdr inner, outer = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_IPIP };
	__u32 len = skb->len - ETH_HLEN + sizeof(outer); /* of the whole super-packet, where it is one */

	if (skb->protocol != bpf_htons(ETH_P_IP) || load_header(skb, ETH_HLEN, &inner))
		return TC_ACT_UNSPEC;
	outer.saddr = node_of(inner.saddr);
	outer.daddr = node_of(inner.daddr);
	if (!outer.saddr || !outer.daddr || outer.saddr == outer.daddr)
		return TC_ACT_UNSPEC;
	if (len > IPV4_LEN_MAX)
		return TC_ACT_SHOT;
	outer.tos = inner.tos;
	outer.tot_len = bpf_htons((__u16)len);
	outer.frag_off = bpf_htons(IPV4_DF); /* never cut, so its identification may be 0 (RFC 6864) */
	outer.check = checksum(&outer);
	if (bpf_skb_adjust_room(skb, sizeof(outer), BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_FIXED_GSO))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &outer, sizeof(outer), 0))
		return TC_ACT_SHOT;
	return TC_ACT_UNSPEC;
}

SEC("tc/ingress")
int ipip_decapsulate(struct __sk_buff *skb)
{
	struct iphdr inner, outer;

	if (skb->protocol != bpf_htons(ETH_P_IP) || load_header(skb, ETH_HLEN, &outer))
		return TC_ACT_UNSPEC;
	if (outer.protocol != IPPROTO_IPIP || outer.ihl != 5 || (outer.frag_off & bpf_htons(IPV4_FRAG)))
		return TC_ACT_UNSPEC;
	if (load_header(skb, ETH_HLEN + sizeof(outer), &inner))
		return TC_ACT_UNSPEC;
	if (outer.saddr != node_of(inner.saddr) || outer.daddr != node_of(inner.daddr))
		return TC_ACT_UNSPEC;
	if (bpf_skb_adjust_room(skb, -(__s32)sizeof(outer), BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO))
		return TC_ACT_SHOT;
	return TC_ACT_UNSPEC;
}

char ipip_license[] SEC("license") = "Dual BSD/GPL";
