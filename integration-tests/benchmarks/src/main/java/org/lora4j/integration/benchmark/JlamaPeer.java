/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.lora4j.format.DType;
import org.lora4j.internal.format.json.JsonObjects;

/** Jlama in a process of its own, since it needs a newer JDK than this project: time for a token of a model in BF16. */
final class JlamaPeer {

    private final Path java;

    /**
     * Jlama on a JDK.
     *
     * @param home folder of a JDK of 21 or newer
     */
    JlamaPeer(Path home) {
        this.java = home.resolve("bin/java");
    }

    /** The shortest mean time of a token, in seconds, of some texts with random weights of the shape of Qwen2.5-0.5B. */
    double token(int threads) throws IOException {
        Path folder = Files.createTempDirectory("jlama");
        Path program = folder.resolve("JlamaTokens.java");
        Path log = folder.resolve("log");
        try (InputStream source = JlamaPeer.class.getResourceAsStream("/peers/JlamaTokens.java")) {
            Files.copy(source, program);
        }
        RandomModel.writeTokenizer(folder, RandomModel.write(folder, RandomModel.HALF_BILLION, DType.BF16));
        Map<String, Object> config = new LinkedHashMap<>(JsonObjects.read(folder.resolve("config.json")));
        config.putAll(Map.of("bos_token_id", 1, "eos_token_id", 2));
        JsonObjects.write(folder.resolve("config.json"), config);
        Process process = new ProcessBuilder(
                        java.toString(),
                        "-Xmx4g",
                        "--enable-preview",
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "--source",
                        version(),
                        program.toString(),
                        folder.toString(),
                        Integer.toString(threads))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            int status = process.waitFor();
            List<String> lines = Files.readAllLines(log);
            return lines.stream()
                    .filter(line -> line.startsWith("token "))
                    .mapToDouble(line -> Double.parseDouble(line.substring("token ".length())) / 1e3)
                    .min()
                    .orElseThrow(() -> new IOException("Jlama ended with status " + status + ": "
                            + lines.subList(Math.max(0, lines.size() - 10), lines.size())));
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while Jlama was running", e);
        }
    }

    /** Of the other JDK: preview features are those of its own version only. */
    private String version() throws IOException {
        Properties release = new Properties();
        try (InputStream file = Files.newInputStream(java.resolveSibling("../release"))) {
            release.load(file);
        }
        return release.getProperty("JAVA_VERSION").replace("\"", "").replaceFirst("\\..*", "");
    }
}
