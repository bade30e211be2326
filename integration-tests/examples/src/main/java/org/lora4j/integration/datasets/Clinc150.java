/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * Requests to an assistant from ten domains (Larson et al. 2019, An Evaluation Dataset for Intent Classification and
 * Out-of-Scope Prediction; Clinc, CC BY 3.0): the smaller of the published sets. Labels are the domains, unless the 150
 * intents are asked for.
 */
public final class Clinc150 {

    /** The most requests that {@link #joined} puts in a row. */
    private static final int MOST = 3;

    private final Map<String, List<List<String>>> splits;
    private final Map<String, List<String>> intents;
    private final Map<String, String> domains = new HashMap<>();

    /**
     * Reads the files.
     *
     * @param folder where {@code data_small.json} and {@code domains.json} are
     * @throws IOException if one cannot be read
     */
    public Clinc150(Path folder) throws IOException {
        ObjectMapper json = new ObjectMapper();
        splits = json.readValue(folder.resolve("data_small.json").toFile(), new TypeReference<>() {});
        intents = json.readValue(folder.resolve("domains.json").toFile(), new TypeReference<>() {});
        intents.forEach((domain, names) -> names.forEach(intent -> domains.put(intent, domain)));
    }

    /**
     * Returns the requests for training.
     *
     * @return 7,500 requests, 750 of each domain
     */
    public List<LabeledText> train() {
        return split("train");
    }

    /**
     * Returns the requests for choosing settings.
     *
     * @return 3,000 requests, 300 of each domain
     */
    public List<LabeledText> validation() {
        return split("val");
    }

    /**
     * Returns the requests for testing.
     *
     * @return 4,500 requests, 450 of each domain
     */
    public List<LabeledText> test() {
        return split("test");
    }

    private List<LabeledText> split(String key) {
        List<LabeledText> texts = new ArrayList<>();
        for (List<String> pair : splits.get(key)) {
            texts.add(new LabeledText(pair.get(0), domains.get(pair.get(1))));
        }
        return texts;
    }

    /**
     * Returns the domains.
     *
     * @return ten names, in the order of the file
     */
    public List<String> domains() {
        return List.copyOf(intents.keySet());
    }

    /**
     * Returns the requests of one domain, labeled by what they ask for.
     *
     * @param split {@code train}, {@code val} or {@code test}
     * @param domain one of {@link #domains}
     * @return requests of fifteen intents
     */
    public List<LabeledText> intents(String split, String domain) {
        List<LabeledText> texts = new ArrayList<>();
        for (List<String> pair : splits.get(split)) {
            if (domain.equals(domains.get(pair.get(1)))) {
                texts.add(new LabeledText(pair.get(0), pair.get(1)));
            }
        }
        return texts;
    }

    /**
     * Returns requests that belong to no domain.
     *
     * @param split {@code train}, {@code val} or {@code test}
     * @return 100 texts, 1,000 for testing
     */
    public List<String> outOfScope(String split) {
        return splits.get("oos_" + split).stream().map(pair -> pair.get(0)).toList();
    }

    /**
     * Puts requests in a row: one, two, three, one, and so on, each request used once. The labels are those of all.
     *
     * @param texts the requests
     * @param seed their order
     * @return texts with one to three labels, half as many as there are requests
     */
    public static List<LabeledText> joined(List<LabeledText> texts, long seed) {
        List<LabeledText> order = new ArrayList<>(texts);
        LabeledText.shuffle(order, new SplittableRandom(seed));
        List<LabeledText> joined = new ArrayList<>();
        int from = 0;
        for (int length = 1; from + length <= order.size(); length = length % MOST + 1) {
            joined.add(join(order.subList(from, from + length)));
            from += length;
        }
        return joined;
    }

    private static LabeledText join(List<LabeledText> parts) {
        List<String> texts = new ArrayList<>();
        SortedSet<String> labels = new TreeSet<>();
        for (LabeledText part : parts) {
            texts.add(part.text());
            labels.addAll(part.labels());
        }
        return new LabeledText(String.join(". ", texts), labels);
    }
}
