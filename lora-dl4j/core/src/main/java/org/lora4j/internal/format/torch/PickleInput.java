/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;

/** The bytes of a pickle with a position; every read is checked against what is left. */
final class PickleInput {

    private static final int LONGEST_LINE = 256;

    private final String where;
    private final ByteBuffer bytes;
    private int opcodeAt;

    PickleInput(String where, byte[] pickle) {
        this.where = where;
        this.bytes = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    }

    int length() {
        return bytes.capacity();
    }

    boolean isAtEnd() {
        return !bytes.hasRemaining();
    }

    int opcode() throws CorruptAdapterException {
        opcodeAt = bytes.position();
        return unsignedByte();
    }

    int unsignedByte() throws CorruptAdapterException {
        require(Byte.BYTES);
        return Byte.toUnsignedInt(bytes.get());
    }

    int unsignedShort() throws CorruptAdapterException {
        require(Short.BYTES);
        return Short.toUnsignedInt(bytes.getShort());
    }

    int signedInt() throws CorruptAdapterException {
        require(Integer.BYTES);
        return bytes.getInt();
    }

    long unsignedInt() throws CorruptAdapterException {
        return Integer.toUnsignedLong(signedInt());
    }

    /** A length of 8 bytes; above {@link Long#MAX_VALUE} it is negative and no length that is left. */
    long signedLong() throws CorruptAdapterException {
        require(Long.BYTES);
        return bytes.getLong();
    }

    /** A length that must be left in the pickle. */
    int require(long length) throws CorruptAdapterException {
        if (length < 0 || length > bytes.remaining()) {
            throw corrupt("the pickle needs " + Long.toUnsignedString(length) + " more bytes, expected at most the "
                    + bytes.remaining() + " that are left");
        }
        return (int) length;
    }

    void skip(long length) throws CorruptAdapterException {
        bytes.position(bytes.position() + require(length));
    }

    /** An integer in two's complement, little endian; null if it does not fit a long. */
    Long integer(long length) throws CorruptAdapterException {
        int count = require(length);
        if (count > Long.BYTES) {
            skip(count);
            return null;
        }
        long value = 0;
        for (int i = 0; i < count; i++) {
            value |= (bytes.get() & 0xFFL) << (Byte.SIZE * i);
        }
        int unused = Long.SIZE - Byte.SIZE * count;
        return count == 0 ? 0 : value << unused >> unused;
    }

    String text(long length) throws CorruptAdapterException {
        ByteBuffer encoded = bytes.slice(bytes.position(), require(length));
        skip(length);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(encoded)
                    .toString();
        } catch (CharacterCodingException e) {
            throw corrupt("a string is not UTF-8");
        }
    }

    /** The rest of a line, without its end. */
    String line() throws CorruptAdapterException {
        int start = bytes.position();
        int limit = Math.min(bytes.limit(), start + LONGEST_LINE);
        for (int at = start; at < limit; at++) {
            if (bytes.get(at) == '\n') {
                String line = text(at - start);
                skip(1);
                return line;
            }
        }
        throw corrupt("a name does not end within " + LONGEST_LINE + " bytes");
    }

    /** The pickle is damaged. */
    CorruptAdapterException corrupt(String what) {
        return new CorruptAdapterException(at() + what + ". The file is damaged; get it again.");
    }

    /** The pickle is well-formed and wants what is not given. */
    AdapterFormatException refused(String what) {
        return new AdapterFormatException(
                at() + what + "; refused, nothing was executed. Expected a dictionary of tensors:"
                        + " save model.state_dict() alone, or use safetensors.");
    }

    private String at() {
        return where + ", byte " + opcodeAt + ": ";
    }
}
