/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Changes what a checkpoint holds and gives it the checksum of that. */
public final class SoundNonsense {

    private SoundNonsense() {}

    public static void write(Path file, Consumer<CheckpointContent> change) throws IOException {
        CheckpointContent content = CheckpointFile.read(file);
        change.accept(content);
        CheckpointFile.write(file, content);
    }
}
