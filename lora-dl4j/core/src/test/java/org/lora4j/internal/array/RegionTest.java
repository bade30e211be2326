/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.ref.WeakReference;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class RegionTest {

    @Test
    void of_anArray_isItsElements() {
        INDArray array = Nd4j.create(DataType.DOUBLE, 3, 5);
        INDArray rows = array.get(NDArrayIndex.interval(1, 3), NDArrayIndex.all());

        assertThat(Region.of(array).bytes()).isEqualTo(120);
        assertThat(Region.of(rows).bytes()).isEqualTo(80);
        assertThat(Region.of(rows).address()).isEqualTo(Region.of(array).address() + 40);
    }

    @ParameterizedTest
    @CsvSource({"4, 5, 5, 0", "3, 5, 5, 1", "1, 15, 15, 15", "1, 1, 1, 16"})
    void of_anArrayThatReachesBeyondItsBuffer_isRefused(long rows, long columns, long stride, long offset) {
        INDArray memory = Nd4j.create(DataType.FLOAT, 3, 5);
        INDArray damaged = Nd4j.create(memory.data(), new long[] {rows, columns}, new long[] {stride, 1}, offset, 'c');

        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> Region.of(damaged));
        try (DenseArray dense = DenseArray.rowMajor(damaged)) {
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> dense.read(0, new float[1], 1));
        }
    }

    @Test
    void toEndOfBuffer_ofAView_beginsAtItsFirstElement() {
        INDArray array = Nd4j.create(DataType.FLOAT, 3, 5);
        INDArray column = array.getColumn(4);

        assertThat(Region.toEndOfBuffer(column)).isEqualTo(Region.of(array).from(16));
    }

    @Test
    void of_aPointer_goesToItsEnd() {
        try (FloatPointer pointer = new FloatPointer(10L)) {
            Region all = Region.of(pointer);
            assertThat(all.bytes()).isEqualTo(40);
            assertThat(all.from(36).bytes()).isEqualTo(4);
            assertThat(Region.of(pointer.position(4))).isEqualTo(new Region(all.address() + 16, 24));
        }
    }

    @Test
    void of_aClosedPointer_isRefused() {
        FloatPointer pointer = new FloatPointer(10L);
        pointer.close();

        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> Region.of(pointer))
                .withMessageContaining("freed");
    }

    /** Whoever has a part of some memory has the memory: the array that it was taken of is gone. */
    @Test
    void region_keepsItsMemoryFromTheCollector() throws InterruptedException {
        INDArray array = Nd4j.create(DataType.FLOAT, 3, 5);
        WeakReference<Object> buffer = new WeakReference<>(array.data());
        Region part = Region.of(array).from(8);
        array = null;

        collect(buffer);
        assertThat(buffer.get()).isNotNull();
        part.inUse();
        part = null;
        collect(buffer);
        assertThat(buffer.get()).isNull();
    }

    private static void collect(WeakReference<?> some) throws InterruptedException {
        for (int i = 0; i < 20 && some.get() != null; i++) {
            System.gc();
            Thread.sleep(10);
        }
    }

    @Test
    void copies_goWhereTheyAreSentAndNoFurther() {
        INDArray from = Nd4j.createFromArray(1f, 2f, 3f);
        INDArray to = Nd4j.zeros(DataType.FLOAT, 3);

        Region.of(from).from(4).copyTo(Region.of(to), 8);
        Region.of(to).from(8).write(new float[] {7}, 1);
        float[] read = new float[2];
        Region.of(to).from(4).read(read, 2);

        assertThat(to.toFloatVector()).containsExactly(2, 3, 7);
        assertThat(read).containsExactly(3, 7);
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> Region.of(from).from(8).copyTo(Region.of(to), 8));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> Region.of(from).from(8).read(read, 2));
    }

    @ParameterizedTest
    @CsvSource({"1, 5, 5, 20", "3, 5, 5, 60", "3, 7, 2, 64", "0, 5, 5, 0", "2, 16777216, 1, 67108868"})
    void rows_needSoManyBytesAndNoMore(long rows, long step, long columns, long bytes) {
        new Region(1, bytes).requireRows(rows, step, columns, Float.BYTES);
        if (bytes > 0) {
            assertThatExceptionOfType(IndexOutOfBoundsException.class)
                    .isThrownBy(() -> new Region(1, bytes - 1).requireRows(rows, step, columns, Float.BYTES))
                    .withMessage("memory: " + bytes + " bytes, but there are " + (bytes - 1)
                            + "; expected as many. A size was computed wrongly: please report it.");
        }
    }

    @Test
    void sizesThatAreNone_areRefused() {
        Region region = new Region(1, 100);

        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> region.require(-1));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> region.from(101));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> region.from(-1));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> region.requireRows(2, 3, 4, Float.BYTES));
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> region.requireRows(1L << 40, 1L << 40, 4, Float.BYTES));
    }

    @Test
    void elementsBeyondAnArray_areNotRead() {
        INDArray array = Nd4j.create(DataType.FLOAT, 10);
        try (DenseArray dense = DenseArray.rowMajor(array)) {
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> dense.read(8, new float[3], 3));
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> dense.read(0, new float[3], 4));
            assertThatExceptionOfType(IndexOutOfBoundsException.class)
                    .isThrownBy(() -> dense.write(-1, new float[3], 3));
        }
    }
}
