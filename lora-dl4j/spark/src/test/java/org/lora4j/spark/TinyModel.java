/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.lora4j.text.LabeledText;

/** A model directory that Transformers wrote, of two layers, with a tokenizer of words t0 to t119, and texts that it can tell apart. */
public final class TinyModel {

    /** Its positions are counted from its tokens. */
    public static final String MPNET = "mpnet-embed";

    /** Rows of its batches share nothing. */
    public static final String ELECTRA = "electra-discriminator";

    private static final Path MODELS = Path.of("../text/src/test/resources/encoders/models");
    private static final List<String> LABELS = List.of("complaint", "praise", "question");

    private TinyModel() {}

    /** Makes the directory. */
    public static Path in(Path folder) throws IOException {
        return in(folder, MPNET);
    }

    /** Makes the directory of a model. */
    public static Path in(Path folder, String model) throws IOException {
        Path directory = Files.createDirectories(folder.resolve("tiny-" + model));
        for (String file : List.of("config.json", "model.safetensors")) {
            if (!Files.exists(directory.resolve(file))) {
                Files.copy(MODELS.resolve(model).resolve(file), directory.resolve(file));
            }
        }
        String vocabulary =
                IntStream.range(0, 120).mapToObj(i -> "\"t" + i + "\": " + i).collect(Collectors.joining(", "));
        Files.writeString(directory.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "post_processor": {"type": "TemplateProcessing",
                  "single": [{"Sequence": {"id": "A", "type_id": 0}}],
                  "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                  "special_tokens": {}},
                 "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "t0", "vocab": {%s}}}
                """.formatted(vocabulary));
        return directory;
    }

    /** Texts whose label one of their words tells: t50, t51 or t52 among others. */
    public static List<LabeledText> texts(int count, long seed) {
        Random random = new Random(seed);
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<String> words = new ArrayList<>();
            for (int j = 0; j < 3 + random.nextInt(4); j++) {
                words.add("t" + (10 + random.nextInt(20)));
            }
            int label = i % LABELS.size();
            words.add(random.nextInt(words.size() + 1), "t" + (50 + label));
            texts.add(new LabeledText(String.join(" ", words), LABELS.get(label)));
        }
        return texts;
    }

    /** The same as rows of text and label. */
    public static List<Row> rows(List<LabeledText> texts) {
        return texts.stream()
                .map(text -> RowFactory.create(text.text(), text.labels().get(0)))
                .toList();
    }
}
