/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/** A sheet of pictures, all of one size, in rows of twelve. */
public final class PictureSheet {

    /** Pictures of a row. */
    public static final int COLUMNS = 12;

    private static final int SIZE = 64;
    private static final int GAP = 4;

    private final List<List<Image>> rows = new ArrayList<>();

    /** Begins a row. */
    public void row() {
        rows.add(new ArrayList<>());
    }

    /**
     * Adds a picture to the row; one too many is left out.
     *
     * @param image the picture
     */
    public void add(Image image) {
        List<Image> row = rows.get(rows.size() - 1);
        if (row.size() < COLUMNS) {
            row.add(image);
        }
    }

    /**
     * Adds a picture to the row; one too many is left out.
     *
     * @param side its rows and columns
     * @param rgb all red, all green and all blue, row after row, from 0 to 1
     */
    public void add(int side, float... rgb) {
        BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        int pixels = side * side;
        for (int i = 0; i < pixels; i++) {
            Color color = new Color(rgb[i], rgb[pixels + i], rgb[2 * pixels + i]);
            image.setRGB(i % side, i / side, color.getRGB());
        }
        add(image);
    }

    /**
     * Writes a PNG file.
     *
     * @param file the file
     * @throws IOException if it cannot be written
     */
    public void save(Path file) throws IOException {
        BufferedImage sheet = new BufferedImage(
                COLUMNS * (SIZE + GAP) + GAP, rows.size() * (SIZE + GAP) + GAP, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet.createGraphics();
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int row = 0; row < rows.size(); row++) {
            for (int column = 0; column < rows.get(row).size(); column++) {
                int left = GAP + column * (SIZE + GAP);
                g.drawImage(rows.get(row).get(column), left, GAP + row * (SIZE + GAP), SIZE, SIZE, null);
            }
        }
        g.dispose();
        ImageIO.write(sheet, "png", file.toFile());
    }
}
