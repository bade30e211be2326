/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** The entries of a zip file, to be changed and written again. */
final class ZipEntries {

    private final Map<String, byte[]> entries = new LinkedHashMap<>();

    static ZipEntries of(Path file) throws IOException {
        ZipEntries zip = new ZipEntries();
        try (InputStream bytes = Files.newInputStream(file);
                ZipInputStream in = new ZipInputStream(bytes)) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                zip.put(entry.getName(), in.readAllBytes());
            }
        }
        return zip;
    }

    byte[] get(String name) {
        return entries.get(name);
    }

    Map<String, byte[]> all() {
        return entries;
    }

    ZipEntries put(String name, byte[] content) {
        entries.put(name, content);
        return this;
    }

    ZipEntries remove(String name) {
        entries.remove(name);
        return this;
    }

    ZipEntries edit(String name, UnaryOperator<String> change) {
        String before = new String(entries.get(name), StandardCharsets.UTF_8);
        String after = change.apply(before);
        if (after.equals(before)) {
            throw new AssertionError("the edit of " + name + " changed nothing");
        }
        return put(name, after.getBytes(StandardCharsets.UTF_8));
    }

    Path write(Path file) throws IOException {
        try (OutputStream bytes = Files.newOutputStream(file);
                ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(entry.getValue());
                out.closeEntry();
            }
        }
        return file;
    }
}
