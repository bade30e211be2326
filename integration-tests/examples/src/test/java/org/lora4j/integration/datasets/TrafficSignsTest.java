/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.image.Image;
import org.lora4j.image.ImageClassifier;
import org.lora4j.image.ImageEncoder;
import org.lora4j.image.LabeledImage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drawings of traffic signs, PNG files as Mapillary publishes them: warnings against regulations. The encoder is a random one of
 * two layers, so that its vectors say little and most is learned from the pixels.
 */
class TrafficSignsTest {

    private static final Logger LOG = LoggerFactory.getLogger(TrafficSignsTest.class);
    private static final Path MODEL = Path.of("../../lora-dl4j/image/src/test/resources/encoders/convnext-imgcls");
    private static final int OF_EACH = 120;

    @TempDir
    Path folder;

    /** As many of each category, in the order of a seed. */
    private List<LabeledImage> signs() throws IOException {
        Path data = SharedFiles.folder("traffic-signs");
        Map<String, List<LabeledImage>> signs = new HashMap<>();
        List<String> rows = new ArrayList<>(Files.readAllLines(data.resolve("signs.tsv")));
        rows.remove(0);
        Collections.shuffle(rows, new Random(1));
        try (ZipFile zip = new ZipFile(data.resolve("signs-png64.zip").toFile())) {
            Map<String, ZipEntry> files = new HashMap<>();
            zip.stream().forEach(entry -> files.put(entry.getName().replaceFirst(".*/", ""), entry));
            for (String row : rows) {
                String[] columns = row.split("\t");
                List<LabeledImage> some = signs.computeIfAbsent(columns[0], category -> new ArrayList<>());
                if (List.of("warning", "regulatory").contains(columns[0]) && some.size() < OF_EACH) {
                    Path file = folder.resolve("sign.png");
                    try (InputStream in = zip.getInputStream(files.get(columns[3]))) {
                        Files.write(file, in.readAllBytes());
                    }
                    some.add(new LabeledImage(Image.read(file), columns[0]));
                }
            }
        }
        List<LabeledImage> all = new ArrayList<>();
        for (int i = 0; i < OF_EACH; i++) {
            all.add(signs.get("warning").get(i));
            all.add(signs.get("regulatory").get(i));
        }
        return all;
    }

    @Test
    void classifier_tellsWarningsFromRegulations() throws IOException {
        List<LabeledImage> signs = signs();
        List<LabeledImage> train = signs.subList(0, OF_EACH);
        List<LabeledImage> test = signs.subList(OF_EACH, 2 * OF_EACH);
        try (ImageEncoder encoder = ImageEncoder.load(MODEL);
                ImageClassifier head = ImageClassifier.builder(encoder)
                        .headOnly()
                        .quiet()
                        .build()
                        .fit(train);
                ImageClassifier tuned = ImageClassifier.builder(encoder)
                        .fullFineTuning()
                        .learningRate(3e-3)
                        .epochs(20)
                        .quiet()
                        .build()
                        .fit(train)) {
            double frozen = head.evaluate(test).accuracy();
            double learned = tuned.evaluate(test).accuracy();
            LOG.info("traffic signs: head on a random encoder {}, all weights {}", frozen, learned);

            // Chance is a half; three standard errors of 120 drawings are 0.14.
            assertThat(Math.max(frozen, learned)).isGreaterThan(0.64);
        }
    }
}
