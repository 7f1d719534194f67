"""A session of Tenon for scripts: the program run_session behind a pipe, tensors through npy files."""
import json
import os
import subprocess

import numpy as np


# Freed memory goes back to the system at once, not to the heap of the thread that had it: resident memory tells what is held.
GIVE_BACK = "glibc.malloc.mmap_threshold=1048576"


class TenonError(RuntimeError):
    pass


class SessionEnded(TenonError):
    """The session could not be opened, or the program crashed."""


class TenonSession:
    """One session. `statistics` are those after the last run (run_session.cc)."""

    def __init__(self, program, model, folder, arguments=(), layers="validate"):
        self.folder, self.statistics, self.runs = folder, {}, 0
        self.log = open(f"{folder}/stderr", "w+")
        self.process = subprocess.Popen([program, model, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        text=True, env={"GLIBC_TUNABLES": GIVE_BACK, **os.environ, "TENON_LAYERS": layers})

    def run(self, feeds):
        """Outputs in the model's order. `feeds` are arrays."""
        for index, value in enumerate(feeds.values()):
            np.save(f"{self.folder}/input_{index}.npy", value)
        inputs = {name: f"@{self.folder}/input_{index}.npy" for index, name in enumerate(feeds)}
        try:
            self.process.stdin.write(json.dumps({"inputs": inputs, "output_dir": self.folder}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise SessionEnded(f"the session ended: exit {self.process.wait()}: {self.messages()[-2000:].strip()}")
        answer = json.loads(line)
        self.statistics = answer["statistics"]
        self.runs += 1
        if "error" in answer:
            raise TenonError(answer["error"])
        return [np.load(path) for path in answer["outputs"]]

    def messages(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def close(self):
        """Ends the process; what it or the validation layer had to say against the run is an error."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        code = self.process.wait(timeout=600)
        self.process.stdout.close()
        text = self.messages()
        self.log.close()
        complaints = [line for line in text.splitlines() if "validate" in line and not line.startswith("tenon: info: ")]
        if code or complaints:
            raise TenonError("\n".join([f"exit {code}", *complaints[:5], text[-2000:]]))
