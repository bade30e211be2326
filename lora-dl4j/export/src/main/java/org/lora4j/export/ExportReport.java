/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.nio.file.Path;
import java.util.List;

/**
 * What an export wrote.
 *
 * @param directory the directory
 * @param files its files by their paths in it, sorted
 * @param changed the parameters whose values adapters changed, by their names in the model
 * @param added what the model has now and had not: outputs of a graph, tensors of a head
 * @param largestError the largest difference between a value and what was written for it, 0 if nothing was rounded
 * @param notes what differs from what was asked for, in sentences; empty if nothing does
 * @apiNote Status: experimental
 */
public record ExportReport(
        Path directory,
        List<String> files,
        List<String> changed,
        List<String> added,
        double largestError,
        List<String> notes) {

    /**
     * Copies the lists.
     *
     * @param directory the directory
     * @param files its files
     * @param changed the parameters that changed
     * @param added what is new
     * @param largestError the largest rounding error
     * @param notes what differs
     */
    public ExportReport {
        files = List.copyOf(files);
        changed = List.copyOf(changed);
        added = List.copyOf(added);
        notes = List.copyOf(notes);
    }

    /**
     * A report without notes.
     *
     * @param directory the directory
     * @param files its files
     * @param changed the parameters that changed
     * @param added what is new
     * @param largestError the largest rounding error
     */
    public ExportReport(
            Path directory, List<String> files, List<String> changed, List<String> added, double largestError) {
        this(directory, files, changed, added, largestError, List.of());
    }

    @Override
    public String toString() {
        return "ExportReport[" + directory + ": " + files.size() + " files, " + changed.size() + " parameters changed, "
                + added.size() + " added, largest rounding error " + largestError
                + (notes.isEmpty() ? "" : ", " + notes) + "]";
    }
}
