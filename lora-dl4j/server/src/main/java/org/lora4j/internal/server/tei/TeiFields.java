/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.tei;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.serve.text.RequestOptions;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextServer;
import org.lora4j.serve.text.VectorOptions;

/** The fields that requests of texts share. */
final class TeiFields {

    private static final List<String> DIRECTIONS = List.of("Left", "Right", "left", "right");

    private TeiFields() {}

    /** What may be cut, and who asks. */
    static RequestOptions options(Exchange exchange, JsonFields fields, Optional<String> user) {
        boolean truncate = fields.flag("truncate").orElse(false);
        String direction = fields.word("truncation_direction", DIRECTIONS).orElse("right");
        if (truncate && direction.toLowerCase(Locale.ROOT).equals("left")) {
            throw fields.problem(
                    "truncation_direction",
                    "= \"Left\"; texts are cut at their end here. Leave it out, or cut the text before you send it");
        }
        RequestOptions options = RequestOptions.usual().truncating(truncate);
        return user.or(() -> exchange.header("x-user")).map(options::withKey).orElse(options);
    }

    /** Which vector of a text. */
    static VectorOptions vectors(TextServer server, JsonFields fields, boolean normalize) {
        VectorOptions options = VectorOptions.usual();
        Optional<String> prompt = fields.text("prompt_name");
        if (prompt.isPresent()) {
            Map<String, String> prompts = server.encoder().prompts();
            if (!prompts.containsKey(prompt.get())) {
                throw fields.problem(
                        "prompt_name",
                        "= " + MessageText.name(prompt.get()) + ClosestNames.hint(prompt.get(), prompts.keySet())
                                + "; expected one of " + MessageText.values(prompts.keySet()));
            }
            options = options.withPrompt(prompt.get());
        }
        OptionalInt dimensions =
                fields.integer("dimensions", 1, server.encoder().dimension());
        if (dimensions.isPresent()) {
            options = options.truncated(dimensions.getAsInt());
        }
        return normalize ? options.normalized() : options;
    }

    /** Texts, or lists of ids, which are read as the text that they spell; one, or a list. */
    static List<String> texts(TextServer server, JsonFields fields, String name) {
        JsonNode input = fields.required(name, "a text, a list of ids, or a list of these");
        List<String> texts = new ArrayList<>();
        if (input.isTextual() || isIds(input)) {
            texts.add(text(server, fields, name, input));
        } else if (input.isArray()) {
            for (JsonNode each : input) {
                texts.add(text(server, fields, name + "[" + texts.size() + "]", each));
            }
        } else {
            throw fields.problem(
                    name, "is neither a text nor a list; expected a text, a list of ids, or a list of these");
        }
        return batch(server, name, texts);
    }

    private static boolean isIds(JsonNode input) {
        return input.isArray() && !input.isEmpty() && input.get(0).isNumber();
    }

    private static String text(TextServer server, JsonFields fields, String name, JsonNode node) {
        if (node.isTextual()) {
            return node.textValue();
        }
        if (!node.isArray()) {
            throw fields.problem(name, "is neither a text nor a list of ids; expected one of them");
        }
        return decoded(server, fields, name, ids(fields, name, node), true);
    }

    static int[] ids(JsonFields fields, String name, JsonNode node) {
        int[] ids = new int[node.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = fields.integer(name + "[" + i + "]", node.get(i), 0, Integer.MAX_VALUE);
        }
        return ids;
    }

    static String decoded(TextServer server, JsonFields fields, String name, int[] ids, boolean skipSpecial) {
        try {
            return server.decode(ids, skipSpecial);
        } catch (IllegalArgumentException e) {
            throw fields.problem(name, "are no ids of this vocabulary: " + e.getMessage());
        }
    }

    /** A list that is neither empty nor longer than the server takes. */
    static <T> List<T> batch(TextServer server, String name, List<T> batch) {
        if (batch.isEmpty()) {
            throw new HttpProblem(Kind.EMPTY, "`" + name + "` cannot be empty; expected a text or more.").param(name);
        }
        int most = server.limits().texts();
        if (batch.size() > most) {
            throw new HttpProblem(
                            Kind.TOO_LARGE,
                            "batch size " + batch.size() + " > maximum allowed batch size " + most
                                    + "; send fewer at once.")
                    .param(name);
        }
        return batch;
    }

    /**
     * What is to be predicted, which has a grammar of its own: a text; two texts in a list, which are a pair; a list of lists of one or
     * two.
     *
     * @param inputs the texts and pairs
     * @param single whether it was no list of them
     */
    record PredictInputs(List<TextInput> inputs, boolean single) {

        static PredictInputs of(TextServer server, JsonFields fields) {
            JsonNode node = fields.required("inputs", "a text, a pair of texts, or a list of lists of one or two");
            if (node.isTextual()) {
                return new PredictInputs(List.of(TextInput.of(node.textValue())), true);
            }
            if (!node.isArray()) {
                throw fields.problem("inputs", "is neither a text nor a list; expected one of them");
            }
            if (!node.isEmpty() && node.get(0).isTextual()) {
                return new PredictInputs(List.of(input(fields, "inputs", node)), true);
            }
            List<TextInput> inputs = new ArrayList<>();
            for (JsonNode each : node) {
                inputs.add(input(fields, "inputs[" + inputs.size() + "]", each));
            }
            return new PredictInputs(batch(server, "inputs", inputs), false);
        }

        private static TextInput input(JsonFields fields, String name, JsonNode node) {
            List<String> texts = fields.texts(name, node);
            if (texts.isEmpty() || texts.size() > 2) {
                throw fields.problem(
                        name,
                        "has " + texts.size() + " texts; expected one, or two for a pair; a batch is a list of lists");
            }
            return texts.size() == 1 ? TextInput.of(texts.get(0)) : TextInput.of(texts.get(0), texts.get(1));
        }
    }
}
