/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.directory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;

/** The fields of one message of a protobuf file, one after the other; nothing is copied before it is asked for. */
final class ProtobufFields {

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    /** Seven bits each of 64. */
    private static final int LONGEST_VARINT = 10;

    private final String source;
    private final ByteBuffer bytes;
    private int number;
    private int type;
    private long value;
    private ByteBuffer content;

    ProtobufFields(String source, ByteBuffer bytes) {
        this.source = source;
        this.bytes = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Reads the next field. */
    boolean next() throws ModelFormatException {
        if (!bytes.hasRemaining()) {
            return false;
        }
        long tag = varint();
        long field = tag >>> 3;
        if (field < 1 || field >= 1 << 29) {
            throw damaged("a field has the number " + field + ", expected 1 or more");
        }
        number = (int) field;
        type = (int) tag & 7;
        content = null;
        switch (type) {
            case VARINT -> value = varint();
            case FIXED32 ->
                value = Integer.toUnsignedLong(require(Integer.BYTES).getInt());
            case FIXED64 -> value = require(Long.BYTES).getLong();
            case BYTES -> {
                long length = varint();
                if (length < 0 || length > bytes.remaining()) {
                    throw damaged("field " + number + " announces " + Long.toUnsignedString(length)
                            + " bytes, expected at most the " + bytes.remaining() + " that are left");
                }
                content = bytes.slice(bytes.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
                bytes.position(bytes.position() + (int) length);
            }
            default -> throw damaged("field " + number + " has the wire type " + type + ", expected 0, 1, 2 or 5");
        }
        return true;
    }

    private ByteBuffer require(int length) throws ModelFormatException {
        if (bytes.remaining() < length) {
            throw damaged("it ends within field " + number);
        }
        return bytes;
    }

    private long varint() throws ModelFormatException {
        long read = 0;
        for (int i = 0; i < LONGEST_VARINT; i++) {
            byte next = require(1).get();
            read |= (long) (next & 0x7F) << 7 * i;
            if (next >= 0) {
                return read;
            }
        }
        throw damaged("a number has more than " + LONGEST_VARINT + " bytes");
    }

    int number() {
        return number;
    }

    private void require(int wanted, String expected) throws ModelFormatException {
        if (type != wanted) {
            throw damaged("field " + number + " has the wire type " + type + ", expected " + expected);
        }
    }

    /** The value as a number. */
    int integer() throws ModelFormatException {
        require(VARINT, "a number");
        if (value != (int) value) {
            throw damaged("field " + number + " is " + value + ", expected a number of 32 bits");
        }
        return (int) value;
    }

    /** The value as true or false. */
    boolean flag() throws ModelFormatException {
        require(VARINT, "true or false");
        return value != 0;
    }

    /** The value as a number with a point. */
    float real() throws ModelFormatException {
        require(FIXED32, "a number of 32 bits");
        return Float.intBitsToFloat((int) value);
    }

    /** The value as a text. */
    String text() throws ModelFormatException {
        require(BYTES, "a text");
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(content.duplicate())
                    .toString();
        } catch (CharacterCodingException e) {
            throw damaged("field " + number + " is no UTF-8, expected a text");
        }
    }

    /** The value as bytes. */
    byte[] bytes() throws ModelFormatException {
        require(BYTES, "bytes");
        byte[] copy = new byte[content.remaining()];
        content.duplicate().get(copy);
        return copy;
    }

    /** The value as a message. */
    ProtobufFields message() throws ModelFormatException {
        require(BYTES, "a message");
        return new ProtobufFields(source, content);
    }

    private ModelFormatException damaged(String why) {
        return new ModelFormatException(MessageText.value(source) + ": " + why
                + "; expected a model of SentencePiece. The file is damaged or another one: get it again."
                + " See docs/troubleshooting.md#tokenizer");
    }
}
