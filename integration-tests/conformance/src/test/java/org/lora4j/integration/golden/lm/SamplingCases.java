/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.ModelFormatException;
import org.lora4j.integration.peft.cases.Tensors;
import org.lora4j.internal.language.sampling.GenerationConfigFile;
import org.lora4j.internal.language.sampling.LogitsChain;
import org.lora4j.internal.language.sampling.ProcessedLogits;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Chains of logits processors against those of transformers: values, kept tokens and probabilities of each row. */
public final class SamplingCases {

    private final Map<String, INDArray> tensors;
    private final double absolute;
    private final double relative;

    private SamplingCases(Map<String, INDArray> tensors, JsonNode tolerance) {
        this.tensors = tensors;
        this.absolute = tolerance.get("atol").asDouble();
        this.relative = tolerance.get("rtol").asDouble();
    }

    /**
     * Runs all cases.
     *
     * @param folder the folder with {@code case.json} and {@code golden.safetensors}
     * @return one outcome each
     * @throws IOException if a file is missing or damaged
     */
    public static List<LmCase> run(Path folder) throws IOException {
        JsonNode about = new ObjectMapper().readTree(folder.resolve("case.json").toFile());
        SamplingCases cases =
                new SamplingCases(Tensors.read(folder.resolve("golden.safetensors")), about.get("tolerance"));
        List<LmCase> outcomes = new ArrayList<>();
        for (JsonNode one : about.get("cases")) {
            outcomes.add(cases.check(one));
        }
        return outcomes;
    }

    private LmCase check(JsonNode one) {
        String name = one.get("name").asText();
        String detail;
        LmCase.Outcome outcome;
        try {
            List<String> problems = problems(name, one);
            outcome = problems.isEmpty() ? LmCase.Outcome.PASSED : LmCase.Outcome.FAILED;
            detail = problems.isEmpty() ? "values, kept tokens and probabilities" : String.join("; ", problems);
        } catch (IOException | RuntimeException e) {
            outcome = LmCase.Outcome.FAILED;
            detail = e.toString();
        }
        return new LmCase("sampling/" + name, outcome, detail);
    }

    private List<String> problems(String name, JsonNode one) throws ModelFormatException {
        LogitsChain chain = chain(one.get("chain"));
        INDArray logits = tensors.get(one.get("input").asText());
        List<String> problems = new ArrayList<>();
        for (int row = 0; row < logits.rows(); row++) {
            int[] ids = tensors.get("ids").getRow(row).toIntVector();
            ProcessedLogits processed = chain.processed(logits.getRow(row).toDoubleVector(), ids);
            String where = String.format(Locale.ROOT, "row %d", row);
            compare(where + " logits", processed.logits(), tensors.get(name).getRow(row), problems);
            compare(
                    where + " probs",
                    processed.probabilities(),
                    tensors.get(name + ".probs").getRow(row),
                    problems);
            long kept = Arrays.stream(processed.logits())
                    .filter(value -> value > Double.NEGATIVE_INFINITY)
                    .count();
            if (kept != one.get("kept_per_row").get(row).asLong()) {
                problems.add(where + ": " + kept + " tokens kept, expected "
                        + one.get("kept_per_row").get(row));
            }
        }
        return problems;
    }

    private static LogitsChain chain(JsonNode processors) throws ModelFormatException {
        // A chain is what it lists: a file without top_k would have 50.
        Map<String, Object> fields = new HashMap<>(Map.of("do_sample", true, "top_k", 0));
        processors.forEach(one ->
                fields.put(one.get("processor").asText(), one.get("value").numberValue()));
        return LogitsChain.of(new GenerationConfigFile("case.json", fields).values());
    }

    private void compare(String where, double[] found, INDArray row, List<String> problems) {
        double[] expected = row.toDoubleVector();
        for (int id = 0; id < expected.length; id++) {
            // Infinities are equal; otherwise their difference is no number within any bound.
            boolean agrees = found[id] == expected[id]
                    || Math.abs(found[id] - expected[id]) <= absolute + relative * Math.abs(expected[id])
                            && Double.isFinite(expected[id]);
            if (!agrees) {
                problems.add(where + " of id " + id + ": " + found[id] + ", expected " + expected[id]);
                return;
            }
        }
    }
}
