#!/usr/bin/env python3
"""Recomputes the live-set bound of a program from its JSON and compares the arenas with it.

usage: check_arena_bound.py --tenon PROGRAM [-b BACKENDS] [--ratio 1.05] MODEL.onnx...    (open dimensions are 1)

Independent of the planner: lifetimes, reuse in place and workspaces are read from the steps. Exit code 1 where an arena
is larger than ratio times the bound, where values overlap, or where the program's own bound is another.
"""
import argparse
import json
import subprocess
import sys


def base_of(physical, p):
    while physical[p]["home"] == "alias":
        p = physical[p]["index"]
    return p


def align(size, to):
    return (size + to - 1) // to * to


def lifetimes(program):
    """First and last step of every base; host memory used by a queue is taken until the host waited behind the use."""
    physical, steps, devices = program["physical"], program["steps"], program["devices"]
    first, last = {}, {}
    known = [[-1] * len(devices) for _ in devices]  # by queue: what it knows of the others
    fences, pending = {}, []
    for s, step in enumerate(steps):
        device = step["device"]
        if step["kind"] == "signal":
            known[device][device] = s
            fences[step["fence"]] = list(known[device])
        elif step["kind"] == "queue_wait":
            known[device] = [max(a, b) for a, b in zip(known[device], fences[step["fence"]])]
        elif step["kind"] == "host_wait":
            reached = fences[step["fence"]]
            for base, on, at in pending:
                if at <= reached[on]:
                    last[base] = max(last[base], s)
            pending = [use for use in pending if use[2] > reached[use[1]]]
        else:
            for p in step["outputs"] + step["inputs"]:
                if p < 0:
                    continue
                base = base_of(physical, p)
                first.setdefault(base, s)
                last[base] = s
                if physical[base]["memory"] == 0 and devices[device]["asynchronous"]:
                    pending.append((base, device, s))
    for base, _, _ in pending:
        last[base] = len(steps)
    for p in program["output_physical"]:
        if p >= 0 and base_of(physical, p) in last:
            last[base_of(physical, p)] = len(steps)
    return first, last


def merge(program, first, last):
    """Reuse in place: maps a base to the base whose bytes it takes over, and extends that one's life."""
    physical = program["physical"]
    owner = {base: base for base in first}
    end, taken = dict(last), set()
    for s, step in enumerate(program["steps"]):
        for i, o in step.get("in_place", []):
            if i >= len(step["inputs"]) or o >= len(step["outputs"]):
                continue
            a, b = step["inputs"][i], step["outputs"][o]
            if a < 0 or b < 0:
                continue
            a, b = base_of(physical, a), base_of(physical, b)
            alone = sum(p >= 0 and base_of(physical, p) == a for p in step["inputs"]) == 1
            if not alone or a in taken or owner[b] != b or first[b] != s or last[a] != s or end[owner[a]] != s:
                continue
            x, y = physical[a], physical[b]
            if "bytes" not in x or x["memory"] != y["memory"] or x["bytes"] != y.get("bytes"):
                continue
            if x["home"] != "arena" or y["home"] != "arena":
                continue
            taken.add(a)
            owner[b] = owner[a]
            end[owner[a]] = last[b]
    return owner, end


def buffers_of(program):
    """(memory, block, offset, aligned bytes, first, last, name) of everything in arenas."""
    physical, memories = program["physical"], program["memories"]
    first, last = lifetimes(program)
    owner, end = merge(program, first, last)
    buffers = []
    for base in first:
        value = physical[base]
        if value["home"] != "arena" or owner[base] != base or "bytes" not in value:
            continue
        size = align(value["bytes"], memories[value["memory"]]["alignment"])
        name = program["logical"][value["logical"]]["name"]
        buffers.append((value["memory"], value["block"], value["offset"], size, first[base], end[base], name))
    for s, step in enumerate(program["steps"]):
        if "workspace" not in step:
            continue
        space = step["workspace"]
        size = align(space["bytes"], memories[space["memory"]]["alignment"])
        stays = space["memory"] == 0 and program["devices"][step["device"]]["asynchronous"]
        until = len(program["steps"]) if stays else s
        buffers.append((space["memory"], space["block"], space["offset"], size, s, until, f"workspace of {step['title']}"))
    return buffers


def check_program(program, most):
    """Prints a line an arena; gives what is wrong."""
    wrong = []
    buffers = buffers_of(program)
    for memory, arena in enumerate(program["arenas"]):
        own = [b for b in buffers if b[0] == memory]
        bound = 0
        for s in range(len(program["steps"])):
            bound = max(bound, sum(b[3] for b in own if b[4] <= s <= b[5]))
        for i, a in enumerate(own):
            for b in own[i + 1:]:
                in_time = a[4] <= b[5] and b[4] <= a[5]
                in_space = a[1] == b[1] and a[2] < b[2] + b[3] and b[2] < a[2] + a[3]
                if in_time and in_space:
                    wrong.append(f"memory {memory}: {a[6]} and {b[6]} overlap")
        ratio = arena["bytes"] / bound if bound else 1.0
        print(f"memory {memory}: arena {arena['bytes']}, bound {bound}, ratio {ratio:.4f}, {len(own)} buffers", flush=True)
        if ratio > most or arena["lower_bound"] != bound:
            wrong.append(f"memory {memory}: expected at most {most} of the bound, which the program says is {arena['lower_bound']}")
    return wrong


def inspect(tenon, model, *flags):
    return json.loads(subprocess.run([tenon, "inspect", model, "--json", *flags], stdout=subprocess.PIPE, text=True, check=True).stdout)


def program_of(tenon, model, backends):
    dims = {d for value in inspect(tenon, model)["inputs"] for d in value["shape"] if isinstance(d, str)}
    flags = [flag for d in sorted(dims) for flag in ("--dim", f"{d}=1")]
    return inspect(tenon, model, "--stage", "program", "-b", backends, *flags)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--tenon", required=True)
    parser.add_argument("-b", "--backends", default="reference")
    parser.add_argument("--ratio", type=float, default=1.05)
    arguments = parser.parse_args()
    wrong = []
    for model in arguments.models:
        print(model, flush=True)
        wrong += check_program(program_of(arguments.tenon, model, arguments.backends), arguments.ratio)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
