/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The figures of a run, as text and as JSON.
 *
 * @param machine what they depend on, by name
 * @param contenders what was timed
 * @param timings how long each took, by key
 * @param boundOperations floating-point operations of the bound
 */
record BenchmarkReport(
        Map<String, String> machine, List<Contender> contenders, Map<String, Timing> timings, double boundOperations) {

    /**
     * A claim of the project on the medians.
     *
     * @param key its name in the JSON file
     * @param label its name in the text
     * @param over key of the numerator
     * @param under key of the denominator
     * @param most the largest ratio that keeps it
     */
    private record Claim(String key, String label, String over, String under, double most) {}

    private static final List<Claim> CLAIMS = List.of(
            new Claim("loraOverStockFull", "LoRA step / stock full step through fit", "lora", "stockFit", 0.5),
            new Claim("loraOverBound", "LoRA step / bound", "lora", "bound", 4));

    private double ratio(Claim claim) {
        return timings.get(claim.over()).median() / timings.get(claim.under()).median();
    }

    private double ratioOfBest(Claim claim) {
        return timings.get(claim.over()).best() / timings.get(claim.under()).best();
    }

    String text() {
        StringBuilder text = new StringBuilder();
        double bound = timings.get("bound").median();
        text.append(String.format("%-72s %10s %10s %8s%n", "", "best ms", "median ms", "/ bound"));
        for (Contender contender : contenders) {
            Timing timing = timings.get(contender.key());
            text.append(String.format(
                    "%-72s %10.0f %10.0f %8.2f%n",
                    contender.label(), 1000 * timing.best(), 1000 * timing.median(), timing.median() / bound));
        }
        text.append(String.format(
                "%nThe bound ran at %.0f GFLOP/s (median). Stock's embedding tables are constants, because it cannot"
                        + " differentiate a lookup: that favors stock.%n%n",
                boundOperations / bound / 1e9));
        for (Claim claim : CLAIMS) {
            text.append(String.format(
                    "%s = %.2f (at most %s: %s)%n",
                    claim.label(),
                    ratio(claim),
                    new DecimalFormat("0.#", DecimalFormatSymbols.getInstance(Locale.ROOT)).format(claim.most()),
                    ratio(claim) <= claim.most() ? "reached" : "not reached"));
        }
        text.append("Of the fastest steps:");
        CLAIMS.forEach(claim -> text.append(String.format(" %.2f", ratioOfBest(claim))));
        text.append(String.format("%n"));
        return text.toString();
    }

    void write(Path file) throws IOException {
        Map<String, Object> ratios = new LinkedHashMap<>();
        CLAIMS.forEach(claim -> ratios.put(
                claim.key(),
                Map.of(
                        "value", ratio(claim),
                        "ofBest", ratioOfBest(claim),
                        "atMost", claim.most(),
                        "reached", ratio(claim) <= claim.most())));
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("machine", machine);
        report.put("batch", Workload.BATCH);
        report.put("length", Workload.LENGTH);
        report.put("rank", Workload.RANK);
        report.put("boundGflop", boundOperations / 1e9);
        report.put("seconds", timings);
        report.put("ratios", ratios);
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), report);
    }
}
