/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes zip files of stored entries byte by byte, every number as the test wants it. */
final class Zipped {

    private final ByteArrayOutputStream local = new ByteArrayOutputStream();
    private final List<byte[]> directory = new ArrayList<>();
    private boolean large;
    private int entries = -1;
    private String comment = "";

    /** One entry of the directory before it is written; a test may change what it says. */
    static final class Said {
        private int flags;
        private int method;
        private long compressed;
        private long size;
        private long header;

        void flags(int value) {
            flags = value;
        }

        void method(int value) {
            method = value;
        }

        void compressed(long value) {
            compressed = value;
        }

        void size(long value) {
            size = value;
        }

        void header(long value) {
            header = value;
        }
    }

    interface Change {
        void to(Said said);
    }

    /** A file with a pickle and, as data/0, data/1, ..., storages. */
    static Zipped of(byte[] pickle, byte[]... storages) {
        Zipped zip = new Zipped().add("a/data.pkl", pickle);
        for (int i = 0; i < storages.length; i++) {
            zip.add("a/data/" + i, storages[i]);
        }
        return zip;
    }

    Zipped add(String name, byte[] content) {
        return add(name, content, said -> {});
    }

    Zipped add(String name, byte[] content, Change change) {
        Said said = new Said();
        said.header = local.size();
        said.size = content.length;
        said.compressed = content.length;
        change.to(said);
        byte[] encoded = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer header = little(30 + encoded.length).putInt(0x04034b50);
        header.putShort(8, (short) said.method).putShort(26, (short) encoded.length);
        local.writeBytes(header.position(30).put(encoded).array());
        local.writeBytes(content);
        directory.add(entry(encoded, said));
        return this;
    }

    private byte[] entry(byte[] name, Said said) {
        ByteBuffer entry = little(46 + name.length + (large ? 28 : 0)).putInt(0x02014b50);
        entry.putShort(8, (short) said.flags).putShort(10, (short) said.method);
        entry.putShort(28, (short) name.length).putShort(30, (short) (large ? 28 : 0));
        entry.putInt(20, large ? -1 : (int) said.compressed).putInt(24, large ? -1 : (int) said.size);
        entry.putInt(42, large ? -1 : (int) said.header).position(46).put(name);
        if (large) {
            entry.putShort((short) 1).putShort((short) 24);
            entry.putLong(said.size).putLong(said.compressed).putLong(said.header);
        }
        return entry.array();
    }

    private static ByteBuffer little(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Sizes and positions of 64 bits from here on, as for files beyond 4 GiB. */
    Zipped large() {
        large = true;
        return this;
    }

    Zipped entries(int said) {
        entries = said;
        return this;
    }

    Zipped comment(String text) {
        comment = text;
        return this;
    }

    byte[] bytes() {
        return shifted(0);
    }

    int localLength() {
        return local.size();
    }

    /** The file as if {@code gap} more bytes stood before its directory. */
    byte[] shifted(long gap) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(local.toByteArray());
        directory.forEach(all::writeBytes);
        int length = all.size() - local.size();
        int count = entries < 0 ? directory.size() : entries;
        if (large) {
            ByteBuffer end = little(76).putInt(0x06064b50).putLong(44);
            end.putLong(24, count).putLong(32, count).putLong(40, length).putLong(48, local.size() + gap);
            end.putInt(56, 0x07064b50).putLong(64, all.size() + gap).putInt(72, 1);
            all.writeBytes(end.array());
        }
        ByteBuffer end = little(22).putInt(0x06054b50);
        end.putShort(8, large ? -1 : (short) count).putShort(10, large ? -1 : (short) count);
        end.putInt(12, large ? -1 : length)
                .putInt(16, large ? -1 : local.size())
                .putShort(20, (short) comment.length());
        all.writeBytes(end.array());
        all.writeBytes(comment.getBytes(StandardCharsets.ISO_8859_1));
        return all.toByteArray();
    }

    Path in(Path folder) throws IOException {
        return Files.write(folder.resolve("crafted.bin"), bytes());
    }
}
