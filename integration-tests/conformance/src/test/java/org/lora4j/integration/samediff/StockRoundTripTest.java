/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.integration.Arrays32;
import org.lora4j.integration.GraphState;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** A graph that goes through stock SameDiff and this library in turn: built, trained, saved and loaded by stock. */
class StockRoundTripTest {

    private static final int IN = 6;
    private static final int HIDDEN = 16;
    private static final int CLASSES = 3;
    private static final int EXAMPLES = 24;

    /** Float sums in another order: the project's bound for two ways to compute the same. */
    private static final double TOLERANCE = 1e-5;

    private final Random random = new Random(5);
    private final DataSet data = data();
    private final Map<String, INDArray> inputs = Map.of("x", data.getFeatures(), "labels", data.getLabels());

    @TempDir
    private Path directory;

    private SameDiff base;

    /** Built and trained by stock SameDiff, then saved and loaded by it. */
    @BeforeEach
    void buildTrainSaveAndLoad() {
        SameDiff built = network();
        for (int step = 0; step < 3; step++) {
            built.fit(data);
        }
        base = saveAndLoad(built);
        assertThat(y(base)).containsExactly(y(built));
    }

    /** The three ways to make a linear layer, and a normalization. */
    private SameDiff network() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, IN);
        SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, CLASSES);
        SDVariable first = sd.nn()
                .reluLayer(x, sd.var("first.weight", uniform(IN, HIDDEN)), sd.var("first.bias", uniform(HIDDEN)));
        SDVariable second = sd.nn()
                .linear(
                        first,
                        sd.var("second.weight", uniform(HIDDEN, HIDDEN)),
                        sd.var("second.bias", uniform(HIDDEN)));
        SDVariable normal = sd.nn()
                .layerNorm(
                        second,
                        sd.var("norm.weight", Nd4j.ones(DataType.FLOAT, HIDDEN)),
                        sd.var("norm.bias", Nd4j.zeros(DataType.FLOAT, HIDDEN)),
                        false,
                        1);
        SDVariable third = sd.mmul(normal, sd.var("third.weight", uniform(CLASSES, HIDDEN)), false, true, false);
        SDVariable y = third.add("y", sd.var("third.bias", uniform(CLASSES)));
        sd.loss().softmaxCrossEntropy("loss", labels, y, null);
        sd.setLossVariables("loss");
        sd.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(0.01))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .minimize("loss")
                .build());
        return sd;
    }

    private DataSet data() {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, EXAMPLES, CLASSES);
        for (int row = 0; row < EXAMPLES; row++) {
            labels.putScalar(row, random.nextInt(CLASSES), 1);
        }
        return new DataSet(uniform(EXAMPLES, IN), labels);
    }

    private INDArray uniform(long... shape) {
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextDouble() - 0.5);
        }
        return array;
    }

    private SameDiff saveAndLoad(SameDiff graph) {
        Path file = directory.resolve("graph.fb");
        graph.save(file.toFile(), true);
        return SameDiff.load(file.toFile(), true);
    }

    private AdaptedSameDiff adapted() {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .alpha(4)
                .targetModules("first", "second", "third")
                .build();
        return Lora.inject(base, config, 7);
    }

    private AdaptedSameDiff adaptedAndTrained() {
        AdaptedSameDiff model = adapted();
        TrainingPlan plan =
                TrainingPlan.builder().epochs(10).optimizer(AdamW.of(0.02)).build();
        Trainer.builder(model).plan(plan).build().train(Batches.inOrder(List.of(Batch.of(inputs, EXAMPLES))));
        return model;
    }

    /** As adapted models compute it, so that equal values have equal bits. */
    private float[] y(SameDiff graph) {
        return SameDiffExecutor.forInference(graph)
                .fastest()
                .output(inputs, List.of("y"))
                .get("y")
                .ravel()
                .toFloatVector();
    }

    private void assertStockComputes(SameDiff graph, float[] expected) {
        float[] found = graph.output(inputs, "y").get("y").ravel().toFloatVector();
        assertThat(Arrays32.largestDifference(found, expected)).isLessThan(TOLERANCE * Arrays32.largest(expected));
    }

    private float[] y(AdaptedSameDiff model) {
        return model.output(inputs, "y").get("y").ravel().toFloatVector();
    }

    private static double loss(SameDiff graph, Map<String, INDArray> inputs) {
        return graph.output(inputs, "loss").get("loss").getDouble(0);
    }

    @Test
    void inject_intoAGraphTrainedSavedAndLoadedByStock_givesItsOutputInEveryValue() {
        assertThat(y(adapted())).containsExactly(y(base));
        assertStockComputes(base, y(adapted()));
    }

    @Test
    void train_afterTheRoundTrip_lowersTheLossAndLeavesTheLoadedGraphAlone() {
        GraphState before = GraphState.of(base);
        double lossBefore = loss(base, inputs);

        AdaptedSameDiff model = adaptedAndTrained();

        assertThat(model.output(inputs, "loss").get("loss").getDouble(0)).isLessThan(lossBefore - 0.05);
        assertThat(GraphState.of(base)).isEqualTo(before);
    }

    @Test
    void graph_savedAndLoadedByStock_computesTheAdaptedOutputInEveryValue() {
        AdaptedSameDiff model = adaptedAndTrained();

        SameDiff loaded = saveAndLoad(model.graph());

        assertThat(y(loaded)).containsExactly(y(model));
        assertStockComputes(loaded, y(model));
        assertThat(Arrays32.largestDifference(y(loaded), y(base))).isGreaterThan(0.05);
        assertThat(loaded.getLossVariables()).containsExactly("loss");
    }

    @Test
    void mergeAndUnload_savedAndLoadedByStock_computesTheAdaptedOutput() {
        AdaptedSameDiff model = adaptedAndTrained();
        SameDiff merged = model.mergeAndUnload();

        SameDiff loaded = saveAndLoad(merged);

        assertThat(y(loaded)).containsExactly(y(merged));
        assertStockComputes(loaded, y(model));
        assertThat(Arrays32.largestDifference(y(loaded), y(model))).isLessThan(TOLERANCE * Arrays32.largest(y(model)));
        assertThat(types(loaded)).isEqualTo(types(base));
    }

    @Test
    void graph_whileMerged_savedAndLoadedByStock_computesTheAdaptedOutput() {
        AdaptedSameDiff model = adaptedAndTrained();
        float[] before = y(model);
        model.merge();

        SameDiff loaded = saveAndLoad(model.graph());

        assertThat(y(loaded)).containsExactly(y(model));
        assertStockComputes(loaded, y(model));
        assertThat(Arrays32.largestDifference(y(loaded), before)).isLessThan(TOLERANCE * Arrays32.largest(before));
    }

    @Test
    void fit_ofAMergedGraphThatStockSavedAndLoaded_trainsAllOfIt() {
        SameDiff loaded = saveAndLoad(adaptedAndTrained().mergeAndUnload());
        loaded.setTrainingConfig(base.getTrainingConfig());
        GraphState before = GraphState.of(loaded);
        double lossBefore = loss(loaded, inputs);

        loaded.fit(data);

        assertThat(loss(loaded, inputs)).isLessThan(lossBefore);
        assertThat(changed(before, GraphState.of(loaded)))
                .containsExactly(
                        "first.bias",
                        "first.weight",
                        "norm.bias",
                        "norm.weight",
                        "second.bias",
                        "second.weight",
                        "third.bias",
                        "third.weight");
    }

    @Test
    void fit_ofTheAdaptedGraphByStock_changesTheFactorsAndNothingElse() {
        AdaptedSameDiff model = adapted();
        GraphState baseBefore = GraphState.of(base);
        GraphState before = GraphState.of(model.graph());
        double lossBefore = loss(model.graph(), inputs);

        for (int step = 0; step < 10; step++) {
            model.graph().fit(data);
        }

        List<String> factors = model.graph().variables().stream()
                .filter(v -> v.getVariableType() == VariableType.VARIABLE)
                .map(SDVariable::name)
                .sorted()
                .toList();
        assertThat(factors).hasSize(6);
        assertThat(changed(before, GraphState.of(model.graph()))).isEqualTo(factors);
        assertThat(model.output(inputs, "loss").get("loss").getDouble(0)).isLessThan(lossBefore);
        assertThat(GraphState.of(base)).isEqualTo(baseBefore);
    }

    @Test
    void fit_ofTheAdaptedGraphByStock_leavesTheModelUsableByItsVerbs() {
        AdaptedSameDiff model = adapted();
        model.graph().fit(data);
        float[] fitted = y(model);

        model.disable();
        float[] disabled = y(model);
        model.enable();
        model.merge();
        float[] merged = y(model);
        model.unmerge();

        assertThat(disabled).containsExactly(y(base));
        assertThat(Arrays32.largestDifference(merged, fitted)).isLessThan(TOLERANCE * Arrays32.largest(fitted));
        assertThat(y(model)).containsExactly(fitted);
    }

    // Updater state and iteration count are among what a fit goes on from: the untouched twin has the same.
    @Test
    void fit_ofTheBaseByStock_afterItWasAdapted_goesOnAsIfItNeverWas() {
        SameDiff twin = saveAndLoad(base);
        AdaptedSameDiff model = adaptedAndTrained();
        model.graph().fit(data);

        base.fit(data);
        twin.fit(data);

        assertThat(GraphState.of(base)).isEqualTo(GraphState.of(twin));
    }

    private static List<String> changed(GraphState before, GraphState after) {
        assertThat(after.hashes().keySet()).isEqualTo(before.hashes().keySet());
        return before.hashes().keySet().stream()
                .filter(name -> !before.hashes().get(name).equals(after.hashes().get(name)))
                .toList();
    }

    private static Map<String, VariableType> types(SameDiff graph) {
        return graph.variables().stream().collect(Collectors.toMap(SDVariable::name, SDVariable::getVariableType));
    }
}
