/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class MetricsTest {

    private static final double EXACT = 1e-12;

    /** y = 1 x. */
    private final GraphExecutor same = identity();

    private static GraphExecutor identity() {
        SameDiff sd = SameDiff.create();
        sd.placeHolder("x", DataType.DOUBLE, -1, -1).mul("y", 1);
        sd.placeHolder("t", DataType.DOUBLE, -1, -1).mul("unused", 1);
        return SameDiffExecutor.forInference(sd);
    }

    private static Batch batch(double[][] x, double[][] t) {
        return Batch.of(Map.of("x", Nd4j.createFromArray(x), "t", Nd4j.createFromArray(t)), x.length);
    }

    private static ClassificationMetrics classes(Batch... batches) {
        return ClassificationMetrics.of(identity(), Batches.inOrder(List.of(batches)), "y", "t");
    }

    /** Right 0 0 1 2, found 0 1 1 0. */
    @Test
    void classes_areCountedOverBatches() {
        ClassificationMetrics found = classes(
                batch(new double[][] {{3, 1, 2}, {0, 5, 1}}, new double[][] {{1, 0, 0}, {1, 0, 0}}),
                batch(new double[][] {{-2, -1, -3}, {1, 1, 1}}, new double[][] {{1}, {2}}));

        assertThat(found.confusion()).isDeepEqualTo(new long[][] {{1, 1, 0}, {0, 1, 0}, {1, 0, 0}});
        assertThat(found.examples()).isEqualTo(4);
        assertThat(found.accuracy()).isEqualTo(0.5);
        assertThat(found.precision(0)).isEqualTo(0.5);
        assertThat(found.recall(0)).isEqualTo(0.5);
        assertThat(found.precision(1)).isEqualTo(0.5);
        assertThat(found.recall(1)).isEqualTo(1);
        // 2 (0.5) (1) / 1.5
        assertThat(found.f1(1)).isCloseTo(2.0 / 3, offset(EXACT));
        assertThat(found.f1(2)).isZero();
        // (1/2 + 2/3 + 0) / 3
        assertThat(found.macroF1()).isCloseTo(7.0 / 18, offset(EXACT));
        assertThat(found).hasToString("4 examples of 3 classes: accuracy 0.5000, macro F1 0.3889");
    }

    @Test
    void macroF1_leavesOutClassesThatDoNotOccur() {
        assertThat(ClassificationMetrics.of(new long[][] {{2, 0, 0}, {0, 2, 0}, {0, 0, 0}})
                        .macroF1())
                .isEqualTo(1);
    }

    @Test
    void confusion_isACopy() {
        ClassificationMetrics found = ClassificationMetrics.of(new long[][] {{1, 0}, {0, 1}});

        found.confusion()[0][0] = 9;

        assertThat(found.accuracy()).isEqualTo(1);
    }

    @Test
    void labelsThatAreNoClasses_areNamedWithTheirBatch() {
        assertThatThrownBy(() -> classes(batch(new double[][] {{1, 2}}, new double[][] {{2}})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "classification metrics, batch 1: \"t\" holds 2.0; expected whole numbers from 0 to 1, one for"
                                + " each of the 2 scores");
        assertThatThrownBy(() -> classes(batch(new double[][] {{1, 2}}, new double[][] {{0, 0, 1}})))
                .hasMessageContaining("\"t\" has the shape [1, 3] beside 1 rows of 2 scores; expected [1, 2], or [1]");
        assertThatThrownBy(() -> classes(batch(new double[][] {{1}}, new double[][] {{0}})))
                .hasMessageContaining(
                        "\"y\" has the shape [1, 1]; expected [examples, classes] with two classes or more");
        assertThatThrownBy(() -> classes(batch(new double[][] {{1, Double.NaN}}, new double[][] {{0}})))
                .hasMessageContaining("\"y\" holds NaN");
    }

    @Test
    void disposableBatches_areClosed_alsoAfterAFailure() {
        INDArray x = Nd4j.createFromArray(new double[][] {{1, Double.NaN}});
        INDArray t = Nd4j.createFromArray(new double[][] {{0}});
        Batches source = (epoch, seed) ->
                List.of(Batch.disposable(Map.of("x", x, "t", t), 1)).iterator();

        assertThatThrownBy(() -> ClassificationMetrics.of(same, source, "y", "t"))
                .isInstanceOf(IllegalArgumentException.class);

        assertThat(x.wasClosed()).isTrue();
    }

    /** Differences 1, -1, 0, 2 of targets 1, 2, 3, 6: squares 6, variation 4 + 1 + 0 + 9 = 14. */
    @Test
    void numbers_areMeasuredOverBatches() {
        RegressionMetrics found = RegressionMetrics.of(
                same,
                Batches.inOrder(List.of(
                        batch(new double[][] {{2}, {1}, {3}}, new double[][] {{1}, {2}, {3}}),
                        batch(new double[][] {{8}}, new double[][] {{6}}))),
                "y",
                "t");

        assertThat(found.examples()).isEqualTo(4);
        assertThat(found.meanSquaredError()).isEqualTo(1.5);
        assertThat(found.meanAbsoluteError()).isEqualTo(1);
        assertThat(found.r2()).isCloseTo(1 - 6.0 / 14, offset(EXACT));
    }

    @Test
    void r2_ofSeveralNumbers_isTheMeanOfTheirs() {
        RegressionMetrics found = RegressionMetrics.of(
                same,
                Batches.inOrder(List.of(batch(new double[][] {{0, 10}, {2, 10}}, new double[][] {{0, 9}, {2, 11}}))),
                "y",
                "t");

        assertThat(found.r2()).isCloseTo(0.5, offset(EXACT));
        assertThat(found.meanSquaredError()).isEqualTo(0.5);
    }

    @Test
    void predictionsBesideOtherTargets_areTold() {
        assertThatThrownBy(() -> RegressionMetrics.of(
                        same, Batches.inOrder(List.of(batch(new double[][] {{1, 2}}, new double[][] {{1}}))), "y", "t"))
                .hasMessageContaining("\"y\" has the shape [1, 2], and \"t\" [1, 1]");
    }
}
