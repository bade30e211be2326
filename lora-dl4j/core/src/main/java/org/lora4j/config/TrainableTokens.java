/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Rows of embeddings that are trained in full while the rest of the table stays frozen (PEFT: {@code
 * trainable_token_indices}).
 *
 * @param ofInputEmbedding rows of the model's input embedding; PEFT's list form
 * @param byModule rows by module path or last segments; PEFT's map form
 * @apiNote Status: stable
 */
public record TrainableTokens(List<Integer> ofInputEmbedding, Map<String, List<Integer>> byModule) {

    private static final TrainableTokens NONE = new TrainableTokens(List.of(), Map.of());

    /**
     * Copies the rows; {@link LoraConfig.Builder#build} checks them.
     *
     * @param ofInputEmbedding rows of the input embedding
     * @param byModule rows by module
     */
    public TrainableTokens {
        ofInputEmbedding = List.copyOf(ofInputEmbedding);
        Map<String, List<Integer>> copy = new LinkedHashMap<>();
        byModule.forEach((name, rows) -> copy.put(name, List.copyOf(rows)));
        byModule = Collections.unmodifiableMap(copy);
    }

    /**
     * No rows.
     *
     * @return the empty choice
     */
    public static TrainableTokens none() {
        return NONE;
    }

    /**
     * Rows of the model's input embedding.
     *
     * @param rows token ids, 0 or more
     * @return the choice
     */
    public static TrainableTokens ofInputEmbedding(int... rows) {
        return new TrainableTokens(Arrays.stream(rows).boxed().toList(), Map.of());
    }

    /**
     * Rows of named embeddings.
     *
     * @param byModule token ids, 0 or more, by module path or last segments
     * @return the choice
     */
    public static TrainableTokens of(Map<String, List<Integer>> byModule) {
        return new TrainableTokens(List.of(), byModule);
    }

    /**
     * Whether no rows are trained.
     *
     * @return true for {@link #none()}
     */
    public boolean isEmpty() {
        return ofInputEmbedding.isEmpty() && byModule.isEmpty();
    }

    /**
     * The rows that are trained in a module.
     *
     * @param modulePath dotted path of an embedding that has such rows
     * @return the rows of the first name that fits, those of the input embedding if they were given as a list; else none
     */
    public List<Integer> of(String modulePath) {
        return byModule.entrySet().stream()
                .filter(entry -> means(entry.getKey(), modulePath))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(ofInputEmbedding);
    }

    static boolean means(String name, String modulePath) {
        return modulePath.equals(name) || modulePath.endsWith("." + name);
    }

    List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (!ofInputEmbedding.isEmpty() && !byModule.isEmpty()) {
            problems.add("names rows of the input embedding and of modules, expected one of the forms");
        }
        check("", ofInputEmbedding, problems);
        byModule.forEach((name, rows) -> {
            if (name == null || name.isBlank()) {
                problems.add("has an empty module name, expected names of embeddings");
            }
            if (rows.isEmpty()) {
                problems.add("of \"" + name + "\" is empty, expected token ids");
            }
            check("of \"" + name + "\" ", rows, problems);
        });
        return problems;
    }

    private static void check(String where, List<Integer> rows, List<String> problems) {
        if (rows.stream().anyMatch(row -> row < 0)) {
            problems.add(where + "= " + rows + ", expected token ids of 0 or more");
        }
        if (new HashSet<>(rows).size() < rows.size()) {
            problems.add(where + "= " + rows + " names a row twice, expected each once");
        }
    }

    @Override
    public String toString() {
        return byModule.isEmpty() ? ofInputEmbedding.toString() : Objects.toString(byModule);
    }
}
