/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.Problems;

/** No field of a config that changes what Python computes is passed over: it changes the shape, or is refused by its name. */
class ConfigFieldsTest {

    private static final Path MODELS = Path.of("src/test/resources/encoders/models");
    private static final int TENSORS = 100;

    /** Fields of Transformers' classes that change no number of a forward pass without dropout. */
    private static final Set<String> IRRELEVANT = Set.of(
            "architectures",
            "model_type",
            "transformers_version",
            "torch_dtype",
            "dtype",
            "id2label",
            "label2id",
            "problem_type",
            "auto_map",
            "use_cache",
            // Token ids that nothing but a tokenizer or a generation asks for.
            "bos_token_id",
            "eos_token_id",
            "cls_token_id",
            "sep_token_id",
            "decoder_start_token_id",
            // Dropout.
            "attention_probs_dropout_prob",
            "hidden_dropout_prob",
            "classifier_dropout",
            "classifier_dropout_prob",
            "pooler_dropout",
            "attention_dropout",
            "dropout",
            "qa_dropout",
            "seq_classif_dropout",
            "embedding_dropout",
            "mlp_dropout",
            "dropout_rate",
            "attn_pdrop",
            "embd_pdrop",
            "resid_pdrop",
            "summary_last_dropout",
            // How weights start, which a file replaces; DistilBERT's sinusoidal table as well.
            "initializer_range",
            "initializer_factor",
            "initializer_cutoff_factor",
            "sinusoidal_pos_embds",
            // How, not what: other ways to the same numbers.
            "deterministic_flash_attn",
            "unpad_inputs",
            "use_memory_efficient_attention",
            "repad_logits_with_grad",
            "sparse_prediction",
            "sparse_pred_ignore_index",
            // ELECTRA's head for multiple choice, which is not read.
            "summary_activation",
            "summary_type",
            "summary_use_proj",
            // A shape that the tensors tell, of a head.
            "pooler_hidden_size",
            // Of a window that only use_sliding_window turns on, and the decoder's half of T5.
            "sliding_window",
            "max_window_layers",
            "num_decoder_layers",
            // Of a head for masked words, with which it is looked at.
            "legacy",
            // Of an encoder with a decoder the encoder is taken.
            "is_encoder_decoder",
            // Only with logn_attention_scale.
            "logn_attention_clip1",
            // Tied heads for words: read with the head.
            "tie_word_embeddings");

