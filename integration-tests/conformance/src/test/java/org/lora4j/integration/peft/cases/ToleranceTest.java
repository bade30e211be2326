/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.cases;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.factory.Nd4j;

class ToleranceTest {

    private static final Tolerance TOLERANCE = new Tolerance(0.1, 0.01);

    @Test
    void compare_withinAbsoluteAndRelativePart_hasNoProblem() {
        var difference = TOLERANCE.compare(Nd4j.createFromArray(100.5, 0), Nd4j.createFromArray(101.5, 0.09));

        assertThat(difference.problem()).isNull();
        assertThat(difference.largest()).isEqualTo(1.0);
    }

    @Test
    void compare_beyondTheTolerance_namesElementAndNumbers() {
        var difference = TOLERANCE.compare(Nd4j.createFromArray(1.0, 2), Nd4j.createFromArray(1.0, 2.5));

        assertThat(difference.problem()).isEqualTo("element 1 is 2.0, expected 2.5");
    }

    @Test
    void compare_ofNaN_isBeyondEveryTolerance() {
        var difference = TOLERANCE.compare(Nd4j.createFromArray(Double.NaN), Nd4j.createFromArray(0.0));

        assertThat(difference.problem()).isNotNull();
    }

    @Test
    void compare_ofOtherShapes_namesBoth() {
        var difference = TOLERANCE.compare(Nd4j.zeros(2, 3), Nd4j.zeros(3, 2));

        assertThat(difference.problem()).isEqualTo("shape [2, 3], expected [3, 2]");
    }
}
