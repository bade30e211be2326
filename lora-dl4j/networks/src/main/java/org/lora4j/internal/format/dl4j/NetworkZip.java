/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.dl4j;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.zip.ZipBytes;
import org.lora4j.internal.format.zip.ZipDirectory;

/**
 * A zip file that Deeplearning4j's {@code ModelSerializer} or lora4j wrote. What it unpacks to is bounded as a whole.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * @apiNote Status: internal
 */
public final class NetworkZip implements Closeable {

    /** The entry with the configuration. */
    public static final String CONFIGURATION = "configuration.json";

    /** The entry with all parameters. */
    public static final String COEFFICIENTS = "coefficients.bin";

    /** The entry with what the updater remembers. */
    public static final String UPDATER = "updaterState.bin";

    /** The entry that says that there are no parameters. */
    public static final String NO_PARAMETERS = "noParams.marker";

    /** What any file may unpack to, however short it is. */
    public static final long FREE_BYTES = 256L << 20;

    /** How many times its length a file may unpack to: trained numbers hardly shrink, a fresh updater's zeros do. */
    public static final int MOST_EXPANSION = 20;

    private static final int MOST_ENTRIES = 10_000;

    private final ZipBytes file;
    private final Map<String, ZipDirectory.Entry> entries;
    private final long most;
    private long unpacked;

    private NetworkZip(ZipBytes file, Map<String, ZipDirectory.Entry> entries, long most) {
        this.file = file;
        this.entries = entries;
        this.most = most;
    }

    /**
     * Opens a file and reads its directory.
     *
     * @param most how many bytes all entries that are read may have together, or 0 for the larger one of
     *     {@value #FREE_BYTES} and {@value #MOST_EXPANSION} times the file's length
     * @return the file, to be closed
     * @throws ModelFormatException if it is not a zip file, damaged, or without the entries of a network
     */
    public static NetworkZip open(Path path, long most) throws IOException {
        RegularFile.require(path, "a zip of ModelSerializer");
        ZipBytes file = ZipBytes.open(
                path,
                what -> new ModelFormatException(
                        what + ". The file is damaged or not a network that Deeplearning4j saved: get it again."));
        try {
            return read(file, most > 0 ? most : Math.max(FREE_BYTES, MOST_EXPANSION * file.length()));
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private static NetworkZip read(ZipBytes file, long most) throws IOException {
        ByteBuffer start = file.read(0, (int) Math.min(2, file.length()));
        if (start.limit() < 2 || start.get(0) != 'P' || start.get(1) != 'K') {
            throw file.corrupt("does not begin as a zip file; expected one that ModelSerializer wrote");
        }
        Map<String, ZipDirectory.Entry> entries = ZipDirectory.read(file);
        if (entries.size() > MOST_ENTRIES) {
            throw file.corrupt("has " + entries.size() + " entries; expected at most " + MOST_ENTRIES);
        }
        List<String> missing = new ArrayList<>(List.of(CONFIGURATION, COEFFICIENTS));
        missing.removeAll(entries.keySet());
        if (!missing.isEmpty()) {
            throw new ModelFormatException(file.name() + ": has no entry " + Problems.quoted(missing) + " among "
                    + Problems.quoted(entries.keySet())
                    + "; expected a zip that ModelSerializer wrote. It is a zip of something else: check the path.");
        }
        return new NetworkZip(file, entries, most);
    }

    /**
     * The file, for messages.
     *
     * @return its path as given
     */
    public String name() {
        return file.name();
    }

    /**
     * What the file holds.
     *
     * @return names of entries in the order of the file
     */
    public Set<String> names() {
        return entries.keySet();
    }

    /**
     * The length of an entry.
     *
     * @return bytes after decompression
     */
    public long size(String name) {
        return entries.get(name).size();
    }

    /**
     * An entry as a stream, which is closed with the file at the latest.
     *
     * @return its bytes; the checksum is verified at its end
     * @throws ModelFormatException if it would unpack to more than is left of what the file may unpack to
     */
    public InputStream open(String name) throws IOException {
        ZipDirectory.Entry entry = entries.get(name);
        if (entry.size() > most - unpacked) {
            throw new ModelFormatException(where(name) + ": unpacks to " + entry.size() + " bytes; expected at most "
                    + (most - unpacked) + " of a file of " + file.length()
                    + ". If you trust the file, allow more with NetworkFile.unpackingTo(bytes).");
        }
        unpacked += entry.size();
        return file.open(entry);
    }

    /**
     * An entry as text.
     *
     * @param longest how many bytes it may have
     * @throws ModelFormatException if it is longer or not UTF-8
     */
    public String text(String name, int longest) throws IOException {
        if (size(name) > longest) {
            throw corrupt(name, "has " + size(name) + " bytes; expected at most " + longest);
        }
        try (InputStream bytes = open(name)) {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes.readAllBytes()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw corrupt(name, "is not UTF-8 text");
        }
    }

    /**
     * Where something is, for messages.
     *
     * @return the file and the entry
     */
    public String where(String name) {
        return file.name() + ", " + name;
    }

    /**
     * The exception for a damaged entry.
     *
     * @param what what is wrong with it, with the value found and what was expected; no full stop
     */
    public ModelFormatException corrupt(String name, String what) {
        return new ModelFormatException(where(name) + ": " + what
                + ". The file is damaged or not a network that Deeplearning4j saved: get it again.");
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
