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
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.Prediction;
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
                "{\"image_processor_type\": \"ViTImageProcessor\", \"size\": {\"height\": %d, \"width\": %d}}"
                        .formatted(height, width));
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
