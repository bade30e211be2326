/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adapters with the keys that PEFT writes for the Python classes load onto the graphs of the same classes, without any
 * mapping of names, and compute {@code (W + scale * B * A) x}.
 */
class PretrainedEncoderAdapterTest {

    /** Double precision with sums of a few dozen terms in another order. */
    private static final double EXACT = 1e-10;

    private static final int RANK = 2;
    private static final double SCALE = 1.5;
    private static final int[] TEXT = {4, 17, 8, 3, 11};

    @TempDir
    private Path folder;

    private Path base;
    private Path adapter;
    private final TinyCheckpoint factors = TinyCheckpoint.empty(9);

    @BeforeEach
    void folders() throws IOException {
        base = Files.createDirectory(folder.resolve("base"));
        adapter = Files.createDirectory(folder.resolve("adapter"));
    }

    /** Adds A and B for a module, and their product to the weight that the plain forward pass will use. */
    private void adapt(TinyCheckpoint merged, String module) {
        double[][] weight = merged.values(module + ".weight");
        String key = "base_model.model." + module;
        factors.add(key + ".lora_A.weight", RANK, weight[0].length);
        factors.add(key + ".lora_B.weight", weight.length, RANK);
        double[][] a = factors.values(key + ".lora_A.weight");
        double[][] b = factors.values(key + ".lora_B.weight");
        double[][] sum = new double[weight.length][weight[0].length];
        for (int i = 0; i < sum.length; i++) {
            for (int j = 0; j < sum[0].length; j++) {
                sum[i][j] = weight[i][j];
                for (int k = 0; k < RANK; k++) {
                    sum[i][j] += SCALE * b[i][k] * a[k][j];
                }
            }
        }
        merged.put(module + ".weight", sum);
    }

    /** Lets the adapter bring a module of its own, fully trained. */
    private void replace(TinyCheckpoint merged, String module) {
        for (String parameter : List.of(module + ".weight", module + ".bias")) {
            double[][] old = merged.values(parameter);
            merged.add(parameter, old.length, old[0].length);
            factors.put("base_model.model." + parameter, merged.values(parameter));
        }
    }

    private void writeAdapter(String targets, String modulesToSave) throws IOException {
        Files.writeString(
                adapter.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"task_type\": \"SEQ_CLS\", \"r\": " + RANK + ", \"lora_alpha\": "
                        + SCALE * RANK + ", \"target_modules\": " + targets + ", \"modules_to_save\": " + modulesToSave
                        + "}");
        factors.writeTensors(adapter.resolve("adapter_model.safetensors"), DType.F64);
    }

