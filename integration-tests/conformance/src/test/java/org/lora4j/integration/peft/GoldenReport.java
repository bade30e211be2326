/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The outcome of a run in one host.
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
        return counts(count(Status.PASSED), count(Status.FAILED), count(Status.UNSUPPORTED));
    }

    static String counts(long passed, long failed, long unsupported) {
        return passed + " passed, " + failed + " failed, " + unsupported + " unsupported";
    }

    static Map<String, Object> json(CaseResult result) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("case", result.name());
        json.put("family", result.family());
        json.put("directory", result.directory().toString());
        json.put("status", result.status().name().toLowerCase(java.util.Locale.ROOT));
        json.put("reason", result.reason());
        json.put("checks", result.checks().stream().map(GoldenReport::json).toList());
        return json;
    }

    private static Map<String, Object> json(Check check) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", check.name());
        json.put("passed", check.passed());
        json.put("comparisons", check.comparisons());
        if (check.maxError() != null) {
            json.put("maxError", check.maxError());
        }
        if (!check.passed()) {
            json.put("problem", check.problem());
        }
        return json;
    }
}
