/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;

/** Configs of all families: Python's defaults, several ways to say one thing, and values that no model has. */
class EncoderConfigReaderTest {

    private static final Path MODELS = Path.of("src/test/resources/encoders/models");
    private static final int TENSORS = 100;

    private static final List<Object> EDGES = Arrays.asList(
            null,
            0,
            -1,
            1,
            3,
            (1 << 24) + 6,
            Integer.MAX_VALUE,
            Integer.MIN_VALUE,
            1L << 62,
            6.5,
            1e300,
            Double.NaN,
            "6",
            "none",
            true,
            List.of(),
            Arrays.asList((Object) null),
            Map.of("rope_type", "yarn"));

    @TempDir
    Path folder;

    private static Map<String, Object> config(String model) throws IOException {
        return new ObjectMapper()
                .readValue(MODELS.resolve(model).resolve("config.json").toFile(), new TypeReference<>() {});
    }

    private static EncoderShape shape(Map<String, Object> fields) {
        Problems problems = new Problems();
        EncoderShape shape = read(fields, problems);
        assertThat(problems.list()).isEmpty();
        return shape;
    }

    private static EncoderShape read(Map<String, Object> fields, Problems problems) {
        EncoderFamily family =
                EncoderFamily.of(String.valueOf(fields.get("model_type"))).orElseThrow();
        return EncoderConfigReader.read(fields, family, TENSORS, problems).shape();
    }

    @ParameterizedTest
    @MethodSource("types")
    void configWithoutFields_hasThoseOfThePythonClass(String type) {
        EncoderShape shape = shape(Map.of("model_type", type));

        // Sizes of the published base model, or of the class where there is none of them.
        assertThat(shape.sizes().hidden() % shape.sizes().headSize()).isZero();
        assertThat(shape.longestSequence()).isGreaterThanOrEqualTo(510);
        assertThat(shape.blocks()).hasSizeBetween(6, 32);
    }

    static Stream<String> types() {
        return EncoderFamily.modelTypes().stream();
    }

    @Test
    void defaults_areThoseOfThePythonClasses() {
        EncoderShape electra = shape(Map.of("model_type", "electra"));
        assertThat(List.of(
                        electra.sizes().embedding(),
                        electra.sizes().hidden(),
                        electra.sizes().heads()))
                .containsExactly(128, 256, 4);
        EncoderShape deberta = shape(Map.of("model_type", "deberta-v2"));
        assertThat(deberta.sizes().types()).isZero();
        assertThat(deberta.has(EncoderPart.POSITIONS))
                .as("position_biased_input")
                .isTrue();
        assertThat(deberta.has(EncoderPart.RELATIVE_TABLE))
                .as("relative_attention")
                .isFalse();
        assertThat(deberta.epsilon()).isEqualTo(1e-7);
        EncoderShape albert = shape(Map.of("model_type", "albert"));
        assertThat(albert.activation()).isEqualTo(EncoderActivation.GELU_NEW);
        assertThat(albert.blocks().stream().map(EncoderBlock::layer).distinct()).hasSize(1);
        EncoderShape t5 = shape(Map.of("model_type", "t5"));
        assertThat(t5.sizes().relativeRows()).isEqualTo(32);
        assertThat(t5.scoreScale()).isEqualTo(1);
        assertThat(t5.activation()).isEqualTo(EncoderActivation.RELU);
    }

    @Test
    void modernBert_ofTransformersFive_isTheSameModel() throws IOException {
        Map<String, Object> four = config("modernbert-seqcls-mean");
        Map<String, Object> five = new HashMap<>(four);
        List.of("global_attn_every_n_layers", "global_rope_theta", "local_rope_theta")
                .forEach(five::remove);
        five.put("layer_types", List.of("full_attention", "sliding_attention", "sliding_attention", "full_attention"));
        five.put(
                "rope_parameters",
                Map.of(
                        "full_attention",
                        Map.of("rope_type", "default", "rope_theta", four.get("global_rope_theta")),
                        "sliding_attention",
                        Map.of("rope_type", "default", "rope_theta", four.get("local_rope_theta"))));

        assertThat(shape(five)).isEqualTo(shape(four));
    }

