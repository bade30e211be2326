/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.report.TrainingReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.LabeledPair;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextTask;
import org.lora4j.text.TextTaskBuilder;
import org.lora4j.train.FitReport;

/** A text task with a head at work. */
final class TextLearner<I, E, P, R, T extends TextTask<I, E, P, R, T>> implements Learner<E>, RowPredictor {

    private final TextKind<I, E, P, R, T> kind;
    private final LearnerWork work;
    private final Later<T> task;

    private TextLearner(TextKind<I, E, P, R, T> kind, LearnerWork work, Later<T> task) {
        this.kind = kind;
        this.work = work;
        this.task = task;
    }

    static <I, E, P, R, T extends TextTask<I, E, P, R, T>> TextLearner<I, E, P, R, T> fresh(
            TextKind<I, E, P, R, T> kind, LearnerWork work) {
        return new TextLearner<>(kind, work, new Later<>(() -> {
            TextTaskBuilder<?, T> builder = kind.builder().apply(Encoders.open(work), work.settings());
            Encoders.configureTexts(builder, work);
            return builder.build();
        }));
    }

    static <I, E, P, R, T extends TextTask<I, E, P, R, T>> TextLearner<I, E, P, R, T> load(
            TextKind<I, E, P, R, T> kind, Path directory, LearnerWork work) {
        return new TextLearner<>(
                kind,
                work,
                new Later<>(() -> kind.loader().load(directory, work.base().folders())));
    }

    T task() {
        return task.get();
    }

    @Override
    public String kind() {
        return kind.name();
    }

    @Override
    public void open() {
        task.get();
    }

    @Override
    public List<Item<E>> read(Path file) {
        DataFile rows = TextRows.file(file, work.settings(), work.terminal());
        return TextRows.items(rows, work.settings(), kind.columns(), kind.example(), kind.label(), work.terminal());
    }

    @Override
    public void check(List<Item<E>> train, List<Item<E>> validation, List<Item<E>> test) {
        boolean labeled =
                train.get(0).example() instanceof LabeledText || train.get(0).example() instanceof LabeledPair;
        if (labeled) {
            Map<String, List<Item<E>>> parts = new LinkedHashMap<>();
            parts.put("validation", validation);
            parts.put("test", test);
            TextRows.checkLabels(
                    train, parts, TextLearner::labels, "Is it the right column? --label NAME chooses another");
        }
    }

    private static List<String> labels(Object example) {
        return example instanceof LabeledText text ? text.labels() : List.of(((LabeledPair) example).label());
    }

    @Override
    public void fit(List<E> train, List<E> validation, boolean resume) {
        if (resume && validation.isEmpty()) {
            task.get().resume(train);
        } else if (resume) {
            task.get().resume(train, validation);
        } else if (validation.isEmpty()) {
            task.get().fit(train);
        } else {
            task.get().fit(train, validation);
        }
    }

    @Override
    public FitReport report() {
        return task.get().report();
    }

    @Override
    public Map<String, Object> evaluate(List<E> examples) {
        return kind.measures().apply(task.get().evaluate(examples));
    }

    @Override
    public TrainingReport page(List<E> examples) {
        TrainingReport report = TrainingReport.of(report());
        return examples.isEmpty() ? report : kind.test().page().with(report, task.get(), examples);
    }

    @Override
    public Marks marks(List<E> examples) {
        return kind.test().marks().apply(task.get(), examples);
    }

    @Override
    public void save(Path directory) throws IOException {
        task.get().save(directory);
    }

    @Override
    public List<Setting> inputs() {
        return kind.inputs();
    }

    @Override
    public List<Answer> predict(DataFile rows) {
        record Asked<X>(DataRow row, X input) {}
        List<Asked<I>> asked = TextRows.items(
                        rows,
                        work.settings(),
                        kind.inputs(),
                        cells -> new Asked<>(cells.row(), kind.input().of(cells)),
                        input -> "",
                        work.terminal())
                .stream()
                .map(Item::example)
                .toList();
        List<P> predictions =
                task.get().predict(asked.stream().map(Asked::input).toList());
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            Asked<I> one = asked.get(i);
            answers.add(new Answer(one.row(), kind.shown().apply(one.input(), predictions.get(i))));
        }
        return answers;
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
