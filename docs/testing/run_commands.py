#!/usr/bin/env python3
"""Runs the commands that the documents show, against an installed and moved prefix.

usage: run_commands.py REPOSITORY BUILD CMAKE MODELS [PAGE...]

Of each page, in its order and in an empty folder of its own: a block that begins ```cpp NAME (any language, and a file's
name) is written to that file; a block that begins ```sh is run by bash, and ends the page where a command fails, also one
that writes into a pipe: `head` reads to the end here, so that nobody before it dies of SIGPIPE (exit code 141). A line
with a comment "# exit N" must end with that code. Blocks without a language are not run. The folder has model.onnx (the
text-direction classifier, in ANY_MODEL with fixed sizes) and picture.png; PATH begins with the prefix's bin, which is
build/bin, too; PREFIX is the prefix. Prints each command that failed, and "N pages, N blocks, N failed".
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import onnx

PAGES = ["README.md", "docs/install.md", "docs/command_line.md", "docs/application.md", "docs/performance.md", "docs/vendor.md",
         "docs/backends.md"]
ANY_MODEL = {"README.md", "docs/install.md"}  # their commands give no sizes


def blocks(text):
    """(language, file name or "", content) of each fenced block."""
    return [(m[1], m[2], m[3]) for m in re.finditer(r"^```(\S+)(?: +(\S+))?\n(.*?)^```$", text, re.M | re.S)]


def script(content):
    """The commands as a script that stops at the first wrong exit code."""
    lines = ['head() { command head "$@"; cat >/dev/null; }']
    for line in content.splitlines():
        expected = re.search(r"# exit (\d+)$", line)
        if expected:
            line = f"code=0; {line[: expected.start()].rstrip()} || code=$?; [ $code = {expected[1]} ] || {{ echo \"exit code $code\"; exit 99; }}"
        lines.append(line)
    return "\n".join(lines)


def run_page(root, page, prefix, models):
    done = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        model = onnx.load(os.path.join(models, "text_direction.onnx"))
        if page in ANY_MODEL:
            for dim, size in zip(model.graph.input[0].type.tensor_type.shape.dim, [1, 3, 48, 192]):
                dim.dim_value = size
        onnx.save(model, os.path.join(folder, "model.onnx"))
        shutil.copy(os.path.join(root, "examples/text_direction/upright.png"), os.path.join(folder, "picture.png"))
        os.mkdir(os.path.join(folder, "build"))
        os.symlink(os.path.join(prefix, "bin"), os.path.join(folder, "build/bin"))
        path = os.pathsep.join([os.path.join(prefix, "bin"), os.path.dirname(sys.executable), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "PREFIX": prefix, "CMAKE_PREFIX_PATH": prefix}
        for language, name, content in blocks(open(os.path.join(root, page)).read()):
            if name:
                os.makedirs(os.path.dirname(os.path.join(folder, name)) or folder, exist_ok=True)
                with open(os.path.join(folder, name), "w") as file:
                    file.write(content)
            elif language == "sh":
                done += 1
                run = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", script(content)], cwd=folder, env=environment,
                                     stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
                if run.returncode:
                    failed += 1
                    print(f"FAIL {page}, exit code {run.returncode}:\n{content}{run.stdout[-1500:]}{run.stderr[-1500:]}")
                    break
    return done, failed


def main():
    root, build, cmake, models, *pages = sys.argv[1:]
    pages = pages or PAGES
    total = failures = 0
    with tempfile.TemporaryDirectory() as work:
        made, prefix = os.path.join(work, "made"), os.path.join(work, "moved")
        subprocess.run([cmake, "--install", build, "--prefix", made], check=True, stdout=subprocess.DEVNULL)
        os.rename(made, prefix)
        for page in pages:
            done, failed = run_page(root, page, prefix, models)
            total, failures = total + done, failures + failed
    print(f"{len(pages)} pages, {total} blocks, {failures} failed")
    sys.exit(bool(failures) or total < len(pages))


if __name__ == "__main__":
    main()