    @Test
    void nomic_withTheNamesOfItsPublishedFiles_isTheSameModel() throws IOException {
        Map<String, Object> ours = config("nomic-seqcls");
        Map<String, Object> published = new HashMap<>(Map.of(
                "model_type", "nomic_bert",
                "n_embd", ours.get("hidden_size"),
                "n_head", ours.get("num_attention_heads"),
                "n_inner", ours.get("intermediate_size"),
                "n_layer", ours.get("num_hidden_layers"),
                "n_positions", ours.get("max_position_embeddings"),
                "vocab_size", ours.get("vocab_size"),
                "activation_function", "swiglu",
                "rotary_emb_base", 1000.0));
        published.put("auto_map", Map.of("AutoModel", "nomic-ai/nomic-bert-2048--modeling.NomicBertModel"));

        assertThat(shape(published)).isEqualTo(shape(ours));

        published.put("prenorm", true);
        Problems problems = new Problems();
        read(published, problems);
        assertThat(problems.list()).anyMatch(problem -> problem.startsWith("prenorm is true, expected false"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"p2c|c2p", "c2p | P2C"})
    void deberta_takesATextWithBars(String kinds) throws IOException {
        Map<String, Object> list = config("deberta-v3-multilabel-bias");
        Map<String, Object> text = new HashMap<>(list);
        text.put("pos_att_type", kinds);

        assertThat(shape(text)).isEqualTo(shape(list));
    }

    @Test
    void gte_stretchesItsAngles_asItsFormulasSay() throws IOException {
        Map<String, Object> fields = new HashMap<>(config("gte-ntk-seqcls"));
        fields.put("rope_scaling", Map.of("type", "ntk", "factor", 2.0, "mixed_b", 0.5));

        List<Double> found = shape(fields).rotations().get(0).frequencies();

        // Heads of 8: pair i of 4 turns by 20000^(-2i/8) / exp(ln 2 / 4^0.5 (i + 1)^0.5).
        for (int i = 0; i < 4; i++) {
            assertThat(found.get(i))
                    .isCloseTo(
                            Math.pow(20_000, -i / 4.0) / Math.exp(Math.log(2) / 2 * Math.sqrt(i + 1.0)), within(1e-15));
        }
    }

    @Test
    void unknownFamily_namesTheNearOnes_andWhatToDo() throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"model_type\": \"debertav2\"}");

        assertThatThrownBy(() -> EncoderConfigReader.open(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("model_type is \"debertav2\"")
                .hasMessageContaining("closest: \"deberta-v2\"")
                .hasMessageContaining("CausalLm");
    }

    @Test
    void anyValueOfAnyField_isRead_orAProblem() throws IOException {
        int read = 0;
        int refused = 0;
        for (Path model : models()) {
            Map<String, Object> fields = config(model.getFileName().toString());
            for (String field : fields.keySet()) {
                for (Object edge : EDGES) {
                    if (field.equals("model_type")) {
                        continue;
                    }
                    Map<String, Object> changed = new HashMap<>(fields);
                    changed.put(field, edge);
                    Problems problems = new Problems();
                    EncoderShape shape = read(changed, problems);
                    assertThat(shape.blocks())
                            .as("%s: %s = %s", model, field, edge)
                            .hasSizeLessThan(10_000);
                    if (problems.isEmpty()) {
                        assertThat(shape.tensors()).isNotEmpty();
                        read++;
                    } else {
                        refused++;
                    }
                }
            }
        }
        assertThat(read).isPositive();
        assertThat(refused).isPositive();
    }

    private static List<Path> models() throws IOException {
        try (Stream<Path> all = Files.list(MODELS)) {
            return all.sorted().toList();
        }
    }
}
