/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.text.LabelTargets;

/**
 * Examples of a user, looked through before anything is computed: none is null, and labels are words without white space at their ends.
 *
 * @param name what the user calls the list
 * @param examples those that are good
 */
record CheckedImages(String name, List<LabeledImage> examples) {

    static CheckedImages of(String name, List<LabeledImage> given, Problems problems) {
        List<LabeledImage> examples = new ArrayList<>();
        List<Integer> missing = new ArrayList<>();
        List<Integer> unnamed = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            if (given.get(i) == null) {
                missing.add(i);
                continue;
            }
            List<String> labels =
                    given.get(i).labels().stream().map(String::strip).toList();
            if (labels.contains("")) {
                unnamed.add(i);
            }
            examples.add(new LabeledImage(given.get(i).image(), labels));
        }
        problems.check(missing.isEmpty(), name + "[" + MessageText.numbers(missing) + "] is null, expected an example");
        problems.check(
                unnamed.isEmpty(),
                name + "[" + MessageText.numbers(unnamed)
                        + "] has an empty label, expected a word; leave it out, or give it a label such as \"none\"");
        return new CheckedImages(name, List.copyOf(examples));
    }

    /** Adds what no example can be learned or judged by. */
    void check(LabelTargets<Image, LabeledImage> targets, Problems problems) {
        Map<String, List<Integer>> unknown = new LinkedHashMap<>();
        for (int i = 0; i < examples.size(); i++) {
            targets.check(examples.get(i), name + "[" + i + "]", problems);
            for (String label : targets.unknown(examples.get(i))) {
                unknown.computeIfAbsent(label, at -> new ArrayList<>()).add(i);
            }
        }
        unknown.forEach((label, at) -> problems.add(name + "[" + MessageText.numbers(at) + "] has the label "
                + MessageText.name(label) + ", which no example to learn from has, expected one of "
                + Problems.quoted(targets.names()) + ClosestNames.hint(label, targets.names())));
    }

    /** What there is to say of images that are in both parts. */
    List<String> repeatedIn(CheckedImages validation) {
        Map<Image, Integer> known = new HashMap<>();
        for (int i = 0; i < examples.size(); i++) {
            known.putIfAbsent(examples.get(i).image(), i);
        }
        List<String> twice = new ArrayList<>();
        for (int i = 0; i < validation.examples.size(); i++) {
            Integer at = known.get(validation.examples.get(i).image());
            if (at != null) {
                twice.add("train[" + at + "] = validation[" + i + "]");
            }
        }
        return twice.isEmpty()
                ? List.of()
                : List.of(twice.size()
                        + " images of the validation part are in the training part, too, so scores on it are"
                        + " too high: " + MessageText.values(twice));
    }

    List<Image> images() {
        return examples.stream().map(LabeledImage::image).toList();
    }
}
