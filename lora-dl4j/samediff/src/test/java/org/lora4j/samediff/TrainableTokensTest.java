/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.train.TrainableParameter;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Rows of an embedding that are trained in full. */
class TrainableTokensTest {

    private static final Map<String, INDArray> INPUTS =
            Map.of("ids", Nd4j.createFromArray(new int[][] {{0, 2, 2}, {4, 1, 3}}));

    private static final TrainableTokens ROWS = TrainableTokens.ofInputEmbedding(2, 4);

    /** logits = tanh(lookup) W, with W the table again if tied. */
    private static FormCase.Maker network(DataType type, boolean tied) {
        FormCase.Maker m = new FormCase.Maker(type);
        SDVariable table = m.weight("model.embed_tokens.weight", 5, 3);
        SDVariable ids = m.sd.placeHolder("ids", DataType.INT32, -1, 3);
        SDVariable h = m.sd.math().tanh(m.sd.gather("found", table, ids, 0));
        SDVariable rows = m.sd.reshape(h, -1, 3);
        SDVariable head = tied ? table : m.weight("lm_head.weight", 5, 3);
        SDVariable y = m.sd.mmul("y", rows, head, false, true, false);
        y.mul(y).sum("loss");
        m.sd.setLossVariables("loss");
        return m;
    }

    private static LoraConfig rows(TrainableTokens tokens) {
        return LoraConfig.builder().trainableTokens(tokens).build();
    }

    private static List<String> names(AdaptedSameDiff model) {
        return model.trainableParameters().stream()
                .map(TrainableParameter::name)
                .toList();
    }

    /** The rows 2 and 4 become these. */
    private static final INDArray NEW_ROWS = Nd4j.createFromArray(new double[][] {{1, -2, 3}, {0.5, 0, -0.25}});

