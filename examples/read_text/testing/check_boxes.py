"""Compares `read_text --boxes` with what rapidocr found: the same texts in the same order, corners within 2 pixels, scores
within 0.02.

usage: check_boxes.py PROGRAM BACKENDS MODELS PICTURE EXPECTED"""
import re
import subprocess
import sys

program, backends, models, picture, expected = sys.argv[1:]


def parse(line):
    score, corners, text = re.fullmatch(r"([\d.]+)  ((?:\(\d+,\d+\) ){4}) (.*)", line).groups()
    return float(score), [int(n) for n in re.findall(r"\d+", corners)], text


said = subprocess.run([program, "--boxes", "-b", backends, "-m", models, picture], check=True, capture_output=True, text=True).stdout
print(said, end="")
got = [parse(line) for line in said.splitlines()]
want = [parse(line) for line in open(expected, encoding="utf-8").read().splitlines()]
assert [g[2] for g in got] == [w[2] for w in want], "other texts than rapidocr"
for (score, corners, text), (want_score, want_corners, _) in zip(got, want):
    assert abs(score - want_score) <= 0.02, f"{text}: score {score}, rapidocr's is {want_score}"
    assert max(abs(a - b) for a, b in zip(corners, want_corners)) <= 2, f"{text}: at {corners}, rapidocr's is at {want_corners}"
