/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.lora4j.advice.Advice;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.LearningRateSuggestion;
import org.lora4j.advice.RankSensitivity;
import org.lora4j.advice.RankSuggestion;
import org.lora4j.advice.Suitability;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.FieldType.Field;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportCut;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportJson;
import org.lora4j.internal.report.ReportPart;
import org.lora4j.internal.report.ReportText;
import org.lora4j.internal.report.html.HtmlPage;
import org.lora4j.interpret.Attribution;
import org.lora4j.interpret.FeatureAttribution;
import org.lora4j.interpret.Influence;
import org.lora4j.interpret.IntruderReport;
import org.lora4j.interpret.ModuleShares;
import org.lora4j.interpret.UpdateReport;
import org.lora4j.language.LmEvaluation;
import org.lora4j.model.MergeReport;
import org.lora4j.model.ParameterSummary;
import org.lora4j.multitask.MultiTaskResult;
import org.lora4j.retention.RetentionReport;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabeledText;
import org.lora4j.text.RegressionEvaluation;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.train.ClassificationMetrics;
import org.lora4j.train.FitReport;
import org.lora4j.train.RegressionMetrics;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.cache.PrefixReport;
import org.lora4j.trust.Receipt;
import org.nd4j.evaluation.classification.ConfusionMatrix;
import org.nd4j.evaluation.classification.Evaluation;

