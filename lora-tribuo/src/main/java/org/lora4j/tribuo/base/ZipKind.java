/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.lora4j.error.ModelFormatException;

/** Tells the files of Deeplearning4j and SameDiff apart. */
final class ZipKind {

    private static final String CONFIGURATION = "configuration.json";

    private ZipKind() {}

    static BaseKind of(Path file) throws IOException {
        if (!isZip(file)) {
            return BaseKind.SAMEDIFF;
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            ZipEntry entry = zip.getEntry(CONFIGURATION);
            if (entry == null) {
                throw new ModelFormatException(
                        file + ": a zip without " + CONFIGURATION
                                + "; expected a zip of ModelSerializer, a file of SameDiff.save, or the directory of an encoder.");
            }
            try (InputStream in = zip.getInputStream(entry)) {
                String json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                // As DL4J's own ModelGuesser does; only the graph has vertices.
                return json.contains("\"vertices\"") ? BaseKind.COMPUTATION_GRAPH : BaseKind.MULTI_LAYER_NETWORK;
            }
        }
    }

    private static boolean isZip(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.read() == 'P' && in.read() == 'K';
        }
    }
}
