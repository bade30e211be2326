/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.quickstart;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** The figures of a run, as a table and as {@code report.json}. */
record QuickstartReport(
        Outcome headOnly,
        Outcome lora,
        Outcome full,
        double reloadDifference,
        double mergeDifference,
        long seed,
        int epochs) {

    String table() {
        return String.format(
                "%-30s %9s %12s %12s %14s%n%s%s%s",
                "",
                "accuracy",
                "trainable",
                "s an epoch",
                "bytes saved",
                row("frozen encoder, trained head", headOnly),
                row("LoRA", lora),
                row("full fine-tuning", full));
    }

    private static String row(String name, Outcome outcome) {
        return String.format(
                "%-30s %8.2f%% %,12d %12.2f %,14d%n",
                name,
                100 * outcome.accuracy(),
                outcome.trainableParameters(),
                outcome.secondsPerEpoch(),
                outcome.savedBytes());
    }

    void write(Path file) throws IOException {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("headOnly", headOnly);
        report.put("lora", lora);
        report.put("full", full);
        report.put("reload", Map.of("maxDifference", reloadDifference));
        report.put("merge", Map.of("maxDifference", mergeDifference));
        report.put("seed", seed);
        report.put("epochs", epochs);
        report.put("versions", versions());
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), report);
    }

    private static Map<String, String> versions() throws IOException {
        Map<String, String> versions = new LinkedHashMap<>();
        for (String artifact : List.of(
                "org.lora4j/lora-dl4j", "org.nd4j/nd4j-native", "org.bytedeco/openblas", "org.bytedeco/javacpp")) {
            versions.put(artifact.substring(artifact.indexOf('/') + 1), version(artifact));
        }
        versions.put("java", System.getProperty("java.version"));
        versions.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        return versions;
    }

    private static String version(String artifact) throws IOException {
        String resource = "META-INF/maven/" + artifact + "/pom.properties";
        try (InputStream in = QuickstartReport.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                return "unknown";
            }
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        }
    }
}
