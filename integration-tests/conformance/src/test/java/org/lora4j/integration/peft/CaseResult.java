/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The outcome of a case.
 *
 * @param name the case
 * @param family its family
 * @param directory its folder
 * @param status how it ended
 * @param checks what was checked
 * @param reason what failed or is unsupported, or what could not be checked; empty if nothing
 */
record CaseResult(String name, String family, Path directory, Status status, List<Check> checks, String reason) {

    /** @param required whether the case is one that has to be supported */
    static CaseResult of(String name, String family, Path directory, CheckList list, boolean required) {
        List<String> failed = list.checks().stream()
                .filter(check -> !check.passed())
                .map(check -> check.name() + ": " + check.problem())
                .toList();
        Status status = Status.PASSED;
        Stream<String> reasons = list.notes().stream();
        if (!failed.isEmpty()) {
            status = Status.FAILED;
            reasons = Stream.concat(failed.stream(), reasons);
        } else if (!list.unsupported().isEmpty()) {
            status = required ? Status.FAILED : Status.UNSUPPORTED;
            String prefix = required ? "not supported, but required: " : "";
            reasons = list.unsupported().stream().map(reason -> prefix + reason);
        } else if (list.checks().isEmpty()) {
            status = Status.FAILED;
            reasons = Stream.of("nothing could be checked");
        }
        return new CaseResult(
                name,
                family,
                directory,
                status,
                list.checks(),
                reasons.distinct().collect(Collectors.joining("; ")));
    }

    String line() {
        int comparisons = checks.stream().mapToInt(Check::comparisons).sum();
        double error = checks.stream()
                .filter(check -> check.maxError() != null)
                .mapToDouble(Check::maxError)
                .max()
                .orElse(0);
        String figures = String.format(
                Locale.ROOT, "%d checks, %d comparisons, largest error %.1e", checks.size(), comparisons, error);
        return String.format(
                Locale.ROOT,
                "%-11s %s (%s): %s%s",
                status,
                name,
                family,
                figures,
                reason.isEmpty() ? "" : "; " + reason);
    }
}
