/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.NarrowType;
import org.lora4j.quant.Int8;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix of BFLOAT16, HALF or INT8 row by row, in either layout, multiplied with rows in F32 where it lies: the way for what
 * has no whole tiles.
 */
final class NarrowWeight extends LinearWeight {

    private final INDArray values;
    private final NarrowType type;
    private final boolean inputsFirst;
    private final Region memory;
    /** Null without them. */
    private final Region scales;

    NarrowWeight(INDArray values, boolean inputsFirst) {
        this(values, null, inputsFirst);
    }

    NarrowWeight(Int8 weight, boolean inputsFirst) {
        this(weight.values(), Region.of(weight.scales()), inputsFirst);
    }

    private NarrowWeight(INDArray values, Region scales, boolean inputsFirst) {
        super(
                values.size(inputsFirst ? 0 : 1),
                values.size(inputsFirst ? 1 : 0),
                values.dataType().width());
        this.values = values;
        this.type = type(values.dataType());
        this.inputsFirst = inputsFirst;
        this.memory = Region.of(values);
        this.scales = scales;
    }

    /** What multiplies values of a type. */
    static NarrowType type(DataType type) {
        return switch (type) {
            case BFLOAT16 -> NarrowType.BF16;
            case HALF -> NarrowType.F16;
            case BYTE -> NarrowType.INT8;
            default -> NarrowType.F32;
        };
    }

    /** Whether the scales of a weight are those of its outputs, and can be read where they lie. */
    static boolean fits(Int8 weight, boolean inputsFirst) {
        return weight.outputAxis() == (inputsFirst ? 1 : 0)
                && DenseArray.isRowMajor(weight.values())
                && DenseArray.isRowMajor(weight.scales());
    }

    @Override
    long work(Staging.Form form, int rows) {
        return BlockedProducts.work(rows, 1, outputsOfPiece(form, rows));
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int step = inputsFirst ? outputs() : inputs();
        Region place = memory.from(values.dataType().width() * (inputsFirst ? first : (long) first * step));
        Region scalesOfPiece = scales == null ? null : scales.from(Blas.bytes(first, 1));
        BlockedProducts.multiply(
                staging,
                from,
                rows,
                1,
                first,
                count,
                outputs(),
                0,
                space,
                (x, some, into, stepOfZ) -> space.rows(type, some, inputs(), inputs())
                        .multiply(x, place, inputsFirst, step, scalesOfPiece, count, into, stepOfZ, false));
    }

    @Override
    public String toString() {
        return "NarrowWeight" + values.shapeInfoToString();
    }
}
