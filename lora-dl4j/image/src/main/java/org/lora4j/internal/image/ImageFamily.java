/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.internal.encoder.EncoderFamily;
import org.lora4j.internal.encoder.EncoderPart;

/**
 * The families of encoders of images: a row says in what it differs from the others. Paths of modules are those of the Python
 * classes, those of a layer without {@code encoder.layer.N.} in front.
 *
 * @apiNote Status: internal
 */
public enum ImageFamily {
    /** Vision Transformer (Dosovitskiy et al. 2020, arXiv:2010.11929). */
    VIT("vit", "ViT", ImageProcessor.VIT, 1, Layers.VIT, 1e-12, HeadInput.FIRST, List.of("query", "value")),
    /** The same with a second token, which learned from a teacher (Touvron et al. 2020, arXiv:2012.12877). */
    DEIT("deit", "DeiT", ImageProcessor.DEIT, 2, Layers.VIT, 1e-12, HeadInput.FIRST, List.of("query", "value")),
    /** Layers with a scale of their own, a head on the first token and the mean of the patches (Oquab et al. 2023, arXiv:2304.07193). */
    DINOV2(
            "dinov2",
            "Dinov2",
            ImageProcessor.BIT,
            1,
            Layers.DINOV2,
            1e-6,
            HeadInput.FIRST_AND_MEAN,
            List.of("query", "value")),
    /** Convolutions in place of attention (Liu et al. 2022, arXiv:2201.03545). */
    CONVNEXT(
            "convnext",
            "ConvNext",
            ImageProcessor.CONVNEXT,
            0,
            Map.of(),
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

    /** The modules of layers. */
    private static final class Layers {

        private static final Map<EncoderPart, String> VIT = Map.of(
                EncoderPart.ATTENTION_NORM, "layernorm_before",
                EncoderPart.MLP_NORM, "layernorm_after",
                EncoderPart.UP, "intermediate.dense",
                EncoderPart.DOWN, "output.dense");

        private static final Map<EncoderPart, String> DINOV2 = Map.of(
                EncoderPart.ATTENTION_NORM, "norm1",
                EncoderPart.ATTENTION_SCALE, "layer_scale1.lambda1",
                EncoderPart.MLP_NORM, "norm2",
                EncoderPart.MLP_SCALE, "layer_scale2.lambda1",
                EncoderPart.UP, "mlp.fc1",
                EncoderPart.DOWN, "mlp.fc2");

        /** In their place where a gate is packed with the first of the two. */
        private static final Map<EncoderPart, String> GATED = Map.of(
                EncoderPart.GATE_AND_UP, "mlp.weights_in",
                EncoderPart.DOWN, "mlp.weights_out");

        private static final Map<EncoderPart, String> OF_ALL = Map.of(
                EncoderPart.QUERY, "attention.attention.query",
                EncoderPart.KEY, "attention.attention.key",
                EncoderPart.VALUE, "attention.attention.value",
                EncoderPart.ATTENTION_OUTPUT, "attention.output.dense",
                EncoderPart.FINAL_NORM, "layernorm");
    }

    private static final String CLASSIFIER = "ForImageClassification";
    private static final String WITH_TEACHER = "ForImageClassificationWithTeacher";

    private final String modelType;
    private final String python;
    private final ImageProcessor processor;
    private final int tokens;
    private final Map<EncoderPart, String> layers;
    private final double epsilon;
    private final HeadInput headInput;
    private final List<String> defaultTargets;

    ImageFamily(
            String modelType,
            String python,
            ImageProcessor processor,
            int tokens,
            Map<EncoderPart, String> layers,
            double epsilon,
            HeadInput headInput,
            List<String> defaultTargets) {
        this.modelType = modelType;
        this.python = python;
        this.processor = processor;
        this.tokens = tokens;
        this.layers = layers;
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

    /** The parts of layers with attention, by their paths. */
    Map<EncoderPart, String> parts(boolean gated) {
        Map<EncoderPart, String> parts = new EnumMap<>(EncoderPart.class);
        parts.putAll(Layers.OF_ALL);
        parts.putAll(layers);
        if (gated) {
            parts.remove(EncoderPart.UP);
            parts.putAll(Layers.GATED);
        }
        return parts;
    }

    /** The row of the table of encoders that has these parts. */
    EncoderFamily layers(boolean gated) {
        return EncoderFamily.ofEmbeddings(modelType, python, parts(gated), "attention.attention", "mlp");
    }

    /** Of the norms, where a config does not say. */
    double epsilon() {
        return epsilon;
    }

    HeadInput headInput() {
        return headInput;
    }
}
