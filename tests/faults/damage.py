#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Copies a database with damage in it: bytes changed, a page overwritten, swapped or cut off. Says what it did.

usage: damage.py FROM TO SEED    the same seed does the same damage
"""
import random
import sys

PAGE = 4096


def main():
    if len(sys.argv) != 4 or not sys.argv[3].isdigit():
        sys.exit(__doc__)
    chance = random.Random(int(sys.argv[3]))
    with open(sys.argv[1], "rb") as file:
        data = bytearray(file.read())
    at = chance.randrange(len(data))
    page = at // PAGE * PAGE
    kind = chance.choice(["byte", "byte", "bit", "bytes", "header", "page", "swapped", "cut", "zeros"])
    if kind == "byte":
        data[at] = chance.randrange(256)
    elif kind == "bit":
        data[at] ^= 1 << chance.randrange(8)
    elif kind == "bytes":
        data[at : at + 4] = chance.randbytes(4)[: len(data) - at]
    elif kind == "header":  # of a page: its kind, its cells
        at = page + chance.randrange(12) + (100 if page == 0 else 0)
        data[at] = chance.randrange(256)
    elif kind == "page":
        data[page : page + PAGE] = chance.randbytes(PAGE)
    elif kind == "swapped":
        other = chance.randrange(len(data) // PAGE) * PAGE
        data[page : page + PAGE], data[other : other + PAGE] = data[other : other + PAGE], data[page : page + PAGE]
    elif kind == "cut":
        del data[at:]
    else:
        data[page : page + PAGE] = bytes(PAGE)
    with open(sys.argv[2], "wb") as file:
        file.write(data)
    print(f"{kind} at {at} of {len(data)}")


main()
