/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.export.CausalLmExport;
import org.lora4j.export.HuggingFaceExport;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.Pooling;
import org.lora4j.text.TextEncoder;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Directories of Hugging Face as Jlama reads them, in a process of its own on a newer JDK:
 * {@code mvn -Pforeign verify -Dforeign.jdk=DIR}.
 *
 * <p>Jlama judges names, shapes, values, tokens and labels. It does not judge vectors: in version 0.8.4 a token of BERT sees only
 * those before it ({@code CausalSelfAttention}), the second sum of a layer takes its input before the norm instead of behind it
 * ({@code TransformerBlock}), and the pooler gets the last token instead of the first. Its numbers are those of another network. Numbers are judged by ONNX Runtime and LangChain4j.
 */
class ForeignReadersTest {

    private static final List<String> LABELS = List.of("a", "b", "c");

    @TempDir
    private Path folder;

    private Path java;

    @BeforeEach
    void find() {
        String jdk = System.getProperty("foreign.jdk", "");
        String message = "skipped: no JDK 21 to run Jlama on (-Pforeign -Dforeign.jdk=DIR)";
        java = Path.of(jdk, "bin", "java");
        boolean there = !jdk.isEmpty() && Files.isExecutable(java);
        if (!there) {
            System.out.println(message);
        }
        assumeTrue(there, message);
    }

    private static Adapter adapter(SameDiff graph, String... modulesToSave) {
        LoraConfig config = LoraConfig.builder()
                .rank(4)
                .alpha(8)
                .targetModules("query", "value", "intermediate.dense")
                .modulesToSave(modulesToSave)
                .build();
        return MovedAdapter.of(Lora.inject(graph, config, 3));
    }

    @Test
    void sentenceEncoder_isReadByJlama_tensorForTensor() throws IOException, InterruptedException {
        try (TextEncoder encoder = withPooler()) {
            Adapter adapter =
                    adapter(EncoderGraph.create(encoder.weights(), Pooling.MEAN).graph());
            HuggingFaceExport.of(encoder).adapter(adapter).write(folder.resolve("vectors"));

            List<String> lines = jlama(folder.resolve("vectors"));

            assertTensors(lines, merged(encoder, adapter, ""));
            assertThat(lines).contains("tokens [101, 2073, 2003, 2026, 4003, 1029, 102]");
        }
    }

    @Test
    void sequenceClassifier_isReadByJlama_tensorForTensor_andItsLabels() throws IOException, InterruptedException {
        try (TextEncoder encoder = withPooler()) {
            Adapter adapter = adapter(
                    EncoderClassifier.create(encoder.weights(), Pooling.POOLER, LABELS.size(), 5)
                            .graph(),
                    EncoderClassifier.HEAD);
            HuggingFaceExport.of(encoder)
                    .adapter(adapter)
                    .sequenceClassifier(LABELS)
                    .write(folder.resolve("classes"));

            List<String> lines = jlama(folder.resolve("classes"), "where is my card?");

            Map<String, INDArray> expected = merged(encoder, adapter, "bert.");
            expected.putAll(adapter.savedParameters());
            assertTensors(lines, expected);
            assertThat(lines)
                    .filteredOn(line -> line.startsWith("classes "))
                    .singleElement()
                    .satisfies(line -> assertThat(line).contains(LABELS));
        }
    }

    @Test
    void decoder_inSeveralFiles_isReadByJlama_tensorForTensor() throws IOException, InterruptedException {
        Path base = Path.of(System.getProperty("lora4j.shared"), "fixtures/lm/models/stories260k");
        assumeTrue(Files.isDirectory(base), "skipped: no golden language models (-Dlora4j.shared=FOLDER)");
        Adapter adapter = Adapter.load(base.resolve("adapter-all"));
        CausalLmExport.of(base).adapter(adapter).shardBytes(300_000).write(folder.resolve("decoder"));

        List<String> lines = jlama(folder.resolve("decoder"), "-");

        Map<String, INDArray> expected = new LinkedHashMap<>();
        try (ModelWeights weights = ModelWeights.open(base)) {
            for (String name : weights.names()) {
                Map<String, INDArray> factors = adapter.modules().get(name.replaceFirst("\\.weight$", ""));
                INDArray update = factors == null
                        ? weights.get(name).mul(0)
                        : factors.get("lora_B.weight")
                                .mmul(factors.get("lora_A.weight"))
                                .mul(2);
                expected.put(name, weights.get(name).add(update));
            }
        }
        assertTensors(lines, expected);
    }

