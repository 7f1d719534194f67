"""Renders the example's pictures: notice.png (straight, mixed sizes, two columns, one line upside down) and card.png (a
card in perspective with tilted lines). Needs Pillow, numpy and the DejaVu fonts."""
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = "/usr/share/fonts/truetype/dejavu/"


def font(name, size):
    return ImageFont.truetype(f"{FONTS}{name}.ttf", size)


def notice():
    picture = Image.new("RGB", (640, 400), (250, 248, 240))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 640, 78), fill=(28, 68, 92))
    draw.text((28, 18), "The Mortise & Tenon", font=font("DejaVuSerif-Bold", 36), fill=(255, 250, 235))
    draw.text((30, 100), "Joinery since 1897, open daily", font=font("DejaVuSerif", 22), fill=(40, 40, 40))
    body = font("DejaVuSans", 19)
    for row, (left, right) in enumerate([("Oak table", "1,250.00"), ("Walnut stool", "180.50"), ("Repairs, per hour", "42.00")]):
        draw.text((30, 152 + 34 * row), left, font=body, fill=(20, 20, 20))
        draw.text((470, 152 + 34 * row), right, font=body, fill=(20, 20, 20))
    draw.text((30, 268), "No screws. No glue. No nails.", font=font("DejaVuSans-Bold", 26), fill=(150, 40, 30))
    small = font("DejaVuSans", 13)
    draw.text((30, 318), "Cut to the standard, a tenon fits every mortise of its size.", font=small, fill=(60, 60, 60))
    turned = Image.new("RGB", (360, 30), (250, 248, 240))
    ImageDraw.Draw(turned).text((4, 3), "This side is upside down", font=body, fill=(28, 68, 92))
    picture.paste(turned.rotate(180), (250, 354))
    return picture.quantize(24, dither=Image.Dither.NONE)


def card():
    card = Image.new("RGB", (560, 300), (235, 238, 225))
    draw = ImageDraw.Draw(card)
    draw.rectangle((6, 6, 553, 293), outline=(60, 90, 60), width=3)
    draw.text((30, 26), "Dear Marta,", font=font("DejaVuSerif", 34), fill=(30, 30, 60))
    for row, text in enumerate(["the train leaves Lisbon at 14:35", "and arrives in Porto at 17:48.", "Platform 7, carriage 12, seat 84."]):
        draw.text((30, 90 + 42 * row), text, font=font("DejaVuSans", 25), fill=(30, 30, 60))
    draw.text((330, 232), "See you soon!", font=font("DejaVuSerif-BoldItalic", 24), fill=(120, 30, 50))
    # The corners of the card on the table.
    corners = [(70, 96), (612, 34), (640, 300), (38, 424)]
    rows = []
    for (x, y), (u, v) in zip(corners, [(0, 0), (560, 0), (560, 300), (0, 300)]):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    system = np.array(rows, dtype=float)
    coefficients = np.linalg.solve(system[:, :8], system[:, 8])
    table = Image.new("RGB", (680, 460), (122, 92, 66))
    mask = Image.new("L", card.size, 255).transform(table.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    table.paste(card.transform(table.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC), mask=mask)
    return table.quantize(32, dither=Image.Dither.NONE)


for name, make in (("notice", notice), ("card", card)):
    make().save(f"{sys.argv[1]}/{name}.png", optimize=True)
