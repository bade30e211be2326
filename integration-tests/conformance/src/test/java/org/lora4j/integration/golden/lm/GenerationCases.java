/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.integration.peft.cases.Tensors;
import org.lora4j.language.CausalLm;
import org.lora4j.language.FinishReason;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Texts that Transformers generated, as ids: side by side, alone, with an end token, a penalty, adapters. */
final class GenerationCases {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Below it, two logits are taken for equal. */
    private static final double SMALLEST_GAP = 1e-4;

    private final JsonNode about;
    private final Map<String, INDArray> golden;
    private final CausalLm model;
    private final List<int[]> prompts = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    private GenerationCases(Path directory) throws IOException {
        this.about = JSON.readTree(directory.resolve("case.json").toFile());
        this.golden = Tensors.read(directory.resolve("golden.safetensors"));
        this.model = CausalLm.load(directory);
        about.path("prompts").forEach(prompt -> prompts.add(JSON.convertValue(prompt, int[].class)));
    }

    static List<LmCase> run(Path fixtures) throws IOException {
        List<LmCase> cases = new ArrayList<>();
        try (Stream<Path> models = Files.list(fixtures.resolve("models"))) {
            for (Path directory : models.filter(Files::isDirectory).sorted().toList()) {
                cases.add(check(directory));
            }
        }
        return cases;
    }

    private static LmCase check(Path directory) {
        String name = "generation/" + directory.getFileName();
        try {
            GenerationCases cases = new GenerationCases(directory);
            cases.checkText(directory);
            cases.checkAll(directory);
            cases.model.close();
            return LmCase.of(name, cases.problems);
        } catch (IOException | RuntimeException e) {
            return LmCase.of(name, List.of(e.toString()));
        }
    }

    private void checkAll(Path directory) throws IOException {
        GenerationConfig plain = config(24).build();
        checkEqual("generate.ids", plain);
        int[][] expected = ids("generate.ids");
        for (int i = 0; i < prompts.size(); i++) {
            Generation alone = model.generateIds(List.of(prompts.get(i)), plain, token -> true)
                    .get(0);
            problem(Arrays.equals(alone.newIds(), expected[i]), "prompt " + i + " alone gives other ids");
        }
        if (golden.containsKey("generate.eos_ids")) {
            int eos = about.at("/generate/eos_token_id_of_eos_ids").asInt();
            checkStopped(config(24).eosTokenIds(eos).build(), ids("generate.eos_ids"), eos);
        }
        if (about.at("/generate/smallest_gap_with_repetition_penalty").asDouble() > SMALLEST_GAP) {
            checkEqual(
                    "generate.repetition_penalty_ids",
                    config(24).repetitionPenalty(1.3).build());
        }
        for (String name : List.of("adapter-qv", "adapter-all")) {
            model.model().addAdapter(name, Adapter.load(directory.resolve(name)));
            model.model().activate(name);
            if (about.path("adapters")
                            .path(name)
                            .path("smallest_gap_in_generate")
                            .asDouble()
                    > SMALLEST_GAP) {
                checkEqual(name + ".generate.ids", config(12).build());
                model.model().merge();
                checkEqual(name + ".generate.ids", config(12).build());
                model.model().unmerge();
            }
            model.model().disable();
            checkEqual("generate.ids", plain);
            model.model().enable();
        }
    }

    /** Where a text was published, it comes out to the character: 200 tokens behind the one that begins texts. */
    private void checkText(Path directory) throws IOException {
        Path published = directory.resolve("greedy200.txt");
        if (Files.exists(published)) {
            String text = model.generate("", config(200).build()).text();
            problem(text.equals(Files.readString(published)), "the text is \"" + text + "\"");
        }
    }

    private static GenerationConfig.Builder config(int newTokens) {
        return GenerationConfig.builder().maxNewTokens(newTokens).eosTokenIds();
    }

    private void checkEqual(String key, GenerationConfig config) {
        List<Generation> found = model.generateIds(prompts, config, token -> true);
        int[][] expected = ids(key);
        for (int i = 0; i < expected.length; i++) {
            problem(
                    Arrays.equals(found.get(i).newIds(), expected[i]),
                    key + "[" + i + "] is " + Arrays.toString(found.get(i).newIds()) + ", expected "
                            + Arrays.toString(expected[i]));
        }
    }

    private void checkStopped(GenerationConfig config, int[][] expected, int eos) {
        List<Generation> found = model.generateIds(prompts, config, token -> true);
        for (int i = 0; i < expected.length; i++) {
            int[] ids = found.get(i).newIds();
            boolean stopped = found.get(i).finishReason() == FinishReason.STOP_TOKEN;
            int length = Math.min(ids.length, expected[i].length);
            problem(
                    Arrays.equals(Arrays.copyOf(ids, length), Arrays.copyOf(expected[i], length))
                            && (!stopped || ids[ids.length - 1] == eos)
                            && Arrays.stream(expected[i]).skip(length).allMatch(id -> id == 0),
                    "generate.eos_ids[" + i + "] is " + Arrays.toString(ids) + ", expected "
                            + Arrays.toString(expected[i]));
        }
    }

    private int[][] ids(String key) {
        return golden.get(key).castTo(DataType.INT32).toIntMatrix();
    }

    private void problem(boolean holds, String problem) {
        if (!holds) {
            problems.add(problem);
        }
    }
}
