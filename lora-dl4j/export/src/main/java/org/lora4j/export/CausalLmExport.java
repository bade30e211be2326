/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.adapter.StorageType;
import org.lora4j.error.Problems;
import org.lora4j.internal.export.DecoderFiles;
import org.lora4j.internal.export.DecoderShards;
import org.lora4j.internal.export.DecoderSource;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmExporter;
import org.lora4j.weights.ModelWeights;

/**
 * Writes a decoder as a directory of Hugging Face, as {@code save_pretrained} does: weights with adapters merged, and every
 * other file as it was.
 *
 * <pre>{@code
 * CausalLmExport.of(Path.of("smollm"))
 *         .adapter(tuned)
 *         .type(StorageType.BF16)
 *         .write(Path.of("tuned-smollm"));
 * }</pre>
 *
 * <p>The {@code config.json} is that of the base to the letter, with another element type. Tensors have the names that they had,
 * and a tied head has none. They are computed and written one after the other, so that the whole model is never in memory.
 *
 * <p><b>State.</b> A builder. The model and the adapters are only read. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class CausalLmExport extends MergingExport<CausalLmExport> {

    private static final String WHERE = "CausalLmExport";

    /** What Transformers takes for a file, unless it is told otherwise. */
    private static final long SHARD = 5_000_000_000L;

    private final Path source;
    private final Optional<ModelWeights> trained;
    private StorageType type = StorageType.F32;
    private long shard = SHARD;

    private CausalLmExport(CausalLmExporter.Parts parts) {
        this.source = parts.directory();
        this.trained = parts.weights();
        adapters.addAll(parts.adapters());
    }

    /**
     * Starts an export of a model in files.
     *
     * @param directory a Hugging Face directory with {@code config.json} and weights
     * @return a builder
     */
    public static CausalLmExport of(Path directory) {
        Objects.requireNonNull(directory, "CausalLmExport.of: directory is null; expected that of a model");
        return new CausalLmExport(new CausalLmExporter.Parts(directory, Optional.empty(), List.of()));
    }

    /**
     * Starts an export of a model in memory: what it has learned, all weights or the adapters that act, is written.
     *
     * @param model the model; config, tokenizer and templates are read from its directory
     * @return a builder
     * @throws IllegalStateException if its layers are replicated, or it is closed
     */
    public static CausalLmExport of(CausalLm model) {
        Objects.requireNonNull(
                model, "CausalLmExport.of: model is null; expected one, such as CausalLm.load(directory)");
        return new CausalLmExport(model.exportParts());
    }

    /**
     * Sets the element type of all tensors, F32 by default. The report tells the largest rounding error.
     *
     * @param type the type
     * @return this builder
     */
    public CausalLmExport type(StorageType type) {
        this.type = Objects.requireNonNull(type, "CausalLmExport.type: type is null; expected one");
        return this;
    }

    /**
     * Sets how many bytes of tensors a file has at most, 5 GB by default. A model with more has several files and an index; a
     * tensor with more has a file of its own.
     *
     * @param bytes 1 or more
     * @return this builder
     */
    public CausalLmExport shardBytes(long bytes) {
        Problems problems = new Problems();
        problems.atLeast("bytes", bytes, 1);
        problems.throwIfAny("CausalLmExport.shardBytes");
        this.shard = bytes;
        return this;
    }

    /**
     * Writes the directory.
     *
     * @param directory the directory, which must not exist
     * @return what was written
     * @throws org.lora4j.error.ModelFormatException if the model's files are damaged
     * @throws org.lora4j.error.IncompatibleBaseException if an adapter does not fit or was trained on another base
     * @throws IllegalArgumentException if an adapter changes the embeddings of a tied head, or a value is beyond the range of
     *     the type; the message lists every problem
     * @throws IOException if a file cannot be read, the directory exists or writing fails; nothing is left behind then
     */
    public ExportReport write(Path directory) throws IOException {
        StagedDirectory.requireFree(WHERE, directory);
        DecoderFiles beside = DecoderFiles.read(source);
        try (DecoderSource model = DecoderSource.open(WHERE, source, trained, adapters)) {
            Problems problems = new Problems();
            DecoderShards shards = new DecoderShards(model, type, problems);
            List<String> files = new ArrayList<>();
            StagedDirectory.write(WHERE, directory, staging -> {
                files.addAll(shards.write(staging, shard));
                problems.throwIfAny(WHERE);
                files.addAll(beside.copy(staging, DecoderShards.typeName(type)));
                shards.requireSame(WHERE, staging);
                WholeFile.write(staging.resolve("README.md"), text(model));
                files.add("README.md");
            });
            return new ExportReport(
                    directory, files.stream().sorted().toList(), model.changed(), List.of(), shards.largestError());
        }
    }

    private String text(DecoderSource model) {
        return card.text(
                "Language model with adapters merged",
                "transformers",
                model.changed().size() + " parameters are not those of the base; tensors are " + type + ".",
                """
                In Python:

                ```python
                from transformers import AutoModelForCausalLM, AutoTokenizer

                tokenizer = AutoTokenizer.from_pretrained("path/to/this/directory")
                model = AutoModelForCausalLM.from_pretrained("path/to/this/directory", torch_dtype="auto")
                ```
                """);
    }

    @Override
    public String toString() {
        return "CausalLmExport[" + source + ", " + adapters.size() + " adapters, " + type + "]";
    }
}
