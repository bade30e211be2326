/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import org.lora4j.tribuo.protos.InputConverterProto;

/** What all converters do with protos. */
final class Protos {

    private Protos() {}

    static InputConverterProto.Builder converter(InputConverter converter, int version) {
        return InputConverterProto.newBuilder()
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
