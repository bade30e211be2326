"""Makes the directories beside it with PyTorch 2.6.0 of Debian 13 (python3-torch): python3 make.py.

Each is a tiny model with random weights whose images are not square, an adapter in PEFT's format, and what the model computes from
them: golden.json, golden.safetensors. The arithmetic is written from the published formulas of the families (arXiv:2010.11929,
2012.12877, 2304.07193, 2201.03545) and of LoRA (arXiv:2106.09685). Positions are chosen as Transformers 4.55 chooses them:

- without interpolation the table is added row by row, and an image has the size of the config;
- with it the rows of the table are a square, whatever image_size says, which torch.nn.functional.interpolate stretches: bicubic,
  align_corners=False; only an image that is square and has as many patches as the table takes the table as it is;
- dinov2 always does so, vit and deit where they are asked to (interpolate_pos_encoding).

Gradients are those of torch.autograd in double precision; each is compared with central differences along a random direction.
"""
import json
import math
import os
import struct

import numpy as np
import torch
from torch.nn import functional

ROWS, CLASSES, RANK, ALPHA, HIDDEN, HEADS, WIDE = 4, 3, 2, 3, 8, 2, 12
RATE, DECAY, STEPS = 0.002, 0.01, 3
HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = {"vit": "ViT", "deit": "DeiT", "dinov2": "Dinov2", "convnext": "ConvNext"}
TOKENS = {"vit": 1, "deit": 2, "dinov2": 1}

# name: family, image_size, patch_size, height and width of the images, whether positions are interpolated
CASES = {}
for family in ("vit", "deit"):
    for label, size in {"1x2": [4, 8], "2x1": [8, 4], "3x5": [12, 20]}.items():
        CASES[f"{family}-{label}"] = (family, size, 4, size, False)
for family in ("vit", "deit", "dinov2"):
    for label, size in {"1x2": [4, 8], "2x1": [16, 8], "3x5": [12, 20], "as-many": [4, 36]}.items():
        CASES[f"{family}-square-to-{label}"] = (family, 12, 4, size, True)
CASES["vit-oblong-patches"] = ("vit", [12, 20], [4, 2], [12, 20], False)
CASES["deit-oblong-patches"] = ("deit", [12, 20], [2, 4], [12, 20], False)
# As many places as a square has: dinov2 takes them for one.
CASES["dinov2-1x4"] = ("dinov2", [4, 16], 4, [4, 16], True)
CASES["dinov2-4x1"] = ("dinov2", [16, 4], 4, [16, 4], True)
CASES["dinov2-1x4-to-3x5"] = ("dinov2", [4, 16], 4, [12, 20], True)
CASES["dinov2-1x4-to-square"] = ("dinov2", [4, 16], 4, [8, 8], True)
for label, size in {"1x2": [4, 8], "2x1": [8, 4], "3x5": [12, 20]}.items():
    CASES[f"convnext-{label}"] = ("convnext", 32, 2, size, False)
CASES["convnext-oblong-patches"] = ("convnext", 32, [2, 4], [12, 40], False)
# What is left beside the last whole patch is not seen.
for family in ("vit", "deit"):
    CASES[f"{family}-3x5-and-a-rest"] = (family, [14, 23], 4, [14, 23], False)
# An oblong table with as many places as a square, where vit and deit are asked to interpolate: no file says so, a call does.
for family in ("vit", "deit"):
    for label, size in {"itself": [4, 16], "4x1": [16, 4], "3x5": [12, 20], "square": [8, 8]}.items():
        CASES[f"asked-{family}-1x4-to-{label}"] = (family, [4, 16], 4, size, True)


def pair(value):
    return value if isinstance(value, list) else [value, value]


def config(family, image, patch):
    fields = {"architectures": [PYTHON[family] + "ForImageClassification"], "hidden_act": "gelu",
              "id2label": {str(i): f"LABEL_{i}" for i in range(CLASSES)}, "image_size": image,
              "label2id": {f"LABEL_{i}": i for i in range(CLASSES)}, "layer_norm_eps": 1e-6, "model_type": family,
              "num_channels": 3, "patch_size": patch}
    if family == "convnext":
        return fields | {"depths": [1, 1], "hidden_sizes": [4, HIDDEN], "layer_scale_init_value": 1e-06, "num_stages": 2}
    fields |= {"hidden_size": HIDDEN, "num_attention_heads": HEADS, "num_hidden_layers": 1, "qkv_bias": True}
    return fields | ({"mlp_ratio": WIDE / HIDDEN, "use_swiglu_ffn": False} if family == "dinov2"
                     else {"intermediate_size": WIDE})


