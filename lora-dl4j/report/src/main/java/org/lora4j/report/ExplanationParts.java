/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.lora4j.internal.report.ReportBlock;
import org.lora4j.internal.report.ReportBlock.ColoredText;
import org.lora4j.internal.report.ReportBlock.Word;
import org.lora4j.internal.report.ReportCut;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportPart;
import org.lora4j.interpret.Attribution;
import org.lora4j.interpret.FeatureAttribution;
import org.lora4j.interpret.Influence;

/** Why a model says what it says: words, features, examples; and what a language model writes. */
final class ExplanationParts {

    private static final int FEATURES = 50;
    private static final int EXAMPLES = 50;

    private ExplanationParts() {}

    static ReportBlock words(Attribution found) {
        String caption = String.format(
                Locale.ROOT,
                "%s: %.4f, and %.4f where all is %s",
                found.output(),
                found.value(),
                found.baselineValue(),
                found.baseline());
        List<Word> words = new ArrayList<>();
        int at = 0;
        long count = 0;
        for (Attribution.Span span : found.words()) {
            count++;
            if (words.size() >= ReportCut.FIRST.words()) {
                continue;
            }
            boolean placed = span.from() >= at && span.to() <= found.text().length() && span.to() >= span.from();
            if (placed && span.from() > at) {
                words.add(new Word(found.text().substring(at, span.from()), null));
            } else if (!placed && !words.isEmpty()) {
                words.add(new Word(" ", null));
            }
            words.add(new Word(placed ? found.text().substring(span.from(), span.to()) : span.text(), span.value()));
            at = placed ? span.to() : at;
        }
        if (at < found.text().length() && at > 0 && words.size() < ReportCut.FIRST.words()) {
            words.add(new Word(found.text().substring(at), null));
        }
        return new ColoredText(caption, words, Math.max(words.size(), count));
    }

    static ReportBlock features(FeatureAttribution found) {
        TableRows table = new TableRows(
                "features",
                String.format(
                        Locale.ROOT,
                        "What moves %s from %.4f (%s) to %.4f",
                        found.output(),
                        found.baselineValue(),
                        found.baseline(),
                        found.value()),
                TableRows.text("index in the input"),
                TableRows.number("adds"));
        found.top(FEATURES).forEach(feature -> table.add(feature.index().toString(), feature.value()));
        return table.andMore(Math.max(0, found.values().length - FEATURES)).grid();
    }

    static <E> ReportDocument add(ReportDocument report, Influence<E> found, Function<? super E, String> inWords) {
        TableRows harmful = influence("harmful", "Examples that raise the loss: look at their labels first");
        TableRows helpful = influence("helpful", "Examples that lower the loss");
        found.mostHarmful(EXAMPLES)
                .forEach(one -> harmful.add(one.index(), one.influence(), inWords.apply(one.example())));
        found.mostHelpful(EXAMPLES)
                .forEach(one -> helpful.add(one.index(), one.influence(), inWords.apply(one.example())));
        return report.with(ReportPart.INFLUENCE, List.of(harmful.grid(), helpful.grid()));
    }

    private static TableRows influence(String id, String caption) {
        return new TableRows(
                id,
                caption,
                TableRows.number("example"),
                TableRows.number("influence on the loss"),
                TableRows.text("what it is"));
    }

    static ReportDocument add(ReportDocument report, List<TextSample> samples) {
        TableRows table = new TableRows(
                "samples",
                "What the model writes",
                TableRows.number("epoch"),
                TableRows.text("prompt"),
                TableRows.text("text"));
        samples.forEach(sample -> table.add(sample.epoch(), sample.prompt(), sample.text()));
        return report.with(ReportPart.SAMPLES, List.of(table.grid()));
    }

    static ReportDocument worst(ReportDocument report, List<WorstExample> examples) {
        TableRows table = new TableRows(
                "worst-by-epoch",
                "What the model is farthest off with after each epoch, on the validation part",
                TableRows.number("epoch"),
                TableRows.number("example"),
                TableRows.text("right"),
                TableRows.text("given"),
                TableRows.number("loss"),
                TableRows.text("text"));
        examples.forEach(
                one -> table.add(one.epoch(), one.example(), one.right(), one.given(), one.loss(), one.input()));
        return report.with(ReportPart.SAMPLES, List.of(table.grid()));
    }
}
