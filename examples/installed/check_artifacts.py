"""check_artifacts.py TENON PROJECT: a generated compiler meets artifacts in the cache that are whole by their checksums, but
wrong. It refuses them, when they are looked at or when the first plan is made, and touches no memory that is not its own.
TENON_ADD_BACKEND_FILES names the built backend of PROJECT, whose name is acme."""
import pathlib
import struct
import subprocess
import sys
import tempfile

M = (1 << 64) - 1
P = (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261)


def rotate(x, by):
    return (x << by | x >> 64 - by) & M


def turn(lane, word):
    return rotate((lane + word * P[1]) & M, 31) * P[0] & M


def xxh64(data, seed=0):
    """The digest of the host's cache."""
    at, digest = 0, (seed + P[4]) & M
    if len(data) >= 32:
        lanes = [(seed + P[0] + P[1]) & M, (seed + P[1]) & M, seed, (seed - P[0]) & M]
        while at + 32 <= len(data):
            lanes = [turn(lane, word) for lane, word in zip(lanes, struct.unpack_from("<4Q", data, at))]
            at += 32
        digest = sum(rotate(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18))) & M
        for lane in lanes:
            digest = ((digest ^ turn(0, lane)) * P[0] + P[3]) & M
    digest = (digest + len(data)) & M
    while at + 8 <= len(data):
        digest = (rotate(digest ^ turn(0, struct.unpack_from("<Q", data, at)[0]), 27) * P[0] + P[3]) & M
        at += 8
    if at + 4 <= len(data):
        digest = (rotate(digest ^ struct.unpack_from("<I", data, at)[0] * P[0] & M, 23) * P[1] + P[2]) & M
        at += 4
    for byte in data[at:]:
        digest = rotate(digest ^ byte * P[4] & M, 11) * P[0] & M
    for shift, factor in ((33, P[1]), (29, P[2])):
        digest = (digest ^ digest >> shift) * factor & M
    return digest ^ digest >> 32


def fnv1a(data):
    digest = 2166136261
    for byte in data:
        digest = (digest ^ byte) * 16777619 & 0xFFFFFFFF
    return digest


COUNTS = 52  # where they are: behind magic (8), fingerprint (40) and checksum (4)
INPUTS, OUTPUTS, VALUES = 0, 1, 2
SECOND = 4 + 5  # the words of the second instruction: op, a, b, out, constant


def changed(file, changes):
    """The cache's file with some words of the artifact changed, and both checksums right again."""
    start = (24 + struct.unpack_from("<Q", file, 16)[0] + 63) // 64 * 64
    head, artifact = bytearray(file[:start]), bytearray(file[start:])
    assert head[8:16] == struct.pack("<Q", xxh64(artifact, xxh64(head[16:]))), "the cache's format is another one"
    assert artifact[48:52] == struct.pack("<I", fnv1a(artifact[COUNTS:])), "the artifact's format is another one"
    for word, value in changes.items():
        struct.pack_into("<I", artifact, COUNTS + 4 * word, value)
    struct.pack_into("<I", artifact, 48, fnv1a(artifact[COUNTS:]))
    struct.pack_into("<Q", head, 8, xxh64(artifact, xxh64(head[16:])))
    return bytes(head + artifact)


def main():
    tenon, project = sys.argv[1], pathlib.Path(sys.argv[2])
    failed = 0
    with tempfile.TemporaryDirectory() as cache:

        def run():
            # Relu(a + b): two inputs, one output, one value inside
            return subprocess.run([tenon, "run", project / "tests/op.onnx", "-b", "acme", "--cache", cache, "--input", "a=zeros:shape=9x3", "--input", "b=zeros:shape=9x3"],
                                  capture_output=True, text=True, timeout=60)

        done = run()
        (path,) = (p for p in pathlib.Path(cache).rglob("*") if p.is_file())
        whole = path.read_bytes()
        assert done.returncode == 0 and changed(whole, {}) == whole, done.stderr
        cases = (("fewer values than inputs and outputs", {VALUES: 2}, 0, "damaged"),
                 ("a sum beyond 32 bits", {INPUTS: 0xFFFFFFFF, OUTPUTS: 2}, 0, "damaged"),
                 ("values that no instruction gives", {VALUES: 1 << 30}, 0, "damaged"),
                 ("fewer inputs than the host has", {INPUTS: 1}, 4, "another segment"),
                 ("an output instead of an input", {INPUTS: 1, OUTPUTS: 2}, 4, "another segment"),
                 ("a value that is given twice", {SECOND + 3: 3}, 4, "does not fit"),
                 ("a value that nobody gave", {SECOND + 1: 2}, 4, "does not fit"),
                 ("an input that is written", {SECOND + 3: 0}, 4, "does not fit"))
        for what, changes, code, says in cases:
            path.write_bytes(changed(whole, changes))
            done = run()
            if done.returncode != code or says not in done.stderr:
                failed += 1
                print(f"FAIL {what}: exit code {done.returncode}, expected {code} and '{says}': {done.stderr}")
    print(f"{len(cases) - failed} of {len(cases)} wrong artifacts are refused")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
