/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.export.ExportReport;
import org.lora4j.export.GgufAdapterExport;
import org.lora4j.export.GgufExport;
import org.lora4j.export.GgufType;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.language.LanguageTokenizer;
import org.lora4j.language.Llama2cCheckpoint;

/**
 * Files of GGUF before their judge, llama.cpp: the texts that it makes of them, the ids that it makes of texts. It runs in
 * single precision with caches of the same, on one thread.
 */
class LlamaCppTest {

    private static final Path SHARED = Path.of(System.getProperty("lora4j.shared"));
    private static final Path FIXTURES = SHARED.resolve("fixtures/lm");
    private static final Path MODELS = FIXTURES.resolve("models");
    private static final Path STORIES = MODELS.resolve("stories260k");
    private static final Path PUBLISHED = SHARED.resolve("data/stories260k");

    private static final char SPACE = 0x2581;

    private static final List<String> ADAPTERS = List.of("adapter-qv", "adapter-all");

    /** Every golden model of the architecture. */
    private static final List<String> LLAMAS = List.of(
            "llama-bf16",
            "llama-bias",
            "llama-f16",
            "llama-gqa",
            "llama-head-dim",
            "llama-mha",
            "llama-mqa",
            "llama-rope-linear",
            "llama-rope-llama3",
            "llama-rope-old-keys",
            "llama-rope-yarn",
            "llama-sharded",
            "llama-tied",
            "llama-v5-config",
            "llama-v5-rope-llama3",
            "mistral-no-window");

    @TempDir
    private Path folder;

    @BeforeEach
    void find() {
        boolean there = Files.isDirectory(MODELS) && Files.isDirectory(PUBLISHED);
        String message = "skipped: no golden language models (-Dlora4j.shared=FOLDER, which has fixtures/lm and data)";
        if (!there) {
            System.out.println(message);
        }
        assumeTrue(there, message);
    }

    private static Path exported(GgufExport export, Path target) throws IOException {
        export.write(target);
        return target.resolve(GgufExport.FILE);
    }

    private static Path exported(Path base, Adapter adapter, Path target) throws IOException {
        GgufAdapterExport.of(base, adapter).write(target);
        return target.resolve(GgufAdapterExport.FILE);
    }

    @Test
    void base_tellsThePublishedStory_withScoresOfTheTokenizerOrWithout() throws IOException, InterruptedException {
        float[] scores = Llama2cCheckpoint.scores(PUBLISHED.resolve("tok512.bin"));
        Path scored = exported(GgufExport.of(STORIES).scores(scores), folder.resolve("scored"));
        Path plain = exported(GgufExport.of(STORIES), folder.resolve("plain"));

        List<String> texts = new LlamaCpp(folder)
                .model(scored)
                .generate(200, 1)
                .model(plain)
                .generate(200, 1)
                .texts();

        String story = " " + LanguageFixture.text(PUBLISHED.resolve("expected_greedy_200.txt"));
        assertThat(texts).containsExactly(story, story);
    }

    @Test
    void adapters_ofStories_tellTheGoldenTexts_asFilesAndMerged() throws IOException, InterruptedException {
        LanguageFixture stories = new LanguageFixture(STORIES);
        Path base = exported(GgufExport.of(STORIES), folder.resolve("base"));
        LlamaCpp judge = new LlamaCpp(folder);
        List<String> expected = new ArrayList<>();
        for (String name : ADAPTERS) {
            Adapter adapter = Adapter.load(STORIES.resolve(name));
            judge.model(base, exported(STORIES, adapter, folder.resolve(name)));
            expected.addAll(ask(judge, stories, name + ".generate.ids", 12));
            judge.model(exported(GgufExport.of(STORIES).adapter(adapter), folder.resolve(name + "-merged")));
            expected.addAll(ask(judge, stories, name + ".generate.ids", 12));
        }

        assertThat(judge.texts()).isEqualTo(expected);
    }

    /** Asks for the continuations of the prompts, and gives the golden ones. */
    private static List<String> ask(LlamaCpp judge, LanguageFixture stories, String key, int count) throws IOException {
        stories.prompts().forEach(prompt -> judge.generate(count, prompt));
        List<String> tokens = tokens(STORIES);
        List<String> expected = new ArrayList<>();
        for (List<Integer> row : stories.golden(key)) {
            StringBuilder text = new StringBuilder();
            row.forEach(id -> text.append(tokens.get(id)));
            expected.add(text.toString().replace(SPACE, ' '));
        }
        return expected;
    }

