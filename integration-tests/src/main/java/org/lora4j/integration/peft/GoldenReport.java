/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The outcome of a run, for people and for programs.
 *
 * @param results the cases in order
 */
record GoldenReport(List<CaseResult> results) {

    GoldenReport {
        results = List.copyOf(results);
    }

    long count(Status status) {
        return results.stream().filter(result -> result.status() == status).count();
    }

    String summary() {
        return count(Status.PASSED) + " passed, " + count(Status.FAILED) + " failed, " + count(Status.UNSUPPORTED)
                + " unsupported";
    }

    void write(Path file) throws IOException {
        List<Map<String, Object>> cases =
                results.stream().map(GoldenReport::json).toList();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("passed", count(Status.PASSED));
        report.put("failed", count(Status.FAILED));
        report.put("unsupported", count(Status.UNSUPPORTED));
        report.put("cases", cases);
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(
                file, new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report) + "\n");
    }

    private static Map<String, Object> json(CaseResult result) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("case", result.name());
        json.put("family", result.family());
        json.put("directory", result.directory().toString());
        json.put("status", result.status().name().toLowerCase(java.util.Locale.ROOT));
        json.put("reason", result.reason());
        json.put("checks", result.checks());
        return json;
    }
}
