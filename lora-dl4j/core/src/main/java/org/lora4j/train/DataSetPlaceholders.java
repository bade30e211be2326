/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.error.Problems;

/**
 * Which placeholder of the graph each array of a data set goes to.
 *
 * <p>A mask array that a data set carries must have a name here, and the other way round: a mask that is silently dropped
 * would train on padding.
 *
 * @param features placeholders of the feature arrays, in their order, at least one
 * @param labels placeholders of the label arrays, in their order; may be empty
 * @param featureMasks placeholders of the masks of the feature arrays; empty, or one for each feature array
 * @param labelMasks placeholders of the masks of the label arrays; empty, or one for each label array
 * @apiNote Status: stable
 */
public record DataSetPlaceholders(
        List<String> features, List<String> labels, List<String> featureMasks, List<String> labelMasks) {

    /**
     * Checks and copies the lists.
     *
     * @param features placeholders of the feature arrays, in their order, at least one
     * @param labels placeholders of the label arrays, in their order; may be empty
     * @param featureMasks placeholders of the masks of the feature arrays; empty, or one for each feature array
     * @param labelMasks placeholders of the masks of the label arrays; empty, or one for each label array
     * @throws IllegalArgumentException if there is no feature, a name is used twice, or masks are named for some arrays
     *     only; the message lists every problem
     */
    public DataSetPlaceholders {
        features = List.copyOf(features);
        labels = List.copyOf(labels);
        featureMasks = List.copyOf(featureMasks);
        labelMasks = List.copyOf(labelMasks);
        Problems problems = new Problems();
        problems.check(!features.isEmpty(), "features is empty, expected at least one placeholder");
        masksFit(problems, "featureMasks", featureMasks, features);
        masksFit(problems, "labelMasks", labelMasks, labels);
        List<String> all = new ArrayList<>(features);
        all.addAll(labels);
        all.addAll(featureMasks);
        all.addAll(labelMasks);
        Set<String> seen = new HashSet<>();
        all.stream()
                .filter(name -> !seen.add(name))
                .distinct()
                .forEach(name -> problems.add("placeholder \"" + name + "\" is named twice, expected once"));
        problems.throwIfAny("DataSetPlaceholders");
    }

    /**
     * One feature array and one label array, no masks.
     *
     * @param feature placeholder of the features
     * @param label placeholder of the labels
     * @return the names
     */
    public static DataSetPlaceholders of(String feature, String label) {
        return new DataSetPlaceholders(List.of(feature), List.of(label), List.of(), List.of());
    }

    /**
     * The same names and these for the masks of the features.
     *
     * @param masks one for each feature array
     * @return the names
     * @throws IllegalArgumentException as the constructor
     */
    public DataSetPlaceholders withFeatureMasks(String... masks) {
        return new DataSetPlaceholders(features, labels, List.of(masks), labelMasks);
    }

    /**
     * The same names and these for the masks of the labels.
     *
     * @param masks one for each label array
     * @return the names
     * @throws IllegalArgumentException as the constructor
     */
    public DataSetPlaceholders withLabelMasks(String... masks) {
        return new DataSetPlaceholders(features, labels, featureMasks, List.of(masks));
    }

    private static void masksFit(Problems problems, String name, List<String> masks, List<String> arrays) {
        problems.check(
                masks.isEmpty() || masks.size() == arrays.size(),
                name + " has " + masks.size() + " names " + masks + ", expected none or " + arrays.size());
    }
}
