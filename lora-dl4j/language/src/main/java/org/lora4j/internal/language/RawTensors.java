/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.quant.Int8;
import org.lora4j.quant.Nf4;
import org.lora4j.quant.StoredWeight;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Reads tensors from a file straight into the memory of arrays, without a second copy, and finds what is no number.
 *
 * <p><b>Threads.</b> For one.
 */
final class RawTensors {

    private static final int PIECE = 8 << 20;

    private static final Map<DType, DataType> TYPES =
            Map.of(DType.F32, DataType.FLOAT, DType.F16, DataType.FLOAT16, DType.BF16, DataType.BFLOAT16);

    private final TensorFile file;
    private final Problems problems;
    private int[] words = new int[0];

    RawTensors(TensorFile file, Problems problems) {
        this.file = file;
        this.problems = problems;
    }

    /** A new array of the type in the file. */
    @SuppressWarnings("try") // The scope is opened for what it does to allocation, not to be used.
    INDArray asStored(TensorEntry entry) throws IOException {
        INDArray array;
        // Weights outlive whatever workspace their reader has open.
        try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            array = Nd4j.createUninitialized(TYPES.get(entry.dtype()), entry.shape(), 'c');
        }
        boolean finite = true;
        for (long at = 0; at < entry.byteCount(); at += PIECE) {
            int length = (int) Math.min(PIECE, entry.byteCount() - at);
            ByteBuffer piece = memory(array, at, length);
            file.read(entry, at, piece);
            piece.flip();
            finite &= isFinite(entry.dtype(), piece);
        }
        complain(entry, finite);
        return array;
    }

    /** The matrix in fewer bits, quantized while it is read; empty if it is to be kept as it is. */
    Optional<StoredWeight> quantized(TensorEntry entry, WeightStorage storage, int outputAxis) {
        FileRows rows = new FileRows(file, entry);
        try {
            return switch (storage) {
                case AS_STORED -> Optional.empty();
                case INT8 -> Optional.of(Int8.of(rows, outputAxis));
                case NF4 ->
                    rows.rows() * rows.columns() % Nf4.BLOCK == 0 ? Optional.of(Nf4.of(rows, false)) : Optional.empty();
            };
        } catch (IllegalArgumentException e) {
            problems.add("tensor " + TensorEntry.worded(entry.name()) + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    /** A new FLOAT array. */
    INDArray floats(TensorEntry entry) throws IOException {
        ElementCodec codec = ElementCodec.of(entry.dtype()).orElseThrow();
        INDArray array = ArrayBytes.read(file, entry, codec);
        complain(entry, ArrayBytes.firstNotFinite(array, codec) < 0);
        return array;
    }

    private void complain(TensorEntry entry, boolean finite) {
        problems.check(
                finite,
                "tensor " + TensorEntry.worded(entry.name()) + " holds NaN or an infinity, expected finite numbers");
    }

    /** Some bytes of an array. A buffer has no more than 2^31, so it must begin where they do. */
    @SuppressWarnings("resource") // Pointers to memory that the array owns.
    private static ByteBuffer memory(INDArray array, long from, int length) {
        Objects.checkFromIndexSize(from, length, Region.of(array).bytes());
        BytePointer piece = new BytePointer(array.data().pointer()).getPointer(BytePointer.class, from);
        return piece.capacity(length).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Exponents of ones mean NaN or infinity; two halves are looked at in one word. */
    private boolean isFinite(DType type, ByteBuffer bytes) {
        int count = bytes.remaining() / Integer.BYTES;
        if (words.length < count + 1) {
            words = new int[count + 1];
        }
        bytes.asIntBuffer().get(words, 0, count);
        if (bytes.remaining() % Integer.BYTES != 0) {
            words[count++] = bytes.getShort(bytes.limit() - Short.BYTES);
        }
        int exponent = type == DType.F32 ? 0x7F80_0000 : type == DType.F16 ? 0x7C00 : 0x7F80;
        boolean finite = true;
        for (int i = 0; i < count; i++) {
            finite &= (words[i] & exponent) != exponent;
        }
        for (int i = 0; i < count && type != DType.F32; i++) {
            finite &= (words[i] >>> Short.SIZE & exponent) != exponent;
        }
        return finite;
    }
}
