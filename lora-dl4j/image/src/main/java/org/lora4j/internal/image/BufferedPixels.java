/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;

/**
 * Images of the JDK as plain pixels. The numbers of grey and RGB images are taken as they are stored, since the JDK would convert them
 * between color spaces, which makes grey brighter and which other libraries do not do; 16 bits lose their lower half. Transparency is
 * left out.
 *
 * @apiNote Status: internal
 */
public final class BufferedPixels {

    private static final int RGB = 3;

    private BufferedPixels() {}

    /**
     * The pixels of an image of any type.
     *
     * @return red, green and blue
     */
    public static Pixels of(BufferedImage image) {
        ColorModel model = image.getColorModel();
        int space = model.getColorSpace().getType();
        boolean plain = model instanceof ComponentColorModel
                && !model.isAlphaPremultiplied()
                && (space == ColorSpace.TYPE_RGB || space == ColorSpace.TYPE_GRAY)
                && integral(image.getRaster());
        return plain ? asStored(image.getRaster(), space == ColorSpace.TYPE_GRAY) : converted(image);
    }

    private static boolean integral(Raster raster) {
        int type = raster.getTransferType();
        return type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT;
    }

    private static Pixels asStored(Raster raster, boolean grey) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        int bands = raster.getNumBands();
        int bits = raster.getSampleModel().getSampleSize(0);
        byte[] values = new byte[width * height * RGB];
        int[] row = new int[width * bands];
        for (int y = 0; y < height; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < RGB; c++) {
                    int value = row[x * bands + (grey ? 0 : c)];
                    values[(y * width + x) * RGB + c] = (byte) (bits > Byte.SIZE ? value >> (bits - Byte.SIZE) : value);
                }
            }
        }
        return new Pixels(width, height, RGB, values);
    }

    private static Pixels converted(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        byte[] values = new byte[width * height * RGB];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int rgb = image.getRGB(x, y);
                int at = (y * width + x) * RGB;
                values[at] = (byte) (rgb >> 16);
                values[at + 1] = (byte) (rgb >> 8);
                values[at + 2] = (byte) rgb;
            }
        }
        return new Pixels(width, height, RGB, values);
    }
}
