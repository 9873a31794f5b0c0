/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_pcap - the floor under ingest's reading of packet captures: libpcap hands out every packet, and each is touched.
 *
 *	read_pcap FILE...
 *
 * Prints how many packets and bytes there were.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	uint64_t n = 0, n_bytes = 0;
	uint32_t sum = 0;

	for (int i = 1; i < argc; i++) {
		char text[PCAP_ERRBUF_SIZE];
		pcap_t *pcap = pcap_open_offline_with_tstamp_precision(argv[i], PCAP_TSTAMP_PRECISION_NANO, text);
		struct pcap_pkthdr *header;
		const u_char *bytes;
		int rc;

		if (!pcap) {
			fprintf(stderr, "read_pcap: %s\n", text);
			return 1;
		}
		while ((rc = pcap_next_ex(pcap, &header, &bytes)) == 1) {
			n++;
			n_bytes += header->caplen;
			sum += header->caplen ? bytes[0] : 0u;
		}
		if (rc == PCAP_ERROR) {
			fprintf(stderr, "read_pcap: %s: %s\n", argv[i], pcap_geterr(pcap));
			return 1;
		}
		pcap_close(pcap);
	}
	printf("%llu packets, %llu bytes, %u\n", (unsigned long long)n, (unsigned long long)n_bytes, sum);
	return 0;
}
