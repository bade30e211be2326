/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.lora4j.exec.onednn.NarrowType;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.NormKind;
import org.lora4j.internal.language.Rotation;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.Int8;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A model as sessions read it: its weights where they lie, ready to be multiplied, and tables of rotations.
 *
 * <p><b>Memory.</b> Next to none beside the arrays. <b>Threads.</b> Any number of sessions share one.
 *
 * @apiNote Status: internal
 */
public final class DecodeModel {

    /** Bytes without a sign times bytes with one: so many of them stay within 32 bits. */
    private static final int MOST_INPUTS_OF_BYTES = 1 << 16;

    private final DecoderConfig config;
    private final DecoderTensors tensors;
    private final Map<String, LinearWeight> weights = new ConcurrentHashMap<>();
    private final Map<String, TableRows> tables = new ConcurrentHashMap<>();
    private final Map<String, float[]> vectors = new ConcurrentHashMap<>();
    private final Map<Rotation, Turns> shorter = new ConcurrentHashMap<>();
    private final Map<Rotation, Turns> longer = new ConcurrentHashMap<>();

    /**
     * A model.
     *
     * @param config what it is
     * @param tensors its weights, which must not change while a session is open
     * @throws IllegalStateException if ND4J has no CPU backend, whose OpenBLAS multiplies
     */
    public DecodeModel(DecoderConfig config, DecoderTensors tensors) {
        Backend.require();
        try {
            new Blas();
        } catch (LinkageError e) {
            throw new IllegalStateException(
                    "decode session: no OpenBLAS on the class path (" + e
                            + "); expected that of ND4J's CPU backend. Add the"
                            + " dependency org.nd4j:nd4j-native:1.0.0-M2.1.",
                    e);
        }
        this.config = config;
        this.tensors = tensors;
    }

    /**
     * Whether a weight is multiplied faster in tiles on this processor.
     *
     * @param weight a weight that is in tiles, or of which {@link Tiled#fits} is true
     * @return true if it should be laid out so
     */
    public static boolean isFastInTiles(StoredWeight weight) {
        INDArray values = weight instanceof Tiled tiled
                ? tiled.values()
                : weight instanceof HalfPrecision half ? half.values() : ((Int8) weight).values();
        return switch (values.dataType()) {
            case BFLOAT16 -> NarrowType.BF16.isFast();
            case HALF -> NarrowType.F16.isFast();
            default -> weight.columns() < MOST_INPUTS_OF_BYTES && NarrowType.INT8.isFast();
        };
    }

    DecoderConfig config() {
        return config;
    }

    LinearWeight weight(DecoderPart part, String module) {
        String name = module + ".weight";
        return weights.computeIfAbsent(
                name, n -> LinearWeight.of(n, tensors.array(n), tensors.stored(n), inputsFirst(part)));
    }

    /** A FLOAT array in the place of a module's weight. */
    LinearWeight weight(DecoderPart part, String module, INDArray replaced) {
        return LinearWeight.of(module + ".weight", replaced, Optional.empty(), inputsFirst(part));
    }

    /** What an adapter may put in the place of a weight, without memory: to make room for it. */
    LinearWeight floats(DecoderPart part, LinearWeight weight) {
        return new FloatWeight(weight.inputs(), weight.outputs(), inputsFirst(part));
    }

    private boolean inputsFirst(DecoderPart part) {
        return config.family().inputsFirst() && part != DecoderPart.HEAD;
    }

    TableRows table(String module) {
        return tables.computeIfAbsent(
                module + ".weight", name -> TableRows.of(tensors.array(name), tensors.stored(name)));
    }

    /** The values of a bias; none if there is no such tensor. */
    Optional<float[]> bias(DecoderPart part, String module) {
        return config.biased().contains(part) ? Optional.of(vector(module + ".bias")) : Optional.empty();
    }

    /** The values of a vector. */
    float[] vector(String name) {
        return vectors.computeIfAbsent(name, n -> values(n, tensors.array(n)));
    }

    static float[] values(String name, INDArray array) {
        if (array == null) {
            throw new IllegalArgumentException(
                    "decode session: the tensor \"" + name + "\" is missing; expected a vector. Load the model anew.");
        }
        float[] values = new float[Math.toIntExact(array.length())];
        try (DenseArray dense = DenseArray.rowMajor(array)) {
            dense.read(0, values, values.length);
        }
        return values;
    }

    /** Gains as they are multiplied. */
    float[] gains(float[] stored) {
        if (config.family().norm() != NormKind.RMS_AROUND_ONE) {
            return stored;
        }
        float[] gains = stored.clone();
        for (int i = 0; i < gains.length; i++) {
            gains[i] += 1;
        }
        return gains;
    }

    /** The turns of a rotation for sequences of a length. */
    Turns turns(Rotation rotation, int length) {
        boolean isLong = length > rotation.steadyLength();
        return (isLong ? longer : shorter).computeIfAbsent(rotation, r -> new Turns(r, isLong ? Integer.MAX_VALUE : 0));
    }
}
