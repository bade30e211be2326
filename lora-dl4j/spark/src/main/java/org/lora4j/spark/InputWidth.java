/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.OptionalInt;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;

/** How many numbers of a row the first layer of a network reads. */
final class InputWidth {

    private InputWidth() {}

    /** The width; empty if the layer does not tell. */
    static OptionalInt of(Layer layer, InputPreProcessor before) {
        if (layer instanceof FrozenLayer frozen) {
            return of(frozen.getLayer(), before);
        }
        if (before instanceof FeedForwardToCnnPreProcessor image) {
            return OptionalInt.of(
                    Math.toIntExact(image.getInputHeight() * image.getInputWidth() * image.getNumChannels()));
        }
        if (before != null || layer instanceof EmbeddingSequenceLayer) {
            return OptionalInt.empty();
        }
        if (layer instanceof EmbeddingLayer) {
            return OptionalInt.of(1);
        }
        return layer instanceof FeedForwardLayer reads && reads.getNIn() > 0
                ? OptionalInt.of(Math.toIntExact(reads.getNIn()))
                : OptionalInt.empty();
    }
}
