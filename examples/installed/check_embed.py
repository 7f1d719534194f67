"""check_embed.py PROGRAM MODELS: the programs embed_c and embed_cpp give ONNX Runtime's numbers, and the exit codes that
they promise."""
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime

program, models = sys.argv[1], pathlib.Path(sys.argv[2])


def run(*arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def check_numbers(model, feeds, arguments):
    code, out, err = run(models / model, *arguments)
    assert code == 0, err
    session = onnxruntime.InferenceSession(models / model, providers=["CPUExecutionProvider"])
    for value, expected in zip(session.get_outputs(), session.run(None, feeds)):
        shape, numbers = re.search(rf"^{re.escape(value.name)} \[(.*)\]:(.*?)( \.\.\.)?$", out, re.M).group(1, 2)
        assert shape == ", ".join(map(str, expected.shape)), (shape, expected.shape)
        got = np.array(numbers.split(), np.float32)
        np.testing.assert_allclose(got, expected.reshape(-1)[:8], rtol=1e-4, atol=1e-5)
    print(f"{model}: {out.splitlines()[-1]}")


def check_failure(expected_code, message, *arguments):
    code, _, err = run(*arguments)
    assert code == expected_code and message in err, (arguments, code, err)
    print(err.strip())


picture = np.random.default_rng(1).standard_normal((1, 3, 48, 192), np.float32)
direction = models / "text_direction.onnx"
with tempfile.TemporaryDirectory() as folder:
    raw = pathlib.Path(folder) / "x.raw"
    raw.write_bytes(picture.tobytes())
    check_numbers("text_direction.onnx", {"x": picture}, [f"x=1x3x48x192:@{raw}"])
    check_failure(2, str(4 * 3 * 48 * 100), direction, f"x=1x3x48x100:@{raw}")
silero = {"input": np.full((1, 576), 0.1, np.float32), "state": np.ones((2, 1, 128), np.float32), "sr": np.array(16000)}
check_numbers("silero_vad.onnx", silero, ["-b", "reference", "input=1x576:0.1", "sr=16000"])

check_failure(2, "is not understood", direction, "-x")
check_failure(2, "y", direction, "y=1")
check_failure(2, "SHAPE has too many dimensions", direction, "x=1x2x3x4x5:1")
check_failure(2, "dimension 1 is 4 instead of 3", direction, "x=1x4x48x192:1")
check_failure(3, "missing.onnx", models / "missing.onnx")
check_failure(3, "nobody", direction, "-b", "nobody")
check_failure(4, "timeout", direction, "-t", "0.001", "x=1x3x48x192:1")
