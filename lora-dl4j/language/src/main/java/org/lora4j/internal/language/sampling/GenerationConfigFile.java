/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.huggingface.JsonObjectFile;

/**
 * A {@code generation_config.json}, as transformers understands it without beams. Fields that would change the text and are not
 * supported are refused, unless they have the value at which they have no effect.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class GenerationConfigFile {

    /** The name of the file in a directory. */
    public static final String NAME = "generation_config.json";

    /** What transformers takes for a {@code top_k} that is not there. */
    private static final int TOP_K = 50;

    private static final Map<String, Parameter<?>> BY_KEY = Parameter.ALL.stream()
            .filter(parameter -> parameter.key() != null)
            .collect(Collectors.toMap(Parameter::key, Function.identity()));

    /** What would change the text, with the value at which it does not; null never does. */
    private static final Map<String, List<Object>> REFUSED = Map.ofEntries(
            Map.entry("num_beams", List.of(1)),
            Map.entry("num_beam_groups", List.of(1)),
            Map.entry("diversity_penalty", List.of(0)),
            Map.entry("constraints", List.of()),
            Map.entry("force_words_ids", List.of()),
            Map.entry("penalty_alpha", List.of(0)),
            Map.entry("dola_layers", List.of()),
            Map.entry("guidance_scale", List.of(1)),
            Map.entry("watermarking_config", List.of()),
            Map.entry("encoder_repetition_penalty", List.of(1)),
            Map.entry("encoder_no_repeat_ngram_size", List.of(0)),
            Map.entry("bad_words_ids", List.of()),
            Map.entry("sequence_bias", List.of()),
            Map.entry("suppress_tokens", List.of()),
            Map.entry("begin_suppress_tokens", List.of()),
            Map.entry("forced_bos_token_id", List.of()),
            Map.entry("forced_eos_token_id", List.of()),
            Map.entry("forced_decoder_ids", List.of()),
            Map.entry("exponential_decay_length_penalty", List.of()),
            Map.entry("min_length", List.of(0)),
            Map.entry("max_time", List.of()),
            Map.entry("token_healing", List.of(false)),
            Map.entry("top_h", List.of()));

    /** What changes no text without beams, an encoder or a second model. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            // Where the file comes from.
            "_from_model_config",
            "_commit_hash",
            "_original_object_hash",
            "transformers_version",
            // Of beams.
            "early_stopping",
            "length_penalty",
            "low_memory",
            // The softmax of normalized logits is the same, and NaN is an error here.
            "renormalize_logits",
            "remove_invalid_values",
            // How it is computed.
            "use_cache",
            "cache_implementation",
            "cache_config",
            "max_cache_len",
            "return_legacy_cache",
            "prefill_chunk_size",
            "compile_config",
            "disable_compile",
            "continuous_batching_config",
            // What is returned beside the text.
            "output_attentions",
            "output_hidden_states",
            "output_scores",
            "output_logits",
            "return_dict_in_generate",
            // Padding and the start belong to tokenizer and model.
            "pad_token_id",
            "bos_token_id",
            "decoder_start_token_id",
            // Guesses that are checked by the model: faster, and the same text.
            "is_assistant",
            "use_mtp",
            "num_assistant_tokens",
            "num_assistant_tokens_schedule",
            "assistant_confidence_threshold",
            "assistant_early_exit",
            "assistant_lookbehind",
            "assistant_ensemble_weight",
            "target_lookbehind",
            "prompt_lookup_num_tokens",
            "max_matching_ngram_size");

    private final String where;
    private final Map<String, Object> fields;

    /**
     * Takes fields that were read.
     *
     * @param where the file, for messages
     * @param fields as they stand in JSON
     */
    public GenerationConfigFile(String where, Map<String, Object> fields) {
        this.where = where;
        this.fields = fields;
    }

    /**
     * Reads the file.
     *
     * @param path the file, or the directory in which it is
     * @throws IOException if there is none, or it is not one JSON object
     */
    public static GenerationConfigFile read(Path path) throws IOException {
        Path file = Files.isDirectory(path) ? path.resolve(NAME) : path;
        return new GenerationConfigFile(
                MessageText.path(file), JsonObjectFile.read(file, "the generation_config.json of a model"));
    }

    /**
     * The tokens that end a text, whatever else is in the file.
     *
     * @return their ids; empty if the file does not say
     * @throws ModelFormatException if they are no ids
     */
    public Optional<List<Integer>> eosTokenIds() throws ModelFormatException {
        Problems problems = new Problems();
        GenerationValues values = read(Parameter.EOS_TOKEN_IDS, GenerationValues.NONE, problems);
        throwIfAny(problems);
        return Optional.ofNullable(values.get(Parameter.EOS_TOKEN_IDS));
    }

    /**
     * What the file says.
     *
     * @return values without problems
     * @throws ModelFormatException if a value is of another type or out of range, or a field would change the text and is not
     *     supported, or is not known; the message lists all
     */
    public GenerationValues values() throws ModelFormatException {
        Problems problems = new Problems();
        GenerationValues values = GenerationValues.NONE.with(Parameter.DO_SAMPLE, false);
        for (Parameter<?> parameter : Parameter.ALL) {
            values = read(parameter, values, problems);
        }
        if (!fields.containsKey(Parameter.TOP_K.key())) {
            values = values.with(Parameter.TOP_K, TOP_K);
        }
        problems.addAll(values.problems().list());
        fields.forEach((key, value) -> refuse(key, value, problems));
        throwIfAny(problems);
        return values;
    }

    private <T> GenerationValues read(Parameter<T> parameter, GenerationValues values, Problems problems) {
        Object value = parameter.key() == null ? null : fields.get(parameter.key());
        if (value == null) {
            return values;
        }
        Optional<T> read = parameter.read(value).filter(parameter::allows);
        // Without sampling it does not matter, and a temperature of 0 is a way to say so.
        if (read.isEmpty() && (values.isSampling() || !parameter.isOfSampling())) {
            problems.add(parameter.problem(parameter.key(), value));
        }
        return read.isEmpty() ? values : values.with(parameter, read.get());
    }

    private static void refuse(String key, Object value, Problems problems) {
        if (BY_KEY.containsKey(key) || WITHOUT_EFFECT.contains(key)) {
            return;
        }
        List<Object> neutral = REFUSED.get(key);
        if (neutral == null) {
            problems.add(MessageText.name(key) + " is not known, and may change the text"
                    + ClosestNames.hint(key, BY_KEY.keySet()));
        } else if (value != null
                && !value.equals(List.of())
                && neutral.stream().noneMatch(same -> isSame(same, value))) {
            problems.add(key + " = " + MessageText.value(value) + " is not supported, and changes the text; expected "
                    + (neutral.isEmpty() ? "null" : neutral.get(0)));
        }
    }

    private static boolean isSame(Object one, Object other) {
        return one instanceof Number number && other instanceof Number value
                ? number.doubleValue() == value.doubleValue()
                : one.equals(other);
    }

    private void throwIfAny(Problems problems) throws ModelFormatException {
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(where)
                    + ". Correct the file, or say what is wanted by GenerationConfig.builder().");
        }
    }
}
