"""capfile - writes captured frames as pcap or pcapng, to the nanosecond and byte for byte as the formats say.

Scapy's own writers keep stamps as floating point, which loses nanoseconds; so the two file headers are packed here,
and one format (`pcapng-editcap`) is left to Wireshark's editcap, so that not every file comes from one hand.
"""
from __future__ import annotations

import gzip
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

LINKTYPE = {"ether": 1, "raw": 101, "sll": 113, "raw4": 228, "raw6": 229, "sll2": 276}
SNAPLEN = 262144


@dataclass(frozen=True)
class Captured:
    """One frame as a capture holds it: `data` may be shorter than the frame was on the wire."""

    ts_ns: int
    data: bytes
    wire_len: int


def _pcap(frames: Sequence[Captured], linktype: int, nano: bool, endian: str) -> bytes:
    """The classic format; the magic number says resolution and byte order."""
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    unit = 1 if nano else 1000
    parts = [struct.pack(endian + "IHHiIII", magic, 2, 4, 0, 0, SNAPLEN, linktype)]
    for frame in frames:
        seconds, rest = divmod(frame.ts_ns, 1_000_000_000)
        parts.append(struct.pack(endian + "IIII", seconds, rest // unit, len(frame.data), frame.wire_len))
        parts.append(frame.data)
    return b"".join(parts)


def _block(kind: int, body: bytes, endian: str) -> bytes:
    """A pcapng block: its length stands before and after its body."""
    length = len(body) + 12
    return struct.pack(endian + "II", kind, length) + body + struct.pack(endian + "I", length)


def _option(code: int, value: bytes, endian: str) -> bytes:
    """A pcapng option, padded to 32 bits."""
    return struct.pack(endian + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def _interface(linktype: int, resolution: bytes, endian: str) -> bytes:
    """An interface description; `resolution` is the value of if_tsresol, empty for the default of microseconds."""
    options = _option(2, b"eth0", endian)
    if resolution:
        options += _option(9, resolution, endian)
    options += _option(0, b"", endian)
    return _block(1, struct.pack(endian + "HHI", linktype, 0, SNAPLEN) + options, endian)


def _packet(frame: Captured, interface: int, ticks: int, endian: str) -> bytes:
    """An enhanced packet block with a comment, which a reader has to step over."""
    body = struct.pack(endian + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(frame.data), frame.wire_len)
    body += frame.data + b"\0" * (-len(frame.data) % 4)
    body += _option(1, b"seen", endian) + _option(0, b"", endian)
    return _block(6, body, endian)


def _section(endian: str) -> bytes:
    """A section header of unknown length."""
    return _block(0x0A0D0D0A, struct.pack(endian + "IHHq", 0x1A2B3C4D, 1, 0, -1), endian)


def _pcapng(frames: Sequence[Captured], linktype: int, endian: str, resolution: bytes, unit: int) -> bytes:
    """One section, one interface, and an interface statistics block at the end."""
    parts = [_section(endian), _interface(linktype, resolution, endian)]
    parts += [_packet(frame, 0, frame.ts_ns // unit, endian) for frame in frames]
    parts.append(_block(5, struct.pack(endian + "III", 0, 0, 0), endian))
    return b"".join(parts)


def _editcap(content: bytes, directory: Path) -> bytes:
    """What Wireshark makes of a pcap when it writes pcapng."""
    source, result = directory / "editcap.in", directory / "editcap.out"
    source.write_bytes(content)
    subprocess.run(["editcap", "-F", "pcapng", source, result], check=True, stdout=subprocess.DEVNULL)
    converted = result.read_bytes()
    source.unlink()
    result.unlink()
    return converted


def _encode(frames: Sequence[Captured], linktype: int, form: str, directory: Path) -> bytes:
    """The file's bytes before compression."""
    match form:
        case "pcap":
            return _pcap(frames, linktype, True, "<")
        case "pcap-us":
            return _pcap(frames, linktype, False, "<")
        case "pcap-be":
            return _pcap(frames, linktype, True, ">")
        case "pcap-us-be":
            return _pcap(frames, linktype, False, ">")
        case "pcapng":
            return _pcapng(frames, linktype, "<", b"\x09", 1)
        case "pcapng-us":
            return _pcapng(frames, linktype, "<", b"", 1000)
        case "pcapng-be":
            return _pcapng(frames, linktype, ">", b"\x09", 1)
        case "pcapng-editcap":
            return _editcap(_pcap(frames, linktype, True, "<"), directory)
    raise ValueError(f"no such form: {form}")


def resolution_ns(form: str) -> int:
    """The step of the stamps that a form can hold."""
    return 1000 if "-us" in form else 1


def store(directory: Path, point: str, frames: Sequence[Captured], link: str, form: str) -> Path:
    """Writes a point's capture; `form` is a format of _encode, with `.gz` or `.zst` after it if compressed."""
    base, _, compression = form.partition(".")
    content = _encode(frames, LINKTYPE[link], base, directory)
    path = directory / f"{point}.{base.partition('-')[0]}"
    if compression == "gz":
        path = path.with_name(path.name + ".gz")
        path.write_bytes(gzip.compress(content, mtime=0))
    elif compression == "zst":
        path = path.with_name(path.name + ".zst")
        subprocess.run(["zstd", "-q", "-f", "-o", path], input=content, check=True)
    else:
        path.write_bytes(content)
    return path
