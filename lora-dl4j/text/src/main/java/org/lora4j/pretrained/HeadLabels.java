/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.encoder.EncoderActivation;

/** What a {@code config.json} says of the outputs of a head: their names, and what they mean. */
final class HeadLabels {

    /** As in Transformers. */
    private static final int DEFAULT_LABELS = 2;

    private static final Set<String> PROBLEM_TYPES =
            Set.of("single_label_classification", "multi_label_classification", "regression");

    private HeadLabels() {}

    /**
     * The name of each output, as Python gives them: those of {@code id2label}, or {@code LABEL_0} and so on for {@code num_labels} (2
     * if it does not say).
     *
     * @param named whether the config names the class of the model; if not, names for any number of outputs are made up
     * @param outputs how many the head has
     * @param problems takes what does not fit
     * @return as many names
     */
    static List<String> of(Map<String, Object> config, boolean named, int outputs, Problems problems) {
        Object byId = config.get("id2label");
        List<String> names = new ArrayList<>();
        if (byId instanceof Map<?, ?> map && !map.isEmpty()) {
            for (int i = 0; i < outputs; i++) {
                Object name = map.get(Integer.toString(i));
                names.add(name instanceof String text ? text : "");
            }
            if (map.size() != outputs || names.contains("")) {
                problems.add("id2label has " + map.size() + " labels with the ids " + MessageText.values(map.keySet())
                        + ", expected " + outputs + " of the ids 0 to " + (outputs - 1)
                        + ", one text for each output of the head");
            } else if (new HashSet<>(names).size() < outputs) {
                problems.add("id2label gives one name to several outputs: " + MessageText.values(names)
                        + ", expected different ones");
            }
            return names;
        }
        problems.check(
                byId == null || byId instanceof Map,
                "id2label is " + MessageText.value(byId) + ", expected labels by id");
        Object number = config.get("num_labels");
        int said = number instanceof Integer labels ? labels : DEFAULT_LABELS;
        problems.check(
                said == outputs || !named && number == null,
                "the head has " + outputs + " outputs, but the config has no id2label and "
                        + (number == null
                                ? "no num_labels, which means " + DEFAULT_LABELS
                                : "num_labels = " + MessageText.value(number))
                        + "; expected a label for each output: add id2label");
        for (int i = 0; i < outputs; i++) {
            names.add("LABEL_" + i);
        }
        return names;
    }

    /** {@code problem_type}, one of the three of Transformers. */
    static Optional<String> problemType(Map<String, Object> config, Problems problems) {
        Object type = config.get("problem_type");
        problems.check(
                type == null || PROBLEM_TYPES.contains(type),
                "problem_type is " + MessageText.name(type) + ", expected one of "
                        + Problems.quoted(PROBLEM_TYPES.stream().sorted().toList())
                        + (type instanceof String text ? ClosestNames.hint(text, PROBLEM_TYPES) : ""));
        return Optional.ofNullable(type).map(String::valueOf);
    }

    /** What a cross-encoder does with its output, in the words of sentence-transformers before and since 4.0. */
    static Optional<Pooling.Function> activation(Map<String, Object> config, Problems problems) {
        Object said = config.get("sbert_ce_default_activation_function");
        if (config.get("sentence_transformers") instanceof Map<?, ?> own && own.get("activation_fn") != null) {
            said = own.get("activation_fn");
        }
        if (said == null) {
            return Optional.empty();
        }
        Optional<Pooling.Function> known = Pooling.Function.ofTorch(said);
        problems.check(
                known.isPresent(), "the activation of a cross-encoder is " + EncoderActivation.unknownTorch(said));
        return known;
    }
}
