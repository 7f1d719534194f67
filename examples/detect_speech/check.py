"""Compares detect_speech with what silero-vad says of the same sounds (testing/expected.json), to a sample, and tries what
must be refused.

usage: check.py PROGRAM BACKENDS MODEL"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "testing"))
sys.dont_write_bytecode = True
from variants import write  # noqa: E402

program, backends, model = sys.argv[1:]
FLAGS = {"threshold": "--threshold", "min_silence_duration_ms": "--min-silence", "min_speech_duration_ms": "--min-speech", "speech_pad_ms": "--pad"}


def run(*arguments):
    return subprocess.run([program, "-b", backends, "-m", model, *map(str, arguments)], capture_output=True, text=True)


def check_case(case, path):
    options = [text for key, value in case["options"].items() for text in (FLAGS[key], value)]
    done = run("--digits", 6, *options, path)
    assert done.returncode == 0, done.stderr
    got = [[round(float(second) * case["rate"]) for second in line.split(" - ")] for line in done.stdout.splitlines()]
    print(case["variant"], case["rate"], case["options"], got)
    assert got == case["spans"], f"silero-vad says {case['spans']}"


def check_refused(folder):
    (folder / "text.wav").write_text("certainly no sound")
    (folder / "empty.wav").write_bytes(b"")
    for what, code, says in ((folder / "text.wav", 1, "not a WAV file"), (folder / "empty.wav", 1, "not a WAV file"),
                             (folder / "missing.wav", 1, "No such file"), ("--loud", 2, "unknown option")):
        done = run(what)
        print(done.stderr, end="")
        assert done.returncode == code and says in done.stderr and not done.stdout, what


assert run(HERE / "hello.wav").stdout == "0.4 - 1.2\n2.4 - 3.6\n"
with tempfile.TemporaryDirectory() as temporary:
    folder = Path(temporary)
    for case in json.loads((HERE / "testing/expected.json").read_text()):
        if case["variant"] == "8000" and (case["rate"] == 8000) == ("16k" in model):
            continue  # a model that knows 8000 Hz gets them, others get 16000
        path = folder / f"{case['variant']}.wav"
        write(case["variant"], path)
        check_case(case, path)
    check_refused(folder)
