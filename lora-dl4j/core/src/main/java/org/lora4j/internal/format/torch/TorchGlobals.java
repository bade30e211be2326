/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.format.DType;

/** The whole list of names that a pickle may mention, and what stands for each here. */
final class TorchGlobals {

    /** What a function of PyTorch would build of its arguments. */
    interface Function {
        PickleValue call(List<PickleValue> arguments, PickleInput input) throws AdapterFormatException;
    }

    /** As many as PyTorch allows; a pickle may use one long tuple for many tensors, and each keeps its own numbers. */
    private static final int MOST_DIMENSIONS = 64;

    private static final Map<String, DType> STORAGES = Map.ofEntries(
            Map.entry("torch.DoubleStorage", DType.F64),
            Map.entry("torch.FloatStorage", DType.F32),
            Map.entry("torch.HalfStorage", DType.F16),
            Map.entry("torch.BFloat16Storage", DType.BF16),
            Map.entry("torch.LongStorage", DType.I64),
            Map.entry("torch.IntStorage", DType.I32),
            Map.entry("torch.ShortStorage", DType.I16),
            Map.entry("torch.CharStorage", DType.I8),
            Map.entry("torch.ByteStorage", DType.U8),
            Map.entry("torch.BoolStorage", DType.BOOL),
            Map.entry("torch.ComplexFloatStorage", DType.C64),
            // Bytes without a type: the tensor says what they are.
            Map.entry("torch.UntypedStorage", DType.U8),
            Map.entry("torch.storage.UntypedStorage", DType.U8));

    private static final Map<String, DType> DTYPES = Map.ofEntries(
            Map.entry("torch.float64", DType.F64),
            Map.entry("torch.float32", DType.F32),
            Map.entry("torch.float16", DType.F16),
            Map.entry("torch.bfloat16", DType.BF16),
            Map.entry("torch.int64", DType.I64),
            Map.entry("torch.int32", DType.I32),
            Map.entry("torch.int16", DType.I16),
            Map.entry("torch.int8", DType.I8),
            Map.entry("torch.uint64", DType.U64),
            Map.entry("torch.uint32", DType.U32),
            Map.entry("torch.uint16", DType.U16),
            Map.entry("torch.uint8", DType.U8),
            Map.entry("torch.bool", DType.BOOL),
            Map.entry("torch.complex64", DType.C64),
            Map.entry("torch.float8_e4m3fn", DType.F8_E4M3),
            Map.entry("torch.float8_e5m2", DType.F8_E5M2),
            Map.entry("torch.float8_e4m3fnuz", DType.F8_E4M3FNUZ),
            Map.entry("torch.float8_e5m2fnuz", DType.F8_E5M2FNUZ),
            Map.entry("torch.float8_e8m0fnu", DType.F8_E8M0));

    private static final Map<String, Function> FUNCTIONS = Map.ofEntries(
            Map.entry("collections.OrderedDict", TorchGlobals::orderedDictionary),
            Map.entry("torch._utils._rebuild_tensor", (a, in) -> tensor(a, 4, 4, in)),
            Map.entry("torch._utils._rebuild_tensor_v2", (a, in) -> tensor(a, 6, 7, in)),
            Map.entry("torch._utils._rebuild_tensor_v3", (a, in) -> tensor(a, 7, 8, in)),
            Map.entry("torch._utils._rebuild_parameter", TorchGlobals::parameter),
            Map.entry("torch._utils._rebuild_parameter_with_state", TorchGlobals::parameter),
            Map.entry("torch.Size", (a, in) -> PickleValue.Other.OBJECT),
            Map.entry("torch.device", (a, in) -> PickleValue.Other.OBJECT));

    private TorchGlobals() {}

    static boolean isKnown(String name) {
        return STORAGES.containsKey(name) || DTYPES.containsKey(name) || FUNCTIONS.containsKey(name);
    }

    static PickleValue call(PickleValue callable, List<PickleValue> arguments, PickleInput input)
            throws AdapterFormatException {
        if (callable instanceof PickleValue.Global global && FUNCTIONS.containsKey(global.name())) {
            return FUNCTIONS.get(global.name()).call(arguments, input);
        }
        throw input.refused("the pickle asks to call " + callable.kind());
    }

