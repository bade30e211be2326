/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.tongues;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.Combine;
import org.lora4j.continual.Route;
import org.lora4j.continual.TaskRouter;
import org.lora4j.examples.ByteNgrams;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Example;
import org.lora4j.examples.FrozenVectors;
import org.lora4j.examples.LogisticRegression;
import org.lora4j.examples.MarkdownTable;
import org.lora4j.examples.NearestNeighbor;
import org.lora4j.examples.Tokens;
import org.lora4j.integration.datasets.Declaration;
import org.lora4j.integration.datasets.LanguageFamily;
import org.lora4j.integration.datasets.LanguageFamily.Paragraph;
import org.lora4j.report.TrainingReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextEncoder;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Which article a paragraph belongs to, in languages that were never learned from: that of the nearest paragraph of those that were. One
 * adapter a family of languages, chosen by a router; all of them merged; one that learned all families at once.
 */
final class Articles {

    private static final int EPOCHS = 4;
    private static final int BATCH = 64;
    private static final double SHRINKAGE = 0.1;
    private static final double[] WEIGHTS = {0.2, 0.4, 0.8};

    private static final String ALL = "LoRA, all families in one";
    private static final String MERGED = "LoRA, adapters merged";
    private static final String KNOWN = "LoRA, family known";
    private static final String FROZEN = "frozen, nearest";
    private static final String HEAD = "head alone";
    private static final String BYTES = "byte n-grams";
    private static final String FULL = "full fine-tuning";

    private final Example example;
    private final TextEncoder encoder;
    private final Comparison comparison;
    /** For each arm and family, how many of the test paragraphs are right. */
    private final Map<String, Map<String, Double>> byFamily = new LinkedHashMap<>();

    private final List<Paragraph> learned;
    private final List<Paragraph> chosen;
    private final List<Paragraph> held;

    Articles(Example example, TextEncoder encoder, List<Declaration> all, int percent) {
        this.example = example;
        this.encoder = encoder;
        this.comparison = new Comparison("article of a paragraph, languages held out", "accuracy", example.seed());
        this.learned = LanguageFamily.paragraphs(all, LanguageFamily::learned, percent);
        this.chosen = LanguageFamily.paragraphs(all, LanguageFamily::chosen, percent);
        this.held = LanguageFamily.paragraphs(all, LanguageFamily::held, percent);
    }

    void run() throws IOException {
        example.say("articles: %d paragraphs to learn from, %d in languages held out", learned.size(), held.size());
        ByteNgrams bytes = ByteNgrams.fit(Paragraph.labeled(learned), Paragraph.labeled(chosen));
        float[][] frozen = frozen(learned).toFloatMatrix();
        float[][] frozenHeld = frozen(held).toFloatMatrix();
        LogisticRegression head = LogisticRegression.fit(
                frozen, Paragraph.articles(learned), frozen(chosen).toFloatMatrix(), Paragraph.articles(chosen));
        List<String> byBytes = bytes.predict(Paragraph.texts(held));
        List<String> byHead = head.predict(frozenHeld);
        List<String> byFrozen = NearestNeighbor.labels(frozenHeld, frozen, Paragraph.articles(learned));
        TrainingReport page = null;
        for (long seed : example.seeds()) {
            page = adapters(seed);
            add(FROZEN, byFrozen);
            add(HEAD, byHead);
            add(BYTES, byBytes);
            if (example.full()) {
                try (SentenceEncoder full = fit(learned, chosen, builder(seed).fullFineTuning())) {
                    add(FULL, nearest(full, held, learned));
                }
            }
        }
        example.table(comparison);
        byFamily();
        example.page("articles", page.with(comparison.advice("")));
    }

    private INDArray frozen(List<Paragraph> paragraphs) {
        return FrozenVectors.of(encoder, Paragraph.texts(paragraphs));
    }

    /** An adapter a family, all of them over one base, and one adapter of all families. */
    private TrainingReport adapters(long seed) throws IOException {
        Map<LanguageFamily, Adapter> adapters = new LinkedHashMap<>();
        for (LanguageFamily family : LanguageFamily.ALL) {
            try (SentenceEncoder one =
                    fit(Paragraph.of(learned, family), Paragraph.of(chosen, family), builder(seed))) {
                adapters.put(family, one.adapter());
                example.say("articles, %s: %s", family.name(), one.report().summary());
                example.receipt(
                        "articles-" + family.name().toLowerCase(Locale.ROOT),
                        one.receipt().orElseThrow());
            }
        }
        try (SentenceEncoder one = fit(learned, chosen, builder(seed))) {
            one.save(example.folder().resolve("articles"));
            TrainingReport page = TrainingReport.of(one.report())
                    .withTitle("The article of a paragraph")
                    .with(one.receipt().orElseThrow());
            List<String> byAll = nearest(one, held, learned);
            AdaptedSameDiff model = one.model();
            adapters.forEach((family, adapter) -> model.addAdapter(family.name(), adapter));
            routed(one);
            add(ALL, byAll);
            merged(one, adapters.values());
            return page;
        }
    }

    private SentenceEncoder.Builder builder(long seed) {
        return SentenceEncoder.builder(encoder)
                .epochs(EPOCHS)
                .batchSize(BATCH)
                .seed(seed)
                .quiet()
                .listener(example.progress("articles"));
    }

