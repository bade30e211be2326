/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lora4j.error.Arguments;
import org.lora4j.serve.ServedBy;

/**
 * What a server has under a name.
 *
 * @param name the name
 * @param kind what it is for
 * @param by its content and its generation, as answers carry them
 * @param labels its labels or tags in the order of the head; empty where there are none
 * @param severalLabels whether an input may have any number of labels
 * @param directory where it was loaded from; empty for a task that was in memory
 * @param bytes what its factors and its head take in memory
 * @param active requests that were accepted with it and are not answered yet, those with its earlier generations left out
 * @param differences how what it was trained on differs from this base, if that was allowed; empty if it does not, as far as it could be
 *     checked
 * @param storedAs in which forms the matrices of the encoder are kept, such as {@code F32}
 * @apiNote Status: experimental
 */
public record LoadedTask(
        String name,
        TaskKind kind,
        ServedBy by,
        List<String> labels,
        boolean severalLabels,
        Optional<Path> directory,
        long bytes,
        int active,
        List<String> differences,
        Set<String> storedAs) {

    /**
     * Checks that all is there.
     *
     * @param name as in the record
     * @param kind as in the record
     * @param by as in the record
     * @param labels as in the record
     * @param severalLabels as in the record
     * @param directory as in the record
     * @param bytes as in the record
     * @param active as in the record
     * @param differences as in the record
     * @param storedAs as in the record
     */
    public LoadedTask {
        Arguments.required(name, "LoadedTask: name", "a name");
        Arguments.required(kind, "LoadedTask: kind", "what it is for");
        Arguments.required(by, "LoadedTask: by", "its content and its generation");
        labels = List.copyOf(Arguments.allRequired(labels, "LoadedTask: labels", "a label"));
        Arguments.required(directory, "LoadedTask: directory", "a directory, or Optional.empty()");
        differences = List.copyOf(Arguments.allRequired(differences, "LoadedTask: differences", "a difference"));
        Arguments.required(storedAs, "LoadedTask: storedAs", "forms");
        storedAs = Collections.unmodifiableSet(new LinkedHashSet<>(storedAs));
    }
}