    private static List<String> tokens(Path directory) throws IOException {
        Map<?, ?> model = (Map<?, ?>)
                JsonObjects.read(directory.resolve("tokenizer.json")).get("model");
        List<String> tokens = new ArrayList<>();
        ((Map<?, ?>) model.get("vocab")).keySet().forEach(token -> tokens.add(token.toString()));
        return tokens;
    }

    @Test
    @Tag("thorough")
    void everyGoldenLlama_givesItsTokens_withAndWithoutAdapters() throws IOException, InterruptedException {
        LlamaCpp judge = new LlamaCpp(folder);
        Map<String, List<Integer>> expected = new LinkedHashMap<>();
        for (String name : LLAMAS) {
            LanguageFixture fixture = new LanguageFixture(MODELS.resolve(name));
            Path base = fixture.write(folder.resolve(name));
            Path file = exported(GgufExport.of(base), folder.resolve(name + "-gguf"));
            ask(judge.model(file), fixture, name, "generate.ids", 24, expected);
            for (String adapted : ADAPTERS) {
                Adapter adapter = Adapter.load(MODELS.resolve(name).resolve(adapted));
                Path lora = exported(base, adapter, folder.resolve(name + "-" + adapted));
                ask(judge.model(file, lora), fixture, name, adapted + ".generate.ids", 12, expected);
            }
        }

        List<List<Integer>> found =
                judge.texts().stream().map(LanguageFixture::ids).toList();

        assertThat(differences(expected, found)).isEmpty();
        assertThat(expected).hasSize(LLAMAS.size() * 3 * 2);
    }

    /** Answers to questions, in their order, that are not the expected ones. */
    private static List<String> differences(Map<String, ?> expected, List<List<Integer>> found) {
        assertThat(found).hasSameSizeAs(expected.keySet());
        List<String> differences = new ArrayList<>();
        Iterator<List<Integer>> answers = found.iterator();
        expected.forEach((question, answer) -> {
            List<Integer> told = answers.next();
            if (!told.equals(answer)) {
                differences.add(question + ": " + told + ", expected " + answer);
            }
        });
        return differences;
    }

    private static void ask(
            LlamaCpp judge,
            LanguageFixture fixture,
            String name,
            String key,
            int count,
            Map<String, List<Integer>> expected)
            throws IOException {
        for (int row = 0; row < fixture.prompts().size(); row++) {
            judge.generate(count, fixture.prompts().get(row));
            expected.put(
                    name + ", " + key + ", prompt " + row, fixture.golden(key).get(row));
        }
    }

    @Test
    @Tag("thorough")
    void tokenizers_cutTextsAsTheirGoldenCases() throws IOException, InterruptedException {
        LlamaCpp judge = new LlamaCpp(folder);
        Map<String, Object> expected = new LinkedHashMap<>();
        for (String name : List.of("stories260k", "llama2-style", "llama3-style", "gpt2-style")) {
            Path tokenizer = FIXTURES.resolve("tokenizers").resolve(name);
            Path base = LanguageFixture.withTokenizer(STORIES, tokenizer, folder.resolve(name));
            judge.model(exported(GgufExport.of(base), folder.resolve(name + "-gguf")));
            for (Object each :
                    (List<?>) JsonObjects.read(tokenizer.resolve("golden.json")).get("encode")) {
                Map<?, ?> golden = (Map<?, ?>) each;
                judge.encode(golden.get("text").toString());
                expected.put(name + ": " + golden.get("text"), golden.get("ids_plain"));
            }
        }

        assertThat(differences(expected, judge.ids())).isEmpty();
    }

