/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.internal.report.ReportBlock.Verdict;

/**
 * A report, whatever it is written as.
 *
 * @param title what it is called
 * @param headline how the run ended, a sentence; empty if nothing was run
 * @param verdicts answers to questions
 * @param parts what stands in each part; none is empty
 * @param paired a score for each example of a test by the name of the score, to compare runs example by example
 * @apiNote Status: internal
 */
public record ReportDocument(
        String title,
        String headline,
        List<Verdict> verdicts,
        Map<ReportPart, List<ReportBlock>> parts,
        Map<String, List<Double>> paired) {

    private static final int LONGEST_TITLE = 200;

    /** How many scores of a test are kept. */
    public static final int MOST_PAIRED = 20_000;

    /**
     * Copies all.
     *
     * @param title what it is called
     * @param headline how the run ended
     * @param verdicts answers
     * @param parts what stands in each part
     * @param paired scores by name
     */
    public ReportDocument {
        title = ShownText.of(title, LONGEST_TITLE);
        headline = ShownText.of(headline, ReportBlock.LONGEST_TEXT);
        verdicts = List.copyOf(verdicts);
        Map<ReportPart, List<ReportBlock>> all = new EnumMap<>(ReportPart.class);
        parts.forEach((part, blocks) -> {
            if (!blocks.isEmpty()) {
                all.put(part, List.copyOf(blocks));
            }
        });
        parts = Collections.unmodifiableMap(all);
        Map<String, List<Double>> scores = new LinkedHashMap<>();
        paired.forEach((name, values) -> scores.put(ShownText.of(name, LONGEST_TITLE), List.copyOf(values)));
        paired = Collections.unmodifiableMap(scores);
    }

    /**
     * A report in which nothing stands yet.
     *
     * @param title what it is called
     * @return the report
     */
    public static ReportDocument empty(String title) {
        return new ReportDocument(title, "", List.of(), Map.of(), Map.of());
    }

    /**
     * The same report with more in a part.
     *
     * @param part the part
     * @param more what stands behind what is there
     * @return a new report
     */
    public ReportDocument with(ReportPart part, List<ReportBlock> more) {
        Map<ReportPart, List<ReportBlock>> all = new EnumMap<>(ReportPart.class);
        all.putAll(parts);
        List<ReportBlock> blocks = new ArrayList<>(block(part));
        blocks.addAll(more);
        all.put(part, blocks);
        return new ReportDocument(title, headline, verdicts, all, paired);
    }

    /**
     * The blocks of a part.
     *
     * @param part the part
     * @return what stands in it, in order
     */
    public List<ReportBlock> block(ReportPart part) {
        return parts.getOrDefault(part, List.of());
    }

    /**
     * The same report with one more answer.
     *
     * @param verdict the answer
     * @return a new report
     */
    public ReportDocument with(Verdict verdict) {
        List<Verdict> all = new ArrayList<>(verdicts);
        all.add(verdict);
        return new ReportDocument(title, headline, all, parts, paired);
    }

    /**
     * The same report under another title.
     *
     * @param name what it is called
     * @return a new report
     */
    public ReportDocument titled(String name) {
        return new ReportDocument(name, headline, verdicts, parts, paired);
    }

    /**
     * The same report with a sentence on the run.
     *
     * @param sentence how it ended
     * @return a new report
     */
    public ReportDocument headed(String sentence) {
        return new ReportDocument(title, sentence, verdicts, parts, paired);
    }

    /**
     * The same report with a score for each example of a test.
     *
     * @param name what the score is
     * @param scores the scores
     * @return a new report
     */
    public ReportDocument paired(String name, List<Double> scores) {
        Map<String, List<Double>> all = new LinkedHashMap<>(paired);
        all.put(name, scores.subList(0, Math.min(scores.size(), MOST_PAIRED)));
        return new ReportDocument(title, headline, verdicts, parts, all);
    }

    /**
     * Whether there is nothing to show.
     *
     * @return true if nothing was measured
     */
    public boolean isEmpty() {
        return parts.isEmpty() && verdicts.isEmpty() && headline.isEmpty();
    }

    /**
     * All of it in a sentence.
     *
     * @return how the run ended, and how questions were answered; empty if neither is known
     */
    public String summary() {
        if (isEmpty()) {
            return "Nothing was measured.";
        }
        String answers = verdicts.stream()
                .map(verdict ->
                        verdict.question() + ": " + verdict.answer().name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        String start = headline.isEmpty() || answers.isEmpty() ? headline : headline + "; ";
        return start + answers;
    }
}
