/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.encoder.Encoder;
import org.lora4j.internal.encoder.EncoderGraphMath;
import org.lora4j.internal.graph.SharedArrays;
import org.lora4j.internal.graph.SpareResults;
import org.lora4j.internal.image.ImageFamily.HeadInput;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An encoder of images as a graph, for any number of images of one size. All weights are constants until an adapter is injected or
 * they are made variables.
 *
 * @apiNote Status: internal
 */
public final class ImageGraph {

    /** Placeholder of the numbers of the images, {@code [batch, channels, height, width]}. */
    public static final String PIXELS = "pixel_values";
    /** Output: {@code [batch, tokens, hidden]}, of convnext {@code [batch, hidden, height, width]}. */
    public static final String LAST_HIDDEN_STATE = "last_hidden_state";
    /** Output: what a pooler makes of the first token, or, of convnext, the normalized mean of all places; {@code [batch, hidden]}. */
    public static final String POOLER_OUTPUT = "pooler_output";
    /** Output: the vector of an image, {@code [batch, hidden]}. */
    public static final String POOLED = "pooled";
    /** Output: what the head of a classifier takes. */
    public static final String HEAD_INPUT = "head/input";
    /** Output of a classifier: {@code [batch, classes]}. */
    public static final String LOGITS = "logits";
    /** Output of a classifier with a teacher: what the first token says. */
    public static final String STUDENT_LOGITS = "cls_logits";
    /** Output of a classifier with a teacher: what the second token says. */
    public static final String TEACHER_LOGITS = "distillation_logits";

    private static final double CONVOLUTION_EPSILON = 1e-6;

    private final SameDiff sd;
    private final ImageOps ops;
    private final ImageWeights weights;
    private final ImageConfig config;
    private final int height;
    private final int width;
    private final boolean interpolates;

    private ImageGraph(SameDiff sd, String prefix, ImageWeights weights, int height, int width, boolean interpolates) {
        this.sd = sd;
        this.ops = new ImageOps(sd, prefix, weights);
        this.weights = weights;
        this.config = weights.config();
        this.height = height;
        this.width = width;
        this.interpolates = interpolates;
    }

    /**
     * The encoder alone, as the Python class {@code ViTModel}; paths have no prefix.
     *
     * @param height of images
     * @param width of images
     * @return a new graph over the arrays of the weights
     */
    public static SameDiff encoder(ImageWeights weights, int height, int width) {
        return encoder(weights, height, width, false);
    }

    /** The same as Python computes it with {@code interpolate_pos_encoding}, which is an argument there and in no file. */
    static SameDiff encoder(ImageWeights weights, int height, int width, boolean interpolates) {
        SameDiff sd = SharedArrays.newGraph();
        ImageGraph graph = new ImageGraph(sd, "", weights, height, width, interpolates);
        graph.encoder();
        if (weights.hasPooler()) {
            graph.pooler(POOLER_OUTPUT);
        } else if (graph.config.family() == ImageFamily.DINOV2 || graph.config.family() == ImageFamily.CONVNEXT) {
            sd.identity(POOLER_OUTPUT, sd.getVariable(POOLED));
        }
        return sd;
    }

    /** The encoder with {@link #HEAD_INPUT}; its pooler, if it has one, is there for adapters that have factors for it. */
    static SameDiff forHead(ImageWeights weights, int height, int width, HeadInput input) {
        SameDiff sd = SharedArrays.newGraph();
        ImageGraph graph = new ImageGraph(sd, "", weights, height, width, false);
        graph.encoder();
        graph.headInput(input);
        if (weights.hasPooler()) {
            graph.pooler(SpareResults.name(POOLER_OUTPUT));
        }
        return sd;
    }

    /**
     * The classifier of the file, as the Python class {@code ViTForImageClassification}: paths of the encoder begin with the model type.
     *
     * @param height of images
     * @param width of images
     * @return a new graph over the arrays of the weights, which have a head
     */
    public static SameDiff classifier(ImageWeights weights, int height, int width) {
        return classifier(weights, height, width, false);
    }

    /** The same as Python computes it with {@code interpolate_pos_encoding}, which is an argument there and in no file. */
    static SameDiff classifier(ImageWeights weights, int height, int width, boolean interpolates) {
        SameDiff sd = SharedArrays.newGraph();
        String prefix = weights.config().family().modelType() + ".";
        ImageGraph graph = new ImageGraph(sd, prefix, weights, height, width, interpolates);
        graph.encoder();
        graph.headInput(weights.config().headInput());
        graph.head();
        return sd;
    }

