/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.MatrixOperand;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** ND4J makes arrays that reach beyond their memory without a word; oneDNN is told the address of none. */
class OperandTest {

    private static final int SIZE = 8;
    /** Of all elements, and one that a write beyond an array would change. */
    private static final float VALUE = 0.25f;

    private static INDArray matrix() {
        return Nd4j.valueArrayOf(new long[] {SIZE, SIZE}, VALUE, DataType.FLOAT);
    }

    private static INDArray on(INDArray memory, long[] shape, long[] strides, long offset) {
        return Nd4j.create(memory.data(), shape, strides, offset, 'c');
    }

    /** What can be wrong with an array of eight rows and columns. */
    private enum Damage {
        ONE_ROW_FEWER_IN_MEMORY {
            @Override
            INDArray array() {
                INDArray memory = Nd4j.create(DataType.FLOAT, SIZE - 1, SIZE);
                return on(memory, new long[] {SIZE, SIZE}, new long[] {SIZE, 1}, 0);
            }
        },
        ONE_ELEMENT_FEWER_IN_MEMORY {
            @Override
            INDArray array() {
                INDArray memory = Nd4j.create(DataType.FLOAT, SIZE * SIZE - 1);
                return on(memory, new long[] {SIZE, SIZE}, new long[] {SIZE, 1}, 0);
            }
        },
        SHAPE_SET_LATER {
            @Override
            INDArray array() {
                INDArray array = Nd4j.create(DataType.FLOAT, 2, 2);
                array.setShapeAndStride(new int[] {SIZE, SIZE}, new int[] {SIZE, 1});
                return array;
            }
        },
        OFFSET_TOO_LARGE {
            @Override
            INDArray array() {
                return on(matrix(), new long[] {SIZE, SIZE}, new long[] {SIZE, 1}, 1);
            }
        },
        OFFSET_BEYOND_MEMORY {
            @Override
            INDArray array() {
                return on(matrix(), new long[] {SIZE, SIZE}, new long[] {SIZE, 1}, 1L << 40);
            }
        },
        ROWS_TOO_FAR_APART {
            @Override
            INDArray array() {
                return on(matrix(), new long[] {SIZE, SIZE}, new long[] {1L << 30, 1}, 0);
            }
        },
        COLUMNS_TOO_FAR_APART {
            @Override
            INDArray array() {
                return on(matrix(), new long[] {SIZE, SIZE}, new long[] {1, SIZE + 1}, 0);
            }
        },
        VIEW_OF_A_VIEW {
            @Override
            INDArray array() {
                INDArray rows = matrix().get(NDArrayIndex.interval(4, SIZE), NDArrayIndex.all());
                return on(rows, new long[] {SIZE, SIZE}, new long[] {SIZE, 1}, 4 * SIZE);
            }
        };

        abstract INDArray array();
    }

    private static Multiplier multiplier(boolean packing) {
        return new DnnlMultiplier(MathMode.STRICT_F32, packing, ProductChoice.ONEDNN, () -> 1);
    }

