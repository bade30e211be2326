/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a process holds, as Linux counts it. */
final class ProcessMemory {

    private static final int KIBIBYTE = 1024;

    private ProcessMemory() {}

    /** Bytes of this process that are in memory now. */
    static long resident() {
        return field("VmRSS:");
    }

    /** The most bytes of this process that were ever in memory at a time. */
    static long peak() {
        return field("VmHWM:");
    }

    private static long field(String name) {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith(name))
                    .mapToLong(line -> KIBIBYTE * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new IllegalStateException("memory: /proc/self/status cannot be read; expected Linux.", e);
        }
    }
}
