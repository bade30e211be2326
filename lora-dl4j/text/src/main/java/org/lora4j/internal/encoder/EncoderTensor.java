/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One tensor that an encoder or its head needs.
 *
 * @param name the path of its parameter in the Python class of the bare encoder, for example {@code
 *     encoder.layer.0.output.dense.weight}
 * @param shape the shape, {@code [in, out]} for the weight of a linear module, {@code [window, in, out]} for a convolution's
 * @param kind what the tensor is
 * @param stored where files hold it under another name
 * @param groups of channels of a convolution: files hold the inputs of the output's own group, graphs all inputs, with zeros
 * @apiNote Status: internal
 */
public record EncoderTensor(String name, long[] shape, Kind kind, Optional<Stored> stored, int groups) {

    /** What a tensor is; decides how it starts and in which layout a file holds it. */
    public enum Kind {
        /** A table with a row per id. */
        EMBEDDING,
        /** The matrix of a linear module. */
        LINEAR,
        /** A window of matrices. */
        CONVOLUTION,
        /** A vector that is added. */
        BIAS,
        /** A vector that scales a normalized state. */
        GAIN
    }

    /**
     * A tensor of a file that holds this one, perhaps with others behind each other along its first axis.
     *
     * @param name in the file, without the prefix
     * @param piece which one, from 0
     * @param of how many equal ones there are
     */
    public record Stored(String name, int piece, int of) {}

    /** A tensor that files hold under its own name. */
    EncoderTensor(String name, long[] shape, Kind kind) {
        this(name, shape, kind, Optional.empty(), 1);
    }

    /** Weight and bias of a linear module. */
    public static List<EncoderTensor> linear(String module, long in, long out) {
        List<EncoderTensor> both = new ArrayList<>();
        both.add(new EncoderTensor(module + ".weight", new long[] {in, out}, Kind.LINEAR));
        both.add(new EncoderTensor(module + ".bias", new long[] {out}, Kind.BIAS));
        return both;
    }

    /** The same, which a file may hold under another name. */
    EncoderTensor storedAs(Optional<Stored> other) {
        return new EncoderTensor(name, shape, kind, other, groups);
    }

    /** The same of a convolution in groups. */
    EncoderTensor inGroups(int number) {
        return new EncoderTensor(name, shape, kind, stored, number);
    }

    /** The path of the module that the tensor belongs to. */
    public String module() {
        return name.substring(0, name.lastIndexOf('.'));
    }

    /**
     * The shape in PyTorch's layout.
     *
     * @return {@code [out, in]} for a linear module, {@code [out, in / groups, window]} for a convolution
     */
    public long[] shapeInFile() {
        return switch (kind) {
            case LINEAR -> new long[] {shape[1], shape[0]};
            case CONVOLUTION -> new long[] {shape[2], shape[1] / groups, shape[0]};
            default -> shape;
        };
    }
}
