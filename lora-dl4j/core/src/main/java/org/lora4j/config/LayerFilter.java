/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.PatternSyntaxException;
import org.lora4j.error.MessageText;

/**
 * Keeps modules of certain layers only. The layer of a path is its first number behind the name of a layer list that
 * itself has a parent: {@code enc.layers.1.query} is of layer 1, {@code layers.1.query} of none. That is PEFT's rule;
 * later numbers, such as those of experts within a layer, do not count.
 */
final class LayerFilter {

    private static final String ANY_LIST = "[^.]*";

    private final List<Integer> layers;
    private final List<BoundedPattern> lists = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    LayerFilter(List<Integer> layers, List<String> listNames) {
        this.layers = layers;
        (listNames.isEmpty() ? List.of(ANY_LIST) : listNames).forEach(this::compile);
    }

    private void compile(String listName) {
        try {
            lists.add(BoundedPattern.compile(".*?\\.(?:" + listName + ")\\.(?<layerIndex>\\d+)\\."));
        } catch (PatternSyntaxException e) {
            problems.add(MessageText.name(listName) + " is not a regular expression (" + e.getDescription() + ")");
        }
    }

    List<String> problems() {
        return problems;
    }

    boolean keeps(String modulePath) {
        if (layers.isEmpty()) {
            return true;
        }
        for (BoundedPattern list : lists) {
            String index = list.groupAtStart(modulePath, "layerIndex");
            if (index != null) {
                return isWanted(index);
            }
        }
        return false;
    }

    private boolean isWanted(String digits) {
        String index = digits.replaceFirst("^0+(?=.)", "");
        return layers.stream().anyMatch(layer -> layer.toString().equals(index));
    }
}
