/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Heads of decoders: {@code score} over the state of the last token that is not padding, as Transformers takes it. */
class DecoderHeadsTest {

    private static final int HIDDEN = 32;
    private static final int OUTPUTS = 3;

    @TempDir
    Path folder;

    /** The scores of a state, worked out here. */
    private static double[] scores(float[][] head, double[] state) {
        double[] scores = new double[OUTPUTS];
        for (int j = 0; j < OUTPUTS; j++) {
            for (int i = 0; i < HIDDEN; i++) {
                scores[j] += head[j][i] * state[i];
            }
        }
        return scores;
    }

    private static float[][] head() {
        SplittableRandom random = new SplittableRandom(4);
        float[][] head = new float[OUTPUTS][HIDDEN];
        for (float[] row : head) {
            for (int i = 0; i < HIDDEN; i++) {
                row[i] = (float) random.nextDouble(-1, 1);
            }
        }
        return head;
    }

    /** The fixture with a head, in the names of {@code Qwen3ForSequenceClassification}. */
    private EncoderFixture model(String config) throws IOException {
        EncoderFixture model = EncoderFixture.copy("qwen3-embed-left", folder);
        Path file = model.directory().resolve("model.safetensors");
        List<TensorSource> tensors = new ArrayList<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (String name : reader.tensors().keySet()) {
                INDArray array = ArrayBytes.read(reader, reader.tensor(name), ElementCodec.F32);
                String inModel = name.startsWith("model.") ? name : "model." + name;
                tensors.add(ArrayBytes.source(inModel, array, ElementCodec.F32));
            }
        }
        tensors.add(ArrayBytes.source("score.weight", Nd4j.createFromArray(head()), ElementCodec.F32));
        SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));
        return model.config("\"Qwen3Model\"", "\"Qwen3ForSequenceClassification\"")
                .config("\"model_type\"", "\"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}, \"model_type\"")
                .config("\"pad_token_id\": 0", config);
    }

    /** Of a row of the fixture, Python's states. */
    private static double[] state(EncoderFixture model, int row, int token) throws IOException {
        double[] all = model.tensor("last_hidden_state");
        int length = all.length / HIDDEN / model.rows();
        double[] state = new double[HIDDEN];
        System.arraycopy(all, (row * length + token) * HIDDEN, state, 0, HIDDEN);
        return state;
    }

    @Test
    void classifier_givesTheScoresOfTheLastToken() throws IOException {
        EncoderFixture model = model("\"pad_token_id\": 0");
        int length = model.tensor("input_ids").length / model.rows();

        try (TextClassifier classifier = TextClassifier.load(model.directory())) {
            for (int row = 0; row < model.rows(); row++) {
                // Padding is on the left, so the last token of all rows is a text's.
                double[] expected = scores(head(), state(model, row, length - 1));
                Prediction p = classifier.predict(model.texts().get(row));
                double sum = Math.exp(expected[0]) + Math.exp(expected[1]) + Math.exp(expected[2]);
                assertThat(p.scores().get("b")).isCloseTo(Math.exp(expected[1]) / sum, within(1e-5));
            }
            classifier.save(folder.resolve("saved"));
            try (TextClassifier again = TextClassifier.load(folder.resolve("saved"), folder)) {
                assertThat(again.predict("t5 t6")).isEqualTo(classifier.predict("t5 t6"));
            }
        }
    }

    /** A tokenizer that ends texts with the id that they are padded with: Transformers passes over it. */
    @Test
    void idOfPadding_isNoTokenToTheHead_whereverItStands() throws IOException {
        EncoderFixture model = model("\"pad_token_id\": 9");
        PretrainedEncoder read = PretrainedEncoder.load(model.directory());
        int[][] ids = {{4, 5, 9, 9}, {9, 9, 7, 8}, {9, 9, 0, 0}};
        float[][] mask = {{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 0, 0}};
        Map<String, INDArray> inputs = Map.of(
                EncoderGraph.INPUT_IDS, Nd4j.createFromArray(ids),
                EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask));
        // Of tokens that are all padding Python takes the first.
        int[] last = {1, 3, 0};

        Map<String, INDArray> found =
                read.withHead(false).graph().output(inputs, EncoderClassifier.LOGITS, EncoderGraph.LAST_HIDDEN_STATE);

        for (int row = 0; row < ids.length; row++) {
            double[] state = found.get(EncoderGraph.LAST_HIDDEN_STATE)
                    .slice(row)
                    .getRow(last[row])
                    .castTo(DataType.DOUBLE)
                    .toDoubleVector();
            assertThat(found.get(EncoderClassifier.LOGITS)
                            .getRow(row)
                            .castTo(DataType.DOUBLE)
                            .toDoubleVector())
                    .as("row " + row)
                    .containsExactly(scores(head(), state), within(1e-5));
        }
        Pooling pooling = read.head().orElseThrow().pooling();
        assertThat(pooling.name()).isEqualTo("LAST_TOKEN > PASSING_OVER 9");
        assertThat(Pooling.valueOf(pooling.name())).isEqualTo(pooling);
    }

    @Test
    void classifier_goesOnFromTheHead_whichHasNoBias() throws IOException {
        EncoderFixture model = model("\"pad_token_id\": null");
        List<LabeledText> train = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            train.add(new LabeledText("t" + (20 + i) + " t5", i % 2 == 0 ? "a" : "c"));
        }
        try (TextClassifier classifier = TextClassifier.builder(model.directory())
                .epochs(1)
                .quiet()
                .build()
                .fit(train, train)) {
            assertThat(classifier.weights().names()).contains("score.weight").doesNotContain("score.bias");
            assertThat(classifier.labels()).containsExactly("a", "b", "c");
            classifier.save(folder.resolve("saved"));
            try (TextClassifier again = TextClassifier.load(folder.resolve("saved"), folder)) {
                assertThat(again.predict("t5 t6")).isEqualTo(classifier.predict("t5 t6"));
            }
        }
        try (TextClassifier other = TextClassifier.builder(model.directory())
                .headOnly()
                .validationFraction(0)
                .quiet()
                .build()
                .fit(List.of(new LabeledText("t5", "x"), new LabeledText("t9", "y")))) {
            assertThat(other.labels()).containsExactly("x", "y");
            assertThat(other.weights().names()).doesNotContain("score.bias");
        }
    }

    @Test
    void decoderThatIsNoEncoderHere_isRefusedByName() throws IOException {
        Path directory = Files.createDirectories(folder.resolve("llama"));
        Files.writeString(
                directory.resolve("config.json"),
                "{\"model_type\": \"llama\", \"architectures\": [\"LlamaForSequenceClassification\"]}");

        assertThatThrownBy(() -> TextClassifier.load(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("model_type is \"llama\"")
                .hasMessageContaining("LlamaForSequenceClassification");
    }

    @Test
    void longestTextOfATokenizersConfig_isHonored() throws IOException {
        Path directory = EncoderFixture.model("roberta-seqcls", folder);
        Path config = directory.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"model_max_length\": 7}");
        try (TextEncoder encoder = TextEncoder.load(directory)) {
            assertThat(encoder.maxLength()).isEqualTo(7);
        }
        // Of a tokenizer that knows no limit.
        Files.writeString(config, "{\"model_max_length\": 1000000000000000019884624838656}");
        try (TextEncoder encoder = TextEncoder.load(directory)) {
            assertThat(encoder.maxLength()).isEqualTo(24);
        }
        Files.writeString(config, "{\"model_max_length\": \"7\"}");
        assertThatThrownBy(() -> TextEncoder.load(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("tokenizer_config.json: model_max_length is")
                .hasMessageContaining("expected a number of tokens, 3 or more");
    }
}
