/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The families of encoders of images: a row says in what it differs from the others. Paths of modules are those of the Python
 * classes, those of a layer without {@code encoder.layer.N.} in front.
 *
 * @apiNote Status: internal
 */
public enum ImageFamily {
    /** Vision Transformer (Dosovitskiy et al. 2020, arXiv:2010.11929). */
    VIT("vit", "ViT", ImageProcessor.VIT, 1, Names.VIT, 1e-12, HeadInput.FIRST, List.of("query", "value")),
    /** The same with a second token, which learned from a teacher (Touvron et al. 2020, arXiv:2012.12877). */
    DEIT("deit", "DeiT", ImageProcessor.DEIT, 2, Names.VIT, 1e-12, HeadInput.FIRST, List.of("query", "value")),
    /** Layers with a scale of their own, a head on the first token and the mean of the patches (Oquab et al. 2023, arXiv:2304.07193). */
    DINOV2(
            "dinov2",
            "Dinov2",
            ImageProcessor.BIT,
            1,
            Names.DINOV2,
            1e-6,
            HeadInput.FIRST_AND_MEAN,
            List.of("query", "value")),
    /** Convolutions in place of attention (Liu et al. 2022, arXiv:2201.03545). */
    CONVNEXT(
            "convnext",
            "ConvNext",
            ImageProcessor.CONVNEXT,
            0,
            null,
            1e-12,
            HeadInput.POOLED,
            List.of("pwconv1", "pwconv2"));

    /** What a classifier's head takes of the tokens. */
    enum HeadInput {
        /** The first token. */
        FIRST,
        /** The first token and the mean of all patches side by side. */
        FIRST_AND_MEAN,
        /** The first two tokens side by side: two heads, of which the mean is taken, are one. */
        FIRST_TWO,
        /** The mean of all places, normalized. */
        POOLED
    }

    /**
     * The modules of a layer.
     *
     * @param firstNorm before attention
     * @param secondNorm before the two layers behind it
     * @param wide the first of them
     * @param narrow the second
     * @param gatedWide in its place where a gate is packed with it
     * @param gatedNarrow the one behind that
     * @param scales of the results of both parts; null if there are none
     */
    record Names(
            String firstNorm,
            String secondNorm,
            String wide,
            String narrow,
            String gatedWide,
            String gatedNarrow,
            List<String> scales) {

        private static final Names VIT = new Names(
                "layernorm_before", "layernorm_after", "intermediate.dense", "output.dense", null, null, List.of());
        private static final Names DINOV2 = new Names(
                "norm1",
                "norm2",
                "mlp.fc1",
                "mlp.fc2",
                "mlp.weights_in",
                "mlp.weights_out",
                List.of("layer_scale1.lambda1", "layer_scale2.lambda1"));
    }

    private static final String CLASSIFIER = "ForImageClassification";
    private static final String WITH_TEACHER = "ForImageClassificationWithTeacher";

    private final String modelType;
    private final String python;
    private final ImageProcessor processor;
    private final int tokens;
    private final Names names;
    private final double epsilon;
    private final HeadInput headInput;
    private final List<String> defaultTargets;

    ImageFamily(
            String modelType,
            String python,
            ImageProcessor processor,
            int tokens,
            Names names,
            double epsilon,
            HeadInput headInput,
            List<String> defaultTargets) {
        this.modelType = modelType;
        this.python = python;
        this.processor = processor;
        this.tokens = tokens;
        this.names = names;
        this.epsilon = epsilon;
        this.headInput = headInput;
        this.defaultTargets = defaultTargets;
    }

    static Optional<ImageFamily> of(String modelType) {
        return Arrays.stream(values())
                .filter(family -> family.modelType.equals(modelType))
                .findFirst();
    }

    static List<String> modelTypes() {
        return Arrays.stream(values()).map(ImageFamily::modelType).toList();
    }

    /** {@code model_type} of a config, and what the paths of a classifier's encoder begin with. */
    public String modelType() {
        return modelType;
    }

    /** The Python class of the encoder. */
    public String encoderClass() {
        return python + "Model";
    }

    /** The Python class of a classifier. */
    public String classifierClass() {
        return python + CLASSIFIER;
    }

    /** Whether a Python class has the two heads of a student with a teacher. */
    boolean isWithTeacher(String architecture) {
        return this == DEIT && architecture.equals(python + WITH_TEACHER);
    }

    /** The modules that PEFT adapts in this family by itself. */
    public List<String> defaultTargets() {
        return defaultTargets;
    }

    ImageProcessor processor() {
        return processor;
    }

    /** How many tokens come before the patches; 0 where there are no tokens. */
    int tokens() {
        return tokens;
    }

    Names names() {
        return names;
    }

    /** Of the norms, where a config does not say. */
    double epsilon() {
        return epsilon;
    }

    HeadInput headInput() {
        return headInput;
    }
}
