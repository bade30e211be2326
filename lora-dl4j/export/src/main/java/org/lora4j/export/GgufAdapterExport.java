/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.FloatRows;
import org.lora4j.internal.export.DecoderSource;
import org.lora4j.internal.export.GgufLlama;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.gguf.GgufTensor;
import org.lora4j.internal.format.gguf.GgufWriter;
import org.lora4j.internal.language.DecoderPart;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes an adapter as llama.cpp's LoRA file, which is put on a base in GGUF when that is loaded, and exchanged while it runs.
 *
 * <pre>{@code
 * GgufAdapterExport.of(Path.of("smollm"), tuned).write(Path.of("tuned-lora"));
 * }</pre>
 *
 * <p>A file has one alpha. Where the scale of a module is another one, B is multiplied by what is missing, and the report says
 * so.
 *
 * <p><b>Refused.</b> What is no plain LoRA, with the conversion that makes it one; modules that the architecture has not;
 * embeddings and a tied head, on which llama.cpp puts no update.
 *
 * <p><b>State.</b> A builder. The adapter is only read. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class GgufAdapterExport extends CardedExport<GgufAdapterExport> {

    /** The file that is written. */
    public static final String FILE = "adapter.gguf";

    private static final String WHERE = "GgufAdapterExport";
    private static final String A = "lora_A.weight";
    private static final String B = "lora_B.weight";

    private final Path base;
    private final Adapter adapter;
    private GgufType type = GgufType.F32;

    /** A pair on its way into the file; the product is of scale and rank. */
    private record Pair(GgufLlama.Module module, INDArray a, INDArray b, double product) {

        /** What B lacks, since llama.cpp's scale is alpha over rank. */
        double factor(double alpha) {
            return (float) product == (float) alpha ? 1 : product / alpha;
        }
    }

    private GgufAdapterExport(Path base, Adapter adapter) {
        this.base = base;
        this.adapter = adapter;
    }

    /**
     * Starts an export.
     *
     * @param base the Hugging Face directory of the base, whose config and headers are read
     * @param adapter the adapter
     * @return a builder
     */
    public static GgufAdapterExport of(Path base, Adapter adapter) {
        return new GgufAdapterExport(
                Objects.requireNonNull(base, "GgufAdapterExport.of: base is null; expected its directory"),
                Objects.requireNonNull(adapter, "GgufAdapterExport.of: adapter is null; expected one"));
    }

    /**
     * Sets how A and B are stored, F32 by default.
     *
     * @param type F32 or F16
     * @return this builder
     */
    public GgufAdapterExport type(GgufType type) {
        this.type = Objects.requireNonNull(type, "GgufAdapterExport.type: type is null; expected F32 or F16");
        return this;
    }

    /**
     * Writes a directory with {@value #FILE} and a {@code README.md}.
     *
     * @param directory the directory, which must not exist
     * @return what was written: changed are the adapted modules, notes name those whose B was multiplied
     * @throws org.lora4j.error.ModelFormatException if the base's files are damaged
     * @throws IllegalArgumentException if the adapter is none that the file can hold; the message lists every problem
     * @throws IOException if a file cannot be read, the directory exists or writing fails; nothing is left behind then
     */
    public ExportReport write(Path directory) throws IOException {
        StagedDirectory.requireFree(WHERE, directory);
        Problems problems = new Problems();
        problems.check(type != GgufType.Q8_0, "type " + type + ", expected F32 or F16: ranks are no multiples of 32");
        LoraExport plain = LoraExport.of(adapter);
        plain.check(problems);
        problems.check(
                !plain.needsConversion(),
                "the file holds plain LoRA alone, expected an adapter that"
                        + " AdapterConversion.of(adapter).rank(rank).on(weights) made of this one");
        problems.check(
                adapter.savedParameters().isEmpty(),
                "parameters " + Problems.quoted(adapter.savedParameters().keySet())
                        + " were trained in full, expected none: merge the adapter into the base (GgufExport)");
        Map<String, Pair> pairs;
        try (DecoderSource model = DecoderSource.open(WHERE, base, Optional.empty(), List.of())) {
            GgufLlama.check(model.config(), problems);
            problems.throwIfAny(WHERE);
            pairs = pairs(model, adapter.loraConfig(), problems);
        }
        problems.throwIfAny(WHERE);
        double alpha = alpha(pairs);
        List<String> scaled = pairs.entrySet().stream()
                .filter(pair -> pair.getValue().factor(alpha) != 1)
                .map(Map.Entry::getKey)
                .toList();
        List<GgufTensor> tensors = new ArrayList<>();
        pairs.values().forEach(pair -> {
            tensors.add(tensor(pair.module().name() + ".weight.lora_a", pair.a(), 0, 1));
            tensors.add(tensor(
                    pair.module().name() + ".weight.lora_b",
                    pair.b(),
                    pair.module().heads(),
                    pair.factor(alpha)));
        });
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("general.type", "adapter");
        metadata.put("general.architecture", GgufLlama.NAME);
        metadata.put("general.file_type", type.fileType());
        metadata.put("adapter.type", "lora");
        metadata.put("adapter.lora.alpha", (float) alpha);
        double[] error = new double[1];
        StagedDirectory.write(WHERE, directory, staging -> {
            error[0] = GgufWriter.write(staging.resolve(FILE), metadata, tensors, problems);
            problems.throwIfAny(WHERE);
            WholeFile.write(staging.resolve("README.md"), text(pairs.size()));
        });
        List<String> notes = scaled.isEmpty()
                ? List.of()
                : List.of("the file has one alpha, " + alpha + "; B of " + Problems.quoted(scaled)
                        + " was multiplied, so that the scale is theirs");
        return new ExportReport(
                directory, List.of("README.md", FILE), List.copyOf(pairs.keySet()), List.of(), error[0], notes);
    }

    private Map<String, Pair> pairs(DecoderSource model, LoraConfig config, Problems problems) {
        GgufLlama llama = new GgufLlama(model.config());
        Map<String, Pair> pairs = new TreeMap<>();
        adapter.modules().forEach((path, factors) -> {
            GgufLlama.Module module = llama.module(path).orElse(null);
            INDArray a = factors.get(A);
            INDArray b = factors.get(B);
            boolean tied = module != null
                    && module.part() == DecoderPart.HEAD
                    && model.config().tied();
            if (module == null || module.part() == DecoderPart.WORDS || tied || a == null || b == null) {
                problems.add("module " + MessageText.name(path) + " is "
                        + (module == null ? "none of the architecture" : tied ? "a tied head" : "no linear one")
                        + ", expected linear modules of the layers, or a head with weights of its own");
                return;
            }
            long[] weight = model.shape(path + ".weight");
            problems.check(
                    a.rank() == 2
                            && b.rank() == 2
                            && a.size(1) == weight[1]
                            && b.size(0) == weight[0]
                            && a.size(0) == b.size(1),
                    "module " + MessageText.name(path) + " has A " + Arrays.toString(a.shape()) + " and B "
                            + Arrays.toString(b.shape()) + ", expected those of a weight " + Arrays.toString(weight));
            pairs.put(path, new Pair(module, a, b, config.scalingOf(path) * a.size(0)));
        });
        return pairs;
    }

    /** The one that most pairs have; llama.cpp takes 0 for 1. */
    private static double alpha(Map<String, Pair> pairs) {
        Map<Double, Integer> counts = new TreeMap<>();
        pairs.values().stream()
                .filter(pair -> pair.product() != 0)
                .forEach(pair -> counts.merge((double) (float) pair.product(), 1, Integer::sum));
        return counts.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(1.0);
    }

    private GgufTensor tensor(String name, INDArray array, int heads, double factor) {
        return new GgufTensor(
                name,
                type.element(),
                array.shape(),
                sink -> GgufLlama.write(FloatRows.of(array), heads, row -> {
                    for (int i = 0; factor != 1 && i < row.length; i++) {
                        row[i] = (float) (row[i] * factor);
                    }
                    sink.accept(row);
                }));
    }

    private String text(int modules) {
        return card.text(
                "LoRA adapter in GGUF",
                "gguf",
                "Pairs of A and B for " + modules + " modules.",
                "With llama.cpp:\n\n```sh\nllama-cli -m base.gguf --lora " + FILE + "\n```");
    }

    @Override
    public String toString() {
        return "GgufAdapterExport[" + adapter + ", " + type + "]";
    }
}
