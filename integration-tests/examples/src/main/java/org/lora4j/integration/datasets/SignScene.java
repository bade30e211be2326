/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.util.Locale;
import java.util.SplittableRandom;

/** Under which circumstances signs are seen. The pictures are synthetic: drawings on random backgrounds, distorted by chance. */
public enum SignScene {
    /** Signs of the first design by daylight: what the base knows. */
    DAY("g1") {
        @Override
        void light(float[] rgb, SplittableRandom random) {
            daylight(rgb, random);
        }
    },
    /** Signs of the second design by daylight: another country. */
    COUNTRY("g2") {
        @Override
        void light(float[] rgb, SplittableRandom random) {
            daylight(rgb, random);
        }
    },
    /** Dark, in the warm spot of headlights. */
    NIGHT("g1") {
        @Override
        void light(float[] rgb, SplittableRandom random) {
            double gain = between(random, 0.2, 0.45);
            double row = between(random, 8, 24);
            double column = between(random, 8, 24);
            double spread = between(random, 50, 200);
            for (int i = 0; i < PIXELS; i++) {
                double away = Math.pow(i / SIDE - row, 2) + Math.pow(i % SIDE - column, 2);
                double spot = gain * (0.5 + 1.2 * Math.exp(-away / spread));
                for (int channel = 0; channel < CHANNELS; channel++) {
                    rgb[channel * PIXELS + i] *= (float) (spot * HEADLIGHT[channel]);
                }
            }
            blur(rgb, random.nextInt(2));
            noise(rgb, random, 0.02, 0.05);
        }
    },
    /** Through water: a gray veil, blur, streaks. */
    RAIN("g1") {
        @Override
        void light(float[] rgb, SplittableRandom random) {
            double contrast = between(random, 0.35, 0.6);
            double veil = between(random, 0.35, 0.55);
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = (float) (veil + contrast * (rgb[i] - veil));
            }
            blur(rgb, 1 + random.nextInt(2));
            double slope = between(random, -0.4, 0.4);
            for (int streak = 10 + random.nextInt(12); streak > 0; streak--) {
                int top = random.nextInt(SIDE);
                int length = 5 + random.nextInt(9);
                double column = between(random, 0, SIDE);
                float bright = (float) between(random, 0.12, 0.35);
                for (int row = top; row < Math.min(SIDE, top + length); row++) {
                    int at = (int) (column + slope * (row - top));
                    for (int channel = 0; at >= 0 && at < SIDE && channel < CHANNELS; channel++) {
                        rgb[channel * PIXELS + row * SIDE + at] += bright;
                    }
                }
            }
            noise(rgb, random, 0.02, 0.05);
        }
    };

    /** Rows and columns of a picture. */
    public static final int SIDE = 32;
    /** Red, green and blue. */
    public static final int CHANNELS = 3;

    private static final int PIXELS = SIDE * SIDE;
    private static final int CANVAS = 2 * SIDE;
    private static final double[] HEADLIGHT = {1, 0.8, 0.55};
    private static final float WHITE = 255;

    private final String design;

    SignScene(String design) {
        this.design = design;
    }

    /**
     * How the country that it is in draws signs.
     *
     * @return name of a design
     */
    public String design() {
        return design;
    }

    /**
     * The word for it in reports.
     *
     * @return its name in lower case
     */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Changes brightness and colors, blurs, and adds noise. */
    abstract void light(float[] rgb, SplittableRandom random);

    /**
     * A picture of a sign, another one each time.
     *
     * @param drawing the sign
     * @param random source of all that is left to chance
     * @return channels, rows and columns, from 0 to 1
     */
    public float[] picture(BufferedImage drawing, SplittableRandom random) {
        BufferedImage canvas = canvas(drawing, random);
        float[] rgb = new float[CHANNELS * PIXELS];
        for (int i = 0; i < CANVAS * CANVAS; i++) {
            int color = canvas.getRGB(i % CANVAS, i / CANVAS);
            int place = i / CANVAS / 2 * SIDE + i % CANVAS / 2;
            for (int channel = 0; channel < CHANNELS; channel++) {
                rgb[channel * PIXELS + place] += (color >> 16 - 8 * channel & 255) / WHITE / 4;
            }
        }
        light(rgb, random);
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = Math.max(0, Math.min(1, rgb[i]));
        }
        return rgb;
    }

    /** The sign somewhere before a background, turned and slanted a little, every third one with something before it. */
    private static BufferedImage canvas(BufferedImage drawing, SplittableRandom random) {
        BufferedImage canvas = new BufferedImage(CANVAS, CANVAS, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = canvas.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        g.setPaint(new GradientPaint(0, 0, color(random), random.nextInt(CANVAS), CANVAS, color(random)));
        g.fillRect(0, 0, CANVAS, CANVAS);
        for (int blot = 0; blot < 8; blot++) {
            blot(g, random, random.nextInt(CANVAS), random.nextInt(CANVAS), 6 + random.nextInt(30));
        }
        AffineTransform place =
                AffineTransform.getTranslateInstance(SIDE + between(random, -4, 4), SIDE + between(random, -4, 4));
        place.rotate(between(random, -0.2, 0.2));
        place.shear(between(random, -0.15, 0.15), between(random, -0.15, 0.15));
        double size = between(random, 0.6, 0.9) * CANVAS / Math.max(drawing.getWidth(), drawing.getHeight());
        place.scale(size * between(random, 0.85, 1), size);
        place.translate(-drawing.getWidth() / 2.0, -drawing.getHeight() / 2.0);
        g.drawImage(drawing, place, null);
        if (random.nextInt(3) == 0) {
            int across = 10 + random.nextInt(16);
            blot(g, random, random.nextInt(CANVAS - across), random.nextInt(CANVAS - across), across);
        }
        g.dispose();
        return canvas;
    }

    private static void blot(Graphics2D g, SplittableRandom random, int left, int top, int across) {
        g.setColor(color(random));
        if (random.nextBoolean()) {
            g.fillOval(left, top, across, across * 2 / 3);
        } else {
            g.fillRect(left, top, across / 2, across);
        }
    }

    private static Color color(SplittableRandom random) {
        return new Color(40 + random.nextInt(160), 40 + random.nextInt(160), 40 + random.nextInt(160));
    }

    private static void daylight(float[] rgb, SplittableRandom random) {
        double gain = between(random, 0.55, 1.25);
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] *= (float) gain;
        }
        blur(rgb, random.nextInt(2));
        noise(rgb, random, 0.02, 0.06);
    }

    /** Each pixel becomes the mean of its nine, so many times; what is beyond an edge looks like the edge. */
    private static void blur(float[] rgb, int times) {
        for (int time = 0; time < times; time++) {
            float[] sharp = rgb.clone();
            for (int i = 0; i < rgb.length; i++) {
                int channel = i / PIXELS * PIXELS;
                float sum = 0;
                for (int near = 0; near < 9; near++) {
                    int row = Math.max(0, Math.min(SIDE - 1, i % PIXELS / SIDE + near / 3 - 1));
                    int column = Math.max(0, Math.min(SIDE - 1, i % SIDE + near % 3 - 1));
                    sum += sharp[channel + row * SIDE + column];
                }
                rgb[i] = sum / 9;
            }
        }
    }

    private static void noise(float[] rgb, SplittableRandom random, double least, double most) {
        double deviation = between(random, least, most);
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] += (float) (deviation * random.nextGaussian());
        }
    }

    private static double between(SplittableRandom random, double least, double most) {
        return least + (most - least) * random.nextDouble();
    }
}