    private static AdaptedSameDiff changed(FormCase.Maker m) {
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), rows(ROWS), 1);
        model.trainableParameters().get(0).value().assign(NEW_ROWS);
        return model;
    }

    private static INDArray outputWithNewRows(FormCase.Maker m) {
        SameDiff copy = m.sd.dup();
        INDArray table = copy.getVariable("model.embed_tokens.weight").getArr();
        table.putRow(2, NEW_ROWS.getRow(0));
        table.putRow(4, NEW_ROWS.getRow(1));
        return copy.output(INPUTS, "y").get("y");
    }

    @Test
    void inject_leavesTheOutputEqualInEveryValue() {
        FormCase.Maker m = network(DataType.FLOAT, true);

        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), rows(ROWS), 1);

        Graphs.assertSameValues(
                model.output(INPUTS, "y").get("y"), m.sd.output(INPUTS, "y").get("y"));
        assertThat(names(model)).containsExactly("model.embed_tokens.token_adapter.trainable_tokens_delta.default");
    }

    @Test
    void newRows_areWhatTheLookupFinds() {
        FormCase.Maker m = network(DataType.DOUBLE, false);

        INDArray y = changed(m).output(INPUTS, "y").get("y");

        Graphs.assertSameValues(y, outputWithNewRows(m));
    }

    @Test
    void newRows_reachATiedProjectionToo() {
        FormCase.Maker m = network(DataType.DOUBLE, true);

        INDArray y = changed(m).output(INPUTS, "y").get("y");

        Graphs.assertSameValues(y, outputWithNewRows(m));
    }

    @Test
    void gradient_equalsTheNumericOne() {
        for (boolean tied : new boolean[] {false, true}) {
            FormCase.Maker m = network(DataType.DOUBLE, tied);
            AdaptedSameDiff model = changed(m);

            double error = GradientCheck.check(model.graph(), INPUTS, names(model));

            assertThat(error).isLessThan(GradientCheck.TOLERANCE);
        }
    }

    @Test
    void merge_replacesTheRowsForAllReaders_andUnmergeIsExact() {
        FormCase.Maker m = network(DataType.DOUBLE, true);
        AdaptedSameDiff model = changed(m);
        INDArray before = m.sd.output(INPUTS, "y").get("y");
        INDArray attached = model.output(INPUTS, "y").get("y");

        model.merge();
        INDArray merged = model.output(INPUTS, "y").get("y");
        SameDiff unloaded = model.mergeAndUnload();
        model.unmerge();
        model.activate();

        Graphs.assertSameValues(merged, attached);
        Graphs.assertSameValues(unloaded.output(INPUTS, "y").get("y"), attached);
        Graphs.assertSameValues(model.output(INPUTS, "y").get("y"), before);
        assertThat(unloaded.getVariable("model.embed_tokens.weight").getArr().getRow(4))
                .isEqualTo(NEW_ROWS.getRow(1));
    }

    @Test
    void rowsAndLowRankUpdatesOfTheSameTable_mergeToWhatTheyComputeTogether_byFilesToo() throws Exception {
        FormCase.Maker m = network(DataType.DOUBLE, false);
        AdaptedSameDiff model = changed(m);
        LoraConfig update = LoraConfig.builder()
                .rank(2)
                .targetModules("embed_tokens")
                .initialization(Initialization.RANDOM)
                .build();
        model.addAdapter("update", update, 3);
        model.activate("update", "default");
        INDArray attached = model.output(INPUTS, "y").get("y");

        assertThatThrownBy(() -> model.merge("update"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"default\" replaces rows of the table that \"update\" adds to");
        model.merge();
        INDArray merged = model.output(INPUTS, "y").get("y");

        assertThat(merged.sub(attached).amaxNumber().doubleValue()).isLessThan(1e-10);
        String table = "model.embed_tokens.weight";
        INDArray byFiles = WeightMerge.merged(
                        ModelWeights.of(Map.of(table, m.sd.getVariable(table).getArr())),
                        List.of(model.adapter("update"), model.adapter("default")))
                .get(table);
        assertThat(byFiles).isEqualTo(model.mergeAndUnload().getVariable(table).getArr());
    }

    /** The lengths of DoRA are those of the table with the new rows, as in Deeplearning4j's host and as merging has it. */
    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void rowsBelowDora_areMergedAsTheyAct(boolean tied, boolean inOneAdapter) {
        FormCase.Maker m = network(DataType.DOUBLE, tied);
        LoraConfig dora = LoraConfig.builder()
                .rank(2)
                .targetModules("embed_tokens")
                .initialization(Initialization.RANDOM)
                .dora(true)
                .trainableTokens(inOneAdapter ? ROWS : TrainableTokens.none())
                .build();
        AdaptedSameDiff model = inOneAdapter ? DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), dora, 3) : changed(m);
        if (inOneAdapter) {
            model.trainableParameters().stream()
                    .filter(parameter -> parameter.name().contains("token_adapter"))
                    .forEach(parameter -> parameter.value().assign(NEW_ROWS));
        } else {
            model.addAdapter("dora", dora, 3);
            model.activate("dora", "default");
        }
        INDArray attached = model.output(INPUTS, "y").get("y");

        model.merge();

        assertThat(model.output(INPUTS, "y").get("y").sub(attached).amaxNumber().doubleValue())
                .isLessThan(1e-10);
        SameDiff unloaded = model.mergeAndUnload();
        assertThat(unloaded.output(INPUTS, "y")
                        .get("y")
                        .sub(attached)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-10);
    }

    @Test
    void adapter_savedAndLoaded_holdsTheNewRows(@TempDir Path folder) throws Exception {
        FormCase.Maker m = network(DataType.FLOAT, true);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), rows(ROWS), 1);
        model.trainableParameters().get(0).value().assign(NEW_ROWS);
        INDArray trained = model.output(INPUTS, "y").get("y");

        model.adapter("default").save(folder.resolve("a"));
        AdaptedSameDiff again = DefaultAdapter.saved(AdaptedSameDiff.of(m.sd), folder.resolve("a"));

        Graphs.assertSameValues(again.output(INPUTS, "y").get("y"), trained);
        assertThat(Adapter.load(folder.resolve("a")).modules().get("model.embed_tokens"))
                .containsOnlyKeys("token_adapter.trainable_tokens_delta");
    }

    @Test
    void graph_savedByStockSameDiff_computesTheSame_andItsTablesAreNoModules() {
        FormCase.Maker m = network(DataType.DOUBLE, true);
        AdaptedSameDiff model = changed(m);

        SameDiff loaded = Graphs.saveAndLoad(model.graph());

        Graphs.assertSameValues(
                loaded.output(INPUTS, "y").get("y"), model.output(INPUTS, "y").get("y"));
        assertThat(GraphModules.find(loaded).paths()).allMatch(path -> !path.contains("token_adapter"));
    }

    @Test
    void severalEmbeddings_withoutAUsualName_areNamed() {
        FormCase.Maker m = new FormCase.Maker(DataType.FLOAT);
        SDVariable ids = m.sd.placeHolder("ids", DataType.INT32, -1, 3);
        m.sd.gather(m.weight("one.weight", 5, 3), ids, 0).add("y", m.sd.gather(m.weight("two.weight", 5, 3), ids, 0));

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), rows(ROWS), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("it is not clear which one that is")
                .hasMessageContaining("\"one\"")
                .hasMessageContaining("\"two\"");
        LoraConfig named = rows(TrainableTokens.of(Map.of("two", List.of(1))));
        assertThat(names(DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), named, 1)))
                .containsExactly("two.token_adapter.trainable_tokens_delta.default");
    }

    @Test
    void wrongNamesAndRows_areListedTogether() {
        FormCase.Maker m = network(DataType.FLOAT, false);
        LoraConfig config = rows(TrainableTokens.of(Map.of("embed_token", List.of(1), "embed_tokens", List.of(5))));

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("trainableTokens \"embed_token\" matches no embedding; closest")
                .hasMessageContaining("has the rows [5], expected below its size 5");
    }

    @Test
    void rowsOfTheProjection_areOutputsOfIt() {
        FormCase.Maker m = network(DataType.DOUBLE, false);
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(m.sd), rows(TrainableTokens.of(Map.of("lm_head", List.of(4)))), 1);
        INDArray before = m.sd.output(INPUTS, "y").get("y");
        model.trainableParameters().get(0).value().muli(-2);

        INDArray y = model.output(INPUTS, "y").get("y");
        double error = GradientCheck.check(model.graph(), INPUTS, names(model));
        model.merge();

        before.getColumn(4).muli(-2);
        assertThat(y.sub(before).amaxNumber().doubleValue()).isLessThan(1e-12);
        assertThat(error).isLessThan(GradientCheck.TOLERANCE);
        Graphs.assertSameValues(model.output(INPUTS, "y").get("y"), y);
    }

    @Test
    void twoNamesOfOneTable_areRefused() {
        FormCase.Maker m = network(DataType.FLOAT, true);
        LoraConfig config = rows(TrainableTokens.of(Map.of("embed_tokens", List.of(1), "lm_head", List.of(2))));

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd, Map.of("y", "lm_head")), config, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("which share one table, expected one of them");
    }

    @Test
    void twoAdaptersWithTheSameRow_areNotActiveTogether() {
        FormCase.Maker m = network(DataType.FLOAT, false);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), rows(ROWS), 1);
        model.addAdapter("other", rows(TrainableTokens.ofInputEmbedding(1, 2)), 1);
        model.addAdapter("apart", rows(TrainableTokens.ofInputEmbedding(0, 3)), 1);

        assertThatThrownBy(() -> model.activate("default", "other"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both replace row 2 of \"model.embed_tokens\"");
        model.activate("default", "apart");
        Graphs.assertSameValues(
                model.output(INPUTS, "y").get("y"), m.sd.output(INPUTS, "y").get("y"));
    }

    @Test
    void fullCopyOfTheTiedProjection_keepsItsOwnRows_mergedOrNot() {
        FormCase.Maker m = network(DataType.DOUBLE, true);
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd, Map.of("y", "lm_head")), rows(ROWS), 1);
        model.trainableParameters().get(0).value().assign(NEW_ROWS);
        model.addAdapter("head", LoraConfig.builder().modulesToSave("lm_head").build(), 1);
        model.activate("default", "head");
        INDArray attached = model.output(INPUTS, "y").get("y");

        SameDiff merged = model.mergeAndUnload();

        Graphs.assertSameValues(merged.output(INPUTS, "y").get("y"), attached);
        INDArray found = m.sd.dup().output(INPUTS, "found").get("found");
        found.get(NDArrayIndex.point(0)).putRow(1, NEW_ROWS.getRow(0));
        found.get(NDArrayIndex.point(0)).putRow(2, NEW_ROWS.getRow(0));
        found.get(NDArrayIndex.point(1)).putRow(0, NEW_ROWS.getRow(1));
        INDArray table = m.sd.getVariable("model.embed_tokens.weight").getArr();
        INDArray expected = Transforms.tanh(found, true).dup('c').reshape(6, 3).mmul(table.transpose());
        assertThat(attached.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-12);
    }

    @Test
    void load_withRowsOfAnotherSize_isRefused() {
        FormCase.Maker m = network(DataType.FLOAT, false);
        Adapter wrong = Adapter.of(
                rows(ROWS),
                Map.of(
                        "model.embed_tokens",
                        Map.of("token_adapter.trainable_tokens_delta", Nd4j.ones(DataType.FLOAT, 2, 4))),
                Map.of());
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);

        assertThatThrownBy(() -> model.addAdapter("a", wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("token_adapter.trainable_tokens_delta has shape [2, 4]; expected [2, 3]");
    }
}
