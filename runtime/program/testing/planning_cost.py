#!/usr/bin/env python3
"""Instructions a node for resolving shapes and for planning memory, counted by callgrind: planning_cost.py BINARY.

The counts are slopes between two numbers of runs, so that what happens once does not count. Exit code 1 where they are
above the limits, 77 where valgrind is missing.
"""
import re
import shutil
import subprocess
import sys
import tempfile

NODES = 300
LIMITS = {"ResolveShapes": 1200, "PlanMemory": 1500}


def count(binary, runs, function):
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
                   f"--toggle-collect=tenon::program::{function}*", binary, str(NODES), str(runs)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def main():
    if not shutil.which("valgrind"):
        print("valgrind is missing")
        return 77
    failed = False
    for function, limit in LIMITS.items():
        few, many = (count(sys.argv[1], runs, function) for runs in (8, 24))
        each = (many - few) / 16 / NODES
        print(f"{function}: {each:.0f} instructions a node (limit {limit})")
        failed |= each > limit
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
