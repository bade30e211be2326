/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class RetentionProbeTest {

    private static final double ROUNDED = 1e-12;

    private static INDArray rows(float... values) {
        return Nd4j.create(values, new long[] {values.length / 2, 2}, 'c');
    }

    private final INDArray base = rows(1, 0, 0, 1, 1, 1, -1, 0);

    /** The first example is turned by a right angle. */
    private final INDArray moved = rows(0, 1, 0, 1, 1, 1, -1, 0);

    private final EarlierHead head = EarlierHead.linear("axes", rows(1, 0, 0, 1), Nd4j.zeros(2), 0, 1, 0, 1);

    private final RetentionProbe probe =
            RetentionProbe.builder(base).neighbors(1).head(head).build();

    @Test
    void measure_ofTheBasesFeatures_isExactlyNothing() {
        Retention same = probe.measure("off", base.dup());

        assertThat(same).isEqualTo(new Retention("off", 0, 0, 0, 1, Map.of("axes", 1.0)));
        assertThat(same.isExact()).isTrue();
    }

    @Test
    void measure_ofOneTurnedExample_isWhatAHandCalculationGives() {
        Retention turned = probe.measure("on", moved);

        // 1 - cos is 1 for one example of four. The difference is (-1, 1), all of the base have 1 + 1 + 2 + 1 squares.
        assertThat(turned.cosineDistance()).isEqualTo(0.25, offset(ROUNDED));
        assertThat(turned.relativeL2()).isEqualTo(Math.sqrt(2.0 / 5), offset(ROUNDED));
        assertThat(turned.largestDifference()).isEqualTo(1);
        // Nearest before: 2, 2, 0, 1; now: 1, 0, 0, 0.
        assertThat(turned.neighborOverlap()).isEqualTo(0.25);
        assertThat(turned.headAccuracy()).containsExactly(Map.entry("axes", 0.75));
        assertThat(turned.isExact()).isFalse();
    }

    @Test
    void measure_ofLongerFeatures_changesTheLengthAlone() {
        Retention longer = probe.measure("twice", base.mul(2));

        assertThat(longer.cosineDistance()).isEqualTo(0, offset(ROUNDED));
        assertThat(longer.relativeL2()).isEqualTo(1, offset(ROUNDED));
        assertThat(longer.neighborOverlap()).isEqualTo(1);
    }

    @Test
    void measure_ofTransposedFeatures_readsThemInTheirOrder() {
        INDArray columns = moved.transpose().dup('c').transpose();

        assertThat(probe.measure("on", columns)).isEqualTo(probe.measure("on", moved));
    }

    @Test
    void accuracy_countsTheBias() {
        EarlierHead biased = EarlierHead.linear("biased", rows(1, 0, 0, 1), Nd4j.createFromArray(0f, 3f), 1, 1, 1, 0);

        RetentionReport report =
                RetentionProbe.builder(base).head(biased).build().report(Map.of());

        // The second class wins everywhere.
        assertThat(report.baseAccuracy()).containsExactly(Map.entry("biased", 0.75));
    }

    @Test
    void prototypes_takeTheNearestMean() {
        INDArray labeled = rows(3, 0, 1, 0.1f, 0, 2, -0.1f, 1);
        EarlierHead nearest = EarlierHead.prototypes("nearest", labeled, new int[] {0, 0, 1, 1}, 0, 1, 0, 0);

        RetentionReport report =
                RetentionProbe.builder(base).head(nearest).build().report(Map.of("on", moved));

        // (-1, 0) is nearer to the second mean; of (1, 1) the first mean is the nearer one by the tilt of both.
        assertThat(report.baseAccuracy()).containsExactly(Map.entry("nearest", 0.75));
        assertThat(report.states().get(0).headAccuracy()).containsExactly(Map.entry("nearest", 0.5));
    }

    @Test
    void report_asJson_hasEveryFigure() throws IOException {
        Map<String, INDArray> states = new LinkedHashMap<>();
        states.put("on", moved);
        states.put("off", base);

        RetentionReport report = probe.report(states);

        JsonNode json = new ObjectMapper().readTree(report.json());
        assertThat(json.get("examples").asInt()).isEqualTo(4);
        assertThat(json.get("width").asInt()).isEqualTo(2);
        assertThat(json.get("neighbors").asInt()).isEqualTo(1);
        assertThat(json.get("baseAccuracy").get("axes").asDouble()).isEqualTo(1);
        JsonNode on = json.get("states").get(0);
        assertThat(on.get("state").asText()).isEqualTo("on");
        assertThat(on.get("neighborOverlap").asDouble()).isEqualTo(0.25);
        assertThat(on.get("headAccuracy").get("axes").asDouble()).isEqualTo(0.75);
        assertThat(json.get("states").get(1).get("largestDifference").asDouble())
                .isZero();
    }

    @Test
    void report_asText_hasALineForTheBaseAndEachState() {
        String[] lines = probe.report(Map.of("on", moved)).toString().split("\\R");

        assertThat(lines).hasSize(3);
        assertThat(lines[0]).startsWith("4 examples").contains("overlap@1").endsWith("axes");
        assertThat(lines[1]).startsWith("base ").endsWith("1.000");
        assertThat(lines[2]).startsWith("on ").contains("0.25000", "0.63246").endsWith("0.750");
    }

    @Test
    void measure_ofOtherShapesOrNoNumbers_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> probe.measure("on", rows(1, 2)))
                .withMessageContaining("features of \"on\"")
                .withMessageContaining("[1, 2]; expected [4, 2]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> probe.measure("on", rows(1, 0, 0, Float.NaN, 1, 1, 0, 0)))
                .withMessageContaining("NaN in example 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> probe.measure("on", Nd4j.ones(2, 2, 2)))
                .withMessageContaining("[2, 2, 2]; expected floating point numbers [examples, width]");
    }

    @Test
    void build_withWhatDoesNotFit_listsAllOfIt() {
        EarlierHead wider = EarlierHead.linear("axes", Nd4j.ones(2, 3), Nd4j.zeros(2), 0, 1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetentionProbe.builder(base)
                        .neighbors(4)
                        .head(head)
                        .head(wider)
                        .build())
                .withMessageContaining("neighbors = 4, expected 1 to 3")
                .withMessageContaining("2 labels for 4 examples")
                .withMessageContaining("made for 3 features, expected 2")
                .withMessageContaining("two heads of one name");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetentionProbe.builder(rows(1, 1)))
                .withMessageContaining("1 examples, expected 2 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetentionProbe.builder(Nd4j.zeros(3, 2)))
                .withMessageContaining("all features are zero");
    }

    @Test
    void heads_withWhatDoesNotFit_areRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EarlierHead.linear("h", rows(1, 0, 0, 1), Nd4j.zeros(3), 0, 2, -1))
                .withMessageContaining("\"h\"")
                .withMessageContaining("3 biases for 2 classes")
                .withMessageContaining("label 2, expected 0 to 1")
                .withMessageContaining("label -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EarlierHead.linear("h", Nd4j.ones(3), Nd4j.zeros(3), 0))
                .withMessageContaining("weight has shape [3]; expected [classes, width]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EarlierHead.prototypes("h", rows(1, 0, 0, 1), new int[] {0, 2}, 0))
                .withMessageContaining("class 1 has no example");
    }
}
