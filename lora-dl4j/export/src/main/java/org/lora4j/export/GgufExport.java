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
import org.lora4j.error.Problems;
import org.lora4j.internal.export.DecoderFiles;
import org.lora4j.internal.export.DecoderSource;
import org.lora4j.internal.export.GgufLlama;
import org.lora4j.internal.export.GgufVocabulary;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.gguf.GgufTensor;
import org.lora4j.internal.format.gguf.GgufWriter;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmExporter;
import org.lora4j.weights.ModelWeights;

/**
 * Writes a decoder as a file of GGUF, for llama.cpp and what is built on it: weights with adapters merged, the tokenizer, and
 * what says how both are computed.
 *
 * <pre>{@code
 * GgufExport.of(Path.of("smollm"))
 *         .adapter(tuned)
 *         .type(GgufType.Q8_0)
 *         .write(Path.of("tuned-smollm"));
 * }</pre>
 *
 * <p>Models are those of llama.cpp's architecture "llama": Llama, and Mistral without a window. Tensors are computed and written
 * one after the other, so that the whole model is never in memory.
 *
 * <p><b>Refused.</b> Models of other families, activations and windows, and tokenizers that llama.cpp would run in another way:
 * all that is wrong is in one message, and nothing is written.
 *
 * <p><b>State.</b> A builder. The model and the adapters are only read. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class GgufExport extends MergingExport<GgufExport> {

    /** The file that is written. */
    public static final String FILE = "model.gguf";

    private static final String WHERE = "GgufExport";
    private final Path source;
    private final Optional<ModelWeights> trained;
    private Optional<float[]> scores = Optional.empty();
    private GgufType type = GgufType.F32;

    private GgufExport(CausalLmExporter.Parts parts) {
        this.source = parts.directory();
        this.trained = parts.weights();
        adapters.addAll(parts.adapters());
    }

    /**
     * Starts an export of a model in files.
     *
     * @param directory a Hugging Face directory with {@code config.json}, weights and {@code tokenizer.json}
     * @return a builder
     */
    public static GgufExport of(Path directory) {
        Objects.requireNonNull(directory, "GgufExport.of: directory is null; expected that of a model");
        return new GgufExport(new CausalLmExporter.Parts(directory, Optional.empty(), List.of()));
    }

    /**
     * Starts an export of a model in memory: what it has learned, all weights or the adapters that act, is written.
     *
     * @param model the model; config and tokenizer are read from its directory
     * @return a builder
     * @throws IllegalStateException if its layers are replicated, or it is closed
     */
    public static GgufExport of(CausalLm model) {
        Objects.requireNonNull(model, "GgufExport.of: model is null; expected one, such as CausalLm.load(directory)");
        return new GgufExport(model.exportParts());
    }

    /**
     * Sets how matrices are stored, F32 by default. The report tells the largest rounding error.
     *
     * @param type the type
     * @return this builder
     */
    public GgufExport type(GgufType type) {
        this.type = Objects.requireNonNull(type, "GgufExport.type: type is null; expected one");
        return this;
    }

    /**
     * Gives the scores of a tokenizer of SentencePiece. Without them they are made of the order in which its pairs are merged,
     * which is all that a {@code tokenizer.json} has of them.
     *
     * @param scores a number for each id, as {@code Llama2cCheckpoint.scores} reads them
     * @return this builder
     */
    public GgufExport scores(float[] scores) {
        this.scores = Optional.of(
                Objects.requireNonNull(scores, "GgufExport.scores: scores are null; expected one for each id")
                        .clone());
        return this;
    }

    /**
     * Writes a directory with {@value #FILE} and a {@code README.md}.
     *
     * @param directory the directory, which must not exist
     * @return what was written; notes name the tensors that stay in half precision for {@link GgufType#Q8_0}
     * @throws org.lora4j.error.ModelFormatException if the model's files are damaged
     * @throws org.lora4j.error.IncompatibleBaseException if an adapter does not fit or was trained on another base
     * @throws IllegalArgumentException if the model or its tokenizer is none that llama.cpp computes in the same way, or a
     *     value is beyond the range of the type; the message lists every problem
     * @throws IOException if a file cannot be read, the directory exists or writing fails; nothing is left behind then
     */
    public ExportReport write(Path directory) throws IOException {
        StagedDirectory.requireFree(WHERE, directory);
        DecoderFiles files = DecoderFiles.read(source);
        try (DecoderSource model = DecoderSource.open(WHERE, source, trained, adapters)) {
            Problems problems = new Problems();
            GgufLlama.check(model.config(), problems);
            Optional<GgufVocabulary.Metadata> vocabulary = files.vocabulary(problems)
                    .map(read -> GgufVocabulary.of(read, model.config().vocabulary(), scores, problems));
            problems.throwIfAny(WHERE);
            GgufLlama llama = new GgufLlama(model.config());
            List<String> narrowed = new ArrayList<>();
            List<GgufTensor> tensors = new ArrayList<>(llama.tensors(model, type.element(), narrowed));
            llama.divisors(files.theta()).ifPresent(tensors::add);
            Map<String, Object> metadata = new LinkedHashMap<>();
            metadata.put("general.architecture", GgufLlama.NAME);
            metadata.put("general.type", "model");
            card.base().ifPresent(base -> metadata.put("general.name", base));
            metadata.put("general.file_type", type.fileType());
            metadata.put("general.quantization_version", 2);
            metadata.putAll(llama.metadata(files.theta()));
            metadata.putAll(vocabulary.orElseThrow().metadata());
            double[] error = new double[1];
            StagedDirectory.write(WHERE, directory, staging -> {
                error[0] = GgufWriter.write(staging.resolve(FILE), metadata, tensors, problems);
                problems.throwIfAny(WHERE);
                WholeFile.write(staging.resolve("README.md"), text(model));
            });
            List<String> notes = new ArrayList<>(vocabulary.orElseThrow().notes());
            if (!narrowed.isEmpty()) {
                notes.add("rows of " + Problems.quoted(narrowed) + " are no multiple of "
                        + type.element().block() + " numbers and are stored in half precision");
            }
            return new ExportReport(directory, List.of("README.md", FILE), model.changed(), List.of(), error[0], notes);
        }
    }

    private String text(DecoderSource model) {
        return card.text(
                "GGUF with adapters merged",
                "gguf",
                model.changed().size() + " parameters are not those of the base; matrices are " + type + ".",
                "With llama.cpp:\n\n```sh\nllama-cli -m " + FILE + "\n```");
    }

    @Override
    public String toString() {
        return "GgufExport[" + source + ", " + adapters.size() + " adapters, " + type + "]";
    }
}