def weights(family, image, patch, random):
    shapes = {}

    def linear(name, out, into):
        shapes[name + ".weight"], shapes[name + ".bias"] = (out, into), (out,)

    def norm(name, width):
        shapes[name + ".weight"], shapes[name + ".bias"] = (width,), (width,)

    def convolution(name, out, into, height, width):
        shapes[name + ".weight"], shapes[name + ".bias"] = (out, into, height, width), (out,)

    if family == "convnext":
        convolution("embeddings.patch_embeddings", 4, 3, *patch)
        norm("embeddings.layernorm", 4)
        for stage, width in enumerate((4, HIDDEN)):
            if stage:
                norm(f"encoder.stages.{stage}.downsampling_layer.0", 4)
                convolution(f"encoder.stages.{stage}.downsampling_layer.1", width, 4, 2, 2)
            layer = f"encoder.stages.{stage}.layers.0."
            convolution(layer + "dwconv", width, 1, 7, 7)
            norm(layer + "layernorm", width)
            linear(layer + "pwconv1", 4 * width, width)
            linear(layer + "pwconv2", width, 4 * width)
            shapes[layer + "layer_scale_parameter"] = (width,)
        norm("layernorm", HIDDEN)
    else:
        places = (image[0] // patch[0]) * (image[1] // patch[1])
        shapes["embeddings.cls_token"] = (1, 1, HIDDEN)
        if family == "deit":
            shapes["embeddings.distillation_token"] = (1, 1, HIDDEN)
        shapes["embeddings.position_embeddings"] = (1, TOKENS[family] + places, HIDDEN)
        convolution("embeddings.patch_embeddings.projection", HIDDEN, 3, *patch)
        layer = "encoder.layer.0."
        for part in ("query", "key", "value"):
            linear(layer + "attention.attention." + part, HIDDEN, HIDDEN)
        linear(layer + "attention.output.dense", HIDDEN, HIDDEN)
        dino = family == "dinov2"
        linear(layer + ("mlp.fc1" if dino else "intermediate.dense"), WIDE, HIDDEN)
        linear(layer + ("mlp.fc2" if dino else "output.dense"), HIDDEN, WIDE)
        norm(layer + ("norm1" if dino else "layernorm_before"), HIDDEN)
        norm(layer + ("norm2" if dino else "layernorm_after"), HIDDEN)
        if dino:
            shapes[layer + "layer_scale1.lambda1"] = shapes[layer + "layer_scale2.lambda1"] = (HIDDEN,)
        norm("layernorm", HIDDEN)
    shapes = {family + "." + name: shape for name, shape in shapes.items()}
    linear("classifier", CLASSES, 2 * HIDDEN if family == "dinov2" else HIDDEN)
    return {name: random.normal(1 if "norm" in name and name.endswith("weight") else 0, 0.5, shape)
            for name, shape in shapes.items()}


class Model:
    """The forward pass, over tensors by their names."""

    def __init__(self, case, tensors, factors):
        self.family, _, _, self.size, self.interpolate = case
        self.patch = pair(case[2])
        self.tensors, self.factors = tensors, factors

    def __getitem__(self, name):
        return self.tensors[f"{self.family}.{name}"]

    def linear(self, x, name):
        return x @ self.weight(f"{self.family}.{name}").T + self[name + ".bias"]

    def weight(self, module):
        weight = self.tensors[module + ".weight"]
        if module + ".lora_A.weight" in self.factors:
            update = self.factors[module + ".lora_B.weight"].flatten(1) @ self.factors[module + ".lora_A.weight"].flatten(1)
            return weight + ALPHA / RANK * update.reshape(weight.shape)
        return weight

    def norm(self, x, name):
        x = x - x.mean(-1, keepdim=True)
        return x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt() * self[name + ".weight"] + self[name + ".bias"]

    def convolution(self, x, name, **how):
        return functional.conv2d(x, self.weight(f"{self.family}.{name}"), self[name + ".bias"], **how)

    def positions(self):
        table, tokens = self["embeddings.position_embeddings"], TOKENS[self.family]
        height, width = self.size
        rows, columns = height // self.patch[0], width // self.patch[1]
        count = table.shape[1] - tokens
        if not self.interpolate or rows * columns == count and height == width:
            return table
        edge = math.isqrt(count)
        picture = table[:, tokens:].reshape(1, edge, edge, HIDDEN).permute(0, 3, 1, 2)
        picture = functional.interpolate(picture, size=(rows, columns), mode="bicubic", align_corners=False)
        return torch.cat([table[:, :tokens], picture.permute(0, 2, 3, 1).reshape(1, rows * columns, HIDDEN)], 1)

    def attention(self, x, name):
        def heads(part):
            return self.linear(x, f"{name}.attention.{part}").reshape(ROWS, -1, HEADS, HIDDEN // HEADS).transpose(1, 2)

        scores = heads("query") @ heads("key").transpose(-1, -2) / math.sqrt(HIDDEN // HEADS)
        mixed = (scores.softmax(-1) @ heads("value")).transpose(1, 2).reshape(ROWS, -1, HIDDEN)
        return self.linear(mixed, f"{name}.output.dense")

    def transformer(self, pixels):
        patches = self.convolution(pixels, "embeddings.patch_embeddings.projection", stride=self.patch)
        tokens = [self["embeddings.cls_token"]]
        if self.family == "deit":
            tokens.append(self["embeddings.distillation_token"])
        tokens = [token.expand(ROWS, 1, HIDDEN) for token in tokens]
        first = torch.cat(tokens + [patches.flatten(2).transpose(1, 2)], 1) + self.positions()
        layer, dino = "encoder.layer.0.", self.family == "dinov2"
        scales = [self[f"{layer}layer_scale{i}.lambda1"] if dino else 1 for i in (1, 2)]
        x = self.attention(self.norm(first, layer + ("norm1" if dino else "layernorm_before")), layer + "attention")
        x = first + scales[0] * x
        wide = self.linear(self.norm(x, layer + ("norm2" if dino else "layernorm_after")),
                           layer + ("mlp.fc1" if dino else "intermediate.dense"))
        x = x + scales[1] * self.linear(functional.gelu(wide), layer + ("mlp.fc2" if dino else "output.dense"))
        last = self.norm(x, "layernorm")
        pooled = last[:, 0]
        head = torch.cat([pooled, last[:, 1:].mean(1)], 1) if dino else pooled
        return {"hidden_states.0": first, "last_hidden_state": last, "pooled": pooled}, head

    def convolutions(self, pixels):
        def channels_last(x, name):
            return self.norm(x.permute(0, 2, 3, 1), name).permute(0, 3, 1, 2)

        first = channels_last(self.convolution(pixels, "embeddings.patch_embeddings", stride=self.patch),
                              "embeddings.layernorm")
        x = first
        for stage in (0, 1):
            if stage:
                down = f"encoder.stages.{stage}.downsampling_layer."
                x = self.convolution(channels_last(x, down + "0"), down + "1", stride=2)
            layer = f"encoder.stages.{stage}.layers.0."
            y = self.convolution(x, layer + "dwconv", padding=3, groups=x.shape[1]).permute(0, 2, 3, 1)
            y = self.linear(functional.gelu(self.linear(self.norm(y, layer + "layernorm"), layer + "pwconv1")), layer + "pwconv2")
            x = x + (self[layer + "layer_scale_parameter"] * y).permute(0, 3, 1, 2)
        pooled = self.norm(x.mean((2, 3)), "layernorm")
        return {"hidden_states.0": first, "last_hidden_state": x, "pooled": pooled}, pooled

    def outputs(self, pixels, labels):
        outputs, head = self.convolutions(pixels) if self.family == "convnext" else self.transformer(pixels)
        saved = self.factors if "classifier.weight" in self.factors else self.tensors
        outputs["logits"] = head @ saved["classifier.weight"].T + saved["classifier.bias"]
        outputs["loss"] = functional.cross_entropy(outputs["logits"], labels).reshape(1)
        return outputs


def targets(family):
    """The convolution over patches among them."""
    return ["patch_embeddings", "pwconv1", "pwconv2"] if family == "convnext" else ["projection", "query", "value"]


def adapter(family, tensors, random):
    factors = {}
    for name, array in tensors.items():
        module = name.removesuffix(".weight")
        if name.endswith(".weight") and module.split(".")[-1] in targets(family):
            # Of a convolution, the first has its window and the second a window of one place.
            factors[module + ".lora_A.weight"] = random.normal(0, 0.5, (RANK, *array.shape[1:]))
            factors[module + ".lora_B.weight"] = random.normal(0, 0.5, (array.shape[0], RANK) + (1,) * (array.ndim - 2))
    for name in ("classifier.weight", "classifier.bias"):
        factors[name] = tensors[name] + random.normal(0, 0.3, tensors[name].shape)
    return factors


def typed(arrays, dtype, learning=False):
    return {name: torch.tensor(np.asarray(array, np.float32), dtype=dtype).requires_grad_(learning)
            for name, array in arrays.items()}


def save(file, tensors):
    """As safetensors: the length of the header, the header, the numbers."""
    names = {np.dtype("float32"): "F32", np.dtype("float64"): "F64", np.dtype("int64"): "I64"}
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, array in sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + body)


def write(file, fields):
    with open(file, "w") as out:
        json.dump(fields, out, indent=1)
        out.write("\n")


def numbers(tensor):
    return tensor.detach().numpy()


def check_differences(case, tensors, factors, gradients, pixels, labels, random):
    """The gradients along a random direction are what the loss changes by."""
    for arrays, index in ((tensors, 0), (factors, 1)):
        direction = {name: torch.tensor(random.normal(0, 1, tuple(t.shape))) for name, t in arrays.items()}
        step, ends = 1e-5, []
        for sign in (1, -1):
            moved = {name: t.detach() + sign * step * direction[name] for name, t in arrays.items()}
            model = Model(case, *((moved, {}) if index == 0 else (tensors, moved)))
            ends.append(model.outputs(pixels, labels)["loss"].item())
        found = sum((gradients[index][name] * direction[name]).sum().item() for name in arrays)
        expected = (ends[0] - ends[1]) / (2 * step)
        assert abs(found - expected) < 1e-6 * max(1, abs(expected)), (case, index, found, expected)


def make(name, case, seed):
    family, image, patch, size, interpolate = case
    random = np.random.default_rng(seed)
    base = weights(family, pair(image), pair(patch), random)
    added = adapter(family, base, random)
    pixels = random.normal(0, 1, (ROWS, 3, *size)).astype(np.float32)
    labels = torch.tensor(random.integers(0, CLASSES, ROWS))
    tensors, factors = typed(base, torch.float64, True), typed(added, torch.float64, True)
    batch = torch.tensor(pixels, dtype=torch.float64)

    plain = Model(case, tensors, {}).outputs(batch, labels)
    plain["loss"].backward()
    norms = {name: 0.0 if t.grad is None else t.grad.norm().item() for name, t in tensors.items()}
    base_gradients = {name: t.grad for name, t in tensors.items()}
    frozen = typed(base, torch.float64)
    adapted = Model(case, frozen, factors).outputs(batch, labels)
    adapted["loss"].backward()
    gradients = {name: t.grad.clone() for name, t in factors.items()}
    check_differences(case, frozen, factors, (base_gradients, gradients), batch, labels, random)

    golden = {key: numbers(value) for key, value in plain.items()}
    golden |= {f"adapter.{key}": numbers(adapted[key]) for key in ("last_hidden_state", "logits", "loss")}
    golden["adapter.merged_logits"] = numbers(adapted["logits"])
    golden |= {f"adapter.grad.base_model.model.{key}": numbers(value) for key, value in gradients.items()}
    optimizer = torch.optim.AdamW(factors.values(), lr=RATE, weight_decay=DECAY)
    losses = []
    for step in range(STEPS + 1):
        optimizer.zero_grad()
        loss = Model(case, frozen, factors).outputs(batch, labels)["loss"]
        losses.append(loss.item())
        if step < STEPS:
            loss.backward()
            optimizer.step()
    golden |= {f"adapter.after3.base_model.model.{key}": numbers(value) for key, value in factors.items()}
    golden |= {"adapter.losses": np.array(losses), "labels": labels.numpy(), "pixel_values": pixels}

    single = Model(case, typed(base, torch.float32), typed(added, torch.float32)).outputs(torch.tensor(pixels), labels)
    error = max(np.abs(numbers(single[key]) - golden[f"adapter.{key}"]).max() for key in ("last_hidden_state", "logits"))

    folder = os.path.join(HERE, name)
    os.makedirs(os.path.join(folder, "adapter"), exist_ok=True)
    write(os.path.join(folder, "config.json"), config(family, image, patch))
    save(os.path.join(folder, "model.safetensors"), {k: v.astype(np.float32) for k, v in base.items()})
    write(os.path.join(folder, "adapter", "adapter_config.json"),
          {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "target_modules": targets(family),
           "modules_to_save": ["classifier"], "bias": "none", "task_type": None})
    save(os.path.join(folder, "adapter", "adapter_model.safetensors"),
         {"base_model.model." + k: v.astype(np.float32) for k, v in added.items()})
    write(os.path.join(folder, "golden.json"),
          {"name": name, "family": family, "inputs": {"rows": ROWS, "image_size": size, "interpolate_pos_encoding": interpolate},
           "loss": "cross-entropy", "training": {"optimizer": "AdamW", "lr": RATE, "weight_decay": DECAY, "steps": STEPS},
           "base_grad_norms": norms,
           "tolerance": {"float64": {"atol": 1e-9, "rtol": 1e-8},
                         "float32": {"outputs_atol": max(2e-5, 10 * float(error)), "loss_atol": 1e-5, "grad_atol": 2e-5,
                                     "after3_atol": 1e-4}},
           "made_with": {"torch": torch.__version__}})
    save(os.path.join(folder, "golden.safetensors"), golden)


for number, (name, case) in enumerate(CASES.items()):
    make(name, case, 700 + number)
