/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.huggingface.JsonObjectFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What makes the numbers that a model reads of the pixels of an image: another size, its middle, a scale, a mean and a deviation.
 *
 * @param processor whose rules these are
 * @param size which the image gets; empty if it is not resized
 * @param resampling how
 * @param crop what is cut from the middle; empty if nothing is
 * @param cropShare of a small square, see {@link ImageProcessor#cropShare}
 * @param scale what a pixel of 0 to 255 is multiplied by
 * @param mean what is taken away of each channel then; empty if nothing is
 * @param deviation what each channel is divided by then
 * @apiNote Status: internal
 */
public record Preprocessing(
        ImageProcessor processor,
        Optional<ImageSize> size,
        Resampling resampling,
        Optional<ImageSize> crop,
        OptionalDouble cropShare,
        double scale,
        List<Double> mean,
        List<Double> deviation) {

    /** Name of the file. */
    public static final String FILE = "preprocessor_config.json";

    /** From this edge on convnext's images are not cut. */
    private static final int LARGE_SQUARE = 384;

    private static final Logger LOG = LoggerFactory.getLogger(Preprocessing.class);
    private static final double BYTE_SCALE = 1 / 255.0;

    /**
     * What a directory says, or, without its file, what the family's processor does by itself, to the size that the model was made for.
     *
     * @throws IOException as {@link #read(Path, ImageProcessor, int)}
     */
    public static Preprocessing read(Path directory, ImageConfig config) throws IOException {
        Path file = directory.resolve(FILE);
        ImageProcessor processor = config.family().processor();
        if (Files.exists(file)) {
            return read(file, processor, config.channels());
        }
        if (processor.cropShare().isPresent() && config.imageHeight() != config.imageWidth()) {
            // It makes squares only; the other has the same numbers for other shapes.
            processor = ImageProcessor.VIT;
        }
        Preprocessing made = of(processor, config);
        LOG.info(
                "{}: there is no {}; images are prepared as {} does, to {} x {} pixels.",
                directory,
                FILE,
                processor.className(),
                config.imageHeight(),
                config.imageWidth());
        return made;
    }

    /**
     * Reads the file of a model.
     *
     * @param otherwise the processor where the file does not name one
     * @param channels that the model reads
     * @throws ModelFormatException if a field cannot be followed; the message lists every problem
     * @throws IOException if it cannot be read
     */
    static Preprocessing read(Path file, ImageProcessor otherwise, int channels) throws IOException {
        Map<String, Object> fields = JsonObjectFile.read(file, "the preprocessor_config.json of an image model");
        Problems problems = new Problems();
        Preprocessing read = read(fields, otherwise, channels, problems);
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString())
                    + ". Images would be prepared otherwise than the model was trained with: correct the file.");
        }
        return read;
    }

    private static Preprocessing read(
            Map<String, Object> fields, ImageProcessor otherwise, int channels, Problems problems) {
        Object name = fields.getOrDefault("image_processor_type", fields.get("feature_extractor_type"));
        ImageProcessor processor = name == null
                ? otherwise
                : ImageProcessor.of(String.valueOf(name)).orElseGet(() -> {
                    problems.add("image_processor_type is " + MessageText.name(name) + ", expected one of "
                            + Problems.quoted(ImageProcessor.names()));
                    return otherwise;
                });
        Reader reader = new Reader(fields, problems);
        Optional<ImageSize> size = Optional.empty();
        if (reader.flag("do_resize", true)) {
            size = Optional.of(reader.target("size", processor.squares(), processor.size()));
        }
        Optional<ImageSize> crop = Optional.empty();
        boolean asked = reader.flag("do_center_crop", processor.crop() > 0);
        // The slow classes of other processors do not know the field.
        if (asked && (processor.crop() > 0 || String.valueOf(name).endsWith(ImageProcessor.FAST))) {
            ImageSize square = ImageSize.square(Math.max(processor.crop(), 1));
            crop = Optional.of(reader.target("crop_size", true, square));
            problems.check(crop.get().isFixed(), "crop_size has no height and width, expected both or a number");
        }
        OptionalDouble share = processor.cropShare();
        if (share.isPresent()) {
            share = OptionalDouble.of(reader.number("crop_pct", share.getAsDouble()));
            problems.check(
                    share.getAsDouble() > 0 && share.getAsDouble() <= 1,
                    "crop_pct is " + share.getAsDouble() + ", expected a number above 0 and at most 1");
        }
        double scale = reader.flag("do_rescale", true) ? reader.number("rescale_factor", BYTE_SCALE) : 1;
        List<Double> mean = List.of();
        List<Double> deviation = List.of();
        if (reader.flag("do_normalize", true)) {
            mean = reader.perChannel("image_mean", processor.mean(), channels);
            deviation = reader.perChannel("image_std", processor.deviation(), channels);
            problems.check(
                    deviation.stream().allMatch(value -> value != 0),
                    "image_std has a 0, expected what can be divided by");
        }
        return new Preprocessing(processor, size, reader.resampling(processor), crop, share, scale, mean, deviation);
    }

    /** To the size that a model was made for; what is cut is as large a share as by the processor's own numbers. */
    private static Preprocessing of(ImageProcessor processor, ImageConfig config) {
        Map<String, Object> fields = new LinkedHashMap<>();
        int height = config.imageHeight();
        int width = config.imageWidth();
        if (processor.squares()) {
            double larger = processor.crop() > 0 ? (double) processor.size().height() / processor.crop() : 1;
            fields.put("size", Map.of("height", (int) (height * larger), "width", (int) (width * larger)));
        } else {
            fields.put("size", Math.max(height, width));
        }
        fields.put("crop_size", Map.of("height", height, "width", width));
        Problems none = new Problems();
        Preprocessing made = read(fields, processor, config.channels(), none);
        none.throwIfAny("Preprocessing");
        return made;
    }

    /** The size of every image that comes out; empty if they are of many sizes. */
    public Optional<int[]> heightAndWidth() {
        if (crop.isPresent()) {
            return Optional.of(new int[] {crop.get().height(), crop.get().width()});
        }
        if (cropShare.isPresent() && size.isPresent() && size.get().shortest() > 0) {
            return Optional.of(new int[] {size.get().shortest(), size.get().shortest()});
        }
        return size.filter(ImageSize::isFixed).map(fixed -> new int[] {fixed.height(), fixed.width()});
    }

    /**
     * The pixels that the model sees.
     *
     * @param image of any size, with as many channels as the model reads
     * @return of {@link #heightAndWidth}
     */
    public Pixels framed(Pixels image) {
        if (cropShare.isPresent() && size.isPresent() && size.get().shortest() > 0) {
            return square(image, size.get().shortest());
        }
        Pixels sized = size.map(target -> target.resized(image, resampling)).orElse(image);
        return crop.map(target -> middle(sized, target.height(), target.width()))
                .orElse(sized);
    }

    private Pixels square(Pixels image, int edge) {
        if (edge >= LARGE_SQUARE) {
            return image.resized(edge, edge, resampling);
        }
        int shortest = (int) (edge / cropShare.getAsDouble());
        return middle(ImageSize.shortest(shortest).resized(image, resampling), edge, edge);
    }

    /** The middle; what a smaller image lacks is 0. */
    private static Pixels middle(Pixels image, int height, int width) {
        return image.cut(start(image.width(), width), start(image.height(), height), width, height);
    }

    private static int start(int has, int wanted) {
        // An odd pixel too many is left out at the end, one too few is added at the start, as in Transformers.
        return has >= wanted ? (has - wanted) / 2 : -((wanted - has + 1) / 2);
    }

    /**
     * The numbers that the model reads.
     *
     * @param pixels of {@link #framed}
     * @param into takes {@code [channels, height, width]} in a row
     * @param at where in it they begin
     */
    public void numbers(Pixels pixels, float[] into, int at) {
        int area = pixels.width() * pixels.height();
        int channels = pixels.channels();
        float[] values = new float[256];
        for (int c = 0; c < channels; c++) {
            for (int value = 0; value < values.length; value++) {
                float scaled = (float) (value * scale);
                values[value] = mean.isEmpty()
                        ? scaled
                        : (scaled - mean.get(c).floatValue()) / deviation.get(c).floatValue();
            }
            for (int i = 0; i < area; i++) {
                into[at + c * area + i] = values[pixels.values()[i * channels + c] & 0xff];
            }
        }
    }

    /**
     * The pixel that becomes a 0 of the model, or, where nothing is taken away, the middle between black and white.
     *
     * @param channels 1 or 3
     * @return a value for each channel
     */
    public byte[] middle(int channels) {
        byte[] middle = new byte[channels];
        for (int c = 0; c < channels; c++) {
            double value = mean.isEmpty() ? 127.5 : mean.get(Math.min(c, mean.size() - 1)) / scale;
            middle[c] = (byte) Math.round(Math.max(0, Math.min(255, value)));
        }
        return middle;
    }

    /** As a file of Transformers says it. */
    public Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("image_processor_type", processor.className());
        fields.put("do_resize", size.isPresent());
        size.ifPresent(target -> fields.put("size", target.fields()));
        fields.put("resample", resampling.code());
        fields.put("do_center_crop", crop.isPresent());
        crop.ifPresent(target -> fields.put("crop_size", target.fields()));
        cropShare.ifPresent(share -> fields.put("crop_pct", share));
        fields.put("do_rescale", scale != 1);
        fields.put("rescale_factor", scale);
        fields.put("do_normalize", !mean.isEmpty());
        if (!mean.isEmpty()) {
            fields.put("image_mean", mean);
            fields.put("image_std", deviation);
        }
        return fields;
    }

    /** Fields of a file, with what is wrong about them. */
    private record Reader(Map<String, Object> fields, Problems problems) {

        boolean flag(String name, boolean otherwise) {
            Object value = fields.get(name);
            problems.check(value == null || value instanceof Boolean, wrong(name, "true or false"));
            return value instanceof Boolean flag ? flag : otherwise;
        }

        double number(String name, double otherwise) {
            Object value = fields.get(name);
            problems.check(
                    value == null || value instanceof Number number && Double.isFinite(number.doubleValue()),
                    wrong(name, "a finite number"));
            return value instanceof Number number ? number.doubleValue() : otherwise;
        }

        ImageSize target(String name, boolean squares, ImageSize otherwise) {
            Object value = fields.get(name);
            if (value == null) {
                return otherwise;
            }
            return ImageSize.of(value, squares).orElseGet(() -> {
                problems.add(wrong(
                        name,
                        "a number of pixels, a height and a width as a list or an object, or an object with shortest_edge,"
                                + " longest_edge or both"));
                return otherwise;
            });
        }

        Resampling resampling(ImageProcessor processor) {
            Object value = fields.get("resample");
            if (value == null) {
                return processor.resampling();
            }
            return (value instanceof Integer code ? Resampling.of(code) : Optional.<Resampling>empty())
                    .orElseGet(() -> {
                        problems.add(wrong("resample", "a code of Pillow, 0 to 5"));
                        return processor.resampling();
                    });
        }

        List<Double> perChannel(String name, double[] otherwise, int channels) {
            Object value = fields.get(name);
            if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
                return Collections.nCopies(channels, number.doubleValue());
            }
            List<?> given = value == null
                    ? Arrays.stream(otherwise).limit(channels).boxed().toList()
                    : value instanceof List<?> list ? list : List.of();
            boolean numbers = given.size() == channels
                    && given.stream()
                            .allMatch(item -> item instanceof Number number && Double.isFinite(number.doubleValue()));
            if (!numbers) {
                problems.add(wrong(name, channels + " finite numbers, one for each channel of the model"));
                return Collections.nCopies(channels, 1.0);
            }
            return given.stream().map(item -> ((Number) item).doubleValue()).toList();
        }

        private String wrong(String name, String expected) {
            return name + " is " + MessageText.value(fields.get(name)) + ", expected " + expected;
        }
    }
}
