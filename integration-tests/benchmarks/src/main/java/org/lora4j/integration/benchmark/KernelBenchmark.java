/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;

/**
 * Kernels in Java, and whether HotSpot makes vector code of their loops: each JDK runs them with and without. {@code
 * docs/decisions/} has what follows from the numbers.
 *
 * <p>Arguments: the folder for the report, and the number of rounds that count. The property {@value #JDKS} names folders of more
 * JDKs, with commas.
 */
public final class KernelBenchmark {

    static final String JDKS = "benchmark.java";

    private static final List<String> OPTIONS = List.of(
            "-Xmx1g",
            "-XX:+UseSerialGC",
            // Waits for the compiler, so that a warm-up is short.
            "-XX:-BackgroundCompilation",
            "-Dorg.bytedeco.javacpp.maxbytes=4G",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=6G",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");
    private static final Map<String, String> ENVIRONMENT = Map.of("OMP_NUM_THREADS", "1", "OMP_WAIT_POLICY", "PASSIVE");

    private KernelBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds
     * @throws IOException if a process fails or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        List<Path> homes = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"))));
        for (String home : System.getProperty(JDKS, "").split(",")) {
            if (!home.isBlank()) {
                homes.add(Path.of(home.trim()));
            }
        }
        Map<String, Map<String, Object>> rows = new LinkedHashMap<>();
        for (Path home : homes) {
            String jdk = "JDK " + version(home);
            Map<String, Double> vectors = run(home, "-XX:+UseSuperWord", args[1]);
            Map<String, Double> scalar = run(home, "-XX:-UseSuperWord", args[1]);
            vectors.forEach((name, nanoseconds) -> {
                String[] words = name.split("\\" + KernelProcess.SEPARATOR);
                if (!words[1].equals(KernelProcess.NANOSECONDS)) {
                    return;
                }
                Map<String, Object> row = rows.computeIfAbsent(words[0], n -> new LinkedHashMap<>(Map.of("what", n)));
                row.put(jdk + ", ns a value", nanoseconds);
                Double bytes = vectors.get(words[0] + KernelProcess.SEPARATOR + KernelProcess.BYTES);
                row.put(jdk + ", GB/s", bytes == null ? "" : bytes / nanoseconds);
                row.put(jdk + ", times faster than without vectors", scalar.get(name) / nanoseconds);
            });
        }
        new Summary("Kernels in Java, with and without HotSpot's vectors", Machine.facts())
                .note("Java", String.join(" ", OPTIONS))
                .grid("one thread", List.copyOf(rows.values()))
                .publish(Path.of(args[0]), "kernels");
    }

    private static Map<String, Double> run(Path home, String vectors, String rounds) throws IOException {
        List<String> options = new ArrayList<>(OPTIONS);
        options.add(vectors);
        return ChildJava.run(home, KernelProcess.class, options, List.of(rounds), ENVIRONMENT);
    }

    private static String version(Path home) throws IOException {
        Properties release = new Properties();
        try (Reader file = Files.newBufferedReader(home.resolve("release"), StandardCharsets.UTF_8)) {
            release.load(file);
        }
        return release.getProperty("JAVA_VERSION").replace("\"", "");
    }
}
