/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;
import org.lora4j.tribuo.protos.ImageInputConverterProto;
import org.tribuo.ImmutableFeatureMap;

/**
 * Images: the name of a feature is the position of its number in the image, {@code "0"} to height · width · channels - 1,
 * without zeros in front.
 *
 * <p>Positions run over channels last of all ({@link Layout#NCHW}) or first ({@link Layout#NHWC}), which is the layout of the
 * network's input as well. A network that takes flat images gets them flat.
 *
 * @apiNote Status: experimental
 */
public final class ImageInputConverter implements InputConverter {

    /** Version of the proto. */
    public static final int CURRENT_VERSION = 0;

    private static final String WHERE = "ImageInputConverter";

    /** The order of the numbers of an image. */
    public enum Layout {
        /** Channel by channel, row by row. */
        NCHW,
        /** Row by row, all channels of a pixel together. */
        NHWC
    }

    @Config(mandatory = true, description = "Height of the images.")
    private int height;

    @Config(mandatory = true, description = "Width of the images.")
    private int width;

    @Config(description = "Number of channels.")
    private int channels = 1;

    @Config(description = "Order of the numbers of an image and of the network's input.")
    private Layout layout = Layout.NCHW;

    /** For olcut. */
    private ImageInputConverter() {}

    /**
     * Makes a converter.
     *
     * @param height height of the images, 1 or more
     * @param width width of the images, 1 or more
     * @param channels number of channels, 1 or more
     * @param layout order of the numbers of an image and of the network's input
     * @throws IllegalArgumentException if a size is below 1 or the image is larger than 2^31 - 1 numbers
     */
    public ImageInputConverter(int height, int width, int channels, Layout layout) {
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.layout = layout;
        problems().throwIfAny(WHERE);
    }

    /**
     * Checks what was configured.
     *
     * @throws PropertyException if a size is outside of its range
     */
    @Override
    public void postConfig() {
        Problems problems = problems();
        if (!problems.isEmpty()) {
            throw new PropertyException("", "height", problems.message(WHERE));
        }
    }

    private Problems problems() {
        Problems problems = new Problems();
        problems.atLeast("height", height, 1);
        problems.atLeast("width", width, 1);
        problems.atLeast("channels", channels, 1);
        problems.check(layout != null, "layout = null, expected NCHW or NHWC");
        double size = (double) height * width * channels;
        problems.check(size <= Integer.MAX_VALUE, "images of " + size + " numbers, expected at most 2147483647");
        return problems;
    }

    /**
     * Reads a converter, as Tribuo asks for it.
     *
     * @param version version of the proto
     * @param className this class
     * @param message an {@link ImageInputConverterProto}
     * @return the converter
     * @throws InvalidProtocolBufferException if the message is of another kind or damaged
     * @throws IllegalArgumentException if it was written by a newer release
     */
    public static ImageInputConverter deserializeFromProto(int version, String className, Any message)
            throws InvalidProtocolBufferException {
        return InputProtos.read(WHERE, version, CURRENT_VERSION, () -> {
            ImageInputConverterProto own = message.unpack(ImageInputConverterProto.class);
            Layout layout = own.getChannelsLast() ? Layout.NHWC : Layout.NCHW;
            return new ImageInputConverter(own.getHeight(), own.getWidth(), own.getChannels(), layout);
        });
    }

    @Override
    public int protoVersion() {
        return CURRENT_VERSION;
    }

    @Override
    public Any protoSettings() {
        ImageInputConverterProto own = ImageInputConverterProto.newBuilder()
                .setHeight(height)
                .setWidth(width)
                .setChannels(channels)
                .setChannelsLast(layout == Layout.NHWC)
                .build();
        return Any.pack(own);
    }

    private int size() {
        return height * width * channels;
    }

    @Override
    public Collection<String> featureNames(ImmutableFeatureMap domain) {
        List<String> padded = padded();
        Set<String> plain = new LinkedHashSet<>(plain());
        // Names without a zero in front are the same both ways and tell nothing.
        boolean isPadded = padded.stream().anyMatch(name -> !plain.contains(name) && domain.getID(name) >= 0);
        return isPadded ? padded : plain;
    }

    private List<String> plain() {
        return IntStream.range(0, size()).mapToObj(String::valueOf).toList();
    }

    private List<String> padded() {
        String format = "%0" + String.valueOf(size()).length() + "d";
        return IntStream.range(0, size())
                .mapToObj(i -> String.format(Locale.ROOT, format, i))
                .toList();
    }

    @Override
    public InputBinding bind(ImmutableFeatureMap domain, List<InputSpec> inputs) {
        InputSpec input = SlotBinding.only(WHERE, inputs);
        long[] image = layout == Layout.NCHW
                ? new long[] {-1, channels, height, width}
                : new long[] {-1, height, width, channels};
        long[] shape = input.shape().size() == 2 ? new long[] {-1, size()} : image;
        List<Long> expected = input.shape();
        boolean fits = expected.size() == shape.length
                && IntStream.range(1, shape.length).allMatch(i -> expected.get(i) < 0 || expected.get(i) == shape[i]);
        if (!fits) {
            throw new IllegalArgumentException(WHERE + ": images of shape " + Arrays.toString(shape)
                    + " for the network's input " + input + "; expected the same shape. Check sizes and layout.");
        }
        return new SlotBinding(
                FeatureSlots.byName(WHERE, domain, List.copyOf(featureNames(domain))), input.name(), shape, size());
    }

    @Override
    public ConfiguredObjectProvenance getProvenance() {
        return new ConfiguredObjectProvenanceImpl(this, "InputConverter");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ImageInputConverter that
                && height == that.height
                && width == that.width
                && channels == that.channels
                && layout == that.layout;
    }

    @Override
    public int hashCode() {
        return List.of(height, width, channels, layout).hashCode();
    }

    @Override
    public String toString() {
        return WHERE + "(" + height + " x " + width + " x " + channels + ", " + layout + ")";
    }
}
