/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.internal.array.SpectralNorm;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.weights.ModelWeights;

/**
 * How much an adapter changed each weight, and in how many directions.
 *
 * <pre>{@code
 * UpdateReport report = UpdateReport.of(model.adapter("default"), ModelWeights.of(model));
 * }</pre>
 *
 * <p><b>What is counted.</b> Changes of weights by an adapter of any method, of linear modules, embeddings and
 * convolutions. Named as left out: convolutions in groups and stacks of experts, whose weight is no single matrix; rows
 * of tables and parameters that were trained in full. Methods that also change biases (IA3, RoAd) are counted by their
 * weights.
 *
 * <p><b>Costs.</b> The change of LoRA is never formed: its singular values come from QR decompositions of the factors,
 * O((m + n) r^2) for a weight [m, n]. The spectral norm of the weight takes some dozens of products with a vector. A
 * weight [3072, 768] at rank 16 takes about half a second. For other methods the change is formed, and if its rank is
 * high decomposed, in O(m n min(m, n)): some seconds for that weight.
 *
 * @param modules the weights that change, in order of paths
 * @param leftOut what else the adapter changes, by path, and why it has no figures
 * @apiNote Status: experimental
 */
public record UpdateReport(List<ModuleUpdate> modules, Map<String, String> leftOut) {

    /**
     * Copies list and map.
     *
     * @param modules the weights that change
     * @param leftOut what is left out, and why
     */
    public UpdateReport {
        modules = List.copyOf(modules);
        leftOut = Collections.unmodifiableMap(new TreeMap<>(leftOut));
    }

    /**
     * Measures an adapter.
     *
     * @param adapter an adapter of any method
     * @param base the weights of its base model, without any adapter merged: {@code ModelWeights.of(model)} of a
     *     model of SameDiff or Deeplearning4j, or those of a file
     * @return the figures
     * @throws IncompatibleBaseException if the adapter does not fit the base or was made on another one
     * @throws IllegalArgumentException if the adapter changes no weight, all its updates are zero, or weights are
     *     not finite; the message lists everything
     */
    public static UpdateReport of(Adapter adapter, ModelWeights base) throws IncompatibleBaseException {
        Arguments.required(adapter, "UpdateReport.of: adapter", "an adapter");
        Arguments.required(base, "UpdateReport.of: base", "the weights of the base");
        List<ModuleUpdate> modules = new ArrayList<>();
        Map<String, String> leftOut = ChangedMatrices.forEach(
                "UpdateReport", adapter, base, (path, matrices) -> modules.add(measured(path, matrices)));
        return new UpdateReport(modules, leftOut);
    }

    private static ModuleUpdate measured(String path, ChangedMatrices matrices) {
        SingularValues update = matrices.update();
        Matrix weight = matrices.weight();
        double there =
                update.left().times(weight).times(update.right().transposed()).norm();
        return new ModuleUpdate(
                path,
                matrices.change().shape(),
                weight.norm(),
                SpectralNorm.of(weight),
                Arrays.stream(update.values()).boxed().toList(),
                update.values().length == 0 ? 0 : update.norm(0) / there);
    }

    /**
     * The figures as JSON, under the names of {@link ModuleUpdate}; what is infinite is null.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("modules", modules.stream().map(ModuleUpdate::values).toList());
        values.put("leftOut", leftOut);
        return JsonObjects.write(values);
    }

    /** A table with a line for each module: sizes, and the ranks that describe the change. */
    @Override
    public String toString() {
        ReportTable table = new ReportTable(
                "module",
                "|dW|",
                "|dW|/|W|",
                "s(dW)/s(W)",
                "effective rank",
                "stable rank",
                "rank of 90 %",
                "amplification");
        modules.forEach(module -> table.line(
                module.path(),
                module.norm(),
                module.relativeNorm(),
                module.relativeSpectralNorm(),
                module.effectiveRank(),
                module.stableRank(),
                module.rankFor(0.9),
                module.amplification()));
        return table.leftOut(leftOut).toString();
    }
}
