/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.imageio.ImageIO;

/**
 * Drawings of traffic signs (Mapillary, MIT), each in the designs of several countries. {@link SignScene} makes pictures of them.
 *
 * @param signs names of the signs, in alphabetical order
 * @param drawings for each design its drawings, in the order of the names
 */
public record TrafficSigns(List<String> signs, Map<String, List<BufferedImage>> drawings) {

    private static final String ENDING = ".png";

    /**
     * Reads drawings.
     *
     * @param zip a zip with an entry {@code DESIGN/SIGN.png} for each sign in each design
     * @return the drawings
     * @throws IOException if it cannot be read
     */
    public static TrafficSigns read(Path zip) throws IOException {
        Map<String, Map<String, BufferedImage>> designs = new TreeMap<>();
        try (ZipFile file = new ZipFile(zip.toFile())) {
            for (ZipEntry entry : file.stream().toList()) {
                String[] name = entry.getName().split("/");
                try (InputStream in = file.getInputStream(entry)) {
                    designs.computeIfAbsent(name[0], design -> new TreeMap<>())
                            .put(name[1].substring(0, name[1].length() - ENDING.length()), ImageIO.read(in));
                }
            }
        }
        Map<String, List<BufferedImage>> drawings = new TreeMap<>();
        designs.forEach((design, signs) -> drawings.put(design, List.copyOf(signs.values())));
        return new TrafficSigns(List.copyOf(designs.values().iterator().next().keySet()), drawings);
    }

    /**
     * A sign in a design.
     *
     * @param design name of the design
     * @param sign number of the sign
     * @return its drawing
     */
    public BufferedImage drawing(String design, int sign) {
        return drawings.get(design).get(sign);
    }
}
