/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * How much each module's weight matters to the loss, and what rank it gets of a budget.
 *
 * @param modules the modules, in the order of the model
 * @param config the config with the ranks as a pattern, each module scaled as before; empty if it cannot be said
 * @param advice the answer in a sentence
 * @apiNote Status: experimental
 */
public record RankSensitivity(List<Module> modules, Optional<LoraConfig> config, Advice advice) {

    /**
     * A module.
     *
     * @param path its path
     * @param importance the mean of {@code |W * G|} over its weight and the gradient
     * @param share the importance over that of all modules
     * @param effectiveRank of the gradient: e to the entropy of its singular values; far above a rank, the gradient has more
     *     directions than an update of that rank can take
     * @param rank what it gets
     */
    public record Module(String path, double importance, double share, double effectiveRank, int rank) {

        Map<String, Object> values() {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("module", path);
            values.put("importance", importance);
            values.put("share", share);
            values.put("effectiveRank", effectiveRank);
            values.put("rank", rank);
            return values;
        }
    }

    /**
     * Copies the list.
     *
     * @param modules as in the record
     * @param config as in the record
     * @param advice as in the record
     */
    public RankSensitivity {
        modules = List.copyOf(modules);
    }

    /**
     * All of it as JSON.
     *
     * @return an object, on several lines
     */
    public String json() {
        return JsonObjects.write(advice.values());
    }

    @Override
    public String toString() {
        return advice.toString();
    }
}
