/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class ArenaTest {

    private final Arena arena = new Arena();

    @Test
    void result_ofAShapeThatCameBack_isThatArray() {
        INDArray first = arena.result(DataType.FLOAT, 2, 3);
        arena.takeBack(first);

        assertThat(arena.result(DataType.FLOAT, 2, 3)).isSameAs(first);
        assertThat(arena.result(DataType.FLOAT, 2, 3)).isNotSameAs(first);
        assertThat(arena.result(DataType.FLOAT, 3, 2)).isNotSameAs(first);
    }

    @Test
    void results_ofMoreShapesThanAreKept_freeThoseNotWantedForLongest() {
        INDArray old = arena.result(DataType.FLOAT, 1);
        INDArray out = arena.result(DataType.FLOAT, 1);
        INDArray wanted = arena.result(DataType.FLOAT, 2);
        arena.takeBack(old);
        arena.takeBack(wanted);

        for (int length = 3; length < Arena.MOST_KINDS + 3; length++) {
            wanted = arena.result(DataType.FLOAT, 2);
            arena.takeBack(wanted);
            arena.result(DataType.FLOAT, length);
        }

        assertThat(old.wasClosed()).isTrue();
        assertThat(out.wasClosed()).as("it belongs to its owner").isFalse();
        assertThat(wanted.wasClosed()).isFalse();
        arena.takeBack(out);
        assertThat(out.wasClosed()).isTrue();
        arena.close();
        assertThat(wanted.wasClosed()).isTrue();
    }
}
