/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.lora4j.internal.format.file.RegularFile;

/**
 * Bounds for native arrays where a container bounds the process. Java's heap follows such a limit by itself. JavaCPP's bounds follow the
 * heap alone: together they reach the limit, where Linux ends the process without a word, instead of an error that says what to do.
 *
 * <p>Both versions of Linux's control groups are read, and all groups above the process: the smallest limit counts.
 */
final class ContainerMemory {

    private static final String ARRAYS = "org.bytedeco.javacpp.maxbytes";
    private static final String PROCESS = "org.bytedeco.javacpp.maxphysicalbytes";

    private static final long MIB = 1L << 20;

    /** Code, classes and stacks of Java, and what libraries keep: a tenth, within these. */
    private static final long LEAST_REST = 128 * MIB;

    private static final long MOST_REST = 1024 * MIB;

    /** What arrays get at least, so that too large a heap ends in an error that names it. */
    private static final long LEAST_ARRAYS = 64 * MIB;

    private static final int MOST_BYTES = 1 << 16;
    private static final Pattern TOTAL = Pattern.compile("(?m)^MemTotal:\\s+(\\d{1,15}) kB$");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

    private final Path root;

    /**
     * What a system says.
     *
     * @param root where its files begin: {@code /}
     */
    ContainerMemory(Path root) {
        this.root = root;
    }

    /** Sets the bounds that the caller of Java has not set, before any native library is loaded; nothing without a limit. */
    static void bound(Path root, long heap, Properties properties) {
        OptionalLong limit = new ContainerMemory(root).limit();
        if (limit.isEmpty()) {
            return;
        }
        long allowed = limit.getAsLong();
        long rest = Math.min(MOST_REST, Math.max(LEAST_REST, allowed / 10));
        long arrays = Math.max(LEAST_ARRAYS, allowed - heap - rest);
        properties.putIfAbsent(ARRAYS, Long.toString(arrays));
        properties.putIfAbsent(PROCESS, Long.toString(allowed - rest / 4));
    }

    /**
     * How many bytes the process may take.
     *
     * @return the smallest limit of its groups; empty if there is none below the memory of the machine
     */
    OptionalLong limit() {
        long machine = machine();
        return text("proc/self/cgroup")
                .lines()
                .flatMapToLong(this::limits)
                .filter(bytes -> bytes > 0 && bytes < machine)
                .min();
    }

    private long machine() {
        Matcher total = TOTAL.matcher(text("proc/meminfo"));
        return total.find() ? Long.parseLong(total.group(1)) << 10 : Long.MAX_VALUE;
    }

    /** Of one line, such as {@code 0::/a/b} of version 2 or {@code 9:memory:/a/b} of version 1. */
    private LongStream limits(String line) {
        String[] parts = line.split(":", 3);
        if (parts.length < 3) {
            return LongStream.empty();
        }
        if (parts[1].isEmpty()) {
            // With both versions at once, that of version 2 has a folder of its own.
            return LongStream.concat(
                    limits("sys/fs/cgroup", parts[2], List.of("memory.max", "memory.high")),
                    limits("sys/fs/cgroup/unified", parts[2], List.of("memory.max", "memory.high")));
        }
        return List.of(parts[1].split(",")).contains("memory")
                ? limits("sys/fs/cgroup/memory", parts[2], List.of("memory.limit_in_bytes"))
                : LongStream.empty();
    }

    /** In the folder of a group and all above it. A container may see its own group as the topmost, whatever path it is told. */
    private LongStream limits(String mount, String group, List<String> files) {
        Path top = root.resolve(mount);
        LongStream.Builder found = LongStream.builder();
        Path folder;
        try {
            folder = top.resolve(group.replaceFirst("^/+", "")).normalize();
        } catch (InvalidPathException e) {
            folder = top;
        }
        for (Path at = folder.startsWith(top) ? folder : top; at.startsWith(top); at = at.getParent()) {
            for (String file : files) {
                String text = text(at.resolve(file)).strip();
                // "max", or more digits than a number of bytes can have, is no limit.
                if (NUMBER.matcher(text).matches()) {
                    found.add(Long.parseLong(text));
                }
            }
        }
        return found.build();
    }

    private String text(String name) {
        return text(root.resolve(name));
    }

    /** Empty where there is no such file: another system, or another version. */
    private static String text(Path file) {
        try {
            return new String(RegularFile.start(file, MOST_BYTES), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }
}
