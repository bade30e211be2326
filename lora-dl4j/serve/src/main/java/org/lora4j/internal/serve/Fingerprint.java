/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tells whether a directory still holds the adapter that was registered; good for one run of the JVM.
 *
 * @apiNote Status: internal
 */
public final class Fingerprint {

    private static final long ODD = 0x9E3779B97F4A7C15L;

    private Fingerprint() {}

    /**
     * Reads an adapter again.
     *
     * @param before its number when it was registered
     * @param trust who has to vouch for the files
     * @param anyBase whether it may act on another base than its own
     * @throws IOException if it cannot be read, or is another one now
     */
    public static Adapter reread(String name, Path directory, long before, TrustPolicy trust, boolean anyBase)
            throws IOException {
        Adapter adapter = AdapterLoader.of(directory).trust(trust).load();
        if (of(adapter) != before) {
            throw new IOException("adapter " + MessageText.name(name) + ": " + MessageText.path(directory)
                    + " holds other values than when it was registered; expected the same. Call replace(name, directory)"
                    + " to serve the new ones.");
        }
        return anyBase ? adapter.forAnyBase() : adapter;
    }

    /** A number that differs, as good as surely, where anything of two adapters differs. */
    public static long of(Adapter adapter) {
        Arguments.required(adapter, "Fingerprint.of: adapter", "an adapter");
        long hash = adapter.config().hashCode();
        for (Map.Entry<String, Map<String, INDArray>> module : adapter.modules().entrySet()) {
            hash = arrays(hash * ODD + module.getKey().hashCode(), module.getValue());
        }
        return arrays(hash, adapter.savedParameters());
    }

    private static long arrays(long start, Map<String, INDArray> arrays) {
        long hash = start;
        for (Map.Entry<String, INDArray> entry : arrays.entrySet()) {
            hash = hash * ODD + entry.getKey().hashCode();
            hash = hash * ODD + Arrays.hashCode(entry.getValue().shape());
            for (float value : FloatValues.of(entry.getValue())) {
                hash = hash * ODD + Float.floatToRawIntBits(value);
            }
        }
        return hash;
    }
}
