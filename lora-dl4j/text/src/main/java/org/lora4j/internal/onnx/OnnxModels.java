/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onnx;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import onnx.Onnx;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.nd4j.shade.protobuf.CodedInputStream;
import org.nd4j.shade.protobuf.InvalidProtocolBufferException;

/**
 * Reads ONNX models.
 *
 * @apiNote Status: internal
 */
public final class OnnxModels {

    /** In bytes. */
    public static final long MEBIBYTE = 1 << 20;

    private OnnxModels() {}

    /**
     * Requires a regular file that a parser of protobuf can read.
     *
     * @throws ModelFormatException if it has 2 GiB or more
     * @throws IOException if it is no regular file
     */
    public static void require(Path file) throws IOException {
        RegularFile.require(file, "an ONNX model");
        if (Files.size(file) > Integer.MAX_VALUE) {
            throw new ModelFormatException(MessageText.path(file) + ": it has " + Files.size(file)
                    + " bytes; expected less than 2 GiB, the most that protobuf can read. Models above keep their weights in"
                    + " files beside them (external data), which are supported.");
        }
    }

    /** A stream that says how far it was read. */
    private static final class CountedStream extends FilterInputStream {

        private final LongConsumer mebibytes;
        private long bytes;

        CountedStream(InputStream in, LongConsumer mebibytes) {
            super(in);
            this.mebibytes = mebibytes;
        }

        @Override
        public int read() throws IOException {
            return count(super.read(), 1);
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int read = super.read(into, offset, length);
            return count(read, read);
        }

        private int count(int result, int more) {
            if (result >= 0) {
                long before = bytes / MEBIBYTE;
                bytes += more;
                if (bytes / MEBIBYTE > before) {
                    mebibytes.accept(bytes / MEBIBYTE - before);
                }
            }
            return result;
        }
    }

    /**
     * Reads a stream to its end and leaves it open.
     *
     * @param mebibytes hears how many more were read
     * @throws ModelFormatException if it is not an ONNX model
     */
    public static Onnx.ModelProto parse(InputStream in, String source, LongConsumer mebibytes) throws IOException {
        InputStream counted = new CountedStream(in, mebibytes);
        CodedInputStream coded = CodedInputStream.newInstance(new BufferedInputStream(counted));
        // The default of 64 MiB is below the size of every real model.
        coded.setSizeLimit(Integer.MAX_VALUE);
        try {
            Onnx.ModelProto model = Onnx.ModelProto.parseFrom(coded);
            if (!model.hasGraph()) {
                throw new ModelFormatException(
                        source + ": holds no graph; expected an ONNX model. Check what file it is.");
            }
            return model;
        } catch (InvalidProtocolBufferException e) {
            if (e.getCause() instanceof IOException reading) {
                throw reading;
            }
            throw damaged(source, coded, e);
        } catch (RuntimeException e) {
            // A negative length in a nested message leads the parser astray before it notices: IllegalStateException.
            throw damaged(source, coded, e);
        }
    }

    private static ModelFormatException damaged(String source, CodedInputStream coded, Exception e) {
        return new ModelFormatException(
                source + ", byte " + coded.getTotalBytesRead() + ": " + e.getMessage()
                        + " Expected an ONNX model: the file is truncated, damaged or of another format.",
                e);
    }
}
