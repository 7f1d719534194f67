"""Architectures that PyTorch exports, small enough that a plain kernel runs them within seconds."""

from . import recurrent, sets, sound, text, vision, vision_detection

ARCHITECTURES = [a for m in (text, recurrent, sound, vision, vision_detection, sets) for a in m.ARCHITECTURES]
