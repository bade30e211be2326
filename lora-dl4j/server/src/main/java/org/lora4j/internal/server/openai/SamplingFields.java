/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.language.GenerationConfig;

/** How tokens are chosen, as both kinds of requests say it. What is not said has OpenAI's values: temperature 1, one text. */
final class SamplingFields {

    /** As OpenAI's. */
    private static final int MOST_TEXTS = 128;

    private static final int MOST_STOPS = 16;

    private static final int LONGEST_STOP = 1_000;

    private static final int MOST_BIASES = 1_024;

    private static final String STOP = "stop";

    private static final String LOGIT_BIAS = "logit_bias";

    /** Below it the best token is as good as certain, and logits that are divided by it are no numbers any more. */
    private static final double LEAST_TEMPERATURE = 1e-5;

    private SamplingFields() {}

    /**
     * A config of one text for each prompt, without a length.
     *
     * @param vocabulary the ids that logits have
     */
    static GenerationConfig.Builder read(JsonFields fields, int vocabulary) {
        double temperature = fields.number("temperature", 0, 2).orElse(1);
        boolean draws = temperature >= LEAST_TEMPERATURE;
        GenerationConfig.Builder config =
                GenerationConfig.builder().doSample(draws).temperature(draws ? temperature : 1);
        fields.number("top_p", 0, 1).ifPresent(config::topP);
        fields.number("min_p", 0, 1).ifPresent(config::minP);
        // -1 is vLLM's word for no bound.
        fields.integer("top_k", -1, Integer.MAX_VALUE).ifPresent(count -> config.topK(Math.max(0, count)));
        fields.number("presence_penalty", -2, 2).ifPresent(config::presencePenalty);
        fields.number("frequency_penalty", -2, 2).ifPresent(config::frequencyPenalty);
        fields.number("repetition_penalty", 1e-30, 1e30).ifPresent(config::repetitionPenalty);
        seed(fields, config);
        config.stopStrings(stops(fields).toArray(String[]::new));
        config.logitBias(biases(fields, vocabulary));
        if (fields.flag("ignore_eos").orElse(false)) {
            config.eosTokenIds();
        }
        return config;
    }

    /** How many texts each prompt gets. */
    static int texts(JsonFields fields) {
        return fields.integer("n", 1, MOST_TEXTS).orElse(1);
    }

    private static void seed(JsonFields fields, GenerationConfig.Builder config) {
        fields.value("seed").ifPresent(node -> {
            if (!node.isIntegralNumber() || !node.canConvertToLong()) {
                throw fields.problem("seed", "is no whole number of 64 bits");
            }
            config.seed(node.longValue());
        });
    }

    private static List<String> stops(JsonFields fields) {
        JsonNode node = fields.value(STOP).orElse(null);
        List<String> stops =
                node == null ? List.of() : node.isTextual() ? List.of(node.textValue()) : fields.texts(STOP, node);
        if (stops.size() > MOST_STOPS
                || stops.stream().anyMatch(stop -> stop.isEmpty() || stop.length() > LONGEST_STOP)) {
            throw fields.problem(
                    STOP,
                    "has an empty text, one of more than " + LONGEST_STOP + " characters, or more than " + MOST_STOPS
                            + " texts");
        }
        return stops;
    }

    private static Map<Integer, Double> biases(JsonFields fields, int vocabulary) {
        Map<Integer, Double> biases = new TreeMap<>();
        fields.value(LOGIT_BIAS).ifPresent(node -> {
            if (!node.isObject() || node.size() > MOST_BIASES) {
                throw fields.problem(LOGIT_BIAS, "is no object of at most " + MOST_BIASES + " tokens");
            }
            node.properties().forEach(entry -> {
                OptionalInt id = id(entry.getKey(), vocabulary);
                JsonNode bias = entry.getValue();
                if (id.isEmpty() || !bias.isNumber() || !(Math.abs(bias.doubleValue()) <= 100)) {
                    throw fields.problem(
                            LOGIT_BIAS,
                            "has what is no id of a token, 0 to " + (vocabulary - 1)
                                    + ", with a number from -100 to 100");
                }
                biases.put(id.getAsInt(), bias.doubleValue());
            });
        });
        return biases;
    }

    private static OptionalInt id(String text, int vocabulary) {
        boolean digits = !text.isEmpty() && text.length() < 10 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        return digits && Integer.parseInt(text) < vocabulary
                ? OptionalInt.of(Integer.parseInt(text))
                : OptionalInt.empty();
    }
}
