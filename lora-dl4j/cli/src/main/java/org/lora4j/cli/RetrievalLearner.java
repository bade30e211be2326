/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.report.TrainingReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.train.FitReport;

/** Vectors for search, learned from queries with the passages that answer them. */
final class RetrievalLearner implements Learner<SentenceExample> {

    static final String SAVED = "sentence-encoding";

    private static final double MOST_LIKE_THE_RIGHT_ONE = 0.95;

    private final LearnerWork work;
    private final Later<SentenceEncoder> task;

    private RetrievalLearner(LearnerWork work, Later<SentenceEncoder> task) {
        this.work = work;
        this.task = task;
    }

    static RetrievalLearner fresh(LearnerWork work) {
        return new RetrievalLearner(work, new Later<>(() -> {
            SentenceEncoder.Builder builder = SentenceEncoder.builder(Encoders.open(work));
            Encoders.configureTexts(builder, work);
            work.settings().number(Setting.TEMPERATURE).ifPresent(builder::temperature);
            return builder.build();
        }));
    }

    static RetrievalLearner load(Path directory, LearnerWork work) {
        return new RetrievalLearner(
                work,
                new Later<>(() -> SentenceEncoder.load(directory, work.base().folders())));
    }

    SentenceEncoder task() {
        return task.get();
    }

    @Override
    public String kind() {
        return "retrieval";
    }

    @Override
    public void open() {
        task.get();
    }

    @Override
    public List<Item<SentenceExample>> read(Path file) {
        return TextRows.items(
                TextRows.file(file, work.settings(), work.terminal()),
                work.settings(),
                List.of(Setting.QUERY, Setting.PASSAGE),
                cells -> {
                    SentenceExample pair = SentenceExample.pair(cells.text(Setting.QUERY), cells.text(Setting.PASSAGE));
                    return work.settings().has(Setting.NEGATIVE)
                            ? pair.withNegatives(cells.texts(Setting.NEGATIVE))
                            : pair;
                },
                example -> "",
                work.terminal());
    }

    @Override
    public void check(
            List<Item<SentenceExample>> train,
            List<Item<SentenceExample>> validation,
            List<Item<SentenceExample>> test) {
        if (train.size() < 2) {
            throw CliException.input("there is one pair to learn from; expected two or more, as a query learns from the"
                    + " passages of others that do not answer it");
        }
    }

    @Override
    public void fit(List<SentenceExample> train, List<SentenceExample> validation, boolean resume) {
        int negatives = work.settings().integer(Setting.HARD_NEGATIVES).orElse(0);
        List<SentenceExample> learned = negatives == 0 ? train : mined(train, negatives);
        if (resume && validation.isEmpty()) {
            task.get().resume(learned);
        } else if (resume) {
            task.get().resume(learned, validation);
        } else if (validation.isEmpty()) {
            task.get().fit(learned);
        } else {
            task.get().fit(learned, validation);
        }
    }

    private List<SentenceExample> mined(List<SentenceExample> train, int negatives) {
        Set<String> passages = new LinkedHashSet<>();
        train.forEach(pair -> passages.add(pair.positive().orElseThrow()));
        return task.get().withHardNegatives(train, new ArrayList<>(passages), negatives, MOST_LIKE_THE_RIGHT_ONE);
    }

    @Override
    public FitReport report() {
        return task.get().report();
    }

    @Override
    public Map<String, Object> evaluate(List<SentenceExample> examples) {
        return TextKinds.measures(task.get().evaluate(examples));
    }

    @Override
    public TrainingReport page(List<SentenceExample> examples) {
        TrainingReport report = TrainingReport.of(report());
        return examples.isEmpty() ? report : report.with(task.get().evaluate(examples));
    }

    @Override
    public Marks marks(List<SentenceExample> examples) {
        return OnTest.ranks(task.get().evaluate(examples));
    }

    @Override
    public void save(Path directory) throws IOException {
        task.get().save(directory);
    }

    @Override
    public AdaptedSameDiff adapted() {
        return task.get().model();
    }

    @Override
    public void export(Path directory) throws IOException {
        task.get().export(directory);
    }

    @Override
    public void close() {
        task.close();
    }
}