    private void encoder() {
        SDVariable pixels = sd.placeHolder(PIXELS, weights.dataType(), -1, config.channels(), height, width);
        SDVariable image = sd.permute(PIXELS + "/channels_last", pixels, 0, 2, 3, 1);
        if (config.family() == ImageFamily.CONVNEXT) {
            convolutions(image);
        } else {
            attention(image);
        }
    }

    /** Layers with attention, by the pass of all encoders. */
    private void attention(SDVariable image) {
        int places = config.places(height, width);
        SDVariable flat = embeddings(image, places);
        SDVariable batch =
                sd.gather("images/batch", sd.shape("images/shape", sd.getVariable(PIXELS)), new int[] {0}, 0);
        SDVariable size = sd.concat(
                "images/size", 0, batch, sd.constant("images/places", Nd4j.createFromArray(new long[] {places})));
        EncoderGraphMath math = EncoderGraphMath.ofEmbeddings(
                sd, ImageLayers.of(config), weights.tensors()::get, weights.dataType(), ops.path(""), size);
        Encoder<SDVariable> encoder = new Encoder<>(ImageLayers.of(config), math);
        SDVariable hidden = math.perSequence(LAST_HIDDEN_STATE, encoder.layers(flat));
        token(POOLED, hidden, 0);
    }

    private void pooler(String result) {
        config.poolerActivation().apply(ops.linear(sd.getVariable(POOLED), ImageTensor.POOLER), result);
    }

    private void headInput(HeadInput input) {
        SDVariable hidden = sd.getVariable(LAST_HIDDEN_STATE);
        SDVariable first = sd.getVariable(POOLED);
        switch (input) {
            case FIRST_AND_MEAN -> {
                SDVariable patches = hidden.get(
                        SDIndex.all(),
                        SDIndex.interval(config.family().tokens(), config.places(height, width)),
                        SDIndex.all());
                sd.concat(HEAD_INPUT, 1, first, patches.mean("head/mean_of_patches", false, 1));
            }
            case FIRST_TWO -> sd.concat(HEAD_INPUT, 1, first, token("head/second_token", hidden, 1));
            case FIRST, POOLED -> sd.identity(HEAD_INPUT, first);
        }
    }

    private SDVariable token(String name, SDVariable hidden, int token) {
        return sd.updateVariableNameAndReference(hidden.get(SDIndex.all(), SDIndex.point(token), SDIndex.all()), name);
    }

    /** Patches behind the tokens, each with its position. */
    private SDVariable embeddings(SDVariable image, int places) {
        int hidden = config.hidden();
        int tokens = config.family().tokens();
        SDVariable projected = ops.patches(image, ImageTensor.PATCHES, config.patchHeight(), config.patchWidth());
        SDVariable patches = sd.reshape("embeddings/patches", projected, -1, places - tokens, hidden);
        // Room for the tokens, which are the same for all images and so are added with the positions.
        SDVariable room =
                sd.constant("embeddings/room", Nd4j.createFromArray(new int[][] {{0, 0}, {tokens, 0}, {0, 0}}));
        SDVariable behind = sd.nn().pad("embeddings/patches_behind_tokens", patches, room, 0);
        List<SDVariable> table = new ArrayList<>();
        table.add(ops.parameter(ImageTensor.CLASS_TOKEN));
        if (ops.has(ImageTensor.DISTILLATION_TOKEN)) {
            table.add(ops.parameter(ImageTensor.DISTILLATION_TOKEN));
        }
        table.add(sd.constant("embeddings/no_tokens", Nd4j.zeros(weights.dataType(), 1, places - tokens, hidden)));
        SDVariable added = sd.concat("embeddings/tokens", 1, table.toArray(SDVariable[]::new))
                .add("embeddings/tokens_at_positions", positions(places));
        return sd.reshape("embeddings/output", behind.add("embeddings/sum", added), -1, hidden);
    }

    private SDVariable positions(int places) {
        SDVariable table = ops.parameter(ImageTensor.POSITIONS);
        if (config.takesTable(height, width, interpolates)) {
            return table;
        }
        int[] grid = config.table();
        SDVariable matrix = sd.constant(
                "embeddings/stretch",
                Positions.stretched(
                        config.family().tokens(),
                        grid[0],
                        grid[1],
                        config.patchRows(height),
                        config.patchColumns(width),
                        weights.dataType()));
        SDVariable rows = sd.reshape("embeddings/position_rows", table, -1, config.hidden());
        return sd.reshape(
                "embeddings/positions", matrix.mmul("embeddings/stretched_rows", rows), 1, places, config.hidden());
    }

