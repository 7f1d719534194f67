"""Prints what rapidocr reads on a picture, in the format of `read_text --boxes`: python make_boxes.py PICTURE.

Made notice_boxes.txt and card_boxes.txt with rapidocr 3.10.0, onnxruntime 1.32 and OpenCV 5.0."""
import sys

import numpy as np
import rapidocr
from PIL import Image

reader = rapidocr.RapidOCR(params={"Global.log_level": "error"})
# rapidocr takes the indices of a palette for grey values, so it gets the pixels (blue, green, red).
result = reader(np.ascontiguousarray(np.array(Image.open(sys.argv[1]).convert("RGB"))[:, :, ::-1]))
for box, text, score in zip(result.boxes, result.txts, result.scores):
    print(f"{score:.3f} ", *(f"({x:.0f},{y:.0f})" for x, y in box), "", text)
