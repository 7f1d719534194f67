"""Makes hello.wav: two sentences of espeak-ng (Debian 12) and a bell between them, with a little noise, 16 kHz.

usage: make_hello.py FOLDER. Needs espeak-ng, torch, torchaudio, numpy."""
import subprocess
import sys
import wave

import numpy as np
import torch
import torchaudio

RATE = 16000


def say(text):
    wav = subprocess.run(["espeak-ng", "-v", "en-us+f3", "-s", "165", "--stdout", text], check=True, capture_output=True).stdout
    samples = torch.from_numpy(np.frombuffer(wav[44:], np.int16).astype(np.float32) / 32768)
    return torchaudio.functional.resample(samples, 22050, RATE).numpy()


def silence(seconds):
    return np.zeros(int(seconds * RATE), np.float32)


def bell(seconds):
    t = np.arange(int(seconds * RATE)) / RATE
    return (0.2 * np.exp(-6 * t) * (np.sin(2 * np.pi * 880 * t) + 0.5 * np.sin(2 * np.pi * 2217 * t))).astype(np.float32)


parts = [silence(0.4), 0.7 * say("Good morning."), silence(0.3), bell(0.6), silence(0.1), 0.5 * say("Is anybody there?"), silence(0.4)]
sound = np.concatenate(parts)
sound += np.random.default_rng(7).normal(0, 0.002, len(sound)).astype(np.float32)
with wave.open(f"{sys.argv[1]}/hello.wav", "wb") as out:
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(RATE)
    out.writeframes((sound * 32767).round().clip(-32768, 32767).astype("<i2").tobytes())
