/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.LearningRateFinder;
import org.lora4j.advice.LearningRateSuggestion;
import org.lora4j.advice.RankAdvisor;
import org.lora4j.advice.RankSuggestion;
import org.lora4j.advice.Suitability;
import org.lora4j.config.LoraConfig;
import org.lora4j.image.Augmentation;
import org.lora4j.image.Image;
import org.lora4j.image.ImageClassifier;
import org.lora4j.image.ImageEncoder;
import org.lora4j.image.LabeledImage;
import org.lora4j.image.PatchExplanation;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.Prediction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of {@code docs/images.md}, over the tiny models of the image module. */
class GuideImagesTest {

    private static final Logger log = LoggerFactory.getLogger(GuideImagesTest.class);

    private static final Path MODELS =
            Path.of(System.getProperty("lora4j.root"), "lora-dl4j", "image", "src", "test", "resources", "encoders");

    @TempDir
    private Path folder;

    private static List<LabeledImage> images(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<LabeledImage> images = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] grey = new byte[20 * 20];
            for (int at = 0; at < grey.length; at++) {
                boolean bright = i % 2 == 0 ? at < grey.length / 2 : at % 20 < 10;
                grey[at] = (byte) ((bright ? 170 : 40) + random.nextInt(60));
            }
            images.add(new LabeledImage(Image.ofGrey(20, 20, grey), i % 2 == 0 ? "stop" : "yield"));
        }
        return images;
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** As it stands, in the directory of a program: the one in which tests run. */
    @Test
    void firstProgram() throws IOException {
        Path model = Files.createDirectories(Path.of("dinov2-small"));
        Path signs = Path.of("signs");
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(MODELS.resolve("dinov2-swiglu-imgcls").resolve(file), model.resolve(file));
        }
        int number = 0;
        for (LabeledImage example : images(24, 1)) {
            Path label = Files.createDirectories(signs.resolve(example.labels().get(0)));
            ImageIO.write(
                    example.image().toBufferedImage(),
                    "png",
                    label.resolve(++number + ".png").toFile());
        }
        try {
            ImageEncoder encoder = ImageEncoder.load(Path.of("dinov2-small"));
            List<LabeledImage> train = LabeledImage.folder(Path.of("signs"));
            ImageClassifier classifier =
                    ImageClassifier.builder(encoder).build().fit(train);
            Image image = Image.read(Path.of("signs/stop/1.png"));
            Prediction p = classifier.predict(image); // such as stop 0.97; then yield 0.03
            classifier.save(Path.of("classifier"));
            ImageClassifier again = ImageClassifier.load(Path.of("classifier"), encoder);

            assertThat(train).hasSize(24);
            assertThat(p.label()).isEqualTo("stop");
            assertThat(again.predict(image)).isEqualTo(p);
            again.close();
            classifier.close();
            encoder.close();
        } finally {
            delete(model);
            delete(signs);
            delete(Path.of("classifier"));
        }
    }

    @Test
    void vectorsAndGraphs() throws IOException {
        Path directory = MODELS.resolve("convnext-imgcls").resolve("adapter");
        List<Image> images = images(3, 2).stream().map(LabeledImage::image).toList();
        INDArray pixels = Nd4j.zeros(2, 3, 32, 32);
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("convnext-imgcls"))) {
            float[][] vectors = encoder.embed(images);
            // next
            AdaptedSameDiff model = AdaptedSameDiff.of(encoder.classifierGraph());
            model.addAdapter("signs", Adapter.load(directory));
            model.activate("signs");
            Map<String, INDArray> outputs = model.output(Map.of("pixel_values", pixels), "logits");

            assertThat(vectors).hasDimensions(3, 24);
            assertThat(outputs.get("logits").shape()).containsExactly(2, 3);
        }
    }

    @Test
    void advice() throws IOException {
        List<LabeledImage> train = images(40, 6);
        List<LabeledImage> validation = images(16, 7);
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"))) {
            DataReport data = DataAdvisor.of(() -> ImageClassifier.builder(encoder), train, validation);
            Suitability forecast = Suitability.of(() -> ImageClassifier.builder(encoder), train);
            LearningRateSuggestion rate = LearningRateFinder.of(
                            () -> ImageClassifier.builder(encoder), train, validation)
                    .find();
            RankSuggestion rank = RankAdvisor.of(() -> ImageClassifier.builder(encoder), train, validation, 4, 8);

            assertThat(data.classSizes().sizes()).containsEntry("stop", 20);
            assertThat(forecast.verdict()).isNotNull();
            assertThat(rate.curve()).isNotEmpty();
            assertThat(rank.trials()).hasSize(2);
        }
    }

    @Test
    void settings() throws IOException {
        List<LabeledImage> train = images(24, 3);
        List<LabeledImage> validation = images(8, 4);
        List<LabeledImage> test = images(8, 5);
        Path directory = folder.resolve("exported");
        Path picture = folder.resolve("why.png");
        Image image = test.get(0).image();
        try (ImageEncoder encoder = ImageEncoder.load(MODELS.resolve("vit-embed"))) {
            ImageClassifier classifier = ImageClassifier.builder(encoder)
                    .adapter(LoraConfig.builder()
                            .rank(8)
                            .alpha(16)
                            .targetModules("query", "value")
                            .build())
                    .augmentation(Augmentation.SIGNS)
                    .epochs(5)
                    .build()
                    .fit(train, validation);
            LabelEvaluation evaluation = classifier.evaluate(test);
            log.info("{}, accuracy {}", classifier.report(), evaluation.accuracy());
            classifier.export(directory);
            // next
            Image changed = Augmentation.PHOTOGRAPHS.apply(image, 7);
            // next
            PatchExplanation why = classifier.explain(image, "stop", 7);
            ImageIO.write(why.picture(), "png", picture.toFile());

            assertThat(evaluation.accuracy()).isGreaterThan(0.9);
            assertThat(changed).isNotEqualTo(image);
            assertThat(picture).isNotEmptyFile();
            assertReady(directory, image, classifier);
        }
    }

    private static void assertReady(Path directory, Image image, ImageClassifier classifier) throws IOException {
        ImageClassifier ready = ImageClassifier.load(directory);
        Prediction p = ready.predict(image);

        assertThat(p.label()).isEqualTo(classifier.predict(image).label());
        ready.close();
    }
}
