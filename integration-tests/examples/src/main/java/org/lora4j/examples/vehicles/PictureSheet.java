/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/** A sheet of pictures, each twice its size, in rows of twelve. */
final class PictureSheet {

    /** Pictures of a row. */
    static final int COLUMNS = 12;

    private static final int SIZE = 2 * Scene.SIDE;
    private static final int GAP = 4;

    private final List<List<Image>> rows = new ArrayList<>();

    /** Begins a row. */
    void row() {
        rows.add(new ArrayList<>());
    }

    /** Adds a picture to the row, or a drawing; one too many is left out. */
    void add(Image image) {
        List<Image> row = rows.get(rows.size() - 1);
        if (row.size() < COLUMNS) {
            row.add(image);
        }
    }

    /** Pixels from 0 to 1 as an image. */
    static BufferedImage image(float[] rgb) {
        BufferedImage image = new BufferedImage(Scene.SIDE, Scene.SIDE, BufferedImage.TYPE_INT_RGB);
        int pixels = Scene.SIDE * Scene.SIDE;
        for (int i = 0; i < pixels; i++) {
            Color color = new Color(rgb[i], rgb[pixels + i], rgb[2 * pixels + i]);
            image.setRGB(i % Scene.SIDE, i / Scene.SIDE, color.getRGB());
        }
        return image;
    }

    /** Writes a PNG file. */
    void save(Path file) throws IOException {
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
