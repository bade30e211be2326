/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.lora4j.error.Problems;
import org.lora4j.internal.export.Labels;
import org.lora4j.internal.export.OnnxOutputs;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.Pooling;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Which outputs a graph gets.
 *
 * @param pooling how the vector of a text is made, or null if none is
 * @param labels classes or tags, in the order of the head's outputs
 * @param several whether a text may have several
 * @param perToken whether each token has one
 */
record OnnxHead(Pooling pooling, List<String> labels, boolean several, boolean perToken) {

    static final OnnxHead NONE = new OnnxHead(null, List.of(), false, false);

    private static final String HEAD = EncoderClassifier.HEAD;
    private static final String POOLER = "pooler.dense";

    static OnnxHead vectors(Pooling pooling) {
        return new OnnxHead(required(pooling), List.of(), false, false);
    }

    static OnnxHead classes(Pooling pooling, List<String> labels, boolean several) {
        return new OnnxHead(required(pooling), List.copyOf(labels), several, false);
    }

    static OnnxHead tags(List<String> tags) {
        return new OnnxHead(null, List.copyOf(tags), false, true);
    }

    private static Pooling required(Pooling pooling) {
        return Objects.requireNonNull(pooling, "OnnxExport: pooling is null; expected one");
    }

    boolean isNone() {
        return pooling == null && labels.isEmpty();
    }

    void check(Problems problems) {
        if (!labels.isEmpty() || perToken) {
            Labels.check(labels, problems);
        }
    }

    /** Adds the outputs; what is taken of the parameters is told by their names. */
    List<String> add(OnnxOutputs outputs, Function<String, Optional<INDArray>> parameters, Problems problems) {
        List<String> taken = new ArrayList<>();
        boolean hasOps = pooling == null || OnnxOutputs.POOLINGS.contains(pooling);
        problems.check(
                hasOps,
                "pooling = " + pooling + ", expected one of " + OnnxOutputs.POOLINGS + ", which have ops in ONNX here");
        if (!hasOps) {
            return taken;
        }
        boolean needsMask = pooling != null && pooling.modes().contains(Pooling.Mode.MEAN);
        problems.check(
                !needsMask || outputs.hasMask(),
                "no input \"attention_mask\", expected one for pooling " + pooling + ", or CLS");
        Map<String, INDArray> pooler =
                Pooling.POOLER.equals(pooling) ? linear(POOLER, parameters, taken, problems) : Map.of();
        boolean hidden =
                !labels.isEmpty() && parameters.apply(HEAD + ".dense.weight").isPresent();
        Map<String, INDArray> dense = hidden ? linear(HEAD + ".dense", parameters, taken, problems) : Map.of();
        Map<String, INDArray> last =
                labels.isEmpty() ? Map.of() : linear(hidden ? HEAD + ".out_proj" : HEAD, parameters, taken, problems);
        if (last.containsKey("weight")) {
            long rows = last.get("weight").size(0);
            problems.check(
                    rows == labels.size(), labels.size() + " labels, expected " + rows + ", the outputs of the head");
        }
        problems.check(!(perToken && hidden), "the head has a hidden layer, expected a linear one for tags");
        if (!problems.isEmpty()) {
            return taken;
        }
        String vector = null;
        if (pooling != null) {
            vector = outputs.pooled(pooling, pooler);
            outputs.output(vector, OnnxOutputs.EMBEDDING, 0, false);
        }
        if (!labels.isEmpty()) {
            String input =
                    hidden ? outputs.tanh(outputs.linear(vector, dense.get("weight"), dense.get("bias"))) : vector;
            String scores = perToken
                    ? outputs.linearOfTokens(last.get("weight"), last.get("bias"))
                    : outputs.linear(input, last.get("weight"), last.get("bias"));
            outputs.output(scores, OnnxOutputs.LOGITS, labels.size(), perToken);
            outputs.probabilities(OnnxOutputs.LOGITS, several, labels.size(), perToken);
        }
        return taken;
    }

    private static Map<String, INDArray> linear(
            String module, Function<String, Optional<INDArray>> parameters, List<String> taken, Problems problems) {
        Optional<INDArray> weight = parameters.apply(module + ".weight");
        Optional<INDArray> bias = parameters.apply(module + ".bias");
        problems.check(
                weight.isPresent() && bias.isPresent(),
                "neither the file nor what was trained has \"" + module
                        + "\" with weight and bias, expected it for what is added");
        if (weight.isEmpty() || bias.isEmpty()) {
            return Map.of();
        }
        taken.add(module + ".weight");
        taken.add(module + ".bias");
        return Map.of("weight", weight.get(), "bias", bias.get());
    }

    @Override
    public String toString() {
        return isNone() ? "no output added" : (perToken ? "tags" : pooling + "") + " " + labels.size() + " labels";
    }
}
