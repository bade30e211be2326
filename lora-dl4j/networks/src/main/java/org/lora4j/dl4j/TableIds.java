/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.lora4j.internal.array.Extremes;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An input of a network that an embedding layer reads as rows of its table.
 *
 * @param input name of the input
 * @param layer path of the layer
 * @param rows how many rows the table has
 */
record TableIds(String input, String layer, long rows) {

    /** All of a network; {@code readers} are the layers that read each input as it is. */
    static List<TableIds> of(Map<String, List<LayerSite>> readers) {
        return readers.entrySet().stream()
                .flatMap(entry -> entry.getValue().stream()
                        .filter(site ->
                                site.conf() instanceof EmbeddingLayer || site.conf() instanceof EmbeddingSequenceLayer)
                        .map(site ->
                                new TableIds(entry.getKey(), site.path(), ((FeedForwardLayer) site.conf()).getNIn())))
                .toList();
    }

    /** What is wrong with ids, or null. */
    String problem(INDArray ids) {
        Extremes found = Extremes.of(ids);
        double least = found.least();
        double most = found.most();
        return least >= 0 && most < rows
                ? null
                : "input \"" + input + "\" holds " + (least < 0 ? (long) least : (long) most) + ", expected 0 to "
                        + (rows - 1) + " (" + rows + " rows of the embedding layer \"" + layer + "\")";
    }
}
