/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;

/**
 * The names of classes as the {@code config.json} of Hugging Face has them.
 *
 * @apiNote Status: internal
 */
public final class Labels {

    /** A text has one of the labels. */
    public static final String ONE = "single_label_classification";

    /** A text may have several of the labels. */
    public static final String SEVERAL = "multi_label_classification";

    /** The outputs are numbers. */
    public static final String NUMBERS = "regression";

    private Labels() {}

    /**
     * Checks that labels can be told apart.
     *
     * @param problems takes what is wrong
     */
    public static void check(List<String> labels, Problems problems) {
        problems.check(!labels.isEmpty(), "no labels, expected one for each output of the head");
        problems.check(
                new HashSet<>(labels).size() == labels.size() && labels.stream().noneMatch(String::isBlank),
                "labels " + Problems.quoted(labels) + ", expected distinct names");
    }

    /**
     * The fields of labels.
     *
     * @param labels the labels in the order of the outputs
     * @param problemType one of the three of Transformers
     * @param perToken whether they are of tokens
     * @return {@code id2label}, {@code label2id}, and for texts {@code problem_type}
     */
    public static Map<String, Object> fields(List<String> labels, String problemType, boolean perToken) {
        Map<String, Object> byId = new LinkedHashMap<>();
        Map<String, Object> byLabel = new LinkedHashMap<>();
        for (int i = 0; i < labels.size(); i++) {
            byId.put(Integer.toString(i), labels.get(i));
            byLabel.put(labels.get(i), i);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id2label", byId);
        fields.put("label2id", byLabel);
        if (!perToken) {
            fields.put("problem_type", problemType);
        }
        return fields;
    }
}
