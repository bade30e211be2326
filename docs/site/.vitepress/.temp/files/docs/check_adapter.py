#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks with PEFT an adapter that lora4j wrote: its tensors, its output and its merged weights.

    python check_adapter.py ADAPTER EXPECTED.safetensors --base mymodels:make_model
    python check_adapter.py ADAPTER EXPECTED.safetensors --hf bert-base-uncased --auto AutoModelForSequenceClassification

ADAPTER is the directory that Adapter.save wrote. EXPECTED holds numbers that lora4j computed (docs/peft-golden.md shows how
to write it):

    input.0, input.1, ...   positional arguments of the model; other names behind the dot are keyword arguments
    output                  the output with the adapter
    output.base             the output of the base model (optional)
    merged.<weight>         weights after merging, in PyTorch's names and layout (optional)

Needs torch, peft and safetensors, and transformers for --hf. Ends with status 1 if anything differs.
"""
import argparse
import importlib
import pathlib
import sys

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file


class Report:
    def __init__(self, atol, rtol):
        self.atol, self.rtol, self.failed = atol, rtol, 0

    def compare(self, name, found, expected):
        if tuple(found.shape) != tuple(expected.shape):
            self.tell(name, False, f"shape {tuple(found.shape)}, expected {tuple(expected.shape)}")
            return
        found, expected = found.detach().double(), expected.double()
        error = (found - expected).abs().max().item() if found.numel() else 0.0
        self.tell(name, torch.allclose(found, expected, self.rtol, self.atol), f"largest difference {error:.2e}")

    def tell(self, name, good, detail):
        self.failed += not good
        print(f"{'ok    ' if good else 'FAILED'} {name}: {detail}")


def base_model(args):
    if args.hf:
        import transformers

        return getattr(transformers, args.auto).from_pretrained(args.hf)
    module, _, name = args.base.partition(":")
    sys.path.insert(0, str(pathlib.Path.cwd()))
    return getattr(importlib.import_module(module), name)()


def inputs(expected):
    given = {k[len("input.") :]: v for k, v in expected.items() if k.startswith("input.")}
    positional = sorted((k for k in given if k.isdigit()), key=int)
    return [given[k] for k in positional], {k: v for k, v in given.items() if not k.isdigit()}


def output(model, positional, named):
    with torch.no_grad():
        result = model(*positional, **named)
    if torch.is_tensor(result):
        return result
    for field in ("logits", "last_hidden_state"):
        if hasattr(result, field):
            return getattr(result, field)
    return result[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapter", type=pathlib.Path)
    parser.add_argument("expected", type=pathlib.Path)
    base = parser.add_mutually_exclusive_group(required=True)
    base.add_argument("--base", help="module:callable that gives the base model, with its weights")
    base.add_argument("--hf", help="name or directory of a transformers model")
    parser.add_argument("--auto", default="AutoModel", help="class of transformers that opens it")
    parser.add_argument("--atol", type=float, default=1e-5)
    parser.add_argument("--rtol", type=float, default=1e-4)
    args = parser.parse_args()

    report = Report(args.atol, args.rtol)
    expected = load_file(args.expected)
    positional, named = inputs(expected)
    model = base_model(args).eval()
    if "output.base" in expected:
        report.compare("output.base", output(model, positional, named), expected["output.base"])

    model = PeftModel.from_pretrained(model, args.adapter).eval()
    # PEFT only warns of keys that it misses or does not know: here every tensor must have found its place.
    loaded = get_peft_model_state_dict(model)
    stored = load_file(args.adapter / "adapter_model.safetensors")
    if loaded.keys() != stored.keys():
        report.tell("keys", False, f"only in one of file and model: {sorted(loaded.keys() ^ stored.keys())}")
    for key in sorted(stored.keys() & loaded.keys()):
        report.compare(key, loaded[key], stored[key])
    if "output" in expected:
        report.compare("output", output(model, positional, named), expected["output"])

    merged = {k[len("merged.") :]: v for k, v in expected.items() if k.startswith("merged.")}
    if merged:
        state = model.merge_and_unload().state_dict()
        for name, weight in merged.items():
            if name in state:
                report.compare("merged." + name, state[name], weight)
            else:
                report.tell("merged." + name, False, "PEFT's model has no such weight")
    print("all equal" if report.failed == 0 else f"{report.failed} differ")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