    private void convolutions(SDVariable image) {
        int rows = height / config.patchHeight();
        int columns = width / config.patchWidth();
        SDVariable stem = ops.patches(image, ImageTensor.STEM, config.patchHeight(), config.patchWidth());
        int channels = config.widths().get(0);
        SDVariable flat = ops.layerNorm(
                sd.reshape("embeddings/flat", stem, -1, channels), ImageTensor.STEM_NORM, CONVOLUTION_EPSILON);
        for (int stage = 0; stage < config.layers(); stage++) {
            if (stage > 0) {
                flat = halved(flat, stage, rows, columns, channels);
                rows /= ImageTensor.HALF;
                columns /= ImageTensor.HALF;
                channels = config.widths().get(stage);
            }
            for (int layer = 0; layer < config.depths().get(stage); layer++) {
                flat = block(flat, stage, layer, rows, columns, channels);
            }
            sd.identity(ops.path(ImageTensor.stage(stage, "output")), flat);
        }
        SDVariable places = sd.reshape("places", flat, -1, (long) rows * columns, channels);
        sd.permute(LAST_HIDDEN_STATE, sd.reshape("image_of_places", flat, -1, rows, columns, channels), 0, 3, 1, 2);
        SDVariable pooled = ops.layerNorm(places.mean("mean_of_places", false, 1), ImageTensor.NORM, config.epsilon());
        sd.identity(POOLED, pooled);
    }

    private SDVariable halved(SDVariable flat, int stage, int rows, int columns, int channels) {
        SDVariable normed = ops.layerNorm(flat, ImageTensor.stage(stage, ImageTensor.DOWN_NORM), CONVOLUTION_EPSILON);
        SDVariable image = sd.reshape(ops.path(ImageTensor.stage(stage, "image")), normed, -1, rows, columns, channels);
        SDVariable half =
                ops.patches(image, ImageTensor.stage(stage, ImageTensor.DOWN), ImageTensor.HALF, ImageTensor.HALF);
        return sd.reshape(
                ops.path(ImageTensor.stage(stage, "input")),
                half,
                -1,
                config.widths().get(stage));
    }

    private SDVariable block(SDVariable flat, int stage, int layer, int rows, int columns, int channels) {
        SDVariable image =
                sd.reshape(ops.path(ImageTensor.block(stage, layer, "image")), flat, -1, rows, columns, channels);
        SDVariable mixed =
                ops.depthwise(image, ImageTensor.block(stage, layer, ImageTensor.DEPTHWISE), ImageTensor.WINDOW);
        SDVariable normed = ops.layerNorm(
                sd.reshape(ops.path(ImageTensor.block(stage, layer, "flat")), mixed, -1, channels),
                ImageTensor.block(stage, layer, ImageTensor.NORM),
                CONVOLUTION_EPSILON);
        SDVariable wide = ops.linear(normed, ImageTensor.block(stage, layer, ImageTensor.WIDE));
        SDVariable active = config.activation().apply(wide, ops.path(ImageTensor.block(stage, layer, "activation")));
        SDVariable branch = ops.linear(active, ImageTensor.block(stage, layer, ImageTensor.NARROW));
        String scale = ImageTensor.block(stage, layer, ImageTensor.SCALE);
        String name = ops.path(ImageTensor.block(stage, layer, "output"));
        return flat.add(name, ops.has(scale) ? branch.mul(name + "_scaled", ops.parameter(scale)) : branch);
    }

    private void head() {
        if (!config.isWithTeacher()) {
            logits(LOGITS, sd.getVariable(HEAD_INPUT), ImageWeights.CLASSIFIER);
            return;
        }
        SDVariable student = logits(STUDENT_LOGITS, sd.getVariable(POOLED), ImageWeights.STUDENT);
        SDVariable teacher = logits(TEACHER_LOGITS, sd.getVariable("head/second_token"), ImageWeights.TEACHER);
        student.add("head/sum", teacher).mul(LOGITS, 0.5);
    }

    private SDVariable logits(String name, SDVariable input, String module) {
        SDVariable weight = sd.constant(module + ".weight", weights.head().get(module + ".weight"));
        SDVariable bias = sd.constant(module + ".bias", weights.head().get(module + ".bias"));
        return input.mmul(module + "/product", weight).add(name, bias);
    }
}
