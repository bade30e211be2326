/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.SgdOptimizer;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class GrowingAdapterTest {

    private static final int IN = 12;
    private static final int OUT = 3;

    /** Two heads over one layer; the mean squared error of both against y. */
    private static SameDiff base() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, IN);
        SDVariable y = sd.placeHolder("y", DataType.DOUBLE, -1, OUT);
        SDVariable hidden = x.mmul(sd.constant("body.weight", random("body", IN, IN)));
        SDVariable first = hidden.mmul(sd.constant("first.weight", random("first", IN, OUT)));
        SDVariable second = hidden.mmul(sd.constant("second.weight", random("second", IN, OUT)));
        SDVariable output = first.add("output", second);
        SDVariable error = output.sub(y);
        error.mul(error).mean("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static INDArray random(String name, long... shape) {
        return RandomStreams.normal(RandomStreams.of(1, name), 0.3, DataType.DOUBLE, shape);
    }

    private static LoraConfig config(String head) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(2)
                .targetModules("body")
                .modulesToSave(head)
                .build();
    }

    private static Map<String, INDArray> inputs() {
        return Map.of("x", random("x", 8, IN), "y", random("y", 8, OUT));
    }

    private static void train(AdaptedSameDiff model, OrthogonalityPenalty penalty, int steps) {
        TrainingPlan plan = TrainingPlan.builder()
                .steps(steps)
                .optimizer(SgdOptimizer.of(0.05))
                .penalty(penalty)
                .build();
        Trainer.builder(model).plan(plan).build().train(Batches.inOrder(List.of(Batch.of(inputs(), 8))));
    }

    private static double overlap(AdaptedSameDiff model) {
        INDArray a = model.adapter("one").modules().get("body").get("lora_A.weight");
        INDArray b = model.adapter("two").modules().get("body").get("lora_A.weight");
        return a.mmul(b.transpose()).norm1Number().doubleValue();
    }

    @Test
    void secondPart_learnsAlone_andTurnsAwayFromTheFirst() {
        AdaptedSameDiff model = AdaptedSameDiff.of(base());
        GrowingAdapter growing = GrowingAdapter.on(model);
        train(model, growing.begin("one", config("first"), 1, 0.5), 20);
        Adapter one = model.adapter("one");

        OrthogonalityPenalty penalty = growing.begin("two", config("second"), 2, 0.5);
        double before = overlap(model);
        train(model, penalty, 60);

        assertThat(growing.tasks()).containsExactly("one", "two");
        assertThat(model.activeAdapters()).containsExactly("one", "two");
        assertThat(model.adapter("one")).isEqualTo(one);
        assertThat(model.isTrainable("one")).isFalse();
        assertThat(overlap(model)).isLessThan(0.25 * before);
    }

    @Test
    void concatenated_isOneAdapterThatComputesTheSame() {
        AdaptedSameDiff model = AdaptedSameDiff.of(base());
        GrowingAdapter growing = GrowingAdapter.on(model);
        train(model, growing.begin("one", config("first"), 1, 0.5), 5);
        train(model, growing.begin("two", config("second"), 2, 0.5), 5);
        INDArray expected = model.output(inputs(), "output").get("output").dup();

        Adapter whole = growing.concatenated();
        AdaptedSameDiff fresh = AdaptedSameDiff.of(base());
        fresh.addAdapter("whole", whole);
        fresh.activate("whole");

        assertThat(whole.modules().get("body").get("lora_A.weight").shape()).containsExactly(4, IN);
        // Adapters hold what they have in FLOAT or DOUBLE; products are summed in another order.
        INDArray found = fresh.output(inputs(), "output").get("output");
        assertThat(found.sub(expected).amaxNumber().doubleValue()).isCloseTo(0, within(1e-6));
    }

    @Test
    void begin_whenTwoPartsSaveOneHead_changesNothing() {
        AdaptedSameDiff model = AdaptedSameDiff.of(base());
        GrowingAdapter growing = GrowingAdapter.on(model);
        growing.begin("one", config("first"), 1, 0.5);

        assertThatThrownBy(() -> growing.begin("two", config("first"), 2, 0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("first");
        assertThat(model.adapterNames()).containsExactly("one");
        assertThat(model.activeAdapters()).containsExactly("one");
        assertThat(model.isTrainable("one")).isTrue();
        assertThat(growing.tasks()).containsExactly("one");
    }

    @Test
    void begin_withATakenName_isRefused() {
        AdaptedSameDiff model = AdaptedSameDiff.of(base());
        GrowingAdapter growing = GrowingAdapter.on(model);
        growing.begin("one", config("first"), 1, 0.5);

        assertThatThrownBy(() -> growing.begin("one", config("second"), 2, 0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one");
    }

    @Test
    void concatenated_withoutParts_saysWhatToDo() {
        GrowingAdapter growing = GrowingAdapter.on(AdaptedSameDiff.of(base()));

        assertThatThrownBy(growing::concatenated)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Call begin(...) first.");
    }
}
