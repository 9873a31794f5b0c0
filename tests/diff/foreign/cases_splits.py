"""cases_splits - heads of 1 to 60 KB, cut in two at every awkward place: tshark puts them together, and so must we."""
from __future__ import annotations

import random

from case import case
from http_text import Request, b3, w3c
from traffic import Run

KIB = 1024
N_PLACES = 14


def places_of(request: Request, dice: random.Random) -> list[int]:
    """Where a head is cut: around its ids and its end, at 1 and 16 KB borders, in the request line, and anywhere."""
    end = request.head_len
    borders = [at + off for at in (KIB, 16 * KIB, 32 * KIB, 48 * KIB) for off in (-1, 0, 1)]
    wanted = [1, 4, 5, 30, request.ids_end - 1, request.ids_end, request.ids_end + 1, request.ids_end - 20, end - 1,
              end - 2, end - 3, end - 4, *borders]
    wanted += [dice.randrange(1, end) for _ in range(N_PLACES)]
    return sorted({place for place in wanted if 0 < place < end})


def split_everywhere(run: Run, kib: int) -> None:
    """Heads of about that size, the context first, in the middle and last, each cut once at each place."""
    dice = random.Random(f"splits {kib}")
    conn = run.connection()
    conn.open()
    rest = kib * KIB - 300
    for make in (w3c, b3):
        for before in (0, rest // 2, rest):
            for place in places_of(make(run.ids(), before, rest - before), dice):
                for piece in conn.split(make(run.ids(), before, rest - before), place):
                    run.carry(conn, piece)
            conn.answer()
    conn.close()


def splits_case(kib: int) -> None:
    """Registers the case of a size."""
    def build(run: Run) -> None:
        split_everywhere(run, kib)

    build.__name__ = f"splits_{kib}_kib"
    build.__doc__ = f"Heads of {kib} KB in two segments."
    case(unmatched={})(build)


for size in (1, 2, 4, 8, 16, 32, 60):
    splits_case(size)
