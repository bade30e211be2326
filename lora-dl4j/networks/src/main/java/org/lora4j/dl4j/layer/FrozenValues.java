/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.io.Serializable;
import java.util.Objects;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonIgnore;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Where the frozen parameters of a layer lie outside of its network: a part of a {@link FrozenVector}, named by the hash of
 * its content. A value of configurations; in JSON it is the name and two numbers.
 *
 * <p>An object that was made while the vector was known keeps it, and so do copies of the configuration that are no text.
 *
 * @apiNote Status: experimental
 */
public final class FrozenValues implements Serializable {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private final String vector;

    @JsonProperty
    private final long from;

    @JsonProperty
    private final long length;

    @JsonIgnore
    private final transient FrozenVector known;

    FrozenValues(FrozenVector known, long from, long length) {
        this(known.id(), from, length, known);
    }

    @JsonCreator
    FrozenValues(
            @JsonProperty("vector") String vector,
            @JsonProperty("from") long from,
            @JsonProperty("length") long length) {
        this(vector, from, length, FrozenVector.find(vector).orElse(null));
    }

    private FrozenValues(String vector, long from, long length, FrozenVector known) {
        Problems problems = new Problems();
        problems.check(vector != null, "vector = null, expected the hash of a base's parameters");
        problems.check(from >= 0, "from = " + from + ", expected 0 or more");
        problems.check(length >= 1, "length = " + length + ", expected 1 or more");
        problems.throwIfAny("values outside of a network");
        this.vector = vector;
        this.from = from;
        this.length = length;
        this.known = known;
    }

    /**
     * The name of the vector.
     *
     * @return SHA-256 in hexadecimal digits
     */
    public String vector() {
        return vector;
    }

    /**
     * Where the part begins.
     *
     * @return index of the first value
     */
    public long from() {
        return from;
    }

    /**
     * How many values there are.
     *
     * @return 1 or more
     */
    public long length() {
        return length;
    }

    /**
     * The values.
     *
     * @param where the layer that asks, worded at the start of messages
     * @return a view [length] of the vector; only to be read
     * @throws IllegalStateException if no such vector is in use now, or if its values were changed
     */
    public INDArray values(String where) {
        FrozenVector found = known != null ? known : FrozenVector.find(vector).orElseThrow(() -> unknown(where));
        INDArray all = found.values();
        if (!found.isUnchanged()) {
            throw new IllegalStateException(
                    where + ": the base that holds its frozen values has changed since adapters were"
                            + " attached to it; expected the parameters with SHA-256 " + vector
                            + ". Do not train a base that adapted networks read, adapt a clone() of it.");
        }
        if (from > all.length() || length > all.length() - from) {
            throw new IllegalStateException(where + ": " + length + " frozen values from " + from + " on of "
                    + all.length() + "; expected a part of the base's parameters. The configuration is damaged.");
        }
        return all.get(NDArrayIndex.interval(from, from + length));
    }

    private IllegalStateException unknown(String where) {
        return new IllegalStateException(
                where + ": its frozen values lie in a base with parameters of SHA-256 " + vector
                        + ", which is not in use; expected one of " + Problems.quoted(FrozenVector.known())
                        + ". Load the base first and attach adapters to it with MemoryMode.LOW_MEMORY, or call"
                        + " RegisteredBase.of(base). Values of a merged or otherwise moved state exist as long as a model in it.");
    }

    /**
     * One of two halves, as a layer with two directions has its parameters.
     *
     * @param second which
     * @return the half
     */
    public FrozenValues half(boolean second) {
        long half = length / 2;
        return new FrozenValues(vector, second ? from + half : from, half, known);
    }

    // Checks the numbers, and finds the vector where it is known.
    private Object readResolve() {
        return new FrozenValues(vector, from, length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FrozenValues values
                && vector.equals(values.vector)
                && from == values.from
                && length == values.length;
    }

    @Override
    public int hashCode() {
        return Objects.hash(vector, from, length);
    }

    @Override
    public String toString() {
        return "FrozenValues[vector=" + vector + ", from=" + from + ", length=" + length + "]";
    }
}
