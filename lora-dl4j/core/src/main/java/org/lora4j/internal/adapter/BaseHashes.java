/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.adapter;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.format.file.Sha256;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Hashes of what a base holds, by which an adapter that comes to another base is told.
 *
 * <p>One hash for each parameter, not one for all: the head of a base is often drawn anew each time and replaced by that of
 * the adapter, a quantized base keeps only some parameters as they were, and two hosts know different ones. What both
 * sides have is compared. A hash is taken of the values as single precision, in the layout of adapter files, so that it is
 * the same in every host, and whatever is adapted or merged.
 *
 * <p><b>Costs.</b> Of each parameter once for all models over the same arrays, and again when its values have changed ({@link SharedHashes}
 * finds out). 100 MB of parameters took 60 to 250 ms on one core of a server, and finding out 5 to 15. <b>Threads.</b> Safe; what is
 * written meanwhile may be seen or not.
 *
 * @apiNote Status: internal
 */
public final class BaseHashes {

    /** Enough that two of a billion parameters do not agree by chance. */
    private static final int BYTES = 16;

    private static final LongAdder COMPUTED = new LongAdder();

    private final Map<String, Supplier<INDArray>> values;
    private final Function<String, INDArray> arrays;
    /** For one parameter there may be several. */
    private final String layout;

    /**
     * Takes note of a base of which the arrays are nobody else's; nothing is computed yet, and nothing is kept.
     *
     * @param values by path of a parameter, how to get its value in the layout of adapter files; without those whose
     *     values are only an approximation of what the base was made with
     */
    public BaseHashes(Map<String, Supplier<INDArray>> values) {
        this(values, path -> null, "");
    }

    /**
     * Takes note of a base whose arrays may be those of other models, too.
     *
     * @param values as above
     * @param arrays by path of a parameter, the array that the model holds, by which a hash that is known is found; null to
     *     compute it in any case
     */
    public BaseHashes(Map<String, Supplier<INDArray>> values, Function<String, INDArray> arrays) {
        this(values, arrays, "of adapters");
    }

    private BaseHashes(Map<String, Supplier<INDArray>> values, Function<String, INDArray> arrays, String layout) {
        this.values = values;
        this.arrays = arrays;
        this.layout = layout;
    }

    /** Of arrays in the layout that they have. */
    public static BaseHashes of(Map<String, INDArray> arrays) {
        Map<String, Supplier<INDArray>> values = new TreeMap<>();
        arrays.forEach((path, array) -> values.put(path, () -> array));
        return new BaseHashes(values, arrays::get, "as it lies");
    }

    /**
     * The hashes.
     *
     * @return by path of a parameter; without those of narrower types than single precision, which have rounded their values
     */
    public Map<String, String> byPath() {
        Map<String, String> hashes = new TreeMap<>();
        values.forEach((path, value) -> {
            INDArray held = arrays.apply(path);
            if (held != null && !isExact(held)) {
                return;
            }
            String hash =
                    held == null ? of(value.get()) : SharedHashes.of(held, path + " " + layout, () -> of(value.get()));
            if (!hash.isEmpty()) {
                hashes.put(path, hash);
            }
        });
        return Collections.unmodifiableMap(hashes);
    }

    /** How many hashes of parameters this process has computed, for all bases. */
    public static long computed() {
        return COMPUTED.sum();
    }

    /**
     * One hash of several.
     *
     * @param byPath hashes by path, as {@link #byPath} gives them
     * @return a hash that differs if one of them does
     */
    public static String together(Map<String, String> byPath) {
        Arguments.required(byPath, "BaseHashes.together: byPath", "hashes by path");
        MessageDigest digest = Sha256.begin();
        new TreeMap<>(byPath)
                .forEach((path, hash) -> digest.update((path + "=" + hash + "\n").getBytes(StandardCharsets.UTF_8)));
        return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
    }

    private static boolean isExact(INDArray value) {
        return value.dataType() == DataType.FLOAT || value.dataType() == DataType.DOUBLE;
    }

    /** Empty for narrower types than single precision. */
    private static String of(INDArray value) {
        if (!isExact(value)) {
            return "";
        }
        COMPUTED.increment();
        MessageDigest digest = Sha256.begin();
        INDArray singles = value.castTo(DataType.FLOAT);
        try (DenseArray dense = DenseArray.rowMajor(singles)) {
            float[] block = new float[dense.blockLength()];
            ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * block.length).order(ByteOrder.LITTLE_ENDIAN);
            for (int b = 0; b < dense.blocks(); b++) {
                int length = dense.length(b);
                dense.read(b, block);
                bytes.asFloatBuffer().put(block, 0, length);
                digest.update(bytes.array(), 0, Float.BYTES * length);
            }
        }
        return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
    }

    /**
     * Refuses an adapter of another base; parameters that it brings itself do not matter.
     *
     * @throws IllegalArgumentException if a parameter that both sides know differs; the message names such parameters
     */
    public void require(String name, Adapter adapter) {
        if (adapter.baseHashes().isEmpty()) {
            return;
        }
        Map<String, String> base = byPath();
        List<String> known = adapter.baseHashes().keySet().stream()
                .filter(path ->
                        base.containsKey(path) && !adapter.savedParameters().containsKey(path))
                .toList();
        List<String> others = known.stream()
                .filter(path -> !Objects.equals(adapter.baseHashes().get(path), base.get(path)))
                .toList();
        if (!others.isEmpty()) {
            throw new IllegalArgumentException("adapter \"" + name + "\": " + others.size() + " of " + known.size()
                    + " parameters of this base are not those that the adapter was trained on ("
                    + Problems.quoted(others)
                    + "); expected the same base. Load the base model of the adapter, or add adapter.forAnyBase() if it is"
                    + " meant to act on this one.");
        }
    }
}
