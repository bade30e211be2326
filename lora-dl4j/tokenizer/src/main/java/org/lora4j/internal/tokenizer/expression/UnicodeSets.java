/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Sets of code points by name, as Hugging Face's library and those that it is made of have them. They come from a file of
 * this package and not from the class library of Java, whose version of Unicode differs from one JDK to the next, so that a
 * text has the same tokens everywhere.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class UnicodeSets {

    private static final Map<String, String> LINES = read();
    private static final Map<String, CodePointSet> SETS = new ConcurrentHashMap<>();

    private UnicodeSets() {}

    /**
     * A set.
     *
     * @return the set, or null if the file has no such name
     */
    public static CodePointSet find(String name) {
        String ranges = LINES.get(name);
        return ranges == null ? null : SETS.computeIfAbsent(name, key -> parse(ranges));
    }

    /** A set that the file must have. */
    public static CodePointSet get(String name) {
        CodePointSet set = find(name);
        if (set == null) {
            throw new IllegalStateException("UnicodeSets: no set " + name + " in the file of this package");
        }
        return set;
    }

    /**
     * A table of numbers.
     *
     * @return for each code point of the table its value
     */
    public static Map<Integer, Integer> table(String name) {
        Map<Integer, Integer> table = new HashMap<>();
        for (String entry : LINES.get(name).split(" ")) {
            int equals = entry.indexOf('=');
            table.put(
                    Integer.parseInt(entry, 0, equals, Character.MAX_RADIX),
                    Integer.parseInt(entry, equals + 1, entry.length(), Character.MAX_RADIX));
        }
        return table;
    }

    private static Map<String, String> read() {
        try (InputStream in = UnicodeSets.class.getResourceAsStream("unicode.txt");
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            Map<String, String> read = new HashMap<>();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int blank = line.indexOf(' ');
                if (blank > 0 && line.charAt(0) != '#') {
                    read.put(line.substring(0, blank), line.substring(blank + 1));
                }
            }
            return read;
        } catch (IOException e) {
            throw new UncheckedIOException("UnicodeSets: the file of this package cannot be read", e);
        }
    }

    /** Ranges as the distance from the end of the one before, and after a point how many more code points follow. */
    private static CodePointSet parse(String ranges) {
        String[] parts = ranges.split(" ");
        int[] bounds = new int[2 * parts.length];
        int end = 0;
        for (int i = 0; i < parts.length; i++) {
            int dot = parts[i].indexOf('.');
            int first = end + Integer.parseInt(parts[i], 0, dot < 0 ? parts[i].length() : dot, Character.MAX_RADIX);
            int last = dot < 0
                    ? first
                    : first + Integer.parseInt(parts[i], dot + 1, parts[i].length(), Character.MAX_RADIX);
            bounds[2 * i] = first;
            bounds[2 * i + 1] = last;
            end = last + 1;
        }
        return CodePointSet.ofRanges(bounds);
    }
}