    @Test
    void adapterOfABertClassifier_loadsAndComputesAsMerged() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(base));
        for (int layer = 0; layer < 2; layer++) {
            adapt(tiny, "bert.encoder.layer." + layer + ".attention.self.query");
            adapt(tiny, "bert.encoder.layer." + layer + ".attention.self.value");
        }
        replace(tiny, "classifier");
        writeAdapter("[\"query\", \"value\"]", "[\"classifier\", \"score\"]");

        AdaptedSameDiff model =
                DefaultAdapter.saved(AdaptedSameDiff.of(loaded.classifier().graph()), adapter);

        ReferenceBert reference = new ReferenceBert(loaded.config(), tiny.forReference("bert."));
        double[][] first = {reference.lastHiddenState(TEXT, new int[5])[0]};
        double[][] pooled = ReferenceBert.tanh(reference.linear(first, "pooler.dense"));
        assertClose(logits(model), reference.linear(pooled, "classifier"));
    }

    @Test
    void adapterOfEveryLinearModule_includesThePooler() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(base));
        for (int layer = 0; layer < 2; layer++) {
            String at = "bert.encoder.layer." + layer + ".";
            adapt(tiny, at + "attention.self.query");
            adapt(tiny, at + "attention.self.key");
            adapt(tiny, at + "attention.self.value");
            adapt(tiny, at + "attention.output.dense");
            adapt(tiny, at + "intermediate.dense");
            adapt(tiny, at + "output.dense");
        }
        adapt(tiny, "bert.pooler.dense");
        replace(tiny, "classifier");
        writeAdapter("[\"query\", \"key\", \"value\", \"dense\"]", "[\"classifier\", \"score\"]");

        AdaptedSameDiff model =
                DefaultAdapter.saved(AdaptedSameDiff.of(loaded.classifier().graph()), adapter);

        ReferenceBert reference = new ReferenceBert(loaded.config(), tiny.forReference("bert."));
        double[][] first = {reference.lastHiddenState(TEXT, new int[5])[0]};
        double[][] pooled = ReferenceBert.tanh(reference.linear(first, "pooler.dense"));
        assertClose(logits(model), reference.linear(pooled, "classifier"));
    }

    @Test
    void adapterOfARobertaClassifier_bringsBothLayersOfItsHead() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.roberta();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(base));
        // "dense" is the name of a layer of the head too, which is saved whole and gets no factors.
        for (int layer = 0; layer < 2; layer++) {
            String at = "roberta.encoder.layer." + layer + ".";
            adapt(tiny, at + "attention.self.query");
            adapt(tiny, at + "attention.output.dense");
            adapt(tiny, at + "intermediate.dense");
            adapt(tiny, at + "output.dense");
        }
        replace(tiny, "classifier.dense");
        replace(tiny, "classifier.out_proj");
        writeAdapter("[\"query\", \"dense\"]", "[\"classifier\", \"score\"]");

        // A fresh head stands for the one of Python's from_pretrained, which nobody has.
        AdaptedSameDiff model =
                DefaultAdapter.saved(AdaptedSameDiff.of(loaded.classifier(3, 5).graph()), adapter);

        ReferenceBert reference = new ReferenceBert(loaded.config(), tiny.forReference("roberta."));
        double[][] first = {reference.lastHiddenState(TEXT, new int[5], new int[] {2, 3, 4, 5, 6})[0]};
        double[][] middle = ReferenceBert.tanh(reference.linear(first, "classifier.dense"));
        assertClose(logits(model), reference.linear(middle, "classifier.out_proj"));
    }

    @Test
    void adapterOfABareEncoder_hasKeysWithoutPrefix() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert().rename(name -> name.replace("bert.", ""));
        tiny.remove("classifier.").with("architectures", List.of("BertModel"));
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(base));
        adapt(tiny, "encoder.layer.0.attention.self.query");
        adapt(tiny, "encoder.layer.1.attention.self.query");
        adapt(tiny, "pooler.dense");
        writeAdapter("[\"query\", \"pooler.dense\"]", "null");

        AdaptedSameDiff model = DefaultAdapter.saved(
                AdaptedSameDiff.of(loaded.encoder(Pooling.POOLER).graph()), adapter);

        ReferenceBert reference = new ReferenceBert(loaded.config(), tiny.forReference(""));
        double[][] first = {reference.lastHiddenState(TEXT, new int[5])[0]};
        assertClose(
                model.output(batch(), EncoderGraph.POOLED).get(EncoderGraph.POOLED),
                ReferenceBert.tanh(reference.linear(first, "pooler.dense")));
    }

    @Test
    void adapterOfAClassifier_doesNotLoadOntoABareEncoder() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(base));
        adapt(tiny, "bert.encoder.layer.0.attention.self.query");
        adapt(tiny, "bert.encoder.layer.1.attention.self.query");
        writeAdapter("[\"query\"]", "null");

        SameDiff encoder = loaded.encoder(Pooling.CLS).graph();

        assertThatThrownBy(() -> DefaultAdapter.saved(AdaptedSameDiff.of(encoder), adapter))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining(
                        "module \"bert.encoder.layer.0.attention.self.query\" of the adapter is not in the"
                                + " graph; closest: \"encoder.layer.0.attention.self.query\"");
    }

    @Test
    void adapterMadeHere_hasTheKeysOfThePythonClass() throws IOException {
        PretrainedEncoder loaded =
                PretrainedEncoder.load(TinyCheckpoint.roberta().write(base));
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .targetModules("query")
                .modulesToSave("classifier")
                .taskType("SEQ_CLS")
                .build();

        DefaultAdapter.fresh(AdaptedSameDiff.of(loaded.classifier(2, 1).graph()), config, 7)
                .adapter("default")
                .save(adapter);

        try (SafetensorsReader file = SafetensorsReader.open(adapter.resolve("adapter_model.safetensors"))) {
            assertThat(file.tensors())
                    .containsOnlyKeys(
                            "base_model.model.roberta.encoder.layer.0.attention.self.query.lora_A.weight",
                            "base_model.model.roberta.encoder.layer.0.attention.self.query.lora_B.weight",
                            "base_model.model.roberta.encoder.layer.1.attention.self.query.lora_A.weight",
                            "base_model.model.roberta.encoder.layer.1.attention.self.query.lora_B.weight",
                            "base_model.model.classifier.dense.weight",
                            "base_model.model.classifier.dense.bias",
                            "base_model.model.classifier.out_proj.weight",
                            "base_model.model.classifier.out_proj.bias");
            assertThat(file.tensor("base_model.model.classifier.out_proj.weight")
                            .shape())
                    .containsExactly(2, 6);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gelu", "gelu_new", "silu", "relu"})
    void gradientsOfABertClassifier_agreeWithNumericDifferentiation(String activation) throws IOException {
        PretrainedEncoder loaded = PretrainedEncoder.load(
                TinyCheckpoint.bert().with("hidden_act", activation).write(base));

        assertGradients(loaded.classifier(3, 5).graph());
    }

    @Test
    void gradientsOfARobertaClassifier_agreeWithNumericDifferentiation() throws IOException {
        PretrainedEncoder loaded =
                PretrainedEncoder.load(TinyCheckpoint.roberta().write(base));

        assertGradients(loaded.classifier(3, 5).graph());
    }

    private static void assertGradients(SameDiff graph) {
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave("classifier")
                .initialization(Initialization.RANDOM)
                .build();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(graph), config, 3);
        Map<String, INDArray> batch =
                TinyBerts.batch(new int[][] {TEXT, {5, 9, 2, 1, 1}}, new double[][] {{1, 1, 1, 1, 1}, {1, 1, 1, 0, 0}});
        batch.put(EncoderClassifier.LABELS, Nd4j.createFromArray(new double[][] {{0, 0, 1}, {1, 0, 0}}));

        LossAndGradients step = model.executor().gradients(batch, 1);

        assertThat(model.trainableParameters()).hasSizeGreaterThan(24);
        for (TrainableParameter parameter : model.trainableParameters()) {
            INDArray value = parameter.value();
            long element = value.length() / 2;
            double found = step.gradients().get(parameter.name()).getDouble(element);
            assertThat(found)
                    .as("%s[%d]", parameter.name(), element)
                    .isCloseTo(numeric(model, batch, value, element), within(1e-7));
        }
    }

    private static double numeric(AdaptedSameDiff model, Map<String, INDArray> batch, INDArray value, long element) {
        double step = 1e-5;
        double before = value.getDouble(element);
        value.putScalar(element, before + step);
        double above = loss(model, batch);
        value.putScalar(element, before - step);
        double below = loss(model, batch);
        value.putScalar(element, before);
        return (above - below) / (2 * step);
    }

    private static double loss(AdaptedSameDiff model, Map<String, INDArray> batch) {
        return model.output(batch, EncoderClassifier.LOSS)
                .get(EncoderClassifier.LOSS)
                .getDouble(0);
    }

    private static Map<String, INDArray> batch() {
        return TinyBerts.batch(new int[][] {TEXT}, new double[][] {{1, 1, 1, 1, 1}});
    }

    private static INDArray logits(AdaptedSameDiff model) {
        return model.output(batch(), EncoderClassifier.LOGITS).get(EncoderClassifier.LOGITS);
    }

    private static void assertClose(INDArray found, double[][] expected) {
        assertThat(found.shape()).containsExactly(expected.length, expected[0].length);
        assertThat(found.toDoubleMatrix()[0]).containsExactly(expected[0], within(EXACT));
    }
}
