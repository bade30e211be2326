/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.languagetasks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Draw;
import org.lora4j.examples.Example;
import org.lora4j.examples.MedQuad;
import org.lora4j.examples.MedQuad.Answer;
import org.lora4j.examples.WordSearch;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.ReRanker;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.text.ScoredPair;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextEncoder;

/** Which answer belongs to a question on health: a search by vectors, and a re-ranker over the first fifty that it finds. */
final class MedicalSearch {

    private static final double TESTED = 0.2;
    private static final double VALIDATED = 0.08;
    private static final int PAIRS = 1_000;
    private static final int HELD = 200;
    private static final int QUESTIONS = 70;
    private static final int RANKED_OF_PAIRS = 3;
    private static final int FIRST = 50;
    private static final int NEGATIVES = 3;
    private static final int LONGEST_PAIR = 96;
    private static final String ALONE = "the search alone";

    private final Example example;
    private final TextEncoder encoder;
    private final MedQuad answers;
    private final Comparison search;
    private final Comparison firstRight;
    private final Comparison ranked;
    private final List<TrainingReport> pages = new ArrayList<>();

    MedicalSearch(Example example, TextEncoder encoder, MedQuad answers) {
        this.example = example;
        this.encoder = encoder;
        this.answers = answers;
        this.search = new Comparison("answers to questions on health", "MRR", example.seed());
        this.firstRight = new Comparison("questions whose first answer is right", "share", example.seed());
        this.ranked = new Comparison("the first " + FIRST + " ordered anew", "MRR", example.seed());
    }

    void run() throws IOException {
        for (long seed : example.seeds()) {
            learn(seed);
        }
        example.table(search);
        example.table(firstRight);
        example.table(ranked);
        example.page(
                "medical-search",
                TrainingReport.compare(pages).with(search.advice("")).with(ranked.advice("")));
    }

    /** Questions of documents that nothing was learned from, all answers of these, and which are right: those with the same question. */
    record Test(List<String> queries, List<String> passages, List<Set<Integer>> relevant) {

        static Test of(List<Answer> held, int most, long seed) {
            Map<String, Set<Integer>> byQuestion = new LinkedHashMap<>();
            for (int i = 0; i < held.size(); i++) {
                byQuestion
                        .computeIfAbsent(key(held.get(i)), question -> new TreeSet<>())
                        .add(i);
            }
            List<String> drawn = Draw.some(List.copyOf(byQuestion.keySet()), most, seed);
            return new Test(
                    drawn,
                    held.stream().map(Answer::text).toList(),
                    drawn.stream().map(byQuestion::get).toList());
        }
    }

    private static String key(Answer answer) {
        return answer.question().toLowerCase(Locale.ROOT);
    }

    /** A question with its answer; other answers to the same question are no wrong ones. */
    private static List<SentenceExample> pairs(List<Answer> some) {
        return some.stream()
                .map(answer -> SentenceExample.pair(key(answer), answer.text()).withGroup(key(answer)))
                .toList();
    }

    private void learn(long seed) throws IOException {
        int most = example.number(1, "language.pairs", 1, PAIRS);
        int asked = example.number(2, "language.questions", 1, QUESTIONS);
        List<List<Answer>> parts = answers.parts(seed, TESTED, VALIDATED);
        Test test = Test.of(parts.get(0), asked, seed);
        List<SentenceExample> validation = pairs(Draw.some(parts.get(1), HELD, seed));
        List<SentenceExample> train = pairs(Draw.some(parts.get(2), most, seed));
        example.say(
                "questions on health: %d pairs to learn from, %d questions to test among %d answers",
                train.size(), test.queries().size(), test.passages().size());

        WordSearch words = new WordSearch(test.passages());
        double[] byWords = IntStream.range(0, test.queries().size())
                .mapToDouble(i -> words.reciprocalRank(
                        test.queries().get(i), test.relevant().get(i)))
                .toArray();
        add("words in common (BM25)", byWords, test);
        try (SentenceEncoder frozen = SentenceEncoder.builder(encoder).build()) {
            measure("frozen encoder", frozen, test);
        }
        try (SentenceEncoder lora = SentenceEncoder.builder(encoder)
                        .epochs(3)
                        .seed(seed)
                        .build()
                        .fit(train, validation);
                TextEncoder pairEncoder = encoder.withMaxLength(LONGEST_PAIR)) {
            RetrievalEvaluation found = measure(Comparison.LORA, lora, test);
            example.receipt("medical-search", lora.receipt().orElseThrow());
            lora.save(example.folder().resolve("medical-search"));
            rank(seed, lora, pairEncoder, found, test, train, validation);
        }
        if (example.full()) {
            try (SentenceEncoder full = SentenceEncoder.builder(encoder)
                    .fullFineTuning()
                    .epochs(3)
                    .seed(seed)
                    .build()
                    .fit(train, validation)) {
                measure("full fine-tuning", full, test);
            }
        }
    }

