/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;

/** What the headers of safetensors say, without reading the values. */
final class TensorFiles {

    private static final String END = ".safetensors";

    private TensorFiles() {}

    /** The files of tensors in a directory, sorted. */
    static List<Path> in(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> String.valueOf(file.getFileName()).endsWith(END))
                    .sorted()
                    .toList();
        }
    }

    /** All tensors of a directory by name. */
    static Map<String, TensorEntry> of(Path directory) throws IOException {
        Map<String, TensorEntry> all = new TreeMap<>();
        for (Path file : Files.isDirectory(directory) ? in(directory) : List.of(directory)) {
            try (SafetensorsReader reader = SafetensorsReader.open(file)) {
                all.putAll(reader.tensors());
            }
        }
        return all;
    }

    static long values(Map<String, TensorEntry> tensors) {
        long values = 0;
        for (TensorEntry entry : tensors.values()) {
            long count = 1;
            for (long size : entry.shape()) {
                count *= size;
            }
            values += count;
        }
        return values;
    }

    /** Of which types of elements they are. */
    static List<String> types(Map<String, TensorEntry> tensors) {
        return new ArrayList<>(tensors.values().stream()
                .map(entry -> String.valueOf(entry.dtype()))
                .distinct()
                .sorted()
                .toList());
    }
}
