/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.error.Arguments;
import org.lora4j.internal.image.BufferedPixels;
import org.lora4j.internal.image.ImageFile;
import org.lora4j.internal.image.Pixels;
import org.lora4j.internal.image.Resampling;

/**
 * An image in red, green and blue of 8 bits each. It is a value.
 *
 * @apiNote Status: experimental
 */
public final class Image {

    private static final int RGB = 3;

    private final Pixels pixels;

    Image(Pixels pixels) {
        this.pixels = pixels;
    }

    /**
     * Reads a PNG or JPEG, turned and mirrored as its EXIF orientation says. Transparency is left out.
     *
     * @param file the file
     * @return the image
     * @throws org.lora4j.error.ModelFormatException if it is damaged, of another format, or its header says that it has more than
     *     89,478,485 pixels, in which case none is decoded
     * @throws IOException if it does not exist or cannot be read
     */
    public static Image read(Path file) throws IOException {
        return new Image(ImageFile.read(Arguments.required(file, "Image.read: file", "a PNG or JPEG")));
    }

    /**
     * Takes an image of the JDK, of any type. Grey and 16 bit values are taken as they are stored: 16 bits lose their lower half,
     * and no color space is converted. Transparency is left out.
     *
     * @param image the image; copied
     * @return the same as a value
     */
    public static Image of(BufferedImage image) {
        return new Image(BufferedPixels.of(Arguments.required(image, "Image.of: image", "an image")));
    }

    /**
     * Takes pixels of red, green and blue.
     *
     * @param width number of columns
     * @param height number of rows
     * @param values {@code height * width * 3} of them, unsigned, row by row from the top; copied
     * @return the image
     * @throws IllegalArgumentException if there are more or fewer
     */
    public static Image ofRgb(int width, int height, byte[] values) {
        return new Image(pixels("Image.ofRgb", width, height, RGB, values));
    }

    /**
     * Takes grey pixels.
     *
     * @param width number of columns
     * @param height number of rows
     * @param values {@code height * width} of them, unsigned, row by row from the top; copied
     * @return the image
     * @throws IllegalArgumentException if there are more or fewer
     */
    public static Image ofGrey(int width, int height, byte[] values) {
        return new Image(pixels("Image.ofGrey", width, height, 1, values).withChannels(RGB));
    }

    private static Pixels pixels(String call, int width, int height, int channels, byte[] values) {
        Arguments.required(values, call + ": values", "a byte for each channel of each pixel");
        long needed = (long) width * height * channels;
        if (width < 1 || height < 1 || values.length != needed) {
            throw new IllegalArgumentException(call + ": " + values.length + " values for " + width + " x " + height
                    + " pixels; expected a width and a height of 1 or more, and " + channels + " for each pixel.");
        }
        return new Pixels(width, height, channels, values.clone());
    }

    Pixels pixels() {
        return pixels;
    }

    /**
     * The width.
     *
     * @return number of columns
     */
    public int width() {
        return pixels.width();
    }

    /**
     * The height.
     *
     * @return number of rows
     */
    public int height() {
        return pixels.height();
    }

    /**
     * The pixels.
     *
     * @return a copy: red, green and blue of each, unsigned, row by row from the top
     */
    public byte[] rgb() {
        return pixels.values().clone();
    }

    /**
     * The image in the same shape with a longer edge of at most so many pixels, by Pillow's bicubic filter: a photograph takes 36 MB, and
     * no model sees more than a fraction of it.
     *
     * @param longestEdge 1 or more; twice what the model reads leaves room for random parts
     * @return another image, or this if it is not larger
     * @throws IllegalArgumentException if it is below 1
     */
    public Image shrunk(int longestEdge) {
        if (longestEdge < 1) {
            throw new IllegalArgumentException("Image.shrunk: longestEdge = " + longestEdge + "; expected 1 or more.");
        }
        double share = (double) longestEdge / Math.max(width(), height());
        if (share >= 1) {
            return this;
        }
        int newWidth = (int) Math.max(1, Math.round(width() * share));
        int newHeight = (int) Math.max(1, Math.round(height() * share));
        return new Image(pixels.resized(newWidth, newHeight, Resampling.BICUBIC));
    }

    /**
     * The image for the JDK, to show it or to write it.
     *
     * @return a new image
     */
    public BufferedImage toBufferedImage() {
        BufferedImage image = new BufferedImage(width(), height(), BufferedImage.TYPE_INT_RGB);
        byte[] values = pixels.values();
        for (int i = 0; i < width() * height(); i++) {
            int rgb = (values[RGB * i] & 0xff) << 16 | (values[RGB * i + 1] & 0xff) << 8 | values[RGB * i + 2] & 0xff;
            image.setRGB(i % width(), i / width(), rgb);
        }
        return image;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Image image && pixels.equals(image.pixels);
    }

    @Override
    public int hashCode() {
        return pixels.hashCode();
    }

    @Override
    public String toString() {
        return "Image[" + width() + " x " + height() + "]";
    }
}
