/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.internal.format.file.StagedFiles;
import org.lora4j.internal.format.file.WholeFile;

/**
 * Writes an adapter and files that belong to it to one directory, in one commit: a process that dies meanwhile leaves all files
 * of before or all new ones. For integrations that keep something beside an adapter, such as {@code lora-tribuo} with the names
 * of outputs.
 *
 * @apiNote Status: experimental
 */
public final class AdapterDirectory {

    private AdapterDirectory() {}

    /**
     * Writes an adapter with files beside it.
     *
     * @param where the call, for messages
     * @param adapter the adapter
     * @param directory where to; created if missing, other files of it stay
     * @param beside bytes of the files beside it by name; names are those that saves of this library have
     * @throws IOException if writing fails; what was there before is unchanged then
     * @throws IllegalStateException if the adapter holds no tensors
     * @throws IllegalArgumentException if a name is none of those
     */
    public static void save(String where, Adapter adapter, Path directory, Map<String, byte[]> beside)
            throws IOException {
        Arguments.required(adapter, "AdapterDirectory.save: adapter", "an adapter");
        Arguments.required(directory, "AdapterDirectory.save: directory", "a directory");
        Arguments.allRequired(beside, "AdapterDirectory.save: beside", "the bytes of a file");
        StagedFiles.replace(where, directory, staging -> {
            adapter.save(staging);
            for (Map.Entry<String, byte[]> file : beside.entrySet()) {
                WholeFile.write(staging.resolve(file.getKey()), out -> out.write(file.getValue()));
            }
        });
    }

    /**
     * Where a file of such a directory is to be read.
     *
     * @param directory the directory
     * @param name the name of the file
     * @return its place, or where it is if a save was cut short after its commit
     */
    public static Path locate(Path directory, String name) {
        Arguments.required(directory, "AdapterDirectory.locate: directory", "a directory");
        Arguments.required(name, "AdapterDirectory.locate: name", "the name of a file");
        return StagedFiles.locate(directory, name);
    }
}