    /** The storage that a persistent id stands for: ("storage", type, key, device, number of elements). */
    static PickleValue storage(PickleValue id, PickleInput input) throws CorruptAdapterException {
        if (id instanceof PickleValue.Items parts
                && parts.values().size() == 5
                && parts.values().get(0) instanceof PickleValue.Text word
                && word.text().equals("storage")
                && parts.values().get(1) instanceof PickleValue.Global type
                && parts.values().get(2) instanceof PickleValue.Text key
                && parts.values().get(4) instanceof PickleValue.Whole elements
                && STORAGES.containsKey(type.name())) {
            return new PickleValue.Storage(STORAGES.get(type.name()), key.text(), elements.number());
        }
        throw input.corrupt("a persistent id is not that of a storage; expected (\"storage\", one of "
                + names(STORAGES.keySet()) + ", key, device, number of elements)");
    }

    private static Set<String> names(Set<String> names) {
        return new TreeSet<>(names);
    }

    private static PickleValue orderedDictionary(List<PickleValue> arguments, PickleInput input)
            throws CorruptAdapterException {
        if (!arguments.isEmpty()) {
            throw input.corrupt("collections.OrderedDict has " + arguments.size() + " arguments, expected none");
        }
        return new PickleValue.Dictionary();
    }

    private static PickleValue parameter(List<PickleValue> arguments, PickleInput input)
            throws CorruptAdapterException {
        if (arguments.isEmpty() || !(arguments.get(0) instanceof PickleValue.Tensor)) {
            throw input.corrupt("a parameter is not of a tensor");
        }
        return arguments.get(0);
    }

    /** The three versions share their first arguments: storage, offset, shape, strides, requires_grad, hooks, ... */
    private static PickleValue tensor(List<PickleValue> arguments, int least, int most, PickleInput input)
            throws AdapterFormatException {
        int count = arguments.size();
        if (count < least
                || count > most
                || !(arguments.get(0) instanceof PickleValue.Storage storage)
                || !(arguments.get(1) instanceof PickleValue.Whole offset)) {
            throw input.corrupt("a tensor is not of " + least + " to " + most
                    + " arguments that begin with a storage and an offset");
        }
        boolean namesItsType = least == 7;
        if (count == most && most > 4) {
            checkPlain(arguments.get(most - 1), input);
        }
        DType dtype = namesItsType ? dtype(arguments.get(6), input) : storage.dtype();
        long[] shape = numbers(arguments.get(2), "shape", input);
        long[] strides = numbers(arguments.get(3), "strides", input);
        return new PickleValue.Tensor(storage, dtype, offset.number(), shape, strides);
    }

    /** A view may say that its elements are to be conjugated or negated: their bytes alone would be wrong numbers. */
    private static void checkPlain(PickleValue metadata, PickleInput input) throws AdapterFormatException {
        boolean empty = metadata == PickleValue.Other.NONE
                || metadata instanceof PickleValue.Dictionary remarks
                        && remarks.keys().isEmpty();
        if (!empty) {
            throw input.refused("a tensor has metadata, such as of a conjugated or negated view, which is not read");
        }
    }

    private static DType dtype(PickleValue value, PickleInput input) throws CorruptAdapterException {
        if (value instanceof PickleValue.Global global && DTYPES.containsKey(global.name())) {
            return DTYPES.get(global.name());
        }
        throw input.corrupt("the type of a tensor is " + value.kind() + ", expected one of " + names(DTYPES.keySet()));
    }

    private static long[] numbers(PickleValue value, String what, PickleInput input) throws CorruptAdapterException {
        if (!(value instanceof PickleValue.Items items)) {
            throw input.corrupt("the " + what + " of a tensor are " + value.kind() + ", expected a tuple of integers");
        }
        if (items.values().size() > MOST_DIMENSIONS) {
            throw input.corrupt("the " + what + " of a tensor are "
                    + items.values().size() + " numbers, expected at most " + MOST_DIMENSIONS);
        }
        long[] numbers = new long[items.values().size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(items.values().get(i) instanceof PickleValue.Whole number)) {
                throw input.corrupt("the " + what + " of a tensor contain "
                        + items.values().get(i).kind() + ", expected integers");
            }
            numbers[i] = number.number();
        }
        return numbers;
    }
}
