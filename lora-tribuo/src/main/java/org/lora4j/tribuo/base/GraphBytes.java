/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.error.ModelFormatException;
import org.lora4j.samediff.SameDiffFile;

/**
 * The flat buffer of a SameDiff graph, not read yet.
 *
 * @param name what it is, for messages
 * @param bytes the flat buffer
 */
record GraphBytes(String name, byte[] bytes) {

    /** SameDiff saves no more, and no Java array holds more. */
    private static final int LONGEST = Integer.MAX_VALUE - 8;

    static GraphBytes of(Path file) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) > LONGEST) {
            throw new ModelFormatException(file + ": no file, or longer than " + LONGEST
                    + " bytes; expected a file of SameDiff.save. Check the path.");
        }
        return new GraphBytes(file.toString(), Files.readAllBytes(file));
    }

    /** The graph; if it must have a certain content hash, its bytes are held against that before they are parsed. */
    Body body(BaseKind kind, BaseSettings settings) throws IOException {
        String expected = settings.expectedHash();
        String found = SameDiffBody.contentHash(kind, settings.featureVariable(), ByteBuffer.wrap(bytes));
        if (!expected.isEmpty() && !expected.equals(found)) {
            throw new ModelFormatException(name + ": the bytes of the graph have the content hash " + found
                    + "; expected " + expected + ". It is another graph, or damaged, or was saved with the state of"
                    + " its updater.");
        }
        return new SameDiffBody(kind, SameDiffFile.of(name, bytes).graph(), settings);
    }
}