    static List<Path> models() {
        try (Stream<Path> all = Files.list(MODELS)) {
            return all.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Object> config(Path model) {
        try {
            return new ObjectMapper().readValue(model.resolve("config.json").toFile(), new TypeReference<>() {});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<EncoderFamily> families() {
        return EncoderFamily.modelTypes().stream()
                .map(type -> EncoderFamily.of(type).orElseThrow())
                .filter(family -> models().stream().anyMatch(model -> isOf(model, family)));
    }

    private static boolean isOf(Path model, EncoderFamily family) {
        return family.modelType().equals(config(model).get("model_type"));
    }

    private static EncoderDescription read(Map<String, Object> fields, Problems problems) {
        EncoderFamily family =
                EncoderFamily.of(String.valueOf(fields.get("model_type"))).orElseThrow();
        return EncoderConfigReader.read(fields, family, TENSORS, problems);
    }

    /** Values that a field may be changed to. */
    private static List<Object> others(String field, Object value) {
        if (value instanceof Boolean flag) {
            return List.of(!flag);
        }
        if (value instanceof Integer number) {
            return List.of(number + 1, number * 2 + 2, Math.max(1, number / 2));
        }
        if (value instanceof Number number) {
            return List.of(number.doubleValue() * 1.5 + 0.125);
        }
        if (value instanceof List<?> list) {
            return List.of(
                    List.of("c2p"),
                    list.stream().map(one -> "sliding_attention").toList());
        }
        if (value instanceof Map<?, ?>) {
            return List.of(Map.of("rope_type", "yarn", "factor", 2.0), Map.of("rope_theta", 777.0));
        }
        return Arrays.asList("relu", "zzz", 3, true, 0.5, Map.of("rope_type", "linear", "factor", 3.0));
    }

    /** Whether some other value of a field is a problem that names it, or another model. */
    private static boolean matters(Map<String, Object> config, String field) {
        EncoderShape shape = read(config, new Problems()).shape();
        Object value = config.get(field);
        List<Object> tried = new ArrayList<>(others(field, value));
        if (value == null) {
            tried.addAll(List.of(7, true, false, 0.75, "tanh", List.of("x"), Map.of("rope_theta", 5.0)));
        }
        for (Object other : tried) {
            Map<String, Object> changed = new HashMap<>(config);
            changed.put(field, other);
            Problems problems = new Problems();
            EncoderDescription found = read(changed, problems);
            boolean named = problems.list().stream().anyMatch(problem -> problem.contains(field));
            if (named || problems.isEmpty() && !found.shape().equals(shape)) {
                return true;
            }
        }
        return false;
    }

    @ParameterizedTest
    @MethodSource("models")
    void everyFieldOfAFile_isComputed_refused_orKnownToChangeNothing(Path model) {
        Map<String, Object> config = config(model);
        Set<String> passedOver = new TreeSet<>();
        for (String field : config.keySet()) {
            if (!IRRELEVANT.contains(field) && !matters(config, field)) {
                passedOver.add(field);
            }
        }
        // BERT's id of padding says which row of a table stays zero, which a file has as it is; RoBERTa's counts
        // positions.
        passedOver.remove("pad_token_id");

        assertThat(passedOver).as("fields that nothing reads").isEmpty();
    }

    @ParameterizedTest
    @MethodSource("families")
    void everyFieldOfARow_mattersInSomeModel(EncoderFamily family) {
        Set<String> left = new HashSet<>(family.fields());
        for (Path model : models()) {
            if (isOf(model, family)) {
                Map<String, Object> config = config(model);
                left.removeIf(name -> matters(config, family.key(name)));
                // Of a version before.
                config.remove("rope_parameters");
                left.removeIf(name -> matters(config, family.key(name)));
            }
        }

        assertThat(left).as("fields that only the row names").isEmpty();
    }

    /** What files of such models have when somebody changed them, and Python computes. */
    @ParameterizedTest
    @CsvSource({
        "qwen3-embed-left, layer_types, '[\"sliding_attention\", \"full_attention\"]'",
        "qwen3-embed-left, use_sliding_window, true",
        "qwen3-embed-left, rope_scaling, '{\"rope_type\": \"yarn\", \"factor\": 4.0}'",
        "qwen3-embed-left, partial_rotary_factor, 0.5",
        "qwen3-embed-left, is_causal, false",
        "modernbert-seqcls-mean, rope_scaling, '{\"type\": \"linear\", \"factor\": 2.0}'",
        "nomic-seqcls, rope_scaling, '{\"rope_type\": \"dynamic\", \"factor\": 2.0}'",
        "nomic-seqcls, moe_every_n_layers, 2",
        "nomic-seqcls, rotary_scaling_factor, 2",
        "gte-ntk-seqcls, rope_parameters, '{\"rope_theta\": 5.0}'",
        "gte-ntk-seqcls, logn_attention_scale, true",
        "roberta-seqcls, pruned_heads, '{\"0\": [1]}'",
        "roberta-seqcls, is_decoder, true",
        "albert-seqcls, add_cross_attention, true",
        "distilbert-seqcls, quantization_config, '{\"bits\": 4}'",
        "deberta-v2-conv, conv_groups, 3"
    })
    void fieldThatIsNotComputed_isRefusedByItsName(String model, String field, String value) throws IOException {
        Map<String, Object> config = new HashMap<>(config(MODELS.resolve(model)));
        config.put(field, new ObjectMapper().readValue(value, Object.class));
        Problems problems = new Problems();

        read(config, problems);

        assertThat(problems.list()).anyMatch(problem -> problem.contains(field) && problem.contains("expected"));
    }

    @Test
    void headOfNewerNames_isRefused_onlyWithTheHead() {
        Map<String, Object> config = new HashMap<>(config(MODELS.resolve("deberta-v1-seqcls")));
        config.put("legacy", false);
        Problems none = new Problems();
        read(config, none);
        assertThat(none.list()).isEmpty();

        config.put("architectures", List.of("DebertaForMaskedLM"));
        Problems problems = new Problems();
        read(config, problems);
        assertThat(problems.list()).anyMatch(problem -> problem.startsWith("legacy is false, expected true"));
    }

    /** Python makes two fields of feed_forward_proj, and takes them where a file has them. */
    @Test
    void t5_takesItsActivationFromWhereThePythonClassDoes() {
        Map<String, Object> config = new HashMap<>(config(MODELS.resolve("t5-encoder-gated")));

        config.put("dense_act_fn", "silu");
        assertThat(read(config, new Problems()).shape().activation()).isEqualTo(EncoderActivation.SILU);
        config.put("is_gated_act", false);
        assertThat(read(config, new Problems()).shape().has(EncoderPart.GATE)).isFalse();
        config.remove("dense_act_fn");
        config.remove("is_gated_act");
        assertThat(read(config, new Problems()).shape().activation()).isEqualTo(EncoderActivation.GELU_NEW);
        assertThat(read(config, new Problems()).shape().has(EncoderPart.GATE)).isTrue();
    }
}
