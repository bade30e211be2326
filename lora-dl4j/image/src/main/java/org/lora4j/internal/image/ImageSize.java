/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What size an image gets.
 *
 * @param height rows; 0 if the shape of the image is kept
 * @param width columns; 0 if the shape of the image is kept
 * @param shortest length of the shorter edge; 0 if it is not set
 * @param longest most of the longer edge, or its length where the shorter is not set; 0 for any
 */
record ImageSize(int height, int width, int shortest, int longest) {

    private static final int MOST = 16_384;

    static ImageSize square(int edge) {
        return new ImageSize(edge, edge, 0, 0);
    }

    static ImageSize shortest(int edge) {
        return new ImageSize(0, 0, edge, 0);
    }

    /**
     * What a file says: a number, a list of height and width, or an object with {@code height} and {@code width}, {@code shortest_edge}
     * or {@code longest_edge}.
     */
    static Optional<ImageSize> of(Object value, boolean squares) {
        int edge = edge(value);
        if (edge > 0) {
            return Optional.of(squares ? square(edge) : shortest(edge));
        }
        if (value instanceof List<?> list && list.size() == 2 && list.stream().allMatch(item -> edge(item) > 0)) {
            return Optional.of(new ImageSize(edge(list.get(0)), edge(list.get(1)), 0, 0));
        }
        if (!(value instanceof Map<?, ?> fields)) {
            return Optional.empty();
        }
        int height = edge(fields.get("height"));
        int width = edge(fields.get("width"));
        int shortest = edge(fields.get("shortest_edge"));
        int longest = edge(fields.get("longest_edge"));
        if (height > 0 && width > 0 && fields.size() == 2) {
            return Optional.of(new ImageSize(height, width, 0, 0));
        }
        boolean edges = shortest > 0 && (longest > 0 && fields.size() == 2 || fields.size() == 1);
        return edges || longest > 0 && fields.size() == 1
                ? Optional.of(new ImageSize(0, 0, shortest, longest))
                : Optional.empty();
    }

    private static int edge(Object value) {
        return value instanceof Integer number && number > 0 && number <= MOST ? number : 0;
    }

    /** Whether every image gets the same size. */
    boolean isFixed() {
        return height > 0;
    }

    /** An image in this size. Lengths lose their fraction, as in Transformers. */
    Pixels resized(Pixels image, Resampling filter) {
        if (isFixed()) {
            return image.resized(width, height, filter);
        }
        boolean upright = image.width() <= image.height();
        long shorter = upright ? image.width() : image.height();
        long longer = upright ? image.height() : image.width();
        int newShorter = shortest > 0 ? shortest : (int) Math.max(1, longest * shorter / longer);
        long unbounded = shortest > 0 ? shortest * longer / shorter : longest;
        int newLonger = (int) Math.min(unbounded, Integer.MAX_VALUE);
        if (longest > 0 && newLonger > longest) {
            newShorter = Math.max(1, (int) ((long) longest * newShorter / newLonger));
            newLonger = longest;
        }
        if (newLonger > MOST) {
            throw new IllegalArgumentException("an image of " + image.width() + " x " + image.height()
                    + " pixels would be " + newLonger + " long when its shorter edge has " + newShorter
                    + "; expected at most " + MOST + ". Cut it first.");
        }
        return upright ? image.resized(newShorter, newLonger, filter) : image.resized(newLonger, newShorter, filter);
    }

    /** As a file says it. */
    Map<String, Object> fields() {
        if (isFixed()) {
            return Map.of("height", height, "width", width);
        }
        Map<String, Object> edges = new TreeMap<>();
        if (longest > 0) {
            edges.put("longest_edge", longest);
        }
        if (shortest > 0) {
            edges.put("shortest_edge", shortest);
        }
        return edges;
    }
}
