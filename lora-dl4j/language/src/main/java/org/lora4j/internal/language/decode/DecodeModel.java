/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.NormKind;
import org.lora4j.internal.language.Rotation;
import org.lora4j.internal.onednn.ByteTiles;
import org.lora4j.internal.onednn.NarrowType;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.Int8;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.buffer.DataType;
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
    private final Map<Rotation, RotaryTable> shorter = new ConcurrentHashMap<>();
    private final Map<Rotation, RotaryTable> longer = new ConcurrentHashMap<>();

    /**
     * A model.
     *
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
     * In which tiles a weight is multiplied faster on this processor.
     *
     * @param weight a weight that is in tiles, or of which {@link Tiled#fits} is true
     * @return rows of the tiles; 0 if it should not be laid out so
     */
    public static int rowsOfTile(StoredWeight weight) {
        INDArray values = weight instanceof Tiled tiled
                ? tiled.values()
                : weight instanceof HalfPrecision half ? half.values() : ((Int8) weight).values();
        if (values.dataType() != DataType.INT8) {
            return NarrowWeight.type(values.dataType()).isFast() ? Tiled.ROWS : 0;
        }
        return weight.columns() < MOST_INPUTS_OF_BYTES
                ? ByteTiles.ofProcessor().map(ByteTiles::outputs).orElse(0)
                : 0;
    }

    /**
     * Whether a token takes no longer with a weight in this form than with one in F32.
     *
     * @param weight a weight of a model, in tiles if {@link #rowsOfTile} says so
     * @return false if it is turned into floats in Java
     */
    public static boolean isFast(StoredWeight weight) {
        if (weight instanceof Tiled tiled) {
            return rowsOfTile(tiled) == tiled.rowsOfTile();
        }
        return weight instanceof HalfPrecision half
                ? NarrowWeight.type(half.values().dataType()).isFast()
                : weight instanceof Int8 && NarrowType.INT8.isFast();
    }

    /**
     * What makes stored weights fast, for where they are not.
     *
     * @return the forms in which a token takes no longer than in F32 on this processor
     */
    public static String fastForms() {
        if (NarrowType.INT8.isFast()) {
            return "F32, BF16, F16 and INT8 are";
        }
        return ByteTiles.ofProcessor().isPresent()
                ? "F32 and INT8 (matrices of whole tiles) are; BF16 and F16 need AVX2"
                : "F32 is; BF16, F16 and INT8 need oneDNN (org.lora4j:lora-dl4j-onednn) on a processor with AVX2";
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
    RotaryTable turns(Rotation rotation, int length) {
        boolean isLong = length > rotation.steadyLength();
        return (isLong ? longer : shorter)
                .computeIfAbsent(rotation, r -> new RotaryTable(r, isLong ? Integer.MAX_VALUE : 0));
    }
}
