/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearestNeighborTest {

    @Test
    void labels_areThoseOfTheSameDirection_howeverLong() {
        float[][] known = {{100, 0}, {1, 1}};

        List<String> labels =
                NearestNeighbor.labels(new float[][] {{2, 0.1f}, {0.1f, 0.1f}}, known, List.of("right", "up"));

        assertThat(labels).containsExactly("right", "up");
    }
}
