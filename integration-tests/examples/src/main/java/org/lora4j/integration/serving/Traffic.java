/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.serving;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Questions of all tasks as they come: mixed, and those of one length in groups that are asked together.
 *
 * @param groups questions of one length each
 */
record Traffic(List<List<Question>> groups) {

    /** Questions that are asked together. */
    static final int GROUP = 32;

    static Traffic mixed(List<Question> questions, long seed) {
        Random random = new Random(seed);
        List<Question> order = new ArrayList<>(questions);
        Collections.shuffle(order, random);
        Map<Integer, List<Question>> byLength = new TreeMap<>();
        order.forEach(question -> byLength.computeIfAbsent(question.length(), length -> new ArrayList<>())
                .add(question));
        List<List<Question>> groups = new ArrayList<>();
        for (List<Question> same : byLength.values()) {
            for (int from = 0; from < same.size(); from += GROUP) {
                groups.add(List.copyOf(same.subList(from, Math.min(from + GROUP, same.size()))));
            }
        }
        Collections.shuffle(groups, random);
        return new Traffic(List.copyOf(groups));
    }

    int size() {
        return groups.stream().mapToInt(List::size).sum();
    }
}
