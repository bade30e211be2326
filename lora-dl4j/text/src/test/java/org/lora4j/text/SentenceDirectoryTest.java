/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.pretrained.Pooling;

/** Directories of sentence-transformers: vectors are what its modules make of the hidden states that Transformers computed. */
class SentenceDirectoryTest {

    private static final double TOLERANCE = 2e-5;
    private static final int HIDDEN = 32;
    private static final String POOLING =
            "{\"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"}";
    private static final String NORMALIZE =
            "{\"path\": \"2_Normalize\", \"type\": \"sentence_transformers.models.Normalize\"}";
    private static final String DENSE = "{\"path\": \"2_Dense\", \"type\": \"sentence_transformers.models.Dense\"}";
    private static final String MEAN = "{\"word_embedding_dimension\": 32, \"pooling_mode_mean_tokens\": true}";

    @TempDir
    private Path folder;

    private EncoderFixture model;
    private Path directory;

    @BeforeEach
    void copy() throws IOException {
        model = EncoderFixture.copy("roberta-seqcls", folder);
        directory = model.directory();
    }

    private void modules(String pooling, String... behind) throws IOException {
        String transformer = "{\"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"}";
        List<String> all = new ArrayList<>(List.of(transformer, POOLING));
        all.addAll(List.of(behind));
        Files.writeString(directory.resolve("modules.json"), all.toString());
        Files.createDirectories(directory.resolve("1_Pooling"));
        Files.writeString(directory.resolve("1_Pooling/config.json"), pooling);
    }

    private void dense(String config, float[] weight, float[] bias) throws IOException {
        Path dense = Files.createDirectories(directory.resolve("2_Dense"));
        Files.writeString(dense.resolve("config.json"), config);
        List<TensorSource> tensors = new ArrayList<>();
        tensors.add(tensor("linear.weight", weight, weight.length / HIDDEN, HIDDEN));
        if (bias != null) {
            tensors.add(tensor("linear.bias", bias, bias.length));
        }
        SafetensorsWriter.write(dense.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    }

    private static TensorSource tensor(String name, float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return TensorSource.of(name, DType.F32, shape, bytes);
    }

    private static float[] numbers(int count, double step) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) Math.sin(step * (i + 1));
        }
        return values;
    }

    /** The hidden state of a token, as Transformers computed it. */
    private double[] state(int row, int token) throws IOException {
        double[] all = model.tensor("last_hidden_state");
        double[] state = new double[HIDDEN];
        System.arraycopy(all, (row * 16 + token) * HIDDEN, state, 0, HIDDEN);
        return state;
    }

    private double[] mean(int row, int from) throws IOException {
        double[] mean = new double[HIDDEN];
        int length = model.words(row).size();
        for (int token = from; token < length; token++) {
            double[] state = state(row, token);
            for (int i = 0; i < HIDDEN; i++) {
                mean[i] += state[i] / (length - from);
            }
        }
        return mean;
    }

    private static double[] normalized(double[] vector) {
        double squares = 0;
        for (double value : vector) {
            squares += value * value;
        }
        double[] unit = new double[vector.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = vector[i] / Math.sqrt(squares);
        }
        return unit;
    }

    private static void assertVector(float[] found, double[] expected) {
        double[] all = new double[found.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = found[i];
        }
        assertThat(all).containsExactly(expected, within(TOLERANCE));
    }

    @Test
    void dense_isComputedBehindThePooling_withItsFunction() throws IOException {
        float[] weight = numbers(3 * HIDDEN, 0.7);
        float[] bias = {0.1f, -0.2f, 0.3f};
        modules(MEAN, DENSE, NORMALIZE);
        dense(
                "{\"in_features\": 32, \"out_features\": 3, \"bias\": true,"
                        + " \"activation_function\": \"torch.nn.modules.activation.Tanh\"}",
                weight,
                bias);

        assertProjected(weight, bias);
        Files.delete(directory.resolve("2_Dense/model.safetensors"));
        Files.copy(
                Path.of("src/test/resources/encoders/dense/pytorch_model.bin"),
                directory.resolve("2_Dense/pytorch_model.bin"));
        assertProjected(weight, bias);
    }

    private void assertProjected(float[] weight, float[] bias) throws IOException {
        try (TextEncoder encoder = TextEncoder.load(directory)) {
            assertThat(encoder.dimension()).isEqualTo(3);
            for (int row = 0; row < model.rows(); row++) {
                double[] mean = mean(row, 0);
                double[] expected = new double[3];
                for (int out = 0; out < 3; out++) {
                    expected[out] = bias[out];
                    for (int i = 0; i < HIDDEN; i++) {
                        expected[out] += weight[out * HIDDEN + i] * mean[i];
                    }
                    expected[out] = Math.tanh(expected[out]);
                }
                assertVector(encoder.embed(model.texts().get(row)), normalized(expected));
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"pooling_mode_cls_token": true, "pooling_mode_lasttoken": true}    | CLS+LAST_TOKEN
            {"pooling_mode": "weightedmean", "embedding_dimension": 32}         | WEIGHTED_MEAN
            {"pooling_mode": ["mean", "cls"]}                                   | MEAN+CLS
            {"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true} | MAX+MEAN
            {"pooling_mode_mean_sqrt_len_tokens": true}                         | MEAN_SQRT_LENGTH
            {"pooling_mode_mean_tokens": true, "include_prompt": false}         | MEAN > WITHOUT_PROMPT
            {"word_embedding_dimension": 32}                                    | MEAN
            """)
    void pooling_isReadFromBothFormsOfItsConfig(String config, String pooling) throws IOException {
        modules(config);

        assertThat(Pooling.load(directory).orElseThrow().name()).isEqualTo(pooling);
    }

    @Test
    void prompts_areReadButNotPooled_whenThePoolingLeavesThemOut() throws IOException {
        modules("{\"pooling_mode_mean_tokens\": true, \"include_prompt\": false}");
        List<String> words = model.words(1);
        Files.writeString(
                directory.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"search\": \"" + words.get(0) + " " + words.get(1)
                        + " \"}, \"default_prompt_name\": \"search\", \"similarity_fn_name\": \"dot\"}");

        try (TextEncoder encoder = TextEncoder.load(directory)) {
            String rest = String.join(" ", words.subList(2, words.size()));

            assertVector(encoder.embed(rest), mean(1, 2));
            assertVector(encoder.embed(List.of(rest, rest))[1], mean(1, 2));
            assertThat(encoder.similarity()).isEqualTo(VectorSimilarity.DOT);
            assertThat(encoder.prompts()).containsOnlyKeys("search");
            assertVector(encoder.withPrefixes(Prefixes.NONE).embed(model.texts().get(1)), mean(1, 0));
            try (SentenceEncoder search =
                    SentenceEncoder.builder(encoder).quiet().build()) {
                double[] pooled = mean(1, 2);
                double product = 0;
                for (double value : pooled) {
                    product += value * value;
                }
                assertThat(search.similarity(rest, rest)).isCloseTo(product, within(1e-3));
            }
        }
    }

    @Test
    void transformerInItsOwnFolder_andLowerCase_areRead() throws IOException {
        Path inner = Files.createDirectories(directory.resolve("0_Transformer"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.move(directory.resolve(file), inner.resolve(file));
        }
        modules(MEAN);
        Path modules = directory.resolve("modules.json");
        Files.writeString(modules, Files.readString(modules).replace("\"path\": \"\"", "\"path\": \"0_Transformer\""));
        Files.writeString(
                inner.resolve("sentence_roberta_config.json"), "{\"max_seq_length\": 9, \"do_lower_case\": true}");

        try (TextEncoder encoder = TextEncoder.load(directory)) {
            assertThat(encoder.maxLength()).isEqualTo(9);
            assertVector(encoder.embed(model.texts().get(1).toUpperCase(java.util.Locale.ROOT)), mean(1, 0));
        }
    }

    @Test
    void truncate_keepsTheFirstNumbers_atLengthOne() throws IOException {
        modules(MEAN, NORMALIZE);

        try (TextEncoder encoder = TextEncoder.load(directory);
                TextEncoder cut = encoder.truncate(5)) {
            double[] first = new double[5];
            System.arraycopy(mean(0, 0), 0, first, 0, 5);

            assertThat(cut.dimension()).isEqualTo(5);
            assertVector(cut.embed(model.texts().get(0)), normalized(first));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> encoder.truncate(33))
                    .withMessageContaining("expected at most 32");
        }
    }

    @Test
    void taskOverADense_isSavedAndLoaded() throws IOException {
        modules(MEAN, DENSE);
        dense(
                "{\"in_features\": 32, \"out_features\": 4, \"bias\": false,"
                        + " \"activation_function\": \"torch.nn.modules.linear.Identity\"}",
                numbers(4 * HIDDEN, 0.3),
                null);
        List<LabeledText> train = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            train.add(new LabeledText((i % 2 == 0 ? "t5 t" : "t90 t") + (10 + i), i % 2 == 0 ? "a" : "b"));
        }

        try (TextEncoder encoder = TextEncoder.load(directory);
                TextClassifier classifier = TextClassifier.builder(encoder)
                        .epochs(1)
                        .quiet()
                        .build()
                        .fit(train, train)) {
            Prediction before = classifier.predict("t5 t50");
            assertThat(classifier.adapter().modules().keySet())
                    .isNotEmpty()
                    .noneMatch(module -> module.contains("2_Dense"));
            classifier.save(folder.resolve("saved"));
            try (TextClassifier again = TextClassifier.load(folder.resolve("saved"), folder)) {
                assertThat(again.predict("t5 t50")).isEqualTo(before);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            sentence_transformers.models.Dense      | ../2_Dense | the path of the Dense is "../2_Dense"
            sentence_transformers.models.Dense      | /etc       | the path of the Dense is "/etc"
            sentence_transformers.models.Dense      | ..         | the path of the Dense is ".."
            sentence_transformers.models.LSTM       | 2_LSTM     | module 2 is of type "sentence_transformers.models.LSTM", expected one of
            sentence_transformers.models.Normalise  | 2          | closest: "Normalize"
            custom_st.Dense                         | 2_Dense    | module 2 is of type "custom_st.Dense"
            sentence_transformers.models.Pooling    | 1_Pooling  | modules are [Transformer, Pooling, Pooling], expected a Transformer, then a Pooling
            """)
    void modulesThatCannotBeComputed_areRefusedByName(String type, String path, String message) throws IOException {
        modules(MEAN, "{\"path\": \"" + path + "\", \"type\": \"" + type + "\"}");

        assertThatThrownBy(() -> TextEncoder.load(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("modules.json")
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "activation_function": "torch.nn.modules.activation.Softmax" | activation_function is "torch.nn.modules.activation.Softmax"
            "activation_function": "os.system"                           | activation_function is "os.system"
            "activation_function": null                                  | activation_function is null
            "activation_function": "torch.nn.modules.activation.Tanh", "module_input_name": "token_embeddings" | module_input_name is "token_embeddings"
            """)
    void denseThatCannotBeComputed_isRefused(String fields, String message) throws IOException {
        modules(MEAN, DENSE);
        dense("{\"in_features\": 32, \"out_features\": 1, \"bias\": false, " + fields + "}", numbers(HIDDEN, 1), null);

        assertThatThrownBy(() -> TextEncoder.load(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(message);
    }

    @Test
    void denseThatDoesNotFit_isRefused() throws IOException {
        String tanh = "\"activation_function\": \"torch.nn.modules.activation.Tanh\"}";
        modules(MEAN, DENSE);
        dense("{\"in_features\": 16, \"out_features\": 2, \"bias\": false, " + tanh, numbers(2 * HIDDEN, 1), null);
        assertThatThrownBy(() -> TextEncoder.load(directory))
                .hasMessageContaining("tensor \"linear.weight\" is F32[2, 32], expected numbers of shape [2, 16]");

        dense("{\"in_features\": 32, \"out_features\": 2, \"bias\": true, " + tanh, numbers(2 * HIDDEN, 1), null);
        assertThatThrownBy(() -> TextEncoder.load(directory)).hasMessageContaining("tensor \"linear.bias\" is missing");

        dense("{\"in_features\": 32, \"out_features\": 2, \"bias\": false, " + tanh, numbers(2 * HIDDEN, 1), null);
        Files.writeString(directory.resolve("1_Pooling/config.json"), "{\"pooling_mode\": [\"cls\", \"mean\"]}");
        assertThatThrownBy(() -> TextEncoder.load(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("its modules do not fit the model")
                .hasMessageContaining("takes vectors of length 32; expected 64");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"default_prompt_name": "query"}                              | default_prompt_name is "query", expected one of the prompts
            {"prompts": ["query"]}                                        | prompts are
            {"similarity_fn_name": "cosinus"}                             | similarity_fn_name is "cosinus"
            """)
    void configsThatAreDamaged_areRefused(String config, String message) throws IOException {
        modules(MEAN);
        Files.writeString(directory.resolve("config_sentence_transformers.json"), config);

        assertThatThrownBy(() -> TextEncoder.load(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(message);
    }
}
