/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.format.file.Sha256;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Values that networks read and do not have among their parameters, such as the parameters of a base in low-memory mode.
 *
 * <p>A configuration cannot hold arrays. It names a vector by a hash of its content, {@link #id()}, and this class finds the
 * array as long as someone uses it: the registry keeps weak references, and what keeps a vector are the configurations and
 * running layers that were made with it. Of equal vectors the last one that is in use is found.
 *
 * <p><b>Threads.</b> May be used from several.
 *
 * @apiNote Status: experimental
 */
public final class FrozenVector {

    /** Equal vectors beside each other: each lives as long as what holds it, whatever becomes of the others. */
    private static final Map<String, List<WeakReference<FrozenVector>>> KNOWN = new HashMap<>();

    /** Changed values are noticed by a sample; training changes almost all of them. */
    private static final int SAMPLE = 256;

    private final String id;
    private final INDArray values;
    private final double[] sample;

    private FrozenVector(INDArray values) {
        this.values = values;
        this.id = hash(values);
        this.sample = sample(values);
    }

    /**
     * Registers values. They are read once from the first to the last.
     *
     * @param values an array with all its elements in one piece, which is kept and not copied; not to be changed from now on
     * @return its vector
     * @throws IllegalArgumentException if there are no values
     */
    public static FrozenVector of(INDArray values) {
        if (values.length() == 0) {
            throw new IllegalArgumentException(
                    "frozen values: an empty array; expected the parameters of a network or of a"
                            + " layer. Leave out what has none.");
        }
        FrozenVector vector = new FrozenVector(values.reshape(values.length()));
        synchronized (KNOWN) {
            KNOWN.values().forEach(equal -> equal.removeIf(reference -> reference.get() == null));
            KNOWN.values().removeIf(List::isEmpty);
            KNOWN.computeIfAbsent(vector.id, id -> new ArrayList<>()).add(new WeakReference<>(vector));
        }
        return vector;
    }

    static Optional<FrozenVector> find(String id) {
        synchronized (KNOWN) {
            return live(id).reduce((before, last) -> last);
        }
    }

    private static Stream<FrozenVector> live(String id) {
        return KNOWN.getOrDefault(id, List.of()).stream()
                .map(WeakReference::get)
                .filter(Objects::nonNull);
    }

    static List<String> known() {
        synchronized (KNOWN) {
            return KNOWN.keySet().stream()
                    .filter(id -> live(id).findAny().isPresent())
                    .sorted()
                    .toList();
        }
    }

    /**
     * The name of the vector.
     *
     * @return SHA-256 of type, number and values, in hexadecimal digits
     */
    public String id() {
        return id;
    }

    /**
     * A part of the vector, as configurations hold it.
     *
     * @param from index of the first value
     * @param length number of values, 1 or more
     * @return the part
     */
    public FrozenValues part(long from, long length) {
        return new FrozenValues(this, from, length);
    }

    /** The values; only to be read. */
    INDArray values() {
        return values;
    }

    /** Whether a sample of the values is what it was when they were registered. */
    boolean isUnchanged() {
        return !values.wasClosed() && Arrays.equals(sample, sample(values));
    }

    private static double[] sample(INDArray values) {
        int count = (int) Math.min(SAMPLE, values.length());
        double[] sample = new double[count];
        for (int i = 0; i < count; i++) {
            sample[i] = values.getDouble(count == 1 ? 0 : i * (values.length() - 1) / (count - 1));
        }
        return sample;
    }

    private static String hash(INDArray values) {
        MessageDigest digest = Sha256.begin();
        digest.update((values.dataType() + " " + values.length() + "\n").getBytes(StandardCharsets.UTF_8));
        boolean plain = values.dataType() == DataType.FLOAT || values.dataType() == DataType.DOUBLE;
        // Smaller types fit into FLOAT without loss.
        try (DenseArray elements = DenseArray.rowMajor(plain ? values : values.castTo(DataType.FLOAT))) {
            float[] floats = new float[elements.isFloat() ? elements.blockLength() : 0];
            double[] doubles = new double[elements.isFloat() ? 0 : elements.blockLength()];
            ByteBuffer bytes =
                    ByteBuffer.allocate(Double.BYTES * elements.blockLength()).order(ByteOrder.LITTLE_ENDIAN);
            for (int block = 0; block < elements.blocks(); block++) {
                int length = elements.length(block);
                bytes.clear();
                if (elements.isFloat()) {
                    elements.read(block, floats);
                    bytes.asFloatBuffer().put(floats, 0, length);
                    bytes.limit(Float.BYTES * length);
                } else {
                    elements.read(block, doubles);
                    bytes.asDoubleBuffer().put(doubles, 0, length);
                    bytes.limit(Double.BYTES * length);
                }
                digest.update(bytes);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
