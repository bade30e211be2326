/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.encoder.EncoderTensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A tensor of an encoder of images.
 *
 * @param name the Python name without the prefix of a classifier
 * @param shape in the file
 * @param layout how it is turned for a graph
 * @param needed whether a file must have it
 * @param fields of the config that its shape follows from, with their values; empty where only the widths of layers do
 */
record ImageTensor(String name, long[] shape, Layout layout, boolean needed, String fields) {

    ImageTensor(String name, long[] shape, Layout layout, boolean needed) {
        this(name, shape, layout, needed, "");
    }

    /** How a tensor lies in a graph. */
    enum Layout {
        /** As in the file. */
        PLAIN(),
        /** {@code [out, in]} in the file, {@code [in, out]} in a graph. */
        LINEAR(1, 0),
        /** {@code [out, in, height, width]} in the file, {@code [height, width, in, out]} in a graph. */
        CONVOLUTION(2, 3, 1, 0),
        /** {@code [channels, 1, height, width]} in the file, {@code [height, width, channels, 1]} in a graph. */
        DEPTHWISE(2, 3, 0, 1);

        private final int[] order;

        Layout(int... order) {
            this.order = order;
        }

        INDArray forGraph(INDArray array) {
            return order.length == 0 ? array : array.permute(order).dup('c');
        }

        INDArray forFile(INDArray array) {
            if (order.length == 0) {
                return array;
            }
            int[] inverse = new int[order.length];
            for (int i = 0; i < order.length; i++) {
                inverse[order[i]] = i;
            }
            return array.permute(inverse).dup('c');
        }
    }

    static final String CLASS_TOKEN = "embeddings.cls_token";
    static final String DISTILLATION_TOKEN = "embeddings.distillation_token";
    static final String POSITIONS = "embeddings.position_embeddings";
    static final String PATCHES = "embeddings.patch_embeddings.projection";
    static final String LAYERS = "encoder.layer.";
    static final String NORM = "layernorm";
    static final String POOLER = "pooler.dense";

    static final String STEM = "embeddings.patch_embeddings";
    static final String STEM_NORM = "embeddings.layernorm";
    static final String STAGES = "encoder.stages.";
    static final String DOWN_NORM = "downsampling_layer.0";
    static final String DOWN = "downsampling_layer.1";
    static final String DEPTHWISE = "dwconv";
    static final String WIDE = "pwconv1";
    static final String NARROW = "pwconv2";
    static final String SCALE = "layer_scale_parameter";

    /** Edge of the window of convnext's convolutions. */
    static final int WINDOW = 7;

    /** By how much a stage of convnext shrinks an image. */
    static final int HALF = 2;

    /** By how much wider convnext is between its two linear modules. */
    static final int WIDER = 4;

    private static final String MASK_TOKEN = "embeddings.mask_token";

    /** All tensors of an encoder, in the order of the forward pass. */
    static List<ImageTensor> of(ImageConfig config) {
        Listed all = new Listed(new ArrayList<>());
        if (config.family() == ImageFamily.CONVNEXT) {
            all.convolutions(config);
        } else {
            all.attention(config);
        }
        return all.tensors;
    }

    static String stage(int stage, String module) {
        return STAGES + stage + "." + module;
    }

    static String block(int stage, int layer, String module) {
        return stage(stage, "layers." + layer + "." + module);
    }

    /** Collects tensors. */
    private record Listed(List<ImageTensor> tensors) {

        void attention(ImageConfig config) {
            int hidden = config.hidden();
            plain(CLASS_TOKEN, 1, 1, hidden);
            if (config.family() == ImageFamily.DEIT) {
                plain(DISTILLATION_TOKEN, 1, 1, hidden);
            }
            tensors.add(new ImageTensor(
                    POSITIONS,
                    new long[] {1, config.places(config.imageHeight(), config.imageWidth()), hidden},
                    Layout.PLAIN,
                    true,
                    config.sizes()));
            patches(PATCHES, hidden, config);
            for (EncoderTensor tensor : ImageLayers.of(config).tensors()) {
                Layout layout = tensor.kind() == EncoderTensor.Kind.LINEAR ? Layout.LINEAR : Layout.PLAIN;
                tensors.add(new ImageTensor(tensor.name(), tensor.shapeInFile(), layout, true));
            }
            optional(POOLER + ".weight", Layout.LINEAR, config.poolerWidth(), hidden);
            optional(POOLER + ".bias", Layout.PLAIN, config.poolerWidth());
            // Learned in pretraining, for patches that are hidden; no row of the computation.
            optional(MASK_TOKEN, Layout.PLAIN, -1);
        }

        void convolutions(ImageConfig config) {
            int before = config.widths().get(0);
            patches(STEM, before, config);
            norm(STEM_NORM, before);
            for (int s = 0; s < config.layers(); s++) {
                int width = config.widths().get(s);
                if (s > 0) {
                    norm(stage(s, DOWN_NORM), before);
                    convolution(stage(s, DOWN), width, before, HALF, HALF);
                }
                for (int i = 0; i < config.depths().get(s); i++) {
                    tensors.add(new ImageTensor(
                            block(s, i, DEPTHWISE) + ".weight",
                            new long[] {width, 1, WINDOW, WINDOW},
                            Layout.DEPTHWISE,
                            true));
                    plain(block(s, i, DEPTHWISE) + ".bias", width);
                    norm(block(s, i, NORM), width);
                    linear(block(s, i, WIDE), width, WIDER * width);
                    linear(block(s, i, NARROW), WIDER * width, width);
                    // Without one where the config's start value is 0.
                    optional(block(s, i, SCALE), Layout.PLAIN, width);
                }
                before = width;
            }
            norm(NORM, config.hidden());
        }

        private void plain(String name, long... shape) {
            tensors.add(new ImageTensor(name, shape, Layout.PLAIN, true));
        }

        private void optional(String name, Layout layout, long... shape) {
            tensors.add(new ImageTensor(name, shape, layout, false));
        }

        private void linear(String module, long in, long out) {
            tensors.add(new ImageTensor(module + ".weight", new long[] {out, in}, Layout.LINEAR, true));
            plain(module + ".bias", out);
        }

        private void norm(String module, long size) {
            plain(module + ".weight", size);
            plain(module + ".bias", size);
        }

        private void patches(String module, long out, ImageConfig config) {
            long[] shape = {out, config.channels(), config.patchHeight(), config.patchWidth()};
            tensors.add(new ImageTensor(
                    module + ".weight",
                    shape,
                    Layout.CONVOLUTION,
                    true,
                    "num_channels = " + config.channels() + " and " + config.patchSize()));
            plain(module + ".bias", out);
        }

        private void convolution(String module, long out, long in, long height, long width) {
            tensors.add(
                    new ImageTensor(module + ".weight", new long[] {out, in, height, width}, Layout.CONVOLUTION, true));
            plain(module + ".bias", out);
        }
    }
}
