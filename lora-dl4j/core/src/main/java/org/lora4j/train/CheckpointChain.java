/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.lora4j.internal.checkpoint.CheckpointFolder;
import org.lora4j.internal.checkpoint.UnusableContentException;

/**
 * The checkpoints of a directory, read to see whether they belong together: each holds what its hash says, and names the hash of the one
 * before it. Immutable; the files are not changed.
 *
 * @apiNote Status: experimental
 */
public final class CheckpointChain {

    private final List<Link> links;
    private final List<String> problems;

    /**
     * One checkpoint.
     *
     * @param record what it says of itself
     * @param file where it is
     * @apiNote Status: experimental
     */
    public record Link(CheckpointRecord record, Path file) {

        /**
         * Checks that both are there.
         *
         * @param record as in the record
         * @param file as in the record
         */
        public Link {
            Arguments.required(record, "CheckpointChain.Link: record", "a record");
            Arguments.required(file, "CheckpointChain.Link: file", "a file");
        }
    }

    private CheckpointChain(List<Link> links, List<String> problems) {
        this.links = List.copyOf(links);
        this.problems = List.copyOf(problems);
    }

    /**
     * Reads all checkpoints of a directory.
     *
     * @param directory where {@link Checkpoints} put them
     * @return the chain, with what is wrong with it
     * @throws IOException if the directory cannot be read
     */
    public static CheckpointChain read(Path directory) throws IOException {
        Arguments.required(directory, "CheckpointChain.read: directory", "a directory with checkpoints");
        List<Link> links = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (Path file : CheckpointFolder.filesIn(directory)) {
            try (CheckpointContent content = CheckpointFolder.read(file)) {
                CheckpointRecord record = of(content)
                        .orElseThrow(() -> new UnusableContentException(
                                "it has no record, as it is of a version before 0.1; expected one"));
                links.add(new Link(record, file));
                check(file, content, record, links, problems);
            } catch (IOException | UnusableContentException e) {
                problems.add("the checkpoint " + name(file) + " cannot be used: " + e.getMessage());
            }
        }
        return new CheckpointChain(links, problems);
    }

    private static void check(
            Path file, CheckpointContent content, CheckpointRecord record, List<Link> links, List<String> problems) {
        if (!content.recordHash().equals(record.hash())) {
            problems.add("the checkpoint " + name(file) + " has the hash " + content.recordHash() + ", but says "
                    + MessageText.name(record.hash()) + ": it was changed");
        }
        if (!CheckpointFolder.isNamedFor(file, record.step())) {
            problems.add("the checkpoint " + name(file) + " is that of step " + record.step() + ": it was renamed");
        }
        if (links.size() > 1) {
            CheckpointRecord earlier = links.get(links.size() - 2).record();
            if (!record.before().equals(Optional.of(earlier.hash()))) {
                problems.add("the checkpoint of step " + record.step() + " names "
                        + record.before().map(MessageText::name).orElse("none")
                        + " as the one before it, but that of step "
                        + earlier.step() + " has " + earlier.hash() + ": one of them was exchanged, or one between them"
                        + " removed");
            }
        }
    }

    private static String name(Path file) {
        return MessageText.value(file.getFileName());
    }

    /** What a checkpoint says of itself; empty of one that was written before there were records. */
    static Optional<CheckpointRecord> of(CheckpointContent content) {
        return content.isSealed()
                ? Optional.of(new CheckpointRecord(content.step(), content.sealedHash(), content.before()))
                : Optional.empty();
    }

    /**
     * The checkpoints that could be read.
     *
     * @return by step
     */
    public List<Link> links() {
        return links;
    }

    /**
     * What is wrong.
     *
     * @return sentences that name checkpoints; empty if nothing is
     */
    public List<String> problems() {
        return problems;
    }

    /**
     * Copies one to a directory of its own, from which a run can go on.
     *
     * @param link one of {@link #links}
     * @param folder where to; made if it is not there
     * @throws IOException if it cannot be read or written
     */
    public static void copy(Link link, Path folder) throws IOException {
        Arguments.required(link, "CheckpointChain.copy: link", "a checkpoint");
        Arguments.required(folder, "CheckpointChain.copy: folder", "a directory");
        CheckpointFolder.copy(link.file(), folder);
    }

    /**
     * How two checkpoints differ, times left out.
     *
     * @param one a checkpoint
     * @param other another one
     * @return for each value or array that differs, by name, by how much, relative to the largest element; infinite where that
     *     cannot be told
     * @throws IOException if one cannot be read
     */
    public static Map<String, Double> differences(Link one, Link other) throws IOException {
        Arguments.required(one, "CheckpointChain.differences: one", "a checkpoint");
        Arguments.required(other, "CheckpointChain.differences: other", "a checkpoint");
        Map<String, Double> differences = new LinkedHashMap<>();
        try (CheckpointContent before = CheckpointFolder.read(one.file());
                CheckpointContent now = CheckpointFolder.read(other.file())) {
            before.differences(now).forEach((name, apart) -> differences.put(worded(before, name), apart));
        }
        return Collections.unmodifiableMap(differences);
    }

    /** {@code parameter3.value} by the name of the parameter. */
    private static String worded(CheckpointContent content, String name) {
        int dot = name.indexOf('.');
        String part = dot < 0 ? name : name.substring(0, dot);
        return part.startsWith("parameter") && content.has(part + ".name")
                ? MessageText.value(content.text(part + ".name")) + name.substring(dot)
                : name;
    }

    @Override
    public String toString() {
        return "CheckpointChain[" + links.size() + " checkpoints"
                + (problems.isEmpty() ? "" : ", " + problems.size() + " problems") + "]";
    }
}
