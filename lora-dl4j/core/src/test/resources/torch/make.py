# SPDX-License-Identifier: Apache-2.0
"""Makes the files beside it: python3 make.py. Needs nothing but Python (3.11 was used).

Python's own pickler and zip writer make them; only torch is played by a few stand-ins, whose names and arguments are those
of PyTorch 2.6. So the reader is tested against an implementation of both formats that is not ours.
"""
import collections
import io
import pickle
import struct
import sys
import types
import zipfile


def module(name):
    sys.modules[name] = types.ModuleType(name)
    return sys.modules[name]


torch, utils, storage_module = module("torch"), module("torch._utils"), module("torch.storage")
torch._utils, torch.storage = utils, storage_module


def stand_in(owner, name):
    function = lambda *args: None
    function.__module__, function.__qualname__, function.__name__ = owner.__name__, name, name
    setattr(owner, name, function)
    return function


def storage_type(owner, name):
    made = type(name, (), {"__module__": owner.__name__})
    setattr(owner, name, made)
    return made


V2 = stand_in(utils, "_rebuild_tensor_v2")
V3 = stand_in(utils, "_rebuild_tensor_v3")
PARAMETER = stand_in(utils, "_rebuild_parameter")
FLOAT8 = stand_in(torch, "float8_e4m3fn")
TYPES = {code: storage_type(torch, name) for code, name in
         {"f": "FloatStorage", "d": "DoubleStorage", "e": "HalfStorage", "q": "LongStorage", "?": "BoolStorage"}.items()}
BF16 = storage_type(torch, "BFloat16Storage")
UNTYPED = storage_type(storage_module, "UntypedStorage")


class Storage:
    def __init__(self, made, data, elements):
        self.made, self.data, self.elements = made, data, elements


def storage(code, *values, order="<"):
    return Storage(TYPES[code], struct.pack(order + str(len(values)) + code, *values), len(values))


class Call:
    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def tensor(of, offset, size, stride):
    return Call(V2, of, offset, size, stride, False, collections.OrderedDict())


class Pickler(pickle.Pickler):
    def __init__(self, file, protocol):
        super().__init__(file, protocol)
        self.storages = []

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        if value not in self.storages:
            self.storages.append(value)
        return ("storage", value.made, str(self.storages.index(value)), "cpu", value.elements)


def save(name, value, protocol=2, method=zipfile.ZIP_STORED, order="little", root="archive"):
    pickled = io.BytesIO()
    pickler = Pickler(pickled, protocol)
    pickler.dump(value)
    with zipfile.ZipFile(name, "w", method) as out:
        def entry(path, data):
            info = zipfile.ZipInfo(root + "/" + path, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            out.writestr(info, data)
        entry("data.pkl", pickled.getvalue())
        if order:
            entry("byteorder", order)
        for key, stored in enumerate(pickler.storages):
            entry("data/" + str(key), stored.data)
        entry("version", "3\n")


def state(order="<"):
    table = storage("f", *range(12), order=order)
    result = collections.OrderedDict()
    result["rows"] = tensor(table, 0, (3, 4), (4, 1))
    result["transposed"] = tensor(table, 0, (4, 3), (1, 4))
    result["column"] = tensor(table, 1, (3,), (4,))
    result["tail"] = tensor(table, 10, (2,), (1,))
    result["scalar"] = tensor(storage("d", -0.5, order=order), 0, (), ())
    result["empty"] = tensor(storage("f"), 0, (0, 5), (5, 1))
    result["half"] = tensor(storage("e", 1.5, -2.0, order=order), 0, (2,), (1,))
    result["long"] = tensor(storage("q", -1, 1 << 40, order=order), 0, (2,), (1,))
    result["flags"] = tensor(storage("?", True, False, True), 0, (3,), (1,))
    result["parameter"] = Call(PARAMETER, tensor(storage("f", 7.0, order=order), 0, (1, 1), (1, 1)), True,
                               collections.OrderedDict())
    result._metadata = collections.OrderedDict([("", {"version": 1})])
    return result


for protocol in 2, 3, 4, 5:
    save("protocol-%d.bin" % protocol, state(), protocol)
save("deflated.bin", state(), method=zipfile.ZIP_DEFLATED)
save("big-endian.bin", state(">"), order="big")
save("float8.bin", {"bytes": Call(V3, Storage(UNTYPED, bytes([0x38, 0xC0]), 2), 0, (2,), (1,), False,
                                  collections.OrderedDict(), FLOAT8),
                    "bf16": tensor(Storage(BF16, bytes([0xC0, 0x3F]), 1), 0, (1,), (1,))}, order=None)
save("checkpoint.bin", {"epoch": 3, "loss": 0.25, "done": False, "note": None, "history": [1, 2.5, "x", {"a"}],
                        "seen": {1: (1, 2, 3, 4)}, "raw": bytearray(b"ab"), "big": 1 << 70, "state_dict": state()},
     protocol=5)
save("two-sections.bin", {"model": state(), "ema": {"rows": tensor(storage("f", 1.0), 0, (1,), (1,))}})


class Attack:
    def __reduce__(self):
        import os
        return os.system, ("touch executed",)


save("attack.bin", {"weight": tensor(storage("f", 1.0), 0, (1,), (1,)), "payload": Attack()})
save("attack-protocol-4.bin", {"payload": Attack()}, protocol=4)