    private RetrievalEvaluation measure(String arm, SentenceEncoder by, Test test) {
        RetrievalEvaluation found = by.evaluate(test.queries(), test.passages(), test.relevant());
        example.say("%s: %s", arm, found);
        add(arm, reciprocal(found), test);
        page(arm, found);
        return found;
    }

    private void add(String arm, double[] reciprocalRanks, Test test) {
        search.add(arm, reciprocalRanks, test.queries());
        firstRight.add(
                arm,
                IntStream.range(0, reciprocalRanks.length)
                        .mapToDouble(i -> reciprocalRanks[i] == 1 ? 1 : 0)
                        .toArray(),
                test.queries());
    }

    private void page(String arm, RetrievalEvaluation found) {
        example.figure(arm + ", recall", found.recall());
        pages.add(TrainingReport.titled(arm).with(found));
    }

    private static double[] reciprocal(RetrievalEvaluation found) {
        return found.reciprocalRanks().stream().mapToDouble(rank -> rank).toArray();
    }

    /** A re-ranker learns from what the search takes for right and is not. */
    private void rank(
            long seed,
            SentenceEncoder by,
            TextEncoder pairEncoder,
            RetrievalEvaluation found,
            Test test,
            List<SentenceExample> train,
            List<SentenceExample> validation)
            throws IOException {
        List<ScoredPair> pairs = asked(by, train, train.size() / RANKED_OF_PAIRS, seed);
        List<ScoredPair> held = asked(by, validation, HELD, seed);
        example.say("re-ranker: %d pairs to learn from", pairs.size());
        ranked.add(ALONE, reciprocal(found), test.queries());
        try (ReRanker frozen = ReRanker.builder(pairEncoder)
                        .headOnly()
                        .seed(seed)
                        .build()
                        .fit(pairs, held);
                ReRanker lora = ReRanker.builder(pairEncoder)
                        .epochs(2)
                        .seed(seed)
                        .build()
                        .fit(pairs, held)) {
            RetrievalEvaluation byHead = over(by, frozen, test);
            ranked.add("re-ranker, frozen encoder, head alone", reciprocal(byHead), test.queries());
            RetrievalEvaluation byLora = over(by, lora, test);
            example.say("re-ranked: %s", byLora);
            ranked.add(Comparison.LORA, reciprocal(byLora), test.queries());
            page("LoRA, re-ranked", byLora);
            example.receipt("re-ranker", lora.receipt().orElseThrow());
            lora.save(example.folder().resolve("re-ranker"));
        }
    }

    /** Pairs as the re-ranker will be asked: wrong answers from the first that the search finds. */
    private static List<ScoredPair> asked(SentenceEncoder by, List<SentenceExample> pairs, int most, long seed) {
        List<String> corpus =
                pairs.stream().map(pair -> pair.positive().orElseThrow()).toList();
        List<SentenceExample> mined = by.withHardNegatives(pairs, corpus, NEGATIVES, 0.99, FIRST, seed);
        return ScoredPair.of(mined.subList(0, Math.min(most, mined.size())));
    }

    private static RetrievalEvaluation over(SentenceEncoder by, ReRanker ranker, Test test) {
        return ranker.evaluate(by, test.queries(), test.passages(), test.relevant(), FIRST);
    }
}