    private static SentenceEncoder fit(
            List<Paragraph> train, List<Paragraph> validation, SentenceEncoder.Builder builder) {
        List<Paragraph> both =
                Stream.concat(validation.stream(), train.stream()).toList();
        return builder.build().fit(pairs(train, train), pairs(validation, both));
    }

    /** Each paragraph with the next one of the same place in another language of its family. */
    private static List<SentenceExample> pairs(List<Paragraph> anchors, List<Paragraph> all) {
        List<SentenceExample> pairs = new ArrayList<>();
        int each = (int) all.stream()
                .filter(one -> one.language().equals(all.get(0).language()))
                .count();
        for (LanguageFamily family : LanguageFamily.ALL) {
            List<Paragraph> own = Paragraph.of(all, family);
            int anchored = Paragraph.of(anchors, family).size();
            for (int i = 0; i < anchored; i++) {
                Paragraph one = own.get(i);
                Paragraph other = own.get((i + each) % own.size());
                pairs.add(SentenceExample.pair(one.text(), other.text()).withGroup(one.article()));
            }
        }
        return pairs;
    }

    private List<String> nearest(SentenceEncoder by, List<Paragraph> asked, List<Paragraph> known) {
        return NearestNeighbor.labels(
                by.predict(Paragraph.texts(asked)), by.predict(Paragraph.texts(known)), Paragraph.articles(known));
    }

    /** The adapter of the family, as the router says, and as it is. */
    private void routed(SentenceEncoder by) throws IOException {
        TaskRouter router = TaskRouter.mahalanobis(SHRINKAGE);
        for (LanguageFamily family : LanguageFamily.ALL) {
            List<Paragraph> own = Paragraph.of(learned, family);
            router = router.with(
                    family.name(),
                    frozen(own),
                    own.stream()
                            .mapToInt(one -> family.learned().indexOf(one.language()))
                            .toArray());
        }
        router.save(example.folder().resolve("router.safetensors"));
        List<String> routes =
                router.route(frozen(held)).stream().map(Route::task).toList();
        List<String> families = held.stream().map(one -> one.family().name()).toList();
        add(Comparison.LORA, byAdapters(by, routes));
        add(KNOWN, byAdapters(by, families));
        double share = Comparison.share(families, routes);
        example.say("articles: %.4f are sent to the adapter of their family", share);
        example.figure("share sent to the adapter of the family", share);
    }

    /** The article by the adapter that is named for each paragraph. */
    private List<String> byAdapters(SentenceEncoder by, List<String> adapters) {
        String[] said = new String[held.size()];
        for (LanguageFamily family : LanguageFamily.ALL) {
            by.model().activate(family.name());
            List<Integer> places = IntStream.range(0, said.length)
                    .filter(i -> adapters.get(i).equals(family.name()))
                    .boxed()
                    .toList();
            List<Paragraph> own = Paragraph.of(learned, family);
            List<String> nearest = nearest(by, places.stream().map(held::get).toList(), own);
            places.forEach(place -> said[place] = nearest.get(places.indexOf(place)));
        }
        return List.of(said);
    }

    /** All adapters as one, with the weights that are best where languages are chosen with. */
    private void merged(SentenceEncoder by, Collection<Adapter> adapters) {
        String best = "";
        double most = -1;
        for (double weight : WEIGHTS) {
            double[] weights = new double[adapters.size()];
            Arrays.fill(weights, weight);
            String name = "merged" + weight;
            by.model()
                    .addAdapter(
                            name,
                            Combine.of(List.copyOf(adapters)).weights(weights).combine());
            by.model().activate(name);
            double right = Comparison.share(Paragraph.articles(chosen), nearest(by, chosen, learned));
            example.say("articles, merged with weights of %.1f: %.4f of the languages to choose with", weight, right);
            if (right > most) {
                most = right;
                best = name;
            }
        }
        by.model().activate(best);
        add(MERGED, nearest(by, held, learned));
    }

    /** Languages are drawn anew as a whole, as their paragraphs hang together. */
    private void add(String arm, List<String> said) {
        double[] hits = Comparison.hits(Paragraph.articles(held), said);
        comparison.add(arm, hits, held.stream().map(Paragraph::language).toList());
        for (int i = 0; i < hits.length; i++) {
            LanguageFamily family = held.get(i).family();
            double share = hits[i]
                    / Paragraph.of(held, family).size()
                    / example.seeds().size();
            byFamily.computeIfAbsent(family.name(), name -> new LinkedHashMap<>())
                    .merge(arm, share, Double::sum);
        }
        example.say("articles, %s: %.4f", arm, comparison.value(arm).value());
    }

    private void byFamily() {
        List<String> columns = new ArrayList<>(List.of("family", "letters a token", "cut at 64 tokens"));
        columns.addAll(byFamily.values().iterator().next().keySet());
        MarkdownTable table = new MarkdownTable(columns);
        for (LanguageFamily family : LanguageFamily.ALL) {
            Tokens tokens = Tokens.of(encoder, Paragraph.texts(Paragraph.of(held, family)));
            List<Double> shares = new ArrayList<>(List.of(tokens.cut()));
            shares.addAll(byFamily.get(family.name()).values());
            table.row(List.of(family.name(), tokens.lettersEach()), shares);
        }
        example.say("articles, family by family:\n" + table);
        example.figure("articles, family by family", byFamily);
    }
}
