/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

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
 * Drawings of traffic signs, each in the designs of several countries.
 *
 * @param signs names of the signs, in alphabetical order
 * @param drawings for each design its drawings, in the order of the names
 */
record SignDrawings(List<String> signs, Map<String, List<BufferedImage>> drawings) {

    private static final String ENDING = ".png";

    /** Reads a zip with an entry {@code DESIGN/SIGN.png} for each sign in each design. */
    static SignDrawings read(Path zip) throws IOException {
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
        return new SignDrawings(List.copyOf(designs.values().iterator().next().keySet()), drawings);
    }

    /** A sign in a design. */
    BufferedImage drawing(String design, int sign) {
        return drawings.get(design).get(sign);
    }
}
