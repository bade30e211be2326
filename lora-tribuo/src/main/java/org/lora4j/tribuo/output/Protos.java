/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

import org.lora4j.tribuo.protos.OutputConverterProto;

/** What all converters do with protos. */
final class Protos {

    private Protos() {}

    static OutputConverterProto.Builder converter(OutputConverter<?> converter, int version) {
        return OutputConverterProto.newBuilder()
                .setVersion(version)
                .setClassName(converter.getClass().getName());
    }

    static void requireVersion(String where, int version, int current) {
        if (version < 0 || version > current) {
            throw new IllegalArgumentException(where + ": proto of version " + version + "; expected 0 to " + current
                    + ". It was written by a newer release: update lora-tribuo.");
        }
    }
}
