/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.StorageType;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.error.Problems;
import org.lora4j.internal.export.TypedTensors;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.weights.AdapterConversion;
import org.lora4j.weights.ConvertedAdapter;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes an adapter for engines that know plain LoRA and nothing else: a PEFT directory with pairs of A and B alone, and the
 * parameters that were trained in full beside it.
 *
 * <pre>{@code
 * LoraExport.of(classifier.adapter()).write(Path.of("plain-lora"));
 * }</pre>
 *
 * <p>Many engines refuse {@code modules_to_save}, so a head goes to {@code head.safetensors}, under the names of its parameters
 * and in PyTorch's layout, and the config does not mention it. Rank stabilization becomes a value of alpha. Methods other than
 * LoRA, DoRA, and starts that move the base are converted, for which the base and a {@link #rank} are needed.
 *
 * <p><b>Refused.</b> What plain LoRA has no place for, all in one message: biases that were trained, a bias on B, rows of
 * embeddings, stacked experts, repeated layers.
 *
 * <p><b>State.</b> A builder. The adapter is only read. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class LoraExport extends CardedExport<LoraExport> {

    /** The file of parameters that were trained in full. */
    public static final String HEAD = "head.safetensors";

    private static final String WHERE = "LoraExport";

    private final Adapter adapter;
    private ModelWeights base;
    private int rank;
    private StorageType type = StorageType.F32;

    private LoraExport(Adapter adapter) {
        this.adapter = adapter;
    }

    /**
     * Starts an export.
     *
     * @param adapter the adapter
     * @return a builder
     */
    public static LoraExport of(Adapter adapter) {
        return new LoraExport(Objects.requireNonNull(adapter, "LoraExport.of: adapter is null; expected one"));
    }

    /**
     * Lets an adapter of another method be converted.
     *
     * @param weights the weights of its base; they stay the caller's
     * @param rank the rank of every pair, 1 or more; the report tells what is lost by it
     * @return this builder
     */
    public LoraExport rank(ModelWeights weights, int rank) {
        this.base = Objects.requireNonNull(weights, "LoraExport.rank: weights are null; expected those of the base");
        this.rank = rank;
        return this;
    }

    /**
     * Sets the element type of all tensors, F32 by default. The report tells the largest rounding error.
     *
     * @param type the type
     * @return this builder
     */
    public LoraExport type(StorageType type) {
        this.type = Objects.requireNonNull(type, "LoraExport.type: type is null; expected one");
        return this;
    }

    /**
     * Writes the directory.
     *
     * @param directory the directory, which must not exist
     * @return what was written: changed are the adapted modules, added the parameters of the head; the error is the largest by
     *     rounding, or the largest relative one of a converted module if that is larger
     * @throws IOException if the directory exists or writing fails; nothing is left behind then
     * @throws IllegalArgumentException if the adapter is none that plain LoRA can express; the message lists every problem
     */
    public ExportReport write(Path directory) throws IOException {
        StagedDirectory.requireFree(WHERE, directory);
        Problems problems = new Problems();
        check(problems);
        problems.throwIfAny(WHERE);
        double lost = 0;
        Adapter lora = adapter;
        if (needsConversion()) {
            ConvertedAdapter converted =
                    AdapterConversion.of(adapter).rank(rank).on(base);
            lora = converted.adapter();
            lost = converted.largestError();
        }
        Adapter plain = plain(lora);
        Map<String, INDArray> head = adapter.savedParameters();
        Map<String, INDArray> all = new LinkedHashMap<>(head);
        plain.modules()
                .forEach((path, factors) -> factors.forEach((suffix, array) -> all.put(path + "." + suffix, array)));
        double error = Math.max(lost, TypedTensors.largestError(all, type, problems));
        problems.throwIfAny(WHERE);
        List<String> files = new ArrayList<>(List.of("README.md", "adapter_config.json", "adapter_model.safetensors"));
        StagedDirectory.write(WHERE, directory, staging -> {
            WholeFile.write(staging.resolve("README.md"), text(plain));
            plain.save(staging, type);
            if (!head.isEmpty()) {
                TypedTensors.write(staging.resolve(HEAD), head, type);
                files.add(HEAD);
            }
        });
        return new ExportReport(
                directory,
                files,
                plain.modules().keySet().stream().toList(),
                head.keySet().stream().toList(),
                error);
    }

    boolean needsConversion() {
        return !(adapter.config() instanceof LoraConfig lora)
                || lora.dora()
                || lora.initialization().movesBase();
    }

    void check(Problems problems) {
        problems.check(
                adapter.config().bias() == BiasTraining.NONE,
                "biases were trained (" + adapter.config().bias() + "), expected none");
        problems.check(adapter.config().trainableTokens().isEmpty(), "rows of embeddings were trained, expected none");
        problems.check(adapter.config().layerReplication().isEmpty(), "layers are repeated, expected each once");
        problems.check(
                adapter.config().targetParameters().isEmpty(),
                "parameters are adapted (" + adapter.config().targetParameters() + "), expected modules only");
        problems.check(
                !(adapter.config() instanceof LoraConfig lora) || !lora.loraBias(), "B has a bias, expected none");
        Optional<String> refusal = AdapterConversion.refusal(adapter.config());
        refusal.ifPresent(problems::add);
        problems.check(
                !needsConversion() || base != null || refusal.isPresent(),
                "the adapter is of the method " + adapter.config().peftType()
                        + (adapter.config() instanceof LoraConfig lora && lora.dora() ? " with DoRA" : "")
                        + (adapter.config().initialization().movesBase() ? ", which moved the base at its start" : "")
                        + ", expected plain LoRA, or rank(weights, rank) to convert it");
        problems.check(!needsConversion() || base == null || rank >= 1, "rank = " + rank + ", expected 1 or more");
        problems.check(!adapter.modules().isEmpty(), "no module is adapted, expected at least one");
    }

    /** Without what is trained in full, and with one rule for the scale. */
    private static Adapter plain(Adapter adapter) {
        LoraConfig before = adapter.loraConfig();
        LoraConfig.Builder config = before.toBuilder().modulesToSave(List.of()).dropout(0);
        if (before.scalingRule() != Scaling.STANDARD) {
            config.scalingRule(Scaling.STANDARD)
                    .alpha(before.scalingRule().scaling(before.alpha(), before.rank()) * before.rank());
            Map<String, Double> alphas = new LinkedHashMap<>();
            adapter.modules().keySet().stream()
                    .filter(path -> !before.rankPattern().isEmpty()
                            || !before.alphaPattern().isEmpty())
                    .forEach(path -> alphas.put(path, before.scalingOf(path) * before.rankOf(path)));
            config.alphaPattern(alphas);
        }
        return Adapter.of(config.build(), adapter.modules(), Map.of()).onBaseOf(List.of(adapter));
    }

    private String text(Adapter plain) {
        String head = adapter.savedParameters().isEmpty()
                ? ""
                : " Parameters that were trained in full are in `" + HEAD
                        + "` and have to be put into the model besides.";
        return card.text(
                "Plain LoRA adapter",
                "peft",
                "Pairs of A and B for " + plain.modules().size() + " modules." + head,
                """
                In Python, with PEFT:

                ```python
                from peft import PeftModel

                model = PeftModel.from_pretrained(base_model, "path/to/this/directory")
                ```

                In Java, with lora4j:

                ```java
                Adapter adapter = Adapter.load(Path.of("path/to/this/directory"));
                ```
                """);
    }

    @Override
    public String toString() {
        return "LoraExport[" + adapter + ", " + type + "]";
    }
}
