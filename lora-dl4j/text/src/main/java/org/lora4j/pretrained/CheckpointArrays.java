/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.Set;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.io.HalfFloats;
import org.lora4j.train.Progress;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Reads tensors of a checkpoint as arrays of one type, a block at a time, and finds what is no number. */
final class CheckpointArrays {

    /** The element types that can be read without loss. */
    static final Set<DType> READABLE = EnumSet.of(DType.F32, DType.F16, DType.BF16, DType.F64);

    private static final int WIDEST = Double.BYTES;

    private final TensorFile checkpoint;
    private final DataType type;
    private final Problems problems;
    private final Progress.Stage stage;
    private final ByteBuffer bytes =
            ByteBuffer.allocate(DenseArray.BLOCK * WIDEST).order(ByteOrder.LITTLE_ENDIAN);
    private final float[] floats = new float[DenseArray.BLOCK];
    private final double[] doubles = new double[DenseArray.BLOCK];

    /** Reads into arrays of the type FLOAT, where no tensor is F64, or DOUBLE. */
    CheckpointArrays(TensorFile checkpoint, DataType type, Problems problems) {
        this.checkpoint = checkpoint;
        this.type = type;
        this.problems = problems;
        this.stage = Progress.of("reading the weights of an encoder")
                .stage("", "tensors", checkpoint.tensors().size());
    }

    /** The array of a tensor, in the layout of graphs. */
    @SuppressWarnings("try") // The scope is opened for what it does to allocation, not to be used.
    INDArray read(CheckpointNames.Found found) throws IOException {
        // Weights outlive whatever workspace their reader has open.
        try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            TensorEntry entry = checkpoint.tensors().get(found.name());
            INDArray array = Nd4j.createUninitialized(type, entry.shape(), 'c');
            fill(array, entry);
            stage.advance(1);
            INDArray piece = array;
            if (found.of() > 1) {
                long rows = entry.shape()[0] / found.of();
                piece = array.get(NDArrayIndex.interval(found.piece() * rows, (found.piece() + 1) * rows));
            }
            INDArray turned = switch (found.tensor().kind()) {
                case LINEAR -> piece.transpose();
                case CONVOLUTION ->
                    GroupedWindow.dense(piece.permute(2, 1, 0), found.tensor().groups());
                default -> piece;
            };
            if (turned == array) {
                return array;
            }
            INDArray result = turned.dup('c');
            array.close();
            return result;
        }
    }

    private void fill(INDArray array, TensorEntry entry) throws IOException {
        int width = entry.dtype().bits() / Byte.SIZE;
        long bad = -1;
        try (DenseArray dense = DenseArray.toBeWritten(array)) {
            for (int block = 0; block < dense.blocks(); block++) {
                int length = dense.length(block);
                long from = (long) block * DenseArray.BLOCK;
                bytes.clear().limit(length * width);
                checkpoint.read(entry, from * width, bytes);
                bytes.flip();
                decode(entry.dtype(), length);
                if (type == DataType.FLOAT) {
                    dense.write(block, floats);
                } else {
                    dense.write(block, doubles);
                }
                int at = bad < 0 ? firstNotFinite(length) : -1;
                bad = at < 0 ? bad : from + at;
            }
            dense.flush();
        }
        if (bad >= 0) {
            problems.add("tensor \"" + entry.name() + "\" holds NaN or an infinity (element " + bad
                    + "), expected finite numbers");
        }
    }

    /** The bytes as {@link #floats} or, for the type DOUBLE, as {@link #doubles}. */
    private void decode(DType dtype, int length) {
        if (dtype == DType.F64) {
            bytes.asDoubleBuffer().get(doubles, 0, length);
            return;
        }
        if (dtype == DType.F32) {
            bytes.asFloatBuffer().get(floats, 0, length);
        } else if (dtype == DType.F16) {
            for (int i = 0; i < length; i++) {
                floats[i] = HalfFloats.fromF16(bytes.getShort());
            }
        } else {
            for (int i = 0; i < length; i++) {
                floats[i] = HalfFloats.fromBf16(bytes.getShort());
            }
        }
        if (type == DataType.DOUBLE) {
            for (int i = 0; i < length; i++) {
                doubles[i] = floats[i];
            }
        }
    }

    private int firstNotFinite(int length) {
        for (int i = 0; i < length; i++) {
            if (!Double.isFinite(type == DataType.FLOAT ? floats[i] : doubles[i])) {
                return i;
            }
        }
        return -1;
    }
}
