/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.lora4j.tribuo.input.InputSpec;

/** What the first layer of a network eats. */
final class LayerInputs {

    private LayerInputs() {}

    static InputSpec of(String name, Layer first, InputPreProcessor before) {
        if (before instanceof FeedForwardToCnnPreProcessor images) {
            return InputSpec.values(
                    name, -1, images.getInputHeight() * images.getInputWidth() * images.getNumChannels());
        }
        if (first instanceof EmbeddingSequenceLayer embedding) {
            return InputSpec.tokenIds(name, -1, embedding.getNIn());
        }
        if (first instanceof ConvolutionLayer convolution) {
            boolean channelsFirst = convolution.getCnn2dDataFormat() == CNN2DFormat.NCHW;
            return channelsFirst
                    ? InputSpec.values(name, -1, convolution.getNIn(), -1, -1)
                    : InputSpec.values(name, -1, -1, -1, convolution.getNIn());
        }
        boolean row = first instanceof FeedForwardLayer
                && !(first instanceof EmbeddingLayer)
                && !(first instanceof BaseRecurrentLayer);
        if (row && before == null) {
            return InputSpec.values(name, -1, ((FeedForwardLayer) first).getNIn());
        }
        throw new IllegalArgumentException("BaseNetwork: the network begins with a layer of kind "
                + first.getClass().getSimpleName() + (before == null ? "" : " behind " + before)
                + "; expected a dense, convolution (2D) or EmbeddingSequenceLayer."
                + " Examples of Tribuo cannot be turned into its input.");
    }
}
