/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.code;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Example;
import org.lora4j.examples.code.JavaMethods.Method;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.ShuffledIndices;

/**
 * Finds methods by what their javadoc says they do: frozen, with LoRA and with all weights trained. Whole packages are held
 * out, so that no method is searched for whose neighbors were learned from.
 *
 * @param example the run
 * @param encoder what learns
 * @param seed which packages are held out
 */
record CodeSearch(Example example, TextEncoder encoder, long seed) {

    private static final int PAIRS = 1_000;
    private static final int VALIDATED = 200;
    private static final int TESTED = 500;
    private static final int EPOCHS = 4;

    /** Methods by what they are for. */
    record Parts(List<SentenceExample> train, List<SentenceExample> validation, List<SentenceExample> test) {}

    void compare(List<Method> methods, Comparison ranks) throws IOException {
        Parts parts = parts(methods, seed);
        example.say(
                "search, %s, seed %d: %d pairs, %d to search",
                encoder.name(), seed, parts.train().size(), parts.test().size());
        List<TrainingReport> pages = new ArrayList<>();
        // What LoRA is compared with first, as it is in the table.
        evaluated("frozen", SentenceEncoder.builder(encoder).build(), parts, ranks, pages);
        SentenceEncoder.Builder lora =
                SentenceEncoder.builder(encoder).seed(seed).epochs(EPOCHS);
        evaluated(Comparison.LORA, lora.build().fit(parts.train(), parts.validation()), parts, ranks, pages);
        SentenceEncoder.Builder all =
                SentenceEncoder.builder(encoder).fullFineTuning().seed(seed).epochs(EPOCHS);
        evaluated("full fine-tuning", all.build().fit(parts.train(), parts.validation()), parts, ranks, pages);
        example.page(
                "search-" + encoder.name() + "-" + seed,
                TrainingReport.compare(pages).withTitle("Code search by " + encoder.name() + ", seed " + seed));
    }

    private void evaluated(String arm, SentenceEncoder by, Parts parts, Comparison ranks, List<TrainingReport> pages)
            throws IOException {
        try (by) {
            RetrievalEvaluation evaluation = by.evaluate(parts.test());
            example.say("%s: %s", arm, evaluation);
            ranks.add(
                    arm,
                    evaluation.reciprocalRanks().stream()
                            .mapToDouble(rank -> rank)
                            .toArray(),
                    parts.test().stream().map(SentenceExample::anchor).toList());
            // The frozen one has learned nothing.
            TrainingReport page = pages.isEmpty() ? TrainingReport.titled(arm) : TrainingReport.of(by.report());
            pages.add(page.withTitle(arm).with(evaluation));
            if (arm.equals(Comparison.LORA)) {
                example.receipt(
                        "search-" + encoder.name() + "-" + seed, by.receipt().orElseThrow());
            }
        }
    }

    /** Packages in a random order: the first ones are tested, the next ones choose, the others are learned from. */
    static Parts parts(List<Method> all, long seed) {
        Set<String> seen = new HashSet<>();
        List<Method> methods = all.stream()
                .filter(Method::isDescribed)
                .filter(method -> seen.add(method.sentence()) & seen.add(method.code()))
                .toList();
        List<String> packages =
                List.copyOf(new TreeSet<>(methods.stream().map(Method::folder).toList()));
        int[] order = ShuffledIndices.of(packages.size(), seed, 0);
        List<SentenceExample> test = new ArrayList<>();
        List<SentenceExample> validation = new ArrayList<>();
        List<SentenceExample> train = new ArrayList<>();
        for (int index : order) {
            List<SentenceExample> into =
                    test.size() < TESTED ? test : validation.size() < VALIDATED ? validation : train;
            methods.stream()
                    .filter(method -> method.folder().equals(packages.get(index)))
                    .forEach(method -> into.add(SentenceExample.pair(method.sentence(), method.code())));
        }
        return new Parts(some(train, PAIRS, seed), some(validation, VALIDATED, seed), some(test, TESTED, seed));
    }

    private static List<SentenceExample> some(List<SentenceExample> all, int count, long seed) {
        return IntStream.of(ShuffledIndices.of(all.size(), seed, 1))
                .limit(count)
                .mapToObj(all::get)
                .toList();
    }
}
