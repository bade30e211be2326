/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class LogisticRegressionTest {

    @Test
    void fit_ofTwoSides_tellsThem() {
        float[][] train = {{1, 0}, {0.9f, 0.1f}, {0, 1}, {0.1f, 0.9f}};
        List<String> labels = List.of("left", "left", "right", "right");
        float[][] unseen = {{0.8f, 0}, {0, 0.7f}};

        LogisticRegression model = LogisticRegression.fit(train, labels, unseen, List.of("left", "right"));

        assertThat(model.predict(unseen)).containsExactly("left", "right");
        assertThat(model.scores(unseen).get(0).get("left")).isGreaterThan(0.5);
    }
}
