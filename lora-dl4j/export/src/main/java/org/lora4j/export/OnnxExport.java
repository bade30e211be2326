/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.export.OnnxSource;
import org.lora4j.internal.export.Trained;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.weights.ModelWeights;

/**
 * Writes what was trained into the ONNX file that its base came in: adapters, or all weights.
 *
 * <pre>{@code
 * OnnxExport.of(Path.of("all-minilm-l6-v2.onnx"))
 *         .adapter(tuned.adapter())
 *         .vectors(Pooling.NORMALIZED_MEAN)
 *         .tokenizer(encoder.tokenizer())
 *         .write(Path.of("tuned"));
 * }</pre>
 *
 * <p>The elements of changed weights are replaced where they are, in the file or in files beside it. All else stays as it is:
 * nodes, inputs, outputs, versions and remarks. What is added comes after: the vector of a text ({@code sentence_embedding}
 * [batch, features]), scores ({@code logits}) and {@code probabilities}, as nodes of the standard.
 *
 * <p><b>Refused.</b> A weight that an adapter changes has to be an initializer or a Constant, used once, by MatMul, Gemm, Conv
 * or Gather, as it is or turned by a Transpose. Weights that are shared, quantized or computed otherwise are all named, with
 * their nodes, and nothing is written. So is an adapter of another base, as the hashes in it tell.
 *
 * <p><b>Limits.</b> A model file has less than 2 GiB, as protobuf wants; larger models keep their weights in files beside it,
 * which are copied. A single weight has less than 2 GiB. FLOAT and DOUBLE only.
 *
 * <p><b>State.</b> A builder. The base and the adapters are only read. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class OnnxExport extends MergingExport<OnnxExport> {

    /** The file in the directory that is written. */
    public static final String MODEL = "model.onnx";

    private static final String WHERE = "OnnxExport";

    private final OnnxSource source;
    private final Trained trained = new Trained(adapters);
    private OnnxHead head = OnnxHead.NONE;
    private boolean dropsHead;
    private byte[] tokenizer;

    private OnnxExport(OnnxSource source) {
        this.source = source;
    }

    /**
     * Starts an export.
     *
     * @param model the ONNX file of the base; read when it is written
     * @return a builder
     */
    public static OnnxExport of(Path model) {
        return new OnnxExport(
                OnnxSource.of(Objects.requireNonNull(model, "OnnxExport.of: model is null; expected an ONNX file")));
    }

    /**
     * Starts an export of a model of the class path.
     *
     * @param loader where to look, for example {@code getClass().getClassLoader()}
     * @param resource name of the resource, without a leading slash, for example {@code all-minilm-l6-v2.onnx}
     * @return a builder
     */
    public static OnnxExport ofResource(ClassLoader loader, String resource) {
        return new OnnxExport(OnnxSource.ofResource(loader, resource));
    }

    /**
     * Sets all parameters, for a model whose weights were trained in full, or of which the head alone was. Adapters are merged
     * into them.
     *
     * @param weights the parameters of the whole model in PyTorch's names and layout, as {@code TextClassifier.weights()}
     *     gives them
     * @return this builder
     */
    public OnnxExport weights(ModelWeights weights) {
        trained.set("OnnxExport.weights", weights);
        return this;
    }

    /**
     * Adds the vector of a text as an output {@code sentence_embedding} [batch, features].
     *
     * @param pooling how it is made of the vectors of tokens; with {@link Pooling#POOLER} the file or an adapter has to have
     *     {@code pooler.dense}
     * @return this builder
     */
    public OnnxExport vectors(Pooling pooling) {
        head = OnnxHead.vectors(pooling);
        return this;
    }

    /**
     * Adds the classes of a text, by the head in the adapter, as outputs {@code logits} and {@code probabilities}
     * [batch, classes], and the vector before it as {@code sentence_embedding}. The labels go to {@code config.json}.
     *
     * @param pooling how the input of the head is made
     * @param labels the classes in the order of the head's outputs, as {@code TextClassifier.labels()} gives them
     * @return this builder
     */
    public OnnxExport classes(Pooling pooling, List<String> labels) {
        head = OnnxHead.classes(pooling, labels, false);
        return this;
    }

    /**
     * As {@link #classes}, where a text may have several labels: probabilities are those of each by itself.
     *
     * @param pooling how the input of the head is made
     * @param labels the labels in the order of the head's outputs
     * @return this builder
     */
    public OnnxExport severalLabels(Pooling pooling, List<String> labels) {
        head = OnnxHead.classes(pooling, labels, true);
        return this;
    }

    /**
     * Adds the tags of tokens, by the head in the adapter, as outputs {@code logits} and {@code probabilities}
     * [batch, length, tags].
     *
     * @param tags the tags in the order of the head's outputs, as {@code TokenClassifier.tags()} gives them
     * @return this builder
     */
    public OnnxExport tags(List<String> tags) {
        head = OnnxHead.tags(tags);
        return this;
    }

    /**
     * Leaves out parameters of adapters that have no place in the file: the head of a classifier of which the encoder is wanted.
     *
     * @return this builder
     */
    public OnnxExport withoutHead() {
        dropsHead = true;
        return this;
    }

    /**
     * Writes a tokenizer beside the model, as {@code tokenizer.json}.
     *
     * @param tokenizer the tokenizer of the encoder
     * @return this builder
     * @throws IllegalArgumentException if it was not read from a {@code tokenizer.json}
     */
    public OnnxExport tokenizer(TextTokenizer tokenizer) {
        this.tokenizer = json(WHERE, tokenizer);
        return this;
    }

    static byte[] json(String where, TextTokenizer tokenizer) {
        if (tokenizer instanceof HuggingFaceTextTokenizer read) {
            return read.json();
        }
        throw new IllegalArgumentException(where + ".tokenizer: " + tokenizer
                + "; expected one that was read from a tokenizer.json: HuggingFaceTextTokenizer.load(path, length).");
    }

    /**
     * Writes a directory: {@code model.onnx}, the files beside it that the base has, {@code README.md}, and the tokenizer and
     * labels that were given.
     *
     * @param directory the directory, which must not exist
     * @return what was written
     * @throws org.lora4j.error.IncompatibleBaseException if an adapter or the weights do not fit, or an adapter was trained on
     *     another base
     * @throws org.lora4j.error.ModelFormatException if the file is damaged or changes while it is read, or has weights that
     *     cannot be replaced; the message names all of them with their nodes
     * @throws IOException if the directory exists, or reading or writing fails; nothing is left behind then
     * @throws IllegalArgumentException if there is nothing to write, or an output that cannot be added; the message lists every
     *     problem
     */
    public ExportReport write(Path directory) throws IOException {
        if (trained.isEmpty() && head == OnnxHead.NONE) {
            throw new IllegalArgumentException(
                    WHERE
                            + ": nothing to write; expected an adapter, weights or an output to add. Call adapter(...), weights(...) or vectors(...).");
        }
        Problems problems = new Problems();
        head.check(problems);
        problems.throwIfAny(WHERE);
        Backend.require();
        StagedDirectory.requireFree(WHERE, directory);
        OnnxRewrite rewrite = OnnxRewrite.of(source, trained, head, dropsHead);
        return rewrite.write(WHERE, directory, tokenizer, card);
    }

    @Override
    public String toString() {
        return "OnnxExport[" + source + ", " + trained + ", " + head + "]";
    }
}