    /** Forms that have no golden case: what Hugging Face's own library says to them. */
    @Test
    @Tag("thorough")
    void tokenizersOfOtherForms_cutTextsAsHuggingFaceDoes() throws IOException, InterruptedException {
        Map<String, Object> byteLevel =
                Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", true);
        Map<String, Map<String, Object>> forms = new LinkedHashMap<>();
        forms.put(
                "gpt2-style",
                Map.of(
                        "pre_tokenizer",
                        Map.of(
                                "type",
                                "Sequence",
                                "pretokenizers",
                                List.of(Map.of("type", "Digits", "individual_digits", true), byteLevel))));
        for (String scheme : List.of("always", "never", "first")) {
            Map<String, Object> form = new LinkedHashMap<>();
            form.put("normalizer", null);
            form.put(
                    "pre_tokenizer",
                    Map.of(
                            "type",
                            "Metaspace",
                            "replacement",
                            String.valueOf(SPACE),
                            "prepend_scheme",
                            scheme,
                            "split",
                            false));
            forms.put("llama2-style " + scheme, form);
        }
        LlamaCpp judge = new LlamaCpp(folder);
        Map<String, List<Integer>> expected = new LinkedHashMap<>();
        for (Map.Entry<String, Map<String, Object>> form : forms.entrySet()) {
            Path golden = FIXTURES.resolve("tokenizers").resolve(form.getKey().split(" ")[0]);
            Path base = LanguageFixture.withTokenizer(
                    STORIES, golden, folder.resolve(form.getKey().replace(' ', '-')));
            Map<String, Object> fields = new LinkedHashMap<>(JsonObjects.read(golden.resolve("tokenizer.json")));
            fields.putAll(form.getValue());
            Files.delete(base.resolve("tokenizer.json"));
            JsonObjects.write(base.resolve("tokenizer.json"), fields);
            judge.model(exported(GgufExport.of(base), base.resolveSibling(base.getFileName() + "-gguf")));
            try (LanguageTokenizer tokenizer = LanguageTokenizer.load(base)) {
                for (Object each : (List<?>)
                        JsonObjects.read(golden.resolve("golden.json")).get("encode")) {
                    String text = ((Map<?, ?>) each).get("text").toString();
                    // A space in front, or a special token, is where a scheme differs, as the report says.
                    boolean plain = !text.contains("<") && !text.startsWith(" ") && text.indexOf(SPACE) != 0;
                    if (plain || form.getKey().endsWith("never")) {
                        judge.encode(text);
                        expected.put(
                                form.getKey() + ": " + text,
                                IntStream.of(tokenizer.encode(text, false))
                                        .boxed()
                                        .toList());
                    }
                }
            }
        }

        assertThat(differences(expected, judge.ids())).isEmpty();
        assertThat(expected).hasSizeGreaterThan(200);
    }

    @Test
    @Tag("thorough")
    void narrowerTypes_mostlyAgreeOnTheBestToken() throws IOException, InterruptedException {
        int[] story = story();
        LlamaCpp judge = new LlamaCpp(folder);
        List<ExportReport> reports = new ArrayList<>();
        List<GgufType> types = List.of(GgufType.F16, GgufType.Q8_0);
        for (GgufType type : types) {
            reports.add(GgufExport.of(STORIES).type(type).write(folder.resolve(type.name())));
            judge.model(folder.resolve(type.name()).resolve(GgufExport.FILE));
            IntStream.range(1, story.length).forEach(end -> judge.generate(1, Arrays.copyOf(story, end)));
        }

        List<String> best = judge.texts();

        List<String> tokens = tokens(STORIES);
        int steps = story.length - 1;
        for (int type = 0; type < types.size(); type++) {
            int from = type * steps;
            long equal = IntStream.range(0, steps)
                    .filter(i -> best.get(from + i).equals(text(tokens.get(story[i + 1]))))
                    .count();
            System.out.println(types.get(type) + " in llama.cpp: " + equal + " of " + steps
                    + " best tokens are those of" + " F32; " + reports.get(type));
            // A figure to be reported; half would mean that the file is another model.
            assertThat(equal).isGreaterThan(steps / 2);
        }
    }

    private static int[] story() throws IOException {
        List<Integer> told = new LanguageFixture(STORIES).oracle("greedy200.ids");
        return IntStream.concat(IntStream.of(1), told.stream().mapToInt(Integer::intValue))
                .toArray();
    }

    private static String text(String token) {
        return token.matches("<0x..>")
                ? String.valueOf((char) Integer.parseInt(token.substring(3, 5), 16))
                : token.replace(SPACE, ' ');
    }

    @Test
    void otherGoldenModels_areRefusedWithTheReason() throws IOException {
        List<String> refused = new ArrayList<>();
        try (Stream<Path> models = Files.list(MODELS)) {
            for (Path model : models.filter(Files::isDirectory).sorted().toList()) {
                String name = model.getFileName().toString();
                if (!LLAMAS.contains(name) && !model.equals(STORIES)) {
                    assertThatThrownBy(() -> GgufExport.of(model).write(folder.resolve(name)))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining(
                                    name.equals("mistral-sliding")
                                            ? "a window of 8 tokens, shorter than the context"
                                            : "expected one of \"llama\", \"mistral\"");
                    assertThat(folder.resolve(name)).doesNotExist();
                    refused.add(name);
                }
            }
        }

        assertThat(refused).hasSize(23);
    }
}
