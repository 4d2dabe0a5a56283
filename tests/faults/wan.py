"""A wide area between sites: carries each frame to where it belongs, so many milliseconds later.

    python -I wan.py MILLISECONDS DESCRIPTOR…

Each descriptor is a TAP device in a site. Not every kernel has netem, so the delay is made here. It ends with
its standard input.
"""

import os
import select
import sys
import time
from collections import deque
from contextlib import suppress

LONGEST_FRAME = 65_536


def main(milliseconds: float, lines: list[int]) -> None:
    """Carry frames as long as there is anybody to carry them for."""
    maker = sys.stdin.fileno()
    delay, known, under_way = milliseconds / 1000, {}, deque()
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        ready, _, _ = select.select([maker, *lines], [], [], wait)
        if maker in ready:
            return
        for line in ready:
            with suppress(BlockingIOError):
                while frame := os.read(line, LONGEST_FRAME):
                    known[frame[6:12]] = line
                    under_way.append((time.monotonic() + delay, line, frame))
        while under_way and under_way[0][0] <= time.monotonic():
            _, came_by, frame = under_way.popleft()
            to = known.get(frame[:6])
            for line in lines if to is None else (to,):
                if line != came_by:
                    with suppress(OSError):  # a full line loses it, as lines do
                        os.write(line, frame)


if __name__ == "__main__":
    main(float(sys.argv[1]), [int(one) for one in sys.argv[2:]])
