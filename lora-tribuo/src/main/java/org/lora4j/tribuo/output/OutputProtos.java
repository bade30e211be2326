/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import org.lora4j.tribuo.protos.OutputConverterProto;

/** What all converters do with protos. */
final class OutputProtos {

    private OutputProtos() {}

    static OutputConverterProto of(OutputConverter<?> converter) {
        OutputConverterProto.Builder proto = OutputConverterProto.newBuilder()
                .setVersion(converter.protoVersion())
                .setClassName(converter.getClass().getName());
        Any settings = converter.protoSettings();
        return settings.equals(Any.getDefaultInstance())
                ? proto.build()
                : proto.setSerializedData(settings).build();
    }

    /**
     * Reads a converter.
     *
     * @throws InvalidProtocolBufferException if anything is wrong with its values
     * @throws IllegalArgumentException if it was written by a newer release, as Tribuo's convention is
     */
    static <C> C read(String where, int version, int current, Reading<C> reading)
            throws InvalidProtocolBufferException {
        if (version < 0 || version > current) {
            throw new IllegalArgumentException(where + ": proto of version " + version + "; expected 0 to " + current
                    + ". It was written by a newer release: update lora-tribuo.");
        }
        try {
            return reading.converter();
        } catch (IllegalArgumentException e) {
            throw new InvalidProtocolBufferException(e.getMessage(), e);
        }
    }

    /** Makes a converter of its own proto. */
    interface Reading<C> {
        C converter() throws InvalidProtocolBufferException;
    }
}