/**
 * A page on a run: what was trained, on what, how well, and why.
 *
 * <pre>{@code
 * TrainingReport.of(classifier.report())
 *         .with(classifier.evaluate(test))
 *         .write(Path.of("report.html"));
 * }</pre>
 *
 * <p>Give it what was measured, in any order: each {@code with} takes a value of this library and returns a report that shows it, too. What
 * was not given is not there. The page needs nothing else: no network, no other file. Texts and labels of the data stand in it as they are,
 * and nothing in them can run.
 *
 * <p><b>Size.</b> A page has at most {@value #MOST_BYTES} bytes. Of more, tables, texts and parts show their start and say how much was
 * left out.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class TrainingReport {

    /** How many bytes a page has at most. */
    public static final int MOST_BYTES = 2_000_000;

    private static final int MOST_JSON = 12_000_000;

    private final ReportDocument document;

    private TrainingReport(ReportDocument document) {
        this.document = document;
    }

    /** What a report may be written as, by the end of the name of its file. */
    private enum Form {
        HTML(List.of(".html", ".htm")) {
            @Override
            String of(TrainingReport report) {
                return report.html();
            }
        },
        JSON(List.of(".json")) {
            @Override
            String of(TrainingReport report) {
                return report.json();
            }
        },
        TEXT(List.of(".txt")) {
            @Override
            String of(TrainingReport report) {
                return report.text();
            }
        };

        private final List<String> ends;

        Form(List<String> ends) {
            this.ends = ends;
        }

        abstract String of(TrainingReport report);

        static Form of(Path file) {
            String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
            return Arrays.stream(values())
                    .filter(form -> form.ends.stream().anyMatch(name::endsWith))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("TrainingReport.write: " + MessageText.path(file)
                            + " ends like no form of a report; expected .html, .json or .txt."));
        }
    }

    /**
     * Starts with what {@code fit} of a text task or a language model did.
     *
     * @param fit such as {@code classifier.report()}
     * @return a report
     */
    public static TrainingReport of(FitReport fit) {
        Arguments.required(fit, "TrainingReport.of: fit", "what report() returns");
        return new TrainingReport(FitParts.add(ReportDocument.empty("Training"), fit));
    }

    /**
     * Starts with what a trainer did, whatever the model: a graph, a network, a model of Tribuo.
     *
     * @param result what {@code train} returned
     * @return a report
     */
    public static TrainingReport of(TrainingResult result) {
        Arguments.required(result, "TrainingReport.of: result", "what train() returns");
        return new TrainingReport(FitParts.add(ReportDocument.empty("Training"), result));
    }

    /**
     * Starts with what a training of several tasks did.
     *
     * @param result what {@code train} returned
     * @return a report
     */
    public static TrainingReport of(MultiTaskResult result) {
        Arguments.required(result, "TrainingReport.of: result", "what train() returns");
        return new TrainingReport(FitParts.add(ReportDocument.empty("Training of several tasks"), result));
    }

    /**
     * Starts with what became of tasks that were learned one after another.
     *
     * @param forgetting the accuracies
     * @return a report
     */
    public static TrainingReport of(ForgettingReport forgetting) {
        return titled("Tasks one after another").with(forgetting);
    }

    /**
     * Starts with nothing, for instance for advice before a training.
     *
     * @param title what stands above the page
     * @return a report, which says that nothing was measured until something is given
     */
    public static TrainingReport titled(String title) {
        Arguments.required(title, "TrainingReport.titled: title", "words");
        return new TrainingReport(ReportDocument.empty(title));
    }

    /**
     * The same report under another title.
     *
     * @param title what stands above the page, and names the run where runs are compared
     * @return a new report
     */
    public TrainingReport withTitle(String title) {
        Arguments.required(title, "TrainingReport.withTitle: title", "words");
        return new TrainingReport(document.titled(title));
    }

    /**
     * Puts runs beside each other: settings that differ, figures, curves over each other, and, where single answers were given to the same
     * examples in the same order, differences with their intervals.
     *
     * @param reports two or more, the one to compare with first; also such as were read from files
     * @return a report
     * @throws IllegalArgumentException if there are fewer than two
     */
    public static TrainingReport compare(List<TrainingReport> reports) {
        Arguments.allRequired(reports, "TrainingReport.compare: reports", "a report");
        Problems problems = new Problems();
        problems.atLeast("number of reports", reports.size(), 2);
        problems.throwIfAny("TrainingReport.compare");
        return new TrainingReport(
                RunComparison.of(reports.stream().map(report -> report.document).toList()));
    }

    /**
     * Adds what was found in the data.
     *
     * @param data the findings
     * @return a new report
     */
    public TrainingReport with(DataReport data) {
        return with(data, List.of());
    }

    /**
     * Adds what was found in the data, with the texts that findings rest on.
     *
     * @param data the findings
     * @param train the training examples that were looked at
     * @return a new report
     */
    public TrainingReport with(DataReport data, List<LabeledText> train) {
        return with(data, train, List.of(), List.of());
    }

    /**
     * Adds what was found in the data, with the texts that findings rest on.
     *
     * @param data the findings
     * @param train the training examples that were looked at
     * @param validation the validation examples; none if there were none
     * @param served the texts to be served; none if there were none
     * @return a new report
     */
    public TrainingReport with(
            DataReport data, List<LabeledText> train, List<LabeledText> validation, List<String> served) {
        Arguments.required(data, "TrainingReport.with: data", "what DataAdvisor found");
        Arguments.allRequired(train, "TrainingReport.with: train", "a text with its labels");
        Arguments.allRequired(validation, "TrainingReport.with: validation", "a text with its labels");
        Arguments.allRequired(served, "TrainingReport.with: served", "a text");
        return new TrainingReport(AdviceParts.add(document, data, train, validation, served));
    }

    /**
     * Adds which learning rate was found, with its curve.
     *
     * @param rate what {@code LearningRateFinder} found
     * @return a new report
     */
    public TrainingReport with(LearningRateSuggestion rate) {
        Arguments.required(rate, "TrainingReport.with: rate", "what LearningRateFinder found");
        return new TrainingReport(AdviceParts.add(document, rate));
    }

    /**
     * Adds which rank was found, with what was tried.
     *
     * @param rank what {@code RankAdvisor} found
     * @return a new report
     */
    public TrainingReport with(RankSuggestion rank) {
        Arguments.required(rank, "TrainingReport.with: rank", "what RankAdvisor found");
        return new TrainingReport(AdviceParts.add(document, rank));
    }

    /**
     * Adds how much each module matters to the loss.
     *
     * @param ranks what {@code RankAdvisor.sensitivity} found
     * @return a new report
     */
    public TrainingReport with(RankSensitivity ranks) {
        Arguments.required(ranks, "TrainingReport.with: ranks", "what RankAdvisor.sensitivity found");
        return new TrainingReport(AdviceParts.add(document, ranks));
    }

    /**
     * Adds whether the method suits.
     *
     * @param suitability the judgment
     * @return a new report
     */
    public TrainingReport with(Suitability suitability) {
        Arguments.required(suitability, "TrainingReport.with: suitability", "a judgment");
        return with(suitability.advice());
    }

    /**
     * Adds an answer of your own, such as that of a gate before a release.
     *
     * @param advice the answer, with the numbers that it rests on
     * @return a new report
     */
    public TrainingReport with(Advice advice) {
        Arguments.required(advice, "TrainingReport.with: advice", "an answer");
        return new TrainingReport(AdviceParts.add(document, ReportPart.CHOICES, advice));
    }

    /**
     * Adds how well labels are told.
     *
     * @param labels what {@code evaluate} returned
     * @return a new report
     */
    public TrainingReport with(LabelEvaluation labels) {
        Arguments.required(labels, "TrainingReport.with: labels", "what evaluate() returns");
        return new TrainingReport(EvaluationParts.add(document, labels));
    }

    /**
     * Adds single answers: confusion matrix, table of labels, calibration, coverage, and those that are wrong.
     *
     * @param answers right labels and answers of a test
     * @return a new report
     */
    public TrainingReport with(PredictedLabels answers) {
        Arguments.required(answers, "TrainingReport.with: answers", "right labels and answers");
        return new TrainingReport(EvaluationParts.add(document, answers));
    }

    /**
     * Adds single answers where an example may have several labels: a table of two by two for each label, labels that are taken for
     * others, calibration, and the examples that are wrong.
     *
     * @param answers right labels and answers of a test
     * @return a new report
     */
    public TrainingReport with(PredictedLabelSets answers) {
        Arguments.required(answers, "TrainingReport.with: answers", "right labels and answers");
        return new TrainingReport(LabelSetParts.add(document, answers));
    }

    /**
     * Adds how well a network tells classes.
     *
     * @param metrics what was counted
     * @param labels the names of the classes, in the order of their numbers
     * @return a new report
     * @throws IllegalArgumentException if there is not a name for each class
     */
    public TrainingReport with(ClassificationMetrics metrics, List<String> labels) {
        Arguments.required(metrics, "TrainingReport.with: metrics", "what was counted");
        Arguments.allRequired(labels, "TrainingReport.with: labels", "the name of a class");
        Problems problems = new Problems();
        problems.check(
                labels.size() == metrics.classes(),
                labels.size() + " names for " + metrics.classes() + " classes, expected one for each");
        problems.throwIfAny("TrainingReport.with");
        return new TrainingReport(EvaluationParts.add(document, metrics, List.copyOf(labels)));
    }

    /**
     * Adds how well a network of Deeplearning4j tells classes.
     *
     * @param evaluation what {@code network.evaluate(...)} returned
     * @return a new report
     * @throws IllegalArgumentException if it has counted no example, or fewer than two classes
     */
    public TrainingReport with(Evaluation evaluation) {
        Arguments.required(evaluation, "TrainingReport.with: evaluation", "what network.evaluate(...) returned");
        ConfusionMatrix<Integer> counts = evaluation.getConfusionMatrix();
        int classes = counts == null ? 0 : counts.getClasses().size();
        long[][] confusion = new long[classes][classes];
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < classes; i++) {
            labels.add(evaluation.getClassLabel(i));
            for (int j = 0; j < classes; j++) {
                confusion[i][j] = counts.getCount(i, j);
            }
        }
        return with(ClassificationMetrics.of(confusion), labels);
    }

    /**
     * Adds how near numbers come to the true ones.
     *
     * @param numbers what {@code evaluate} returned
     * @return a new report
     */
    public TrainingReport with(RegressionEvaluation numbers) {
        Arguments.required(numbers, "TrainingReport.with: numbers", "what evaluate() returns");
        return new TrainingReport(EvaluationParts.add(document, numbers));
    }

    /**
     * Adds how near the numbers of a network come to the true ones.
     *
     * @param metrics what was counted
     * @return a new report
     */
    public TrainingReport with(RegressionMetrics metrics) {
        Arguments.required(metrics, "TrainingReport.with: metrics", "what was counted");
        return new TrainingReport(EvaluationParts.add(document, metrics));
    }

    /**
     * Adds single numbers: errors, a point for each example, and those that are farthest off.
     *
     * @param truth the true numbers of a test
     * @param predicted what a model said, in the same order
     * @return a new report
     * @throws IllegalArgumentException if there is none, or not as many of both
     */
    public TrainingReport withNumbers(double[] truth, double[] predicted) {
        Arguments.required(truth, "TrainingReport.withNumbers: truth", "numbers");
        Arguments.required(predicted, "TrainingReport.withNumbers: predicted", "numbers");
        return new TrainingReport(EvaluationParts.add(document, truth, predicted));
    }

    /**
     * Adds how well search finds what is relevant.
     *
     * @param retrieval what {@code evaluate} returned
     * @return a new report
     */
    public TrainingReport with(RetrievalEvaluation retrieval) {
        Arguments.required(retrieval, "TrainingReport.with: retrieval", "what evaluate() returns");
        return new TrainingReport(EvaluationParts.add(document, retrieval));
    }

    /**
     * Adds how well a language model foretells texts.
     *
     * @param language what {@code evaluate} returned
     * @return a new report
     */
    public TrainingReport with(LmEvaluation language) {
        Arguments.required(language, "TrainingReport.with: language", "what evaluate() returns");
        return new TrainingReport(EvaluationParts.add(document, language));
    }

    /**
     * Adds how much each weight changed.
     *
     * @param updates the figures
     * @return a new report
     */
    public TrainingReport with(UpdateReport updates) {
        Arguments.required(updates, "TrainingReport.with: updates", "figures of an adapter");
        return new TrainingReport(ChangeParts.add(document, updates));
    }

    /**
     * Adds the directions that weights did not have before.
     *
     * @param intruders what was found
     * @return a new report
     */
    public TrainingReport with(IntruderReport intruders) {
        Arguments.required(intruders, "TrainingReport.with: intruders", "what was found");
        return new TrainingReport(ChangeParts.add(document, intruders));
    }

    /**
     * Adds which modules carry what an adapter reaches.
     *
     * @param shares the figures
     * @return a new report
     */
    public TrainingReport with(ModuleShares shares) {
        Arguments.required(shares, "TrainingReport.with: shares", "figures of modules");
        return new TrainingReport(ChangeParts.add(document, shares));
    }

    /**
     * Adds a text whose words are colored by what they add.
     *
     * @param attribution the explanation
     * @return a new report
     */
    public TrainingReport with(Attribution attribution) {
        Arguments.required(attribution, "TrainingReport.with: attribution", "an explanation");
        return new TrainingReport(document.with(ReportPart.WORDS, List.of(ExplanationParts.words(attribution))));
    }

    /**
     * Adds what each number of an input adds.
     *
     * @param attribution the explanation
     * @return a new report
     */
    public TrainingReport with(FeatureAttribution attribution) {
        Arguments.required(attribution, "TrainingReport.with: attribution", "an explanation");
        return new TrainingReport(document.with(ReportPart.WORDS, List.of(ExplanationParts.features(attribution))));
    }

    /**
     * Adds the examples that move a loss most.
     *
     * @param influence what was measured
     * @param inWords how an example is shown, such as {@code LabeledText::text}
     * @param <E> an example
     * @return a new report
     */
    public <E> TrainingReport with(Influence<E> influence, Function<? super E, String> inWords) {
        Arguments.required(influence, "TrainingReport.with: influence", "what was measured");
        Arguments.required(inWords, "TrainingReport.with: inWords", "a function that gives a text");
        return new TrainingReport(ExplanationParts.add(document, influence, inWords));
    }

    /**
     * Adds what a language model writes.
     *
     * @param samples texts by epoch and prompt, in the order to show
     * @return a new report
     */
    public TrainingReport withSamples(List<TextSample> samples) {
        Arguments.allRequired(samples, "TrainingReport.withSamples: samples", "a sample");
        return samples.isEmpty() ? this : new TrainingReport(ExplanationParts.add(document, samples));
    }

    /**
     * Adds what an encoder was farthest off with after each epoch.
     *
     * @param examples what {@link WorstExamples} kept, in the order to show
     * @return a new report
     */
    public TrainingReport withWorst(List<WorstExample> examples) {
        Arguments.allRequired(examples, "TrainingReport.withWorst: examples", "an example");
        return examples.isEmpty() ? this : new TrainingReport(ExplanationParts.worst(document, examples));
    }

    /**
     * Adds what became of each task of a stream.
     *
     * @param forgetting the accuracies
     * @return a new report
     */
    public TrainingReport with(ForgettingReport forgetting) {
        Arguments.required(forgetting, "TrainingReport.with: forgetting", "accuracies of tasks");
        return new TrainingReport(KnownParts.add(document, forgetting));
    }

    /**
     * Adds what is left of what the base knew.
     *
     * @param retention the figures
     * @return a new report
     */
    public TrainingReport with(RetentionReport retention) {
        Arguments.required(retention, "TrainingReport.with: retention", "figures beside the base");
        return new TrainingReport(KnownParts.add(document, retention));
    }

    /**
     * Adds how many numbers a model has, and how many of them learn.
     *
     * @param parameters the counts
     * @return a new report
     */
    public TrainingReport with(ParameterSummary parameters) {
        Arguments.required(parameters, "TrainingReport.with: parameters", "counts of parameters");
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("numbers that learn", parameters.trainable());
        facts.put("numbers in all", parameters.total());
        facts.put("adapted modules", parameters.modules().size());
        facts.put("bytes of merged weights", parameters.mergedBytes());
        return withFacts(ReportPart.COST, "parameters", "Parameters", facts);
    }

    /**
     * Adds what a merge cost.
     *
     * @param merge what it did
     * @return a new report
     */
    public TrainingReport with(MergeReport merge) {
        Arguments.required(merge, "TrainingReport.with: merge", "what a merge did");
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("merged modules", merge.modules());
        facts.put("largest change", merge.largestChange());
        facts.put("largest rounding", merge.largestRounding());
        facts.put("bytes of new weights", merge.bytes());
        return withFacts(ReportPart.COST, "merge", "Merging", facts);
    }

    /**
     * Adds what a cache of frozen layers did.
     *
     * @param cache the counts
     * @return a new report
     */
    public TrainingReport with(PrefixReport cache) {
        Arguments.required(cache, "TrainingReport.with: cache", "counts of a cache");
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("batches computed", cache.computed());
        facts.put("batches reused", cache.reused());
        facts.put("bytes in memory", cache.memoryBytes());
        facts.put("bytes in a file", cache.fileBytes());
        facts.put("results without room", cache.withoutRoom());
        return withFacts(ReportPart.COST, "cache", "Cache of frozen layers", facts);
    }

    /**
     * Adds how an adapter was configured: the fields that say something.
     *
     * @param config such as {@code classifier.adapter().config()}
     * @return a new report
     */
    public TrainingReport with(AdapterConfig config) {
        Arguments.required(config, "TrainingReport.with: config", "the config of an adapter");
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("method", config.peftType());
        AdapterConfig.Builder<?> builder = config.toBuilder();
        for (Field<?> field : builder.fields()) {
            String value = String.valueOf(builder.get(field));
            if (!List.of("", "null", "false", "[]", "{}").contains(value)) {
                facts.put(field.name(), value);
            }
        }
        return withFacts(ReportPart.SETTINGS, "adapter", "Adapter", facts);
    }

    /**
     * Adds settings of your own.
     *
     * @param settings texts and numbers by name
     * @return a new report
     */
    public TrainingReport withSettings(Map<String, ?> settings) {
        Arguments.allRequired(settings, "TrainingReport.withSettings: settings", "a text or a number");
        return withFacts(ReportPart.SETTINGS, "settings", "", settings);
    }

    /**
     * Adds what something cost that the library does not measure.
     *
     * @param costs texts and numbers by name
     * @return a new report
     */
    public TrainingReport withCost(Map<String, ?> costs) {
        Arguments.allRequired(costs, "TrainingReport.withCost: costs", "a text or a number");
        return withFacts(ReportPart.COST, "costs", "", costs);
    }

    /**
     * Adds what a run was made of: versions, hashes, seeds.
     *
     * @param receipt texts and numbers by name; also lists and maps of them
     * @return a new report
     */
    public TrainingReport withReceipt(Map<String, ?> receipt) {
        Arguments.allRequired(receipt, "TrainingReport.withReceipt: receipt", "a text or a number");
        return withFacts(ReportPart.RECEIPT, "receipt", "", receipt);
    }

    /**
     * Adds the receipt of a training: hashes of what went in and came out, the plan, versions.
     *
     * @param receipt what stands beside an adapter
     * @return a new report
     */
    public TrainingReport with(Receipt receipt) {
        Arguments.required(receipt, "TrainingReport.with: receipt", "the receipt of a training");
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("task", receipt.task());
        values.put("SHA-256 of the receipt", receipt.contentHash());
        values.put("SHA-256 of", receipt.hashes());
        values.put("data", receipt.data());
        values.put("plan", receipt.plan());
        values.put("seed", receipt.seed());
        values.put("result", receipt.result());
        values.put("checks", receipt.checks());
        values.put("library", receipt.libraries());
        values.put("computed with", receipt.envelope());
        values.put("run", receipt.run());
        return withFacts(ReportPart.RECEIPT, "receipt", "", values);
    }

    /**
     * Adds under which terms things are.
     *
     * @param licences the licence of a model or a data set by its name
     * @return a new report
     */
    public TrainingReport withLicences(Map<String, String> licences) {
        Arguments.allRequired(licences, "TrainingReport.withLicences: licences", "the name of a licence");
        return withFacts(ReportPart.LICENCES, "licences", "", licences);
    }

    private TrainingReport withFacts(ReportPart part, String id, String caption, Map<String, ?> values) {
        if (values.isEmpty()) {
            return this;
        }
        Map<String, Object> facts = new LinkedHashMap<>();
        values.forEach((name, value) -> FlatValues.add(name, value, facts));
        return new TrainingReport(document.with(part, List.of(new Facts(id, caption, facts))));
    }

    /**
     * All of it in a sentence: how the run ended, and how questions were answered.
     *
     * @return words; empty if there is neither a run nor an answer
     */
    public String summary() {
        return document.summary();
    }

    /**
     * The page.
     *
     * @return HTML that needs nothing else
     */
    public String html() {
        return ReportCut.fitting(document, MOST_BYTES, HtmlPage::of);
    }

    /**
     * All of it as JSON; the guide has the fields.
     *
     * @return an object, which {@link #read} reads from a file
     */
    public String json() {
        return ReportCut.fitting(document, MOST_JSON, (report, most) -> JsonObjects.write(ReportJson.of(report)));
    }

    /**
     * All of it as plain text: of tables the first rows.
     *
     * @return lines
     */
    public String text() {
        return ReportCut.fitting(document, MOST_BYTES, (report, most) -> ReportText.of(report));
    }

    /**
     * Writes the report to a file that is not there yet: whole, or not at all.
     *
     * @param file ends in {@code .html}, {@code .json} or {@code .txt}, which says what is written
     * @return the file
     * @throws FileAlreadyExistsException if it is there; {@link #overwrite} replaces it
     * @throws IOException if it cannot be written
     * @throws IllegalArgumentException if it ends in something else
     */
    public Path write(Path file) throws IOException {
        Arguments.required(file, "TrainingReport.write: file", "a file that ends in .html, .json or .txt");
        Form form = Form.of(file);
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(
                    MessageText.path(file),
                    null,
                    "it is there already. Take another name, or overwrite(file) to replace it");
        }
        return write(form, file);
    }

    /**
     * Writes the report to a file, which is replaced if it is there: whole, or not at all.
     *
     * @param file as for {@link #write}
     * @return the file
     * @throws IOException if it cannot be written
     * @throws IllegalArgumentException if it ends in something else
     */
    public Path overwrite(Path file) throws IOException {
        Arguments.required(file, "TrainingReport.overwrite: file", "a file that ends in .html, .json or .txt");
        return write(Form.of(file), file);
    }

    private Path write(Form form, Path file) throws IOException {
        WholeFile.write(file, form.of(this));
        return file;
    }

    /**
     * Reads what was written as JSON.
     *
     * @param file a file that ends in {@code .json}
     * @return an equal report
     * @throws org.lora4j.error.CorruptAdapterException if it is no report; the message lists every problem
     * @throws IOException if it cannot be read
     */
    public static TrainingReport read(Path file) throws IOException {
        Arguments.required(file, "TrainingReport.read: file", "a file that write() wrote as JSON");
        return new TrainingReport(ReportJson.read(file.toString(), JsonObjects.read(file)));
    }

    /** Whether both show the same. */
    @Override
    public boolean equals(Object other) {
        return other instanceof TrainingReport that && document.equals(that.document);
    }

    @Override
    public int hashCode() {
        return document.hashCode();
    }

    /** Title and summary. */
    @Override
    public String toString() {
        return summary().isEmpty() ? document.title() : document.title() + ": " + summary();
    }
}
