/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.Arrays;
import java.util.Optional;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A matrix in 4 bits, NormalFloat: blocks of {@value #BLOCK} values, row by row, each divided by its largest absolute value
 * and rounded to the nearest of 16 numbers, which are quantiles of the normal distribution. Memory: 0.141 of F32, with
 * double quantization 0.13.
 *
 * <p>With <b>double quantization</b> the largest values of the blocks are themselves 8-bit numbers: their mean is taken off
 * and groups of at most {@value #GROUP} are symmetric INT8 with one scale. (QLoRA uses an 8-bit float there.)
 *
 * <p><b>Source.</b> Dettmers, Pagnoni, Holtzman, Zettlemoyer 2023, QLoRA: Efficient Finetuning of Quantized LLMs,
 * arXiv 2305.14314, section 3 and appendix E (the 16 numbers). Blocks run along the rows of the matrix as it is stored.
 *
 * @param codes UINT8 {@code [rows * columns / 2]}: two codes in a byte, the first one in the upper bits
 * @param absmax FLOAT {@code [blocks, 1]}, or INT8 {@code [groups, blocks / groups]} with double quantization
 * @param doubled what double quantization needs to undo it, or empty
 * @param rows size of the first axis
 * @param columns size of the second axis
 * @apiNote Status: experimental
 */
public record Nf4(INDArray codes, INDArray absmax, Optional<Doubled> doubled, long rows, long columns)
        implements StoredWeight {

    /** Values of a block. */
    public static final int BLOCK = 64;

    /** Blocks that share a scale of double quantization, at most. */
    public static final int GROUP = 256;

    private static final float[] CODEBOOK = {
        -1.0f,
        -0.6961928009986877f,
        -0.5250730514526367f,
        -0.39491748809814453f,
        -0.28444138169288635f,
        -0.18477343022823334f,
        -0.09105003625154495f,
        0.0f,
        0.07958029955625534f,
        0.16093020141124725f,
        0.24611230194568634f,
        0.33791524171829224f,
        0.44070982933044434f,
        0.5626170039176941f,
        0.7229568362236023f,
        1.0f
    };

    private static final float[] PAIRS = pairsOfCodebook();
    private static final int BYTE_MASK = 0xFF;
    private static final int BITS = 4;
    private static final int LARGEST = 127;
    private static final ThreadLocal<byte[]> BYTES = ThreadLocal.withInitial(() -> new byte[DenseArray.BLOCK]);

    /**
     * How the largest values of the blocks were quantized: {@code q * scale + mean}.
     *
     * @param scales FLOAT {@code [groups, 1]}
     * @param mean FLOAT scalar
     */
    public record Doubled(INDArray scales, INDArray mean) {}

    /**
     * Checks that the arrays belong together.
     *
     * @param codes UINT8 {@code [rows * columns / 2]}
     * @param absmax FLOAT {@code [blocks, 1]}, or INT8 {@code [groups, blocks / groups]} with double quantization
     * @param doubled what double quantization needs to undo it, or empty
     * @param rows size of the first axis
     * @param columns size of the second axis
     * @throws IllegalArgumentException if they do not
     */
    public Nf4 {
        long length = rows * columns;
        boolean fits = length % BLOCK == 0
                && codes.dataType() == DataType.UINT8
                && codes.length() == length / 2
                && absmax.length() == length / BLOCK
                && absmax.dataType() == (doubled.isPresent() ? DataType.INT8 : DataType.FLOAT);
        if (!fits) {
            throw new IllegalArgumentException("Nf4: codes " + codes.dataType() + Arrays.toString(codes.shape())
                    + " and largest values " + absmax.dataType() + Arrays.toString(absmax.shape()) + " for [" + rows
                    + ", " + columns + "]; expected half a byte for each value and a largest value for each " + BLOCK
                    + " of them.");
        }
    }

    private static float[] pairsOfCodebook() {
        float[] pairs = new float[2 * (BYTE_MASK + 1)];
        for (int b = 0; b <= BYTE_MASK; b++) {
            pairs[2 * b] = CODEBOOK[b >> BITS];
            pairs[2 * b + 1] = CODEBOOK[b & (CODEBOOK.length - 1)];
        }
        return pairs;
    }

    /**
     * The 16 numbers.
     *
     * @return a copy, ascending
     */
    public static float[] codebook() {
        return CODEBOOK.clone();
    }

    /** The numbers of both codes of each byte, {@code [256, 2]}. */
    static float[] pairs() {
        return PAIRS.clone();
    }

    /**
     * Whether a matrix can be stored so.
     *
     * @param weight a matrix
     * @return true if the number of its values is a multiple of {@value #BLOCK}
     */
    public static boolean fits(INDArray weight) {
        return weight.length() % BLOCK == 0;
    }

    /**
     * Quantizes a matrix.
     *
     * @param weight FLOAT {@code [rows, columns]}, only read
     * @param twice whether the largest values of the blocks are quantized too
     * @return new arrays
     * @throws IllegalArgumentException if it is no FLOAT matrix, the number of its values is no multiple of {@value #BLOCK},
     *     or one is NaN or infinite
     */
    public static Nf4 of(INDArray weight, boolean twice) {
        try (Weights.Matrix rows = Weights.Matrix.of("Nf4", weight)) {
            return of(rows, twice);
        }
    }

    /**
     * Quantizes a matrix whose values need not be in memory, with the bits of {@link #of(INDArray, boolean)}.
     *
     * @param weight read from the first row to the last, and again if the largest values of the blocks are quantized too
     * @param twice whether the largest values of the blocks are quantized too
     * @return new arrays
     * @throws IllegalArgumentException if the number of the values is no multiple of {@value #BLOCK}, or one is NaN or
     *     infinite
     */
    public static Nf4 of(RowSource weight, boolean twice) {
        int columns = Math.toIntExact(weight.columns());
        long length = weight.rows() * columns;
        if (length % BLOCK != 0) {
            throw new IllegalArgumentException("Nf4: a weight [" + weight.rows() + ", " + columns + "] has " + length
                    + " values; expected a multiple of " + BLOCK + ". Store it in 8 bits, or leave it in F32.");
        }
        // Pieces of whole blocks: of so many rows.
        int multiple = BLOCK / Math.min(BLOCK, Integer.lowestOneBit(columns));
        float[] absmax = new float[Math.toIntExact(length / BLOCK)];
        Weights.Piece largest = (first, count, w) -> {
            int block = (int) (first * columns / BLOCK);
            for (int i = 0; i < count * columns; i++) {
                absmax[block + i / BLOCK] = Math.max(absmax[block + i / BLOCK], Math.abs(w[i]));
            }
        };
        Optional<TwiceQuantized> second = Optional.empty();
        if (twice) {
            Weights.forEach("Nf4", weight, multiple, Float.POSITIVE_INFINITY, largest);
            second = Optional.of(TwiceQuantized.of(absmax, groupSize(absmax.length)));
        }
        // The values are divided by what will be multiplied to them.
        float[] factors = second.map(TwiceQuantized::restored).orElse(absmax);
        INDArray codes = Nd4j.createUninitialized(DataType.UINT8, new long[] {length / 2}, 'c');
        byte[] packed = new byte[Weights.longest(weight, multiple) / 2];
        Weights.forEach("Nf4", weight, multiple, Float.POSITIVE_INFINITY, (first, count, w) -> {
            if (!twice) {
                largest.take(first, count, w);
            }
            int block = (int) (first * columns / BLOCK);
            int bytes = count * columns / 2;
            for (int i = 0; i < bytes; i++) {
                float factor = factors[block + 2 * i / BLOCK];
                packed[i] = (byte) (code(w[2 * i], factor) << BITS | code(w[2 * i + 1], factor));
            }
            ByteValues.write(codes, first * columns / 2, packed, bytes);
        });
        return new Nf4(
                codes,
                second.map(TwiceQuantized::array)
                        .orElseGet(() -> Nd4j.create(absmax, new long[] {absmax.length, 1}, 'c')),
                second.map(TwiceQuantized::doubled),
                weight.rows(),
                columns);
    }

    private static int groupSize(int blocks) {
        int size = Math.min(GROUP, blocks);
        while (blocks % size != 0) {
            size--;
        }
        return size;
    }

    private static int code(float value, float scale) {
        float x = scale == 0 ? 0 : value / scale;
        int best = 0;
        for (int i = 1; i < CODEBOOK.length; i++) {
            if (Math.abs(x - CODEBOOK[i]) < Math.abs(x - CODEBOOK[best])) {
                best = i;
            }
        }
        return best;
    }

    /** Largest values of blocks in 8 bits. */
    private record TwiceQuantized(INDArray array, Doubled doubled, float[] restored) {

        static TwiceQuantized of(float[] absmax, int size) {
            int groups = absmax.length / size;
            double sum = 0;
            for (float value : absmax) {
                sum += value;
            }
            float mean = (float) (sum / absmax.length);
            float[] scales = new float[groups];
            for (int i = 0; i < absmax.length; i++) {
                scales[i / size] = Math.max(scales[i / size], Math.abs(absmax[i] - mean) / LARGEST);
            }
            byte[] q = new byte[absmax.length];
            float[] restored = new float[absmax.length];
            for (int i = 0; i < q.length; i++) {
                float scale = scales[i / size];
                double steps = scale == 0 ? 0 : Math.rint((double) (absmax[i] - mean) / scale);
                q[i] = (byte) Math.max(-LARGEST, Math.min(LARGEST, steps));
                restored[i] = q[i] * scale + mean;
            }
            INDArray array = ByteValues.array(DataType.INT8, q, groups, size);
            Doubled doubled = new Doubled(Nd4j.create(scales, new long[] {groups, 1}, 'c'), Nd4j.scalar(mean));
            return new TwiceQuantized(array, doubled, restored);
        }
    }

    @Override
    public String form() {
        return "NF4";
    }

    @Override
    public long bytes() {
        long ofDoubled =
                doubled.map(d -> (d.scales().length() + 1) * Float.BYTES).orElse(0L);
        return codes.length() + absmax.length() * absmax.dataType().width() + ofDoubled;
    }

    @Override
    public void read(long first, int count, float[] into) {
        long from = first * columns;
        int length = Math.toIntExact(count * columns);
        // Rows may begin in the middle of a byte and of a block.
        long firstByte = from / 2;
        int bytes = (int) ((from + length + 1) / 2 - firstByte);
        byte[] packed = BYTES.get();
        if (packed.length < bytes) {
            packed = new byte[bytes];
            BYTES.set(packed);
        }
        ByteValues.read(codes, firstByte, packed, bytes);
        if (from % 2 == 0 && length % 2 == 0) {
            unpack(packed, bytes, into);
        } else {
            for (int i = 0; i < length; i++) {
                int at = (int) (from + i - 2 * firstByte);
                into[i] = PAIRS[2 * (packed[at / 2] & BYTE_MASK) + at % 2];
            }
        }
        scale(from, length, into);
    }

    private static void unpack(byte[] packed, int bytes, float[] into) {
        for (int i = 0; i < bytes; i++) {
            int pair = 2 * (packed[i] & BYTE_MASK);
            into[2 * i] = PAIRS[pair];
            into[2 * i + 1] = PAIRS[pair + 1];
        }
    }

    private void scale(long from, int length, float[] into) {
        long firstBlock = from / BLOCK;
        float[] largest = largest(firstBlock, (int) ((from + length - 1) / BLOCK - firstBlock + 1));
        for (int i = 0; i < length; ) {
            long at = from + i;
            int end = (int) Math.min(length, i + BLOCK - at % BLOCK);
            float factor = largest[(int) (at / BLOCK - firstBlock)];
            for (; i < end; i++) {
                into[i] *= factor;
            }
        }
    }

    private float[] largest(long first, int count) {
        float[] values = new float[count];
        if (doubled.isEmpty()) {
            DenseArray.rowMajor(absmax).read(first, values, count);
            return values;
        }
        byte[] q = new byte[count];
        ByteValues.read(absmax, first, q, count);
        long size = absmax.size(1);
        long firstGroup = first / size;
        float[] scales = new float[(int) ((first + count - 1) / size - firstGroup + 1)];
        DenseArray.rowMajor(doubled.get().scales()).read(firstGroup, scales, scales.length);
        float mean = doubled.get().mean().getFloat(0);
        for (int i = 0; i < count; i++) {
            values[i] = q[i] * scales[(int) ((first + i) / size - firstGroup)] + mean;
        }
        return values;
    }

    @Override
    public String toString() {
        return "Nf4[" + rows + ", " + columns + (doubled.isPresent() ? ", scales in 8 bits]" : "]");
    }
}
