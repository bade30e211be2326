/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A decoder with random weights, for tests of other packages. */
public final class SmallDecoder {

    private SmallDecoder() {}

    /** Writes it to a new directory. */
    public static Path write(Path directory) throws IOException {
        return SmallCausalLm.write(Files.createDirectory(directory), null);
    }
}
