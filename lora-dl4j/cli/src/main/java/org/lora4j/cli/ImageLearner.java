/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.image.Augmentation;
import org.lora4j.image.Image;
import org.lora4j.image.ImageClassifier;
import org.lora4j.image.ImageEncoder;
import org.lora4j.image.LabeledImage;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.Prediction;
import org.lora4j.train.FitReport;

/** A classifier of images at work. */
final class ImageLearner implements Learner<ImageExample>, RowPredictor {

    static final String KIND = "images";
    static final String SAVED = "image-classification";

    private static final int TOGETHER = 32;

    private static final Map<String, Augmentation> CHANGES =
            Map.of("none", Augmentation.NONE, "photographs", Augmentation.PHOTOGRAPHS, "signs", Augmentation.SIGNS);

    private final LearnerWork work;
    private final Later<ImageClassifier> task;

    private ImageLearner(LearnerWork work, Later<ImageClassifier> task) {
        this.work = work;
        this.task = task;
    }

    static ImageLearner fresh(LearnerWork work) {
        return new ImageLearner(
                work, new Later<>(() -> builder(work, encoder(work)).build()));
    }

    static ImageLearner load(Path directory, LearnerWork work) {
        return new ImageLearner(
                work,
                new Later<>(() -> ImageClassifier.load(directory, work.base().folders())));
    }

    /** The encoder of the base, which whoever opens it closes. */
    static ImageEncoder encoder(LearnerWork work) throws IOException {
        return ImageEncoder.load(work.base().ofImages());
    }

    private static ImageClassifier.Builder builder(LearnerWork work, ImageEncoder encoder) {
        CliSettings settings = work.settings();
        ImageClassifier.Builder builder = ImageClassifier.builder(encoder);
        Encoders.configure(builder, work);
        if (settings.flag(Setting.BALANCED_LABELS)) {
            builder.balancedLabels();
        }
        String changes = settings.textOr(Setting.AUGMENTATION).toLowerCase(Locale.ROOT);
        if (!CHANGES.containsKey(changes)) {
            throw CliException.usage(Setting.AUGMENTATION.key() + " = " + MessageText.name(changes)
                    + ", expected none, photographs or signs");
        }
        return builder.augmentation(CHANGES.get(changes));
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void open() {
        task.get();
    }

    @Override
    public List<Item<ImageExample>> read(Path folder) {
        return ImageFiles.labeled(folder, work.settings(), work.terminal());
    }

    @Override
    public void check(
            List<Item<ImageExample>> train, List<Item<ImageExample>> validation, List<Item<ImageExample>> test) {
        Map<String, List<Item<ImageExample>>> parts = new LinkedHashMap<>();
        parts.put("validation", validation);
        parts.put("test", test);
        TextRows.checkLabels(
                train, parts, example -> List.of(example.label()), "Is it the folder that has one for each label?");
    }

    @Override
    public void fit(List<ImageExample> train, List<ImageExample> validation, boolean resume) {
        if (resume && validation.isEmpty()) {
            task.get().resume(labeled(train));
        } else if (resume) {
            task.get().resume(labeled(train), labeled(validation));
        } else if (validation.isEmpty()) {
            task.get().fit(labeled(train));
        } else {
            task.get().fit(labeled(train), labeled(validation));
        }
    }

    private static List<LabeledImage> labeled(List<ImageExample> examples) {
        return examples.stream().map(ImageExample::labeled).toList();
    }

    private static List<Image> images(List<ImageExample> examples) {
        return examples.stream().map(example -> example.labeled().image()).toList();
    }

    @Override
    public FitReport report() {
        return task.get().report();
    }

    @Override
    public Map<String, Object> evaluate(List<ImageExample> examples) {
        return TextKinds.measures(task.get().evaluate(labeled(examples)));
    }

    @Override
    public TrainingReport page(List<ImageExample> examples) {
        TrainingReport report = TrainingReport.of(report());
        if (examples.isEmpty()) {
            return report;
        }
        List<Prediction> predictions = task.get().predict(images(examples));
        return report.with(PredictedLabels.of(
                        examples.stream().map(ImageExample::label).toList(),
                        predictions.stream().map(Prediction::scores).toList())
                .withTexts(examples.stream().map(ImageExample::name).toList()));
    }

    @Override
    public Marks marks(List<ImageExample> examples) {
        return OnTest.right(
                examples, example -> List.of(example.label()), task.get().predict(images(examples)));
    }

    @Override
    public void save(Path directory) throws IOException {
        task.get().save(directory);
    }

    @Override
    public List<Setting> inputs() {
        return List.of(Setting.IMAGE);
    }

    @Override
    public List<Answer> predict(DataFile rows) {
        record Asked(DataRow row, Path file) {}
        List<Asked> asked = TextRows.items(
                        rows,
                        work.settings(),
                        inputs(),
                        cells -> new Asked(
                                cells.row(), CliSettings.path(cells.text(Setting.IMAGE), Setting.IMAGE.key())),
                        one -> "",
                        work.terminal())
                .stream()
                .map(Item::example)
                .toList();
        ImageFiles files = new ImageFiles(rows.name(), work.settings());
        List<Answer> answers = new ArrayList<>();
        // Pixels of all of them need not fit into memory.
        for (int from = 0; from < asked.size(); from += TOGETHER) {
            List<DataRow> sound = new ArrayList<>();
            List<Image> images = new ArrayList<>();
            for (Asked one : asked.subList(from, Math.min(asked.size(), from + TOGETHER))) {
                files.read(one.file()).ifPresent(image -> {
                    sound.add(one.row());
                    images.add(image);
                });
            }
            List<Prediction> predictions = task.get().predict(images);
            for (int i = 0; i < images.size(); i++) {
                answers.add(new Answer(sound.get(i), TextKinds.label(predictions.get(i))));
            }
        }
        files.requireFewDamaged(answers.isEmpty(), work.terminal());
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
