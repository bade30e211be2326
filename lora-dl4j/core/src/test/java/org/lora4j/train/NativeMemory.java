/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Pointer;

/** What the process holds beside the heap of Java. */
final class NativeMemory {

    private static final Path MAPPINGS = Path.of("/proc/self/smaps");
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]{8,16})-[0-9a-f]+ .*");
    private static final Pattern RESIDENT = Pattern.compile("Rss: +(\\d+) kB");

    /** HotSpot puts a heap of less than 32 GB below, where its addresses have 35 bits; libraries and malloc are above. */
    private static final long ABOVE_HEAP = 1L << 36;

    private NativeMemory() {}

    /** Resident bytes, after what the collector can free has been freed. */
    static long resident() {
        // Once for the collector, once for what deallocators wait for.
        for (int i = 0; i < 2; i++) {
            System.gc();
            try {
                Thread.sleep(30);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return Files.exists(MAPPINGS) ? aboveHeap() : Pointer.physicalBytes();
    }

    private static long aboveHeap() {
        long kilobytes = 0;
        boolean counts = false;
        try {
            for (String line : Files.readAllLines(MAPPINGS)) {
                Matcher mapping = MAPPING.matcher(line);
                Matcher resident = RESIDENT.matcher(line);
                if (mapping.matches()) {
                    counts = Long.parseUnsignedLong(mapping.group(1), 16) >= ABOVE_HEAP;
                } else if (counts && resident.matches()) {
                    kilobytes += Long.parseLong(resident.group(1));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return kilobytes << 10;
    }
}
