/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.lora4j.samediff.TrainableGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class MemoryOfStepsTest {

    private static final int ROWS = 128;
    private static final int WIDTH = 256;
    private static final int WARM = 200;
    private static final int STEPS = 2000;

    /** A single array of activations kept in each step would be 236 MB. */
    private static final long MOST_GROWTH = 100L << 20;

    private static SameDiff network() {
        SameDiff sd = SameDiff.create();
        SDVariable h = sd.placeHolder("x", DataType.FLOAT, -1, WIDTH);
        for (int i = 0; i < 2; i++) {
            SDVariable w =
                    sd.var("w" + i, Nd4j.eye(WIDTH).castTo(DataType.FLOAT).mul(0.5));
            h = sd.math().tanh(h.mmul(w));
        }
        h.mul(h).mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static long resident() {
        System.gc();
        return Pointer.physicalBytes();
    }

    @Test
    void train_forTwoThousandSteps_takesNoMoreMemoryThanForTwoHundred() {
        Map<String, INDArray> batch = Map.of("x", Nd4j.ones(DataType.FLOAT, ROWS, WIDTH));
        long[] after = new long[2];
        TrainingListener listener = new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
                if (report.step() == WARM) {
                    after[0] = resident();
                } else if (report.step() == STEPS) {
                    after[1] = resident();
                }
            }
        };

        Trainer.builder(TrainableGraph.of(network(), List.of("w0", "w1")))
                .plan(TrainingPlan.builder()
                        .steps(STEPS)
                        .optimizer(AdamW.of(1e-4))
                        .seed(1)
                        .build())
                .listener(listener)
                .build()
                .train(Batches.inOrder(List.of(Batch.of(batch, ROWS))));

        assertThat(after[0]).isPositive();
        assertThat(after[1] - after[0]).isLessThan(MOST_GROWTH);
    }
}
