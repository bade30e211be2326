/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.demonstration;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/** The figures of a run as JSON, with the versions that they depend on. */
public final class ReportFile {

    private static final List<String> ARTIFACTS = List.of(
            "org.lora4j/lora-dl4j",
            "org.deeplearning4j/deeplearning4j-nn",
            "org.nd4j/nd4j-native",
            "org.bytedeco/openblas",
            "org.bytedeco/javacpp");

    private ReportFile() {}

    /**
     * Writes figures.
     *
     * @param file the file; replaced if it is there
     * @param figures records, maps, lists, texts and numbers by name; the versions are added
     * @throws IOException if it cannot be written
     */
    public static void write(Path file, Map<String, ?> figures) throws IOException {
        Map<String, Object> report = new LinkedHashMap<>(figures);
        report.put("versions", versions());
        Files.writeString(
                file, new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report));
    }

    /**
     * The size of a file, or of all files below a folder.
     *
     * @param path a file or a folder
     * @return bytes
     * @throws IOException if it cannot be read
     */
    public static long bytes(Path path) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private static Map<String, String> versions() throws IOException {
        Map<String, String> versions = new LinkedHashMap<>();
        for (String artifact : ARTIFACTS) {
            versions.put(artifact.substring(artifact.indexOf('/') + 1), version(artifact));
        }
        versions.put("java", System.getProperty("java.version"));
        versions.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        return versions;
    }

    private static String version(String artifact) throws IOException {
        String resource = "META-INF/maven/" + artifact + "/pom.properties";
        try (InputStream in = ReportFile.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                return "unknown";
            }
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        }
    }
}
