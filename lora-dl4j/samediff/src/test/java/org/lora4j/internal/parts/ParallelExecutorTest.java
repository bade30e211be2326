/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.internal.engine.GradientCheck.values;

import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ParallelExecutorTest {

    /** The mean over rows and columns of (tanh(x w) - t)^2. */
    private static SameDiff graph() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 3);
        SDVariable t = sd.placeHolder("t", DataType.DOUBLE, -1, 2);
        SDVariable y = sd.math.tanh("y", x.mmul(sd.var("w", values(1, 3, 2))));
        sd.math.square(y.sub(t)).mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static Map<String, INDArray> batch(int rows) {
        return Map.of("x", values(3, rows, 3), "t", values(4, rows, 2));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 7})
    void gradientsAndOutputs_equalThoseOfTheWholeBatch(int rows) {
        SameDiffExecutor whole = SameDiffExecutor.forTraining(graph(), List.of("w"));
        GraphExecutor parts = ParallelExecutor.of(SameDiffExecutor.forTraining(graph(), List.of("w")), 3);

        LossAndGradients expected = whole.gradients(batch(rows), 0);
        LossAndGradients actual = parts.gradients(batch(rows), 0);

        assertThat(actual.loss()).isCloseTo(expected.loss(), offset(1e-14));
        assertThat(actual.gradients()
                        .get("w")
                        .equalsWithEps(expected.gradients().get("w"), 1e-14))
                .isTrue();
        assertThat(parts.output(batch(rows), List.of("y")).get("y"))
                .isEqualTo(whole.output(batch(rows), List.of("y")).get("y"));
        assertThat(parts.output(batch(rows), List.of("loss")).get("loss").getDouble(0))
                .isCloseTo(expected.loss(), offset(1e-14));
    }

    @Test
    void gradients_calledAgain_haveEqualBits() {
        GraphExecutor parts = ParallelExecutor.of(SameDiffExecutor.forTraining(graph(), List.of("w")), 2);

        INDArray first = parts.gradients(batch(9), 0).gradients().get("w");

        for (int i = 0; i < 20; i++) {
            assertThat(parts.gradients(batch(9), 0).gradients().get("w")).isEqualTo(first);
        }
    }

    @Test
    void floats_addedByThreads_haveTheBitsOfOneArrayAfterTheOther() {
        INDArray first = values(1, 70, 3001).castTo(DataType.FLOAT);
        INDArray second = values(2, 70, 3001).castTo(DataType.FLOAT).dup('f');
        INDArray third = values(3, 70, 3001).castTo(DataType.FLOAT);
        INDArray expected = first.mul(0.3).add(second.mul(0.3)).add(third.mul(0.4));

        FloatSum.intoFirst(List.of(first, second, third), new double[] {0.3, 0.3, 0.4});

        assertThat(first).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void gradients_takenBack_holdTheNextOnes_andOthersStayAsTheyAre(int threads) {
        GraphExecutor parts = ParallelExecutor.of(
                SameDiffExecutor.forTraining(graph(), List.of("w")).withKernels(), threads);
        INDArray kept = parts.gradients(batch(4), 0).gradients().get("w");
        INDArray expected = kept.dup();
        INDArray done = parts.gradients(batch(6), 0).gradients().get("w");
        INDArray ofSix = done.dup();
        parts.takeBack(done);

        INDArray next = parts.gradients(batch(4), 0).gradients().get("w");
        INDArray new6 = parts.gradients(batch(6), 0).gradients().get("w");

        assertThat(next).isSameAs(done).isEqualTo(expected);
        assertThat(kept).isNotSameAs(next).isEqualTo(expected);
        assertThat(new6).isNotSameAs(next).isEqualTo(ofSix);
    }

    @Test
    void takeBack_ofAnArrayOfSomebodyElse_orAfterRelease_freesIt() {
        GraphExecutor executor =
                SameDiffExecutor.forTraining(graph(), List.of("w")).withKernels();
        INDArray gradient = executor.gradients(batch(4), 0).gradients().get("w");
        INDArray other = values(1, 3, 2);

        executor.takeBack(other);
        executor.takeBack(gradient);
        executor.release();

        assertThat(other.wasClosed()).isTrue();
        assertThat(gradient.wasClosed()).isTrue();
    }

    @Test
    void gradients_afterAParameterChangedInPlace_seeItInEveryPart() {
        SameDiff sd = graph();
        GraphExecutor parts = ParallelExecutor.of(SameDiffExecutor.forTraining(sd, List.of("w")), 2);
        parts.gradients(batch(4), 0);

        sd.getVariable("w").getArr().muli(0.5);

        LossAndGradients expected =
                SameDiffExecutor.forTraining(sd, List.of("w")).gradients(batch(4), 0);
        assertThat(parts.gradients(batch(4), 0).loss()).isCloseTo(expected.loss(), offset(1e-14));
    }

    @Test
    void output_ofAFailingPart_throwsItsException() {
        GraphExecutor parts = ParallelExecutor.of(SameDiffExecutor.forInference(graph()), 2);

        assertThatThrownBy(() -> parts.output(Map.of("x", values(1, 4, 5)), List.of("y")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("DOUBLE[-1, 3]");
    }

    @Test
    void output_ofPlaceholdersWithDifferentRows_isRefusedWithBoth() {
        GraphExecutor parts = ParallelExecutor.of(SameDiffExecutor.forInference(graph()), 2);

        assertThatThrownBy(() -> parts.output(Map.of("x", values(1, 4, 3), "t", values(1, 3, 2)), List.of("loss")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4=[x]")
                .hasMessageContaining("3=[t]");
    }

    @Test
    void output_withoutARowPerExample_isRefusedByName() {
        GraphExecutor parts = ParallelExecutor.of(SameDiffExecutor.forInference(graph()), 2);

        assertThatThrownBy(() -> parts.output(batch(4), List.of("w")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"w\"");
    }

    @Test
    void of_oneThread_isTheExecutorItself() {
        SameDiffExecutor one = SameDiffExecutor.forInference(graph());

        assertThat(ParallelExecutor.of(one, 1)).isSameAs(one);
        assertThatThrownBy(() -> ParallelExecutor.of(one, 0)).hasMessageContaining("threads = 0");
    }

    @Test
    void output_ofAScalarLeaf_isItsValue_andLeavesItAsItWas() {
        SameDiff sd = graph();
        sd.var("scale", Nd4j.scalar(2.5));
        GraphExecutor parts = ParallelExecutor.of(SameDiffExecutor.forInference(sd), 2);

        assertThat(parts.output(batch(4), List.of("scale")).get("scale").getDouble(0))
                .isEqualTo(2.5);
        assertThat(sd.getVariable("scale").getArr().getDouble(0)).isEqualTo(2.5);
    }

    /** No memory for the second thread: the first one runs already, on arrays that the caller frees when it hears of it. */
    @Test
    void run_withoutMemoryForAThread_awaitsThosePartsThatRun() {
        AtomicInteger working = new AtomicInteger();
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(2, 2, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
                    if (working.get() > 0) {
                        throw new OutOfMemoryError("unable to create native thread");
                    }
                    working.incrementAndGet();
                    return new Thread(work);
                });

        assertThatThrownBy(() -> ParallelExecutor.run(pool, 3, part -> {
                    sleep();
                    working.decrementAndGet();
                    return part;
                }))
                .isInstanceOf(OutOfMemoryError.class);

        assertThat(working).hasValue(0);
        pool.shutdown();
    }

    private static void sleep() {
        try {
            Thread.sleep(300);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
