/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lora4j.integration.demonstration.Outputs;

class TableNetworkTest {

    @Test
    void fit_learnsWhatTheRowsSay_andACopyLearnsByItself() {
        Random random = new Random(1);
        float[][] rows = new float[64][2];
        List<String> truth = new ArrayList<>();
        for (float[] row : rows) {
            row[0] = random.nextFloat() * 2 - 1;
            row[1] = random.nextFloat() * 2 - 1;
            truth.add(row[0] > row[1] ? "left" : "right");
        }
        TableNetwork network = TableNetwork.fresh(List.of("x", "y"), List.of("left", "right"), 1)
                .fit(rows, truth, 40);

        assertThat(network.predict(new float[][] {{1, -1}, {-1, 1}})).containsExactly("left", "right");
        assertThat(network.hidden(rows)).hasDimensions(64, 32);
        assertThat(network.data(rows, truth, "rows").getExample(0).lookup("y").getValue())
                .isEqualTo(rows[0][1]);
        var before = network.probabilities(rows);
        network.copy().fit(rows, truth, 1);
        assertThat(Outputs.sameBits(network.probabilities(rows), before)).isTrue();
    }
}
