/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.encoder.EncoderActivation;
import org.lora4j.internal.encoder.FixedFields;
import org.lora4j.internal.format.huggingface.JsonObjectFile;

/**
 * What the {@code config.json} of an encoder of images says.
 *
 * @param family which row of the table
 * @param channels of an image, 1 or 3
 * @param imageHeight rows that the table of positions was made for
 * @param imageWidth columns that it was made for
 * @param patchHeight rows of a patch
 * @param patchWidth columns of a patch
 * @param hidden width of a token; of convnext that of the last stage
 * @param layers number of layers; of convnext of stages
 * @param heads of attention
 * @param intermediate width between the two linear modules of a layer
 * @param gated whether the first of them has a gate packed behind it
 * @param bias whether queries, keys and values have biases
 * @param epsilon of the norms
 * @param activation between the two linear modules
 * @param poolerActivation behind the pooler of vit
 * @param poolerWidth of what that pooler gives
 * @param widths of the stages of convnext
 * @param depths layers of each of its stages
 * @param architecture the Python class that was saved; empty if the file does not say
 * @param labels names of the outputs of a head by their index; empty if the file has none
 * @param fields all fields as they were read
 * @apiNote Status: internal
 */
public record ImageConfig(
        ImageFamily family,
        int channels,
        int imageHeight,
        int imageWidth,
        int patchHeight,
        int patchWidth,
        int hidden,
        int layers,
        int heads,
        int intermediate,
        boolean gated,
        boolean bias,
        double epsilon,
        EncoderActivation activation,
        EncoderActivation poolerActivation,
        int poolerWidth,
        List<Integer> widths,
        List<Integer> depths,
        String architecture,
        List<String> labels,
        Map<String, Object> fields) {

    /** Name of the file. */
    public static final String FILE = "config.json";

    private static final int MOST = 1 << 20;
    private static final int THIRD_STAGE = 4;
    private static final int MOST_HALVINGS = 30;

    /** Beyond that no encoder was made, and a file that asks for it would take memory before it fails. */
    private static final long MOST_PIXELS = 1L << 24;

    private static final int MOST_PLACES = 1 << 14;
    private static final String PROBLEM_TYPE = "problem_type";

    /**
     * Reads the file.
     *
     * @throws ModelFormatException if it is of another family, or a field cannot be followed; the message lists every problem
     * @throws IOException if it cannot be read
     */
    public static ImageConfig read(Path file) throws IOException {
        Map<String, Object> fields = JsonObjectFile.read(file, "the config.json of an image model");
        Object type = fields.get("model_type");
        ImageFamily family = ImageFamily.of(String.valueOf(type))
                .orElseThrow(() -> new ModelFormatException(file + ": model_type is "
                        + (type == null ? "missing" : MessageText.name(type)) + "; expected one of "
                        + Problems.quoted(ImageFamily.modelTypes())
                        + (type == null ? "" : ClosestNames.hint(String.valueOf(type), ImageFamily.modelTypes()))
                        + ". Encoders of texts are read by TextEncoder.load."));
        Problems problems = new Problems();
        ImageConfig config = of(family, new Reader(fields, problems));
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString())
                    + ". The model cannot be computed as Python would: get another one, or correct the file.");
        }
        return config;
    }

    /**
     * The models that are read.
     *
     * @return {@code model_type} of each
     */
    public static List<String> modelTypes() {
        return ImageFamily.modelTypes();
    }

    private static ImageConfig of(ImageFamily family, Reader fields) {
        FixedFields.checkAll(fields.fields, fields.problems);
        boolean convolutions = family == ImageFamily.CONVNEXT;
        boolean dino = family == ImageFamily.DINOV2;
        int channels = fields.size("num_channels", 3);
        fields.problems.check(channels == 1 || channels == 3, "num_channels is " + channels + ", expected 1 or 3");
        int[] image = fields.pair("image_size", 224);
        int[] patch = fields.pair("patch_size", convolutions ? 4 : dino ? 14 : 16);
        List<Integer> widths = convolutions ? fields.sizes("hidden_sizes", List.of(96, 192, 384, 768)) : List.of();
        List<Integer> depths = convolutions ? fields.sizes("depths", List.of(3, 3, 9, 3)) : List.of();
        int hidden = convolutions ? widths.get(widths.size() - 1) : fields.size("hidden_size", 768);
        int layers = convolutions ? depths.size() : fields.size("num_hidden_layers", 12);
        int heads = convolutions ? 1 : fields.size("num_attention_heads", 12);
        boolean gated = dino && fields.flag("use_swiglu_ffn", false);
        int intermediate = dino
                ? (int) Math.min(MOST, hidden * fields.ratio("mlp_ratio", 4))
                : convolutions ? 0 : fields.size("intermediate_size", 3072);
        if (gated) {
            // As in the paper of the gate, and then a multiple of eight.
            intermediate = (intermediate * 2 / 3 + 7) / 8 * 8;
        }
        if (convolutions) {
            fields.problems.check(
                    widths.size() == depths.size(),
                    "hidden_sizes has " + widths.size() + " numbers and depths " + depths.size()
                            + ", expected as many of each");
            fields.problems.check(
                    fields.size("num_stages", depths.size()) == depths.size(),
                    fields.wrong("num_stages", depths.size() + ", one for each of depths"));
            fields.problems.check(
                    fields.scaled("layer_scale_init_value"),
                    fields.wrong("layer_scale_init_value", "a number above 0, as other models have no scales"));
        } else {
            fields.problems.check(
                    hidden % heads == 0,
                    "hidden_size is " + hidden + ", expected a multiple of num_attention_heads = " + heads);
            fields.problems.check(
                    image[0] >= patch[0] && image[1] >= patch[1],
                    "image_size is " + image[0] + " x " + image[1] + ", expected at least patch_size = " + patch[0]
                            + " x " + patch[1]);
        }
        fields.refuseUnless("problem_type", "single_label_classification", "multi_label_classification");
        return new ImageConfig(
                family,
                channels,
                image[0],
                image[1],
                patch[0],
                patch[1],
                hidden,
                layers,
                heads,
                intermediate,
                gated,
                fields.flag("qkv_bias", true),
                fields.epsilon(family.epsilon()),
                fields.activation("hidden_act", EncoderActivation.GELU),
                fields.activation("pooler_act", EncoderActivation.TANH),
                fields.size("pooler_output_size", hidden),
                widths,
                depths,
                fields.architecture(),
                fields.labels(),
                fields.fields);
    }

    /** How many patches an image has, from top to bottom. */
    int patchRows(int height) {
        return height / patchHeight;
    }

    /** How many patches an image has, from left to right. */
    int patchColumns(int width) {
        return width / patchWidth;
    }

    /** How many patches the table of positions was made for. */
    private int positions() {
        return patchRows(imageHeight) * patchColumns(imageWidth);
    }

    /**
     * The grid that the table of positions is where it is stretched: a square of as many patches, whatever {@code image_size} says, as
     * Transformers has it. If there is no such square, Transformers stretches nothing, and it is the grid of {@code image_size}.
     *
     * @return rows and columns
     */
    int[] table() {
        int edge = (int) Math.round(Math.sqrt(positions()));
        return edge * edge == positions()
                ? new int[] {edge, edge}
                : new int[] {patchRows(imageHeight), patchColumns(imageWidth)};
    }

    /**
     * Whether images of a size take the table of positions as it is.
     *
     * @param interpolates whether positions are stretched wherever an image is no square, also for images of {@code image_size}: Python's
     *     {@code interpolate_pos_encoding}, which DINOv2 always has
     */
    boolean takesTable(int height, int width, boolean interpolates) {
        int rows = patchRows(height);
        int columns = patchColumns(width);
        int[] table = table();
        if (rows == table[0] && columns == table[1]) {
            return true;
        }
        if (interpolates || family == ImageFamily.DINOV2) {
            return height == width && rows * columns == positions();
        }
        return rows == patchRows(imageHeight) && columns == patchColumns(imageWidth);
    }

    /** Whether there is an answer to how positions are stretched: not from a table that is no square, or is taken for one wrongly. */
    private boolean stretches() {
        int[] table = table();
        return table[0] == table[1]
                && (family == ImageFamily.DINOV2 || patchRows(imageHeight) == patchColumns(imageWidth));
    }

    /**
     * How many places of an image attention goes over; of convnext how many there would be if all its layers were as wide as the
     * third stage, which is what they cost.
     *
     * @return 1 or more
     */
    public int places(int height, int width) {
        if (family == ImageFamily.CONVNEXT) {
            int rows = Math.max(1, patchRows(height) / THIRD_STAGE);
            return rows * Math.max(1, patchColumns(width) / THIRD_STAGE);
        }
        return family.tokens() + patchRows(height) * patchColumns(width);
    }

    /**
     * Adds what is wrong with images of a size.
     *
     * @param problems gets it
     */
    public void checkSize(int height, int width, Problems problems) {
        String found = "images are prepared to " + height + " x " + width + " pixels";
        problems.check(
                (long) height * width <= MOST_PIXELS && places(height, width) <= MOST_PLACES,
                found + ", expected at most " + MOST_PIXELS + " pixels and " + MOST_PLACES + " patches");
        if (family == ImageFamily.CONVNEXT) {
            int halvings = Math.min(layers - 1, MOST_HALVINGS);
            long leastHeight = (long) patchHeight << halvings;
            long leastWidth = (long) patchWidth << halvings;
            problems.check(
                    height >= leastHeight && width >= leastWidth,
                    found + ", expected at least " + leastHeight + " x " + leastWidth);
            return;
        }
        // What is left beside the last whole patch is not seen, as in Python.
        problems.check(height >= patchHeight && width >= patchWidth, found + ", expected at least " + patchSize());
        problems.check(
                takesTable(height, width, false) || stretches(),
                found + ", expected image_size = " + imageHeight + " x " + imageWidth
                        + ": only a square table of positions can be stretched");
    }

    /** The size of a patch as a message says it. */
    String patchSize() {
        return "patch_size = " + patchHeight + " x " + patchWidth;
    }

    /** The sizes of patches and images as a message says them. */
    String sizes() {
        boolean divides = imageHeight % patchHeight == 0 && imageWidth % patchWidth == 0;
        String image = "image_size = " + imageHeight + " x " + imageWidth;
        return patchSize() + (divides ? " and " + image : ", which does not divide " + image + ",");
    }

    /** How many layers there are, of all stages. */
    long allLayers() {
        return depths.isEmpty()
                ? layers
                : depths.stream().mapToLong(depth -> depth).sum();
    }

    /** Whether each label has a probability of its own. */
    public boolean hasSeveralLabels() {
        return "multi_label_classification".equals(fields.get(PROBLEM_TYPE));
    }

    /** Whether the file has the heads of a student and of its teacher. */
    public boolean isWithTeacher() {
        return family.isWithTeacher(architecture);
    }

    ImageFamily.HeadInput headInput() {
        return isWithTeacher() ? ImageFamily.HeadInput.FIRST_TWO : family.headInput();
    }

    /** Length of what a head takes. */
    int headWidth(ImageFamily.HeadInput input) {
        return switch (input) {
            case FIRST, POOLED -> hidden;
            case FIRST_AND_MEAN, FIRST_TWO -> 2 * hidden;
        };
    }

    @Override
    public String toString() {
        return family.modelType() + ", " + layers + (widths.isEmpty() ? " layers of " : " stages up to ") + hidden;
    }

    /** Fields, with what is wrong about them. */
    private record Reader(Map<String, Object> fields, Problems problems) {

        int size(String name, int otherwise) {
            Object value = fields.get(name);
            if (value == null) {
                return otherwise;
            }
            if (isSize(value)) {
                return (Integer) value;
            }
            problems.add(wrong(name, "a whole number from 1 to " + MOST));
            return otherwise;
        }

        private static boolean isSize(Object value) {
            return value instanceof Integer number && number > 0 && number <= MOST;
        }

        double ratio(String name, double otherwise) {
            Object value = fields.get(name);
            boolean usable = value instanceof Number number && number.doubleValue() > 0 && number.doubleValue() <= MOST;
            problems.check(value == null || usable, wrong(name, "a number above 0 and at most " + MOST));
            return usable ? ((Number) value).doubleValue() : otherwise;
        }

        int[] pair(String name, int otherwise) {
            Object value = fields.get(name);
            if (value instanceof List<?> list
                    && list.size() == 2
                    && list.stream().allMatch(Reader::isSize)) {
                return new int[] {(Integer) list.get(0), (Integer) list.get(1)};
            }
            int edge = isSize(value) ? (Integer) value : otherwise;
            problems.check(
                    value == null || isSize(value),
                    wrong(name, "a whole number from 1 to " + MOST + ", or a list of two, height and width"));
            return new int[] {edge, edge};
        }

        List<Integer> sizes(String name, List<Integer> otherwise) {
            Object value = fields.get(name);
            if (value == null) {
                return otherwise;
            }
            if (value instanceof List<?> list
                    && !list.isEmpty()
                    && list.stream().allMatch(Reader::isSize)) {
                return list.stream().map(Integer.class::cast).toList();
            }
            problems.add(wrong(name, "a list of whole numbers from 1 on"));
            return otherwise;
        }

        boolean flag(String name, boolean otherwise) {
            Object value = fields.get(name);
            problems.check(value == null || value instanceof Boolean, wrong(name, "true or false"));
            return value instanceof Boolean flag ? flag : otherwise;
        }

        double epsilon(double otherwise) {
            Object value = fields.get("layer_norm_eps");
            boolean usable = value instanceof Number number && number.doubleValue() >= 0 && number.doubleValue() < 1;
            problems.check(value == null || usable, wrong("layer_norm_eps", "a number of 0 or more and below 1"));
            return usable ? ((Number) value).doubleValue() : otherwise;
        }

        EncoderActivation activation(String name, EncoderActivation otherwise) {
            Object value = fields.get(name);
            if (value == null) {
                return otherwise;
            }
            return EncoderActivation.named(String.valueOf(value)).orElseGet(() -> {
                problems.add(wrong(name, "one of " + Problems.quoted(EncoderActivation.names()))
                        + ClosestNames.hint(String.valueOf(value), EncoderActivation.names()));
                return otherwise;
            });
        }

        /** Whether a value leaves the scales of layers in the model. */
        boolean scaled(String name) {
            return fields.get(name) == null || fields.get(name) instanceof Number value && value.doubleValue() > 0;
        }

        void refuseUnless(String name, String... known) {
            Object value = fields.get(name);
            problems.check(
                    value == null || List.of(known).contains(value),
                    wrong(name, "one of " + Problems.quoted(List.of(known))));
        }

        String architecture() {
            return fields.get("architectures") instanceof List<?> list && list.size() == 1
                    ? String.valueOf(list.get(0))
                    : "";
        }

        List<String> labels() {
            Object value = fields.get("id2label");
            if (!(value instanceof Map<?, ?> map)) {
                return List.of();
            }
            List<String> labels = new ArrayList<>();
            for (int i = 0; i < map.size(); i++) {
                Object label = map.get(String.valueOf(i));
                problems.check(
                        label instanceof String text && !labels.contains(text),
                        "id2label has " + MessageText.name(label) + " for " + i + ", expected a text, each once");
                labels.add(String.valueOf(label));
            }
            return List.copyOf(labels);
        }

        private String wrong(String name, String expected) {
            return name + " is " + MessageText.name(fields.get(name)) + ", expected " + expected;
        }
    }
}
