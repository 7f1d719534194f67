"""Writes expected.json: what silero-vad 6.2.3 says of the variants of hello.wav with several options.

usage: make_expected.py. Needs silero-vad==6.2.3, torch, torchaudio, onnxruntime."""
import json
from pathlib import Path

import torch
import torchaudio
from silero_vad import get_speech_timestamps, load_silero_vad

from variants import variant

OPTIONS = [{}, {"threshold": 0.9}, {"threshold": 0.1, "min_silence_duration_ms": 0, "speech_pad_ms": 0},
           {"min_silence_duration_ms": 2000}, {"min_speech_duration_ms": 1000}, {"speech_pad_ms": 900}]
model = load_silero_vad(onnx=True)
cases = []
for name in ("16000", "8000", "48000-stereo", "11025", "cut"):
    rate, channels = variant(name)
    sound = torch.tensor(channels, dtype=torch.float32).mean(dim=0) / 32768
    for rates in ((rate,), (16000,)) if rate == 8000 else ((16000,),):
        at = rates[0]
        listened = sound if at == rate else torchaudio.functional.resample(sound, rate, at)
        for options in OPTIONS if name == "16000" else OPTIONS[:1]:
            spans = get_speech_timestamps(listened, model, sampling_rate=at, **options)
            cases.append({"variant": name, "rate": at, "options": options, "spans": [[s["start"], s["end"]] for s in spans]})
text = ",\n".join(json.dumps(case) for case in cases)
(Path(__file__).parent / "expected.json").write_text(f"[\n{text}\n]\n")
