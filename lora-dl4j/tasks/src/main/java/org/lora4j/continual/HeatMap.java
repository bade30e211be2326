/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.WholeFile;

/**
 * Draws the accuracies of a {@link ForgettingReport}: a row for each task learned, a column for each task tested, the time
 * right after learning framed. Needs no display; needs some font of the system, which {@code java.awt} looks up.
 *
 * @apiNote Status: experimental
 */
public final class HeatMap {

    /** Width of a cell in pixels. */
    public static final int CELL_WIDTH = 60;

    /** Height of a cell in pixels. */
    public static final int CELL_HEIGHT = 36;

    private static final int MARGIN = 16;
    private static final int LEGEND = 18;
    private static final int FONT_SIZE = 14;
    private static final double PERCENT = 100;
    private static final double SLANT = -Math.PI / 4;
    // Dark enough for white letters; the weights are those of the sRGB luminance.
    private static final double DARK = 140;
    private static final double[] LUMINANCE = {0.2126, 0.7152, 0.0722};

    /** Five colors of the Viridis map (Smith and van der Walt 2015, CC0), which rises evenly in lightness. */
    private static final Color[] STOPS = {
        new Color(0x440154), new Color(0x3b528b), new Color(0x21918c), new Color(0x5ec962), new Color(0xfde725)
    };

    private final ForgettingReport report;
    private final List<String> names;
    private final String title;
    private final Font font = new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE);
    private final int left;
    private final int top;

    private HeatMap(ForgettingReport report, String title) {
        this.report = report;
        this.names = report.tasks();
        this.title = title;
        FontMetrics metrics = metrics(font);
        int longest = names.stream().mapToInt(metrics::stringWidth).max().orElse(0);
        this.left = MARGIN + longest + MARGIN;
        this.top = 2 * MARGIN + 2 * FONT_SIZE + (int) (longest * -Math.sin(SLANT));
    }

    private static FontMetrics metrics(Font font) {
        Graphics2D g = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        try {
            return g.getFontMetrics(font);
        } finally {
            g.dispose();
        }
    }

    /**
     * Prepares a picture.
     *
     * @param report what to draw
     * @param title a line above it
     * @return the picture
     */
    public static HeatMap of(ForgettingReport report, String title) {
        return new HeatMap(report, title);
    }

    /**
     * The color of an accuracy.
     *
     * @param accuracy 0 to 1
     * @return dark for 0, bright for 1
     * @throws IllegalArgumentException if it is not from 0 to 1
     */
    public static Color color(double accuracy) {
        Problems problems = new Problems();
        problems.check(accuracy >= 0 && accuracy <= 1, "accuracy = " + accuracy + ", expected a number from 0 to 1");
        problems.throwIfAny("HeatMap");
        double place = accuracy * (STOPS.length - 1);
        int below = Math.min((int) place, STOPS.length - 2);
        Color from = STOPS[below];
        Color to = STOPS[below + 1];
        double part = place - below;
        return new Color(
                between(from.getRed(), to.getRed(), part),
                between(from.getGreen(), to.getGreen(), part),
                between(from.getBlue(), to.getBlue(), part));
    }

    private static int between(int from, int to, double part) {
        return (int) Math.round(from + part * (to - from));
    }

    /**
     * Where a cell begins.
     *
     * @param task number of the column, from 0
     * @return pixels from the left
     */
    public int x(int task) {
        return left + task * CELL_WIDTH;
    }

    /**
     * Where a cell begins.
     *
     * @param after number of the row, from 0
     * @return pixels from the top
     */
    public int y(int after) {
        return top + after * CELL_HEIGHT;
    }

    /**
     * Draws.
     *
     * @return a new picture
     */
    public BufferedImage image() {
        int tasks = names.size();
        int slanted = (int) (metrics(font).stringWidth(names.get(tasks - 1)) * Math.cos(SLANT));
        int legendEnd = x(tasks) + 2 * MARGIN + LEGEND + metrics(font).stringWidth("100 %") + MARGIN;
        int width = Math.max(
                Math.max(legendEnd, x(tasks) + slanted), MARGIN + metrics(font).stringWidth(title) + MARGIN);
        BufferedImage image = new BufferedImage(width, y(tasks) + MARGIN, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setFont(font);
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, image.getWidth(), image.getHeight());
            g.setColor(Color.BLACK);
            g.drawString(title, MARGIN, MARGIN + FONT_SIZE);
            for (int i = 0; i < tasks; i++) {
                drawNames(g, i);
                for (int j = 0; j < tasks; j++) {
                    drawCell(g, i, j);
                }
            }
            drawLegend(g);
        } finally {
            g.dispose();
        }
        return image;
    }

    private void drawNames(Graphics2D g, int task) {
        g.setColor(Color.BLACK);
        int width = g.getFontMetrics().stringWidth(names.get(task));
        g.drawString(names.get(task), left - MARGIN / 2 - width, y(task) + (CELL_HEIGHT + FONT_SIZE) / 2 - 2);
        Graphics2D slanted = (Graphics2D) g.create();
        slanted.translate(x(task) + CELL_WIDTH / 2, top - MARGIN / 2);
        slanted.rotate(SLANT);
        slanted.drawString(names.get(task), 0, 0);
        slanted.dispose();
    }

    private void drawCell(Graphics2D g, int after, int task) {
        double accuracy = report.accuracy(after, task);
        Color fill = color(accuracy);
        g.setColor(fill);
        g.fillRect(x(task), y(after), CELL_WIDTH, CELL_HEIGHT);
        Color letters = isDark(fill) ? Color.WHITE : Color.BLACK;
        String text = String.valueOf(Math.round(PERCENT * accuracy));
        int width = g.getFontMetrics().stringWidth(text);
        g.setColor(letters);
        g.drawString(text, x(task) + (CELL_WIDTH - width) / 2, y(after) + (CELL_HEIGHT + FONT_SIZE) / 2 - 2);
        if (after == task) {
            g.drawRect(x(task) + 1, y(after) + 1, CELL_WIDTH - 3, CELL_HEIGHT - 3);
        }
    }

    private static boolean isDark(Color color) {
        return LUMINANCE[0] * color.getRed() + LUMINANCE[1] * color.getGreen() + LUMINANCE[2] * color.getBlue() < DARK;
    }

    private void drawLegend(Graphics2D g) {
        int height = names.size() * CELL_HEIGHT;
        int x = x(names.size()) + MARGIN;
        for (int i = 0; i < height; i++) {
            g.setColor(color(1 - i / (double) (height - 1)));
            g.fillRect(x, top + i, LEGEND, 1);
        }
        g.setColor(Color.BLACK);
        g.drawString("100 %", x + LEGEND + MARGIN / 2, top + FONT_SIZE);
        g.drawString("0 %", x + LEGEND + MARGIN / 2, top + height);
    }

    /**
     * Draws to a file.
     *
     * @param png the file; replaced whole if it is there
     * @throws IOException if it cannot be written
     */
    public void save(Path png) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (!ImageIO.write(image(), "png", bytes)) {
            throw new IOException(png + ": this Java has no writer of PNG files; expected one, as every full Java has."
                    + " Add the module java.desktop.");
        }
        WholeFile.write(png, bytes::writeTo);
    }
}
