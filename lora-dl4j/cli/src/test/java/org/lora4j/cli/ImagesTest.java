/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.internal.format.json.JsonObjects;

/** Images in folders, from looking at them to a model that others read, over a tiny encoder. */
class ImagesTest {

    private static final Path ENCODER = Path.of("../image/src/test/resources/encoders/vit-embed");

    @TempDir
    Path folder;

    @BeforeEach
    void signs() throws IOException {
        Files.createDirectories(folder.resolve("vit"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(ENCODER.resolve(name), folder.resolve("vit").resolve(name));
        }
        Random random = new Random(3);
        for (int i = 0; i < 12; i++) {
            image(folder.resolve("signs/stop/" + i + ".png"), 24, 16, true, random);
            image(folder.resolve("signs/go/" + i + ".png"), 24, 16, false, random);
        }
    }

    /** A bright upper or a bright left half, with noise. */
    private static void image(Path file, int width, int height, boolean upper, Random random) throws IOException {
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int grey = (upper ? y < height / 2 : x < width / 2) ? 170 : 40;
                int value = grey + random.nextInt(60);
                image.setRGB(x, y, value << 16 | value << 8 | value);
            }
        }
        ImageIO.write(image, "png", file.toFile());
    }

    private CliRun call(ExitCode code, String... arguments) {
        CliRun run = CliRun.of(Stream.of(arguments)
                .map(word -> word.replace("IN/", folder + "/"))
                .toArray(String[]::new));
        assertThat(run.code()).as(run.both()).isEqualTo(code);
        return run;
    }

    private CliRun train(ExitCode code, String... more) {
        return call(
                code,
                Stream.concat(
                                Stream.of("train", "--base", "IN/vit", "--data", "IN/signs", "--out", "IN/model"),
                                Stream.of(more))
                        .toArray(String[]::new));
    }

    @Test
    void folders_becomeAModelThatAnswersFiles() throws IOException {
        assertThat(call(ExitCode.OK, "preview", "--base", "IN/vit", "--data", "IN/signs", "--rows", "1")
                        .out())
                .contains("images: 24 examples, the model sees 16 x 16 pixels")
                .contains("0.png, 24 x 16 pixels: go")
                .contains("labels: go 12, stop 12");
        String trained = train(ExitCode.OK, "--epochs", "2", "--set", "test-fraction=0.25", "--json")
                .out();
        assertThat(JsonObjects.read("out", trained))
                .containsEntry("task", "images")
                .containsKey("test");
        Map<?, ?> measures = (Map<?, ?>) JsonObjects.read(
                        "out",
                        call(ExitCode.OK, "evaluate", "IN/model", "--data", "IN/signs", "--json")
                                .out())
                .get("measures");
        assertThat(measures.get("examples")).isEqualTo(24);
        assertThat((Double) measures.get("accuracy")).isGreaterThan(0.8);

        assertThat(call(ExitCode.OK, "predict", "IN/model", "IN/signs/stop/3.png")
                        .out())
                .matches("(stop|go)\t[01]\\.\\d{4}\n");
        assertThat(call(ExitCode.OK, "predict", "IN/model", "--input", "IN/signs/stop", "--as", "csv")
                        .out()
                        .lines())
                .hasSize(13)
                .first()
                .isEqualTo("image,label,score");
        Path rows =
                Files.writeString(folder.resolve("rows.csv"), "id,image\n7," + folder.resolve("signs/go/1.png") + "\n");
        assertThat(call(ExitCode.OK, "predict", "IN/model", "--input", rows.toString(), "--as", "jsonl")
                        .out())
                .contains("\"id\":\"7\"", "\"label\":");

        assertThat(call(ExitCode.OK, "inspect", "IN/model").out())
                .contains("classifier of images that lora4j trained")
                .containsPattern("labels +2: go, stop");
        call(ExitCode.OK, "report", "IN/model", "--data", "IN/signs");
        assertThat(Files.readString(folder.resolve("model.html"))).contains("Confusion");
        call(ExitCode.OK, "merge", "IN/model", "--out", "IN/merged");
        assertThat(Files.readString(folder.resolve("merged/config.json"))).contains("ViTForImageClassification");
        call(ExitCode.OK, "verify", "IN/model", "--strict");
        assertThat(call(ExitCode.REFUSED, "gate", "IN/model", "IN/model", "--data", "IN/signs")
                        .out())
                .contains("24 examples");
    }

    @Test
    void data_areLookedAtBeforeTheTraining() {
        assertThat(call(ExitCode.OK, "advise", "--base", "IN/vit", "--data", "IN/signs")
                        .out())
                .isNotBlank();
        assertThat(call(ExitCode.USAGE, "advise", "--base", "IN/vit", "--data", "IN/signs", "--ask", "rate")
                        .err())
                .contains("of images there is data, suitability");
        call(ExitCode.OK, "init", "--data", "IN/signs", "--base", "IN/vit", "--file", "IN/lora4j.yaml");
        assertThat(call(ExitCode.OK, "train", "--config", "IN/lora4j.yaml", "--print-config")
                        .out())
                .contains("task: images");
    }

    @Test
    void whatDoesNotFit_isRefusedInWords() throws IOException {
        assertThat(call(ExitCode.USAGE, "train", "--data", "IN/signs", "--out", "IN/model")
                        .err())
                .contains("is a folder, and all-minilm-l6-v2 does not read images", "dinov2-small");
        assertThat(train(ExitCode.USAGE, "--task", "classification").err()).contains("reads images");
        assertThat(train(ExitCode.USAGE, "--set", "augmentation=wild").err())
                .contains("expected none, photographs or signs");
        assertThat(train(ExitCode.USAGE, "--set", "longest-edge=0").err()).contains("expected 1 or more");
        assertThat(call(ExitCode.INPUT, "train", "--base", "IN/vit", "--data", "IN/signs/stop", "--out", "IN/model")
                        .err())
                .contains("no folder in it has an image");
        Files.write(folder.resolve("signs/go/bad.png"), new byte[] {1, 2, 3});
        assertThat(train(ExitCode.INPUT).err()).contains("1 image cannot be read", "bad.png", "--skip-bad 1");
        assertThat(train(ExitCode.OK, "--skip-bad", "1", "--method", "head", "--set", "longest-edge=8")
                        .err())
                .contains("They were left out", "images: 24 examples");
        assertThat(call(ExitCode.INPUT, "predict", "IN/model", "IN/none.png").err())
                .contains("none.png", "no such file");
        assertThat(call(ExitCode.INPUT, "predict", "IN/model", "IN/signs/go/bad.png")
                        .err())
                .contains("1 image cannot be read");
    }

    @Test
    void oneFolder_isNothingToTellApart() throws IOException {
        for (int i = 0; i < 12; i++) {
            Files.delete(folder.resolve("signs/go/" + i + ".png"));
        }
        assertThat(train(ExitCode.INPUT).err())
                .contains("have the same label, stop", "Is it the folder that has one for each label?");
    }
}
