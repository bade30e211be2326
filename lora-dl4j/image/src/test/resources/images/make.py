"""Makes resampled.json and the files beside it with Pillow 11.1.0 of Debian 13 (python3-pil) and numpy: python3 make.py.

resampled.json: images of random and of smooth pixels, and what Image.resize of Pillow makes of them with each filter.
digests.json: SHA-256 of what Pillow makes of larger images, whose pixels are those of a formula.
prepared.json: what the image processors of Transformers compute, by their documented steps, resized by Pillow.
oriented-N.png, oriented-N.jpg: the letter F with EXIF orientation N; oriented.json: as ImageOps.exif_transpose shows it.
kinds of files: see kinds.json, pixels as Pillow's convert("RGB") gives them (16 bits: their upper half).
"""
import base64
import hashlib
import json

import numpy as np
from PIL import Image, ImageOps

FILTERS = {"NEAREST": 0, "LANCZOS": 1, "BILINEAR": 2, "BICUBIC": 3, "BOX": 4, "HAMMING": 5}
random = np.random.default_rng(20)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype=np.uint8).tobytes()).decode()


def noise(width, height, channels=3):
    return random.integers(0, 256, (height, width, channels), dtype=np.uint8)


def smooth(width, height):
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 120 * np.sin(x / 3.0 + c) * np.cos(y / (4.0 + c)) for c in range(3)]
    return np.stack(planes, -1).round().astype(np.uint8)


def edges(width, height):
    """Black and white only: sums overshoot both ends."""
    return (random.integers(0, 2, (height, width, 3)) * 255).astype(np.uint8)


INPUTS = {"noise": noise(13, 9), "smooth": smooth(24, 17), "edges": edges(11, 14), "row": noise(7, 1), "pixel": noise(1, 1)}
SIZES = {"noise": [(5, 4), (13, 4), (5, 9), (29, 31), (1, 1)], "smooth": [(8, 8), (23, 18), (40, 5)],
         "edges": [(4, 5), (22, 28), (7, 14)], "row": [(3, 2), (14, 1)], "pixel": [(3, 2)]}


def resampled():
    cases = []
    for name, array in INPUTS.items():
        for width, height in SIZES[name]:
            for label, code in FILTERS.items():
                result = np.asarray(Image.fromarray(array).resize((width, height), resample=code))
                cases.append({"input": name, "filter": label, "width": width, "height": height, "pixels": text(result)})
    inputs = {name: {"width": a.shape[1], "height": a.shape[0], "pixels": text(a)} for name, a in INPUTS.items()}
    with open("resampled.json", "w") as out:
        json.dump({"pillow": "11.1.0", "inputs": inputs, "cases": cases}, out)


LARGE = [(364, 153, 282, 61), (400, 300, 224, 224), (97, 311, 160, 47), (53, 41, 224, 199), (640, 33, 31, 33),
         (255, 257, 254, 258), (199, 211, 11, 7), (320, 240, 341, 256)]


def formula(width, height):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return ((x * x * 7 + y * y * 13 + x * y * 3 + c * 101 + ((x * 31) ^ (y * 17))) & 255).astype(np.uint8)


def digests():
    cases = []
    for width, height, new_width, new_height in LARGE:
        for label, code in FILTERS.items():
            result = Image.fromarray(formula(width, height)).resize((new_width, new_height), resample=code)
            cases.append({"from": [width, height], "to": [new_width, new_height], "filter": label,
                          "sha256": hashlib.sha256(np.asarray(result).tobytes()).hexdigest()})
    with open("digests.json", "w") as out:
        json.dump(cases, out, indent=1)


def shortest_edge(image, edge, longest=None):
    width, height = image.size
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = edge, int(edge * long / short)
    if longest is not None and new_long > longest:
        new_short, new_long = int(longest * new_short / new_long), longest
    return (new_short, new_long) if width <= height else (new_long, new_short)


