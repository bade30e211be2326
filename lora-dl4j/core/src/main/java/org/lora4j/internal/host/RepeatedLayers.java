/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LayerReplication;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Whether a model is made of repeated layers as a config wants: a list of as many layers as that gives, copies of one layer
 * having equal values.
 *
 * @apiNote Status: internal
 */
public final class RepeatedLayers {

    private static final Pattern IN_A_LIST = Pattern.compile("(.*?)\\.(\\d+)\\.(.*)");

    private RepeatedLayers() {}

    /**
     * Refuses a config with repeated layers where models are never made so.
     *
     * @param where what there is, such as {@code network}
     * @param problems receives the refusal
     */
    public static void refuse(AdapterConfig config, String where, Problems problems) {
        problems.check(
                config.layerReplication().isEmpty(),
                "layerReplication = " + config.layerReplication() + " with a " + where
                        + ", expected none; a SameDiff graph over EncoderWeights.replicated takes such an adapter");
    }

    /**
     * Compares a model with what a config wants.
     *
     * @param values what the model computes with, by dotted names
     * @param problems receives what differs
     */
    public static void check(LayerReplication layers, Map<String, INDArray> values, Problems problems) {
        List<Integer> sources = layers.sources();
        Map<String, TreeSet<Integer>> lists = new HashMap<>();
        values.keySet().forEach(name -> {
            Matcher matcher = IN_A_LIST.matcher(name);
            if (matcher.matches() && matcher.group(2).length() < 9) {
                lists.computeIfAbsent(matcher.group(1), list -> new TreeSet<>()).add(Integer.valueOf(matcher.group(2)));
            }
        });
        String wanted = "layerReplication = " + layers + ", expected a model of " + sources.size()
                + " layers made with EncoderWeights.replicated";
        List<String> fitting = lists.keySet().stream()
                .filter(list -> lists.get(list).size() == sources.size()
                        && lists.get(list).last() == sources.size() - 1)
                .toList();
        problems.check(!fitting.isEmpty(), wanted + "; there is no list of as many layers");
        fitting.forEach(list -> {
            for (int i = 0; i < sources.size(); i++) {
                String copy = list + "." + i + ".";
                String first = list + "." + sources.indexOf(sources.get(i)) + ".";
                values.forEach((name, value) -> problems.check(
                        !name.startsWith(copy) || isSame(value, values.get(first + name.substring(copy.length()))),
                        wanted + "; \"" + name + "\" differs from the same of \"" + first + "\", which it repeats"));
            }
        });
    }

    private static boolean isSame(INDArray a, INDArray b) {
        return a == b || b != null && a.equalsWithEps(b, 0);
    }
}
