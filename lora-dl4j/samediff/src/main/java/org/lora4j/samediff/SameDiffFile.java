/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.error.Arguments;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.samediff.StoredGraph;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Reads a file of {@code SameDiff.save}, also one of a stranger, and writes one.
 *
 * <p>{@code SameDiff.load} trusts the file: one changed byte in the shape of an array ends the JVM, a changed length takes all
 * memory, and the training configuration makes whatever class it names. This reader gives the graph that was saved, but
 *
 * <ul>
 *   <li>with {@link #expecting}, the hash of the bytes is compared before anything else is done with them;
 *   <li>every offset, length, shape and stride is verified before SameDiff sees the file, and no more is allocated than a small
 *       multiple of its length;
 *   <li>classes of the training configuration are those of ND4J ({@link StoredGraph#PACKAGES}), and those that the caller
 *       {@linkplain #allowing names};
 *   <li>arrays of texts are refused;
 *   <li>arrays of bfloat16 have their values, where {@code SameDiff.load} of ND4J M2.1 exchanges the two bytes of each.
 * </ul>
 *
 * <p>What a graph then computes is the stranger's choice all the same: the arguments of its ops go to native code when it runs.
 * Run a graph only if you know who made it, or its hash.
 *
 * <p><b>State.</b> A value. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class SameDiffFile {

    private static final int LONGEST_MESSAGE_SHOWN = 500;

    private final String where;
    private final Source source;
    private final String sha256;
    private final long most;
    private final boolean updater;
    private final Set<String> allowed;

    /** Gives the bytes, at most so many. */
    private interface Source {
        byte[] bytes(long most) throws IOException;
    }

    private SameDiffFile(String where, Source source, String sha256, long most, boolean updater, Set<String> allowed) {
        this.where = where;
        this.source = source;
        this.sha256 = sha256;
        this.most = most;
        this.updater = updater;
        this.allowed = allowed;
    }

    /**
     * Reads a graph, without the memory of updaters.
     *
     * @param file the file
     * @return the graph
     * @throws ModelFormatException as for {@link #graph}
     * @throws IOException if the file does not exist or cannot be read
     */
    public static SameDiff read(Path file) throws IOException {
        return of(file).graph();
    }

    /**
     * Writes a graph as {@code SameDiff.save} does without updaters, but whole or not at all: a process that dies meanwhile leaves
     * what was there before. Before it is visible it is read again: ops and arrays have to be the same in every bit, and the outputs
     * for inputs from a fixed seed within 1e-5, where the graph computes some of them.
     *
     * @param graph the graph
     * @param file where to; its directory must be there
     * @throws IOException if writing fails, or what is read is not this graph; what was there before is unchanged then
     */
    public static void write(SameDiff graph, Path file) throws IOException {
        Arguments.required(graph, "SameDiffFile.write: graph", "a graph");
        Arguments.required(file, "SameDiffFile.write: file", "where to write");
        ByteBuffer bytes = graph.asFlatBuffers(false);
        WholeFile.write(
                file, out -> Channels.newChannel(out).write(bytes), written -> GraphProbe.requireSame(graph, written));
    }

    /**
     * Names a file; nothing is read yet.
     *
     * @param file the file
     * @return the file, of any length and hash
     */
    public static SameDiffFile of(Path file) {
        Arguments.required(file, "SameDiffFile.of: file", "a file of SameDiff.save");
        return new SameDiffFile(file.toString(), most -> readBytes(file, most), null, Long.MAX_VALUE, false, Set.of());
    }

    /**
     * Takes a file's bytes from memory.
     *
     * @param where what the bytes are, for messages
     * @param bytes what {@code SameDiff.asFlatBuffers} gave; not copied
     * @return the file, of any hash
     */
    public static SameDiffFile of(String where, byte[] bytes) {
        Arguments.required(where, "SameDiffFile.of: where", "what the bytes are, for messages");
        Arguments.required(bytes, "SameDiffFile.of: bytes", "the bytes of a graph");
        return new SameDiffFile(where, most -> bytes, null, Long.MAX_VALUE, false, Set.of());
    }

    /**
     * Asks for a hash.
     *
     * @param hash SHA-256 of the file's bytes, in hexadecimal digits of either case
     * @return this file, read so
     */
    public SameDiffFile expecting(String hash) {
        Arguments.required(hash, "SameDiffFile.expecting: hash", "a SHA-256");
        return new SameDiffFile(where, source, hash, most, updater, allowed);
    }

    /**
     * Sets how long the file may be.
     *
     * @param bytes maximum number of bytes
     * @return this file, read so
     */
    public SameDiffFile atMost(long bytes) {
        return new SameDiffFile(where, source, sha256, bytes, updater, allowed);
    }

    /**
     * Reads what updaters remember as well, to train on.
     *
     * @return this file, read so
     */
    public SameDiffFile withUpdater() {
        return new SameDiffFile(where, source, sha256, most, true, allowed);
    }

    /**
     * Allows further classes in the training configuration: updaters, schedules, evaluations of the caller's own.
     *
     * @param classes the very classes; not their subclasses
     * @return this file, read so
     */
    public SameDiffFile allowing(Class<?>... classes) {
        Arguments.required(classes, "SameDiffFile.allowing: classes", "classes");
        Arguments.allRequired(Arrays.asList(classes), "SameDiffFile.allowing: classes", "a class");
        Set<String> names = new TreeSet<>(allowed);
        for (Class<?> allowedToo : classes) {
            names.add(allowedToo.getName());
        }
        return new SameDiffFile(where, source, sha256, most, updater, Set.copyOf(names));
    }

    /**
     * Reads the graph.
     *
     * @return the graph
     * @throws ModelFormatException if the file has another hash, is longer than allowed, damaged, not a file of
     *     {@code SameDiff.save}, or names classes that are not allowed
     * @throws IOException if the file does not exist or cannot be read
     */
    public SameDiff graph() throws IOException {
        byte[] bytes = source.bytes(most);
        if (bytes.length > most) {
            throw new ModelFormatException(where + ": longer than " + most
                    + " bytes; expected a file within this limit. Raise the limit if you trust the file.");
        }
        requireHash(bytes);
        StoredGraph.verify(where, bytes, allowed);
        try {
            return Bfloat16Bytes.mended(stock(ByteBuffer.wrap(bytes), updater));
        } catch (RuntimeException e) {
            // Ops that do not exist, inputs that no op has: the stock reader notices them in many ways.
            throw new ModelFormatException(
                    where + ": SameDiff cannot make a graph of it: " + shortened(e.toString())
                            + ". The file is damaged, or of a version of ND4J with other ops: get it again.",
                    e);
        }
    }

    private void requireHash(byte[] bytes) throws ModelFormatException {
        if (sha256 == null) {
            return;
        }
        String found = Sha256.of(bytes);
        if (!found.equalsIgnoreCase(sha256)) {
            throw new ModelFormatException(where + ": SHA-256 " + found + "; expected " + sha256
                    + ". It is another file, or a changed one: get it again.");
        }
    }

    private static String shortened(String message) {
        return message.substring(0, Math.min(message.length(), LONGEST_MESSAGE_SHOWN));
    }

    private static byte[] readBytes(Path file, long most) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(
                    file.toString(), null, "no such file; expected one that SameDiff.save wrote. Check the path.");
        }
        try (InputStream in = RegularFile.open(file, "a file of SameDiff.save")) {
            long length = Math.min(Files.size(file), most);
            return in.readNBytes((int) Math.min(length + 1, Integer.MAX_VALUE - 8));
        }
    }

    /** What SameDiff itself makes of bytes that were judged, or that are our own. */
    static SameDiff stock(ByteBuffer bytes, boolean updater) throws IOException {
        return SameDiff.fromFlatBuffers(bytes, updater);
    }
}
