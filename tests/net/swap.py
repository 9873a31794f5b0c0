#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Swaps frames: reads them at one device and sends every two in reverse order out of another.

A frame without a second one within HOLD_S goes on alone. Offloads travel with the frames (PACKET_VNET_HDR), so that
super-packets and unfinished checksums come out as they went in. What is sent carries HOLD_MARK (fault.bpf.c). Ends on
SIGTERM; a line on stdout says that it listens.

Usage: swap.py FROM_DEVICE TO_DEVICE
"""
import socket
import sys

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_VNET_HDR = 15
PACKET_OUTGOING = 4
SO_MARK = 36
HOLD_MARK = 902
HOLD_S = 0.02
FRAME_MAX = 1 << 17


def open_socket():
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_MARK, HOLD_MARK)
    return sock


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = open_socket(), open_socket()
    source.bind((sys.argv[1], ETH_P_ALL))
    target.bind((sys.argv[2], 0))  # protocol 0: sends, and receives nothing
    print("listening", flush=True)
    held = None
    while True:
        source.settimeout(HOLD_S if held else None)
        try:
            frame, address = source.recvfrom(FRAME_MAX)
        except TimeoutError:
            frame, address = None, None
        if frame and address[2] == PACKET_OUTGOING:
            continue
        if held is None:
            held = frame
            continue
        if frame:
            target.send(frame)
        target.send(held)
        held = None


if __name__ == "__main__":
    main()
