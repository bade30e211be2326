# SPDX-License-Identifier: Apache-2.0
"""Makes reference.json: combined updates computed with NumPy (float64) from the formulas that PEFT's documentation and the
papers on TIES (arXiv 2306.01708) and DARE (arXiv 2311.03099) give, for the algorithms that no case of PEFT covers.
"peft": true counts the scaling twice in the algorithms that end in svd, as PEFT does. Run: python3 reference.py"""
import json
import numpy as np

rng = np.random.default_rng(7)
SHAPES = {  # kind: (A behind the rank, outputs)
    "linear": ((6,), 5),
    "embedding": ((7,), 4),
    "convolution": ((2, 3, 3), 4),
}


def update(kind, a, b, scaling):
    delta = scaling * b.reshape(b.shape[0], -1) @ a.reshape(a.shape[0], -1)
    return delta.T if kind == "embedding" else delta


def prune(t, density, how, mask):
    if how == "magnitude":
        k = int(density * t.size)
        keep = np.zeros(t.size)
        keep[np.argsort(-np.abs(t).ravel(), kind="stable")[:k]] = 1
        return t * keep.reshape(t.shape)
    return t * mask.reshape(t.shape) / density if how == "random" else t


def join(tensors, weights, elected, sign):
    stack = np.stack(tensors)
    w = np.array(weights).reshape((-1,) + (1,) * (stack.ndim - 1))
    if not elected:
        return (w * stack).sum(0)
    votes = stack.sum(0) if sign == "TOTAL" else np.sign(stack).sum(0)
    agree = np.sign(stack) == np.where(votes >= 0, 1, -1)
    return (w * stack * agree).sum(0) / np.maximum(agree.sum(0), 1)


def svd(kind, delta, rank, clamp):
    u, s, vt = np.linalg.svd(delta, full_matrices=False)
    b, a = u[:, :rank] * s[:rank], vt[:rank]
    if kind == "embedding":  # PEFT turns embeddings before the decomposition
        u, s, vt = np.linalg.svd(delta.T, full_matrices=False)
        b, a = u[:, :rank] * s[:rank], vt[:rank]
    if clamp is not None:
        limit = np.quantile(np.abs(np.concatenate([b.ravel(), a.ravel()])), clamp)
        b, a = np.clip(b, -limit, limit), np.clip(a, -limit, limit)
    return (b @ a).T if kind == "embedding" else b @ a


HOW = {
    "LINEAR": (None, False), "SVD": (None, False), "TIES": ("magnitude", True), "DARE_LINEAR": ("random", False),
    "DARE_TIES": ("random", True), "MAGNITUDE_PRUNE": ("magnitude", False),
}


def case(kind, algorithm, ranks, weights, rank=None, density=None, sign="TOTAL", peft=False, clamp=None):
    tail, outputs = SHAPES[kind]
    alphas = [3.0, 5.0, 2.0][: len(ranks)]
    adapters, parts = [], {"lora_A": [], "lora_B": [], "delta": []}
    for r, alpha in zip(ranks, alphas):
        a = rng.normal(size=(r,) + tail).astype(np.float32).astype(np.float64)
        b = rng.normal(size=(outputs, r) + (1,) * (len(tail) - 1)).astype(np.float32).astype(np.float64)
        parts["lora_A"].append(a)
        parts["lora_B"].append(b.reshape(outputs, r))
        parts["delta"].append(update(kind, a, b, alpha / r))
        adapters.append({"rank": r, "alpha": alpha, "a": a.ravel().tolist(), "aShape": list(a.shape),
                         "b": b.ravel().tolist(), "bShape": list(b.shape)})
    base = algorithm.removesuffix("_SVD")
    how, elected = HOW[base]
    on_updates = algorithm.endswith("SVD")
    scalings = [alpha / r for r, alpha in zip(ranks, alphas)]
    masks, joined = {}, {}
    for part in ("delta",) if on_updates else ("lora_A", "lora_B"):
        tensors = []
        for i, t in enumerate(parts[part]):
            mask = (rng.random(t.size) < (density or 1)).astype(float)
            if how == "random":
                masks[f"{part}.{i}"] = mask.tolist()
            tensors.append(prune(t, density, how, mask))
        if on_updates:
            w = [x * s if peft else x for x, s in zip(weights, scalings)]
        else:
            w = [np.sqrt(abs(x * s)) * (np.sign(x) if part == "lora_A" else 1) for x, s in zip(weights, scalings)]
        joined[part] = join(tensors, w, elected, sign)
    if on_updates:
        delta = svd(kind, joined["delta"], rank or max(ranks), clamp)
    else:
        delta = update(kind, joined["lora_A"], joined["lora_B"], 1)
    return {"kind": kind, "algorithm": algorithm, "weights": weights, "rank": rank, "density": density, "sign": sign,
            "peft": peft, "clamp": clamp, "adapters": adapters, "masks": masks, "delta": delta.ravel().tolist()}


cases = []
for kind in SHAPES:
    for peft in (False, True):
        cases += [
            case(kind, "SVD", [2, 3], [0.7, -0.4], rank=2, peft=peft),
            case(kind, "TIES_SVD", [2, 3], [0.7, 0.4], density=0.6, peft=peft),
            case(kind, "DARE_LINEAR_SVD", [2, 1], [0.7, 0.4], rank=3, density=0.6, peft=peft),
            case(kind, "DARE_TIES_SVD", [2, 1, 2], [1.0, 0.5, 0.3], density=0.7, sign="FREQUENCY", peft=peft),
            case(kind, "MAGNITUDE_PRUNE_SVD", [2, 3], [1.0, -0.5], density=0.5, peft=peft),
        ]
    cases += [
        case(kind, "LINEAR", [2, 2], [0.7, -0.4]),
        case(kind, "TIES", [2, 2, 2], [0.7, 0.4, 0.6], density=0.6),
        case(kind, "TIES", [2, 2, 2], [0.7, -0.4, 0.6], density=0.6, sign="FREQUENCY"),
        case(kind, "DARE_LINEAR", [2, 2], [0.7, 0.4], density=0.6),
        case(kind, "DARE_TIES", [2, 2, 2], [0.7, 0.4, 0.6], density=0.6, sign="FREQUENCY"),
        case(kind, "MAGNITUDE_PRUNE", [2, 2], [0.7, 0.4], density=0.5),
        case(kind, "SVD", [2, 3], [0.7, 0.4], rank=2, clamp=0.8),
    ]
with open("reference.json", "w") as file:
    json.dump(cases, file, indent=0)