    /** Jlama asks every BERT for a pooler. */
    private static TextEncoder withPooler() throws IOException {
        TextEncoder plain = TextEncoder.named("all-minilm-l6-v2");
        return TextEncoder.of(MovedAdapter.withPooler(plain.weights()), plain.tokenizer(), Pooling.POOLER);
    }

    /** By the formula: W + alpha / rank * B A, in PyTorch's layout. */
    private static Map<String, INDArray> merged(TextEncoder encoder, Adapter adapter, String prefix) {
        Map<String, INDArray> merged = new LinkedHashMap<>();
        encoder.weights().tensors().forEach((name, array) -> {
            boolean linear = array.rank() == 2 && !name.startsWith("embeddings.");
            INDArray weight = linear ? array.transpose().dup('c') : array;
            Map<String, INDArray> factors = adapter.modules().get(name.replaceFirst("\\.weight$", ""));
            merged.put(
                    prefix + name,
                    factors == null || !name.endsWith(".weight")
                            ? weight
                            : weight.add(factors.get("lora_B.weight")
                                    .mmul(factors.get("lora_A.weight"))
                                    .mul(2)));
        });
        return merged;
    }

    private static void assertTensors(List<String> lines, Map<String, INDArray> expected) {
        Map<String, String[]> found = new LinkedHashMap<>();
        lines.stream()
                .filter(line -> line.startsWith("tensor "))
                .map(line -> line.split(" "))
                .forEach(parts -> found.put(parts[1], parts));
        assertThat(found.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
        expected.forEach((name, array) -> {
            String[] parts = found.get(name);
            assertThat(List.of(parts[2], parts[3]))
                    .as(name)
                    .containsExactly(
                            Long.toString(array.rank() == 1 ? 1 : array.size(0)),
                            Long.toString(array.size(array.rank() - 1)));
            float[] values = array.dup('c').data().asFloat();
            double sum = 0;
            double size = 0;
            for (int i = 0; i < values.length; i++) {
                sum += values[i] * (i % 1009 + 1.0);
                size += Math.abs(values[i]) * (i % 1009 + 1.0);
            }
            assertThat(Double.parseDouble(parts[4])).as(name).isCloseTo(sum, within(1e-7 * size));
        });
    }

    private List<String> jlama(Path directory, String... texts) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                java.toString(),
                "-Xmx1g",
                "--enable-preview",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "--source",
                version(),
                program(),
                directory.toString()));
        command.addAll(List.of(texts));
        File log = folder.resolve("jlama.log").toFile();
        Process process = new ProcessBuilder(command)
                .redirectOutput(log)
                .redirectErrorStream(true)
                .start();
        boolean ended = process.waitFor(5, TimeUnit.MINUTES);
        if (!ended) {
            process.destroyForcibly();
        }
        List<String> all = Files.readAllLines(log.toPath());
        assertThat(ended && process.exitValue() == 0).as(String.join("\n", all)).isTrue();
        return all;
    }

    /** Of the other JDK: preview features are those of its own version only. */
    private String version() throws IOException {
        Properties release = new Properties();
        try (Reader file = Files.newBufferedReader(java.resolveSibling("../release"))) {
            release.load(file);
        }
        String version = release.getProperty("JAVA_VERSION").replace("\"", "");
        return Integer.toString(Runtime.Version.parse(version).feature());
    }

    private static String program() {
        URL source = ForeignReadersTest.class.getResource("/foreign/JlamaReader.java");
        try {
            return Path.of(source.toURI()).toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
