"""The example's sound in other rates and layouts, made with whole numbers alone, so that everybody makes the same."""
import struct
import sys
import wave
from pathlib import Path

HELLO = Path(__file__).resolve().parent.parent / "hello.wav"


def samples():
    with wave.open(str(HELLO)) as sound:
        return list(struct.unpack(f"<{sound.getnframes()}h", sound.readframes(sound.getnframes())))


def variant(name):
    """(rate, channels), each channel a list of samples."""
    mono = samples()
    if name == "16000":
        return 16000, [mono]
    if name == "8000":
        return 8000, [[(a + b) // 2 for a, b in zip(mono[::2], mono[1::2])]]
    if name == "48000-stereo":  # the right channel is the left one, quieter
        left = [s for s in mono for _ in range(3)]
        return 48000, [left, [s // 2 for s in left]]
    if name == "11025":
        return 11025, [[mono[i * 16000 // 11025] for i in range(len(mono) * 11025 // 16000)]]
    if name == "cut":  # ends while somebody speaks, in the middle of a frame
        return 16000, [mono[5000:50001]]
    raise ValueError(name)


def write(name, path):
    rate, channels = variant(name)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack(f"<{len(frame)}h", *frame) for frame in zip(*channels)))


if __name__ == "__main__":
    write(*sys.argv[1:])
