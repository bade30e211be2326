/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.lora4j.Lora;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.samediff.GraphParts;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The lower four layers, which no adapter of this example touches: they run once for each text, for all strategies, epochs and
 * evaluations, and what they give is the input of the layers above. Module paths are those of the whole encoder, and so are
 * the adapters'.
 */
final class LowerLayers implements Inputs {

    /** The hidden states after the fourth layer, {@code [tokens of the batch, hidden]}. */
    private static final String HIDDEN = "encoder.layer.3.output.LayerNorm/output";

    private final GraphExecutor executor;
    private final Map<String, float[][]> hidden = new ConcurrentHashMap<>();

    LowerLayers(SameDiff whole) {
        executor = Lora.executor(whole);
    }

    /** The part of a graph above the lower layers; arrays are shared. */
    static SameDiff upper(SameDiff whole) {
        return GraphParts.above(whole, Set.of(HIDDEN), List.of(EncoderClassifier.LOGITS, EncoderClassifier.LOSS));
    }

    /** Runs the lower layers on texts. */
    void add(Collection<Texts> all, Consumer<String> out) {
        for (Texts texts : all) {
            Iterator<EncodedBatch> batches = texts.buckets().inOrder();
            while (batches.hasNext()) {
                add(batches.next(), texts.texts());
            }
        }
        out.accept("the lower layers have run, once for each of " + hidden.size() + " texts");
    }

    private void add(EncodedBatch batch, List<LabeledText> texts) {
        Map<String, INDArray> inputs = new HashMap<>(batch.placeholders());
        inputs.remove(EncoderClassifier.LABELS);
        float[][] rows = executor.output(inputs, List.of(HIDDEN)).get(HIDDEN).toFloatMatrix();
        int padded = (int) batch.ids().size(1);
        int[] lengths = batch.mask().sum(1).toIntVector();
        for (int i = 0; i < batch.size(); i++) {
            float[][] own = Arrays.copyOfRange(rows, i * padded, i * padded + lengths[i]);
            hidden.put(texts.get(batch.exampleIndices()[i]).text(), own);
        }
    }

    @Override
    public Map<String, INDArray> of(EncodedBatch batch, List<LabeledText> texts) {
        int padded = (int) batch.ids().size(1);
        int width = hidden.values().iterator().next()[0].length;
        float[] all = new float[batch.size() * padded * width];
        for (int i = 0; i < batch.size(); i++) {
            float[][] own = hidden.get(texts.get(batch.exampleIndices()[i]).text());
            for (int token = 0; token < own.length; token++) {
                System.arraycopy(own[token], 0, all, (i * padded + token) * width, width);
            }
        }
        Map<String, INDArray> inputs = new HashMap<>(batch.placeholders());
        inputs.put(HIDDEN, Nd4j.create(all, new long[] {(long) batch.size() * padded, width}, 'c'));
        return inputs;
    }
}
