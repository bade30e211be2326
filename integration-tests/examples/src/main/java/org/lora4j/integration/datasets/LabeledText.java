/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.tribuo.DataSource;
import org.tribuo.Example;
import org.tribuo.Output;
import org.tribuo.OutputFactory;
import org.tribuo.data.text.TextFeatureExtractor;
import org.tribuo.datasource.ListDataSource;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/**
 * A text and what it is about.
 *
 * @param text the text, as it is in the file
 * @param labels the names of its labels, at least one
 */
public record LabeledText(String text, SortedSet<String> labels) {

    /**
     * A text with one label.
     *
     * @param text the text
     * @param label its label
     */
    public LabeledText(String text, String label) {
        this(text, new TreeSet<>(List.of(label)));
    }

    /**
     * Returns the same number of texts for each set of labels, drawn at random.
     *
     * @param texts what to draw from
     * @param each how many for each
     * @param seed which ones
     * @return the texts, sorted by their labels
     */
    public static List<LabeledText> draw(List<LabeledText> texts, int each, long seed) {
        SortedMap<String, List<LabeledText>> groups = new TreeMap<>();
        for (LabeledText text : texts) {
            groups.computeIfAbsent(text.labels().toString(), labels -> new ArrayList<>())
                    .add(text);
        }
        SplittableRandom random = new SplittableRandom(seed);
        List<LabeledText> drawn = new ArrayList<>();
        groups.forEach((labels, group) -> {
            if (group.size() < each) {
                throw new IllegalArgumentException(
                        "LabeledText: " + group.size() + " texts of " + labels + "; expected " + each + " or more.");
            }
            shuffle(group, random);
            drawn.addAll(group.subList(0, each));
        });
        return drawn;
    }

    static void shuffle(List<LabeledText> texts, SplittableRandom random) {
        for (int i = texts.size() - 1; i > 0; i--) {
            Collections.swap(texts, i, random.nextInt(i + 1));
        }
    }

    /**
     * Makes examples of texts.
     *
     * @param name what the provenance calls them
     * @param texts the texts
     * @param features makes features of a text, such as Tribuo's {@code TextFeatureExtractorImpl} over a pipeline
     * @param factory makes outputs of labels; one for labels takes texts with one label only
     * @param <T> the type of output
     * @return the examples, in the order of the texts
     */
    public static <T extends Output<T>> DataSource<T> source(
            String name, List<LabeledText> texts, TextFeatureExtractor<T> features, OutputFactory<T> factory) {
        List<Example<T>> examples = new ArrayList<>();
        for (LabeledText text : texts) {
            SortedSet<String> labels = text.labels();
            T output = factory.generateOutput(labels.size() == 1 ? labels.first() : labels);
            examples.add(features.extract(output, text.text()));
        }
        return new ListDataSource<>(examples, factory, new SimpleDataSourceProvenance(name, factory));
    }
}