def center_crop(array, height, width):
    """As transformers.image_transforms.center_crop: what is too small is padded with zeros."""
    h, w = array.shape[:2]
    top, left = (h - height) // 2, (w - width) // 2
    if top >= 0 and left >= 0 and top + height <= h and left + width <= w:
        return array[top:top + height, left:left + width]
    new_h, new_w = max(height, h), max(width, w)
    padded = np.zeros((new_h, new_w) + array.shape[2:], dtype=array.dtype)
    top_pad, left_pad = -(-(new_h - h) // 2), -(-(new_w - w) // 2)
    padded[top_pad:top_pad + h, left_pad:left_pad + w] = array
    top, left = top + top_pad, left + left_pad
    return padded[max(0, top):min(new_h, top + height), max(0, left):min(new_w, left + width)]


def numbers(array, scale, mean, std):
    x = (array.astype(np.float64) * scale).astype(np.float32)
    if mean is not None:
        x = (x - np.array(mean, dtype=np.float32)) / np.array(std, dtype=np.float32)
    return [float(v) for v in x.transpose(2, 0, 1).ravel()]


def prepared():
    wide, tall, small = smooth(30, 19), noise(15, 26), smooth(9, 6)
    half, clip_mean = [0.5, 0.5, 0.5], [0.48145466, 0.4578275, 0.40821073]
    clip_std = [0.26862954, 0.26130258, 0.27577711]
    cases = []

    def add(name, array, config, framed, scale=1 / 255, mean=half, std=half):
        cases.append({"name": name, "width": array.shape[1], "height": array.shape[0], "pixels": text(array),
                      "config": config, "shape": [framed.shape[0], framed.shape[1]],
                      "numbers": numbers(framed, scale, mean, std)})

    def resize(array, size, code):
        return np.asarray(Image.fromarray(array).resize(size, resample=code))

    for label, array in {"wide": wide, "tall": tall, "small": small}.items():
        image = Image.fromarray(array)
        add("vit, number, " + label, array, {"image_processor_type": "ViTImageProcessor", "size": 8},
            resize(array, (8, 8), 2))
        add("vit fast, height and width, no scale, " + label, array,
            {"image_processor_type": "ViTImageProcessorFast", "size": {"height": 6, "width": 10}, "resample": 3,
             "do_rescale": False, "do_normalize": False}, resize(array, (10, 6), 3), 1, None, None)
        add("vit, old name, another factor, " + label, array,
            {"feature_extractor_type": "ViTFeatureExtractor", "size": 7, "rescale_factor": 0.00784313725490196,
             "resample": 1, "image_mean": [1.0, 0.9, 1.1], "image_std": 0.5},
            resize(array, (7, 7), 1), 0.00784313725490196, [1.0, 0.9, 1.1], [0.5] * 3)
        add("deit, " + label, array,
            {"image_processor_type": "DeiTImageProcessor", "size": {"height": 11, "width": 11},
             "crop_size": {"height": 8, "width": 8}}, center_crop(resize(array, (11, 11), 3), 8, 8))
        add("bit, shortest edge, " + label, array,
            {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 12},
             "crop_size": {"height": 9, "width": 9}},
            center_crop(resize(array, shortest_edge(image, 12), 3), 9, 9), mean=clip_mean, std=clip_std)
        add("bit, shortest and longest edge, padded crop, " + label, array,
            {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 10, "longest_edge": 13},
             "crop_size": {"height": 12, "width": 11}, "resample": 5},
            center_crop(resize(array, shortest_edge(image, 10, 13), 5), 12, 11), mean=clip_mean, std=clip_std)
        edge = int(8 / (224 / 256))
        add("convnext, small, " + label, array, {"image_processor_type": "ConvNextImageProcessor",
                                                 "size": {"shortest_edge": 8}},
            center_crop(resize(array, shortest_edge(image, edge), 2), 8, 8))
        edge = int(9 / 0.95)
        add("convnext, crop_pct, " + label, array,
            {"image_processor_type": "ConvNextImageProcessorFast", "size": 9, "crop_pct": 0.95, "resample": 3},
            center_crop(resize(array, shortest_edge(image, edge), 3), 9, 9))
    with open("prepared.json", "w") as out:
        json.dump(cases, out)


def letter():
    f = np.zeros((16, 10, 3), dtype=np.uint8)
    f[2:14, 2:4] = (255, 255, 255)
    f[2:4, 2:9] = (255, 0, 0)
    f[7:9, 2:7] = (0, 0, 255)
    return np.kron(f, np.ones((4, 4, 1), dtype=np.uint8))


def oriented():
    pixels = {}
    for orientation in range(1, 9):
        image = Image.fromarray(letter())
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.save(f"oriented-{orientation}.png", exif=exif)
        image.save(f"oriented-{orientation}.jpg", exif=exif, quality=95, subsampling=0)
        for kind in ("png", "jpg"):
            shown = ImageOps.exif_transpose(Image.open(f"oriented-{orientation}.{kind}")).convert("RGB")
            pixels[f"oriented-{orientation}.{kind}"] = {
                "width": shown.size[0], "height": shown.size[1], "pixels": text(np.asarray(shown))}
    with open("oriented.json", "w") as out:
        json.dump(pixels, out)


def kinds():
    rgb, grey = smooth(12, 9), noise(12, 9, 1)[:, :, 0]
    rgba = np.concatenate([rgb, noise(12, 9, 1)], -1)
    files = {"rgb.png": Image.fromarray(rgb), "grey.png": Image.fromarray(grey), "rgba.png": Image.fromarray(rgba),
             "palette.png": Image.fromarray(rgb).quantize(16), "bits.png": Image.fromarray(grey).convert("1"),
             "grey-alpha.png": Image.merge("LA", (Image.fromarray(grey), Image.fromarray(grey[::-1].copy()))),
             "grey.jpg": Image.fromarray(smooth(12, 9)[:, :, 0].copy()), "rgb.jpg": Image.fromarray(smooth(24, 17)),
             "progressive.jpg": Image.fromarray(smooth(24, 17))}
    known = {}
    for name, image in files.items():
        options = {"progressive": True, "quality": 90} if name == "progressive.jpg" else {}
        image.save(name, **options)
        shown = Image.open(name).convert("RGB")
        known[name] = {"width": shown.size[0], "height": shown.size[1], "pixels": text(np.asarray(shown))}
    wide = random.integers(0, 65536, (9, 12), dtype=np.uint16)
    Image.fromarray(wide).save("grey16.png")
    known["grey16.png"] = {"width": 12, "height": 9, "pixels": text(np.repeat((wide >> 8)[:, :, None], 3, -1))}
    Image.fromarray(rgb).convert("CMYK").save("cmyk.jpg")
    with open("kinds.json", "w") as out:
        json.dump(known, out)


resampled()
digests()
prepared()
oriented()
kinds()