    private static void assertRefused(Runnable work) {
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(work::run)
                .withMessageMatching("memory: -?\\d+ bytes, but there are \\d+; expected as many\\. A size was .*");
    }

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");
    }

    @ParameterizedTest
    @EnumSource
    void product_withAnArrayThatReachesBeyondItsMemory_isRefused(Damage damage) {
        for (boolean packing : new boolean[] {false, true}) {
            Multiplier multiplier = multiplier(packing);
            INDArray damaged = damage.array();
            Factor sound = new Factor(matrix(), false, false);
            INDArray z = matrix();
            for (boolean transposed : new boolean[] {false, true}) {
                Factor factor = new Factor(damaged, transposed, packing);
                assertRefused(() -> multiplier.multiply(factor, sound, z, 0));
                assertRefused(() -> multiplier.multiply(sound, factor, z, 1));
            }
            assertRefused(() -> multiplier.multiply(sound, sound, damaged, 0));
            assertRefused(() -> multiplier.sum(List.of(damaged), List.of(new Product(sound, sound)), z));
            assertThat(z).isEqualTo(matrix());
        }
    }

    @Test
    void row_thatReachesBeyondItsMemory_isNotAdded() {
        INDArray row = on(matrix(), new long[] {SIZE}, new long[] {1}, SIZE * SIZE - 1);
        Factor sound = new Factor(matrix(), false, false);
        INDArray z = matrix();

        assertRefused(() -> multiplier(false).sum(List.of(row), List.of(new Product(sound, sound)), z));
        assertThat(z).isEqualTo(matrix());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gelu", "softmax", "layer_norm", Multiplier.ROUNDING})
    void rows_thatReachBeyondTheirMemory_areRefused(String name) {
        Kernel kernel =
                multiplier(false).kernel(name, Kernel.of((in, out) -> out.get(0).assign(in.get(0))));
        INDArray gain = Nd4j.ones(DataType.FLOAT, SIZE);
        for (Damage damage : Damage.values()) {
            INDArray damaged = damage.array();
            if (damaged.stride(1) == 1 && damaged.stride(0) == SIZE) {
                assertRefused(() -> kernel.run(List.of(damaged, gain), List.of(matrix())));
                assertRefused(() -> kernel.run(List.of(matrix(), gain), List.of(damaged)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void attention_overWhatReachesBeyondItsMemory_isRefused(int place) {
        long[] shape = {2, SIZE, SIZE, SIZE};
        List<INDArray> in = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            in.add(Nd4j.create(DataType.FLOAT, shape));
        }
        INDArray memory = Nd4j.create(DataType.FLOAT, 2 * SIZE * SIZE * SIZE - 1);
        in.set(place, on(memory, shape, Nd4j.getStrides(shape, 'c'), 0));
        in.add(Nd4j.scalar(1f));
        Kernel kernel = multiplier(false)
                .kernel("attention", Kernel.of((ins, outs) -> outs.get(0).assign(0)));

        assertRefused(() -> kernel.run(in, List.of(Nd4j.create(DataType.FLOAT, shape))));
    }

    /** Rows, columns, steps, transposes and permutations of each other, up to the last element of their memory. */
    @Test
    void views_areWithinTheirMemory() {
        SplittableRandom random = new SplittableRandom(31);
        for (int i = 0; i < 500; i++) {
            INDArray array = Nd4j.create(
                    random.nextBoolean() ? DataType.FLOAT : DataType.BFLOAT16,
                    new long[] {random.nextInt(1, 6), random.nextInt(1, 9), random.nextInt(1, 9)},
                    random.nextBoolean() ? 'c' : 'f');
            for (int step = 0; step < 3; step++) {
                array = view(array, random);
                MatrixOperand operand = MatrixOperand.of(array);
                assertThat(operand.memory().address()).isEqualTo(addressOfFirst(array));
                long first = array.size(0);
                assertThat(operand.part(first - 1, 1).layout().rows()).isPositive();
            }
        }
    }

    /** Every {@code step}th index of one axis, from any one on, or two axes exchanged. */
    private static INDArray view(INDArray array, SplittableRandom random) {
        if (random.nextInt(4) == 0) {
            return array.permute(random.nextBoolean() ? new int[] {2, 0, 1} : new int[] {0, 2, 1});
        }
        int axis = random.nextInt(3);
        long from = random.nextLong(array.size(axis));
        long step = random.nextLong(1, 3);
        long[] shape = array.shape().clone();
        long[] strides = array.stride().clone();
        long offset = array.offset() + from * strides[axis];
        shape[axis] = (shape[axis] - from + step - 1) / step;
        strides[axis] *= step;
        return Nd4j.create(array.data(), shape, strides, offset, 'c');
    }

    private static long addressOfFirst(INDArray array) {
        return array.data().pointer().address()
                + array.offset() * array.dataType().width();
    }

    @Test
    @SuppressWarnings("try") // A workspace is never named.
    void lastRowOrColumnOfAMatrix_andOneInAWorkspace_areWithinTheirMemory() {
        INDArray matrix = matrix();
        long end = Region.of(matrix).address() + SIZE * SIZE * Float.BYTES;
        INDArray column = matrix.get(NDArrayIndex.all(), NDArrayIndex.interval(SIZE - 1, SIZE));
        assertThat(MatrixOperand.of(column).memory().address()
                        + MatrixOperand.of(column).layout().length() * Float.BYTES)
                .isEqualTo(end);
        assertThat(MatrixOperand.ofRow(matrix.getColumn(SIZE - 1)).memory().bytes())
                .isEqualTo(((SIZE - 1) * SIZE + 1) * Float.BYTES);
        WorkspaceConfiguration some =
                WorkspaceConfiguration.builder().initialSize(100_000).build();
        try (MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace(some, "operands")) {
            assertThat(workspace.isScopeActive()).isTrue();
            INDArray scoped = matrix();
            INDArray z = matrix();
            multiplier(false).multiply(new Factor(scoped, true, false), new Factor(scoped, false, false), z, 0);
            assertThat(z.getFloat(7, 7)).isEqualTo(SIZE * VALUE * VALUE);
        }
    }
}
