/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.Prediction;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.StopReason;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A classifier over tiny models: images with a bright upper half, or a bright left half. */
class ImageClassifierTest {

    private static final Path MODELS = Path.of("src", "test", "resources", "encoders");

    private static List<LabeledImage> train;
    private static List<LabeledImage> test;

    @TempDir
    private Path folder;

    @BeforeAll
    static void images() {
        train = images(24, 3);
        test = images(16, 4);
    }

    private static List<LabeledImage> images(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<LabeledImage> images = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            boolean upper = i % 2 == 0;
            byte[] grey = new byte[20 * 30];
            for (int at = 0; at < grey.length; at++) {
                boolean bright = upper ? at / 20 < 15 : at % 20 < 10;
                grey[at] = (byte) ((bright ? 170 : 40) + random.nextInt(60));
            }
            images.add(new LabeledImage(Image.ofGrey(20, 30, grey), upper ? "upper" : "left"));
        }
        return images;
    }

    @ParameterizedTest
    @ValueSource(strings = {"vit-embed", "deit-teacher", "dinov2-swiglu-imgcls", "convnext-imgcls"})
    void fittedClassifier_tellsImagesApart_andIsReadBackAsItWas(String model) throws IOException {
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve(model));
                ImageClassifier classifier = ImageClassifier.builder(encoder)
                        .batchSize(8)
                        .quiet()
                        .build()
                        .fit(train, test)) {
            LabelEvaluation evaluation = classifier.evaluate(test);
            assertThat(evaluation.accuracy()).isGreaterThan(0.9);
            List<Image> images = test.stream().map(LabeledImage::image).toList();
            List<Prediction> predictions = classifier.predict(images);

            classifier.save(folder.resolve("saved"));
            try (ImageClassifier again = ImageClassifier.load(folder.resolve("saved"), encoder)) {
                assertThat(again.predict(images)).isEqualTo(predictions);
                assertThat(again.report().notes()).isEqualTo(classifier.report().notes());
            }
            try (ImageClassifier again = ImageClassifier.load(folder.resolve("saved"), MODELS)) {
                assertThat(again.predict(images)).isEqualTo(predictions);
            }

            classifier.export(folder.resolve("exported"));
            try (ImageClassifier exported = ImageClassifier.load(folder.resolve("exported"))) {
                assertThat(exported.labels()).containsExactly("left", "upper");
                List<Prediction> others = exported.predict(images);
                for (int i = 0; i < others.size(); i++) {
                    assertThat(others.get(i).label())
                            .isEqualTo(predictions.get(i).label());
                    assertThat(others.get(i).score())
                            .isCloseTo(predictions.get(i).score(), within(1e-4));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "deit-teacher, 16, 16",
        "dinov2-swiglu-imgcls, 24, 24",
        "convnext-imgcls, 32, 32",
        "vit-interpolated, 24, 16"
    })
    void classifierThatWasTrainedElsewhere_givesPythonsLogits_savedAndExported(String model, int height, int width)
            throws IOException {
        Path directory = Files.createDirectory(folder.resolve("model"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(MODELS.resolve(model).resolve(file), directory.resolve(file));
        }
        Files.writeString(
                directory.resolve("preprocessor_config.json"),
                "{\"image_processor_type\": \"ViTImageProcessor\", \"size\": {\"height\": " + height + ", \"width\": "
                        + width + "}}");
        INDArray pixels;
        INDArray expected;
        try (SafetensorsReader golden =
                SafetensorsReader.open(MODELS.resolve(model).resolve("golden.safetensors"))) {
            pixels = ArrayBytes.read(golden, golden.tensor("pixel_values"), ElementCodec.F32);
            expected = ArrayBytes.read(golden, golden.tensor("logits"), ElementCodec.F64);
        }
        try (ImageClassifier classifier = ImageClassifier.load(directory)) {
            classifier.save(folder.resolve("saved"));
            classifier.export(folder.resolve("exported"));
            try (ImageClassifier saved = ImageClassifier.load(folder.resolve("saved"), classifier.encoder());
                    ImageClassifier exported = ImageClassifier.load(folder.resolve("exported"))) {
                for (ImageClassifier each : List.of(classifier, saved, exported)) {
                    INDArray logits = SameDiffExecutor.forInference(each.graph())
                            .output(Map.of("pixel_values", pixels), List.of("logits"))
                            .get("logits");
                    assertThat(logits.castTo(DataType.DOUBLE).ravel().toDoubleVector())
                            .containsExactly(expected.ravel().toDoubleVector(), within(3e-5));
                    assertThat(each.labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
                }
            }
        }
    }

    @Test
    void adapterThatLearns_lowersTheLossAndIsSavedAsPeftReadsIt() throws IOException {
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"));
                ImageClassifier classifier = ImageClassifier.builder(encoder)
                        .validationFraction(0)
                        .epochs(3)
                        .batchSize(8)
                        .augmentation(new Augmentation(false, 0.8, 5, 0.1))
                        .quiet()
                        .build()
                        .fit(train)) {
            List<Double> losses = classifier.report().training().orElseThrow().losses();
            assertThat(losses.get(losses.size() - 1)).isLessThan(losses.get(0));

            classifier.save(folder);

            String config = Files.readString(folder.resolve("adapter_config.json"));
            assertThat(config).contains("\"modules_to_save\"", "classifier");
            assertThat(classifier.adapter().modules().keySet())
                    .contains("encoder.layer.0.attention.attention.query", "encoder.layer.1.output.dense");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "vit-embed, projection, embeddings.patch_embeddings.projection, 32, 3, 4",
        "convnext-imgcls, downsampling_layer.1, encoder.stages.1.downsampling_layer.1, 16, 8, 2"
    })
    void adapterOfAConvolution_hasPeftsShapes_andIsMergedForOthers(
            String model, String target, String module, int out, int in, int window) throws IOException {
        List<Image> images = test.stream().map(LabeledImage::image).toList();
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve(model));
                ImageClassifier classifier = ImageClassifier.builder(encoder)
                        .adapter(LoraConfig.builder()
                                .rank(2)
                                .alpha(4)
                                .targetModules(target)
                                .build())
                        .validationFraction(0)
                        .epochs(1)
                        .batchSize(8)
                        .quiet()
                        .build()
                        .fit(train)) {
            classifier.save(folder.resolve("saved"));
            classifier.export(folder.resolve("exported"));

            String key = "base_model.model." + module;
            try (SafetensorsReader saved =
                    SafetensorsReader.open(folder.resolve("saved").resolve("adapter_model.safetensors"))) {
                assertThat(saved.tensor(key + ".lora_A.weight").shape()).containsExactly(2, in, window, window);
                assertThat(saved.tensor(key + ".lora_B.weight").shape()).containsExactly(out, 2, 1, 1);
            }
            try (ImageClassifier exported = ImageClassifier.load(folder.resolve("exported"))) {
                List<Prediction> predictions = classifier.predict(images);
                for (int i = 0; i < images.size(); i++) {
                    assertThat(exported.predict(images.get(i)).scores().get("left"))
                            .isCloseTo(predictions.get(i).scores().get("left"), within(1e-4));
                }
            }
        }
    }

    @Test
    void sameSeed_givesTheSameClassifier() throws IOException {
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"))) {
            List<List<Prediction>> both = Stream.of(1, 2)
                    .map(run -> ImageClassifier.builder(encoder)
                            .validationFraction(0)
                            .epochs(1)
                            .batchSize(8)
                            .augmentation(Augmentation.PHOTOGRAPHS)
                            .quiet()
                            .build()
                            .fit(train)
                            .predict(test.stream().map(LabeledImage::image).toList()))
                    .toList();

            assertThat(both.get(0)).isEqualTo(both.get(1));
        }
    }

    @Test
    void save_writesAReceipt_andWhatItSaysIsCheckedByLoad() throws IOException {
        Path saved = folder.resolve("saved");
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"));
                ImageClassifier classifier = ImageClassifier.builder(encoder)
                        .epochs(1)
                        .batchSize(8)
                        .quiet()
                        .build()
                        .fit(train, test)) {
            Receipt receipt = classifier.receipt().orElseThrow();
            classifier.save(saved);

            assertThat(receipt.hash(Receipt.BASE)).contains(encoder.hash());
            assertThat(Receipt.read(saved.resolve(Receipt.FILE)).hash(Receipt.TRAINED))
                    .isEqualTo(receipt.hash(Receipt.TRAINED));
            assertThat(Files.readString(saved.resolve(Receipt.FILE))).contains("\"train\"", "\"validation\"");
            try (ImageClassifier again = ImageClassifier.load(saved, encoder)) {
                assertThat(again.receipt()).isPresent();
            }
            // Changed by hand.
            Path file = saved.resolve(Receipt.FILE);
            String hash = encoder.hash();
            Files.writeString(file, Files.readString(file).replace(hash, "0".repeat(hash.length())));
            assertThatThrownBy(() -> ImageClassifier.load(saved, encoder))
                    .isInstanceOf(CorruptAdapterException.class)
                    .hasMessageContaining(Receipt.FILE);
        }
    }

    private ImageClassifier.Builder run(ImageEncoder encoder, String name) {
        return ImageClassifier.builder(encoder)
                .epochs(3)
                .batchSize(8)
                .validationFraction(0)
                .augmentation(Augmentation.PHOTOGRAPHS)
                .quiet()
                .checkpoints(Checkpoints.in(folder.resolve(name)).withEverySteps(1));
    }

    /** Stopped as Ctrl-C does, between two checkpoints of an epoch. */
    @Test
    void resume_endsWithTheBytesOfARunThatWasNotStopped() throws IOException {
        RunListener stop = new RunListener() {
            @Override
            public void onStep(StepReport report) {
                if (report.step() == 5) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"))) {
            try (ImageClassifier whole = run(encoder, "whole").build().fit(train)) {
                whole.save(folder.resolve("a"));
            }
            try (ImageClassifier stopped =
                    run(encoder, "stopped").listener(stop).build().fit(train)) {
                assertThat(stopped.report().stopReason()).contains(StopReason.INTERRUPTED);
            }
            try (ImageClassifier resumed = run(encoder, "stopped").build().resume(train)) {
                resumed.save(folder.resolve("b"));
            }
            try (ImageClassifier without = ImageClassifier.builder(encoder).build()) {
                assertThatThrownBy(() -> without.resume(train))
                        .hasMessageContaining("there are no checkpoints to go on from");
            }
        }
        assertThat(Files.readAllBytes(folder.resolve("b").resolve("adapter_model.safetensors")))
                .isEqualTo(Files.readAllBytes(folder.resolve("a").resolve("adapter_model.safetensors")));
    }

    @Test
    void preflight_saysWhatIsInBothParts_andPreviewShowsWhatIsLearned() throws IOException {
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"));
                ImageClassifier classifier = ImageClassifier.builder(encoder)
                        .headOnly()
                        .quiet()
                        .build()
                        .fit(train, List.of(train.get(3), test.get(0)))) {
            assertThat(classifier.report().notes())
                    .anyMatch(note -> note.startsWith("1 images of the validation part are in the training part")
                            && note.contains("train[3] = validation[0]"));
            assertThat(classifier.preview(train, 1).examples().get(0).toString())
                    .contains("20 x 30 pixels, seen as 16 x 16", "upper");
        }
    }

    /** Directories of before have the names of texts. */
    @Test
    void classifierThatWasSavedUnderTheNamesOfTexts_isRead_andSavedUnderItsOwn() throws IOException {
        Path saved = folder.resolve("saved");
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"));
                ImageClassifier classifier = ImageClassifier.builder(encoder)
                        .headOnly()
                        .quiet()
                        .build()
                        .fit(train)) {
            classifier.save(saved);
            assertThat(saved.resolve("lora4j_image.json")).exists();
            Files.writeString(
                    saved.resolve("lora4j_text.json"),
                    Files.readString(saved.resolve("lora4j_image.json"))
                            .replace("lora4j_image.safetensors", "lora4j_text.safetensors"));
            Files.delete(saved.resolve("lora4j_image.json"));
            Files.move(saved.resolve("lora4j_image.safetensors"), saved.resolve("lora4j_text.safetensors"));
            Image image = test.get(0).image();

            try (ImageClassifier again = ImageClassifier.load(saved, encoder)) {
                assertThat(again.predict(image)).isEqualTo(classifier.predict(image));
                again.save(saved);
            }
            assertThat(saved.resolve("lora4j_image.json")).exists();
            assertThat(saved.resolve("lora4j_text.json")).doesNotExist();
            assertThat(saved.resolve("lora4j_text.safetensors")).doesNotExist();
        }
    }

    @Test
    void explanation_isWhatCoveringACellTakesFromTheLabel() throws IOException {
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"));
                ImageClassifier classifier = ImageClassifier.builder(encoder)
                        .headOnly()
                        .quiet()
                        .build()
                        .fit(train)) {
            PatchExplanation explanation = classifier.explain(test.get(0).image(), "upper", 2);
            PatchExplanation other = classifier.explain(test.get(0).image(), "left", 2);

            assertThat(explanation.contributions()).hasDimensions(2, 2);
            // The bright right part of the upper half is what the other label does not have.
            assertThat(explanation.contributions()[0][1] - other.contributions()[0][1])
                    .isPositive();
            assertThat(explanation.picture().getWidth()).isEqualTo(encoder.width());
            assertThatThrownBy(() -> classifier.explain(test.get(0).image(), "lower", 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("label = \"lower\", expected one of \"left\", \"upper\"")
                    .hasMessageContaining("cells = 0, expected 1 to 16");
        }
    }

    @Test
    void whatCannotBeLearned_isAllInOneMessage() throws IOException {
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"));
                ImageClassifier classifier = ImageClassifier.builder(encoder).build()) {
            List<LabeledImage> bad = new ArrayList<>(train);
            bad.set(2, null);
            bad.set(4, new LabeledImage(train.get(4).image(), " "));

            assertThatThrownBy(() -> classifier.fit(bad))
                    .hasMessageContaining("train[2] is null, expected an example")
                    .hasMessageContaining("train[4] has an empty label");
            assertThatThrownBy(() -> classifier.fit(train.subList(0, 1))).hasMessageContaining("a single label");
            assertThatThrownBy(() -> classifier.predict(train.get(0).image()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("nothing was learned yet");
        }
    }

    @Test
    void otherEncoder_isRefused() throws IOException {
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"));
                ImageEncoder other = ImageEncoder.load(MODELS.resolve("vit-interpolated"));
                ImageClassifier classifier = ImageClassifier.builder(encoder)
                        .headOnly()
                        .quiet()
                        .build()
                        .fit(train)) {
            classifier.save(folder);

            assertThatThrownBy(() -> ImageClassifier.load(folder, other))
                    .isInstanceOf(IncompatibleBaseException.class)
                    .hasMessageContaining("sha256 of the encoder is");
        }
    }

    @Test
    void directoryWithoutAHead_cannotPredict() {
        assertThatThrownBy(() -> ImageClassifier.load(MODELS.resolve("vit-embed")))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("vit-embed: the model has no head");
    }
}
