/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Finds the adapter that leads from a base model to a fully fine-tuned one: the best approximation of the difference of
 * each targeted weight by the config's rank.
 *
 * <pre>{@code
 * LoraConfig config = LoraConfig.builder().rank(16).alpha(16).targetModules("query", "value").build();
 * ExtractedAdapter found = LoraExtraction.of(config).saveOthers().extract(base, tuned);
 * }</pre>
 *
 * <p><i>Shapes</i> (PyTorch's): linear [outputs, inputs], or [inputs, outputs] if the config has {@code fanInFanOut} ·
 * convolution [outputs, inputs, kernel...], not in groups · embedding [vocabulary, dimension]. A linear weight and an
 * embedding look alike, so embeddings are named by {@link #embeddings}.
 *
 * <p>The config is honored as it stands: ranks by its patterns, and the factors are divided by its scaling. Parameters
 * that it says are saved in full (modules to save, biases) are taken from the tuned model. Time grows with the square of
 * the smaller side of a weight times the larger one: a second or two for [1024, 1024].
 *
 * <p><b>State.</b> Arrays are only read. A builder may be used again. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class LoraExtraction {

    private final LoraConfig config;
    private ModuleSelector embeddings = ModuleSelector.none();
    private boolean saveOthers;

    private LoraExtraction(LoraConfig config) {
        this.config = config;
    }

    /**
     * Starts an extraction.
     *
     * @param config targets (by names or a regular expression), ranks, alphas; it becomes the adapter's
     * @return a builder
     */
    public static LoraExtraction of(LoraConfig config) {
        return new LoraExtraction(config);
    }

    /**
     * Says which of the targets are embeddings.
     *
     * @param names full paths or last segments of modules
     * @return this builder
     */
    public LoraExtraction embeddings(String... names) {
        this.embeddings = ModuleSelector.suffixes(names);
        return this;
    }

    /**
     * Asks to save parameters in full that differ and do not belong to a target's weight: their modules go to the
     * config's {@code modulesToSave}, and biases of targets are saved with {@code bias} of the adapted modules. Otherwise
     * {@link ExtractedAdapter#leftOut} reports them and the adapter goes without.
     *
     * @return this builder
     */
    public LoraExtraction saveOthers() {
        this.saveOthers = true;
        return this;
    }

    /**
     * Extracts the adapter.
     *
     * @param base the parameters of the base model by name ({@code encoder.layer.0.query.weight})
     * @param tuned those of the tuned model, with the same names and shapes
     * @return the adapter, its errors and what it left out
     * @throws IllegalArgumentException if names or shapes differ, a target matches nothing or no weight of 2 to 5
     *     dimensions, an element is not finite, or a module has the scaling 0; the message lists everything
     */
    public ExtractedAdapter extract(Map<String, INDArray> base, Map<String, INDArray> tuned) {
        ModelDifference difference = ModelDifference.of(config, embeddings, base, tuned);
        Map<String, Map<String, INDArray>> modules = new TreeMap<>();
        Map<String, Double> errors = new TreeMap<>();
        for (String path : difference.targets()) {
            Matrix change = difference.change(path);
            FactorLayout layout = difference.layout(path);
            int rank = config.rankOf(path);
            SingularValues svd = SingularValues.leading(change, rank);
            MatrixPair pair = MatrixPair.of(svd);
            double whole = change.norm();
            errors.put(
                    path,
                    whole == 0 ? 0 : change.plus(-1, pair.b().times(pair.a())).norm() / whole);
            MatrixPair unscaled = new MatrixPair(pair.a(), pair.b().scaled(1 / config.scalingOf(path)));
            DataType type = difference.isDouble(path) ? DataType.DOUBLE : DataType.FLOAT;
            modules.put(path, layout.arrays(unscaled.padded(rank), type));
        }
        SavedInFull saved = SavedInFull.of(config, difference, saveOthers);
        List<String> leftOut = new ArrayList<>(difference.changedOthers());
        leftOut.removeAll(saved.parameters().keySet());
        return new ExtractedAdapter(Adapter.of(saved.config(), modules, saved.parameters()), errors, leftOut);
    }
}
