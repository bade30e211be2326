/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.wordnet.NounCategory;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.TextExample;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.ShuffledIndices;

/** The sets. What they are is told in docs/text.md. */
enum PublishedTexts {
    BANKING77 {
        @Override
        TextSet read(Path data) throws IOException {
            Banking77 questions = new Banking77(data.resolve("banking77"));
            return TextSet.of(ofDatasets(questions.train()), ofDatasets(questions.test()));
        }
    },
    CLINC_INTENTS {
        @Override
        TextSet read(Path data) throws IOException {
            return clinc(data.resolve("clinc150"), false);
        }
    },
    CLINC_DOMAINS {
        @Override
        TextSet read(Path data) throws IOException {
            return clinc(data.resolve("clinc150"), true);
        }
    },
    SNIPS_INTENTS {
        @Override
        TextSet read(Path data) throws IOException {
            Path folder = data.resolve("snips-slots");
            return TextSet.of(snips(folder.resolve("train.jsonl.gz")), snips(folder.resolve("validate.jsonl.gz")));
        }
    },
    MEDQUAD_TYPES {
        @Override
        TextEncoder reader(TextEncoder encoder) throws IOException {
            return encoder.withMaxLength(64);
        }

        @Override
        TextSet read(Path data) throws IOException {
            List<String[]> rows = table(data.resolve("medquad").resolve("medquad-subset.tsv.gz"));
            Map<String, Integer> counts = new HashMap<>();
            rows.forEach(row -> counts.merge(row[3], 1, Integer::sum));
            rows.removeIf(row -> counts.get(row[3]) < RARE);
            // Answers of one document overlap.
            List<String> documents =
                    List.copyOf(new TreeSet<>(rows.stream().map(row -> row[1]).toList()));
            Set<String> tested = new HashSet<>();
            Arrays.stream(ShuffledIndices.of(documents.size(), 0, 0))
                    .limit(documents.size() / 5)
                    .forEach(i -> tested.add(documents.get(i)));
            return split(rows, row -> tested.contains(row[1]), 5, 3);
        }
    },
    WORDNET_NOUNS {
        @Override
        TextSet read(Path data) throws IOException {
            return glosses(WordNetGlosses.load(0), NounCategory.names());
        }
    },
    WORDNET_VERBS {
        @Override
        TextSet read(Path data) throws IOException {
            return glosses(WordNetGlosses.verbs(0), WordNetGlosses.verbCategories());
        }
    },
    UDHR_LANGUAGES {
        @Override
        TextSet read(Path data) throws IOException {
            List<String[]> rows = table(data.resolve("udhr").resolve("udhr.tsv.gz"));
            rows.removeIf(row -> !LANGUAGES.contains(row[0]));
            // Paragraphs of one number have one content.
            return split(rows, row -> Integer.parseInt(row[2]) % 4 == 0, 3, 1);
        }
    };

    /** Types with fewer answers are left out. */
    private static final int RARE = 10;

    /** Latin letters all; by the names of their declarations. */
    private static final Set<String> LANGUAGES = Set.of(
            "eng", "fra", "spa", "ita", "nld", "dan", "swe", "nob", "fin", "hun", "pol", "slk", "tur", "ind", "swh",
            "vie", "cat", "eus", "glg", "lit", "isl", "gle", "cym", "afr", "epo", "som", "yor", "zul");

    /** Reads the set from the folder of published data. */
    abstract TextSet read(Path data) throws IOException;

    /** The encoder as every candidate reads these texts with it: long answers are cut. */
    TextEncoder reader(TextEncoder encoder) throws IOException {
        return encoder;
    }

    String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static List<LabeledText> ofDatasets(List<org.lora4j.integration.datasets.LabeledText> texts) {
        return texts.stream()
                .map(text -> new LabeledText(text.text(), text.labels().first()))
                .toList();
    }

    private static TextSet clinc(Path folder, boolean byDomain) throws IOException {
        ObjectMapper json = new ObjectMapper();
        JsonNode splits = json.readTree(folder.resolve("data_full.json").toFile());
        Map<String, String> domains = new HashMap<>();
        json.readTree(folder.resolve("domains.json").toFile())
                .properties()
                .forEach(domain -> domain.getValue().forEach(intent -> domains.put(intent.asText(), domain.getKey())));
        Map<String, List<LabeledText>> texts = new HashMap<>();
        for (String split : List.of("train", "test")) {
            List<LabeledText> labeled = new ArrayList<>();
            for (JsonNode pair : splits.get(split)) {
                String intent = pair.get(1).asText();
                labeled.add(new LabeledText(pair.get(0).asText(), byDomain ? domains.get(intent) : intent));
            }
            texts.put(split, labeled);
        }
        return TextSet.of(texts.get("train"), texts.get("test"));
    }

    private static List<LabeledText> snips(Path file) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<LabeledText> texts = new ArrayList<>();
        for (String line : lines(file)) {
            JsonNode command = json.readTree(line);
            texts.add(new LabeledText(
                    command.get("text").asText(), command.get("intent").asText()));
        }
        return texts;
    }

    private static TextSet glosses(WordNetGlosses glosses, List<String> names) {
        return TextSet.of(named(glosses.training(), names), named(glosses.heldOut(), names));
    }

    private static List<LabeledText> named(List<TextExample> examples, List<String> names) {
        return examples.stream()
                .map(example -> new LabeledText(example.text(), names.get(example.label())))
                .toList();
    }

    private static TextSet split(List<String[]> rows, Predicate<String[]> tested, int text, int label) {
        List<LabeledText> train = new ArrayList<>();
        List<LabeledText> test = new ArrayList<>();
        rows.forEach(row -> (tested.test(row) ? test : train).add(new LabeledText(row[text], row[label])));
        return TextSet.of(train, test);
    }

    /** Rows of tab-separated values without quotes, the header left out. */
    private static List<String[]> table(Path file) throws IOException {
        List<String[]> rows = new ArrayList<>();
        lines(file).forEach(line -> rows.add(line.split("\t", -1)));
        rows.remove(0);
        return rows;
    }

    private static List<String> lines(Path file) throws IOException {
        try (BufferedReader reader = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        }
    }
}
