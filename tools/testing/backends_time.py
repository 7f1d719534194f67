#!/usr/bin/env python3
"""`tenon backends` takes at most 30 ms more than a program that loads the same libraries.

usage: backends_time.py TENON LOAD_LIBRARIES LIBRARY...

The least of 20 runs each, in turn, so that other work on the machine counts on neither side; where that is more, of up to
200, for on a busy machine few runs are undisturbed.
"""
import subprocess
import sys
import time

MOST_MS = 30


def milliseconds(command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1e3


def main():
    tenon, load, *libraries = sys.argv[1:]
    listed = loaded = float("inf")
    for count in range(1, 201):
        listed = min(listed, milliseconds([tenon, "backends"]))
        loaded = min(loaded, milliseconds([load, *libraries]))
        if count >= 20 and listed - loaded <= MOST_MS:
            break
    print(f"tenon backends: {listed:.1f} ms; loading {len(libraries)} libraries: {loaded:.1f} ms; {listed - loaded:.1f} ms more (at most {MOST_MS})")
    sys.exit(listed - loaded > MOST_MS)


if __name__ == "__main__":
    main()
